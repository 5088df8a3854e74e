"""Smooth baseline of one neuron: slow changes of its excitability that it does not share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cholesky_banded, solveh_banded
from scipy.linalg.lapack import dtbtrs

from bridge.inference.smoothing import (
    PlainCounts,
    banded_product,
    difference_prior,
    plus_diagonal,
    smooth,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_KNOTS = 5
"""Knots below which there is no baseline."""


@dataclass(frozen=True, eq=False)
class Baseline:
    """Log rate of one neuron at knots in the middle of equal segments, linear between them.

    Attributes
    ----------
    start : (n_knots,) ndarray
        Log rate relative to that without a baseline, fitted without synapses.
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
        """Fit the baseline to spikes per segment and those expected without it."""
        found = smooth(PlainCounts(spikes, expected), len(spikes))
        prior = difference_prior(len(spikes), found.log_sd)
        information = expected * np.exp(found.course)
        factor = cholesky_banded(plus_diagonal(prior, information), lower=True)
        return cls(found.course, prior, factor)

    def scaled(self, point: NDArray[np.float64], *, transposed: bool = False) -> NDArray:
        """Return L⁻ᵀ point, or L⁻¹ point if transposed, where L is `factor`."""
        found, _ = dtbtrs(self.factor, point[:, None], uplo="L", trans="N" if transposed else "T")
        return found[:, 0]

    def solve(self, information: NDArray, right: NDArray) -> NDArray[np.float64]:
        """Return (information + prior)⁻¹ right, for the information at each knot."""
        return solveh_banded(plus_diagonal(self.prior, information), right, lower=True)

    def prior_gradient(self, course: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return prior · course."""
        return banded_product(self.prior, course)


def segment_sums(values: NDArray, spacing: int) -> NDArray[np.float64]:
    """Return the sums of values over segments of `spacing`; the last may be incomplete."""
    return np.add.reduceat(values, np.arange(0, len(values), spacing), dtype=float)
