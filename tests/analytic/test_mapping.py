"""The map between millivolts and weights."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import EscapeNoise, GaussianNoise, LogisticUnit, SpikingUnit, to_logistic, to_spiking
from neurosim import LIF, NeurosimError

weights = st.lists(st.floats(-50, 50), min_size=1, max_size=8)
ACTIVITY = np.random.default_rng(0).integers(0, 4, (200, 3))


def test_lecture_weights_mean_synapses_of_0_1875_mv_and_noise_of_3_19_mv():
    unit = to_spiking(LogisticUnit(-8.0, [0.1]))

    assert unit.noise.beta == pytest.approx(0.533, abs=5e-4)
    assert unit.psps == pytest.approx([0.1875])
    assert unit.noise.sigma == pytest.approx(3.19, abs=5e-3)
    assert unit.current == 0.0


def test_current_lifts_the_neuron_by_gap_plus_theta0_over_beta():
    unit = to_spiking(LogisticUnit(2.0, [1.0]), beta=0.5)

    assert unit.neuron.resistance * unit.current == pytest.approx(15.0 + 2.0 / 0.5)
    assert unit.noise.beta == pytest.approx(0.5)


@given(
    intercept=st.floats(-100, -0.01), coef=weights, noise=st.sampled_from(["gaussian", "escape"])
)
def test_weights_survive_the_way_to_millivolts_and_back(intercept, coef, noise):
    back = to_logistic(to_spiking(LogisticUnit(intercept, coef), noise=noise))

    assert back.intercept == pytest.approx(intercept, rel=1e-12)
    assert back.coef == pytest.approx(coef, rel=1e-12)


@given(intercept=st.floats(-100, 100), coef=weights, beta=st.floats(0.01, 100))
def test_any_intercept_survives_with_a_slope_of_ones_own(intercept, coef, beta):
    back = to_logistic(to_spiking(LogisticUnit(intercept, coef), beta=beta))

    # θ₀ is a difference of two terms of the size of 15 β.
    assert back.intercept == pytest.approx(intercept, rel=1e-12, abs=1e-13 * 15.0 * beta)
    assert back.coef == pytest.approx(coef, rel=1e-12)


@given(psps=weights, width=st.floats(0.1, 20), kind=st.sampled_from([GaussianNoise, EscapeNoise]))
def test_millivolts_survive_the_way_to_weights_and_back(psps, width, kind):
    unit = SpikingUnit(LIF(), psps, kind(width))
    noise = "gaussian" if kind is GaussianNoise else "escape"
    back = to_spiking(to_logistic(unit), noise=noise)

    assert back.psps == pytest.approx(psps, rel=1e-12)
    assert back.noise.beta == pytest.approx(unit.noise.beta, rel=1e-12)


def test_neuron_with_escape_noise_is_its_logistic_twin():
    unit = SpikingUnit(LIF(), [9.0, -4.0, 6.0], EscapeNoise(2.0), current=30.0)
    difference = unit.firing_probability(ACTIVITY) - to_logistic(unit).probability(ACTIVITY)

    assert np.abs(difference).max() < 1e-14


def test_neuron_with_gaussian_noise_is_within_0_0095_of_its_logistic_twin():
    noise = GaussianNoise(3.0)
    excess = np.linspace(-30.0, 30.0, 60_001)
    twin = LogisticUnit(0.0, [noise.beta]).probability(excess[:, None])
    error = np.abs(noise.firing_probability(excess) - twin).max()

    assert 0.0094 < error <= noise.logistic_error


def test_neuron_at_threshold_fires_half_the_time():
    for noise in (GaussianNoise(3.0), EscapeNoise(1.0)):
        unit = SpikingUnit(LIF(), [10.0, 5.0], noise)
        assert unit.firing_probability([1, 1]) == pytest.approx(0.5)


def test_fitted_classifier_is_mapped_by_its_weights():
    fitted = SimpleNamespace(intercept_=np.array([-8.0]), coef_=np.array([[0.1, 0.2]]))

    assert to_spiking(fitted).psps == pytest.approx([0.1875, 0.375])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: to_spiking(LogisticUnit(0.0, [1.0])), "theta0 = 0 is not below 0.*give beta"),
        (lambda: to_spiking(LogisticUnit(-1.0, [1.0]), beta=-2.0), "beta = -2 per mV"),
        (lambda: to_spiking(LogisticUnit(-1.0, [1.0]), noise="pink"), "'pink' is unknown"),
        (lambda: to_spiking("weights"), "str is not a logistic neuron"),
        (lambda: GaussianNoise(0.0), "sigma = 0 mV"),
        (lambda: EscapeNoise(np.nan), "delta = nan mV"),
        (lambda: LogisticUnit(np.inf, [1.0]), "intercept = inf"),
        (lambda: SpikingUnit(LIF(), [np.nan], EscapeNoise(1.0)), "psps must be a 1-D array"),
        (lambda: SpikingUnit(LIF(), [1.0], EscapeNoise(1.0), np.inf), "current = inf pA"),
        (lambda: LogisticUnit(-1.0, [1.0, 2.0]).probability([1.0]), "must hold the 2 synapses"),
        (
            lambda: to_spiking(SimpleNamespace(intercept_=np.zeros(3), coef_=np.zeros((3, 2)))),
            "has 3 intercepts",
        ),
    ],
)
def test_mistakes_are_refused_in_a_sentence(make, message):
    with pytest.raises(NeurosimError, match=message):
        make()
