from __future__ import annotations

import numpy as np
import pytest


def test_the_numbers_of_the_lecture_forward_and_back(command, tmp_path):
    found = command("run", "backprop-by-hand")["findings"]
    assert found["hidden"] == pytest.approx([0.85, 0.48])
    assert found["prediction"] == pytest.approx(0.191)
    assert round(found["error"], 3) == 0.327
    assert found["delta"] == pytest.approx(-0.809)
    assert np.round(found["new_output_weights"], 2).tolist() == [0.17, 0.17]
    assert np.round(found["new_hidden_weights"], 2).tolist() == [[0.12, 0.23], [0.13, 0.10]]
    # Chain rule: Δ times inputs times output weights, and Δ times hidden signals.
    by_hand = -0.809 * np.array([0.14 * 2, 0.14 * 3, 0.15 * 2, 0.15 * 3, 0.85, 0.48])
    assert found["gradient"] == pytest.approx(by_hand)
    assert (tmp_path / "backprop-by-hand-forward.png").exists()


def test_potentials_are_the_same_sums(command, tmp_path):
    result = command("compare", "backprop-by-hand")
    found, measures = result["findings"], result["comparison"]
    # The leak is 0.1 % in a millisecond.
    assert found["spiking_hidden_mv"] == pytest.approx([8.5, 4.8], rel=1e-3)
    assert found["spiking_hidden_recruited"] == pytest.approx([0.85, 0.48])
    assert round(measures["spiking_prediction"], 3) == round(measures["prediction"], 3) == 0.191
    assert measures["largest_difference_prediction"] < 3e-3
    assert measures["spiking_new_prediction"] == pytest.approx(0.256, abs=1e-3)
    assert (tmp_path / "backprop-by-hand-comparison-step.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--set", "rate=1"), "outside 0.001 to 0.1"),
        (("--duration", "0.5"), "give at least 1.2 ms"),
    ],
)
def test_invalid_runs_are_refused(refused, arguments, message):
    assert message in refused("backprop-by-hand", *arguments)
