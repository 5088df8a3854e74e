from __future__ import annotations

import numpy as np
import pytest

from bridge import LayeredNetwork
from scenarios.networks.depth_width import POINTS, deep, digits, wide


def test_digits_of_a_binary_number():
    assert digits(np.array([0.8125]), 4).tolist() == [[1.0, 1.0, 0.0, 1.0]]
    last = digits(POINTS, 4)[:, -1]
    assert (np.diff(last) > 0).sum() == 8  # pulses


@pytest.mark.parametrize("bits", [2, 3, 7])
def test_deep_and_wide_networks_compute_all_digits(bits):
    inputs = POINTS[:, np.newaxis]
    assert (np.hstack(deep(bits).outputs(inputs)) == digits(POINTS, bits)).all()
    assert (wide(bits)(inputs) == digits(POINTS, bits)).all()
    assert deep(bits).depths == tuple(range(1, bits + 1))
    assert deep(bits).n_parameters == bits * (bits + 3) // 2
    assert len(wide(bits).layers[0].bias) == 2**bits - 1


def test_parameters_of_several_layers_and_outputs():
    assert LayeredNetwork.random([2, 3, 4, 1], ["sigmoid"] * 3).n_parameters == 30
    assert LayeredNetwork.random([5, 3, 3], ["sigmoid"] * 2).n_parameters == 30


@pytest.mark.slow
def test_depth_saves_neurons_and_width_saves_time(command, tmp_path):
    result = command("compare", "depth-width")
    found, measures = result["findings"], result["comparison"]
    assert found["given_parameters"] == 30
    assert found["given_parameters_by_layer"] == [9, 16, 5]
    assert found["units_deep"] == [2, 3, 4, 5]
    assert found["units_wide"] == [3 + 2, 7 + 3, 15 + 4, 31 + 5]
    assert found["wrong_deep"] == found["wrong_wide"] == 0
    assert measures["agreement"] == 1.0
    for name in ("digits", "comparison-depth", "comparison-parameters"):
        assert (tmp_path / f"depth-width-{name}.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--set", "bits=8"), "outside 2 to 7"),
        (("--duration", "20"), "give at least 25 ms"),
    ],
)
def test_invalid_runs_are_refused(refused, arguments, message):
    assert message in refused("depth-width", *arguments)
