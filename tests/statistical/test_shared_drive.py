"""Rate changes that neurons share are not called synapses, and hide none."""

from __future__ import annotations

import warnings

import numba
import numpy as np
import pytest

from bridge.inference import Connectome, infer_synapses

N, STEPS, SETS = 8, 120_000, 6


@numba.njit
def simulate(drive: np.ndarray, weights: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Whether logistic neurons with a kernel of 10 ms fire in each ms, shape (n_steps, n).

    drive : (n_steps,) log-odds that all share.  weights : (n, n), row by presynaptic neuron.
    uniform : (n_steps, n) random numbers.
    """
    n = len(weights)
    fired, x, decay = np.zeros((len(drive), n), dtype=np.bool_), np.zeros(n), np.exp(-0.1)
    for step in range(len(drive)):
        for i in range(n):
            score = -4.8 + drive[step]
            for j in range(n):
                score += weights[j, i] * x[j]
            fired[step, i] = uniform[step, i] < 1.0 / (1.0 + np.exp(-score))
        for i in range(n):
            x[i] = x[i] * decay + fired[step, i]
    return fired


def trains(drive: np.ndarray, weights: np.ndarray, seed: int) -> list[np.ndarray]:
    uniform = np.random.default_rng(seed).random((len(drive), len(weights)))
    return [np.flatnonzero(one) + 1.0 for one in simulate(drive, weights, uniform).T]


def modulation(depth: float, period: float, n_steps: int) -> np.ndarray:
    return np.log1p(depth * np.sin(2.0 * np.pi * np.arange(n_steps) / period))


@pytest.mark.parametrize(("depth", "period"), [(0.5, 10_000.0), (0.8, 3_000.0)])
def test_without_synapses_a_shared_modulation_makes_no_calls(depth, period):
    """At a false discovery rate of 1 % a call is made in 1 % of recordings without synapses.

    Three or more of 6 do by chance in 1 of 50,000 runs.
    """
    drive = modulation(depth, period, STEPS)
    found = [
        infer_synapses(trains(drive, np.zeros((N, N)), seed), float(STEPS)) for seed in range(SETS)
    ]
    assert sum(one.called(0.01).any() for one in found) <= 2
    z = np.concatenate([one.z[np.isfinite(one.z)] for one in found])
    # Four standard errors of the spread of N(0, 1): 1 in 16,000. What the drives leave may add a
    # tenth to the spread, and 0.2 to the mean.
    assert 1.0 - 4.0 / np.sqrt(2 * len(z)) < z.std() < 1.1 + 4.0 / np.sqrt(2 * len(z))
    assert abs(z.mean()) < 0.2 + 4.0 / np.sqrt(len(z))


def test_without_the_drives_the_same_neurons_look_connected():
    neurons = trains(modulation(0.9, 10_000.0, STEPS), np.zeros((N, N)), 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        blind: Connectome = infer_synapses(neurons, float(STEPS), shared=None, baseline=None)
    assert np.nanmean(blind.z) > 1.0
    # The null spread follows, so that even these are not called.
    assert blind.null_sd > 1.3
    assert blind.called(0.01).sum() <= 2


def test_twenty_synapses_are_found_under_a_shared_modulation():
    """Their z is 10 and more with a spread of 1, the limit about 3.5: missing one is impossible."""
    n, steps = 20, 200_000
    weights = np.zeros((n, n))
    pairs = np.arange(n), (np.arange(n) + 1) % n
    weights[pairs] = 1.0
    found = infer_synapses(trains(modulation(0.5, 10_000.0, steps), weights, 2), float(steps))
    called = found.called(0.01)
    assert called[pairs].all()
    # At most 1 % of the calls are false on average, so more than three beside twenty true ones
    # come by chance in fewer than 1 of 10,000 runs (Poisson, mean 0.2).
    assert called.sum() <= 23
    # 95 % intervals: fewer than 13 of 20 hold the truth in 1 of 30,000 runs.
    low, high = np.moveaxis(found.interval[pairs], -1, 0)
    assert ((low < 1.0) & (high > 1.0)).sum() >= 13
    assert found.null_sd < 1.4
