from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import logit
from scipy.stats import ttest_ind

import neurosim as ns
from bridge import datasets as data
from bridge.datasets import ReceptorRecording, grasshopper_recording
from neurosim.cli import main
from neurosim.scenario import RunOptions
from scenarios.recordings.grasshopper import (
    BIAS,
    DELAY,
    GAIN,
    NEURON,
    SMOOTHING,
    Settings,
    network,
    simulate,
)
from scenarios.recordings.grasshopper_training import EQUIVALENT, FITTED, Training, sound

CELLS = (1, 2)
FLOORS = {
    1: {
        "auc_sound": 0.807,
        "bits_per_spike_sound": 0.738,
        "auc_history": 0.895,
        "bits_per_spike_history": 1.538,
    },
    2: {
        "auc_sound": 0.803,
        "bits_per_spike_sound": 0.832,
        "auc_history": 0.875,
        "bits_per_spike_history": 1.465,
    },
}
"""Lower bounds for a logistic neuron on these recordings."""


@pytest.mark.parametrize(("cell", "spikes"), [(1, 929), (2, 868)])
def test_the_recordings_are_ten_seconds_long_and_read_in_ms(cell, spikes):
    recording = grasshopper_recording(cell)
    assert recording.duration == 10_000.0
    assert len(recording.spikes) == spikes
    assert np.diff(recording.spikes).min() > 3.0
    assert 9900.0 < recording.spikes[-1] < 10_000.0
    fired = Training.on(cell, Settings()).fired
    assert fired.sum() == spikes
    assert fired.max() == 1


def test_level_of_a_steady_tone_is_0_dB_however_smoothed():
    recording = ReceptorRecording(np.full(2000, 0.3), np.empty(0))
    for smoothing in (0.0, 0.6, 20.0):
        level = recording.level(0.5, smoothing=smoothing)
        # Rounding, over 2000 steps, times 10/ln 10 dB.
        assert np.abs(level).max() < 2000 * np.finfo(float).eps * 10.0


def test_ten_times_the_amplitude_is_20_dB_and_silence_is_minus_60_dB():
    recording = ReceptorRecording(np.repeat([0.0, 0.1, 1.0], 20), np.empty(0))
    silence, soft, loud = recording.level(1.0)
    assert silence == pytest.approx(-60.0)
    assert loud - soft == pytest.approx(20.0)


def test_smoothing_is_a_leaky_integral_of_the_intensity():
    recording = ReceptorRecording(np.repeat([0.2, 1.0], 1000), np.empty(0))
    smoothed = 10.0 ** (recording.level(ReceptorRecording.interval, smoothing=2.0) / 10.0)
    time = ReceptorRecording.interval * np.arange(1, 1001)
    expected = 1.0 + (0.04 - 1.0) * np.exp(-time / 2.0)
    np.testing.assert_allclose(smoothed[1000:] * 0.52, expected, rtol=1e-9)


@pytest.fixture(scope="module", params=CELLS)
def compared(request, tmp_path_factory) -> tuple[int, dict, set[str]]:
    """Receptor, and measures and names of the figures of `neurosim compare grasshopper`."""
    folder = tmp_path_factory.mktemp("compared")
    receptor = ("--set", f"cell={request.param}")
    assert main(["compare", "grasshopper", *receptor, "--out", str(folder)]) == 0
    measures = json.loads((folder / "comparison.json").read_text())["comparison"]
    return request.param, measures, {path.name for path in folder.glob("*.png")}


@pytest.mark.slow
def test_cross_validated_logistic_neurons_reach_the_lower_bounds(compared):
    cell, measures, figures = compared
    for key, floor in FLOORS[cell].items():
        assert measures[key]["value"] >= floor, key
        assert measures[key]["low"] < measures[key]["value"] < measures[key]["high"]
    assert figures == {
        "grasshopper-response.png",
        "grasshopper-equivalent.png",
        "grasshopper-comparison-scores.png",
    }


@pytest.mark.slow
def test_equivalent_neurons_predict_better_than_lif_neurons(compared):
    cell, measures, _ = compared
    # Past spikes improve the prediction; the recorded past spikes are unknown in a simulation.
    bits = measures["bits_per_spike_equivalent"]
    assert measures["bits_per_spike_sound"]["value"] < bits["value"]
    assert bits["value"] < measures["bits_per_spike_history"]["value"]
    lif = measures["bits_per_spike_lif"]
    assert bits["low"] > lif["high"]
    if cell == 1:  # worse than a constant probability, as the docstring states
        assert lif["high"] < 0.0
    assert measures["auc_equivalent"]["value"] > measures["auc_lif"]["value"] > 0.75
    assert measures["auc_equivalent"]["value"] > FLOORS[cell]["auc_sound"]


def test_the_potential_is_the_score_of_the_logistic_neuron_in_mv():
    settings = Settings(neurons=2)
    result = simulate(settings, RunOptions(duration=10_000.0), False)
    glm, spikes = Training.on(1, settings).glm, result.spikes[EQUIVALENT].of(0)
    stimulus = sound(grasshopper_recording(1), settings)
    score = logit(1e-3 * glm.predict([spikes], 10_000.0, stimulus=stimulus)[:, 0])
    info = result.populations[EQUIVALENT]
    distance = info.v_threshold - info.v_rest
    expected = info.v_threshold - distance * score / glm.intercept_[0]
    fired = np.rint(spikes).astype(int) - 1
    free = np.ones(10_000, dtype=bool)
    for after in range(glm.refractory_[0] + 1):  # from the spike, which resets the potential
        free[np.minimum(fired + after, 9999)] = False
    potential = result.traces[EQUIVALENT, "v"].of(0)
    np.testing.assert_allclose(potential[free], expected[free], rtol=0.0, atol=1e-9)


@pytest.mark.parametrize("cell", CELLS)
def test_equivalent_neurons_fire_like_the_fitted_model(cell):
    settings = Settings(cell=cell, neurons=50)
    result = simulate(settings, RunOptions(duration=10_000.0), False)
    glm = Training.on(cell, settings).glm
    drawn = [len(glm.simulate(seed=seed)) for seed in range(1, 51)]
    fired = [len(result.spikes[EQUIVALENT].of(k)) for k in range(50)]
    # At an error rate of 1e-4.
    assert ttest_ind(drawn, fired).pvalue > 1e-4


def test_predictions_of_a_part_do_not_depend_on_its_spikes(monkeypatch):
    recording = grasshopper_recording(1)
    original = Training.on(1, Settings())
    kept = recording.spikes[recording.spikes < 9000.0]
    changed = np.concatenate([kept, np.arange(9000.5, 10_000.0, 17.0)])
    replaced = ReceptorRecording(recording.amplitude, changed)
    monkeypatch.setattr(
        "scenarios.recordings.grasshopper_training.grasshopper_recording",
        lambda cell: replaced if cell == 1 else recording,
    )
    Training.on.cache_clear()
    other = Training.on(1, Settings())
    Training.on.cache_clear()
    np.testing.assert_array_equal(other.by_sound[9000:], original.by_sound[9000:])
    assert np.abs(other.by_sound[:9000] - original.by_sound[:9000]).max() > 0.01
    np.testing.assert_array_equal(other.glm.filters_, original.glm.filters_)
    np.testing.assert_array_equal(other.glm.stimulus_, original.glm.stimulus_)
    assert FITTED < 9000.0


@pytest.mark.parametrize("cell", CELLS)
def test_the_sound_filter_has_the_delay_of_the_lif_neurons(cell):
    settings = Settings()
    glm = Training.on(cell, settings).glm
    peak = int(glm.stimulus_[:, 0].argmax())
    # Later than the delay by up to a bin and the membrane time constant of 1.5 ms.
    assert DELAY <= peak + 1 <= DELAY + NEURON.tau_m + 1.0
    # Refractoriness decays over 7 ms.
    assert (np.diff(glm.filters_[0, 0, glm.refractory_[0] : 7]) > 0).all()


@pytest.mark.parametrize(("cell", "least"), [(1, 0.6), (2, 0.45)])
def test_lif_neurons_fire_with_the_receptor_also_after_the_first_5_s(command, cell, least):
    output = command("run", "grasshopper", "--set", f"cell={cell}", "--no-plot")
    found = output["findings"]
    assert found["spikes_recorded"] == {1: 929, 2: 868}[cell]
    assert found["coincidence_factor_lif"] > least
    # No model agrees better with a recording than its own neurons with each other.
    assert found["coincidence_factor_lif"] < found["coincidence_factor_among_lif"] < 1.0
    assert found["rate_hz_lif"] == pytest.approx(output["rates_hz"]["LIF"])
    assert found["rate_hz_lif"] == pytest.approx(found["rate_recorded_hz"], rel=0.15)
    # The rate of the receptors falls after the first 5 s.
    assert found["rate_hz_equivalent"] == pytest.approx(found["rate_recorded_hz"], rel=0.15)
    factor = found["coincidence_factor_equivalent"]
    assert 0.25 < factor < found["coincidence_factor_among_equivalent"]
    assert found["lowest_potential_equivalent_mv"] < -110.0


def test_a_shorter_run_can_be_compared(command):
    measures = command("compare", "grasshopper", "--duration", "6000", "--no-plot")["comparison"]
    assert measures["auc_sound"]["value"] >= FLOORS[1]["auc_sound"]
    assert "auc_lif" in measures


@pytest.mark.parametrize("dt", [0.05, 0.1, 0.25])
def test_the_sound_arrives_after_its_delay_on_any_grid(dt):
    settings = Settings()
    current = network(settings, RunOptions(duration=6000.0, dt=dt)).drives[0].input
    assert isinstance(current, ns.CurrentWaveform)
    assert current.interval == pytest.approx(dt)
    late = round(DELAY / dt)
    level = (current.values - BIAS[1]) / GAIN
    expected = settings.recording.level(dt, smoothing=SMOOTHING)
    np.testing.assert_allclose(level[late:], expected[:-late], atol=1e-12)


def test_without_nitime_the_error_states_what_to_install(refused, monkeypatch):
    grasshopper_recording.cache_clear()
    monkeypatch.setattr(data, "find_spec", lambda name: None)
    assert refused("grasshopper") == (
        "neurosim: grasshopper needs the recordings in the package nitime; install it with "
        "python -m pip install 'neurosim-bridge[data]'\n"
    )


def test_damaged_recordings_are_reported(refused, monkeypatch, tmp_path: Path):
    grasshopper_recording.cache_clear()
    spec = importlib.util.spec_from_loader("nitime", None, is_package=True)
    assert spec is not None
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(data, "find_spec", lambda name: spec)
    assert "reinstall nitime" in refused("grasshopper")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "cell=3"), "cell = '3' is not one of 1, 2"),
        (("--set", "neurons=1"), "neurons = 1 is outside 2 to 500"),
        (("--set", "lags=0"), "lags = 0 is outside 1 to 200"),
        (("--duration", "20000"), "outside 6000 to 10000 ms"),
    ],
)
def test_invalid_settings_are_rejected(refused, arguments, words):
    assert words in refused("grasshopper", *arguments)


def test_there_are_two_receptors():
    assert grasshopper_recording(2.0).duration == 10_000.0
    with pytest.raises(ns.NeurosimError, match="cell = 3: give 1 or 2"):
        grasshopper_recording(3)
