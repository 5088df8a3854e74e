"""Rosenblatt's perceptron and its mistake bound."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.svm import SVC

from bridge.classics import largest_margin, mistake_bound, train_perceptron, truth_table
from neurosim import NeurosimError

GATES = list(itertools.product((0, 1), repeat=4))


def separable_set(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n, dimensions = int(rng.integers(5, 60)), int(rng.integers(1, 8))
    points = rng.normal(size=(n, dimensions))
    plane = rng.normal(size=dimensions)
    return points, (points @ plane > rng.normal(0.0, 0.5)).astype(int)


def test_on_a_hundred_random_separable_sets_mistakes_keep_below_the_bound():
    shares = []
    for seed in range(100):
        inputs, targets = separable_set(seed)
        bound = mistake_bound(inputs, targets)
        learned = train_perceptron(inputs, targets, max_epochs=int(min(bound + 2, 10**5)))
        assert learned.converged
        assert (learned.predict(inputs) == targets).all()
        assert learned.mistakes.sum() == len(learned.path) - 1
        shares.append(learned.mistakes.sum() / bound)
    assert max(shares) <= 1.0
    assert max(shares) > 0.1  # the bound is no idle one


@pytest.mark.parametrize("gate", GATES)
def test_fourteen_of_the_sixteen_gates_of_two_inputs_are_learned(gate):
    learned = train_perceptron(truth_table(2), gate)
    possible = gate not in ((0, 1, 1, 0), (1, 0, 0, 1))
    assert learned.converged == possible
    assert (learned.cycle > 0) == (not possible)
    assert np.isfinite(mistake_bound(truth_table(2), gate)) == possible


def test_of_the_256_gates_of_three_inputs_104_are_learned():
    table = truth_table(3)
    learned = [
        train_perceptron(table, gate).converged for gate in itertools.product((0, 1), repeat=8)
    ]
    assert sum(learned) == 104


def test_on_xor_the_weights_go_round_for_ever():
    short = train_perceptron(truth_table(2), [0, 1, 1, 0])
    assert short.cycle == 1
    # The last passage began with the weights that it ended with.
    mistakes = short.mistakes[-1]
    assert (short.path[-1] == short.path[-1 - mistakes]).all()
    assert mistakes > 0


def test_the_learning_rate_only_sets_the_scale():
    inputs, targets = separable_set(3)
    one, other = (train_perceptron(inputs, targets, learning_rate=eta) for eta in (1.0, 0.1))
    assert (one.mistakes == other.mistakes).all()
    assert other.path == pytest.approx(0.1 * one.path)


def test_the_margin_of_and_is_one_over_the_root_of_17():
    # The shortest (w1, w2, T) with w1 + w2 − T ≥ 1, T − w1 ≥ 1, T − w2 ≥ 1, T ≥ 1 is (2, 2, 3).
    margin, plane = largest_margin(truth_table(2), [0, 0, 0, 1])
    assert margin == pytest.approx(17**-0.5, rel=1e-9)
    assert plane * 17**0.5 == pytest.approx([2.0, 2.0, 3.0], rel=1e-9)
    assert mistake_bound(truth_table(2), [0, 0, 0, 1]) == pytest.approx(51.0, rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_the_margin_is_that_of_a_support_vector_machine(seed):
    inputs, targets = separable_set(seed)
    signed = (2 * targets - 1)[:, None] * np.column_stack([inputs, -np.ones(len(inputs))])
    both = np.vstack([signed, -signed])
    machine = SVC(kernel="linear", C=1e8, tol=1e-8).fit(both, np.repeat([1, 0], len(signed)))
    margin, plane = largest_margin(inputs, targets)
    assert margin == pytest.approx(1.0 / np.linalg.norm(machine.coef_), rel=1e-4)
    assert (signed @ plane).min() == pytest.approx(margin, rel=1e-9)


def test_sets_that_overlap_have_no_margin():
    rng = np.random.default_rng(0)
    inputs, targets = rng.normal(size=(50, 3)), rng.integers(0, 2, 50)
    assert largest_margin(inputs, targets)[0] == 0.0
    assert mistake_bound(inputs, targets) == np.inf


@pytest.mark.parametrize(
    ("inputs", "targets", "options", "words"),
    [
        ([[0.0]], [0, 1], {}, "one target per row"),
        ([[np.nan]], [0], {}, "must be finite"),
        ([[0.0]], [2], {}, "only 0 and 1"),
        ([[0.0]], [1], {"learning_rate": 0.0}, "is not a finite number above 0"),
        ([[0.0]], [1], {"max_epochs": 0}, "max_epochs = 0 is below 1"),
    ],
)
def test_bad_examples_are_refused(inputs, targets, options, words):
    with pytest.raises(NeurosimError, match=words):
        train_perceptron(inputs, targets, **options)
