"""Two neurons with NMDA synapses fire as in NEST, with both of its models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurosim as ns
from neurosim.models.synapses.nmda import jump_of

PAIRS = json.loads((Path(__file__).parents[1] / "data" / "nest_models.json").read_text())["nmda"]


def jumps(times: np.ndarray, synapse: ns.NMDA) -> np.ndarray:
    """Return the jump of the gating variable at each spike (see `test_neurons_fire_as_in_nest`)."""
    k0, k1 = jump_of(synapse)
    found, s, last = [], 0.0, 0.0
    for t in times:
        s *= np.exp(-(t - last) / synapse.tau_decay)
        found.append(k0 + k1 * s)
        s, last = s + found[-1], t
    return np.array(found)


@pytest.mark.parametrize("pair", PAIRS, ids=[f"{p['model']}{k}" for k, p in enumerate(PAIRS)])
def test_neurons_fire_as_in_nest(pair: dict[str, Any]) -> None:
    """In NEST's approximate model the time of a spike is recorded minus the jump, in ms."""
    neuron, synapses = ns.from_nest(pair["model"], pair["params"])
    net = ns.Network()
    cells = net.add("a", 1, neuron), net.add("b", 1, neuron)
    receptors = {"a_ampa": (0, "AMPA"), "b_ampa": (1, "AMPA"), "b_gaba": (1, "GABA")}
    for name, given in pair["inputs"].items():
        number, receptor = receptors[name]
        net.drive(
            cells[number],
            ns.SpikeTimes(given["times"]),
            synapse=synapses[receptor],
            weight=given["weight"],
            delay=pair["input_delay"],
        )
    net.connect(*cells, ns.AllToAll(), synapse=synapses["NMDA"], **pair["nmda"])
    net.record(cells[1], "v")
    net.record(cells[1], "NMDA.s")
    result = ns.simulate(net, 400.0)
    exact = isinstance(synapses["NMDA"], ns.ExactNMDA)
    for name in "ab":
        times = result.spikes[name].times
        shift = 0.0 if exact else jumps(times, synapses["NMDA"])
        np.testing.assert_allclose(times - shift, pair[f"spikes_{name}"], rtol=0.0, atol=1e-4)
    steps = np.rint(np.array(pair["t"]) / 0.1).astype(int) - 1
    v = result.traces["b", "v"].of(0)[steps]
    np.testing.assert_allclose(v, pair["V_m"], rtol=0.0, atol=1e-5 if exact else 1e-6)
    if "s_NMDA" in pair:
        s = result.traces["b", "NMDA.s"].of(0)[steps]
        np.testing.assert_allclose(s, pair["s_NMDA"], rtol=0.0, atol=1e-9)
