from __future__ import annotations

import itertools
import math

import pytest


def test_outputs_of_all_circuits_are_correct(command):
    found = command("run", "xor", "--no-plot")["findings"]
    assert found["xor"] == [0, 1, 1, 0]
    assert found["variables"] == ["A", "X", "Y", "Z"]
    expected = [
        ((a and not x and z) or (a and not y)) and ((x and y) or (not x and z))
        for a, x, y, z in itertools.product((False, True), repeat=4)
    ]
    assert found["answers"] == [int(value) for value in expected]
    assert found["errors"] == 0


def test_neurons_agree_with_units_and_a_single_unit_fails(command, tmp_path):
    arguments = ("--set", "expression=A ^ B ^ C ^ D")
    compared = command("compare", "xor", *arguments)["comparison"]
    assert compared["agreement"] == 1.0
    assert compared["margin_of_one_neuron"] == 0.0
    assert compared["cross_entropy_of_one_logistic_neuron"] == pytest.approx(
        math.log(2.0), abs=1e-6
    )
    assert len(list(tmp_path.glob("*.png"))) == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "expression=A B"), "expected an operation"),
        (("--set", "expression=a|b|c|d|e|f|g|h|i"), "has 9 variables: give from 1 to 8"),
        (("--duration", "20"), "is shorter than the circuits need"),
    ],
)
def test_settings_out_of_range_are_refused(refused, arguments, words):
    assert words in refused("xor", *arguments)
