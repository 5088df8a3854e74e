from __future__ import annotations

import numpy as np
import pytest

from scenarios.artificial_neuron.ladder import (
    PLANE,
    Settings,
    detect,
    index_of,
    scaled,
    trained,
    true_probability,
)

POINTS = PLANE.points


@pytest.mark.slow
def test_the_detector_fires_with_its_true_probability():
    fired = detect(np.repeat(POINTS, 500, axis=0), seed=3).reshape(len(POINTS), -1)
    probability = true_probability(POINTS)
    error = np.sqrt(np.maximum(probability * (1.0 - probability), 1e-4) / 500)
    # Below 5.5 standard errors at each input, and 4 in the mean: an error rate below 1e-4.
    assert (np.abs(fired.mean(axis=1) - probability) < 5.5 * error + 2e-3).all()
    mean_error = np.sqrt(np.sum(probability * (1.0 - probability)) / 500) / len(POINTS)
    assert abs(fired.mean() - probability.mean()) < 4.0 * mean_error


@pytest.mark.slow
def test_each_model_predicts_better_than_the_one_before(command, tmp_path):
    compared = command("compare", "ladder")["comparison"]
    for name in ("linear", "neuron"):  # one line in the plane
        assert 0.8 < compared[f"right_{name}"]["value"] < 0.88
    assert compared["right_network"]["low"] > compared["right_neuron"]["high"]
    assert compared["right_network"]["high"] > compared["right_best"]["value"]
    errors = [compared[f"squared_error_{name}"] for name in ("linear", "neuron", "network")]
    assert errors == sorted(errors, reverse=True)
    assert (
        compared["cross_entropy_network"]["value"] < 0.5 * compared["cross_entropy_neuron"]["value"]
    )
    for name in ("planes", "training"):
        assert (tmp_path / f"ladder-comparison-{name}.png").exists()


@pytest.mark.slow
def test_spiking_models_agree_with_the_abstract_ones(command, tmp_path):
    compared = command("compare", "ladder")["comparison"]
    assert compared["right_spiking_linear"]["value"] == compared["right_linear"]["value"]
    assert compared["agreement"]["value"] > 0.97
    assert compared["right_spiking_network_of_16"]["low"] > compared["right_neuron"]["high"]
    # One neuron differs by sampling error only; its mean square over 121 inputs is known to 13 %.
    assert compared["difference_spiking_neuron"] < 1.3 * 0.5 / np.sqrt(600)
    off = [compared[f"difference_spiking_network_of_{size}"] for size in (1, 16)]
    assert off[1] < 0.5 * off[0]
    # 484 fractions of 960 neurons each: five standard errors, an error rate of 3e-4.
    assert compared["largest_difference_hidden"] < 5.0 * 0.5 / np.sqrt(960)
    for name in ("models", "units"):
        assert (tmp_path / f"ladder-{name}.png").exists()


@pytest.mark.slow
def test_spike_counts_have_an_index_and_a_scale():
    assert (index_of(POINTS) == np.arange(121)).all()
    assert scaled(POINTS).min() == -1.0
    assert scaled(POINTS).max() == 1.0
    assert trained(Settings(trials=100, held_out=100, steps=3), 5).inputs.shape == (100, 2)


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
