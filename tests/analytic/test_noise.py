"""Probabilities to fire under each kind of noise, in closed form and against other ways to them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit, ndtr
from scipy.stats import norm

from bridge import (
    EscapeNoise,
    GaussianNoise,
    OrnsteinUhlenbeckNoise,
    SpikingUnit,
    escape_rate,
    nearest_logistic,
    to_logistic,
    to_spiking,
    validity,
    window_probability,
)
from bridge.neuron.passage import first_passage_probability
from neurosim import LIF, EscapeRate, NeurosimError

EXCESS = np.linspace(-25.0, 25.0, 101)


def test_softplus_rate_is_exactly_logistic():
    noise = EscapeNoise(2.0)

    assert noise.firing_probability(EXCESS) == pytest.approx(expit(EXCESS / 2.0), rel=1e-14)
    rate = noise.rate(20.0).rate(EXCESS)
    assert -np.expm1(-20.0 * rate) == pytest.approx(expit(EXCESS / 2.0), rel=1e-12)
    assert (noise.beta, noise.bias, noise.logistic_error) == (0.5, 0.0, 0.0)


def test_exponential_rate_is_a_complementary_log_log_0_039_from_the_nearest_logistic():
    noise = EscapeNoise(2.0, "exponential")
    x = np.linspace(-20.0, 8.0, 20_001)
    twin = expit(noise.beta * (x - noise.bias))

    assert noise.firing_probability(x) == pytest.approx(1.0 - np.exp(-np.exp(x / 2.0)), abs=1e-15)
    assert noise.logistic_error == pytest.approx(0.039, abs=5e-4)
    assert np.abs(noise.firing_probability(x) - twin).max() == pytest.approx(
        noise.logistic_error, abs=1e-5
    )


def test_the_nearest_logistic_to_the_normal_law_has_slope_1_702():
    x = np.linspace(-6.0, 6.0, 2001)
    beta, shift, error = nearest_logistic(x, ndtr(x))

    assert beta == pytest.approx(1.702, abs=1e-3)
    assert shift == pytest.approx(0.0, abs=1e-4)
    assert error == pytest.approx(GaussianNoise(1.0).logistic_error, abs=5e-5)


def test_one_step_of_a_passage_is_the_normal_law():
    barrier = np.linspace(-4.0, 4.0, 17)

    assert first_passage_probability(barrier[:, None], 0.9) == pytest.approx(
        1.0 - ndtr(barrier), abs=1e-8
    )


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.99])
def test_three_steps_of_a_passage_equal_the_integral_over_the_middle_one(kept):
    barrier = np.array([[0.2, 0.5, -0.3], [1.0, 0.9, 0.8], [2.0, 1.0, 3.0]])
    moved = np.sqrt(1.0 - kept**2)

    def below(y, first, last):
        # First and last step are independent given the middle one.
        return norm.pdf(y) * ndtr((first - kept * y) / moved) * ndtr((last - kept * y) / moved)

    expected = [
        1.0 - quad(below, -10.0, middle, (first, last), epsabs=1e-12, limit=200)[0]
        for first, middle, last in barrier
    ]
    assert first_passage_probability(barrier, kept) == pytest.approx(expected, abs=1e-9)


def test_a_passage_of_hundreds_of_steps_equals_simulated_ones():
    noise = OrnsteinUhlenbeckNoise(3.0)
    rng, kept = np.random.default_rng(3), np.exp(-0.1 / 20.0)
    n, excess = 40_000, np.array([-9.0, -4.0, -2.0, 0.0, 3.0])
    y = 3.0 * rng.normal(size=(n, len(excess)))
    above = np.zeros((n, len(excess)), bool)
    for k in range(200):
        above |= y + (15.0 + excess) * kept**k > 15.0
        y = kept * y + 3.0 * np.sqrt(1.0 - kept**2) * rng.normal(size=y.shape)
    p = noise.firing_probability(excess)

    # Five comparisons at 4.4 standard errors each: an error rate of 5e-5.
    assert (np.abs(above.mean(axis=0) - p) < 4.4 * np.sqrt(p * (1.0 - p) / n)).all()


def test_noise_that_goes_on_fires_more_often_than_its_first_chance():
    noise = OrnsteinUhlenbeckNoise(3.0)
    extra = noise.firing_probability(EXCESS) - ndtr(EXCESS / 3.0)

    assert extra.min() > -1e-6
    # 0.064 on a grid of 0.1 ms, 0.070 on one of 0.05 ms: a finer grid misses fewer crossings.
    assert extra.max() == pytest.approx(0.064, abs=1e-3)
    finer = OrnsteinUhlenbeckNoise(3.0, dt=0.05)
    assert (finer.firing_probability(EXCESS) - ndtr(EXCESS / 3.0)).max() == pytest.approx(
        0.070, abs=1e-3
    )


def test_twin_of_noise_that_goes_on_has_a_slope_and_a_shift_of_its_own():
    noise = OrnsteinUhlenbeckNoise(3.0)
    unit = SpikingUnit(LIF(), [10.0, 4.0, 6.0, -3.0], noise)
    activity = np.random.default_rng(0).integers(0, 3, (300, 4))
    difference = unit.firing_probability(activity) - to_logistic(unit).probability(activity)

    assert noise.logistic_error < 0.011
    assert noise.bias == pytest.approx(-0.486, abs=5e-3)
    assert noise.beta * 3.0 == pytest.approx(1.667, abs=5e-3)
    assert np.abs(difference).max() <= noise.logistic_error + 1e-5


def test_a_window_as_long_as_a_step_leaves_only_the_first_chance():
    noise = OrnsteinUhlenbeckNoise(2.0, window=0.1)

    assert noise.firing_probability(EXCESS) == pytest.approx(ndtr(EXCESS / 2.0), abs=2e-6)


def test_noise_that_sets_the_slope_gives_the_current_that_the_intercept_needs():
    noise = EscapeNoise(2.0, "exponential")
    logistic = to_logistic(LIF(), [4.0, -2.0], noise, current=40.0)
    back = to_spiking(logistic, noise=noise)

    assert back.psps == pytest.approx([4.0, -2.0])
    assert back.current == pytest.approx(40.0)


def test_probability_of_a_window_with_a_moving_potential():
    escape = EscapeRate(2.0, 5.0, "exponential")
    decays = 10.0 * np.exp(-np.arange(200) * 0.1 / 20.0) - 12.0
    survived = np.prod(np.exp(-0.1 * escape.rate(decays)))

    assert window_probability(escape, decays, 0.1) == pytest.approx(1.0 - survived)


def test_rate_over_a_soft_threshold_without_leak_to_climb_is_that_of_a_geometric_time():
    neuron = LIF(v_reset=-60.0, t_ref=2.0, escape=EscapeRate(3.0, 10.0))
    chance = -np.expm1(-0.1 * neuron.escape.rate(-5.0))

    assert escape_rate(-60.0, neuron) == pytest.approx(1000.0 / (2.0 + 0.1 / chance), rel=1e-12)


def test_rate_over_a_soft_threshold_ends_at_the_refractory_limit_and_at_silence():
    neuron = LIF(escape=EscapeRate(1.0, 1.0))
    rates = escape_rate(np.array([-1e4, -100.0, -55.0, 1e6]), neuron)

    assert rates[0] == 0.0
    assert (np.diff(rates) > 0).all()
    assert rates[-1] == pytest.approx(1000.0 / 5.1, rel=1e-6)


def test_validity_bounds_what_the_twin_may_miss():
    unit = SpikingUnit(LIF(), [8.0, 6.0, -4.0], EscapeNoise(2.0))
    alone = validity(unit, [[1, 1, 0], [0, 0, 1]])

    assert alone.error == alone.carry_over == alone.lost_to_jitter == 0.0
    assert (alone.lowest, alone.highest) == (-4.0, 14.0)
    # τ ln(14 mV/0.01 mV), and 146 ms for 15 mV.
    assert alone.recovery_time == pytest.approx(20.0 * np.log(1400.0))
    assert validity(unit, [[1, 1, 0]], window=alone.recovery_time).carry_over == pytest.approx(
        0.01, rel=1e-3
    )

    used = validity(unit, [[1, 1, 0]], window=40.0, jitter=3.0)
    late = 14.0 * np.exp(-3.0 / 20.0)
    again = 14.0 + used.carry_over
    missed = np.abs(unit.noise.firing_probability(np.array([late, again]) - 15.0) - expit(-0.5))
    assert (missed <= used.error).all()
    assert used.error < 0.6
    harmless = validity(unit, [[1, 1, 0]], jitter=alone.tolerated_jitter)
    assert harmless.error == pytest.approx(0.01, rel=1e-3)


def test_probability_far_out_is_0_or_1():
    for noise in (GaussianNoise(1.0), EscapeNoise(0.1, "exponential"), OrnsteinUhlenbeckNoise(1.0)):
        far = noise.firing_probability(np.array([-1e6, 1e6]))
        assert far == pytest.approx([0.0, 1.0], abs=1e-9)
    assert norm.cdf(-15.0 / 1.0) == pytest.approx(
        OrnsteinUhlenbeckNoise(1.0).firing_probability(-15.0), abs=1e-6
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EscapeNoise(1.0, "linear"), "link = 'linear' is unknown: give one of softplus"),
        (lambda: OrnsteinUhlenbeckNoise(0.0), "sigma = 0 mV is not a finite number above 0 mV"),
        (lambda: OrnsteinUhlenbeckNoise(1.0, window=0.25), "holds 2.5 steps"),
        (lambda: OrnsteinUhlenbeckNoise(1.0, dt=1e-4, window=1.0), "outside 0.0001 to 10 times"),
        (
            lambda: SpikingUnit(LIF(tau_m=10.0), [1.0], OrnsteinUhlenbeckNoise(1.0)),
            "tau_m = 20 ms does not match the neuron: give 10 ms",
        ),
        (
            lambda: SpikingUnit(LIF(), [1.0], OrnsteinUhlenbeckNoise(1.0), current=10.0),
            r"threshold_distance = 15 mV does not match the neuron: give 14\.2 mV",
        ),
        (lambda: to_logistic(LIF(), [1.0]), "give psps and noise"),
        (
            lambda: to_logistic(SpikingUnit(LIF(), [1.0], EscapeNoise(1.0)), [1.0]),
            "already has psps, noise and current",
        ),
        (
            lambda: to_spiking(SpikingUnit(LIF(), [1.0], EscapeNoise(1.0))),
            "SpikingUnit is not a logistic neuron",
        ),
        (
            lambda: to_spiking(
                to_logistic(LIF(), [1.0], EscapeNoise(1.0)), noise=EscapeNoise(1.0), beta=2.0
            ),
            "beta = 2 per mV conflicts with",
        ),
        (
            lambda: to_spiking(
                to_logistic(LIF(), [1.0], EscapeNoise(1.0)), noise=OrnsteinUhlenbeckNoise(3.0)
            ),
            "depends on the current",
        ),
        (lambda: escape_rate(-60.0, LIF()), "has no soft threshold"),
        (lambda: escape_rate(np.nan, LIF(escape=EscapeRate(1.0, 1.0))), "mu .* finite"),
        (lambda: window_probability(EscapeRate(1.0, 1.0), [0.0], 0.0), "dt = 0 ms"),
        (
            lambda: validity(SpikingUnit(LIF(), [1.0], EscapeNoise(1.0)), [[1]], window=-1.0),
            "window = -1 ms",
        ),
        (
            lambda: validity(
                SpikingUnit(LIF(), [1.0], EscapeNoise(1.0)), [[1]], window=5.0, jitter=6.0
            ),
            "jitter = 6 ms is outside 0 to 5 ms",
        ),
    ],
)
def test_mistakes_are_refused_in_a_sentence(make, message):
    with pytest.raises(NeurosimError, match=message):
        make()
