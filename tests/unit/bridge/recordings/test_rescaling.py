"""Time rescaling of spike trains in bins."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from bridge.recordings import rescaling_plot, time_rescaling_test
from bridge.recordings.glm.rescaling import bernoulli_intervals
from neurosim import NeurosimError


def test_constant_probability_without_correction(rng):
    """The uncorrected distance of p = 0.2 is exactly 0.2, at the shortest interval."""
    bins = np.flatnonzero(rng.random(2_000_000) < 0.2)
    q = np.full(bins[-1] + 1, -np.log(0.8))
    uncorrected = bernoulli_intervals(bins, q, np.ones(len(bins)))[:-1]
    # Rounding apart, an interval of k bins is −k ln 0.8.
    whole = np.rint(uncorrected / q[0]) * q[0]
    np.testing.assert_allclose(uncorrected, whole, rtol=1e-6)
    assert kstest(-np.expm1(-whole), "uniform").statistic == pytest.approx(0.2, abs=1e-12)
    corrected = bernoulli_intervals(bins, q, rng.random(len(bins)))[:-1]
    # 400,000 intervals: the distance exceeds 1.95/√n in 0.1 % of runs.
    assert kstest(-np.expm1(-corrected), "uniform").statistic < 1.95 / np.sqrt(len(bins))


def test_intervals_by_hand():
    p = np.array([0.5, 0.5, 0.25, 0.5, 0.75, 0.5])
    q = -np.log(1.0 - p)
    r = np.array([0.5, 0.2])
    found = bernoulli_intervals(np.array([1, 4]), q, r)
    first = q[0] - np.log(1.0 - 0.5 * 0.5)
    second = q[2] + q[3] - np.log(1.0 - 0.2 * 0.75)
    np.testing.assert_allclose(found, [first, second, q[5]])


def test_intervals_continue_across_gaps(rng):
    fired, p = rng.random(3000) < 0.1, rng.uniform(0.05, 0.15, 3000)
    counted = (np.arange(3000) // 50) % 3 > 0
    found = time_rescaling_test(fired, p, counted=counted, seed=4)
    joined = time_rescaling_test(fired[counted], p[counted], seed=4)
    np.testing.assert_array_equal(found.intervals, joined.intervals)
    assert found.n_intervals == fired[counted].sum() + 1


@pytest.mark.parametrize("rate", [0.1, 3.0])
def test_spike_counts(rng, rate):
    mean = rate * (1.0 + np.sin(np.arange(5000) / 20.0))
    counts = rng.poisson(mean)
    found = time_rescaling_test(counts, mean, counts=True)
    # Error rate 1e-3, also below.
    assert found.p_value > 1e-3
    assert found.serial_p_value > 1e-3
    assert found.n_intervals == counts.sum() + 1
    assert time_rescaling_test(counts, np.full(5000, mean.mean()), counts=True).p_value < 1e-3


def test_wrong_models_fail(rng):
    p = np.full(20_000, 0.05)
    fired = rng.random(20_000) < p
    assert time_rescaling_test(fired, p).passed
    for wrong in (1.3 * p, 0.75 * p, 0.05 * (1.0 + 0.9 * np.sin(np.arange(20_000) / 50.0))):
        found = time_rescaling_test(fired, wrong)
        assert not found.passed
        assert found.p_value < 1e-3


def test_intervals_that_depend_on_each_other_are_found(rng):
    """Exponential intervals, sorted: their distribution is right, their order is not."""
    lengths = np.sort(rng.geometric(0.02, 600))
    fired = np.zeros(lengths.sum(), dtype=bool)
    fired[np.cumsum(lengths) - 1] = True
    found = time_rescaling_test(fired, np.full(len(fired), 0.02))
    assert found.p_value > 1e-3
    assert found.serial_correlation > 0.9
    assert found.serial_p_value < 1e-10


def test_silent_neurons_are_tested_too():
    silent = np.zeros(5000)
    assert time_rescaling_test(silent, np.full(5000, 1e-5)).n_intervals == 1
    found = time_rescaling_test(silent, np.full(5000, 0.01))
    assert found.p_value < 1e-15
    assert np.isnan(found.serial_p_value)


def test_certain_and_impossible_spikes():
    fired = np.tile([0, 0, 1], 100)
    sure = np.where(fired, 1.0, 0.0)
    assert np.isfinite(time_rescaling_test(fired, sure).intervals).all()
    with pytest.warns(UserWarning, match="fired in 100 bins with probability 0"):
        assert not time_rescaling_test(fired, 1.0 - sure).passed


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (([0, 1], [0.1]), {}, r"fired \(2,\) and probability \(1,\)"),
        (([0, 1], [0.1, 1.2]), {}, "lie in 0 to 1; for expected spike counts give counts=True"),
        (([0, 1], [0.1, np.inf]), {"counts": True}, "finite and not negative"),
        (([0, 0.5], [0.1, 0.2]), {}, "whole numbers from 0"),
        (([0, 1], [0.1, 0.2]), {"counted": [True]}, r"counted has shape \(1,\)"),
        (([0, 1], [0.1, 0.2]), {"counted": [False, False]}, "no bin is used"),
        (([0, 1], [0.1, 0.2]), {"seed": -1}, "seed = -1"),
    ],
)
def test_invalid_arguments(arguments, options, words):
    with pytest.raises(NeurosimError, match=words):
        time_rescaling_test(*arguments, **options)


def test_plots_state_the_result(rng):
    p = np.full(5000, 0.05)
    tests = {f"cell {k}": time_rescaling_test(rng.random(5000) < 0.05, p) for k in range(3)}
    tests["wrong"] = time_rescaling_test(rng.random(5000) < 0.12, p)
    figure = rescaling_plot(tests)
    (axes,) = figure.axes
    assert figure.get_suptitle() == "3 of 4 neurons pass the time-rescaling test"
    assert any(text.get_text() == "wrong (p < 0.001)" for text in axes.get_legend().get_texts())
    assert tests["wrong"].plot().get_suptitle() == "Intervals reject the model (p < 0.001)"
    assert tests["wrong"].plot(title="Mine").get_suptitle() == "Mine"
    with pytest.raises(NeurosimError, match="no test to draw"):
        rescaling_plot({})
