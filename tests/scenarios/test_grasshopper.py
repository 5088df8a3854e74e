from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

import neurosim as ns
from neurosim.cli import main
from neurosim.scenario import RunOptions
from scenarios.recordings import data
from scenarios.recordings.data import INTERVAL, Recording, grasshopper_recording
from scenarios.recordings.grasshopper_agreement import fired_bins
from scenarios.recordings.grasshopper_model import TWIN, Settings, network
from scenarios.recordings.grasshopper_trained import Trained
from scenarios.recordings.grasshopper_twin import simulate, twin_network, twin_of

CELLS = (1, 2)
FLOORS = {
    "auc_cell1": 0.807,
    "bits_per_spike_cell1": 0.738,
    "auc_cell2": 0.803,
    "bits_per_spike_cell2": 0.832,
    "auc_history_cell1": 0.895,
    "bits_per_spike_history_cell1": 1.538,
    "auc_history_cell2": 0.875,
    "bits_per_spike_history_cell2": 1.465,
}
"""What a plain logistic neuron is known to reach on these recordings."""


@pytest.mark.parametrize(("cell", "spikes"), [(1, 929), (2, 868)])
def test_the_recordings_are_ten_seconds_long_and_read_in_ms(cell, spikes):
    recording = grasshopper_recording(cell)
    assert recording.duration == 10_000.0
    assert len(recording.spikes) == spikes
    assert np.diff(recording.spikes).min() > 3.0
    assert 9900.0 < recording.spikes[-1] < 10_000.0
    assert fired_bins(recording).sum() == spikes
    assert fired_bins(recording).max() == 1


def test_level_of_a_steady_tone_is_0_dB_however_smoothed():
    recording = Recording(np.full(2000, 0.3), np.empty(0))
    for smoothing in (0.0, 0.6, 20.0):
        level = recording.level(0.5, smoothing=smoothing)
        # Rounding, over 2000 steps, times 10/ln 10 dB.
        assert np.abs(level).max() < 2000 * np.finfo(float).eps * 10.0


def test_ten_times_the_amplitude_are_20_dB_and_silence_is_minus_60():
    recording = Recording(np.repeat([0.0, 0.1, 1.0], 20), np.empty(0))
    silence, soft, loud = recording.level(1.0)
    assert silence == pytest.approx(-60.0)
    assert loud - soft == pytest.approx(20.0)


def test_smoothing_is_a_leaky_integral_of_the_intensity():
    recording = Recording(np.repeat([0.2, 1.0], 1000), np.empty(0))
    smoothed = 10.0 ** (recording.level(INTERVAL, smoothing=2.0) / 10.0)
    time = INTERVAL * np.arange(1, 1001)
    expected = 1.0 + (0.04 - 1.0) * np.exp(-time / 2.0)
    np.testing.assert_allclose(smoothed[1000:] * 0.52, expected, rtol=1e-9)


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """What `neurosim compare grasshopper` says, and the pictures it draws."""
    folder = tmp_path_factory.mktemp("compared")
    assert main(["compare", "grasshopper", "--out", str(folder)]) == 0
    told = json.loads((folder / "comparison.json").read_text())["comparison"]
    return told, {path.name for path in folder.glob("*.png")}


@pytest.mark.slow
def test_the_logistic_neuron_reaches_the_floors_out_of_fold(compared):
    told, pictures = compared
    for key, floor in FLOORS.items():
        assert told[key]["value"] >= floor, key
        assert told[key]["low"] < told[key]["value"] < told[key]["high"]
    assert 0.6 < told["coincidence_factor_spiking_cell1"] < 1.0
    assert pictures == {
        "grasshopper-response.png",
        "grasshopper-statistics.png",
        "grasshopper-twin.png",
        "grasshopper-comparison-prediction.png",
        "grasshopper-comparison-scores.png",
        "grasshopper-comparison-filters.png",
        "grasshopper-comparison-coupling.png",
        "grasshopper-comparison-calibration.png",
    }


@pytest.mark.slow
def test_the_spiking_twins_tell_more_of_a_spike_and_coincide_less_than_leaky_neurons(compared):
    told, _ = compared
    # Their own past spikes sharpen what the sound tells; those recorded are not known to them.
    bits = told["bits_per_spike_twin_cell1"]
    assert told["bits_per_spike_cell1"]["value"] < bits["value"]
    assert bits["value"] < told["bits_per_spike_history_cell1"]["value"]
    assert bits["low"] > told["bits_per_spike_spiking_cell1"]["high"]
    assert told["auc_twin_cell1"]["value"] > FLOORS["auc_cell1"]
    factor = told["coincidence_factor_twin_cell1"]
    assert 0.45 < factor < told["coincidence_factor_spiking_cell1"]
    # What is left of the last bin's potential, which moves by less than 250 mV.
    assert told["potential_error_twin_cell1"] < 250.0 * np.exp(-10.0)


@pytest.mark.slow
def test_receptors_that_heard_different_sounds_do_not_hear_each_other(compared):
    told, _ = compared
    for cell in CELLS:
        total = told[f"total_coupling_cell{cell}"]
        assert total["low"] < 0.0 < total["high"]
        assert told[f"p_value_coupling_cell{cell}"] > 0.05
        gained = told[f"bits_gained_coupling_cell{cell}"]
        assert gained["low"] < gained["value"] < 0.0
        # Ten weights of no use cost as many halves of a nat, over the spikes.
        assert gained["value"] > -3.0 * 10.0 / (2.0 * np.log(2.0) * 868)
    # That both adapt looks like a coupling, where it is not allowed for.
    assert told["total_coupling_naive_cell1"]["low"] > 0.0


def test_twins_that_are_coupled_show_it(compared):
    told, _ = compared
    peak = told["peak_coupling_twins"]
    assert 0.0 < peak["low"] < 20.0 < peak["high"]
    assert told["bits_gained_coupling_twins"]["low"] > 0.0
    # One coverage in 10^4 would be lower by chance.
    assert told["coverage_coupling_twins"]["value"] > binom.ppf(1e-4, 200, 0.95) / 200


def test_in_each_part_of_the_recording_the_twins_are_those_not_trained_on_it():
    settings = Settings(neurons=3, folds=2)
    merged = simulate(settings, RunOptions(duration=10_000.0), False)
    alone = ns.simulate(twin_network(settings), 10_000.0, dt=1.0)
    for part, (start, stop) in enumerate([(0.0, 5000.0), (5000.0, 10_000.0)]):
        ours, theirs = merged.spikes[TWIN], alone.spikes[f"twin of part {part}"]
        for times in ("times", "ids"):
            found, expected = (
                getattr(trains, times)[(trains.times > start) & (trains.times <= stop)]
                for trains in (ours, theirs)
            )
            np.testing.assert_array_equal(found, expected)
    assert len(merged.traces[TWIN, "v"].times) == 10_000
    assert merged.stats.neurons == 3 + 2 * 3


@pytest.mark.parametrize("cell", CELLS)
def test_the_twin_has_the_filters_of_its_neuron_in_millivolts(cell):
    settings = Settings()
    neuron = Trained.on(cell, settings).neuron
    twin = twin_of(neuron, settings)
    np.testing.assert_allclose(twin.signal, neuron.psp_[: settings.lags])
    np.testing.assert_allclose(twin.history, neuron.psp_[settings.lags :])
    assert (twin.history[:3] < -30.0).all()


def test_no_prediction_depends_on_the_part_it_foretells(monkeypatch):
    """Other spikes in the last fifth leave its predictions from the sound as they were."""
    recording = grasshopper_recording(1)
    honest = Trained.on(1, Settings())
    kept = recording.spikes[recording.spikes < 8000.0]
    invented = np.concatenate([kept, np.arange(8000.5, 10_000.0, 17.0)])
    forged = Recording(recording.amplitude, invented)
    monkeypatch.setattr(
        "scenarios.recordings.grasshopper_trained.grasshopper_recording",
        lambda cell: forged if cell == 1 else recording,
    )
    other = Trained.on(1, Settings())
    np.testing.assert_array_equal(other.hearing[8000:], honest.hearing[8000:])
    assert np.abs(other.hearing[:8000] - honest.hearing[:8000]).max() > 0.01
    np.testing.assert_array_equal(other.parts[-1].coef_, honest.parts[-1].coef_)
    assert (other.parts[0].coef_ != honest.parts[0].coef_).any()


@pytest.mark.parametrize("cell", CELLS)
def test_sound_excites_after_the_delay_that_the_spiking_neuron_has(cell):
    settings = Settings()
    weights = Trained.on(cell, settings).neuron.coef_[0]
    peak = int(weights[: settings.lags].argmax())
    # A bin and the membrane's 1.5 ms later than the delay.
    assert settings.delay <= peak + 1 <= settings.delay + settings.tau_m + 1.0
    # Refractoriness fades over 7 ms.
    assert (np.diff(weights[settings.lags :][:7]) > 0).all()


@pytest.mark.parametrize(("cell", "least"), [(1, 0.6), (2, 0.45)])
def test_spiking_neurons_fire_with_the_receptor_also_where_they_were_not_fitted(
    command, cell, least
):
    told = command("run", "grasshopper", "--set", f"cell={cell}", "--no-plot")
    found = told["findings"]
    assert found["spikes_recorded"] == {1: 929, 2: 868}[cell]
    assert found["coincidence_factor"] > least
    assert found["coincidence_factor_held_out"] > least
    # No model can foretell more than its own noise leaves to foretell.
    assert found["coincidence_factor"] < found["coincidence_factor_between_neurons"] < 1.0
    assert found["rate_simulated_hz"] == pytest.approx(told["rates_hz"]["receptor"])
    assert found["rate_simulated_hz"] == pytest.approx(found["rate_recorded_hz"], rel=0.15)
    assert found["auc"] > 0.75
    # Twins too were trained on other parts of the recording.
    assert found["rate_twin_hz"] == pytest.approx(found["rate_recorded_hz"], rel=0.05)
    assert found["auc_twin"] > found["auc"]
    twin = found["coincidence_factor_twin_held_out"]
    assert 0.25 < twin < found["coincidence_factor_twin_between_neurons"]


def test_a_short_run_is_measured_as_far_as_it_goes(command):
    told = command("compare", "grasshopper", "--duration", "150", "--no-plot")
    assert told["comparison"]["auc_cell1"]["value"] >= FLOORS["auc_cell1"]
    assert "auc_spiking_cell1" in told["comparison"]
    assert told["comparison"]["potential_error_twin_cell1"] < 0.01


def test_a_current_that_drives_the_neuron_too_fast_has_no_coincidence_factor(command):
    told = command(
        "run", "grasshopper", "--duration", "300", "--no-plot", *("--set", "bias=900,900")
    )
    assert told["findings"]["rate_simulated_hz"] > 250.0
    assert told["findings"]["coincidence_factor"] is None


def test_a_silent_neuron_coincides_with_nothing(command):
    told = command("run", "grasshopper", "--duration", "300", "--no-plot", "--set", "bias=-500,0")
    assert told["findings"]["spikes_simulated"] == 0.0
    assert told["findings"]["coincidence_factor"] == 0.0
    assert told["findings"]["auc"] == 0.5


@pytest.mark.parametrize("dt", [0.05, 0.1, 0.25])
def test_the_sound_arrives_after_its_delay_on_any_grid(dt):
    settings = Settings(smoothing=0.0)
    current = network(settings, RunOptions(duration=500.0, dt=dt)).drives[0].input
    assert isinstance(current, ns.CurrentWaveform)
    assert current.interval == pytest.approx(dt)
    late = round(settings.delay / dt)
    level = (current.values - settings.bias[0]) / settings.gain
    np.testing.assert_allclose(level[late:], settings.recording.level(dt)[:-late], atol=1e-12)


def test_without_nitime_one_sentence_says_what_to_install(refused, monkeypatch):
    grasshopper_recording.cache_clear()
    monkeypatch.setattr(data, "find_spec", lambda name: None)
    said = refused("grasshopper")
    assert said == (
        "neurosim: grasshopper needs the recordings that nitime ships: "
        "python -m pip install 'neurosim-bridge[data]'\n"
    )


def test_recordings_that_are_damaged_are_told(refused, monkeypatch, tmp_path: Path):
    grasshopper_recording.cache_clear()
    spec = importlib.util.spec_from_loader("nitime", None, is_package=True)
    assert spec is not None
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(data, "find_spec", lambda name: spec)
    assert "install nitime anew" in refused("grasshopper")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "cell=3"), "cell = '3' is not one of 1, 2"),
        (("--set", "bias=100"), "give two currents"),
        (("--set", "neurons=1"), "neurons = 1 is outside 2 to 2000"),
        (("--set", "lags=0"), "lags = 0 ms is outside 1 to 200 ms"),
        (("--set", "coupling=0"), "coupling = 0 ms is outside 1 to 200 ms"),
        (("--set", "coupling=2"), "coupled holds 4 potentials: give 1 to coupling = 2"),
        (("--set", "coupled=1e4"), "from -1000 to 1000 mV"),
        (("--set", "folds=1"), "folds = 1 is outside 2 to 20"),
        (("--set", "tau_m=0.001"), "LIF.tau_m = 0.001 ms"),
        (("--set", "sigma=-1"), "MembraneNoise.sigma = -1 mV"),
        (("--duration", "20000"), "outside 100 to 10000 ms"),
    ],
)
def test_what_makes_no_sense_is_refused(refused, arguments, words):
    assert words in refused("grasshopper", *arguments)
