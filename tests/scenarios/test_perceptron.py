from __future__ import annotations

import pytest


def test_separable_gates_are_learned_and_xor_never(command):
    found = command("run", "perceptron", "--no-plot")["findings"]
    for name in ("AND", "OR", "NOT", "A but not B", "gate"):
        assert found[name]["learned"] is True
        assert found[name]["neuron_right"] == 1.0
        assert found[name]["mistakes"] <= found[name]["mistake_bound"]
    assert found["XOR"]["learned"] is False
    assert found["XOR"]["never"] is True
    assert found["XOR"]["mistake_bound"] is None
    assert found["XOR"]["neuron_right"] <= 0.75
    assert found["gates_of_two_inputs_learned"] == 14
    # The number of threshold functions of three variables.
    assert found["gates_of_three_inputs_learned"] == 104
    assert 0.1 < found["largest_mistakes_over_bound"] <= 1.0


def test_trained_units_and_their_neurons_agree(command, tmp_path):
    compared = command("compare", "perceptron")["comparison"]
    assert compared["agreement"] == 1.0
    # The majority of three has equal weights, and two of them exceed the threshold.
    assert compared["psp_of_A"] == compared["psp_of_B"] == compared["psp_of_C"] == 10.0
    assert len(list(tmp_path.glob("*.png"))) == 3


def test_a_gate_that_is_not_separable_is_reported(command):
    compared = command("compare", "perceptron", "--no-plot", "--set", "gate=A ^ B ^ C")
    assert compared["findings"]["gate"]["never"] is True
    assert compared["findings"]["gate"]["neuron_right"] < 1.0
    assert compared["comparison"]["agreement"] == 1.0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "gate=A &"), "found the end"),
        (("--duration", "10"), "is shorter than the circuits need"),
    ],
)
def test_settings_out_of_range_are_refused(refused, arguments, words):
    assert words in refused("perceptron", *arguments)
