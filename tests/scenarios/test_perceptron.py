from __future__ import annotations

import pytest


def test_gates_that_a_line_separates_are_learned_and_xor_never(command):
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
    # On a hundred random sets mistakes keep below the bound.
    assert found["random_sets_learned"] == found["random_sets"] == 100
    assert 0.1 < found["largest_mistakes_over_bound"] <= 1.0


def test_the_learned_unit_and_its_neuron_agree(command, tmp_path):
    told = command("compare", "perceptron", "--set", "learning_rate=0.5")["comparison"]
    assert told["agreement"]["value"] == 1.0
    # The majority of three has equal weights, and fires from two of them on.
    assert told["psp_of_A"] == told["psp_of_B"] == told["psp_of_C"] == 10.0
    assert len(list(tmp_path.glob("*.png"))) == 4


def test_a_gate_that_cannot_be_learned_is_shown_too(command):
    told = command("compare", "perceptron", "--no-plot", "--set", "gate=A ^ B ^ C")
    assert told["findings"]["gate"]["never"] is True
    assert told["findings"]["gate"]["neuron_right"] < 1.0
    assert told["comparison"]["agreement"]["value"] == 1.0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "gate=A &"), "found the end"),
        (("--set", "learning_rate=0"), "outside 0.001 to 1000"),
        (("--duration", "10"), "ends before the last circuit has answered"),
    ],
)
def test_settings_out_of_range_are_refused(refused, arguments, words):
    assert words in refused("perceptron", *arguments)
