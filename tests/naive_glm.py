"""A naive population GLM: explicit design matrix, sums over all bins, Newton's method.

It shares no code with `bridge.recordings`. Spike trains are arrays of bins, which may repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

Floats = NDArray[np.float64]


def raised_cosines(n: int, length: int, offset: float = 1.0) -> Floats:
    """Cosines over the logarithm of lags 1 … length, each with maximum 1; shape (length, n)."""
    lags = np.arange(1, length + 1)
    first, last = np.log(1 + offset), np.log(length + offset)
    spacing = (last - first) / n
    values = np.empty((length, n))
    for k in range(n):
        for row, lag in enumerate(lags):
            distance = (np.log(lag + offset) - first - k * spacing) / spacing
            values[row, k] = 0.5 * (1 + np.cos(np.pi * distance / 2)) if abs(distance) < 2 else 0.0
        values[:, k] /= values[:, k].max()
    return values


def counts(trains: Sequence[ArrayLike], n_bins: int) -> Floats:
    """Spikes in each bin, shape (n_bins, n)."""
    found = np.zeros((n_bins, len(trains)))
    for neuron, bins in enumerate(trains):
        for one in np.asarray(bins, dtype=int):
            found[one, neuron] += 1.0
    return found


def filtered(inputs: Floats, basis: Floats) -> Floats:
    """Σ_l B_k(l) n(t − l) for each neuron and k, shape (n_bins, n · K); neurons come first."""
    n_bins, n = inputs.shape
    length, size = basis.shape
    columns = np.zeros((n_bins, n, size))
    for lag in range(1, min(length, n_bins - 1) + 1):
        columns[lag:] += inputs[:-lag, :, None] * basis[lag - 1]
    return columns.reshape(n_bins, n * size)


def design(
    inputs: Floats, coupling: Floats, target: int, history: Floats | None = None
) -> tuple[Floats, list[slice]]:
    """Columns of a target and the slice of each source; its own history has its own basis."""
    history = coupling if history is None else history
    blocks, slices, first = [], [], 0
    for neuron in range(inputs.shape[1]):
        basis = history if neuron == target else coupling
        blocks.append(filtered(inputs[:, [neuron]], basis))
        slices.append(slice(first, first + basis.shape[1]))
        first += basis.shape[1]
    return np.hstack(blocks), slices


@dataclass(frozen=True)
class Model:
    """A family with its link: loss of a bin, and its first two derivatives by the predictor.

    Attributes
    ----------
    loss, slope, curvature : callable
        Of predictor and response, arrays of equal shape.
    weight : callable
        Expected curvature at a predictor.
    mean : callable
        Expected response at a predictor.
    """

    loss: Callable[[Floats, Floats], Floats]
    slope: Callable[[Floats, Floats], Floats]
    curvature: Callable[[Floats, Floats], Floats]
    weight: Callable[[Floats], Floats]
    mean: Callable[[Floats], Floats]


def _cloglog_ratio(eta: Floats) -> Floats:
    """e^η / (e^(e^η) − 1)."""
    rate = np.exp(eta)
    return rate / np.expm1(rate)


LOGIT = Model(
    loss=lambda eta, y: np.logaddexp(0.0, eta) - y * eta,
    slope=lambda eta, y: expit(eta) - y,
    curvature=lambda eta, y: expit(eta) * expit(-eta),
    weight=lambda eta: expit(eta) * expit(-eta),
    mean=expit,
)
CLOGLOG = Model(
    loss=lambda eta, y: (1 - y) * np.exp(eta) - y * np.log(-np.expm1(-np.exp(eta))),
    slope=lambda eta, y: (1 - y) * np.exp(eta) - y * _cloglog_ratio(eta),
    # d/dη of e^η/(e^(e^η) − 1) = ratio · (1 − e^η − ratio)
    curvature=lambda eta, y: (
        (1 - y) * np.exp(eta) - y * _cloglog_ratio(eta) * (1 - np.exp(eta) - _cloglog_ratio(eta))
    ),
    weight=lambda eta: np.exp(eta) * _cloglog_ratio(eta),
    mean=lambda eta: -np.expm1(-np.exp(eta)),
)
EXPONENTIAL = Model(
    loss=lambda eta, y: np.exp(eta) - y * eta,
    slope=lambda eta, y: np.exp(eta) - y,
    curvature=lambda eta, y: np.exp(eta),
    weight=np.exp,
    mean=np.exp,
)
SOFTPLUS = Model(
    loss=lambda eta, y: np.logaddexp(0.0, eta) - y * np.log(np.logaddexp(0.0, eta)),
    slope=lambda eta, y: expit(eta) * (1 - y / np.logaddexp(0.0, eta)),
    curvature=lambda eta, y: (
        expit(eta) * expit(-eta) * (1 - y / np.logaddexp(0.0, eta))
        + y * (expit(eta) / np.logaddexp(0.0, eta)) ** 2
    ),
    weight=lambda eta: expit(eta) ** 2 / np.logaddexp(0.0, eta),
    mean=lambda eta: np.logaddexp(0.0, eta),
)


def negative_binomial(alpha: float) -> Model:
    """Counts with mean μ = e^η and variance μ + α μ², without the terms free of μ."""

    def share(eta: Floats) -> Floats:
        return 1.0 / (1.0 + alpha * np.exp(eta))

    return Model(
        loss=lambda eta, y: (y + 1 / alpha) * np.log1p(alpha * np.exp(eta)) - y * eta,
        slope=lambda eta, y: (np.exp(eta) - y) * share(eta),
        curvature=lambda eta, y: (1 + alpha * y) * np.exp(eta) * share(eta) ** 2,
        weight=lambda eta: np.exp(eta) * share(eta),
        mean=np.exp,
    )


MODELS = {
    ("bernoulli", "logit"): LOGIT,
    ("bernoulli", "cloglog"): CLOGLOG,
    ("poisson", "exponential"): EXPONENTIAL,
    ("poisson", "softplus"): SOFTPLUS,
}


@dataclass(frozen=True, eq=False)
class Fit:
    """Result of `newton`; the intercept is the last parameter.

    Attributes
    ----------
    parameters : (P + 1,) ndarray
    loss : float
        Without the penalty.
    hessian : (P + 1, P + 1) ndarray
        Observed curvature, without the penalty.
    precision : (P + 1,) ndarray
        Diagonal of the curvature of the penalty.
    """

    parameters: Floats
    loss: float
    hessian: Floats
    precision: Floats

    @property
    def posterior(self) -> Floats:
        """(H + Λ)⁻¹."""
        return np.asarray(np.linalg.inv(self.hessian + np.diag(self.precision)))

    @property
    def sampling(self) -> Floats:
        """(H + Λ)⁻¹ H (H + Λ)⁻¹."""
        return self.posterior @ self.hessian @ self.posterior

    @property
    def debiased(self) -> Floats:
        """θ + H⁻¹ Λ θ."""
        return self.parameters + np.linalg.solve(self.hessian, self.precision * self.parameters)


def with_intercept(columns: Floats) -> Floats:
    """Append a column of ones."""
    return np.column_stack([columns, np.ones(len(columns))])


def value_and_derivatives(
    model: Model, columns: Floats, y: Floats, parameters: Floats
) -> tuple[float, Floats, Floats]:
    """Return loss, gradient and Hessian; the last column is that of the intercept."""
    eta = columns @ parameters
    gradient = columns.T @ model.slope(eta, y)
    hessian = (columns * model.curvature(eta, y)[:, None]).T @ columns
    return float(model.loss(eta, y).sum()), gradient, hessian


def newton(
    model: Model, columns: Floats, y: Floats, ridge: float | Floats = 0.0, tol: float = 1e-11
) -> Fit:
    """Minimise the loss + ½ Σ ridge θ² over weights and intercept, which has no penalty.

    Steps are halved until the objective falls; the end is where the Newton decrement is `tol`.
    """
    columns = with_intercept(columns)
    precision = np.append(np.broadcast_to(ridge, columns.shape[1] - 1), 0.0)
    start = np.zeros(columns.shape[1])
    rate = y.mean()
    start[-1] = np.log(rate / max(1 - rate, 0.5))
    point = start

    def objective(at: Floats) -> float:
        return value_and_derivatives(model, columns, y, at)[0] + 0.5 * float(precision @ at**2)

    for _ in range(200):
        loss, gradient, hessian = value_and_derivatives(model, columns, y, point)
        gradient = gradient + precision * point
        step = np.linalg.solve(hessian + np.diag(precision), gradient)
        if gradient @ step < tol**2:
            return Fit(point, loss, hessian, precision)
        size, now = 1.0, loss + 0.5 * precision @ point**2
        while size > 1e-6 and not objective(point - size * step) <= now + 1e-12 * abs(now):
            size *= 0.5
        point = point - size * step
    raise RuntimeError("Newton's method did not converge")
