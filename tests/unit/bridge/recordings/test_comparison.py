"""Comparison of two recordings."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns
from bridge.recordings import compare_recordings


def trains(rng, rates, n_bins=60_000) -> list[np.ndarray]:
    """Independent neurons, the last of which fires with the first one."""
    fired = rng.random((n_bins, len(rates))) < np.asarray(rates) * 1e-3
    fired[:, -1] |= fired[:, 0]
    return [np.flatnonzero(each) + 1.0 for each in fired.T]


def test_rates_and_correlations_are_those_of_numpy(rng):
    first, second = trains(rng, [20.0, 30.0, 5.0]), trains(rng, [20.0, 30.0, 5.0], 30_000)
    found = compare_recordings(first, second, duration=60_000.0, simulated_duration=30_000.0)
    np.testing.assert_allclose(found.rates[0], [len(one) / 60.0 for one in first])
    np.testing.assert_allclose(found.rates[1], [len(one) / 30.0 for one in second])
    counts = [np.histogram(one - 0.5, 6000, (0.0, 60_000.0))[0] for one in first]
    off = ~np.eye(3, dtype=bool)
    np.testing.assert_allclose(found.correlations[0][off], np.corrcoef(counts)[off], rtol=1e-9)
    # A Poisson count has the standard error √n; 20 blocks give it to 16 %.
    expected = np.sqrt([len(one) for one in first]) / 60.0
    np.testing.assert_allclose(found.rate_errors[0], expected, rtol=0.5)


def test_equal_and_different_recordings(rng):
    rates = np.linspace(5.0, 40.0, 30)
    first, same, other = (trains(rng, factor * rates) for factor in (1.0, 1.0, 1.5))
    good = compare_recordings(first, same, duration=60_000.0).measures
    # 95 % of 30 within 1.96 standard errors; below 80 % in 1e-3 of runs.
    assert good["rates_equal"].value >= 0.8
    assert good["rate_deviation"].value < 12.0
    itself = compare_recordings(first, first, duration=60_000.0).measures
    assert itself["correlation_similarity"].value > 0.999
    bad = compare_recordings(first, other, duration=60_000.0).measures
    assert bad["rates_equal"].value < 0.5
    assert bad["rate_deviation"].value == pytest.approx(50.0, abs=12.0)


def test_silent_neurons_and_simulated_data():
    silent = ns.SpikeTrains([5.0], [0], [0, 1], t_stop=1000.0)
    found = compare_recordings(silent, silent)
    assert np.isnan(found.correlations[0]).all()
    assert found.measures["rates_equal"].value == 1.0
    assert "correlation_observed" not in found.measures
    with pytest.raises(ns.NeurosimError, match="2 observed and 3 simulated neurons"):
        compare_recordings(silent, [[100.0], [200.0], [300.0]], simulated_duration=1000.0)
