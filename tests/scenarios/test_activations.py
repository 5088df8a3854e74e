from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

import bridge
import neurosim as ns
from neurosim.scenario import RunOptions
from scenarios.artificial_neuron.activations import (
    INTEGRATOR,
    SCORES,
    UNIT_RATE,
    Settings,
    network,
    outputs,
)

REPEATS = 1000


@pytest.fixture(scope="module")
def output():
    settings, options = Settings(repeats=REPEATS), RunOptions(duration=100.0)
    return outputs(ns.simulate(network(settings, options), 100.0, seed=1))


def test_escape_noise_gives_the_sigmoid(output):
    expected = bridge.find_activation("sigmoid")(SCORES)
    p_values = [
        binomtest(round(REPEATS * fraction), REPEATS, float(p)).pvalue
        for fraction, p in zip(output["sigmoid"].mean(axis=0), expected, strict=True)
    ]
    # Below 1e-6 at any of 25 scores: an error rate of 3e-5.
    assert min(p_values) > 1e-6


def test_two_neurons_with_opposite_input_give_tanh(output):
    tanh = bridge.find_activation("tanh")
    # Each of the two fires with probability σ(±2s), so the variance of the difference is half the
    # derivative.
    error = np.sqrt(np.maximum(0.5 * tanh.derivative(SCORES), 5.0 / REPEATS) / REPEATS)
    # Five standard errors, at least those of five spikes: an error rate of 3e-5 for 25 scores.
    assert (np.abs(output["tanh"].mean(axis=0) - tanh(SCORES)) < 5.0 * error).all()


def test_the_variance_of_spikes_is_the_derivative(output):
    sigmoid, tanh = (bridge.find_activation(name) for name in ("sigmoid", "tanh"))
    # A measured variance has a standard error of at most 0.25/√n where the output is 0 or 1, and of
    # 0.5/√n where it is ±1 or 0. Five of them, at any of 50 scores: an error rate of 3e-5.
    error = 0.25 / np.sqrt(REPEATS)
    off = output["sigmoid"].var(axis=0) - sigmoid.derivative(SCORES)
    assert np.abs(off).max() < 5.0 * error
    off = 2.0 * output["tanh"].var(axis=0) - tanh.derivative(SCORES)
    assert np.abs(off).max() < 5.0 * 4.0 * error


def test_a_neuron_without_leak_gives_relu(output):
    counted = output["relu"]
    mean, chance = counted.mean(axis=0), counted.std(axis=0) / np.sqrt(len(counted))
    assert (mean[SCORES <= 0.0] == 0.0).all()
    above = SCORES > 0.0
    gap = INTEGRATOR.v_threshold - INTEGRATOR.v_reset
    drive = 1e-3 * UNIT_RATE * SCORES[above] * INTEGRATOR.c_m * gap * INTEGRATOR.resistance
    rate = bridge.deterministic_rate(INTEGRATOR.v_rest + drive, INTEGRATOR)
    on_grid = 1e3 / (0.1 * np.ceil(1e4 / rate - 1e-9))
    # The phase is uniform in the potential, but because of the leak not exactly in time: 0.01.
    error = 5.0 * chance[above] + 0.01
    assert (np.abs(mean[above] - on_grid / UNIT_RATE) < error).all()
    assert np.abs(mean - np.maximum(SCORES, 0.0)).max() < 0.1


def test_a_neuron_without_noise_gives_the_step(output):
    assert (output["step"] == (SCORES > 0.0)).all()


@pytest.mark.slow
def test_slopes_and_training_with_each_function(command, tmp_path):
    compared = command("compare", "activations")["comparison"]
    for name in ("sigmoid", "tanh", "relu", "step"):
        assert compared[f"right_{name}"]["high"] > compared["right_best"]["value"]
        # Five standard errors of the least certain slope.
        assert compared[f"largest_slope_difference_{name}"] < 5.0 * 0.028
    assert compared["agreement"]["value"] > 0.99
    assert compared["weight_tanh_over_sigmoid"] == pytest.approx(0.5, abs=1e-3)
    best = compared["squared_error_best"]
    assert compared["squared_error_sigmoid"]["value"] == pytest.approx(best["value"], abs=2e-3)
    assert compared["squared_error_step"]["low"] > best["value"]
    assert (tmp_path / "activations-spikes.png").exists()
    assert (tmp_path / "activations-comparison-derivatives.png").exists()


@pytest.mark.parametrize(
    ("assignment", "words"),
    [("delta=0", "0.5 to 10"), ("repeats=1", "20 to"), ("trials=1", "100 to")],
)
def test_settings_out_of_range_are_refused(refused, assignment, words):
    assert words in refused("activations", "--set", assignment)
