"""Hopfield's memory against a naive one, its energy and its capacity."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bridge.classics import HopfieldNetwork, corrupt, random_patterns, retrieval_overlap
from neurosim import NeurosimError


def naive_run(
    patterns: np.ndarray, state: np.ndarray, rng: np.random.Generator, sweeps: int
) -> tuple[np.ndarray, list[float]]:
    """Update unit by unit by the formula; return the state and the energy after each update."""
    n = patterns.shape[1]
    weights = sum(np.outer(pattern, pattern) for pattern in patterns) / n
    np.fill_diagonal(weights, 0.0)
    state, energies = state.copy(), []
    for _ in range(sweeps):
        for unit in rng.permutation(n):
            field = np.round(weights[unit] @ state * n)
            state[unit] = state[unit] if field == 0.0 else np.sign(field)
            energies.append(-0.5 * state @ weights @ state)
    return state, energies


def test_the_energy_never_rises_in_a_thousand_random_runs():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        memory = HopfieldNetwork(random_patterns(rng, int(rng.integers(1, 30)), 100))
        starts = random_patterns(rng, 50, 100)
        states, energies = memory.recall(starts, seed=seed)
        assert energies.shape[1] == 50
        # Energies are multiples of 1/N, exact up to the last division.
        assert (np.diff(energies, axis=0) <= 1e-12).all()
        assert (energies[-1] < energies[0]).any()
        assert memory.is_fixed(states).all()


@pytest.mark.parametrize("seed", range(5))
def test_recall_takes_the_steps_of_a_naive_network_and_none_raises_the_energy(seed):
    rng = np.random.default_rng(seed)
    patterns = random_patterns(rng, 5, 40)
    memory = HopfieldNetwork(patterns)
    start = random_patterns(rng, 1, 40)
    states, energies = memory.recall(start, seed=seed)
    sweeps = len(energies) - 1
    expected, path = naive_run(patterns, start[0], np.random.default_rng(seed), sweeps)
    assert (states[0] == expected).all()
    assert energies[1:, 0] == pytest.approx(path[39::40], abs=1e-12)
    assert max(np.diff([energies[0, 0], *path])) <= 1e-12


@pytest.mark.parametrize("size", [200, 500, 1000])
def test_up_to_n_over_4_ln_n_all_stored_patterns_are_fixed_points(size):
    n_patterns = int(size / (4.0 * math.log(size)))
    # A bit of a pattern is unstable with probability Φ(−√(N/p)): a seed in 70 or more would have
    # one in any of the five networks.
    for seed in range(5):
        patterns = random_patterns(np.random.default_rng(seed), n_patterns, size)
        assert HopfieldNetwork(patterns).is_fixed(patterns).all()


def test_at_a_tenth_of_n_the_overlap_after_recall_is_097_and_beyond_capacity_it_is_not():
    rng = np.random.default_rng(1)
    assert retrieval_overlap(rng, 500, 50) >= 0.97
    assert retrieval_overlap(rng, 500, 50, fraction=0.1) >= 0.97
    assert retrieval_overlap(rng, 500, 125) < 0.5


def test_a_single_pattern_is_recalled_from_less_than_half_of_it_turned():
    rng = np.random.default_rng(2)
    memory = HopfieldNetwork(random_patterns(rng, 1, 101))
    states, _ = memory.recall(corrupt(rng, memory.patterns, 0.45))
    assert (states == memory.patterns).all()
    states, _ = memory.recall(corrupt(rng, memory.patterns, 0.55))
    assert (states == -memory.patterns).all()


def test_balanced_patterns_have_as_many_of_one_sign_as_of_the_other():
    patterns = random_patterns(np.random.default_rng(3), 7, 50, balanced=True)
    assert (patterns.sum(axis=1) == 0.0).all()
    assert len(np.unique(patterns, axis=0)) == 7


def test_corruption_turns_the_share_it_says():
    rng = np.random.default_rng(4)
    patterns = random_patterns(rng, 6, 200)
    assert ((corrupt(rng, patterns, 0.2) != patterns).sum(axis=1) == 40).all()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: HopfieldNetwork([[0.0, 1.0]]), "only −1 and 1, one row per pattern"),
        (lambda: HopfieldNetwork([1.0, 1.0]), "only −1 and 1, one row per pattern"),
        (lambda: HopfieldNetwork([[1.0, 1.0]]).recall([[1.0]]), "one row of 2 units"),
    ],
)
def test_bad_patterns_are_refused(make, words):
    with pytest.raises(NeurosimError, match=words):
        make()
