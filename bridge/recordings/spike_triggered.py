"""Spike-triggered average and covariance of a stimulus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.learning.features import lagged
from bridge.recordings.data.trains import bin_trains
from bridge.utils.checks import as_floats, as_integer
from neurosim import NeurosimError


@dataclass(frozen=True, eq=False)
class SpikeTriggered:
    """Stimulus before the spikes of each neuron.

    For a Gaussian white stimulus and a neuron with a linear filter, the average is in proportion to
    the filter (de Boer & Kuyper 1968, IEEE Trans. Biomed. Eng. 15:169). Other stimuli need a fit:
    give the lagged stimulus to `PopulationGLM.fit`, which starts from this average.

    Attributes
    ----------
    average : (n, n_lags) ndarray
        Mean stimulus 0, 1, … bins before a spike, relative to the mean of the recording.
    errors : (n, n_lags) ndarray
        Standard errors, for independent spikes.
    covariance : (n, n_lags, n_lags) ndarray
        Covariance of the stimulus before spikes, minus that of the recording. Its eigenvectors are
        directions to which the neuron responds symmetrically.
    spikes : (n,) ndarray of int
        Number of spikes.
    neurons : (n,) ndarray of int or str
    lags : (n_lags,) ndarray
        ms before the spike.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import SpikeTriggered
    >>> rng = np.random.default_rng(1)
    >>> stimulus = rng.normal(size=20_000)
    >>> fired = rng.random(20_000) < 0.1 / (1.0 + np.exp(-2.0 * np.roll(stimulus, 3)))
    >>> found = SpikeTriggered.of([np.flatnonzero(fired) + 1.0], stimulus, n_lags=6)
    >>> int(found.average[0].argmax())
    3
    """

    average: NDArray[np.float64]
    errors: NDArray[np.float64]
    covariance: NDArray[np.float64]
    spikes: NDArray[np.int64]
    neurons: NDArray
    lags: NDArray[np.float64]

    @classmethod
    def of(
        cls, spikes: Any, stimulus: ArrayLike, *, n_lags: int, bin_width: float = 1.0
    ) -> SpikeTriggered:
        """Average a stimulus before spikes.

        Parameters
        ----------
        spikes
            As in `bin_trains`.
        stimulus : (n_bins,) array_like
            One value per bin; the recording lasts for n_bins · bin_width.
        n_lags : int
            Number of bins up to and including that of the spike.
        bin_width : float
            ms.

        Raises
        ------
        NeurosimError
            If the spikes are invalid, the stimulus is not finite, or no neuron fires.
        """
        values = as_floats(stimulus, "stimulus")
        as_integer(n_lags, "n_lags", 1)
        if values.ndim != 1 or not np.isfinite(values).all() or len(values) < n_lags:
            raise NeurosimError(
                f"stimulus of shape {values.shape}: give at least n_lags = {n_lags} finite values, "
                "one for each bin"
            )
        trains = bin_trains(spikes, len(values) * bin_width, bin_width, counts=True, fewest=1)
        if trains.n_bins != len(values):
            raise NeurosimError(
                f"stimulus of {len(values):,} bins for a recording of {trains.n_bins:,} bins: give "
                "one value for each bin"
            )
        rows = lagged(values - values.mean(), n_lags)
        whole = rows.T @ rows / len(rows)
        n = trains.n_neurons
        average, errors = np.full((n, n_lags), np.nan), np.full((n, n_lags), np.nan)
        covariance = np.full((n, n_lags, n_lags), np.nan)
        for index in np.flatnonzero(trains.counts > 1):
            before = rows[trains.bins_by_neuron[index]]
            average[index] = before.mean(axis=0)
            errors[index] = before.std(axis=0, ddof=1) / np.sqrt(len(before))
            covariance[index] = np.cov(before.T).reshape(n_lags, n_lags) - whole
        lags = trains.width * np.arange(n_lags)
        return cls(
            average, errors, covariance, trains.counts, trains.neurons, np.asarray(lags, float)
        )
