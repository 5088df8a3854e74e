"""Validated spike trains in time bins."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.recordings.data.spike_sources import read_source
from bridge.utils.binning import bin_indices, count_bins, is_after
from bridge.utils.checks import positive
from bridge.utils.memory import require_memory
from bridge.utils.warn import warn
from neurosim import NeurosimError

# Largest plausible rate (spikes per ms), to detect times in seconds.
FASTEST = 1.0


@dataclass(frozen=True, eq=False)
class BinnedTrains:
    """Spikes of all neurons, ordered by time bin.

    Bin k contains spikes with k·w < t ≤ (k + 1)·w, because the time of a simulated spike is the end
    of its step. A spike at 0 ms is in the first bin.

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

    Examples
    --------
    >>> from bridge.inference import bin_trains
    >>> trains = bin_trains([[1.5, 4.2], [2.5]], duration=6.0)
    >>> trains.counts
    array([2, 1])
    >>> trains.bins.tolist()
    [1, 2, 4]
    """

    neurons: NDArray
    ids: NDArray[np.int32]
    bins: NDArray[np.int32]
    starts: NDArray[np.int64]
    width: float

    def __repr__(self) -> str:
        bins = f"{self.n_bins:,} bins of {self.width:g} ms"
        return f"<BinnedTrains: {len(self.ids):,} spikes of {self.n_neurons} neurons, {bins}>"

    @property
    def n_bins(self) -> int:
        """Number of time bins."""
        return len(self.starts) - 1

    @property
    def n_neurons(self) -> int:
        """Number of neurons including silent ones."""
        return len(self.neurons)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Spikes of each neuron, shape (n,)."""
        return np.bincount(self.ids, minlength=self.n_neurons)

    @cached_property
    def bins_by_neuron(self) -> list[NDArray[np.int32]]:
        """Bins of the spikes of each neuron, ascending."""
        order = np.argsort(self.ids, kind="stable")
        return np.split(self.bins[order], np.cumsum(self.counts)[:-1])

    def fired(self, index: int) -> NDArray[np.int64]:
        """Return the sorted, unique indices of the bins in which a neuron fired."""
        return np.unique(self.bins_by_neuron[index]).astype(np.int64)

    def select(self, keep: NDArray[np.bool_]) -> BinnedTrains:
        """Return a recording with the spikes for which `keep` is True, shape (n_spikes,)."""
        starts = np.append(0, np.cumsum(keep))[self.starts]
        return BinnedTrains(self.neurons, self.ids[keep], self.bins[keep], starts, self.width)

    def until(self, time: float) -> BinnedTrains:
        """Return the recording up to a time (ms), rounded to bins, with all neurons."""
        n_bins = max(1, min(self.n_bins, round(time / self.width)))
        starts = self.starts[: n_bins + 1]
        ids, bins = self.ids[: starts[-1]], self.bins[: starts[-1]]
        return BinnedTrains(self.neurons, ids, bins, starts, self.width)


def bin_trains(
    spikes: Any,
    duration: float | None = None,
    width: float = 1.0,
    *,
    counts: bool = False,
    fewest: int = 2,
) -> BinnedTrains:
    """Validate spike trains and sort them into time bins.

    Parameters
    ----------
    spikes : Result, SpikeTrains, list, dict, (times, ids), table, matrix or list of neo.SpikeTrain
        Times in ms from the start of the recording, ascending for each neuron.

        - A `Result` with several populations names neurons "population index".
        - A list contains one array per neuron, which NaN may follow; a dict contains arrays by
          neuron name (integer or string), or `SpikeTrains` by population, as `Result.spikes` does.
          A `TsGroup` of pynapple counts as a dict.
        - A tuple of two arrays contains the times of all spikes and the neuron of each: integers,
          whole floats as from `numpy.loadtxt`, or strings. They can be the columns of an array.
        - A data frame has one row per spike, with a column `time_ms` (or `time`, `time_s`,
          `spike_time` …) and a column `neuron` (or `id`, `unit` …), in any order; one row per
          neuron with an array of `spike_times`; or one row per bin and one column of spike counts
          per neuron.
        - A two-dimensional array or sparse matrix contains spike counts per bin, with time along
          the longer axis, or along the dimension `time` of an array of xarray.
        - Neo's spike trains, or a segment of them, include unit, start, stop and name.
        - A `BinnedTrains` is returned unchanged.
    duration : float, optional
        Length of the recording (ms); not needed for results, Neo objects and matrices.
    width : float
        Bin width (ms).
    counts : bool
        Whether several spikes of a neuron in a bin count; otherwise there is a warning.
    fewest : int
        Smallest number of neurons.

    Raises
    ------
    NeurosimError
        If times are not finite, negative, not ascending, after the end of the recording or
        apparently in seconds, or if the recording does not fit into memory.

    Warns
    -----
    UserWarning
        If a neuron fires more than once in a bin.

    Examples
    --------
    >>> from bridge.inference import bin_trains
    >>> trains = bin_trains({"A": [1.5, 4.2], "B": [2.5]}, duration=6.0)
    >>> trains.neurons.tolist(), trains.n_bins
    (['A', 'B'], 6)
    """
    if isinstance(spikes, BinnedTrains):
        return spikes
    positive(width, "bin_width", "ms")
    trains, neurons, known = read_source(spikes, float(width))
    duration = known if duration is None else duration
    if duration is None:
        raise NeurosimError("duration is missing: give the length of the recording in ms")
    duration = positive(duration, "duration", "ms")
    if duration < 2 * width:
        raise NeurosimError(
            f"duration = {duration:.15g} ms holds less than two bins of bin_width = {width:.15g} "
            "ms: give times and duration in ms, or a smaller bin_width"
        )
    n_bins = count_bins(duration, width)  # the last one may be incomplete
    if len(trains) < fewest:
        raise NeurosimError(
            f"{len(trains)} spike train{'s' * (len(trains) != 1)}: give those of at least {fewest} "
            f"neuron{'s' * (fewest != 1)}"
        )
    for name, train in zip(neurons.tolist(), trains, strict=True):
        _check(train, name, duration, width)
    times = np.concatenate(trains)
    _check_unit(trains, neurons, duration)
    _check_memory(len(times), n_bins, len(trains))
    ids = np.repeat(np.arange(len(trains), dtype=np.int32), [len(train) for train in trains])
    bins = np.minimum(bin_indices(times, width), n_bins - 1)
    order = np.lexsort((ids, bins))
    ids, bins = ids[order], bins[order]
    if not counts:
        same = (np.diff(bins, prepend=-1) == 0) & (np.diff(ids, prepend=-1) == 0)
        _warn_of_shared_bins(ids[same], neurons, width)
    starts = np.searchsorted(bins, np.arange(n_bins + 1))
    return BinnedTrains(neurons, ids, bins.astype(np.int32), starts, float(width))


def _check(train: NDArray[np.float64], neuron: int | str, duration: float, width: float) -> None:
    """Raise an error for invalid spike times of one neuron."""
    who = f"neuron {neuron}"
    if not np.isfinite(train).all():
        bad = train[~np.isfinite(train)][0]
        raise NeurosimError(f"{who} has a spike at {bad} ms: remove times that are not finite")
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
            "recording, from 0 ms; subtract the time of its start from all"
        )
    if len(train) and is_after(train[-1], duration, width):
        raise NeurosimError(
            f"{who} has a spike at {train[-1]:.15g} ms, after the end of the recording at "
            f"{duration:.15g} ms: give times from the start of the recording, and duration, in ms"
        )


def _check_unit(trains: list[NDArray], neurons: NDArray, duration: float) -> None:
    """Raise an error for times that are apparently in seconds."""
    last = max((train[-1] for train in trains if len(train)), default=math.inf)
    if last < duration / 200:
        raise NeurosimError(
            f"the last spike is at {last:g} ms of {duration:g} ms: are the times in seconds? Give "
            "them in ms"
        )
    most = int(np.argmax([len(train) for train in trains]))
    if len(trains[most]) > FASTEST * duration:
        raise NeurosimError(
            f"neuron {neurons[most]} fires {len(trains[most]):,} times in {duration:g} ms: are "
            "times and duration in seconds? Give them in ms"
        )


def _check_memory(n_spikes: int, n_bins: int, n_neurons: int) -> None:
    """Raise an error for recordings that do not fit into memory."""
    # Five numbers per spike for sorting; four per bin for each of some threads; ten neuron × neuron
    # matrices; six tables of neurons by segments of about 200 bins.
    needed = 8.0 * (5 * n_spikes + 16 * n_bins + 10 * n_neurons**2 + n_bins * n_neurons * 6 / 200)
    what = f"{n_neurons:,} neurons, {n_spikes:,} spikes and {n_bins:,} bins"
    require_memory(needed, what, "give fewer neurons, a shorter recording or wider bins")


def _warn_of_shared_bins(shared: NDArray, neurons: NDArray, width: float) -> None:
    """Warn of spikes of these neurons that share a bin with another."""
    if len(shared):
        per_neuron = np.bincount(shared)
        worst = int(per_neuron.argmax())
        warn(
            f"{len(shared):,} spikes share a bin of {width:g} ms with another of the same "
            f"neuron (neuron {neurons[worst]}: {per_neuron[worst]:,}): such a bin counts as one "
            "spike of the neuron, and all act as inputs; give a smaller bin_width"
        )
