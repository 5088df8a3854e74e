"""The grasshopper's ear: floors that a plain logistic neuron reaches on real recordings."""

from __future__ import annotations

import pytest

import neurosim as ns
from scenarios import recordings
from scenarios.recordings import grasshopper

# Reached by a logistic neuron with 20 lags of 1 ms, five blocks left out in turn; with history, 10
# lags of its own spikes more.
FLOORS = {
    "auc_cell1": 0.807,
    "auc_cell2": 0.803,
    "bits_per_spike_cell1": 0.738,
    "bits_per_spike_cell2": 0.832,
    "auc_history_cell1": 0.895,
    "auc_history_cell2": 0.875,
    "bits_per_spike_history_cell1": 1.538,
    "bits_per_spike_history_cell2": 1.465,
}


@pytest.mark.parametrize(("cell", "n_spikes"), [(1, 929), (2, 868)])
def test_the_recordings_are_ten_seconds_of_sound_and_spikes(cell, n_spikes) -> None:
    recording = grasshopper(cell)
    assert recording.duration == pytest.approx(10_000.0)
    assert len(recording.spikes) == n_spikes
    assert recording.level.max() == pytest.approx(0.0)
    assert 0.0 < recording.spikes[0] < recording.spikes[-1] < 10_000.0


def test_the_trained_neuron_predicts_unseen_spikes_at_least_as_well_as_is_known(
    command, tmp_path
) -> None:
    told = command("compare", "grasshopper")
    found = told["comparison"]
    for key, floor in FLOORS.items():
        assert found[key]["value"] >= floor, key
        assert found[key]["low"] < found[key]["value"] < found[key]["high"]
    # The spiking twin fires as often as the cell, and in step with it far above chance.
    assert told["findings"]["simulated_rate_hz"] == pytest.approx(92.9, rel=0.05)
    assert told["findings"]["coincidence_factor"] > 0.6
    assert len(list(tmp_path.glob("grasshopper*.png"))) == 4


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch) -> None:
    monkeypatch.setattr(recordings, "find_spec", lambda name: None)
    with pytest.raises(ns.NeurosimError, match=r"pip install 'neurosim-bridge\[data\]'"):
        grasshopper(1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "cell=3"), "one of 1, 2"),
        (("--set", "folds=1"), "folds = 1 is outside 2 to 50"),
        (("--duration", "20000"), "longer than the recording of 10000 ms"),
    ],
)
def test_bad_settings_are_refused(refused, arguments, words) -> None:
    assert words in refused("grasshopper", *arguments)
