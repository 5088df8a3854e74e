"""Intervals of time during which a neuron was observed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def merged(intervals: ArrayLike) -> NDArray[np.float64]:
    """Sort intervals, and merge those that overlap or touch.

    Parameters
    ----------
    intervals : (n, 2) array_like
        Start and end of each (ms), in any order.

    Returns
    -------
    (n_merged, 2) ndarray of float64
        Ascending and disjoint.
    """
    array = np.asarray(intervals, dtype=float).reshape(-1, 2)
    array = array[np.argsort(array[:, 0], kind="stable")]
    ends = np.maximum.accumulate(array[:, 1])
    first = np.ones(len(array), bool)
    first[1:] = array[1:, 0] > ends[:-1]
    last = np.append(first[1:], True)[: len(array)]
    return np.column_stack([array[first, 0], ends[last]])


def coverage(intervals: ArrayLike, edges: ArrayLike) -> NDArray[np.float64]:
    """Return the length of each bin that is covered by intervals (ms).

    Overlapping intervals count once.

    Parameters
    ----------
    intervals : (n, 2) array_like
        Start and end of each (ms), in any order.
    edges : (n_bins + 1,) array_like
        Ascending edges of the bins (ms).

    Returns
    -------
    (n_bins,) ndarray of float64
    """
    disjoint, edges = merged(intervals), np.asarray(edges, dtype=float)
    if not len(disjoint):
        return np.zeros(len(edges) - 1)
    before = np.append(0.0, np.cumsum(disjoint[:, 1] - disjoint[:, 0]))
    # The cumulative covered time is linear between the ends of intervals.
    covered = np.interp(edges, disjoint.ravel(), np.column_stack([before[:-1], before[1:]]).ravel())
    return np.diff(covered)


def locate(times: NDArray[np.float64], intervals: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the index of the interval that contains each time, −1 if none does.

    Parameters
    ----------
    times : (n_times,) ndarray
        ms.
    intervals : (n, 2) ndarray
        Ascending and disjoint (`merged`). Both ends are included.

    Returns
    -------
    (n_times,) ndarray of int64
    """
    if not len(intervals):
        return np.full(len(times), -1)
    found = np.searchsorted(intervals[:, 0], times, side="right") - 1
    return np.where((found >= 0) & (times <= intervals[found, 1]), found, -1)
