from __future__ import annotations

import pytest


def test_spiking_neurons_recall_from_cues_with_a_fifth_wrong(command):
    found = command("run", "hopfield", "--no-plot")["findings"]
    assert found["cue_overlap"] == pytest.approx(0.6)
    assert len(found["recall_overlaps"]) == 8
    assert min(found["recall_overlaps"]) >= 0.95
    assert found["recall_overlap"] >= 0.98
    assert found["rate_silent_hz"] < 2.0 < 20.0 < found["rate_active_hz"]


def test_units_have_the_capacity_of_the_theory(command):
    found = command("run", "hopfield", "--duration", "550", "--no-plot")["findings"]
    assert found["patterns_fixed_at_n_over_4_ln_n"] == 1.0
    assert found["largest_rise_of_energy"] <= 1e-12
    # In theory the overlap jumps from 0.967 to 0.35 at 0.138; with 1,000 units the jump is smooth.
    assert found["load_where_overlap_leaves_0.97"] == pytest.approx(0.138, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["2", "3"])
def test_recall_does_not_depend_on_the_seed_and_agrees_with_the_units(command, seed):
    compared = command("compare", "hopfield", "--seed", seed, "--no-plot")["comparison"]
    assert compared["agreement"]["value"] >= 0.98
    assert compared["overlap_abstract"] == 1.0
    assert compared["overlap_spiking"] >= 0.97


def test_all_figures_are_drawn(command, tmp_path):
    command("compare", "hopfield", "--duration", "1050")
    assert {path.stem.rpartition("-")[2] for path in tmp_path.glob("*.png")} == {
        "recall",
        "patterns",
        "capacity",
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "neurons=10"), "outside 50 to 2000"),
        (("--set", "patterns=500"), "outside 1 to 50"),
        (("--set", "corruption=0.7"), "outside 0 to 0.5"),
        (("--set", "sigma=-1"), "outside 0 to 20 mV"),
        (("--duration", "100"), "too short for a cue: give at least 550 ms"),
    ],
)
def test_settings_out_of_range_are_refused(refused, arguments, words):
    assert words in refused("hopfield", *arguments)
