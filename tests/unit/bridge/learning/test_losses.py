"""Losses of a neuron: their formulas, slopes and bounds, and which goes with which activation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from bridge import find_activation
from bridge.learning.design import StandardisedDesign
from bridge.learning.kernels import exponential, logarithm, pointwise
from bridge.learning.losses import LOSSES, find_loss
from bridge.learning.objectives import FirthLoss, MeanLoss
from neurosim import NeurosimError

RNG = np.random.default_rng(5)
X = RNG.poisson(1.0, (300, 4)).astype(float)
SIGN = np.where(RNG.random(300) < 0.4, 1.0, -1.0)
WEIGHTS = RNG.random(300)
WEIGHTS /= WEIGHTS.sum()
THETA = RNG.normal(size=5)

EACH = pytest.mark.parametrize("loss", LOSSES.values(), ids=["-".join(key) for key in LOSSES])
STORED = pytest.mark.parametrize("stored", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])


def definition(loss, score, sign):
    """The loss of one trial as the textbook writes it."""
    value = find_activation(loss.activation)(score)
    fired = sign > 0
    if loss.name == "perceptron":
        return np.maximum(0.0, -sign * score)
    if loss.name == "squared":
        low = -1.0 if loss.activation.name == "tanh" else 0.0
        return 0.5 * (value - np.where(fired, 1.0, low)) ** 2
    probability = 0.5 * (1.0 + value) if loss.activation.name == "tanh" else value
    return -np.log(np.where(fired, probability, 1.0 - probability))


def at(loss, score, sign, exact=True):
    terms = np.empty((3, len(score)))
    pointwise(loss.kind, loss.gain, score, sign, *terms, exact)
    return terms


def slopes(function, theta, step=1e-6):
    shifts = step * np.eye(len(theta))
    return np.array([(function(theta + h) - function(theta - h)) / (2 * step) for h in shifts])


@EACH
def test_loss_is_that_of_the_textbook(loss):
    score = np.linspace(-4.0, 4.0, 200)
    for sign in (np.ones(200), -np.ones(200)):
        assert at(loss, score, sign)[0] == pytest.approx(definition(loss, score, sign), abs=1e-11)


@EACH
@STORED
def test_gradient_and_hessian_equal_finite_differences(loss, stored):
    objective = MeanLoss(StandardisedDesign.of(stored(X), WEIGHTS), SIGN, WEIGHTS, 0.3, loss)
    gradient = objective.value_and_gradient(THETA)[1]

    assert gradient == pytest.approx(
        slopes(lambda t: objective.value_and_gradient(t)[0], THETA), abs=1e-6
    )
    assert objective.hessian(THETA, exact=True) == pytest.approx(
        slopes(lambda t: objective.value_and_gradient(t)[1], THETA), abs=1e-6
    )


@STORED
@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_gradient_with_firths_penalty_equals_finite_differences(stored, name):
    design = StandardisedDesign.of(stored(X), WEIGHTS)
    objective = FirthLoss(
        design, SIGN, WEIGHTS, loss=find_loss("cross-entropy", name), n_trials=300.0
    )

    assert objective.value_and_gradient(THETA)[1] == pytest.approx(
        slopes(lambda t: objective.value_and_gradient(t)[0], THETA), abs=1e-6
    )


@EACH
def test_gauss_newton_part_is_never_negative_and_all_there_is_of_convex_losses(loss):
    score = np.linspace(-8.0, 8.0, 999)
    curvature = at(loss, score, np.ones(999))[2]
    gauss_newton = at(loss, score, np.ones(999), exact=False)[2]

    assert (gauss_newton >= 0.0).all()
    assert (curvature >= 0.0).all() == (loss.convex or loss.activation.name == "relu")
    if loss.convex:
        assert gauss_newton == pytest.approx(curvature)


@pytest.mark.parametrize("loss", [loss for loss in LOSSES.values() if loss.name != "perceptron"])
def test_bound_of_the_curvature_holds_and_is_reached(loss):
    curvature = np.abs(at(loss, np.linspace(-6.0, 6.0, 100_001), np.ones(100_001))[2])

    assert curvature.max() <= loss.bound * (1 + 1e-12)
    assert curvature.max() == pytest.approx(loss.bound, rel=1e-6)


def test_parabola_of_the_bound_lies_above_the_squared_error_of_relu_across_its_kink():
    loss, score = LOSSES["squared", "relu"], np.linspace(-2.0, 2.0, 81)
    for sign in (np.ones(81), -np.ones(81)):
        value, slope, _ = at(loss, score, sign)
        away = score[None, :] - score[:, None]
        above = value[:, None] + slope[:, None] * away + 0.5 * loss.bound * away**2
        assert (above >= value[None, :] - 1e-12).all()


def test_compiled_exponential_and_logarithm_are_right_to_two_units_in_the_last_place():
    x = -np.concatenate([np.linspace(0.0, 708.0, 4001), np.geomspace(1e-300, 1.0, 200)])
    e = np.array([exponential(value) for value in x])

    np.testing.assert_array_max_ulp(e, np.exp(x), maxulp=2)
    logs = np.array([logarithm(value) for value in e])
    np.testing.assert_array_max_ulp(logs, np.log1p(e), maxulp=3)
    assert exponential(-1e9) == exponential(-708.0)


def test_margins_beyond_any_exponential_keep_loss_and_slope_exact():
    loss, score = find_loss("cross-entropy", "sigmoid"), np.array([-1e5, 1e5])
    value, slope, curvature = at(loss, score, np.ones(2))

    assert value == pytest.approx([1e5, 0.0], abs=1e-300)
    assert slope == pytest.approx([-1.0, 0.0], abs=1e-300)
    assert curvature == pytest.approx([0.0, 0.0], abs=1e-300)


@pytest.mark.parametrize(
    ("loss", "activation", "message"),
    [
        ("cross-entropy", "relu", "requires outputs between 0 and 1; give loss='squared'"),
        ("cross-entropy", "step", "derivative of a step is 0.*give loss='perceptron'"),
        ("squared", "step", "derivative of a step is 0.*give loss='perceptron'"),
        (
            "perceptron",
            "sigmoid",
            "requires activation='step'; give loss='cross-entropy' or 'squared'",
        ),
        ("hinge", "sigmoid", "'hinge' is unknown: give one of cross-entropy, perceptron, squared"),
        ("squared", "gelu", "activation = 'gelu' is unknown"),
    ],
)
def test_what_makes_no_sense_together_is_refused_with_its_reason(loss, activation, message):
    with pytest.raises(NeurosimError, match=message):
        find_loss(loss, activation)


def test_dense_sums_equal_the_naive_ones():
    """More rows than a block and more than a chunk, an odd number of columns."""
    rng = np.random.default_rng(8)
    x = rng.normal(1e4, 0.1, (33_001, 6))
    sign = np.where(rng.random(len(x)) < 0.5, 1.0, -1.0)
    weights = rng.random(len(x))
    weights /= weights.sum()
    design = StandardisedDesign.of(x, weights, 2)
    theta = rng.normal(size=7)
    sums = MeanLoss(design, sign, weights).sums(theta, 0, 2)
    z = np.column_stack(
        [np.ones(len(x)), (x - x.T @ weights) / np.sqrt(weights @ (x - x.T @ weights) ** 2)]
    )
    p = 1.0 / (1.0 + np.exp(sign * (z @ theta)))

    assert sums.loss == pytest.approx(weights @ -np.log1p(-p), rel=1e-9)
    assert sums.gradient == pytest.approx(z.T @ (-weights * sign * p), abs=1e-9)
    assert sums.grams[0] == pytest.approx((z.T * (weights * p * (1 - p))) @ z, abs=1e-9)
    assert sums.grams[1] == pytest.approx((z.T * (weights * p**2)) @ z, abs=1e-9)
    assert sums.wrong == pytest.approx(weights[sign * (z @ theta) <= 0].sum())
    assert sums.longest == pytest.approx((z**2).sum(axis=1).max())


def test_largest_eigenvalue_of_many_columns_is_found_without_their_products():
    x = np.random.default_rng(2).normal(size=(300, 520))
    weights = np.full(300, 1.0 / 300.0)
    design = StandardisedDesign.of(x, weights)
    exact = np.linalg.eigvalsh(design.gram(weights))[-1]

    assert exact <= design.largest_eigenvalue(weights) <= 1.02 * exact


@STORED
def test_values_too_large_to_be_squared_are_refused(stored):
    x = stored(np.array([[0.0, 1e200], [1.0, -1e200]]))
    with pytest.raises(NeurosimError, match=r"squares of columns \[1\] overflow"):
        StandardisedDesign.of(x, np.full(2, 0.5))
