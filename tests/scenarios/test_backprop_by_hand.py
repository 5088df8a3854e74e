from __future__ import annotations

import numpy as np
import pytest


def test_the_lectures_figures_forward_and_back(command, tmp_path):
    found = command("run", "backprop-by-hand")["findings"]
    assert found["hidden"] == pytest.approx([0.85, 0.48])
    assert found["prediction"] == pytest.approx(0.191)
    assert round(found["error"], 3) == 0.327
    assert found["delta"] == pytest.approx(-0.809)
    assert np.round(found["new_output_weights"], 2).tolist() == [0.17, 0.17]
    assert np.round(found["new_hidden_weights"], 2).tolist() == [[0.12, 0.23], [0.13, 0.10]]
    # Δ times what the chain rule says: inputs times output weights, then hidden signals.
    by_hand = -0.809 * np.array([0.14 * 2, 0.14 * 3, 0.15 * 2, 0.15 * 3, 0.85, 0.48])
    assert found["gradient"] == pytest.approx(by_hand)
    assert (tmp_path / "backprop-by-hand-forward.png").exists()


def test_the_same_sums_in_millivolts(command, tmp_path):
    result = command("compare", "backprop-by-hand")
    found, told = result["findings"], result["comparison"]
    # Of every millivolt 0.1 % leaks away in a millisecond.
    assert found["spiking_hidden_mv"] == pytest.approx([8.5, 4.8], rel=1e-3)
    assert found["spiking_hidden_recruited"] == pytest.approx([0.85, 0.48])
    assert round(0.1 * found["spiking_prediction_mv"], 3) == 0.191
    assert told["agreement"] == 1.0
    assert told["largest_difference_hidden_recruited"] < 0.5 / 100 + 1e-3
    assert told["largest_difference_prediction"] < 3e-3
    assert told["error_after_10"] < 0.01 * told["error_after_0"]
    for name in ("step", "descent"):
        assert (tmp_path / f"backprop-by-hand-comparison-{name}.png").exists()


def test_descent_ends_where_nothing_is_left_to_learn(command):
    told = command(
        "compare", "backprop-by-hand", "--set", "rate=0.1", "--set", "steps=100", "--no-plot"
    )["comparison"]
    (last,) = [key for key in told if key.startswith("error_after") and key[12:] not in ("0", "1")]
    assert int(last.removeprefix("error_after_")) < 100
    assert told[last] < 1e-20
    assert told["largest_difference_prediction"] < 3e-3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "rate=1"), "outside 0.001 to 0.1"),
        (("--set", "steps=0"), "outside 1 to 500"),
        (("--duration", "0.5"), "give 1.2 ms or more"),
    ],
)
def test_what_cannot_be_is_refused(refused, arguments, words):
    assert words in refused("backprop-by-hand", *arguments)
