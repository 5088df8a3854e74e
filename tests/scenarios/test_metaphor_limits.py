from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binom, t

import bridge
import neurosim as ns
from neurosim.scenario import RunOptions
from scenarios.artificial_neuron.metaphor_limits import (
    Models,
    Settings,
    all_models,
    network,
    trials_of,
)
from scenarios.artificial_neuron.metaphor_limits_effects import EFFECTS, Effect, past

JITTER, REFRACTORINESS, CARRY_OVER, FEEDBACK, ADAPTATION = EFFECTS
FAR = 4.5
"""Standard errors that a normal variable exceeds with probability 7e-6."""


def simulate(settings: Settings, seed: int, duration: float = 3000.0, dt: float = 5.0) -> ns.Result:
    options = RunOptions(duration=duration, dt=dt, seed=seed)
    return ns.simulate(network(settings, options), duration, dt=dt, seed=seed)


@pytest.fixture(scope="module")
def models() -> dict[type[Effect], list[Models]]:
    """Models without effect and with each effect at its strongest."""
    settings = Settings(levels=2)
    return all_models(simulate(settings, seed=1), settings)


def error(measure: bridge.Measure, n_blocks: int = 30) -> float:
    """Standard error of which the interval is made."""
    return (measure.high - measure.low) / 2.0 / t.ppf(0.975, n_blocks - 1)


def every_input() -> np.ndarray:
    """All that a window can bring."""
    return np.array(list(product((0.0, 1.0), repeat=len(Settings().psps))))


@pytest.mark.slow
def test_run_and_comparison_report_losses_that_increase_from_zero(command, tmp_path):
    output = command("compare", "metaphor-limits", "--duration", "600")
    found, compared = output["findings"], output["comparison"]
    for key in (effect.key for effect in EFFECTS):
        losses = found[f"bits_lost_{key}"]
        assert len(found[f"strengths_{key}"]) == len(losses) == 7
        assert losses[0] == 0.0
        assert 0.0 < losses[3] < compared[f"{key}_largest_derived"]["low"]
        extended, trained = (compared[f"{key}_largest_{name}"] for name in ("extended", "trained"))
        assert extended["high"] < trained["low"]
    names = {path.name for path in tmp_path.glob("*.png")}
    assert names == {"metaphor-limits-potentials.png", "metaphor-limits-comparison-losses.png"}


@pytest.mark.parametrize("dt", [4.0, 10.0])
def test_potentials_of_all_effects_equal_those_of_the_simulation(dt):
    settings = Settings(pairs=4)
    result = simulate(settings, seed=3, duration=100 * dt, dt=dt)
    for effect in settings.effects:
        trials = trials_of(result, settings, effect)
        trace = result.traces[str(effect), "v"]
        error = np.abs(trace.values - effect.potential(trials)[:, trace.ids])
        # A spike resets the recorded potential.
        assert error[~trials.fired[:, trace.ids]].max() < 1e-9


def test_neurons_fire_with_the_true_probability(models):
    for each in models.values():
        for model in each:
            bins = np.digitize(model.true, np.arange(0.1, 0.95, 0.1))
            spikes, expected, variance = (
                np.bincount(bins, values, minlength=10)
                for values in (model.fired, model.true, model.true * (1.0 - model.true))
            )
            # Ten bins of ten populations: an error rate of 1e-4 at 5 standard deviations.
            assert (np.abs(spikes - expected) <= 5.0 * np.sqrt(variance)).all()


def test_without_an_effect_the_derived_neuron_predicts_the_true_probability_exactly(models):
    for each in models.values():
        assert (each[0].true == each[0].predicted).all()
        assert each[0].derived.value == each[0].derived.low == each[0].derived.high == 0.0


@pytest.mark.parametrize("fraction", [0.1, 0.2])
def test_weak_carry_over_changes_probabilities_less_than_the_bound(fraction):
    settings = Settings(pairs=4)
    result = simulate(settings, seed=2, duration=1000.0)
    carry_over = CARRY_OVER(fraction)
    model = Models(carry_over, trials_of(result, settings, carry_over))
    bound = bridge.validity(model.trials.unit, every_input(), window=5.0).error
    assert 0.0 < np.abs(model.true - model.predicted).max() < bound < 1.0


@pytest.mark.slow
def test_without_an_effect_95_percent_of_the_intervals_of_trained_neurons_contain_zero():
    settings = Settings(levels=2)
    contained = []
    for seed in range(12):
        result = simulate(settings, seed)
        for effect in EFFECTS:
            trained = Models(effect(0.0), trials_of(result, settings, effect(0.0))).trained
            contained.append(trained.low <= 0.0 <= trained.high)
    # Two-sided binomial band at 95 %, left by chance in 1 of 10,000 runs.
    n = len(contained)
    assert binom.ppf(5e-5, n, 0.95) <= sum(contained) <= binom.ppf(1.0 - 5e-5, n, 0.95)


def test_every_effect_costs_bits_and_further_predictors_recover_more_than_training(models):
    for effect, (_, model) in models.items():
        for loss in (model.derived, model.trained):
            assert loss.value > FAR * error(loss)
        assert model.derived.value > model.trained.value > model.extended.value + 0.1
        if effect in (JITTER, REFRACTORINESS, FEEDBACK):
            assert abs(model.extended.value) < FAR * error(model.extended)
    # A reset is not a linear function of past input and spikes, so a loss remains.
    remaining = models[CARRY_OVER][1].extended
    assert remaining.value > FAR * error(remaining)


def test_loss_by_refractoriness_is_the_surprise_at_silence(models):
    settings = Settings()
    spikes = every_input().sum(axis=1)
    chance = settings.activity**spikes * (1.0 - settings.activity) ** (len(settings.psps) - spikes)
    score = (every_input() @ np.array(settings.psps) - 15.0) / settings.delta
    surprise = chance @ -np.log2(expit(-score))
    model = models[REFRACTORINESS][1]
    # Input is the same in refractory windows, of which there are 8 per spike except at the end.
    silent = model.effect.refractory(model.trials).sum() / model.fired.sum()
    assert 7.8 < silent <= 8.0
    assert abs(model.derived.value - silent * surprise) < FAR * error(model.derived)


def test_input_of_a_short_run_is_the_beginning_of_a_longer_one():
    short, long = (Settings(pairs=4).sent(5, 5.0 * n, window=5.0) for n in (10, 20))
    for first, second in zip(short, long, strict=True):
        assert (first == second[:10]).all()


def test_jitter_moves_spikes_to_the_window_of_their_arrival():
    sent = np.zeros((4, 1, 2), dtype=bool)
    sent[1, 0] = True
    deviation = np.zeros((4, 1, 2))
    deviation[1, 0] = -1.0, 4.0
    # Sent for 10 ms; they arrive at 6.9 and 22.4 ms, nearest to 5 and 20 ms.
    assert np.argwhere(JITTER(3.1).arrivals(sent, deviation, 5.0)).tolist() == [
        [0, 0, 0],
        [3, 0, 1],
    ]
    # The second would arrive at 30.4 ms, after the end of the run.
    assert JITTER(5.1).arrivals(sent, deviation, 5.0)[:, 0, 1].sum() == 0.0


def test_past_values_are_summed_over_ranges_of_lags():
    values = np.arange(1.0, 6.0)[:, None]
    assert past(values, 1, 2, 4)[:, 0].tolist() == [
        [0.0, 0.0],
        [1.0, 0.0],
        [2.0, 1.0],
        [3.0, 3.0],
        [4.0, 5.0],
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--dt", "0.1"), "dt = 0.1 ms is outside 4 to 10 ms"),
        (("--duration", "400"), "is shorter than 100 windows: give at least 500 ms"),
        (("--set", "pairs=2"), "pairs = 2 is outside 4 to 200"),
        (("--set", "activity=0"), "activity = 0 is outside 0.001 to 0.999"),
        (("--set", "delta=0"), "delta = 0 mV is outside 0.1 to 50 mV"),
        (("--set", "psps=80"), "psps[0] = 80 mV is outside -50 to 50 mV"),
        (("--set", "psps=-3", "--set", "delta=1"), "no trial fired"),
    ],
)
def test_invalid_settings_are_rejected(refused, options, words):
    assert words in refused("metaphor-limits", *options)


def test_losses_are_finite_where_the_derived_probability_is_rounded_to_1(command):
    strong = ("--set", "psps=50,50,50,50", "--set", "pairs=4", "--set", "levels=2")
    found = command("run", "metaphor-limits", *strong, "--no-plot")["findings"]
    lost = [found[f"bits_lost_{effect.key}"][-1] for effect in EFFECTS]
    assert all(value is not None and value < 1e4 for value in lost)
    assert max(lost) > 50.0
