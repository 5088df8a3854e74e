"""Select the epochs to analyse and the intervals in which each neuron is present."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bridge.recordings.data.trains import BinnedTrains
from bridge.recordings.slow.smoothing import segment_sums
from bridge.utils.binning import TOLERANCE
from neurosim import NeurosimError
from neurosim.utils.warn import warn


@dataclass(frozen=True, eq=False)
class Observation:
    """Bins that count in the likelihood of each neuron.

    Attributes
    ----------
    n_bins : int
    epochs : (n_epochs, 2) ndarray of int, optional
        Start and stop bin of each epoch, ascending; None for the whole recording.
    presence : list of (n_intervals, 2) ndarray of int or None
        Start and stop bin of the intervals in which each neuron is present; None for always.
    pieces : (n_pieces, 2) ndarray of int, optional
        Start and stop bin of the parts between gaps; None for no gaps.
    lead : int
        Bins after a gap that do not count, because earlier spikes are missing.
    """

    n_bins: int
    epochs: NDArray[np.int64] | None
    presence: list[NDArray[np.int64] | None]
    pieces: NDArray[np.int64] | None = None
    lead: int = 0

    @classmethod
    def of(
        cls, trains: BinnedTrains, epochs: Any, presence: Any, gaps: Any = None, lead: int = 0
    ) -> Observation:
        """Convert intervals in ms, as in `PopulationGLM.fit`."""
        width, n_bins = trains.width, trains.n_bins
        each = [
            None if one is None else _bins(one, n_bins, width, f"presence of neuron {name}")
            for name, one in zip(trains.neurons.tolist(), _by_neuron(presence, trains), strict=True)
        ]
        found = None if epochs is None else _bins(epochs, n_bins, width, "epochs")
        pieces = None if gaps is None else _pieces(gaps, n_bins, width)
        return cls(n_bins, found, each, pieces, lead)

    @property
    def is_present(self) -> bool:
        """Whether every neuron is present all the time."""
        return all(one is None for one in self.presence)

    def present(self, index: int) -> NDArray[np.bool_] | None:
        """Return a mask of the bins in which a neuron is present; None if always."""
        return _mask(self.presence[index], self.n_bins)

    def counted(self, index: int) -> NDArray[np.bool_] | None:
        """Return a mask of the bins in the likelihood of a neuron; None for all."""
        return _all(self.present(index), self.counted_by_all)

    @property
    def counted_by_all(self) -> NDArray[np.bool_] | None:
        """A mask of the bins in the likelihood of all neurons while present; None for all."""
        return _all(_mask(self.epochs, self.n_bins), self._after_gaps)

    @property
    def _after_gaps(self) -> NDArray[np.bool_] | None:
        """A mask of the bins in which all relevant spikes are known; None without gaps."""
        if self.pieces is None:
            return None
        starts = np.minimum(self.pieces[:, 0] + self.lead, self.pieces[:, 1])
        starts[0] = self.pieces[0, 0] if self.pieces[0, 0] == 0 else starts[0]
        return _mask(np.column_stack([starts, self.pieces[:, 1]]), self.n_bins)

    def without_absent(self, trains: BinnedTrains) -> BinnedTrains:
        """Remove spikes of absent neurons and in gaps, with a warning."""
        inside = _mask(self.pieces, self.n_bins)
        keep = np.ones(len(trains.ids), dtype=bool) if inside is None else inside[trains.bins]
        for index in range(trains.n_neurons):
            present = self.present(index)
            if present is not None:
                of_neuron = trains.ids == index
                keep[of_neuron] &= present[trains.bins[of_neuron]]
        if not keep.all():
            warn(
                f"{(~keep).sum():,} spikes lie in gaps or outside the presence of their neurons "
                "and are ignored"
            )
        return trains.select(keep)


class Counts(NamedTuple):
    """Numbers of spikes and bins of each neuron, shape (n,) each.

    Attributes
    ----------
    spikes : ndarray of int
        Spikes in the likelihood.
    fired, silent : ndarray of int
        Bins in the likelihood with spikes and without.
    present : ndarray
        Bins in which the neuron is present.
    """

    spikes: NDArray[np.int64]
    fired: NDArray[np.int64]
    silent: NDArray[np.int64]
    present: NDArray[np.float64]

    @classmethod
    def of(cls, trains: BinnedTrains, observation: Observation) -> Counts:
        """Count the spikes and bins of each neuron."""
        n_bins = trains.n_bins
        spikes, bins = trains.counts.copy(), np.full(trains.n_neurons, float(n_bins))
        fired, silent = np.empty_like(spikes), np.empty_like(spikes)
        for index in range(trains.n_neurons):
            counted, present = observation.counted(index), observation.present(index)
            unique, used = trains.fired(index), n_bins
            if counted is not None:
                unique, used = unique[counted[unique]], int(counted.sum())
                spikes[index] = counted[trains.bins_by_neuron[index]].sum()
            fired[index], silent[index] = len(unique), used - len(unique)
            if present is not None:
                bins[index] = present.sum()
        return cls(spikes, fired, silent, bins)

    @property
    def rates(self) -> NDArray[np.float64]:
        """Spikes per bin in the likelihood."""
        return self.spikes / np.maximum(self.fired + self.silent, 1)

    def constant(self, fewest: int, *, repeated: bool) -> NDArray[np.bool_]:
        """Return which neurons are silent in fewer than `fewest` bins.

        Their counts must not vary either if spikes that share a bin count (`repeated`).
        """
        doubles = self.spikes - self.fired if repeated else 0
        return (self.silent < fewest) & (self.spikes >= fewest) & (doubles < fewest)


def absence(observation: Observation, spacing: int) -> NDArray[np.float64] | None:
    """Return the fraction of each segment in which each neuron is absent.

    The result is None if no neuron is ever absent.
    """
    if observation.is_present:
        return None
    sizes = segment_sums(np.ones(observation.n_bins), spacing)
    absent = np.zeros((len(sizes), len(observation.presence)))
    for index in range(absent.shape[1]):
        present = observation.present(index)
        if present is not None:
            absent[:, index] = 1.0 - segment_sums(present, spacing) / sizes
    return absent


def counts_by_segment(
    trains: BinnedTrains, observation: Observation, spacing: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return spikes and bins in the likelihood by segment, shape (n_segments, n) each."""
    sizes = segment_sums(np.ones(trains.n_bins), spacing)
    spikes, bins = (np.empty((len(sizes), trains.n_neurons)) for _ in range(2))
    for index in range(trains.n_neurons):
        fired, counted = trains.fired(index), observation.counted(index)
        if counted is not None:
            fired = fired[counted[fired]]
        spikes[:, index] = np.bincount(fired // spacing, minlength=len(sizes))
        bins[:, index] = sizes if counted is None else segment_sums(counted, spacing)
    return spikes, bins


def _by_neuron(presence: Any, trains: BinnedTrains) -> list[Any]:
    """Return the intervals of each neuron, None if it is always present."""
    if presence is None:
        return [None] * trains.n_neurons
    names = trains.neurons.tolist()
    if isinstance(presence, Mapping):
        unknown = [name for name in presence if name not in names]
        if unknown:
            raise NeurosimError(
                f"presence names neurons that are not among the {len(names)} recorded: "
                f"{', '.join(map(str, unknown[:5]))}"
            )
        return [presence.get(name) for name in names]
    if not hasattr(presence, "__len__") or len(presence) != len(names):
        raise NeurosimError(
            f"presence must hold intervals for each of the {len(names)} neurons: give a dict by "
            "neuron, or a list with None for neurons that are always present"
        )
    return list(presence)


def _pairs(intervals: Any, width: float, message: str, *, empty: bool = False) -> NDArray:
    """Return intervals (ms) in bins, sorted by start; `empty` ones are allowed or not."""
    if hasattr(intervals, "start") and hasattr(intervals, "end"):  # pynapple, in seconds
        intervals = 1e3 * np.column_stack([intervals.start, intervals.end])
    try:
        pairs = np.atleast_2d(np.asarray(intervals, dtype=float))
    except (TypeError, ValueError):
        pairs = np.empty((0, 0))
    if pairs.shape[1:] != (2,):
        raise NeurosimError(message)
    starts, stops = pairs.T
    if not ((starts < stops) | (empty & (starts == stops))).all():  # also for NaN
        raise NeurosimError(message)
    return pairs[np.argsort(starts)] / width


def _bins(intervals: Any, n_bins: int, width: float, what: str) -> NDArray[np.int64]:
    """Convert intervals (ms) to sorted ranges of the bins that they contain."""
    message = f"{what}: give pairs of start and stop in ms, each start before its stop"
    edges = np.clip(_pairs(intervals, width, message), 0.0, n_bins)
    first = np.ceil(edges[:, 0] - TOLERANCE).astype(np.int64)
    last = np.maximum.accumulate(np.floor(edges[:, 1] + TOLERANCE).astype(np.int64))
    if not (last > first).any():
        raise NeurosimError(
            f"{what}: no bin of {width:g} ms lies within the intervals, or they lie outside the "
            f"recording of {n_bins * width:.15g} ms"
        )
    return np.column_stack([first, last])


def _pieces(gaps: Any, n_bins: int, width: float) -> NDArray[np.int64]:
    """Return the ranges of bins between gaps (ms), which may have a length of 0."""
    message = (
        "gaps: give pairs of start and stop in ms, each start not after its stop; equal ones for "
        "recordings that were joined"
    )
    edges = np.clip(_pairs(gaps, width, message, empty=True), 0.0, n_bins)
    stops = np.maximum.accumulate(np.ceil(edges[:, 1] - TOLERANCE).astype(np.int64))
    starts = np.floor(edges[:, 0] + TOLERANCE).astype(np.int64)
    found = np.column_stack([np.append(0, stops), np.append(starts, n_bins)])
    found = found[found[:, 1] > found[:, 0]]
    if not len(found):
        raise NeurosimError(
            f"gaps cover the whole recording of {n_bins * width:.15g} ms: give the parts in which "
            "nothing was recorded"
        )
    return found


def _all(*masks: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    """Return where all masks are True; None for everywhere."""
    known = [mask for mask in masks if mask is not None]
    return np.logical_and.reduce(known) if known else None


def _mask(ranges: NDArray[np.int64] | None, n_bins: int) -> NDArray[np.bool_] | None:
    """Convert ranges to a mask."""
    if ranges is None:
        return None
    mask = np.zeros(n_bins, dtype=bool)
    for first, last in ranges.tolist():
        mask[first:last] = True
    return mask
