from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binom, t

import bridge
import neurosim as ns
from neurosim.scenario import RunOptions
from scenarios.artificial_neuron.metaphor_limits_effects import EFFECTS, Effect, ago
from scenarios.artificial_neuron.metaphor_limits_logistic import Rivals, rivals
from scenarios.artificial_neuron.metaphor_limits_model import Outcome, Settings, network
from scenarios.artificial_neuron.metaphor_limits_trials import Input

KEYS = [effect.key for effect in EFFECTS]
ENDS = {key: (0.0, getattr(Settings(), key)[-1]) for key in KEYS}
FAR = 4.5
"""Standard errors that a normal variable exceeds with probability 7e-6."""


def outcome_of(settings: Settings, seed: int, duration: float = 3000.0, dt: float = 5.0) -> Outcome:
    options = RunOptions(duration=duration, dt=dt, seed=seed)
    net = network(settings, options)
    return Outcome(ns.simulate(net, duration, dt=dt, seed=seed), settings)


@pytest.fixture(scope="module")
def found() -> dict[Effect, list[Rivals]]:
    """Logistic neurons beside the law, for no effect and for each at its strongest."""
    return rivals(outcome_of(Settings(**ENDS), seed=1))


def error(measure: bridge.Measure, n_blocks: int = 30) -> float:
    """Standard error of which the interval is made."""
    return (measure.high - measure.low) / 2.0 / t.ppf(0.975, n_blocks - 1)


def every_input() -> np.ndarray:
    """All that a window can bring."""
    return np.array(list(product((0.0, 1.0), repeat=len(Settings().psps))))


def bound_of(share: float) -> float:
    """What the bridge foresees of errors where a window of 5 ms leaves a share to the next."""
    noise = bridge.EscapeNoise(Settings().delta)
    unit = bridge.SpikingUnit(ns.LIF(tau_m=-5.0 / np.log(share)), Settings().psps, noise)
    return bridge.validity(unit, every_input(), window=5.0).error


def test_run_and_comparison_show_losses_from_zero_up(command, tmp_path):
    told = command("compare", "metaphor-limits", "--duration", "600")
    found, compared = told["findings"], told["comparison"]
    assert found["potential_error_mv"] < 1e-9
    # 35 populations: an error rate of 2e-4.
    assert found["spikes_off_law_sd"] < FAR
    for key in KEYS:
        assert len(found[f"strengths_{key}"]) == len(found[f"bits_lost_{key}"]) == 7
        assert found[f"bits_lost_{key}"][0] == 0.0
        assert compared[f"{key}_zero_derived"] == {"value": 0.0, "low": 0.0, "high": 0.0}
        middle, largest = (compared[f"{key}_{place}_derived"] for place in ("middle", "largest"))
        assert 0.0 < middle["low"] < middle["high"] < largest["low"]
        assert compared[f"{key}_largest_told"]["high"] < compared[f"{key}_largest_trained"]["low"]
    assert compared["agreement"]["value"] == 1.0
    assert compared["agreement_largest"]["value"] < 0.95
    for share in Settings().carry_over[1:3]:
        assert 0.0 < compared[f"carry_over_{share:g}_error"] < bound_of(share) < 1.0
    names = {path.name for path in tmp_path.glob("*.png")}
    assert names == {"metaphor-limits-potentials.png", "metaphor-limits-comparison-losses.png"}


@pytest.mark.parametrize("dt", [4.0, 10.0])
def test_the_law_knows_the_potential_of_the_simulated_neuron(dt):
    settings = Settings(pairs=4)
    assert outcome_of(settings, seed=3, duration=100 * dt, dt=dt).potential_error() < 1e-9


def test_neurons_fire_as_often_as_their_law_says(found):
    for each in found.values():
        for rival in each:
            bins = np.digitize(rival.law, np.arange(0.1, 0.95, 0.1))
            spikes, expected, variance = (
                np.bincount(bins, values, minlength=10)
                for values in (rival.fired, rival.law, rival.law * (1.0 - rival.law))
            )
            # Ten bins of ten populations: an error rate of 1e-4 at 5 standard deviations.
            assert (np.abs(spikes - expected) <= 5.0 * np.sqrt(variance)).all()


def test_without_an_effect_the_derived_neuron_is_the_law_to_the_last_bit(found):
    for each in found.values():
        assert (each[0].law == each[0].twin).all()
        assert each[0].derived.value == each[0].derived.low == each[0].derived.high == 0.0


@pytest.mark.slow
def test_without_an_effect_intervals_of_trained_neurons_hold_zero_as_often_as_they_say():
    settings = Settings(**ENDS)
    held = []
    for seed in range(12):
        outcome = outcome_of(settings, seed)
        for effect in EFFECTS:
            trained = Rivals(effect, outcome.trials(effect, 0.0)).trained
            held.append(trained.low <= 0.0 <= trained.high)
    # Two-sided binomial band at 95 %, left by chance in 1 of 10,000 runs.
    n = len(held)
    assert binom.ppf(5e-5, n, 0.95) <= sum(held) <= binom.ppf(1.0 - 5e-5, n, 0.95)


def test_every_effect_costs_and_telling_mends_more_than_training(found):
    for effect, (_, rival) in found.items():
        for loss in (rival.derived, rival.trained):
            assert loss.value > FAR * error(loss)
        assert rival.derived.value > rival.trained.value > rival.told.value + 0.1
        if effect.key in ("jitter", "refractoriness", "feedback"):
            assert abs(rival.told.value) < FAR * error(rival.told)
    # What a spike resets is no sum of what was before: a single neuron cannot learn it.
    left = found[EFFECTS[KEYS.index("carry_over")]][1].told
    assert left.value > FAR * error(left)


def test_refractoriness_costs_what_silence_surprises_the_derived_neuron_by(found):
    settings = Settings()
    spikes = every_input().sum(axis=1)
    chance = settings.activity**spikes * (1.0 - settings.activity) ** (len(settings.psps) - spikes)
    score = (every_input() @ np.array(settings.psps) - 15.0) / settings.delta
    surprise = chance @ -np.log2(expit(-score))
    rival = found[EFFECTS[KEYS.index("refractoriness")]][1]
    # The input of refractory windows, 8 a spike but at the very end, is like that of all others.
    silent = rival.effect.refractory(rival.trials).sum() / rival.fired.sum()
    assert 7.8 < silent <= 8.0
    assert abs(rival.derived.value - silent * surprise) < FAR * error(rival.derived)


def test_input_of_a_shorter_run_is_the_beginning_of_a_longer():
    short, long = (Input.drawn(5, (n, 3, 2), 0.4) for n in (10, 20))
    assert (short.sent == long.sent[:10]).all()
    assert (short.lateness == long.lateness[:10]).all()


def test_jitter_moves_spikes_to_the_window_around_their_arrival():
    sent = np.zeros((4, 1, 2), dtype=bool)
    sent[1, 0] = True
    lateness = np.zeros((4, 1, 2))
    lateness[1, 0] = -1.0, 4.0
    given = Input(sent, lateness)
    # Meant for 10 ms; one arrives at 6.9 ms, the other at 22.4 ms, nearest to 5 and to 20 ms.
    arrived = given.arrived(3.1, 5.0)
    assert np.argwhere(arrived).tolist() == [[0, 0, 0], [3, 0, 1]]
    times = given.times(3.1, 5.0)
    assert [times[i][0].tolist() for i in (0, 1)] == [pytest.approx([6.9]), pytest.approx([22.4])]
    # At 30.4 ms the run is over.
    assert given.arrived(5.1, 5.0)[:, 0, 1].sum() == 0.0


def test_spans_of_past_windows_are_summed():
    values = np.arange(1.0, 6.0)[:, None]
    assert ago(values, [range(1, 2), range(2, 4)])[:, 0].tolist() == [
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
        (("--duration", "400"), "holds 80 windows of 5 ms: give 500 ms or more"),
        (("--set", "pairs=9000"), "give fewer pairs"),
        (("--set", "pairs=2"), "pairs = 2 is outside 4 to 10000"),
        (("--set", "activity=0"), "activity = 0 is outside"),
        (("--set", "delta=0"), "delta = 0 mV is outside"),
        (("--set", "psps=80"), "from -50 to 50 mV"),
        (("--set", "jitter=1,2"), "rise from 0 to at most 1000 ms"),
        (("--set", "feedback=0,4,2"), "rise from 0"),
        (("--set", "carry_over=0,1"), "at most 0.99"),
        (("--set", "refractoriness=0,1.5"), "give whole numbers of windows"),
        (("--set", "adaptation=0"), "two values or more"),
        (("--set", "psps=-3", "--set", "delta=1"), "jitter 0 ms fired 0 times in 36,000 windows"),
    ],
)
def test_what_makes_no_sense_is_refused(refused, options, words):
    assert words in refused("metaphor-limits", *options)
