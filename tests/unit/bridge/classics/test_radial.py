"""Radial units as logistic neurons that hear the square of their input."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from bridge import LogisticUnit
from bridge.classics import RadialUnit, radial_network, with_square
from neurosim import NeurosimError

POINTS = np.random.default_rng(3).normal(0.0, 1.0, (50, 3))


def test_a_radial_unit_is_the_logistic_neuron_of_the_square():
    unit = RadialUnit([0.3, -1.0, 0.2], 0.8, 5.0)
    logistic = unit.to_logistic()
    assert logistic.probability(with_square(POINTS)) == pytest.approx(unit(POINTS), abs=1e-12)
    back = RadialUnit.from_logistic(logistic)
    assert back.centre == pytest.approx(unit.centre)
    assert (back.radius, back.steepness) == pytest.approx((0.8, 5.0))
    rim = unit.centre + 0.8 * POINTS / np.linalg.norm(POINTS, axis=1, keepdims=True)
    assert unit(rim) == pytest.approx(0.5)
    assert unit([unit.centre]) == pytest.approx(expit(5.0 * 0.64))


def test_a_network_of_them_begins_with_centres_among_its_inputs():
    network = radial_network(POINTS, 4, radius=0.4, seed=1)
    hidden = network.layers[0]
    for weights, bias in zip(hidden.weights, hidden.bias, strict=True):
        unit = RadialUnit.from_logistic(LogisticUnit(float(bias), weights))
        assert np.abs(POINTS - unit.centre).sum(axis=1).min() < 1e-12
        assert unit.radius == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: RadialUnit([np.nan], 1.0, 1.0), "1-D array of finite"),
        (lambda: RadialUnit([0.0], -1.0, 1.0), "radius = -1"),
        (lambda: RadialUnit([0.0], 1.0, 0.0), "steepness = 0"),
        (lambda: RadialUnit.from_logistic(LogisticUnit(0.0, [1.0, 2.0])), "active inside a ball"),
        (lambda: radial_network(POINTS, 51), "n_units = 51"),
    ],
)
def test_what_is_no_ball_is_refused(call, words):
    with pytest.raises(NeurosimError, match=words):
        call()
