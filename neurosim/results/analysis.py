"""Measures of spike trains and potentials.

These include rates, irregularity, synchrony, rhythm and correlation.

Windows and bins count whole steps: a spike at time t belongs to the bin (t - width, t].
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.results.spike_trains import checked_array
from neurosim.results.windows import bin_index, check_window, inside, whole_bins
from neurosim.utils.checks import check_integer, check_number, suggest
from neurosim.utils.intervals import coverage, locate, merged
from neurosim.utils.resources import available_memory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from neurosim.results import Result, SpikeTrains, Trace

__all__ = [
    "correlations",
    "cv_isi",
    "fano_factor",
    "mean_rate",
    "peak_frequency",
    "population_rate",
    "potentials",
    "power_spectrum",
    "rates",
]


def rates(trains: SpikeTrains, start: float, stop: float) -> NDArray[np.float64]:
    """Return the firing rate of each recorded neuron.

    If `trains.observed` is known, only observed times, and spikes within them, count.

    Parameters
    ----------
    trains : SpikeTrains
    start, stop : float
        Spikes with start < t <= stop count (ms).

    Returns
    -------
    (n_recorded,) ndarray
        Hz. NaN for neurons that were not observed between `start` and `stop`.

    Raises
    ------
    NeurosimError
        If the window is empty, infinite or outside the recording.

    Examples
    --------
    >>> import neurosim as ns
    >>> from neurosim.analysis import rates
    >>> trains = ns.SpikeTrains([100.0, 250.0, 400.0], [0, 2, 0], [0, 1, 2])
    >>> rates(trains, 0.0, 500.0)
    array([4., 0., 2.])
    """
    _check_finite(start, stop)
    if trains.observed is None:
        return trains.counts(start, stop) / (stop - start) * 1e3
    observed = np.array([coverage(o, (start, stop))[0] for o in trains.observed])
    return _observed_rate(_observed_spikes(trains).counts(start, stop), observed)


def _observed_rate(counts: NDArray[np.int64], observed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rates (Hz) for numbers of spikes in observed times (ms), NaN for a time of 0."""
    unknown = np.full(len(counts), np.nan)
    return np.divide(counts, observed, out=unknown, where=observed > 0.0) * 1e3


def _observed_spikes(trains: SpikeTrains) -> SpikeTrains:
    """Return trains without spikes outside the observed intervals."""
    if trains.observed is None:
        return trains
    inside = _observed_interval(trains) >= 0
    return dataclasses.replace(trains, times=trains.times[inside], ids=trains.ids[inside])


def _observed_interval(trains: SpikeTrains) -> NDArray[np.int64]:
    """Return the index of the observed interval of each spike, −1 if there is none."""
    order = np.argsort(trains.ids, kind="stable")
    parts = [
        locate(times, merged(intervals))
        for times, intervals in zip(trains.by_neuron(), trains.observed or (), strict=True)
    ]
    found = np.empty(len(trains), np.int64)
    found[order] = np.concatenate([np.empty(0, np.int64), *parts])
    return found


def _check_finite(start: float, stop: float) -> None:
    """Raise an error if the window is infinite, because rates are then undefined."""
    check_window(start, stop)
    if not np.isfinite(stop - start):
        raise NeurosimError(
            f"the window from start = {start:g} ms to stop = {stop:g} ms is infinite: give the "
            "times in ms, such as 0.0 and result.duration"
        )


def _check_population(name: str, known: Mapping[str, object]) -> None:
    """Raise an error if a population is unknown."""
    if name not in known:
        raise NeurosimError(f"unknown population {name!r}: {suggest(name, known)}")


def trains_of(result: Result, population: str) -> SpikeTrains:
    """Return the spikes of a population."""
    _check_population(population, result.spikes)
    return result.spikes[population]


def trace_of(result: Result, population: str, *variables: str, options: str = "") -> Trace:
    """Return the trace of the first of some variables that was recorded.

    The error message suggests recording the last one, with `options` of `Network.record`.
    """
    _check_population(population, result.populations)
    for variable in variables:
        if (population, variable) in result.traces:
            return result.traces[population, variable]
    raise NeurosimError(
        f"{variable!r} of population {population!r} was not recorded: call "
        f"Network.record({population!r}, {variable!r}{options}) before the run"
    )


def end_of(result: Result, start: float, stop: float | None) -> float:
    """Return the end of a time window (ms); by default the end of the run.

    Raises
    ------
    NeurosimError
        If the window is empty or extends beyond the run.
    """
    end = result.duration if stop is None else stop
    check_window(start, end, 0.0, result.duration, result.dt)
    return end


def mean_rate(
    result: Result, population: str, start: float = 0.0, stop: float | None = None
) -> float:
    """Return the mean firing rate of the recorded neurons of a population.

    Neurons that were not observed in the window are ignored.

    Parameters
    ----------
    result : Result
    population : str
    start, stop : float
        Spikes with start < t <= stop count (ms). Default: the whole run.

    Returns
    -------
    float
        Hz. NaN if no neuron was recorded.

    Raises
    ------
    NeurosimError
        If the population is unknown, or the window is empty or outside the run.

    Examples
    --------
    >>> import neurosim as ns
    >>> from neurosim.analysis import mean_rate
    >>> net = ns.Network()
    >>> cells = net.add("cells", 10, ns.LIF())
    >>> drive = net.drive(cells, ns.ConstantCurrent(300.0))
    >>> result = ns.simulate(net, 500.0)
    >>> mean_rate(result, "cells", start=100.0)
    40.0
    """
    each = rates(trains_of(result, population), start, end_of(result, start, stop))
    each = each[~np.isnan(each)]
    return float(each.mean()) if len(each) else float("nan")


def cv_isi(
    trains: SpikeTrains, start: float = -np.inf, stop: float = np.inf, *, min_spikes: int = 3
) -> NDArray[np.float64]:
    """Return the coefficient of variation of each neuron's inter-spike intervals.

    It is 0 for a regular train and 1 for a Poisson process. If `trains.observed` is known, an
    inter-spike interval counts only if the neuron was observed throughout.

    Parameters
    ----------
    trains : SpikeTrains
    start, stop : float
        Spikes with start < t <= stop count (ms). Default: all.
    min_spikes : int
        NaN for neurons with fewer spikes; at least 3.

    Returns
    -------
    (n_recorded,) ndarray

    Raises
    ------
    NeurosimError
        If the window is empty or outside the recording.

    Examples
    --------
    A regular and an irregular train:

    >>> import neurosim as ns
    >>> from neurosim.analysis import cv_isi
    >>> times = [10.0, 20.0, 30.0, 40.0, 10.0, 15.0, 35.0, 40.0]
    >>> trains = ns.SpikeTrains(times, [0, 0, 0, 0, 1, 1, 1, 1], [0, 1])
    >>> cv_isi(trains).round(2)
    array([0.  , 0.71])
    """
    chosen = trains.inside(start, stop)
    times, ids = trains.times[chosen], trains.ids[chosen]
    order = np.lexsort((times, ids))
    times, neuron = times[order], np.searchsorted(trains.recorded, ids[order])
    same = neuron[1:] == neuron[:-1]
    if trains.observed is not None:
        within = _observed_interval(trains)[chosen][order]
        same &= (within[1:] == within[:-1]) & (within[1:] >= 0)
    intervals, neuron = np.diff(times)[same], neuron[1:][same]
    n = np.bincount(neuron, minlength=len(trains.recorded)).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(neuron, intervals, len(n)) / n
        deviation = (intervals - mean[neuron]) ** 2
        cv = np.sqrt(np.bincount(neuron, deviation, len(n)) / n) / mean
    cv[n < max(min_spikes, 3) - 1] = np.nan
    return cv


def _binned(
    trains: SpikeTrains, start: float, stop: float, bin_ms: float, *, listed: bool = False
) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
    """Return the number of bins, and the bin and neuron index of every spike in them.

    Arrays with one value per bin must fit into memory if `listed`.
    """
    _check_finite(start, stop)
    check_window(start, stop, trains.t_start, trains.t_stop, trains.dt)
    n_bins = whole_bins(start, stop, bin_ms, trains.dt)
    memory = available_memory()
    if listed and memory is not None and 3 * 8 * n_bins > memory:
        raise NeurosimError(
            f"{n_bins:.3g} bins of {bin_ms:g} ms in {stop - start:g} ms exceed the memory: give a "
            "shorter window or a larger bin_ms"
        )
    bins = bin_index(trains.times, bin_ms, start, trains.dt)
    chosen = (bins >= 0) & (bins < n_bins)
    return n_bins, bins[chosen], np.searchsorted(trains.recorded, trains.ids[chosen])


def population_rate(
    trains: SpikeTrains, stop: float, *, start: float = 0.0, bin_ms: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the firing rate of a population over time.

    If `trains.observed` is known, only observed times, and spikes within them, count.

    Parameters
    ----------
    trains : SpikeTrains
    stop, start : float
        ms.
    bin_ms : float
        Width of bins (ms). Bin k counts spikes with start + k·bin_ms < t <= start + (k + 1)·bin_ms.
        A last, incomplete bin is omitted.

    Returns
    -------
    centres : (n_bins,) ndarray
        ms.
    rate : (n_bins,) ndarray
        Mean over the recorded neurons (Hz). NaN in bins without observed neurons.

    Raises
    ------
    NeurosimError
        If the window is empty or outside the recording, or bins are longer than the window.

    Examples
    --------
    >>> import neurosim as ns
    >>> from neurosim.analysis import population_rate
    >>> trains = ns.SpikeTrains([1.0, 2.5, 4.0], [0, 2, 0], [0, 1, 2])
    >>> centres, rate = population_rate(trains, 6.0, bin_ms=2.0)
    >>> centres
    array([1., 3., 5.])
    >>> rate.round(1)
    array([166.7, 333.3,   0. ])
    """
    n_bins, bins, _ = _binned(_observed_spikes(trains), start, stop, bin_ms, listed=True)
    counts = np.bincount(bins, minlength=n_bins)
    centres = start + np.multiply(np.arange(n_bins) + 0.5, bin_ms, dtype=float)
    if trains.observed is None:
        return centres, counts / (max(1, len(trains.recorded)) * bin_ms) * 1e3
    edges = start + np.multiply(np.arange(n_bins + 1), bin_ms, dtype=float)
    observed = np.sum([np.zeros(n_bins), *(coverage(o, edges) for o in trains.observed)], 0)
    return centres, _observed_rate(counts, observed)


def fano_factor(
    trains: SpikeTrains, stop: float, *, start: float = 0.0, bin_ms: float = 1.0
) -> float:
    """Return the Fano factor of the population spike count in bins.

    The Fano factor is the variance divided by the mean.

    It is 1 for independent Poisson neurons and up to the number of neurons for synchronous ones.
    NaN without spikes.

    Examples
    --------
    Four synchronous neurons:

    >>> import numpy as np
    >>> import neurosim as ns
    >>> from neurosim.analysis import fano_factor
    >>> trains = ns.SpikeTrains(np.repeat([5.5, 25.5, 45.5], 4), [0, 1, 2, 3] * 3, [0, 1, 2, 3])
    >>> round(fano_factor(trains, 1000.0), 2)
    3.99
    """
    n_bins, bins, _ = _binned(trains, start, stop, bin_ms)
    if not len(bins):
        return float("nan")
    # Only bins with spikes are stored: a long window has too many bins.
    counts, mean = np.unique(bins, return_counts=True)[1], len(bins) / n_bins
    empty = n_bins - len(counts)
    return float((((counts - mean) ** 2).sum() + empty * mean**2) / len(bins))


def peak_frequency(
    trains: SpikeTrains, stop: float, *, start: float = 0.0, bin_ms: float = 0.5
) -> float:
    """Return the frequency (Hz) of the peak in the population rate's power spectrum.

    Computed with Welch's method (IEEE Trans. Audio Electroacoust. 15, 70, 1967), with windows of a
    quarter of the recording and without the two lowest frequencies. NaN without spikes.

    Examples
    --------
    Volleys of 20 neurons every 25 ms, with a jitter of 4 ms:

    >>> import numpy as np
    >>> import neurosim as ns
    >>> from neurosim.analysis import peak_frequency
    >>> volleys = np.repeat(np.arange(25.0, 1976.0, 25.0), 20)
    >>> times = np.sort(volleys + np.random.default_rng(1).normal(0.0, 4.0, len(volleys)))
    >>> trains = ns.SpikeTrains(times, np.arange(len(times)) % 20, np.arange(20))
    >>> peak_frequency(trains, 2000.0)
    40.0
    """
    _, rate = population_rate(trains, stop, start=start, bin_ms=bin_ms)
    if not rate.any() or len(rate) < 32:
        return float("nan")
    frequencies, power = power_spectrum(rate, bin_ms, window=len(rate) // 4 * bin_ms)
    return float(frequencies[2 + np.argmax(power[2:])])


def power_spectrum(
    signal: ArrayLike, interval: float, *, window: float = 1000.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the power spectral density of a signal by Welch's method.

    The spectra of Hann windows that overlap by half are averaged (P. D. Welch, IEEE Trans. Audio
    Electroacoust. 15, 70, 1967). The mean of each window is subtracted.

    Parameters
    ----------
    signal : (n_samples,) array_like
        Such as a population rate, a recorded potential or the result of `lfp_proxy`.
    interval : float
        Sampling interval (ms).
    window : float
        Length of the windows (ms); at most the whole signal. The resolution is 1000/window Hz.

    Returns
    -------
    frequencies : (n_frequencies,) ndarray
        Hz, from 0 to half the sampling rate.
    power : (n_frequencies,) ndarray
        One-sided density, in the square of the signal's unit per Hz: its integral is the variance.

    Raises
    ------
    NeurosimError
        If the signal is not one-dimensional, finite and at least two samples long, or if the window
        is shorter than two samples.

    Examples
    --------
    >>> import numpy as np
    >>> from neurosim.analysis import power_spectrum
    >>> times = np.arange(0.0, 5000.0, 1.0)
    >>> frequencies, power = power_spectrum(3.0 * np.sin(2e-3 * np.pi * 25.0 * times), interval=1.0)
    >>> float(frequencies[power.argmax()]), round(float(power.sum()), 2)
    (25.0, 4.5)
    """
    from scipy.signal import welch  # late: the import takes half a second

    values = checked_array(signal, "signal", np.float64)
    interval = check_number(interval, "interval", "ms", 1e-6, 1e9)
    n = min(round(check_number(window, "window", "ms", 1e-6, 1e12) / interval), len(values))
    if n < 2:
        raise NeurosimError(
            f"{len(values)} samples in windows of {window:g} ms at an interval of {interval:g} ms: "
            "a spectrum needs windows of at least two samples"
        )
    return welch(values, fs=1e3 / interval, nperseg=n)


def correlations(
    trains: SpikeTrains,
    stop: float,
    *,
    start: float = 0.0,
    bin_ms: float = 2.0,
    n_neurons: int = 200,
) -> NDArray[np.float64]:
    """Return Pearson correlations of spike counts between pairs of active neurons.

    Parameters
    ----------
    trains : SpikeTrains
    stop, start : float
        ms.
    bin_ms : float
        Width of the bins in which spikes are counted (ms).
    n_neurons : int
        Largest number of neurons, evenly spaced among the active ones.

    Returns
    -------
    (n_pairs,) ndarray
        Without pairs in which the count of a neuron is constant.

    Raises
    ------
    NeurosimError
        If the window is empty or outside the recording, or bins are longer than the window.

    Examples
    --------
    Two neurons with equal spike trains, and a third one:

    >>> import neurosim as ns
    >>> from neurosim.analysis import correlations
    >>> times = [10.0, 10.0, 50.0, 90.0, 90.0]
    >>> trains = ns.SpikeTrains(times, [0, 1, 2, 0, 1], [0, 1, 2])
    >>> correlations(trains, 100.0, bin_ms=10.0).round(2)
    array([ 1.  , -0.17, -0.17])
    """
    n_neurons = check_integer(n_neurons, "n_neurons", 1)
    n_bins, bins, neuron = _binned(trains, start, stop, bin_ms)
    active = np.unique(neuron)
    chosen = active[np.linspace(0, len(active) - 1, min(n_neurons, len(active))).astype(int)]
    if len(chosen) < 2 or n_bins < 2:
        return np.empty(0)
    selected = np.isin(neuron, chosen)
    # Only bins with spikes are stored: a long window has too many bins.
    occupied, column = np.unique(bins[selected], return_inverse=True)
    cell = np.searchsorted(chosen, neuron[selected]) * len(occupied) + column
    counts = np.bincount(cell, minlength=len(chosen) * len(occupied)).astype(float)
    counts = counts.reshape(len(chosen), len(occupied))
    mean = counts.sum(axis=1) / n_bins
    covariance = counts @ counts.T / n_bins - np.outer(mean, mean)
    deviation = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    varies = deviation > 1e-6 * mean
    matrix = covariance[varies][:, varies] / np.outer(deviation[varies], deviation[varies])
    return matrix[np.triu_indices(len(matrix), 1)]


def potentials(
    result: Result, population: str, start: float = 0.0, stop: float = np.inf
) -> NDArray[np.float64]:
    """Return the recorded membrane potentials of a population.

    Parameters
    ----------
    result : Result
    population : str
    start, stop : float
        Samples with start < t <= stop (ms). Default: the whole run.

    Returns
    -------
    (n_samples,) ndarray
        mV, of all neurons, including refractory neurons at their reset potential.

    Raises
    ------
    NeurosimError
        If they were not recorded, and for a window that is empty or outside the run.

    Examples
    --------
    >>> import neurosim as ns
    >>> from neurosim.analysis import potentials
    >>> net = ns.Network()
    >>> cells = net.add("cells", 20, ns.LIF(v_threshold=0.0))
    >>> noise = net.drive(cells, ns.MembraneNoise(sigma=2.0))
    >>> recording = net.record(cells, "v", interval=10.0)
    >>> v = potentials(ns.simulate(net, 500.0), "cells", start=100.0)
    >>> v.shape, float(v.mean().round())
    ((800,), -70.0)
    """
    trace = trace_of(result, population, "v")
    check_window(start, stop, 0.0, result.duration, result.dt)
    return trace.values[inside(trace.times, start, stop, result.dt)].ravel()
