"""Spike trains of any make, checked and sorted into time bins."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim import NeurosimError, SpikeTrains
from neurosim.interchange.neo_objects import is_neo_train, neo_times
from neurosim.resources import physical_memory

if TYPE_CHECKING:
    from numpy.typing import NDArray

FASTEST = 1.0
"""Spikes per ms beyond which times cannot be in ms."""
USABLE = 0.6
"""Share of the machine's memory that may be taken."""


@dataclass(frozen=True, eq=False)
class BinnedTrains:
    """The spikes of all neurons, by time bin.

    Bin k holds the spikes with k·w < t ≤ (k + 1)·w, as a simulated spike carries the end of its
    step; one at time 0 is in the first.

    Attributes
    ----------
    neurons : (n,) ndarray of int
        What each neuron is called.
    ids : (n_spikes,) ndarray of int32
        Place among `neurons` of the neuron of each spike, ordered by bin.
    bins : (n_spikes,) ndarray of int32
    starts : (n_bins + 1,) ndarray of int64
        Where the spikes of each bin begin in `ids`.
    width : float
        Of a bin (ms).
    """

    neurons: NDArray[np.int64]
    ids: NDArray[np.int32]
    bins: NDArray[np.int32]
    starts: NDArray[np.int64]
    width: float

    @property
    def n_bins(self) -> int:
        """Number of time bins."""
        return len(self.starts) - 1

    @property
    def n_neurons(self) -> int:
        """Number of neurons, silent ones among them."""
        return len(self.neurons)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Spikes of each neuron, shape (n,)."""
        return np.bincount(self.ids, minlength=self.n_neurons)

    @cached_property
    def _by_neuron(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        order = np.argsort(self.ids, kind="stable")
        return self.bins[order].astype(np.int64), np.append(0, np.cumsum(self.counts))

    def fired(self, place: int) -> NDArray[np.int64]:
        """Bins in which one neuron fired, each once, ascending."""
        bins, edges = self._by_neuron
        return np.unique(bins[edges[place] : edges[place + 1]])

    def until(self, time: float) -> BinnedTrains:
        """Return the recording up to a time (ms), rounded to bins; all neurons stay in it."""
        n_bins = max(1, min(self.n_bins, round(time / self.width)))
        starts = self.starts[: n_bins + 1]
        ids, bins = self.ids[: starts[-1]], self.bins[: starts[-1]]
        return BinnedTrains(self.neurons, ids, bins, starts, self.width)


def bin_trains(spikes: Any, duration: float | None = None, width: float = 1.0) -> BinnedTrains:
    """Check spike trains and sort them into time bins.

    Parameters
    ----------
    spikes : SpikeTrains, sequence of arrays, (times, ids), or sequence of neo.SpikeTrain
        Times in ms from the start of the recording, ascending. A list holds one array per neuron;
        a tuple of two arrays holds the times of all and the integers that say whose they are. Neo's
        trains bring their unit, their start and their stop with them. A `BinnedTrains` is returned
        as it is.
    duration : float, optional
        Length of the recording (ms); Neo's trains know theirs.
    width : float
        Of a bin (ms).

    Raises
    ------
    NeurosimError
        For times that are not finite, negative, out of order or beyond the recording, that look
        like seconds, and for what does not fit the memory.

    Warns
    -----
    UserWarning
        Where a neuron fires more than once within a bin.
    """
    if isinstance(spikes, BinnedTrains):
        return spikes
    trains, neurons, duration = _trains(spikes, duration)
    n_bins = _n_bins(duration, width)
    if len(trains) < 2:
        raise NeurosimError(f"{len(trains)} spike train: synapses need at least two neurons")
    for name, train in zip(neurons, trains, strict=True):
        _check(train, int(name), duration)
    times = np.concatenate(trains)
    _check_unit(times, duration)
    _check_rates(trains, neurons, duration)
    _check_memory(len(times), n_bins, len(trains))
    ids = np.repeat(np.arange(len(trains), dtype=np.int32), [len(train) for train in trains])
    # A hair of a bin keeps times that stand on an edge in the bin they end.
    bins = np.maximum(np.ceil(times / width - 1e-6).astype(np.int64) - 1, 0)
    bins = np.minimum(bins, n_bins - 1)
    order = np.lexsort((ids, bins))
    ids, bins = ids[order], bins[order]
    _tell_of_shared_bins(bins, ids, neurons, width)
    starts = np.searchsorted(bins, np.arange(n_bins + 1))
    return BinnedTrains(neurons, ids, bins.astype(np.int32), starts, float(width))


def _trains(spikes: Any, duration: float | None) -> tuple[list[NDArray], NDArray[np.int64], float]:
    """Return the times (ms) of each neuron, what the neurons are called, and the duration."""
    if isinstance(spikes, SpikeTrains):
        trains, neurons = spikes.by_neuron(), spikes.recorded
    elif isinstance(spikes, tuple) and len(spikes) == 2 and _are_ids(spikes):
        times, ids = _array(spikes[0], "times"), np.asarray(spikes[1])
        if times.shape != ids.shape:
            raise NeurosimError(f"times {times.shape} and ids {ids.shape} must be of one length")
        _check_order(times, "the spike times")
        neurons = np.unique(ids).astype(np.int64)
        trains = SpikeTrains(times.copy(), ids.copy(), neurons).by_neuron()
    elif isinstance(spikes, (str, bytes)) or not hasattr(spikes, "__len__"):
        raise NeurosimError(
            f"{type(spikes).__name__} is no set of spike trains: give SpikeTrains, a list of "
            "arrays of times (ms), (times, ids), or a list of neo.SpikeTrain"
        )
    elif len(spikes) and all(map(is_neo_train, spikes)):
        trains, told = neo_times(spikes)
        duration = told if duration is None else duration
        neurons = np.arange(len(trains))
    else:
        trains = [_array(train, f"the train of neuron {k}") for k, train in enumerate(spikes)]
        neurons = np.arange(len(trains))
    if duration is None:
        raise NeurosimError("duration is missing: give the length of the recording in ms")
    return trains, neurons, float(duration)


def _are_ids(pair: tuple[Any, Any]) -> bool:
    """Whether a tuple of two is (times, ids): the second holds integers."""
    second = np.asarray(pair[1]) if not is_neo_train(pair[1]) else np.empty(0)
    return second.ndim == 1 and np.issubdtype(second.dtype, np.integer)


def _array(values: Any, what: str) -> NDArray[np.float64]:
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise NeurosimError(f"{what} must be an array of numbers, spike times in ms") from None
    if array.ndim != 1:
        raise NeurosimError(f"{what} has shape {array.shape}: give a 1-D array of times in ms")
    return array


def _n_bins(duration: float, width: float) -> int:
    for name, value in (("duration", duration), ("bin_width", width)):
        if not (math.isfinite(value) and value > 0):
            raise NeurosimError(f"{name} = {value:g} ms is not a finite time above 0 ms")
    if duration < 2 * width:
        raise NeurosimError(
            f"duration = {duration:g} ms holds less than two bins of bin_width = {width:g} ms"
        )
    return math.ceil(duration / width - 1e-6)


def _check(train: NDArray[np.float64], neuron: int, duration: float) -> None:
    who = f"neuron {neuron}"
    if not np.isfinite(train).all():
        bad = train[~np.isfinite(train)][0]
        raise NeurosimError(f"{who} has a spike at {bad} ms: leave out what is no finite time")
    _check_order(train, f"the spike times of {who}")
    if len(train) and train[0] < 0:
        raise NeurosimError(
            f"{who} has a spike at {train[0]:g} ms: times are counted from the start of the "
            "recording, from 0 ms"
        )
    if len(train) and train[-1] > duration * (1 + 1e-9):
        raise NeurosimError(
            f"{who} has a spike at {train[-1]:g} ms, after the end of the recording at "
            f"{duration:g} ms: give the duration in ms"
        )


def _check_order(times: NDArray[np.float64], what: str) -> None:
    falls = np.flatnonzero(np.diff(times) < 0)
    if len(falls):
        k = int(falls[0])
        raise NeurosimError(
            f"{what} are not in order, {times[k + 1]:g} ms comes after {times[k]:g} ms: sort them"
        )


def _check_unit(times: NDArray[np.float64], duration: float) -> None:
    if len(times) and times.max() < duration / 200:
        raise NeurosimError(
            f"the last spike is at {times.max():g} ms of {duration:g} ms: were the times given in "
            "seconds? They must be in ms"
        )


def _check_rates(trains: list[NDArray], neurons: NDArray[np.int64], duration: float) -> None:
    most = int(np.argmax([len(train) for train in trains]))
    if len(trains[most]) > FASTEST * duration:
        raise NeurosimError(
            f"neuron {neurons[most]} fires {len(trains[most]):,} times in {duration:g} ms: no "
            "neuron does; were times and duration given in seconds? They must be in ms"
        )


def _check_memory(n_spikes: int, n_bins: int, n_neurons: int) -> None:
    # Sorting takes five numbers a spike; a bin has three for each of some threads; of matrices
    # between all neurons there are ten.
    needed = 8.0 * (5 * n_spikes + 12 * n_bins + 10 * n_neurons**2)
    there = physical_memory()
    if there is not None and needed > USABLE * there:
        raise NeurosimError(
            f"{n_neurons:,} neurons, {n_spikes:,} spikes and {n_bins:,} bins need about "
            f"{needed / 2**30:.0f} GiB, of which this machine has {there / 2**30:.0f}: give fewer "
            "neurons, a shorter recording or wider bins"
        )


def _tell_of_shared_bins(bins: NDArray, ids: NDArray, neurons: NDArray, width: float) -> None:
    same = (np.diff(bins) == 0) & (np.diff(ids) == 0)
    if same.any():
        per_neuron = np.bincount(ids[1:][same])
        worst = int(per_neuron.argmax())
        warnings.warn(
            f"{int(same.sum()):,} spikes share a bin of {width:g} ms with another of the same "
            f"neuron (neuron {neurons[worst]}: {per_neuron[worst]:,}), and a neuron that fires "
            "counts once a bin: give a narrower bin_width",
            UserWarning,
            stacklevel=4,
        )
