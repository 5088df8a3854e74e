"""Features of recordings: bins, lagged stimulus, spike history, blocked folds."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from bridge.utils.binning import bin_indices, is_after, whole_number
from bridge.utils.checks import as_float, as_floats, as_integer
from neurosim import NeurosimError

# Indices of training and test trials.
Fold = tuple["NDArray[np.intp]", "NDArray[np.intp]"]


def bin_spikes(times: ArrayLike, duration: float, width: float = 1.0) -> NDArray[np.int64]:
    """Count spikes in bins of equal width.

    Parameters
    ----------
    times : (n_spikes,) array_like
        Spike times (ms), in any order.
    duration, width : float
        Length of the recording and bin width (ms). The duration must be a multiple of the width.

    Returns
    -------
    (n_bins,) ndarray of int
        Bin k counts spikes with k·width < t ≤ (k + 1)·width, because the time of a simulated spike
        is the end of its step. A spike at 0 ms is counted in bin 0.
        A spike at `duration` is counted in the last bin.
        Times within 1e-6 bins of an edge are treated as equal to it.

    Raises
    ------
    NeurosimError
        If the duration is not a whole number of bins or a time is outside the recording.

    Examples
    --------
    >>> from bridge import bin_spikes
    >>> bin_spikes([0.4, 1.0, 1.2, 3.9], duration=5.0, width=1.0)
    array([2, 1, 0, 1, 0])
    """
    n_bins = whole_number(duration, width, ("duration", "width"))
    times = as_floats(times, "times")
    outside = ~(times >= 0) | is_after(times, duration, width)
    if outside.any():
        raise NeurosimError(
            f"a spike at {float(times[outside][0])!r} ms lies outside the recording: give times "
            f"from 0 to {float(duration)!r} ms"
        )
    return np.bincount(np.minimum(bin_indices(times, width), n_bins - 1), minlength=n_bins)


def bin_means(samples: ArrayLike, interval: float, width: float = 1.0) -> NDArray[np.float64]:
    """Average samples over bins of equal width.

    Parameters
    ----------
    samples : (n_samples,) array_like
        One sample per `interval`.
    interval, width : float
        Sampling interval and bin width (ms). The width must be a multiple of the interval.

    Returns
    -------
    (n_bins,) ndarray
        An incomplete last bin is omitted.

    Raises
    ------
    NeurosimError
        If the width is not a whole number of sampling intervals.

    Examples
    --------
    >>> from bridge import bin_means
    >>> bin_means([0.0, 1.0, 2.0, 3.0], interval=0.5, width=1.0)
    array([0.5, 2.5])
    """
    samples = as_floats(samples, "samples")
    per_bin = whole_number(width, interval, ("width", "interval"))
    n_bins = len(samples) // per_bin
    return samples[: n_bins * per_bin].reshape(n_bins, per_bin).mean(axis=1)


def lagged(values: ArrayLike, n_lags: int, *, before: float | None = None) -> NDArray[np.float64]:
    """Return the current and past values of a signal for each bin.

    Parameters
    ----------
    values : (n_bins,) array_like
    n_lags : int
    before : float, optional
        Value before the recording. Default: the first value.

    Returns
    -------
    (n_bins, n_lags) ndarray
        Column k contains the value k bins ago.

    Examples
    --------
    >>> from bridge import lagged
    >>> lagged([1.0, 2.0, 3.0], n_lags=2)
    array([[1., 1.],
           [2., 1.],
           [3., 2.]])
    """
    values, n_lags = as_floats(values, "values"), as_integer(n_lags, "n_lags", 1)
    if values.ndim != 1 or len(values) == 0:
        raise NeurosimError(f"a signal of shape {values.shape} cannot be lagged: give a 1-D array")
    past = np.full(n_lags - 1, values[0] if before is None else as_float(before, "before"))
    padded = np.concatenate([past, values])
    return np.lib.stride_tricks.sliding_window_view(padded, n_lags)[:, ::-1].copy()


def spike_history(counts: ArrayLike, n_lags: int) -> NDArray[np.float64]:
    """Return the past spike counts for each bin, without the current one.

    Parameters
    ----------
    counts : (n_bins,) array_like
    n_lags : int

    Returns
    -------
    (n_bins, n_lags) ndarray
        Column k contains the count k + 1 bins ago, 0 before the recording.

    Examples
    --------
    >>> from bridge import spike_history
    >>> spike_history([0, 1, 0, 2], n_lags=2)
    array([[0., 0.],
           [0., 0.],
           [1., 0.],
           [0., 1.]])
    """
    return lagged(counts, as_integer(n_lags, "n_lags", 0) + 1, before=0.0)[:, 1:]


def blocked_folds(n_bins: int, n_folds: int = 5, *, margin: int = 0) -> list[Fold]:
    """Split a recording into contiguous test blocks and matching training bins.

    Parameters
    ----------
    n_bins, n_folds : int
    margin : int
        Bins on both sides of a test block that are excluded from training. Use the longest lag, so
        that training and test rows share no value.

    Returns
    -------
    list of (train, test) index arrays

    Examples
    --------
    >>> from bridge import blocked_folds
    >>> train, test = blocked_folds(10, 5, margin=1)[1]
    >>> train, test
    (array([0, 5, 6, 7, 8, 9]), array([2, 3]))
    """
    n_bins, margin = as_integer(n_bins, "n_bins", 2), as_integer(margin, "margin", 0)
    if not 2 <= as_integer(n_folds, "n_folds") <= n_bins:
        raise NeurosimError(f"n_folds = {n_folds} is outside 2 to {n_bins}, the number of bins")
    edges = np.linspace(0, n_bins, n_folds + 1).astype(int)
    bins = np.arange(n_bins)
    return [
        (np.concatenate([bins[: max(0, start - margin)], bins[stop + margin :]]), bins[start:stop])
        for start, stop in pairwise(edges)
    ]


def out_of_fold_probability(
    neuron: Any, X: NDArray, fired: NDArray, folds: Iterable[Fold]
) -> NDArray[np.float64]:
    """Return the cross-validated firing probability of each trial.

    Parameters
    ----------
    neuron : LogisticNeuron or another scikit-learn classifier
        It is not modified.
    X : (n_trials, n) ndarray
    fired : (n_trials,) ndarray of 0 and 1
    folds : iterable of (train, test)

    Returns
    -------
    (n_trials,) ndarray
        NaN for trials without test set.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import LogisticNeuron, blocked_folds, out_of_fold_probability
    >>> rng = np.random.default_rng(1)
    >>> X = rng.normal(size=(500, 1))
    >>> fired = (rng.random(500) < 1.0 / (1.0 + np.exp(-X[:, 0]))).astype(int)
    >>> probability = out_of_fold_probability(LogisticNeuron(), X, fired, blocked_folds(500))
    >>> probability[:3].round(2)
    array([0.55, 0.66, 0.55])
    """
    probability = np.full(len(fired), np.nan)
    for train, test in folds:
        fitted = clone(neuron).fit(X[train], fired[train])
        probability[test] = fitted.predict_proba(X[test])[:, 1]
    return probability
