"""From recordings to trials: time bins, lagged stimulus, spike history, blocked validation."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from neurosim import NeurosimError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    from bridge.logistic import LogisticNeuron

Fold = tuple["NDArray[np.intp]", "NDArray[np.intp]"]
"""Indices of the trials to train on and to test on."""


def bin_spikes(times: ArrayLike, duration: float, width: float = 1.0) -> NDArray[np.int64]:
    """Count spikes in bins of equal width.

    Parameters
    ----------
    times : (n_spikes,) array_like
        Spike times (ms).
    duration, width : float
        Length of the recording and of a bin (ms), the first a multiple of the second.

    Returns
    -------
    (n_bins,) ndarray of int
        Bin k counts k·width ≤ t < (k + 1)·width.
    """
    times = np.asarray(times, dtype=float)
    n_bins = _whole(duration / width, f"duration = {duration:g} ms over width = {width:g} ms")
    if not ((times >= 0) & (times < duration)).all():
        raise NeurosimError(f"spike times must lie from 0 to below {duration:g} ms")
    # A hair of a bin keeps times that stand on an edge in the bin they begin.
    return np.bincount(np.floor(times / width + 1e-9).astype(np.intp), minlength=n_bins)[:n_bins]


def bin_means(samples: ArrayLike, interval: float, width: float = 1.0) -> NDArray[np.float64]:
    """Average samples over bins of equal width.

    Parameters
    ----------
    samples : (n_samples,) array_like
        One every `interval`.
    interval, width : float
        Of the samples and of a bin (ms), the second a multiple of the first.

    Returns
    -------
    (n_bins,) ndarray
        A last bin that is not full is left out.
    """
    samples = np.asarray(samples, dtype=float)
    per_bin = _whole(width / interval, f"width = {width:g} ms over interval = {interval:g} ms")
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


def _whole(ratio: float, name: str) -> int:
    if not (math.isfinite(ratio) and ratio >= 0.5 and abs(ratio - round(ratio)) < 1e-6 * ratio):
        raise NeurosimError(f"{name} is {ratio:g}: it must be a whole number")
    return round(ratio)
