"""Measures of prediction, their intervals, and the Comparison made of them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from bridge import (
    Comparison,
    Measure,
    agreement,
    auc,
    bits_per_spike,
    brier_score,
    coincidence_factor,
    cross_entropy,
    prediction_measures,
    reliability_curve,
    wilson_interval,
)
from neurosim import NeurosimError

RNG = np.random.default_rng(5)
P = RNG.beta(0.6, 2.0, 3000)
FIRED = RNG.random(3000) < P


def test_measures_equal_scikit_learns():
    assert cross_entropy(FIRED, P).value == pytest.approx(log_loss(FIRED, P))
    assert brier_score(FIRED, P).value == pytest.approx(brier_score_loss(FIRED, P))
    rounded = P.round(1)  # with ties
    assert auc(FIRED, rounded).value == pytest.approx(roc_auc_score(FIRED, rounded))


def test_bits_per_spike_count_from_the_mean_rate():
    constant = np.full(3000, FIRED.mean())
    gain = log_loss(FIRED, constant) - log_loss(FIRED, P)

    assert bits_per_spike(FIRED, constant).value == pytest.approx(0.0, abs=1e-12)
    assert bits_per_spike(FIRED, P).value == pytest.approx(gain * 3000 / FIRED.sum() / np.log(2.0))


def test_bits_gained_over_another_prediction_are_the_difference():
    other = 0.1 + 0.8 * P
    difference = bits_per_spike(FIRED, P).value - bits_per_spike(FIRED, other).value
    gained = bits_per_spike(FIRED, P, over=other)
    assert gained.value == pytest.approx(difference)
    # Trial by trial: both follow the same chances.
    ratio = np.where(FIRED, P / other, (1.0 - P) / (1.0 - other))
    spread = np.std(np.log2(ratio) - gained.value * FIRED, ddof=1) * np.sqrt(3000) / FIRED.sum()
    assert (gained.high - gained.low) / 2.0 == pytest.approx(1.9608 * spread, rel=1e-3)
    nothing = bits_per_spike(FIRED, P, over=P)
    assert nothing.value == nothing.low == nothing.high == 0.0
    with pytest.raises(NeurosimError, match="equal length"):
        bits_per_spike(FIRED, P, over=other[1:])


@pytest.mark.parametrize("measure", [cross_entropy, brier_score, bits_per_spike, auc])
def test_interval_has_the_width_of_the_spread_over_repeats(measure, rng: np.random.Generator):
    values, widths = [], []
    for _ in range(300):
        p = rng.beta(0.6, 2.0, 400)
        found = measure(rng.random(400) < p, p)
        values.append(found.value)
        widths.append((found.high - found.low) / 2.0 / 1.966)  # t of 399 degrees

    # The s.d. of 300 repeats is known to 1/√600 = 4.1 %; 4.5 times that errs in 7 of 10⁶ cases.
    assert np.mean(widths) == pytest.approx(np.std(values, ddof=1), rel=4.5 * 0.041)


def test_copies_of_trials_in_one_block_add_no_certainty():
    single = bits_per_spike(FIRED, P)
    twice = bits_per_spike(np.repeat(FIRED, 2), np.repeat(P, 2), np.repeat(np.arange(3000), 2))

    assert twice.low == pytest.approx(single.low)
    assert twice.high == pytest.approx(single.high)


def test_agreement_counts_equal_decisions():
    found = agreement([1, 1, 0, 0], [1, 0, 0, 0])

    assert found.value == 0.75
    assert 0.0 < found.low < 0.75 < found.high < 1.0


def test_wilson_interval_of_one_in_ten_is_0_018_to_0_404():
    low, high = wilson_interval(1, 10)

    assert (low, high) == (pytest.approx(0.0179, abs=5e-5), pytest.approx(0.4042, abs=5e-5))
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_reliability_bins_hold_all_trials():
    for equal in (False, True):
        curve = reliability_curve(FIRED, P, 10, equal_counts=equal)
        assert curve.trials.sum() == 3000
        assert curve.trials @ curve.predicted == pytest.approx(P.sum())
        assert curve.trials @ curve.observed == pytest.approx(FIRED.sum())
        assert ((curve.low <= curve.observed) & (curve.observed <= curve.high)).all()
    assert np.ptp(curve.trials) <= 1


def test_predictions_equal_but_for_rounding_share_a_bin():
    p = np.array([0.5, 0.5 - 1e-16, 0.5 - 1e-15, 0.1])

    assert reliability_curve([1, 0, 1, 0], p, 10).trials.tolist() == [1, 3]


def test_coincidence_is_1_for_one_train_and_0_by_chance(rng: np.random.Generator):
    train = np.arange(10.0, 1000.0, 20.0)
    assert coincidence_factor(train, train + 1.5, duration=1000.0) == pytest.approx(1.0)

    data = np.sort(rng.uniform(0, 4e5, 20_000))
    model = np.sort(rng.uniform(0, 4e5, 20_000))
    # A spike of the model serves once only, so that chance stays a little under 2νΔ = 0.2.
    assert coincidence_factor(data, model, duration=4e5) == pytest.approx(0.0, abs=0.05)


def test_coincidence_of_half_the_spikes_by_hand():
    # 2νΔ = 0.04 at 10 Hz: Γ = (5 − 0.04·10)/(½·20·0.96).
    data = np.arange(50.0, 1000.0, 100.0)
    model = data + np.where(np.arange(10) < 5, 1.0, 30.0)

    assert coincidence_factor(data, model, duration=1000.0) == pytest.approx(4.6 / 9.6)


def test_comparison_gives_rows_json_and_figures():
    made = []

    def draw() -> Figure:
        made.append(True)
        return Figure()

    comparison = Comparison(
        "spiking against logistic",
        {"agreement": Measure(0.98, "", 0.975, 0.985, "of 100"), "noise_mv": 3.0},
        {"plane": draw},
    )

    assert comparison.rows == [
        ("agreement", "0.9800 (0.9750 to 0.9850)", "of 100"),
        ("noise mv", "3", ""),
    ]
    assert json.loads(json.dumps(comparison.as_dict())) == {
        "agreement": {"value": 0.98, "low": 0.975, "high": 0.985},
        "noise_mv": 3.0,
    }
    assert not made
    assert list(comparison.figures()) == ["plane"]


@pytest.mark.parametrize(
    ("measure", "text"),
    [
        (Measure(4.987, "mV", 4.887, 5.087), "4.99 mV (4.89 to 5.09)"),
        (Measure(37.31, "Hz"), "37.31 Hz"),
        (Measure(True), "yes"),
        (Measure(120.0, "", 20.0, 220.0), "120 (20 to 220)"),
        (Measure(1.0, "", 1.0, 1.0), "1.0000 (1.0000 to 1.0000)"),
    ],
)
def test_text_shows_two_digits_of_the_uncertainty(measure, text):
    assert measure.text == text


def test_prediction_measures_are_named_for_json():
    found = prediction_measures(FIRED, P, prefix="trained_")

    assert list(found) == [
        "trained_cross_entropy",
        "trained_bits_per_spike",
        "trained_brier",
        "trained_auc",
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cross_entropy([0, 2], [0.1, 0.2]), "fired must contain only 0"),
        (lambda: cross_entropy([0, 1], [0.1, 1.2]), "probability must lie in 0 to 1"),
        (lambda: cross_entropy([0, 1], [0.1]), "of equal length"),
        (lambda: cross_entropy([], []), "not empty"),
        (lambda: bits_per_spike([0, 0], [0.1, 0.2]), "no trial fired"),
        (lambda: auc([1, 1], [0.1, 0.2]), "2 of 2 fired"),
        (lambda: reliability_curve([1], [0.5], 0), "n_bins = 0"),
        (lambda: agreement([], []), "not be empty"),
        (lambda: agreement([1], [1, 0]), "equal shapes"),
        (lambda: coincidence_factor([2, 1], [1], duration=9.0), "data must be .* ascending"),
        (lambda: coincidence_factor([1], [-1], duration=9.0), "model must be .* within 0 to 9 ms"),
        (lambda: coincidence_factor([], [], duration=9.0), "both spike trains are empty"),
        (lambda: coincidence_factor([1], [1, 2], duration=5.0), "smaller window"),
        (lambda: coincidence_factor([1], [1], duration=0.0), "duration = 0 ms"),
    ],
)
def test_mistakes_are_refused_in_a_sentence(call, message):
    with pytest.raises(NeurosimError, match=message):
        call()


def test_conclusions_of_comparisons_have_true_minus_signs():
    compared = Comparison("title", {}, conclusion="From -0.5 to 3 mV, 1e-9 off, spike-free.")
    assert compared.conclusion == "From −0.5 to 3 mV, 1e-9 off, spike-free."
