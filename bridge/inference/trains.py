"""Checked spike trains, sorted into time bins."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bridge.inference.spike_sources import read_source
from bridge.utils.binning import bin_indices, count_bins, is_after
from neurosim import NeurosimError
from neurosim.utils.resources import physical_memory

if TYPE_CHECKING:
    from numpy.typing import NDArray

FASTEST = 1.0
"""Spikes per ms beyond which times cannot be in ms."""
USABLE = 0.6
"""Largest fraction of the machine's memory to use."""


@dataclass(frozen=True, eq=False)
class BinnedTrains:
    """Spikes of all neurons, ordered by time bin.

    Bin k holds the spikes with k·w < t ≤ (k + 1)·w, because a simulated spike carries the end of
    its step. A spike at 0 ms is in the first bin.

    Attributes
    ----------
    neurons : (n,) ndarray of int or str
        Names of the neurons.
    ids : (n_spikes,) ndarray of int32
        Index into `neurons` of the neuron of each spike, ordered by bin.
    bins : (n_spikes,) ndarray of int32
        Bin of each spike.
    starts : (n_bins + 1,) ndarray of int64
        Index into `ids` of the first spike of each bin.
    width : float
        Bin width (ms).
    """

    neurons: NDArray
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
        """Number of neurons, silent ones included."""
        return len(self.neurons)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Spikes of each neuron, shape (n,)."""
        return np.bincount(self.ids, minlength=self.n_neurons)

    @cached_property
    def _by_neuron(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        order = np.argsort(self.ids, kind="stable")
        return self.bins[order].astype(np.int64), np.append(0, np.cumsum(self.counts))

    def fired(self, index: int) -> NDArray[np.int64]:
        """Bins in which one neuron fired, each listed once, ascending."""
        bins, edges = self._by_neuron
        own = bins[edges[index] : edges[index + 1]]
        return own[np.append(True, np.diff(own) > 0)] if len(own) else own

    def select(self, keep: NDArray[np.bool_]) -> BinnedTrains:
        """Return the recording with some of its spikes; shape of `keep` (n_spikes,)."""
        starts = np.append(0, np.cumsum(keep))[self.starts]
        return BinnedTrains(self.neurons, self.ids[keep], self.bins[keep], starts, self.width)

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
    spikes : Result, SpikeTrains, list, dict, (times, ids), table, matrix or list of neo.SpikeTrain
        Times in ms from the start of the recording, those of each neuron ascending.

        - A `Result` with several populations names neurons "population index".
        - A list holds one array per neuron; a dict holds them by the neuron's name (an integer or
          text), or `SpikeTrains` by population, as `Result.spikes` does. A `TsGroup` of pynapple
          is a dict, too.
        - A tuple of two arrays holds the times of all spikes and the id of the neuron of each:
          integers, whole floats as `numpy.loadtxt` returns them, or text.
        - A data frame holds one row per spike, with a column `time_ms` (or `time`, `time_s`,
          `spike_time` …) and a column `neuron` (or `id`, `unit` …), in any order; or one row per
          bin and one column per neuron with the counts of spikes.
        - A two-dimensional array or sparse matrix holds counts of spikes per bin, with time along
          the longer axis.
        - Neo's trains bring their unit, start, stop and names with them.
        - A `BinnedTrains` is returned as it is.
    duration : float, optional
        Length of the recording (ms); results, Neo's trains and matrices bring it with them.
    width : float
        Bin width (ms).

    Raises
    ------
    NeurosimError
        For times that are not finite, negative, out of order or beyond the recording, that look
        like seconds, and for recordings that do not fit into memory.

    Warns
    -----
    UserWarning
        Where a neuron fires more than once within a bin.
    """
    if isinstance(spikes, BinnedTrains):
        return spikes
    _check_time("bin_width", width)
    trains, neurons, known = read_source(spikes, float(width))
    duration = known if duration is None else duration
    if duration is None:
        raise NeurosimError("duration is missing: give the length of the recording in ms")
    duration = float(duration)
    n_bins = _n_bins(duration, width)
    if len(trains) < 2:
        raise NeurosimError(f"{len(trains)} spike train: synapses need at least two neurons")
    for name, train in zip(neurons.tolist(), trains, strict=True):
        _check(train, name, duration, width)
    times = np.concatenate(trains)
    _check_unit(times, duration)
    _check_rates(trains, neurons, duration)
    _check_memory(len(times), n_bins, len(trains))
    ids = np.repeat(np.arange(len(trains), dtype=np.int32), [len(train) for train in trains])
    bins = np.minimum(bin_indices(times, width), n_bins - 1)
    order = np.lexsort((ids, bins))
    ids, bins = ids[order], bins[order]
    _warn_of_shared_bins(bins, ids, neurons, width)
    starts = np.searchsorted(bins, np.arange(n_bins + 1))
    return BinnedTrains(neurons, ids, bins.astype(np.int32), starts, float(width))


def _check_time(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise NeurosimError(f"{name} = {value:g} ms is not a finite time above 0 ms")


def _n_bins(duration: float, width: float) -> int:
    """Return the number of bins, the last of which may be incomplete."""
    _check_time("duration", duration)
    if duration < 2 * width:
        raise NeurosimError(
            f"duration = {duration:.15g} ms holds less than two bins of bin_width = {width:.15g} ms"
        )
    return count_bins(duration, width)


def _check(train: NDArray[np.float64], neuron: int | str, duration: float, width: float) -> None:
    """Refuse spike times of one neuron that cannot be times in the recording."""
    who = f"neuron {neuron}"
    if not np.isfinite(train).all():
        bad = train[~np.isfinite(train)][0]
        raise NeurosimError(f"{who} has a spike at {bad} ms: leave out times that are not finite")
    falls = np.flatnonzero(np.diff(train) < 0)
    if len(falls):
        k = int(falls[0])
        raise NeurosimError(
            f"the spike times of {who} are not in order, {train[k + 1]:.15g} ms comes after "
            f"{train[k]:.15g} ms: sort them"
        )
    if len(train) and train[0] < 0:
        raise NeurosimError(
            f"{who} has a spike at {train[0]:.15g} ms: times are counted from the start of the "
            "recording, from 0 ms"
        )
    if len(train) and is_after(train[-1], duration, width):
        raise NeurosimError(
            f"{who} has a spike at {train[-1]:.15g} ms, after the end of the recording at "
            f"{duration:.15g} ms: give the duration in ms"
        )


def _check_unit(times: NDArray[np.float64], duration: float) -> None:
    if len(times) and times.max() < duration / 200:
        raise NeurosimError(
            f"the last spike is at {times.max():g} ms of {duration:g} ms: were the times given in "
            "seconds? They must be in ms"
        )


def _check_rates(trains: list[NDArray], neurons: NDArray, duration: float) -> None:
    most = int(np.argmax([len(train) for train in trains]))
    if len(trains[most]) > FASTEST * duration:
        raise NeurosimError(
            f"neuron {neurons[most]} fires {len(trains[most]):,} times in {duration:g} ms: no "
            "neuron does; were times and duration given in seconds? They must be in ms"
        )


def _check_memory(n_spikes: int, n_bins: int, n_neurons: int) -> None:
    # Five numbers per spike for sorting; four per bin for each of some threads; ten matrices
    # between all neurons; six tables of neurons by segments of about 200 bins.
    needed = 8.0 * (5 * n_spikes + 16 * n_bins + 10 * n_neurons**2 + n_bins * n_neurons * 6 / 200)
    there = physical_memory()
    if there is not None and needed > USABLE * there:
        raise NeurosimError(
            f"{n_neurons:,} neurons, {n_spikes:,} spikes and {n_bins:,} bins need about "
            f"{needed / 2**30:.0f} GiB, of which this machine has {there / 2**30:.0f}: give fewer "
            "neurons, a shorter recording or wider bins"
        )


def _warn_of_shared_bins(bins: NDArray, ids: NDArray, neurons: NDArray, width: float) -> None:
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
