"""Spikes of other simulators of NIR, step for step."""

from __future__ import annotations

import importlib.util
import json
import warnings
from pathlib import Path

import nir
import numpy as np
import pytest

import neurosim as ns
from tests.nir_networks import native_network

DATA = Path(__file__).parents[2] / "data" / "nir"
REFERENCES = json.loads((DATA / "references.json").read_text())
CASES = REFERENCES["cases"]


def grid(events: list[list[int]], n_steps: int) -> np.ndarray:
    spikes = np.zeros((n_steps, len(events)), bool)
    for k, steps in enumerate(events):
        spikes[steps, k] = True
    return spikes


@pytest.mark.parametrize("name", CASES)
def test_spikes_are_those_of_the_other_simulator(name: str):
    case = CASES[name]
    model = ns.from_nir(nir.read(DATA / case["file"]), dt=case["dt_ms"], integration="euler")
    duration = model.drive_inputs(grid(case["inputs"], case["n_steps"]))
    (found,) = model.outputs(ns.simulate(model.network, duration, dt=model.dt)).values()
    expected = grid(case["outputs"], case["n_steps"])
    assert expected.sum() > 100
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("kind", ["lif", "cubalif"])
def test_a_network_in_millivolts_spikes_as_its_graph_does_there(kind: str):
    """The network itself, not what is read back, against snnTorch."""
    case = CASES[f"neurosim {kind}"]
    times = [(np.array(steps, float) + 1.0) * 0.1 for steps in case["inputs"]]
    ahead = int(nir.read(DATA / case["file"]).nodes["second"].metadata["ahead_steps"])
    n_steps = case["n_steps"]
    result = ns.simulate(native_network(kind, times), (n_steps + ahead) * 0.1)
    trains = result.spikes["second"]
    steps = np.rint(trains.times / 0.1).astype(int) - 1 - ahead
    expected = grid(case["outputs"], n_steps)
    assert steps.min() >= 0
    assert len(steps) == expected.sum()
    assert expected[steps, trains.ids].all()


@pytest.mark.skipif(importlib.util.find_spec("snntorch") is None, reason="needs snntorch")
@pytest.mark.parametrize("kind", ["lif", "cubalif"])
def test_snntorch_spikes_alike_now(kind: str):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        from snntorch.import_nir import import_from_nir

        case = CASES[f"neurosim {kind}"]
        net, state, found = import_from_nir(nir.read(DATA / case["file"])), None, []
        with torch.no_grad():
            for row in torch.as_tensor(grid(case["inputs"], case["n_steps"])).float():
                out, state = net(row[None]) if state is None else net(row[None], state)
                found.append(out[0].numpy().astype(bool))
    assert np.array_equal(found, grid(case["outputs"], case["n_steps"]))
