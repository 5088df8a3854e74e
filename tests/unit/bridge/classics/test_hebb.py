"""Hebb's rule grows without bound, Oja's finds the principal component."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.classics import hebb, oja, principal_component
from neurosim import NeurosimError


def correlated_inputs(seed: int, n_steps: int = 20_000) -> np.ndarray:
    """Inputs of variances 4, 1, 0.25 along random directions."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    return rng.normal(size=(n_steps, 3)) * [2.0, 1.0, 0.5] @ axes


@pytest.mark.parametrize("seed", range(5))
def test_hebbs_weights_grow_at_every_step_as_the_formula_says(seed):
    inputs, eta = correlated_inputs(seed, 300), 0.01
    path = hebb(inputs, eta)
    squared = (path**2).sum(axis=1)
    output = (path[:-1] * inputs).sum(axis=1)
    gain = (2.0 * eta + eta**2 * (inputs**2).sum(axis=1)) * output**2
    assert np.diff(squared) == pytest.approx(gain, rel=1e-6, abs=1e-9 * squared[-1])
    assert (np.diff(squared) >= 0.0).all()


def test_hebbs_weights_grow_beyond_all_numbers():
    path = hebb(correlated_inputs(1), 1.0)
    assert not np.isfinite(path[-1]).all()


@pytest.mark.parametrize("seed", range(5))
def test_ojas_weights_come_to_the_first_principal_component(seed):
    inputs = correlated_inputs(seed)
    path = oja(inputs, 0.002)
    late = path[len(path) // 2 :].mean(axis=0)
    assert np.linalg.norm(late) == pytest.approx(1.0, abs=0.02)
    # Along the other components the weights fluctuate by √(η λ₁ λ₂/(2(λ₁ − λ₂))) about 0, here
    # 0.037, for some 1/(η(λ₁ − λ₂)) = 170 steps: 0.006 in the mean of 10,000, and 5 times that.
    cosine = abs(late @ principal_component(inputs)) / np.linalg.norm(late)
    assert np.sqrt(1.0 - min(cosine, 1.0) ** 2) < 0.03


def test_the_principal_component_is_that_of_the_singular_vectors():
    inputs = correlated_inputs(2, 500)
    vector = np.linalg.svd(inputs)[2][0]
    assert principal_component(inputs) == pytest.approx(vector * np.sign(vector.sum()))


@pytest.mark.parametrize(
    ("inputs", "eta", "weights", "words"),
    [
        ([1.0, 2.0], 0.1, None, "one row per step"),
        ([[np.inf]], 0.1, None, "finite numbers"),
        ([[1.0]], 0.0, None, "is not a finite number above 0"),
        ([[1.0]], 0.1, [1.0, 2.0], r"the inputs need \(1,\)"),
    ],
)
def test_bad_inputs_are_refused(inputs, eta, weights, words):
    with pytest.raises(NeurosimError, match=words):
        hebb(inputs, eta, weights)


def test_a_learning_rate_that_is_too_large_is_reported(rng):
    inputs = 10.0 * rng.normal(size=(500, 20))
    largest = 1.0 / (inputs**2).sum(axis=1).max()
    with pytest.warns(UserWarning, match=f"give at most {largest:.2g}"):
        assert not np.isfinite(oja(inputs, 10.0 * largest)[-1]).all()
    assert np.linalg.norm(oja(inputs, largest), axis=1).max() < 1.5
