"""Measures of spike trains on processes whose values are known.

Tests on random trains fail for a correct program with a probability below 1e-5; seeds are fixed.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import neurosim as ns
from neurosim.analysis import (
    correlations,
    cv_isi,
    fano_factor,
    mean_rate,
    peak_frequency,
    population_rate,
    rates,
)
from neurosim.results import PopulationInfo, Result, SpikeTrains

Z = stats.norm.isf(0.5e-5)
"""Standard errors that a normal estimate stays within but for 1e-5 of the cases."""


def _trains(per_neuron) -> SpikeTrains:
    times = np.concatenate(per_neuron)
    ids = np.repeat(np.arange(len(per_neuron)), [len(t) for t in per_neuron])
    order = np.lexsort((ids, times))
    return SpikeTrains(times[order], ids[order], np.arange(len(per_neuron)))


def _renewal(intervals) -> SpikeTrains:
    return _trains(list(np.cumsum(intervals, axis=1)))


def test_rates_count_spikes_after_start_up_to_stop() -> None:
    trains = _trains([np.array([10.0, 20.0, 30.0]), np.array([30.0]), np.empty(0)])
    assert rates(trains, 10.0, 30.0).tolist() == [100.0, 50.0, 0.0]
    info = PopulationInfo("a", 3, -70.0, -55.0, -70.0, 30.0, 20.0, 5.0, 1)
    result = Result(dt=0.1, duration=40.0, seed=1, populations={"a": info}, spikes={"a": trains})
    assert mean_rate(result, "a") == pytest.approx(4 / 3 / 0.04)
    assert mean_rate(result, "a", 20.0) == pytest.approx(2 / 3 / 0.02)


def test_a_clock_has_no_variation_and_too_few_spikes_no_answer() -> None:
    trains = _trains([np.arange(1.0, 100.0, 7.0), np.array([3.0, 9.0]), np.empty(0)])
    cv = cv_isi(trains)
    assert cv[0] == pytest.approx(0.0, abs=1e-12)
    assert np.isnan(cv[1:]).all()


@pytest.mark.parametrize(("shape", "expected"), [(1.0, 1.0), (4.0, 0.5)])
def test_gamma_processes_have_a_cv_of_one_over_the_root_of_their_shape(shape, expected) -> None:
    n, neurons = 4000, 60
    intervals = np.random.default_rng(1).gamma(shape, 10.0 / shape, (neurons, n))
    cv = cv_isi(_renewal(intervals))
    # Variance of a CV by the delta method, from the third and fourth cumulants of the law.
    skew, kurtosis = 2.0 / np.sqrt(shape), 6.0 / shape
    c = expected
    variance = c**2 * ((kurtosis + 2.0) / 4.0 + c**2 - c * skew) / n
    assert abs(cv.mean() - expected) < Z * np.sqrt(variance / neurons) + 2.0 * variance / expected


def test_independent_poisson_trains_have_a_fano_factor_of_one() -> None:
    random = np.random.default_rng(2)
    trains = _trains(
        [np.sort(random.uniform(0.0, 10_000.0, random.poisson(200))) for _ in range(100)]
    )
    bins = 2000
    # A sum of Poisson counts: (bins − 1)·F is near χ² with as many degrees of freedom.
    fano = fano_factor(trains, 10_000.0, bin_ms=5.0)
    assert abs(fano - 1.0) < Z * np.sqrt(2.0 / bins + 1.0 / (bins * 10.0))
    assert np.isnan(fano_factor(_trains([np.empty(0)]), 100.0))


def test_neurons_in_lockstep_have_a_fano_factor_of_their_number() -> None:
    random = np.random.default_rng(3)
    mother = np.sort(random.uniform(0.0, 10_000.0, 400))
    single = fano_factor(_trains([mother]), 10_000.0)
    assert fano_factor(_trains([mother] * 50), 10_000.0) == pytest.approx(50.0 * single)


def test_population_rate_keeps_every_spike_in_the_bin_that_it_ends() -> None:
    trains = _trains([np.array([0.1, 1.0, 1.1, 5.0])])
    centres, rate = population_rate(trains, 5.0)
    assert centres.tolist() == [0.5, 1.5, 2.5, 3.5, 4.5]
    assert rate.tolist() == [2000.0, 1000.0, 0.0, 0.0, 1000.0]


def test_thinning_of_a_common_train_gives_the_correlation_of_its_probability() -> None:
    random = np.random.default_rng(4)
    c, neurons, duration = 0.3, 40, 60_000.0
    mother = np.sort(random.uniform(0.0, duration, 6000))
    trains = _trains([mother[random.random(len(mother)) < c] for _ in range(neurons)])
    found = correlations(trains, duration, bin_ms=2.0)
    assert len(found) == neurons * (neurons - 1) // 2
    # All pairs share one mother, whose own fluctuation bounds the error of the mean.
    error = np.sqrt((1.0 / c - c) / len(mother))
    assert abs(found.mean() - c) < Z * error * c


def test_the_rhythm_of_a_modulated_population_is_found() -> None:
    random = np.random.default_rng(5)
    candidates = np.sort(random.uniform(0.0, 2000.0, 40_000))
    kept = random.random(len(candidates)) < 0.5 * (1 + np.sin(2 * np.pi * candidates * 0.04))
    frequency = peak_frequency(_trains([candidates[kept]]), 2000.0)
    assert abs(frequency - 40.0) <= 2.0  # the resolution of a window of 500 ms


def test_bad_spans_and_bins_are_refused() -> None:
    trains = _trains([np.array([1.0])])
    with pytest.raises(ns.NeurosimError, match="start = 5 ms to stop = 5 ms"):
        rates(trains, 5.0, 5.0)
    with pytest.raises(ns.NeurosimError, match="bin_ms = 0"):
        population_rate(trains, 10.0, bin_ms=0.0)
