"""Scores of predicted spikes: bits per spike and explained deviance."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.recordings.glm import kernels
from bridge.recordings.glm.families import Family

# Largest probability of a spike for the score of a constant rate.
HIGHEST = 1.0 - 1e-9


@dataclass(frozen=True, eq=False)
class PredictiveScores:
    """How well a model predicts the spikes of each neuron.

    Log-likelihoods are in nats and summed over bins. NaN marks neurons that were not fitted.

    Attributes
    ----------
    log_likelihood : (n,) ndarray
        Of the predictions.
    constant : (n,) ndarray
        Of a constant prediction, the mean rate of the data to which the model was fitted.
    saturated : (n,) ndarray
        Of a prediction that equals the counts; 0 for "bernoulli".
    spikes : (n,) ndarray
        Number of predicted spikes.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge.recordings import PredictiveScores
    >>> found = PredictiveScores(*np.array([[-60.0, -5.0], [-80.0, -5.0], [0.0, 0.0], [20.0, 1.0]]))
    >>> found.bits_per_spike.round(3), found.deviance_explained, round(found.mean, 3)
    (array([1.443, 0.   ]), array([0.25, 0.  ]), 1.374)
    """

    log_likelihood: NDArray[np.float64]
    constant: NDArray[np.float64]
    saturated: NDArray[np.float64]
    spikes: NDArray[np.float64]

    def __repr__(self) -> str:
        return f"<PredictiveScores: {len(self.spikes)} neurons, {self.mean:.3g} bits per spike>"

    @classmethod
    def collect(
        cls, n: int, indices: NDArray[np.intp], sums: Iterable[NDArray[np.float64]]
    ) -> PredictiveScores:
        """Collect the results of `log_likelihoods` of the neurons at `indices` of `n`."""
        found = np.full((4, n), np.nan)
        found[:, indices] = np.array(list(sums)).T
        return cls(*found)

    @property
    def bits_per_spike(self) -> NDArray[np.float64]:
        """Information beyond that of a constant rate, shape (n,); NaN without spikes."""
        return _ratio(self.log_likelihood - self.constant, self.spikes * math.log(2.0))

    @property
    def deviance_explained(self) -> NDArray[np.float64]:
        """1 − D/D₀ with the deviances of the model and of a constant rate, shape (n,)."""
        deviance = self.saturated - self.log_likelihood
        return 1.0 - _ratio(deviance, self.saturated - self.constant)

    @property
    def mcfadden(self) -> NDArray[np.float64]:
        """Pseudo-R² of McFadden, 1 − ℓ/ℓ₀, shape (n,)."""
        return 1.0 - _ratio(self.log_likelihood, self.constant)

    @property
    def mean(self) -> float:
        """Bits per spike of all neurons together: the mean weighted by spikes."""
        gain, spikes = np.nansum(self.log_likelihood - self.constant), np.nansum(self.spikes)
        return float(gain / (spikes * math.log(2.0))) if spikes else math.nan


def log_likelihoods(
    family: Family,
    scores: NDArray[np.float64],
    tested: NDArray[np.bool_],
    spikes: NDArray,
    rate: float,
) -> NDArray[np.float64]:
    """Return the attributes of `PredictiveScores` of one neuron, shape (4,).

    Parameters
    ----------
    family : Family
    scores : (n_bins,) ndarray
        Predicted scores.
    tested : (n_bins,) ndarray of bool
        Bins to count.
    spikes : (n_spikes,) ndarray of int
        Bins of all spikes of the neuron.
    rate : float
        Mean spikes per bin of the data to which the model was fitted, above 0.
    """
    fired, counts = np.unique(spikes[tested[spikes]], return_counts=True)
    observed = counts.astype(float) if family.counts else np.ones(len(fired))

    def total(values: NDArray[np.float64]) -> float:
        values = np.where(tested, values, kernels.LOWEST)
        code, dispersion = family.code, family.dispersion
        loss, _ = kernels.replace_by_residuals(
            values, len(values), fired, observed, code, dispersion
        )
        return family.constant(observed) - float(loss)

    plain = family.score_of(rate if family.counts else min(rate, HIGHEST))
    saturated = family.log_likelihood(observed, observed).sum()
    return np.array([total(scores), total(np.full(len(scores), plain)), saturated, observed.sum()])


def with_rare_spikes(
    scores: NDArray[np.float64], family: Family, n_spikes: float, refractory: int
) -> NDArray[np.float64]:
    """Return scores with which spikes in the refractory period are rare, but possible.

    A fit finds no spike in about n_spikes · refractory such bins, so half a spike is expected in
    as many bins of other data (Krichevsky & Trofimov 1981, IEEE Trans. Inf. Theory 27:199).
    """
    rarest = family.score_of(0.5 / (n_spikes * refractory + 1.0))
    return np.where(scores < 0.5 * kernels.NEVER, rarest, scores)


def _ratio(numerator: NDArray, denominator: NDArray) -> NDArray[np.float64]:
    """Return the ratio, NaN where the denominator is 0."""
    return np.divide(numerator, denominator, where=denominator != 0, out=0.0 * numerator + np.nan)
