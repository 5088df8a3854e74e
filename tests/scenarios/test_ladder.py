from __future__ import annotations

import numpy as np
import pytest

from scenarios.artificial_neuron.ladder import (
    PLANE,
    SCALED,
    Settings,
    detect,
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
    errors = [
        compared[f"squared_error_{name}"]["value"] for name in ("linear", "neuron", "network")
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[2] < 0.6 * errors[1]
    assert (tmp_path / "ladder-comparison-planes.png").exists()


@pytest.mark.slow
def test_spiking_models_agree_with_the_abstract_ones(command, tmp_path):
    compared = command("compare", "ladder")["comparison"]
    assert compared["right_spiking_linear"]["value"] == compared["right_linear"]["value"]
    assert compared["agreement"]["value"] > 0.97
    assert compared["right_spiking_network"]["low"] > compared["right_neuron"]["high"]
    assert (tmp_path / "ladder-models.png").exists()


@pytest.mark.slow
def test_spike_counts_have_an_index_and_a_scale():
    assert (POINTS[[1, 11, 120]] == [[1, 0], [0, 1], [10, 10]]).all()
    assert SCALED.min() == -1.0
    assert SCALED.max() == 1.0
    assert Settings(trials=100, held_out=150).examples(5)[0].shape == (250,)


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("trials=1", "outside 100 to"),
        ("hidden=0", "outside 1 to 20"),
        ("repeats=1000", "outside 10 to 100"),
    ],
)
def test_settings_out_of_range_are_refused(refused, assignment, words):
    assert words in refused("ladder", "--set", assignment)


def test_a_run_too_short_for_a_hidden_layer_is_refused(refused):
    error = refused("ladder", "--duration", "5")
    assert "ends before the last layer fires: give at least 10 ms" in error


def test_a_linear_regression_after_one_step_is_compared(command):
    compared = command("compare", "ladder", "--set", "steps=1", "--no-plot")["comparison"]
    assert 0.0 < compared["squared_error_linear"]["value"] < 1.0
