from __future__ import annotations

import pytest
from scipy.special import expit
from scipy.stats import binomtest

from neurosim.cli import main


def test_the_lectures_example_in_both_worlds(command, tmp_path):
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


def test_without_noise_it_is_the_hard_perceptron(command):
    assert command("run", "soft-perceptron")["findings"]["noiseless_on_its_side"] == 1.0


def test_both_worlds_draw_the_same_line(command, tmp_path):
    told = command("compare", "soft-perceptron")["comparison"]
    # Next to the line p = σ(±1/2), and 400 trials a point fall on the wrong side with chance 3e-7.
    assert told["agreement"]["value"] == 1.0
    assert told["agreement_noiseless"]["value"] == 1.0
    # 4.9 standard errors at any of 169 points: an error rate of 2e-4.
    assert told["largest_difference"] < 4.9 * 0.025
    for key, truth in (("theta_0", 1.0), ("theta_1", 3.0), ("theta_2", -2.0)):
        standard_error = (told[key]["high"] - told[key]["low"]) / 3.92
        assert abs(told[key]["value"] - truth) < 4.0 * standard_error  # error rate 6e-5
    assert (tmp_path / "soft-perceptron-comparison-plane.png").exists()


def test_other_weights_and_scale_draw_their_own_line(command):
    told = command("compare", "soft-perceptron", "--set", "theta=-2,1,4", "--set", "beta=0.5")
    assert told["comparison"]["agreement_noiseless"]["value"] == 1.0
    assert told["findings"]["psps_mv"] == pytest.approx([2.0, 8.0])


def test_a_line_that_misses_the_plane_cannot_be_compared(capsys, tmp_path):
    arguments = ["--set", "theta=50,1,1", "--out", str(tmp_path), "--no-plot"]
    assert main(["compare", "soft-perceptron", *arguments]) == 2
    assert "all of the 67600 trials fired" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("assignment", "words"),
    [("theta=1,2", "give three"), ("beta=0", "0.05 to 50"), ("repeats=1", "20 to 5000")],
)
def test_settings_out_of_range_are_refused(refused, assignment, words):
    assert words in refused("soft-perceptron", "--set", assignment)
