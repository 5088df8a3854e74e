from __future__ import annotations

import pytest
from scipy.special import expit
from scipy.stats import binomtest

from neurosim.cli import main


def test_the_example_of_the_lecture(command, tmp_path):
    found = command("run", "soft-perceptron")["findings"]
    assert found["score"] == pytest.approx(-6.0)
    assert round(found["prediction"], 3) == 0.002
    assert found["relu"] == 0.0
    assert found["potential_mv"] == pytest.approx(-61.0)
    assert found["psps_mv"] == pytest.approx([3.0, -2.0])
    assert found["lift_mv"] == pytest.approx(16.0)
    # 4,000 trials, at an error rate of 1e-4.
    fired = round(4000 * found["spiking_share"])
    assert binomtest(fired, 4000, float(expit(-6.0))).pvalue > 1e-4
    assert (tmp_path / "soft-perceptron-spikes.png").exists()


def test_without_noise_the_neuron_is_a_perceptron(command):
    assert command("run", "soft-perceptron")["findings"]["noiseless_on_its_side"] == 1.0


def test_spiking_and_logistic_neuron_have_the_same_decision_line(command, tmp_path):
    compared = command("compare", "soft-perceptron")["comparison"]
    # Next to the line p = σ(±1/2): 400 trials fall on the wrong side with a probability of 3e-7.
    assert compared["agreement"]["value"] == 1.0
    assert compared["agreement_noiseless"]["value"] == 1.0
    # 4.9 standard errors at any of 169 points: an error rate of 2e-4.
    assert compared["largest_difference"] < 4.9 * 0.025
    for key, truth in (("theta_0", 1.0), ("theta_1", 3.0), ("theta_2", -2.0)):
        standard_error = (compared[key]["high"] - compared[key]["low"]) / 3.92
        assert abs(compared[key]["value"] - truth) < 4.0 * standard_error  # error rate 6e-5
    assert (tmp_path / "soft-perceptron-comparison-plane.png").exists()


def test_other_weights_and_slopes(command):
    compared = command("compare", "soft-perceptron", "--set", "theta=-2,1,4", "--set", "beta=0.5")
    assert compared["comparison"]["agreement_noiseless"]["value"] == 1.0
    assert compared["findings"]["psps_mv"] == pytest.approx([2.0, 8.0])


def test_a_decision_line_outside_the_plane_is_refused(capsys, tmp_path):
    arguments = ["--set", "theta=50,1,1", "--out", str(tmp_path), "--no-plot"]
    assert main(["compare", "soft-perceptron", *arguments]) == 2
    assert "give trials with and without a spike" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("assignment", "words"),
    [("theta=1,2", "theta has 2 values: give 3"), ("beta=0", "0.05 to 50"), ("repeats=1", "20 to")],
)
def test_settings_out_of_range_are_refused(refused, assignment, words):
    assert words in refused("soft-perceptron", "--set", assignment)
