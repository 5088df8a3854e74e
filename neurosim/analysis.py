"""What spike trains say: rates, irregularity, synchrony, rhythm, correlation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.resources import physical_memory

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.recording import Result, SpikeTrains


def _check_span(start: float, stop: float) -> None:
    if not 0.0 <= start < stop or not np.isfinite(stop):
        raise NeurosimError(
            f"the span from start = {start:g} ms to stop = {stop:g} ms is empty or not finite: "
            "give 0 ms <= start < stop"
        )


def rates(trains: SpikeTrains, start: float, stop: float) -> NDArray[np.float64]:
    """Return the firing rate of each recorded neuron.

    Parameters
    ----------
    trains : SpikeTrains
    start, stop : float
        Spikes with start < t ≤ stop count (ms).

    Returns
    -------
    (n_recorded,) ndarray
        Hz.
    """
    _check_span(start, stop)
    return trains.counts(start, stop) / (stop - start) * 1e3


def mean_rate(
    result: Result, population: str, start: float = 0.0, stop: float | None = None
) -> float:
    """Return the mean rate (Hz) over the recorded neurons of a population.

    NaN where no neuron was recorded.

    Parameters
    ----------
    result : Result
    population : str
    start, stop : float
        ms; by default the whole run.

    Raises
    ------
    NeurosimError
        For an unknown population or an empty span.
    """
    if population not in result.spikes:
        raise NeurosimError(
            f"there is no population {population!r} in this result: choose among "
            f"{', '.join(result.spikes)}"
        )
    trains = result.spikes[population]
    each = rates(trains, start, result.duration if stop is None else stop)
    return float(each.mean()) if len(each) else float("nan")


def cv_isi(
    trains: SpikeTrains, start: float = 0.0, stop: float = np.inf, *, min_spikes: int = 3
) -> NDArray[np.float64]:
    """Return the coefficient of variation of each neuron's inter-spike intervals.

    0 for a clock, 1 for a Poisson process.

    Parameters
    ----------
    trains : SpikeTrains
    start, stop : float
        Spikes with start < t ≤ stop count (ms).
    min_spikes : int
        Neurons with fewer spikes (at least 3 are needed) get NaN.

    Returns
    -------
    (n_recorded,) ndarray
    """
    inside = (trains.times > start) & (trains.times <= stop)
    times, ids = trains.times[inside], trains.ids[inside]
    order = np.lexsort((times, ids))
    times, place = times[order], np.searchsorted(trains.recorded, ids[order])
    same = place[1:] == place[:-1]
    intervals, owner = np.diff(times)[same], place[1:][same]
    n = np.bincount(owner, minlength=len(trains.recorded)).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(owner, intervals, len(n)) / n
        deviation = (intervals - mean[owner]) ** 2
        cv = np.sqrt(np.bincount(owner, deviation, len(n)) / n) / mean
    cv[n < max(min_spikes, 3) - 1] = np.nan
    return cv


def _binned(
    trains: SpikeTrains, start: float, stop: float, bin_ms: float, *, listed: bool = False
) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
    """Return the number of bins, and the bin and the neuron's index of every spike in them.

    Bins that are to be `listed` one by one must fit the memory.
    """
    _check_span(start, stop)
    n_bins = int((stop - start) / bin_ms + 1e-9) if bin_ms > 0.0 else 0
    if n_bins < 1:
        raise NeurosimError(
            f"bin_ms = {bin_ms:g} ms is outside 0 to the {stop - start:g} ms there are"
        )
    there = physical_memory()
    if listed and there is not None and 3 * 8 * n_bins > there:
        raise NeurosimError(
            f"{stop - start:g} ms have {n_bins:.3g} bins of {bin_ms:g} ms, more than the memory "
            "holds: give a shorter span or a larger bin_ms"
        )
    # Spikes lie at the ends of steps: the one at a bin's end belongs to it.
    bins = np.ceil((trains.times - start) / bin_ms - 1e-6).astype(np.int64) - 1
    inside = (bins >= 0) & (bins < n_bins)
    return n_bins, bins[inside], np.searchsorted(trains.recorded, trains.ids[inside])


def population_rate(
    trains: SpikeTrains, stop: float, *, start: float = 0.0, bin_ms: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the rate of a population over time.

    Parameters
    ----------
    trains : SpikeTrains
    stop, start : float
        ms.
    bin_ms : float
        Width of a bin (ms).

    Returns
    -------
    centres : (n_bins,) ndarray
        ms.
    rate : (n_bins,) ndarray
        Mean over the recorded neurons (Hz).
    """
    n_bins, bins, _ = _binned(trains, start, stop, bin_ms, listed=True)
    counts = np.bincount(bins, minlength=n_bins)
    middles = np.arange(n_bins) + 0.5
    centres = start + np.multiply(middles, bin_ms, dtype=float)
    return centres, counts / (max(1, len(trains.recorded)) * bin_ms) * 1e3


def fano_factor(
    trains: SpikeTrains, stop: float, *, start: float = 0.0, bin_ms: float = 1.0
) -> float:
    """Return variance over mean of the number of spikes of all neurons in a bin.

    1 for independent Poisson neurons, whatever their number; up to the number of neurons where
    they fire together. NaN where nothing fires.
    """
    n_bins, bins, _ = _binned(trains, start, stop, bin_ms)
    if not len(bins):
        return float("nan")
    # Only bins with spikes are listed: the others are too many where the span is long.
    counts, mean = np.unique(bins, return_counts=True)[1], len(bins) / n_bins
    empty = n_bins - len(counts)
    return float((((counts - mean) ** 2).sum() + empty * mean**2) / len(bins))


def peak_frequency(
    trains: SpikeTrains, stop: float, *, start: float = 0.0, bin_ms: float = 0.5
) -> float:
    """Return the frequency (Hz) at which the population rate has most power.

    By Welch's method (IEEE Trans. Audio Electroacoust. 15, 70, 1967) with windows of a quarter of
    the span, the slowest two frequencies left out. NaN where nothing fires.
    """
    from scipy.signal import welch  # late: half a second that every run would pay

    _, rate = population_rate(trains, stop, start=start, bin_ms=bin_ms)
    if not rate.any() or len(rate) < 32:
        return float("nan")
    frequencies, power = welch(rate, fs=1e3 / bin_ms, nperseg=len(rate) // 4)
    return float(frequencies[2 + np.argmax(power[2:])])


def correlations(
    trains: SpikeTrains,
    stop: float,
    *,
    start: float = 0.0,
    bin_ms: float = 2.0,
    n_neurons: int = 200,
) -> NDArray[np.float64]:
    """Return Pearson's correlation of spike counts for the pairs among some neurons that fire.

    Parameters
    ----------
    trains : SpikeTrains
    stop, start : float
        ms.
    bin_ms : float
        Width of the bins in which spikes are counted (ms).
    n_neurons : int
        So many neurons at most, evenly spaced among those that fire.

    Returns
    -------
    (n_pairs,) ndarray
    """
    n_bins, bins, place = _binned(trains, start, stop, bin_ms)
    active = np.unique(place)
    chosen = active[np.linspace(0, len(active) - 1, min(n_neurons, len(active))).astype(int)]
    if len(chosen) < 2 or n_bins < 2:
        return np.empty(0)
    own = np.isin(place, chosen)
    # Only bins with spikes are listed: the others are too many where the span is long.
    occupied, column = np.unique(bins[own], return_inverse=True)
    cell = np.searchsorted(chosen, place[own]) * len(occupied) + column
    counts = np.bincount(cell, minlength=len(chosen) * len(occupied)).astype(float)
    counts = counts.reshape(len(chosen), len(occupied))
    mean = counts.sum(axis=1) / n_bins
    covariance = counts @ counts.T / n_bins - np.outer(mean, mean)
    deviation = np.sqrt(np.diag(covariance))
    varies = deviation > 1e-6 * mean
    matrix = covariance[varies][:, varies] / np.outer(deviation[varies], deviation[varies])
    return matrix[np.triu_indices(len(matrix), 1)]


def potentials(
    result: Result, population: str, start: float = 0.0, stop: float = np.inf
) -> NDArray[np.float64]:
    """Return the recorded membrane potentials of a population, action potentials left out.

    Parameters
    ----------
    result : Result
    population : str
    start, stop : float
        Samples with start < t ≤ stop (ms).

    Returns
    -------
    (n_samples,) ndarray
        mV, of all neurons together.

    Raises
    ------
    NeurosimError
        Where they were not recorded.
    """
    if (population, "v") not in result.traces:
        raise NeurosimError(
            f"'v' of population {population!r} was not recorded: ask for it with Network.record"
        )
    trace = result.traces[population, "v"]
    values = trace.values[(trace.times > start) & (trace.times <= stop)].ravel()
    return values[values != result.populations[population].v_peak]
