from __future__ import annotations

import numpy as np
import pytest

from scenarios.networks.universal_approximation import POINTS, STEEPEST, function, pulses


def test_two_threshold_units_and_a_sum_make_a_pulse():
    pulse = pulses(np.array([0.2, 0.5]), np.array([3.0]))
    assert len(pulse.layers[0].bias) == 2
    assert pulse([[0.1], [0.3], [0.49], [0.6]])[:, 0].tolist() == [0.0, 3.0, 3.0, 0.0]


def test_the_slope_has_the_stated_bound():
    fine = np.linspace(0.0, 1.0, 100_001)
    slope = np.abs(np.diff(function(fine)) / np.diff(fine)).max()
    assert 0.99 * STEEPEST < slope <= STEEPEST * (1 + 1e-9)
    assert len(POINTS) == 401


def test_the_error_falls_with_the_number_of_pulses(command, tmp_path):
    result = command("compare", "universal-approximation")
    found, measures = result["findings"], result["comparison"]
    assert found["pulse_heights"] == pytest.approx([0.0, 1.0])
    assert found["units"] == [2 * n for n in found["pulses"]]
    assert (np.diff(found["largest_errors"]) < 0).all()
    assert (np.array(found["largest_errors"]) <= np.array(found["bounds"])).all()
    assert found["error_falls_as_power"] == pytest.approx(-1.0, abs=0.1)
    assert found["pulses_enough"] == 32
    assert found["error_of_enough"] <= 0.1
    assert measures["agreement"]["value"] == 1.0
    assert measures["largest_difference"] < 1e-9
    for name in ("pulses", "comparison-error"):
        assert (tmp_path / f"universal-approximation-{name}.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("--set", "error=0.001"), "outside 0.02 to 1"), (("--duration", "5"), "give at least 10 ms")],
)
def test_invalid_runs_are_refused(refused, arguments, message):
    assert message in refused("universal-approximation", *arguments)
