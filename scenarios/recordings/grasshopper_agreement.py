"""How simulated spikes agree with those that a grasshopper's receptor fired."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

import bridge
from neurosim.analysis import population_rate
from scenarios.recordings.grasshopper_model import BIN, TWIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    import neurosim as ns
    from scenarios.recordings.data import Recording

WINDOW = 2.0
"""ms within which two spikes coincide."""
STAND_INS = 20
"""Simulated neurons that take the receptor's place, to see what could be foretold of them."""


def between(times: NDArray[np.float64], start: float, stop: float) -> NDArray[np.float64]:
    """Return the spike times with start < t <= stop (ms)."""
    return times[(times > start) & (times <= stop)]


def fired_bins(recording: Recording, n_bins: int | None = None) -> NDArray[np.int64]:
    """Return whether the receptor fired in each ms, all of them or the first `n_bins`."""
    # No two spikes are closer than 3 ms.
    return bridge.bin_spikes(recording.spikes, recording.duration)[:n_bins]


def firing_share(result: ns.Result, population: str) -> NDArray[np.float64]:
    """Return the spikes in each ms per simulated neuron, shape (n_bins,)."""
    return population_rate(result.spikes[population], result.duration, bin_ms=BIN)[1] * 1e-3


def firing_probability(result: ns.Result, population: str) -> NDArray[np.float64]:
    """Return the probability to fire in each ms that the simulated neurons stand for.

    That of Krichevsky & Trofimov 1981, IEEE Trans. Inf. Theory 27:199: as if there were one neuron
    more, half of which fired, so that nothing is called impossible.

    Returns
    -------
    (n_bins,) ndarray
    """
    return _probability(firing_share(result, population), len(result.spikes[population].recorded))


def _probability(share: NDArray[np.float64], neurons: int) -> NDArray[np.float64]:
    return (neurons * np.minimum(share, 1.0) + 0.5) / (neurons + 1.0)


def bits_between_neurons(result: ns.Result, population: str) -> float:
    """Return the bits per spike that a population tells of one of its own neurons.

    So well would the receptor be foretold if it were such a neuron.
    """
    trains, share = result.spikes[population], firing_share(result, population)
    others = len(trains.recorded) - 1
    found = []
    for neuron in trains.recorded[:STAND_INS]:
        # A run may end within a bin, which `share` leaves out.
        times = trains.of(neuron)
        whole = times[times <= len(share) * BIN + 1e-6]
        fired = bridge.bin_spikes(whole, len(share) * BIN, BIN).clip(0, 1)
        if fired.any():
            rest = (share * (others + 1) - fired) / others
            found.append(bridge.bits_per_spike(fired, _probability(rest, others)).value)
    return float(np.mean(found)) if found else math.nan


def mean_gamma(
    result: ns.Result, population: str, recorded: NDArray[np.float64], start: float, stop: float
) -> float:
    """Return the coincidence factor of recorded and simulated spikes, averaged over neurons.

    NaN where it has no meaning.
    """
    trains = _trains(result, population)
    return float(np.mean([_gamma(recorded, train, start, stop) for train in trains]))


def gamma_between_neurons(result: ns.Result, population: str) -> float:
    """Return the coincidence factor of each simulated neuron with the next, averaged."""
    pairs = pairwise(_trains(result, population))
    return float(np.mean([_gamma(one, other, 0.0, result.duration) for one, other in pairs]))


def _trains(result: ns.Result, population: str) -> list[NDArray[np.float64]]:
    """Return the spike times of each neuron."""
    trains = result.spikes[population]
    # A twin's spike stands for a bin, and has the time of its end.
    early = 0.5 * BIN if population == TWIN else 0.0
    return [trains.of(neuron) - early for neuron in trains.recorded]


def _gamma(
    data: NDArray[np.float64], model: NDArray[np.float64], start: float, stop: float
) -> float:
    """Return the coincidence factor from start to stop; NaN without data or beyond its range."""
    data, model = between(data, start, stop) - start, between(model, start, stop) - start
    # A model so fast matches every spike by chance.
    if len(data) == 0 or 2.0 * WINDOW * len(model) >= stop - start:
        return math.nan
    return bridge.coincidence_factor(data, model, duration=stop - start, window=WINDOW)
