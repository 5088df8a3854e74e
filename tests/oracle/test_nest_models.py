"""Neurons converted from NEST against NEST 3.10: spikes at every step, recorded states to 1e-6."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurosim as ns

DATA = json.loads((Path(__file__).parents[1] / "data" / "nest_models.json").read_text())
CASES = [
    pytest.param(case, id=f"{case['model']}-{number}") for number, case in enumerate(DATA["cases"])
]
NAMES = {"V_m": "v", "U_m": "u", "g_ex": "ex.g", "g_in": "in.g"}
"""Names of recorded variables, where they differ from those of NEST."""
SUMS = {"threshold": ("v_threshold", "theta_s", "theta_v")}
"""Parameter and states of which a variable of NEST is the sum."""
DESCRIPTION = {"model", "params", "currents", "inputs", "T", "dt", "spikes", "t"}
SHORT = 40.0
"""Duration (ms) in which the equations are run as plain Python."""


def network(case: dict[str, Any]) -> ns.Network:
    """Return the neuron of a case with its inputs; weights of conductances are positive."""
    neuron, synapses = ns.from_nest(case["model"], case["params"])
    net = ns.Network(dale=False)
    cell = net.add("cell", 1, neuron)
    for given in case["inputs"]:
        weight = given["weight"]
        receptor = given["receptor"] or ("ex" if weight > 0.0 else "in")
        synapse = synapses[receptor]
        net.drive(
            cell,
            ns.SpikeTimes(given["times"]),
            synapse=synapse,
            weight=abs(weight) if synapse.unit == "nS" else weight,
            delay=given["delay"],
        )
    # In NEST a current that is switched on at t acts from the step after the next one.
    times, amplitudes = np.array(case["currents"]).T
    net.drive(cell, ns.StepCurrent(times + case["dt"], amplitudes))
    for name in case.keys() - DESCRIPTION:
        for state in SUMS.get(name, ("", NAMES.get(name, name)))[1:]:
            net.record(cell, state)
    return net


@pytest.mark.parametrize(
    "debug", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["compiled", "plain"]
)
@pytest.mark.parametrize("case", CASES)
def test_spikes_and_states_are_those_of_nest(case: dict[str, Any], debug: bool) -> None:
    duration = SHORT if debug else case["T"]
    net = network(case)
    result = ns.simulate(net, duration, dt=case["dt"], debug=debug)
    expected = [t for t in case["spikes"] if t <= duration]
    assert result.spikes["cell"].times == pytest.approx(expected, abs=1e-9)
    times = np.array(case["t"])
    steps = np.rint(times[times <= duration] / case["dt"]).astype(int) - 1
    for name in case.keys() - DESCRIPTION:
        parameter, *states = SUMS.get(name, ("", NAMES.get(name, name)))
        found = sum(result.traces["cell", state].of(0)[steps] for state in states)
        found = found + (getattr(net.populations[0].neuron, parameter) if parameter else 0.0)
        assert np.abs(found - case[name][: len(steps)]).max() < 1e-6, name
