"""Groups of spikes, to add the filters of a group at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.recordings.data.trains import BinnedTrains
from bridge.recordings.glm.filter_kernels import (
    GROUP,
    add_filters,
    add_filters_of_groups,
    assign_groups,
    sums_after,
    sums_after_groups,
)

# Numbers that a processor adds at once, or a multiple.
LANES = 8
# Largest number of bins between spikes of a group of any neurons.
WIDEST = 32
# Bins of a group of spikes of one neuron. Their values fit into the second-level cache.
BLOCK = 8192


@dataclass(frozen=True, eq=False)
class _Single:
    """Spikes that are added one by one: neurons, bins and the longest lag at which each acts."""

    ids: NDArray[np.int32]
    bins: NDArray[np.int32]
    reach: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class _Near:
    """Groups of spikes of any neurons within `span` bins; see `add_filters_of_groups`."""

    ids: NDArray[np.int32]
    delays: NDArray[np.int8]
    first: NDArray[np.int32]
    span: int

    @classmethod
    def of(cls, ids: NDArray, bins: NDArray, n_neurons: int, n_bins: int) -> _Near:
        """Group the spikes, with the smallest span in which a group is usually full."""
        spikes_per_bin = max(len(ids) / max(n_bins, 1), GROUP / WIDEST)
        span = LANES * math.ceil(GROUP / spikes_per_bin / LANES)
        any_neuron = np.zeros(len(ids), np.int32)
        groups, slots, n_groups, first = assign_groups(any_neuron, 1, bins, span)
        # A group with fewer spikes is filled with spikes of a neuron without a filter.
        members = np.full((n_groups, GROUP), n_neurons, np.int32)
        delays = np.zeros((n_groups, GROUP), np.int8)
        members[groups, slots], delays[groups, slots] = ids, bins - first[groups]
        return cls(members, delays, first[:n_groups].copy(), span)


@dataclass(frozen=True, eq=False)
class _Same:
    """Groups of spikes of one neuron; see `sums_after_groups`."""

    ids: NDArray[np.int32]
    bins: NDArray[np.int32]

    @classmethod
    def of(cls, ids: NDArray, bins: NDArray, n_neurons: int, n_bins: int) -> _Same:
        """Group the spikes of each neuron."""
        groups, slots, n_groups, _ = assign_groups(ids, n_neurons, bins, BLOCK)
        # A group with fewer spikes is filled with spikes at the end, where all values are 0.
        found, neurons = np.full((n_groups, GROUP), n_bins, np.int32), np.empty(n_groups, np.int32)
        found[groups, slots], neurons[groups] = bins, ids
        return cls(neurons, found)


@dataclass(frozen=True, eq=False)
class GroupedSpikes:
    """Spikes of n neurons, and the effect of each up to `n_lags` bins later.

    Spikes that act up to the longest lag are in groups, which is almost twice as fast.
    """

    n_neurons: int
    n_bins: int
    n_lags: int
    single: _Single
    near: _Near
    same: _Same

    @classmethod
    def of(
        cls,
        trains: BinnedTrains,
        reach: NDArray[np.int32],
        n_lags: int,
        *,
        grouped: bool = True,
    ) -> GroupedSpikes:
        """Group spikes.

        Parameters
        ----------
        trains : BinnedTrains
        reach : (n_spikes,) ndarray of int32
            Longest lag at which each spike acts.
        n_lags : int
        grouped : bool
            False to add all spikes one by one, if they are used too rarely to pay for grouping.
        """
        ids, bins = trains.ids, trains.bins
        whole = (reach == n_lags) if grouped else np.zeros(len(ids), dtype=bool)
        spikes = ids[whole], bins[whole], trains.n_neurons, trains.n_bins
        single = _Single(ids[~whole], bins[~whole], reach[~whole])
        return cls(*spikes[2:], n_lags, single, _Near.of(*spikes), _Same.of(*spikes))

    @property
    def size(self) -> int:
        """Number of elements of the arrays over bins, which contain bins beyond the recording."""
        return self.n_bins + 1 + self.near.span + self.n_lags + 2 * LANES

    def add_filters(self, filters: NDArray[np.float64], scores: NDArray[np.float64]) -> None:
        """Add the filter of each spike's neuron to the scores of the bins after it.

        Parameters
        ----------
        filters : (n_neurons, n_lags) ndarray
        scores : (size,) ndarray
        """
        single, near = self.single, self.near
        add_filters(single.ids, single.bins, single.reach, filters, scores)
        after = near.span + -(near.span + self.n_lags) % LANES
        rows = np.pad(filters, ((0, 1), (near.span, after)))
        add_filters_of_groups(near.ids, near.delays, near.first, rows, near.span, scores)

    def sums_after(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sums of values by lag after the spikes of each neuron.

        Parameters
        ----------
        values : (size,) ndarray
            0 beyond the recording.

        Returns
        -------
        (n_neurons, n_lags) ndarray
        """
        found = np.zeros((self.n_neurons, self.n_lags + -self.n_lags % LANES))
        sums_after_groups(self.same.ids, self.same.bins, values, found)
        found = found[:, : self.n_lags].copy()
        single = self.single
        sums_after(single.ids, single.bins, single.reach, values, found)
        return found
