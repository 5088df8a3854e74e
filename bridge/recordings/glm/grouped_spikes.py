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
class GroupedSpikes:
    """Spikes of n neurons, and the effect of each up to `n_lags` bins later.

    Spikes that act up to the longest lag are in groups, which is almost twice as fast.

    Attributes
    ----------
    n_neurons, n_bins, n_lags : int
    single : tuple of ndarray
        Neurons, bins and longest lags of the spikes that are added one by one.
    near : tuple of ndarray
        Groups of spikes of any neurons within `span` bins; see `add_filters_of_groups`.
    span : int
    same : tuple of ndarray
        Groups of spikes of one neuron; see `sums_after_groups`.
    """

    n_neurons: int
    n_bins: int
    n_lags: int
    single: tuple[NDArray, NDArray, NDArray]
    near: tuple[NDArray, NDArray, NDArray]
    span: int
    same: tuple[NDArray, NDArray]

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
        single = ids[~whole], bins[~whole], reach[~whole]
        size = trains.n_neurons, trains.n_bins
        spikes = ids[whole], bins[whole], *size
        return cls(*size, n_lags, single, *_near(*spikes), _same(*spikes))

    @property
    def size(self) -> int:
        """Number of elements of the arrays over bins, which contain bins beyond the recording."""
        return self.n_bins + 1 + self.span + self.n_lags + 2 * LANES

    def add_filters(self, filters: NDArray[np.float64], scores: NDArray[np.float64]) -> None:
        """Add the filter of each spike's neuron to the scores of the bins after it.

        Parameters
        ----------
        filters : (n_neurons, n_lags) ndarray
        scores : (size,) ndarray
        """
        add_filters(*self.single, filters, scores)
        after = self.span + -(self.span + self.n_lags) % LANES
        rows = np.pad(filters, ((0, 1), (self.span, after)))
        add_filters_of_groups(*self.near, rows, self.span, scores)

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
        sums_after_groups(*self.same, values, found)
        found = found[:, : self.n_lags].copy()
        sums_after(*self.single, values, found)
        return found


def _near(
    ids: NDArray, bins: NDArray, n_neurons: int, n_bins: int
) -> tuple[tuple[NDArray, NDArray, NDArray], int]:
    """Group spikes of any neurons, with the smallest span in which a group is usually full."""
    spikes_per_bin = max(len(ids) / max(n_bins, 1), GROUP / WIDEST)
    span = LANES * math.ceil(GROUP / spikes_per_bin / LANES)
    any_neuron = np.zeros(len(ids), np.int32)
    groups, slots, n_groups, first = assign_groups(any_neuron, 1, bins, span)
    # A group with fewer spikes is filled with spikes of a neuron without a filter.
    members = np.full((n_groups, GROUP), n_neurons, np.int32)
    delays = np.zeros((n_groups, GROUP), np.int8)
    members[groups, slots], delays[groups, slots] = ids, bins - first[groups]
    return (members, delays, first[:n_groups].copy()), span


def _same(ids: NDArray, bins: NDArray, n_neurons: int, n_bins: int) -> tuple[NDArray, NDArray]:
    """Group the spikes of each neuron."""
    groups, slots, n_groups, _ = assign_groups(ids, n_neurons, bins, BLOCK)
    # A group with fewer spikes is filled with spikes at the end, where all values are 0.
    found, neurons = np.full((n_groups, GROUP), n_bins, np.int32), np.empty(n_groups, np.int32)
    found[groups, slots], neurons[groups] = bins, ids
    return neurons, found
