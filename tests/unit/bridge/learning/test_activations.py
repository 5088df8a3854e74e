"""Activations: values, derivatives, far out."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.learning.activations import ACTIVATIONS, find_activation
from neurosim import NeurosimError

AWAY_FROM_THE_KINK = np.concatenate([np.linspace(-6.0, -0.1, 30), np.linspace(0.1, 6.0, 30)])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivative_equals_the_slope(name):
    g, h = find_activation(name), 1e-6
    slope = (g(AWAY_FROM_THE_KINK + h) - g(AWAY_FROM_THE_KINK - h)) / (2 * h)

    assert g.derivative(AWAY_FROM_THE_KINK) == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nothing_overflows_and_bounds_are_kept(name):
    g, far = find_activation(name), np.array([-1e4, -800.0, 0.0, 800.0, 1e4])

    assert ((g(far) >= g.low) & (g(far) <= g.high)).all()
    assert np.isfinite(g.derivative(far)).all()


def test_the_lectures_formulas():
    score = np.linspace(-4.0, 4.0, 17)
    sigmoid, tanh = ACTIVATIONS["sigmoid"], ACTIVATIONS["tanh"]

    assert sigmoid.derivative(score) == pytest.approx(sigmoid(score) * (1 - sigmoid(score)))
    assert tanh.derivative(score) == pytest.approx(1 - tanh(score) ** 2)
    assert tanh(score) == pytest.approx(2 * sigmoid(2 * score) - 1)


def test_an_unknown_name_is_refused():
    with pytest.raises(NeurosimError, match="activation = 'selu' is unknown"):
        find_activation("selu")
