"""Cross-correlograms of all pairs of neurons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bridge.recordings.data.trains import bin_trains
from bridge.recordings.glm import kernels
from bridge.utils.checks import require_choice
from bridge.utils.memory import require_memory
from neurosim import NeurosimError

Expectation = Literal["rate", "slow"]

# Standard deviation of the window for slow co-modulation (ms).
SLOW_SD = 10.0
# Fraction removed from the centre of this window.
HOLLOW = 0.6


@dataclass(frozen=True, eq=False)
class Correlograms:
    """Pairs of spikes of all pairs of neurons, counted by lag.

    Attributes
    ----------
    counts : (n, n, n_lags) ndarray of int32
        Pairs of a spike of the first neuron and a spike of the second, `lags` later.
    lags : (n_lags,) ndarray of int
        Consecutive lags in bins.
    spikes : (n,) ndarray of int
        Spike count of each neuron.
    n_bins : int
        Bins of the recording.
    width : float
        Bin width (ms).

    Examples
    --------
    >>> from bridge.inference import Correlograms, bin_trains
    >>> trains = bin_trains([[10.5, 50.5, 90.5], [13.5, 53.5, 93.5]], duration=100.0)
    >>> found = Correlograms.of(trains)
    >>> found.counts[0, 1, found.lags == 3].item()
    3
    """

    counts: NDArray[np.int32]
    lags: NDArray[np.int64]
    spikes: NDArray[np.int64]
    n_bins: int
    width: float

    @classmethod
    def of(
        cls,
        spikes: Any,
        duration: float | None = None,
        *,
        bin_width: float = 1.0,
        lags: tuple[float, float] = (-60.0, 60.0),
    ) -> Correlograms:
        """Count the pairs of spikes by lag, from the first to the last of `lags` (ms).

        Parameters
        ----------
        spikes, duration, bin_width
            As in `bin_trains`.
        lags : (float, float)

        Raises
        ------
        NeurosimError
            If the spikes are invalid, or the counts do not fit into memory.
        """
        trains = bin_trains(spikes, duration, bin_width)
        first, last = (round(lag / trains.width) for lag in lags)
        if first > last:
            raise NeurosimError(f"lags = {lags[0]:g} to {lags[1]:g} ms: give the lower one first")
        n, n_lags = trains.n_neurons, last - first + 1
        remedy = "give a narrower range of lags, or fewer neurons"
        require_memory(4.0 * n * n * n_lags, f"{n_lags} lags of {n}² pairs", remedy)
        counts = np.zeros((n, n, n_lags), dtype=np.int32)
        kernels.count_lags(trains.ids, trains.starts, first, last, counts)
        return cls(counts, np.arange(first, last + 1), trains.counts, trains.n_bins, trains.width)

    def z(
        self, window: tuple[float, float] = (1.0, 20.0), expectation: Expectation = "rate"
    ) -> NDArray[np.float64]:
        """Return (count − expected)/√expected over a window of lags, NaN on the diagonal.

        Parameters
        ----------
        window : (float, float)
            First and last lag (ms).
        expectation : {"rate", "slow"}
            Expected counts from the two rates, or from the correlogram filtered by a partially
            hollow Gaussian, which accounts for slow co-modulation (Stark & Abeles 2009, J.
            Neurosci. Methods 179:90; standard deviation of 10 ms as in English et al. 2017, Neuron
            96:505).

        Returns
        -------
        (n, n) ndarray
            Rows are presynaptic, columns postsynaptic neurons.
        """
        require_choice(expectation, "expectation", get_args(Expectation))
        first, last = (round(lag / self.width) for lag in window)
        inside = (self.lags >= first) & (self.lags <= last)
        if first > last or inside.sum() != last - first + 1:
            raise NeurosimError(
                f"window = {window[0]:g} to {window[1]:g} ms is not within the lags counted, "
                f"{self.lags[0] * self.width:g} to {self.lags[-1] * self.width:g} ms"
            )
        found = self.counts[:, :, inside].sum(axis=2, dtype=float)
        if expectation == "rate":
            expected = np.outer(self.spikes, self.spikes) * (inside.sum() / self.n_bins)
        else:
            expected = self.counts @ self._slow_weights(inside)
        z = (found - expected) / np.sqrt(np.maximum(expected, 0.5))
        np.fill_diagonal(z, np.nan)
        z[self.spikes == 0] = z[:, self.spikes == 0] = np.nan
        return z

    def _slow_weights(self, inside: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the contribution of each lag to the counts expected in the window."""
        distance = (self.lags[inside][:, None] - self.lags) * self.width
        # At least as wide as the window: a narrower one would follow the peak.
        sd = max(SLOW_SD, float(inside.sum()) * self.width)
        weights = np.exp(-0.5 * (distance / sd) ** 2)
        weights[distance == 0] *= 1.0 - HOLLOW
        return (weights / weights.sum(axis=1, keepdims=True)).sum(axis=0)


def cross_correlation_z(
    spikes: Any,
    duration: float | None = None,
    *,
    bin_width: float = 1.0,
    window: tuple[float, float] = (1.0, 20.0),
    expectation: Expectation = "rate",
) -> NDArray[np.float64]:
    """Return the z-score of each pair's cross-correlogram; see `Correlograms`.

    Parameters
    ----------
    spikes, duration, bin_width
        As in `bin_trains`.
    window, expectation
        As in `Correlograms.z`.

    Returns
    -------
    (n, n) ndarray
        Rows are presynaptic, columns postsynaptic neurons.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge.inference import cross_correlation_z
    >>> rng = np.random.default_rng(1)
    >>> first = np.cumsum(rng.uniform(10.0, 200.0, 500))
    >>> second = first + rng.uniform(1.0, 9.0, 500)
    >>> z = cross_correlation_z([first, second], duration=first[-1] + 10.0)
    >>> bool(z[0, 1] > 5.0)
    True
    """
    lags = window if expectation == "rate" else (window[0] - 60.0, window[1] + 60.0)
    counted = Correlograms.of(spikes, duration, bin_width=bin_width, lags=lags)
    return counted.z(window, expectation)
