"""Firing rates in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erfc

from bridge import deterministic_rate, siegert_rate
from neurosim import LIF, NeurosimError


def siegert_as_written(mu, sigma, neuron):
    """The formula of Siegert (1951), with 1 + erf y = erfc(−y)."""
    width = np.sqrt(2.0) * sigma
    integral, _ = quad(
        lambda y: np.exp(y * y) * erfc(-y),
        (neuron.v_reset - mu) / width,
        (neuron.v_threshold - mu) / width,
        epsabs=0.0,
        epsrel=1e-11,
    )
    return 1000.0 / (neuron.t_ref + neuron.tau_m * np.sqrt(np.pi) * integral)


@pytest.mark.parametrize(
    ("mu", "rate"), [(-60.0, 6.150), (-57.0, 14.213), (-55.0, 19.892), (-50.0, 32.940)]
)
def test_golden_rates_are_hit_to_a_millihertz(mu, rate):
    assert siegert_rate(mu, 3.0, LIF()) == pytest.approx(rate, abs=1e-3)


def test_rate_equals_the_formula_where_it_can_be_evaluated_as_written():
    for neuron in (LIF(), LIF(v_reset=-60.0, tau_m=10.0, t_ref=2.0)):
        for mu in np.linspace(-72.0, -40.0, 9):
            for sigma in (2.5, 5.0, 20.0):
                expected = siegert_as_written(mu, sigma, neuron)
                assert siegert_rate(mu, sigma, neuron) == pytest.approx(expected, rel=1e-9)


def test_grid_of_a_tenth_of_a_millisecond_lowers_14_213_to_13_67_hz():
    assert siegert_rate(-57.0, 3.0, LIF(), dt=0.1) == pytest.approx(13.67, abs=5e-3)


def test_finer_grids_approach_the_continuous_rate_as_the_root_of_the_step():
    exact = siegert_rate(-57.0, 3.0, LIF())
    lost = [exact - siegert_rate(-57.0, 3.0, LIF(), dt=dt) for dt in (1e-4, 1e-6)]

    assert lost[0] / lost[1] == pytest.approx(10.0, rel=0.01)


def test_nothing_overflows_from_minus_200_to_1000_mv():
    mu = np.linspace(-200.0, 1000.0, 1201)
    for sigma in (1e-6, 1e-2, 1.0, 30.0, 1e4):
        rates = siegert_rate(mu, sigma, LIF())
        assert np.isfinite(rates).all()
        assert rates.min() >= 0.0
        assert rates.max() < 200.0
        assert (np.diff(rates) >= -1e-9).all()


def test_vanishing_noise_leaves_the_noiseless_curve():
    mu = np.array([-80.0, -60.0, -54.0, -20.0, 500.0])

    assert siegert_rate(mu, 1e-4, LIF()) == pytest.approx(deterministic_rate(mu, LIF()), rel=1e-8)
    assert (siegert_rate(mu, 0.0, LIF()) == deterministic_rate(mu, LIF())).all()


def test_noiseless_neuron_is_silent_at_threshold_and_saturates_at_200_hz():
    assert deterministic_rate(-55.0, LIF()) == 0.0
    assert deterministic_rate(1e9, LIF()) == pytest.approx(200.0, abs=1e-4)
    climb = LIF().tau_m * np.log(30.0 / 15.0)
    assert deterministic_rate(-40.0, LIF()) == pytest.approx(1000.0 / (5.0 + climb))


def test_means_and_noises_broadcast():
    assert siegert_rate(np.full((4, 1), -55.0), np.ones(3), LIF()).shape == (4, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.nan, 3.0, None), "mu and sigma"),
        ((-55.0, -1.0, None), "sigma not below 0 mV"),
        ((-55.0, 3.0, 0.0), "dt = 0 ms"),
    ],
)
def test_mistakes_are_refused_in_a_sentence(arguments, message):
    mu, sigma, dt = arguments
    with pytest.raises(NeurosimError, match=message):
        siegert_rate(mu, sigma, LIF(), dt=dt)
