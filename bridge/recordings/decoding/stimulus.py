"""Decoder of a continuous stimulus from population spikes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin, clone

from bridge.learning.validation import require_fitted, validated
from bridge.recordings.decoding.decoder import LogisticDecoder
from bridge.recordings.decoding.decoding import StimulusDecoding
from bridge.recordings.decoding.readout import SpikingReadout
from bridge.utils.checks import as_integer, positive
from neurosim import NeurosimError


class StimulusDecoder(RegressorMixin, BaseEstimator):
    """Decode a continuous stimulus: posterior over bins of the stimulus, and its mean.

    The stimulus is divided into bins of equal numbers of trials. A `LogisticDecoder` gives the
    posterior probability of each bin, which for independent Poisson neurons with any tuning curves
    is exact up to the width of the bins. The estimate is the posterior mean.

    Parameters
    ----------
    n_bins : int
        Number of bins, fewer if the stimulus has fewer values.
    period : float, optional
        Period of a circular stimulus such as a direction (360 for degrees). Means are then
        circular.
    ridge : float
        As for `LogisticDecoder`.

    Attributes
    ----------
    edges_ : (n_bins + 1,) ndarray
        Edges of the bins.
    values_ : (n_bins,) ndarray
        Mean stimulus in each bin.
    decoder_ : LogisticDecoder
        Its classes are the indices of the bins.
    n_features_in_ : int

    Examples
    --------
    Twelve neurons tuned to a direction:

    >>> import numpy as np
    >>> from bridge import StimulusDecoder
    >>> rng = np.random.default_rng(1)
    >>> direction = rng.uniform(0.0, 360.0, 2000)
    >>> preferred = np.arange(0.0, 360.0, 30.0)
    >>> tuning = np.cos(np.radians(direction[:, np.newaxis] - preferred))
    >>> counts = rng.poisson(8.0 * np.exp(2.0 * (tuning - 1.0)))
    >>> decoder = StimulusDecoder(12, period=360.0).fit(counts, direction)
    >>> decoding = decoder.cross_validate(counts, direction)
    >>> decoding.error.text
    '8.48 (8.18 to 8.77)'
    """

    def __init__(
        self, n_bins: int = 8, *, period: float | None = None, ridge: float = 0.01
    ) -> None:
        self.n_bins = n_bins
        self.period = period
        self.ridge = ridge

    def fit(self, X: ArrayLike, y: ArrayLike) -> StimulusDecoder:
        """Fit the decoder to trials.

        Parameters
        ----------
        X : (n_trials, n) array_like
            Features of each trial or time bin.
        y : (n_trials,) array_like
            Stimulus.

        Raises
        ------
        NeurosimError
            If parameters are out of range, or the stimulus is constant.
        """
        as_integer(self.n_bins, "n_bins", 2)
        if self.period is not None:
            positive(self.period, "period")
        trials, stimulus = self._checked(X, y)
        self.edges_ = self._edges(stimulus)
        index = self._bin_of(stimulus)
        if (index == index[0]).all():
            raise NeurosimError(
                f"y has values from {stimulus.min():g} to {stimulus.max():g}, all in one bin: give "
                "a stimulus that varies"
            )
        self.values_ = np.array([stimulus[index == k].mean() for k in np.unique(index)])
        self.decoder_ = LogisticDecoder(ridge=self.ridge).fit(trials, index)
        return self

    def posterior(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the posterior probability of each bin, shape (n_trials, n_bins)."""
        require_fitted(self)
        return self.decoder_.predict_proba(validated(self, X, dtype=np.float64, reset=False))

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the posterior mean of each trial, shape (n_trials,)."""
        return self._posterior_mean(self.posterior(X))

    def cross_validate(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        n_folds: int = 5,
        margin: int = 0,
        blocks: ArrayLike | None = None,
    ) -> StimulusDecoding:
        """Decode every trial by a decoder that was fitted to other blocks of time.

        The parameters are those of `LogisticDecoder.cross_validate`. The bins and their means are
        those of all trials.

        Returns
        -------
        StimulusDecoding
        """
        whole = clone(self).fit(X, y)
        trials, stimulus = whole._checked(X, y)
        binned = whole.decoder_.cross_validate(
            trials, whole._bin_of(stimulus), n_folds=n_folds, margin=margin, blocks=blocks
        )
        estimate = whole._posterior_mean(binned.probability)
        without_spikes = whole._posterior_mean(binned.base)
        return StimulusDecoding(
            whole.values_,
            binned.observed,
            binned.probability,
            binned.base,
            binned.blocks,
            stimulus=stimulus,
            estimate=estimate,
            residual=whole._difference(estimate, stimulus),
            residual_without_spikes=whole._difference(without_spikes, stimulus),
            period=self.period,
        )

    def to_spiking(self, **options: Any) -> SpikingReadout:
        """Return one spiking neuron per bin; `options` as for `LogisticDecoder.to_spiking`."""
        require_fitted(self)
        return self.decoder_.to_spiking(**options)

    def _checked(self, X: ArrayLike, y: ArrayLike) -> tuple[NDArray, NDArray[np.float64]]:
        """Return valid trials, and stimuli within one period."""
        trials, stimulus = validated(
            self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2
        )
        return trials, self._wrapped(np.asarray(stimulus, np.float64))

    def _wrapped(self, stimulus: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return circular stimuli from 0 to the period, others unchanged."""
        return stimulus if self.period is None else np.mod(stimulus, self.period)

    def _edges(self, stimulus: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the edges of the bins."""
        values = np.unique(stimulus)
        if len(values) <= self.n_bins:  # one bin per value
            inner = 0.5 * (values[:-1] + values[1:])
            return np.concatenate([values[:1], inner, values[-1:]])
        return np.unique(np.quantile(stimulus, np.linspace(0.0, 1.0, self.n_bins + 1)))

    def _bin_of(self, stimulus: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the bin of each stimulus."""
        return np.searchsorted(self.edges_[1:-1], stimulus, side="right")

    def _posterior_mean(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean stimulus under a posterior of the bins."""
        if self.period is None:
            return probability @ self.values_
        turn = 2.0 * np.pi / self.period
        return self._wrapped(np.angle(probability @ np.exp(1j * turn * self.values_)) / turn)

    def _difference(
        self, estimate: NDArray[np.float64], stimulus: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return estimate − stimulus, within half a period for circular stimuli."""
        difference = estimate - stimulus
        if self.period is None:
            return difference
        return np.mod(difference + 0.5 * self.period, self.period) - 0.5 * self.period
