"""Intervals of time during which a neuron was observed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def merged(intervals: ArrayLike) -> NDArray[np.float64]:
    """Sort intervals and join those that overlap or touch.

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


def length(intervals: ArrayLike, start: float = -np.inf, stop: float = np.inf) -> float:
    """Return how much of the time from `start` to `stop` intervals cover (ms).

    Time that several intervals cover counts once.
    """
    within = np.clip(merged(intervals), start, stop)
    return float(np.sum(within[:, 1] - within[:, 0]))


def locate(times: NDArray[np.float64], intervals: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the index of the interval that holds each time, −1 where none does.

    Parameters
    ----------
    times : (n_times,) ndarray
        ms.
    intervals : (n, 2) ndarray
        Ascending and disjoint (`merged`). Both ends belong to an interval.

    Returns
    -------
    (n_times,) ndarray of int64
    """
    if not len(intervals):
        return np.full(len(times), -1)
    found = np.searchsorted(intervals[:, 0], times, side="right") - 1
    return np.where((found >= 0) & (times <= intervals[found, 1]), found, -1)
