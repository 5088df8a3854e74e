from __future__ import annotations

import numpy as np
import pytest

from scenarios.artificial_neuron.ladder import law
from scenarios.artificial_neuron.ladder_model import (
    POINTS,
    Settings,
    detect,
    place_of,
    scaled,
    task_of,
)


@pytest.mark.slow
def test_the_detector_fires_as_often_as_its_law_says():
    fired = detect(np.repeat(POINTS, 500, axis=0), seed=3).reshape(len(POINTS), -1)
    probability = law(POINTS)
    error = np.sqrt(np.maximum(probability * (1.0 - probability), 1e-4) / 500)
    # Nowhere 5.5 standard errors off, nor in the mean 4: an error rate below 1e-4.
    assert (np.abs(fired.mean(axis=1) - probability) < 5.5 * error + 2e-3).all()
    mean_error = np.sqrt(np.sum(probability * (1.0 - probability)) / 500) / len(POINTS)
    assert abs(fired.mean() - probability.mean()) < 4.0 * mean_error


@pytest.mark.slow
def test_every_rung_stands_higher(command, tmp_path):
    told = command("compare", "ladder")["comparison"]
    for name in ("linear", "neuron"):  # one line in the plane
        assert 0.8 < told[f"right_{name}"]["value"] < 0.88
    assert told["right_network"]["low"] > told["right_neuron"]["high"]
    assert told["right_network"]["high"] > told["right_best"]["value"]
    errors = [told[f"squared_error_{name}"] for name in ("linear", "neuron", "network")]
    assert errors == sorted(errors, reverse=True)
    assert told["cross_entropy_network"]["value"] < 0.5 * told["cross_entropy_neuron"]["value"]
    for name in ("planes", "spiking-planes", "training", "rates"):
        assert (tmp_path / f"ladder-comparison-{name}.png").exists()


@pytest.mark.slow
def test_the_same_rungs_in_spikes(command, tmp_path):
    told = command("compare", "ladder")["comparison"]
    assert told["right_spiking_linear"]["value"] == told["right_linear"]["value"]
    assert told["agreement"]["value"] > 0.97
    assert told["right_spiking_network_of_16"]["low"] > told["right_neuron"]["high"]
    # One neuron is exact but for chance, of which the mean square of 121 is known to 13 %.
    assert told["difference_spiking_neuron"] < 1.3 * 0.5 / np.sqrt(600)
    off = [told[f"difference_spiking_network_of_{size}"] for size in (1, 16)]
    assert off[1] < 0.5 * off[0]
    # 484 shares of 960 neurons each: five standard errors, an error rate of 3e-4.
    assert told["largest_difference_hidden"] < 5.0 * 0.5 / np.sqrt(960)
    assert (tmp_path / "ladder-units.png").exists()


@pytest.mark.slow
def test_spike_counts_keep_their_place_and_scale():
    assert (place_of(POINTS) == np.arange(121)).all()
    assert scaled(POINTS).min() == -1.0
    assert scaled(POINTS).max() == 1.0
    assert task_of(Settings(trials=100, held_out=100, steps=3), 5).inputs.shape == (100, 2)


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("trials=1", "outside 100 to"),
        ("hidden=0", "outside 1 to 20"),
        ("repeats=1000", "above 2000"),
    ],
)
def test_settings_out_of_range_are_refused(refused, assignment, words):
    assert words in refused("ladder", "--set", assignment)


def test_a_run_too_short_for_a_hidden_layer_is_refused(refused):
    assert "needs two" in refused("ladder", "--duration", "5")
