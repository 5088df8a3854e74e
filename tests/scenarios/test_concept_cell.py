from __future__ import annotations

import numpy as np
import pytest

from scenarios.biological_neuron.concept_cell import (
    HERS,
    INPUTS,
    KINDS,
    PERSONS,
    Settings,
    assembly,
    probe_presentations,
)


@pytest.mark.slow
def test_the_cell_fires_to_every_representation_of_her_and_to_no_one_else(command, tmp_path):
    found = command("run", "concept-cell")["findings"]
    for kind in KINDS:
        assert found[f"fires_to_{kind.replace(' ', '_')}"] >= 0.95
    assert found["fires_to_others"] <= 0.01
    assert found["psp_of_carriers_mv"] > 2.5
    assert found["psp_of_others_mv"] < 0.1
    assert found["psp_before_mv"] == 0.5
    for name in ("answers", "weights"):
        assert (tmp_path / f"concept-cell-{name}.png").exists()


@pytest.mark.slow
def test_stdp_and_gradient_descent_learn_the_same_decisions(command, tmp_path):
    compared = command("compare", "concept-cell")["comparison"]
    assert compared["agreement"]["low"] > 0.98
    assert compared["logistic_fires_to_her"] >= 0.95
    assert compared["logistic_fires_to_others"] <= 0.01
    assert compared["theta_her"] > 1.0
    assert compared["theta_others"] < 0.0
    assert compared["correlation"] > 0.8
    assert (tmp_path / "concept-cell-comparison-weights.png").exists()


def test_only_successive_persons_share_input_neurons():
    sets = [set(assembly(person, 1).tolist()) for person in range(len(PERSONS))]
    for person, units in enumerate(sets):
        assert len(units) == 10
        shared = [len(units & other) for other in sets]
        assert shared[(person + 1) % len(PERSONS)] == shared[person - 1] == 2
        assert sum(shared) == 14
    assert HERS.sum() == 30


def test_all_representations_are_tested_equally_often():
    shown = probe_presentations(Settings(), 1, 5 * 24 * 60.0 + 1.0)
    assert (np.bincount(shown.case) == 5).all()
    assert shown.active.shape == (120, INPUTS)
    active = shown.active[shown.case == 0][:, assembly(0, 0)]
    assert active.mean() == pytest.approx(0.85, abs=4.5 * np.sqrt(0.85 * 0.15 / active.size))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "carry=2"), "carry = 2 is outside 0 to 1"),
        (("--set", "presentations=5"), "100 to"),
        (("--duration", "100"), "all 24 representations"),
    ],
)
def test_settings_out_of_range_are_refused(refused, arguments, words):
    assert words in refused("concept-cell", *arguments)
