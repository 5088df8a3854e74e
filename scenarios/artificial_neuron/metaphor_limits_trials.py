"""The spikes sent to neurons window by window, when they arrive, and what the neurons did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    import bridge


@dataclass(frozen=True, eq=False)
class Input:
    """The spikes sent to the neurons of every population.

    Attributes
    ----------
    sent : (n_windows, n_neurons, n_synapses) ndarray of bool
    lateness : (n_windows, n_neurons, n_synapses) ndarray
        In standard deviations of the jitter.
    """

    sent: NDArray[np.bool_]
    lateness: NDArray[np.float64]

    @classmethod
    def drawn(cls, seed: int, shape: tuple[int, int, int], activity: float) -> Input:
        """Draw spikes of probability `activity`; more windows leave the first ones the same."""
        spikes, lateness = np.random.default_rng(seed).spawn(2)
        return cls(spikes.random(shape) < activity, lateness.standard_normal(shape))

    def arrived(self, spread: float, window: float) -> NDArray[np.float64]:
        """Return how many spikes arrive in each window (ms), of the shape of `sent`.

        Window k lasts from half a window before (k + 1)·window to half a one after it.
        """
        places = np.ravel_multi_index(self._arrivals(spread, window)[1], self.sent.shape)
        counts = np.bincount(places, minlength=self.sent.size)
        return counts.reshape(self.sent.shape).astype(float)

    def times(self, spread: float, window: float) -> list[list[NDArray[np.float64]]]:
        """Return the times at which spikes arrive (ms), for each synapse and each neuron."""
        times, (_, neuron, synapse) = self._arrivals(spread, window)
        n_neurons, n_synapses = self.sent.shape[1:]
        place = synapse * n_neurons + neuron
        order = np.argsort(place, kind="stable")
        ends = np.cumsum(np.bincount(place, minlength=n_neurons * n_synapses))
        each = np.split(times[order], ends[:-1])
        return [each[i * n_neurons : (i + 1) * n_neurons] for i in range(n_synapses)]

    def _arrivals(
        self, spread: float, window: float
    ) -> tuple[NDArray[np.float64], tuple[NDArray[np.intp], ...]]:
        """Return time (ms), window, neuron and synapse of each spike that arrives in the run."""
        sent, neuron, synapse = np.nonzero(self.sent)
        times = (sent + 1) * window + spread * self.lateness[self.sent]
        arrived = np.rint(times / window).astype(np.intp) - 1
        inside = (arrived >= 0) & (arrived < len(self.sent))
        return times[inside], (arrived[inside], neuron[inside], synapse[inside])


@dataclass(frozen=True, eq=False)
class Trials:
    """Every window of every neuron of one population.

    Attributes
    ----------
    unit : SpikingUnit
        The neuron as the effect makes it.
    window : float
        ms.
    strength : float
        Of the effect.
    sent, arrived : (n_windows, n_neurons, n_synapses) ndarray
        Spikes that were meant for each window, and those that arrived in it.
    fired : (n_windows, n_neurons) ndarray of bool
    """

    unit: bridge.SpikingUnit
    window: float
    strength: float
    sent: NDArray[np.bool_]
    arrived: NDArray[np.float64]
    fired: NDArray[np.bool_]

    @property
    def supposed(self) -> NDArray[np.float64]:
        """Potential above rest (mV) that the spikes sent make, shape (n_windows, n_neurons)."""
        return self.unit.potential(self.sent)


def ago(values: NDArray, lags: Iterable[range]) -> NDArray[np.float64]:
    """Return what was so many windows ago, summed over each span of lags.

    Parameters
    ----------
    values : (n_windows, n_neurons) ndarray
        0 before the run.
    lags : iterable of range
        Spans of windows, 1 or more ago.

    Returns
    -------
    (n_windows, n_neurons, n_spans) ndarray
    """
    spans = list(lags)
    summed = np.zeros((*values.shape, len(spans)))
    for place, span in enumerate(spans):
        for lag in span:
            summed[lag:, :, place] += values[:-lag]
    return summed


def each_of(lags: range) -> list[range]:
    """Return spans of one lag each."""
    return [range(lag, lag + 1) for lag in lags]
