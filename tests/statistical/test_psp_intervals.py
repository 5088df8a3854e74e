"""Intervals of recovered PSPs hold the truth as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from bridge import (
    EscapeNoise,
    GaussianNoise,
    LogisticNeuron,
    OrnsteinUhlenbeckNoise,
    SpikingUnit,
)
from neurosim import LIF

PSPS = np.array([6.0, 5.0, 4.5, 4.0, 3.5, 3.0, 5.5, -3.0, -4.0, -5.0])
REPEATS, TRIALS = 200, 20_000


@pytest.mark.parametrize(
    "noise", [EscapeNoise(1.8), GaussianNoise(3.0), OrnsteinUhlenbeckNoise(3.0)]
)
def test_intervals_of_95_percent_cover_the_true_psps(noise):
    unit = SpikingUnit(LIF(), PSPS, noise)
    rng = np.random.default_rng(7)
    covered = np.zeros((REPEATS, len(PSPS)), dtype=bool)
    errors = np.zeros((REPEATS, len(PSPS)))
    for repeat in range(REPEATS):
        activity = (rng.random((TRIALS, len(PSPS))) < 0.5).astype(float)
        neuron = LogisticNeuron(
            solver="newton", threshold_distance=unit.logistic_threshold_distance
        )
        neuron.fit(activity, rng.random(TRIALS) < unit.firing_probability(activity))
        low, high = neuron.psp_interval_.T
        covered[repeat] = (low <= PSPS) & (high >= PSPS)
        errors[repeat] = neuron.psp_ - PSPS

    # Synapses of one repeat share θ₀, so one of them is counted per repeat: independent draws.
    counted = covered[np.arange(REPEATS), np.arange(REPEATS) % len(PSPS)].sum()
    # Two-sided binomial band at 95 %, left by chance in 1 of 10,000 runs.
    assert binom.ppf(5e-5, REPEATS, 0.95) <= counted <= binom.ppf(1 - 5e-5, REPEATS, 0.95)
    assert 0.92 <= covered.mean() <= 0.97
    assert np.sqrt(np.mean(errors**2)) <= 0.13  # mV
