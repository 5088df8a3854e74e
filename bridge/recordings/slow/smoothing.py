"""Smooth log rates of Poisson counts.

The prior of the second differences is N(0, σ²). σ is chosen by marginal likelihood.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky_banded, solveh_banded
from scipy.linalg.lapack import dtbtrs
from scipy.optimize import minimize_scalar

# Range of log10 σ.
ROUGHEST, SMOOTHEST = 0.0, -5.0
# Precision of the prior of the level, which other parameters also determine.
LEVEL_PRECISION = 1e-3
# Smallest number of knots of a baseline.
FEWEST_KNOTS = 5


class Counts(Protocol):
    """Likelihood of counts in consecutive segments, given a time course (log rate)."""

    def loss(self, course: NDArray[np.float64]) -> float:
        """Return the negative log-likelihood, up to a constant."""

    def derivatives(self, course: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
        """Return the gradient and the diagonal of the Hessian, shape (n_segments,) each."""


@dataclass(frozen=True, eq=False)
class PlainCounts:
    """Poisson counts of one neuron with expectation `expected` · exp(course).

    `spikes`, `expected` and the course have the shape (n_segments,).
    """

    spikes: NDArray[np.float64]
    expected: NDArray[np.float64]

    def loss(self, course: NDArray[np.float64]) -> float:
        """Return the negative log-likelihood, up to a constant."""
        return float(self.expected @ np.exp(course) - self.spikes @ course)

    def derivatives(self, course: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
        """Return the gradient and the diagonal of the Hessian, shape (n_segments,) each."""
        rates = self.expected * np.exp(course)
        return rates - self.spikes, rates


@dataclass(frozen=True, eq=False)
class Smooth:
    """A smooth time course.

    Attributes
    ----------
    course : (n_segments,) ndarray
    log_sd : float
        log10 σ.
    evidence : float
        Log of the marginal likelihood, up to the constant of `Counts.loss`.
    """

    course: NDArray[np.float64]
    log_sd: float
    evidence: float


def smooth(counts: Counts, n_segments: int) -> Smooth:
    """Estimate a smooth course, with its roughness chosen by maximum evidence.

    The evidence (marginal likelihood) is computed by the Laplace approximation.
    """
    tried: list[Smooth] = []

    def loss(log_sd: float) -> float:
        near = min(tried, key=lambda one: abs(one.log_sd - log_sd)).course if tried else None
        found = smooth_at(counts, log_sd, np.zeros(n_segments) if near is None else near)
        tried.append(found)
        return -found.evidence

    grid = np.arange(SMOOTHEST, ROUGHEST + 0.1, 0.5)
    values = [loss(log_sd) for log_sd in grid]
    best = int(np.argmin(values))
    if 0 < best < len(grid) - 1:
        options: Any = {"xatol": 0.05, "maxiter": 12}
        bounds = float(grid[best - 1]), float(grid[best + 1])
        minimize_scalar(loss, bounds=bounds, method="bounded", options=options)
    return max(tried, key=lambda one: one.evidence)


def smooth_at(
    counts: Counts, log_sd: float, course: NDArray[np.float64], max_iter: int = 50
) -> Smooth:
    """Return the maximum a posteriori course for a given roughness (Newton's method)."""
    prior = difference_prior(len(course), log_sd)

    def loss(course: NDArray[np.float64]) -> float:
        return counts.loss(course) + 0.5 * float(course @ banded_product(prior, course))

    value = loss(course)
    for _ in range(max_iter):
        gradient, curvature = counts.derivatives(course)
        gradient = gradient + banded_product(prior, course)
        step = solveh_banded(plus_diagonal(prior, curvature), gradient, lower=True)
        size = min(1.0, 3.0 / max(float(np.abs(step).max()), 1e-300))
        while (lower := loss(course - size * step)) > value and size > 1e-6:
            size *= 0.5
        course, value = course - size * step, min(lower, value)
        if float(gradient @ step) < 1e-6:
            break
    _, curvature = counts.derivatives(course)
    factor = cholesky_banded(plus_diagonal(prior, curvature), lower=True)
    n = len(course)
    log_prior = -2.0 * math.log(10.0) * log_sd * (n - 2) + 2.0 * math.log(LEVEL_PRECISION)
    log_prior += math.log(n**2 * (n**2 - 1.0) / 12.0)  # determinant of second differences
    return Smooth(course, log_sd, 0.5 * log_prior - float(np.log(factor[0]).sum()) - value)


def difference_prior(n_knots: int, log_sd: float) -> NDArray[np.float64]:
    """Return the precision of second differences N(0, σ²), lower banded form."""
    bands, difference = np.zeros((3, n_knots)), (1.0, -2.0, 1.0)
    for column in range(3):
        for row in range(column, 3):
            knots = slice(column, n_knots - 2 + column)
            bands[row - column, knots] += difference[column] * difference[row]
    bands *= 10.0 ** (-2.0 * log_sd)
    bands[0] += LEVEL_PRECISION
    return bands


def plus_diagonal(bands: NDArray, diagonal: NDArray) -> NDArray[np.float64]:
    """Return the sum of a matrix in lower banded form and a diagonal one."""
    total = bands.copy()
    total[0] += diagonal
    return total


def banded_product(bands: NDArray, vector: NDArray) -> NDArray[np.float64]:
    """Multiply a symmetric matrix, in lower banded form, by a vector."""
    product = bands[0] * vector
    for k in range(1, len(bands)):
        product[k:] += bands[k, :-k] * vector[:-k]
        product[:-k] += bands[k, :-k] * vector[k:]
    return product


@dataclass(frozen=True, eq=False)
class Baseline:
    """Log rate of one neuron, linear between knots in the middle of equal segments.

    Attributes
    ----------
    start : (n_knots,) ndarray
        Log rate relative to that without baseline, fitted without synapses.
    prior : (3, n_knots) ndarray
        Precision of the prior, lower banded form.
    factor : (3, n_knots) ndarray
        Cholesky factor of information + prior, lower banded form.
    """

    start: NDArray[np.float64]
    prior: NDArray[np.float64]
    factor: NDArray[np.float64]

    @classmethod
    def of(cls, spikes: NDArray[np.float64], expected: NDArray[np.float64]) -> Baseline:
        """Fit the baseline to the counts per segment and the counts expected without it."""
        found = smooth(PlainCounts(spikes, expected), len(spikes))
        prior = difference_prior(len(spikes), found.log_sd)
        information = expected * np.exp(found.course)
        factor = cholesky_banded(plus_diagonal(prior, information), lower=True)
        return cls(found.course, prior, factor)

    def scaled(self, point: NDArray[np.float64], *, transposed: bool = False) -> NDArray:
        """Return L⁻ᵀ point, or L⁻¹ point if transposed, where L is `factor`."""
        found, _ = dtbtrs(self.factor, point[:, None], uplo="L", trans="N" if transposed else "T")
        return found[:, 0]


def segment_sums(values: NDArray, spacing: int) -> NDArray[np.float64]:
    """Return the sums of values or rows over segments; the last may be incomplete."""
    return np.add.reduceat(values, np.arange(0, len(values), spacing), dtype=float)
