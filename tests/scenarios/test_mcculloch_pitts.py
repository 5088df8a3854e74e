from __future__ import annotations

import pytest


def test_gates_expression_veto_and_memory_are_right(command, tmp_path):
    found = command("run", "mcculloch-pitts")["findings"]
    assert found["AND"] == [0, 0, 0, 1]
    assert found["OR"] == [0, 1, 1, 1]
    assert found["NOT"] == [1, 1, 0, 0]
    assert found["answers"] == [0, 1, 0, 1, 1, 1, 0, 0]  # A and not B, or not A and C
    assert set(found["wrong_spikes"].values()) == {0}
    assert {path.stem.removeprefix("mcculloch-pitts-") for path in tmp_path.glob("*.png")} == {
        "gates",
        "veto",
        "memory",
    }


def test_one_inhibitory_spike_vetoes_any_excitation(command):
    found = command("run", "mcculloch-pitts", "--no-plot")["findings"]
    assert found["fired_without_inhibition"] is True
    assert found["fired_against_a_veto"] is False


def test_the_loop_remembers_from_set_to_reset(command):
    found = command("run", "mcculloch-pitts", "--no-plot")["findings"]
    # Windows:                ..S...R...S.SR..B..
    assert found["memory"] == [int(active) for active in "0011110000111000000"]


@pytest.mark.slow
def test_neurons_agree_with_the_units_of_any_expression(command, tmp_path):
    expression = "not (A xor B or C) and D + ¬E·A"
    run = command("compare", "mcculloch-pitts", "--set", f"expression={expression}")
    assert run["comparison"]["agreement"] == 1.0
    assert run["findings"]["inputs"] == 32
    assert len(list(tmp_path.glob("*comparison-*.png"))) == 1


def test_an_expression_that_is_an_input_needs_no_unit(command):
    run = command("compare", "mcculloch-pitts", "--no-plot", "--set", "expression=A")
    assert run["findings"]["units"] == 0
    assert run["findings"]["answers"] == [0, 1]
    assert run["comparison"]["agreement"] == 1.0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "expression=A &"), "found the end"),
        (("--set", "expression=1 & 0"), "has 0 variables: give from 1 to 8"),
        (("--duration", "100"), "is shorter than the circuits need: give at least 881 ms"),
        (("--dt", "0.3"), "dt = 0.3 ms does not divide the first spikes at 1 ms"),
    ],
)
def test_settings_out_of_range_are_refused(refused, arguments, words):
    assert words in refused("mcculloch-pitts", *arguments)
