"""Features of population spikes for decoders: counts in windows, filtered counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.recordings.data.trains import bin_trains
from bridge.recordings.glm.bases import Basis
from bridge.utils.binning import whole_number
from bridge.utils.checks import as_floats, as_integer, finite, finite_vector
from bridge.utils.memory import require_memory
from neurosim import NeurosimError

Kernel = int | ArrayLike | Basis


def trial_counts(
    spikes: Any,
    onsets: ArrayLike,
    *,
    window: tuple[float, float] = (0.0, 200.0),
    n_bins: int = 1,
    duration: float | None = None,
    bin_width: float = 1.0,
) -> NDArray[np.float64]:
    """Count the spikes of each neuron in a window after the onset of each trial.

    Parameters
    ----------
    spikes : Result, list, dict, (times, ids), table, matrix or list of neo.SpikeTrain
        As for `bin_trains`.
    onsets : (n_trials,) array_like
        Onset of each trial (ms), rounded to time bins.
    window : (float, float)
        Start and stop of the window relative to the onset (ms); start < t ≤ stop counts.
    n_bins : int
        Number of equal parts of the window, each a whole number of time bins.
    duration : float, optional
        Length of the recording (ms), as for `bin_trains`.
    bin_width : float
        Width of the time bins (ms).

    Returns
    -------
    (n_trials, n_neurons · n_bins) ndarray
        The parts of the first neuron's window, then those of the second, and so on.

    Raises
    ------
    NeurosimError
        If a window extends beyond the recording, or its parts are not whole time bins.

    Examples
    --------
    >>> from bridge import trial_counts
    >>> spikes = {"A": [12.0, 15.0, 118.0], "B": [31.0, 105.0]}
    >>> trial_counts(spikes, [10.0, 100.0], window=(0.0, 20.0), n_bins=2, duration=200.0)
    array([[2., 0., 0., 0.],
           [0., 1., 1., 0.]])
    """
    trains = bin_trains(spikes, duration, bin_width, counts=True, fewest=1)
    n_bins = as_integer(n_bins, "n_bins", 1)
    start, stop = (finite(edge, "window", "ms") for edge in window)
    per_part = whole_number((stop - start) / n_bins, trains.width, ("window / n_bins", "bin_width"))
    onsets = finite_vector(onsets, "onsets", "ms")
    first = np.rint((onsets + start) / trains.width).astype(np.int64)
    outside = (first < 0) | (first + n_bins * per_part > trains.n_bins)
    if outside.any():
        k = int(np.flatnonzero(outside)[0])
        raise NeurosimError(
            f"the window of trial {k}, {onsets[k] + start:g} to {onsets[k] + stop:g} ms, extends "
            f"beyond the recording of {trains.n_bins * trains.width:g} ms: leave the trial out"
        )
    edges = first[:, np.newaxis] + per_part * np.arange(n_bins + 1)
    _check_memory(len(onsets), trains.n_neurons * n_bins)
    parts = [np.diff(np.searchsorted(fired, edges)) for fired in trains.bins_by_neuron]
    return np.concatenate(parts, axis=1).astype(np.float64)


def filtered_counts(
    spikes: Any,
    kernel: Kernel = 1,
    *,
    duration: float | None = None,
    bin_width: float = 1.0,
) -> NDArray[np.float64]:
    """Filter the spike counts of each neuron, for a decoder of every time bin.

    Parameters
    ----------
    spikes : Result, list, dict, (times, ids), table, matrix or list of neo.SpikeTrain
        As for `bin_trains`.
    kernel : int, (n_lags,) or (n_lags, n_filters) array_like, or Basis
        Row l is the effect of a spike l bins ago; row 0 belongs to the current bin. The first lag
        of a basis such as `RaisedCosines` is the current bin. An integer is a number of lags, each
        of which is a feature.
    duration : float, optional
        Length of the recording (ms), as for `bin_trains`.
    bin_width : float
        ms.

    Returns
    -------
    (n_bins, n_neurons · n_filters) ndarray
        The filters of the first neuron, then those of the second, and so on. There are no spikes
        before the recording.

    Examples
    --------
    >>> from bridge import filtered_counts
    >>> filtered_counts({"A": [1.0, 3.0], "B": [2.0]}, [1.0, 0.5], duration=4.0)
    array([[1. , 0. ],
           [0.5, 1. ],
           [1. , 0.5],
           [0.5, 0. ]])
    """
    trains = bin_trains(spikes, duration, bin_width, counts=True, fewest=1)
    filters = as_kernel(kernel, trains.width)
    _check_memory(trains.n_bins, trains.n_neurons * filters.shape[1])
    columns = []
    for fired in trains.bins_by_neuron:
        counts = np.bincount(fired, minlength=trains.n_bins).astype(float)
        columns += [np.convolve(counts, taps)[: trains.n_bins] for taps in filters.T]
    return np.column_stack(columns)


def as_kernel(kernel: Kernel, width: float) -> NDArray[np.float64]:
    """Return a kernel for bins of `width` ms as an array of shape (n_lags, n_filters)."""
    if isinstance(kernel, Basis):
        return kernel.matrix(width)
    if np.ndim(kernel) == 0:
        return np.eye(as_integer(kernel, "kernel", 1))
    filters = as_floats(kernel, "kernel")
    filters = filters[:, np.newaxis] if filters.ndim == 1 else filters
    if filters.ndim != 2 or not filters.size or not np.isfinite(filters).all():
        raise NeurosimError(
            f"kernel has shape {filters.shape}: give finite numbers with one row per lag and one "
            "column per filter"
        )
    return filters


def _check_memory(n_rows: int, n_columns: int) -> None:
    """Raise an error for features that do not fit into memory."""
    what = f"{n_rows:,} rows of {n_columns:,} features"
    remedy = "give fewer neurons, fewer filters or wider bins"
    require_memory(16.0 * n_rows * n_columns, what, remedy)
