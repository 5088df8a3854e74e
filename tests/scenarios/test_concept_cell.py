from __future__ import annotations

import numpy as np
import pytest

from scenarios.biological_neuron.concept_cell_model import (
    INPUTS,
    KINDS,
    PERSONS,
    Settings,
    assembly,
    carriers,
    examination,
)


@pytest.mark.slow
def test_the_cell_fires_to_every_representation_of_her_and_to_no_one_else(command):
    found = command("run", "concept-cell", "--no-plot")["findings"]
    for kind in KINDS:
        assert found[f"fires_to_{kind.replace(' ', '_')}"] >= 0.95
    assert found["fires_to_others"] <= 0.01
    assert found["naive_cell_fires"] == 0.0
    assert found["psp_of_carriers_mv"] > 2.5
    assert found["psp_of_others_mv"] < 0.1
    assert found["psp_before_mv"] == 0.5


@pytest.mark.slow
def test_spike_times_and_gradient_descent_come_to_the_same(command, tmp_path):
    told = command("compare", "concept-cell")["comparison"]
    assert told["agreement"]["low"] > 0.98
    for world in ("spiking", "logistic"):
        assert told[f"{world}_fires_to_her"]["value"] >= 0.95
        assert told[f"{world}_fires_to_others"]["value"] <= 0.01
    assert told["theta_carriers"] > 1.0
    assert told["theta_others"] < 0.0
    assert told["correlation"] > 0.8
    for name in ("answers", "weights"):
        assert (tmp_path / f"concept-cell-comparison-{name}.png").exists()


def test_persons_share_units_with_their_neighbours_alone():
    sets = [set(assembly(person, 1).tolist()) for person in range(len(PERSONS))]
    for person, units in enumerate(sets):
        assert len(units) == 10
        shared = [len(units & other) for other in sets]
        assert shared[(person + 1) % len(PERSONS)] == shared[person - 1] == 2
        assert sum(shared) == 14
    assert carriers().sum() == 30


def test_an_examination_shows_everybody_equally_often():
    shown = examination(Settings(), 1, 5 * 24 * 60.0 + 1.0)
    assert (np.bincount(shown.person) == 15).all()
    assert shown.active.shape == (120, INPUTS)
    active = shown.active[shown.marilyn & (shown.kind == 0)][:, assembly(0, 0)]
    assert active.mean() == pytest.approx(0.85, abs=4.5 * np.sqrt(0.85 * 0.15 / active.size))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "carry=2"), "outside 0.0 to 1.0"),
        (("--set", "presentations=5"), "outside 100 to"),
        (("--duration", "100"), "all 24 representations"),
    ],
)
def test_what_cannot_be_learned_is_refused(refused, arguments, words):
    assert words in refused("concept-cell", *arguments)
