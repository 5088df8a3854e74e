"""Plastic synapses against NEST's `stdp_synapse`, spike by spike."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns

CASES = json.loads((Path(__file__).parents[1] / "data" / "nest_stdp.json").read_text())["cases"]
RULE = ("w_max", "learning_rate", "asymmetry", "tau_plus", "tau_minus", "mu_plus", "mu_minus")
RELAY = ns.LIF(t_ref=0.0)
"""Fires with every spike of 20 mV that it is given."""
DEAF = ns.LIF(t_ref=0.0, v_threshold=100.0, v_peak=110.0)
"""Fires with one of 200 mV alone: the plastic synapse is too weak."""


def _network(case: dict) -> tuple[ns.Network, object]:
    net = ns.Network()
    pre, post = net.add("pre", 1, RELAY), net.add("post", 1, DEAF)
    net.drive(pre, ns.SpikeTimes(case["pre"]), psp=20.0)
    net.drive(post, ns.SpikeTimes(case["post"]), psp=200.0)
    rule = ns.STDP(**{name: case[name] for name in RULE})
    plastic = net.connect(
        pre, post, ns.AllToAll(), weight=case["w0"], delay=case["delay"], plasticity=rule
    )
    return net, plastic


@pytest.mark.parametrize("case", CASES, ids=["additive", "multiplicative", "mixed", "late"])
def test_every_transmitted_weight_is_nests(case: dict) -> None:
    net, plastic = _network(case)
    simulation = ns.Simulation(net)
    found, now = [], 0
    for time in case["pre"]:
        arrived = round((time + case["delay"]) / 0.1)
        result = simulation.run((arrived - now) * 0.1)
        now = arrived
        found.append(float(simulation.connections(plastic).weights[0]))
    assert result.spikes["pre"].times == pytest.approx(case["pre"])
    fired = result.spikes["post"].times
    assert fired == pytest.approx(case["post"][: len(fired)])
    assert np.abs(np.array(found) - case["weights"]).max() < 1e-9


def test_one_run_comes_to_the_same_weight() -> None:
    for case in CASES:
        net, plastic = _network(case)
        simulation = ns.Simulation(net)
        simulation.run(1100.0)
        assert simulation.connections(plastic).weights[0] == pytest.approx(
            case["weights"][-1], abs=1e-9
        )
