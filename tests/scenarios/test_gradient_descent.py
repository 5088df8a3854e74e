from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns
from neurosim.scenario import RunOptions
from scenarios.artificial_neuron.gradient_descent import Settings, network, training


def test_guesses_converge_or_diverge_by_their_rate(command, tmp_path):
    found = command("run", "gradient-descent")["findings"]
    assert found["potential_minus_guess_mv"] < 1e-12
    assert found["error_factor_per_step"] == pytest.approx([0.9, 0.2, 1.1])
    errors = np.array(found["squared_errors_mv2"])
    assert errors[:, 0] == pytest.approx([100.0, 100.0, 100.0])
    # The error shrinks or grows by its factor in each of 14 steps.
    expected = 100.0 * np.array([0.9, 0.2, 1.1]) ** 28
    assert errors[:, -1] == pytest.approx(expected, rel=1e-9)
    assert (tmp_path / "gradient-descent-guesses.png").exists()


def test_a_rate_of_half_reaches_the_number_in_one_step(command):
    found = command("run", "gradient-descent", "--set", "rates=0.5", "--set", "number=-7")
    [errors] = found["findings"]["squared_errors_mv2"]
    assert errors[1] == pytest.approx(0.0, abs=1e-20)


def test_smaller_batches_are_cheaper_and_noisier(command, tmp_path):
    compared = command("compare", "gradient-descent")["comparison"]
    for key, truth in (("theta_0", -7.5), ("theta_1", 1.5)):
        standard_error = (compared[key]["high"] - compared[key]["low"]) / 3.92
        assert abs(compared[key]["value"] - truth) < 4.0 * standard_error  # error rate 6e-5
    for name in ("mini_batch", "stochastic"):
        assert compared[f"trials_needed_{name}"] < 0.1 * compared["trials_needed_full_batch"]
        assert compared[f"uphill_{name}"] > 0.2
        assert 0.0 < compared[f"excess_after_one_pass_{name}"] < 0.01
    assert compared["uphill_full_batch"] == 0.0
    assert (
        compared["excess_after_one_pass_mini_batch"] < compared["excess_after_one_pass_full_batch"]
    )
    assert (tmp_path / "gradient-descent-comparison-descents.png").exists()


def test_the_loss_of_the_figures_is_the_loss_of_training():
    settings = Settings(passes=3)
    options = RunOptions(duration=5.0, dt=5.0)
    result = ns.simulate(network(settings, options), 5.0, dt=5.0, seed=1)
    learned = training(result, settings)
    history = learned.descents["full batch"]

    excess = history.loss - learned.best.history_.loss[-1]
    assert learned.excess(history.trajectory) == pytest.approx(excess, rel=1e-10)
    assert abs(learned.excess(learned.best.history_.trajectory[-1])) < 1e-12


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("number=100", "-10 to 30 mV"),
        ("rates=2", "rates[0] = 2"),
        ("rates=1,1,1,1", "give 1 to 3"),
        ("trials=1", "200 to"),
        ("passes=1", "2 to 1000"),
    ],
)
def test_settings_out_of_range_are_refused(refused, assignment, words):
    assert words in refused("gradient-descent", "--set", assignment)


def test_a_loss_that_is_never_reached_is_said_so(command):
    run = command("compare", "gradient-descent", "--set", "passes=2", "--no-plot")
    assert run["comparison"]["trials_needed_full_batch"] is None
