"""From recordings to trials: time bins, lagged stimulus, spike history, blocked validation."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from bridge.utils.binning import bin_indices, is_after, whole_number
from neurosim import NeurosimError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    from bridge.learning.logistic import LogisticNeuron

Fold = tuple["NDArray[np.intp]", "NDArray[np.intp]"]
"""Indices of the trials to train on and to test on."""


def bin_spikes(times: ArrayLike, duration: float, width: float = 1.0) -> NDArray[np.int64]:
    """Count spikes in bins of equal width.

    Parameters
    ----------
    times : (n_spikes,) array_like
        Spike times (ms), in any order.
    duration, width : float
        Length of the recording and of a bin (ms), the first a multiple of the second.

    Returns
    -------
    (n_bins,) ndarray of int
        Bin k counts k·width < t ≤ (k + 1)·width, as everywhere in the bridge: a simulated spike
        carries the end of its step. A spike at 0 ms counts in bin 0, one at `duration` in the last.
        Times within 1e-6 bins of an edge count as lying on it.

    Raises
    ------
    NeurosimError
        For a duration that is not a whole number of bins and for times outside the recording.
    """
    n_bins = whole_number(duration, width, ("duration", "width"))
    times = np.asarray(times, dtype=float)
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
        One per `interval`.
    interval, width : float
        Sampling interval and bin width (ms), the second a multiple of the first.

    Returns
    -------
    (n_bins,) ndarray
        An incomplete last bin is left out.

    Raises
    ------
    NeurosimError
        For a width that is not a whole number of sampling intervals.
    """
    samples = np.asarray(samples, dtype=float)
    per_bin = whole_number(width, interval, ("width", "interval"))
    n_bins = len(samples) // per_bin
    return samples[: n_bins * per_bin].reshape(n_bins, per_bin).mean(axis=1)


def lagged(values: ArrayLike, n_lags: int, *, before: float | None = None) -> NDArray[np.float64]:
    """Return the present and past values of a signal for each bin.

    Parameters
    ----------
    values : (n_bins,) array_like
    n_lags : int
    before : float, optional
        Value before the recording; its first value if not given.

    Returns
    -------
    (n_bins, n_lags) ndarray
        Column k holds the value k bins ago.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or len(values) == 0:
        raise NeurosimError(f"a signal of shape {values.shape} cannot be lagged: give a 1-D array")
    if n_lags < 1:
        raise NeurosimError(f"n_lags = {n_lags} is below 1: give at least one lag")
    past = np.full(n_lags - 1, values[0] if before is None else before)
    padded = np.concatenate([past, values])
    return np.lib.stride_tricks.sliding_window_view(padded, n_lags)[:, ::-1].copy()


def spike_history(counts: ArrayLike, n_lags: int) -> NDArray[np.float64]:
    """Return the past spike counts for each bin, the present one excluded.

    Parameters
    ----------
    counts : (n_bins,) array_like
    n_lags : int

    Returns
    -------
    (n_bins, n_lags) ndarray
        Column k holds the count k + 1 bins ago, 0 before the recording.
    """
    return lagged(counts, n_lags + 1, before=0.0)[:, 1:]


def blocked_folds(n_bins: int, n_folds: int = 5, *, margin: int = 0) -> list[Fold]:
    """Cut a recording into contiguous test blocks, training on what lies outside each.

    Parameters
    ----------
    n_bins, n_folds : int
    margin : int
        Bins on either side of a test block which are not trained on: give the longest lag, so that
        no row trained on shares a value with a row tested.

    Returns
    -------
    list of (train, test) index arrays
    """
    if not 2 <= n_folds <= n_bins:
        raise NeurosimError(f"n_folds = {n_folds} is outside 2 to {n_bins}, the number of bins")
    if margin < 0:
        raise NeurosimError(f"margin = {margin} is negative: give a number of bins from 0")
    edges = np.linspace(0, n_bins, n_folds + 1).astype(int)
    bins = np.arange(n_bins)
    return [
        (np.concatenate([bins[: max(0, start - margin)], bins[stop + margin :]]), bins[start:stop])
        for start, stop in pairwise(edges)
    ]


def out_of_fold_probability(
    neuron: LogisticNeuron | Any, X: NDArray, fired: NDArray, folds: Iterable[Fold]
) -> NDArray[np.float64]:
    """Return the probability to fire of each trial, by a neuron that has not seen it.

    Parameters
    ----------
    neuron : LogisticNeuron
        Or any classifier of scikit-learn; it is not changed.
    X : (n_trials, n) ndarray
    fired : (n_trials,) ndarray of 0 and 1
    folds : iterable of (train, test)

    Returns
    -------
    (n_trials,) ndarray
        NaN for trials in no test set.
    """
    probability = np.full(len(fired), np.nan)
    for train, test in folds:
        fitted = clone(neuron).fit(X[train], fired[train])
        probability[test] = fitted.predict_proba(X[test])[:, 1]
    return probability
