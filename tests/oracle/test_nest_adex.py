"""AdEx neurons against NEST's, with the method that repeats its solver."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurosim as ns
from tests.nest_models import AdEx

CASES = json.loads((Path(__file__).parents[1] / "data" / "nest_adex.json").read_text())["cases"]


def _network(case: dict[str, Any]) -> ns.Network:
    own = case["params"]
    names = {"c_m": "C_m", "g_l": "g_L", "e_l": "E_L", "v_th": "V_th", "delta_t": "Delta_T"}
    names |= {"v_reset": "V_reset", "v_peak": "V_peak"}
    values = {name: own[names.get(name, name)] for name in AdEx.declared_parameters()}
    net = ns.Network(dale=False)
    cell = net.add("cell", 1, AdEx(**values), v_init=own["V_m"])
    synapse = ns.ExpCurrent if case["model"].endswith("exp") else ns.AlphaCurrent
    for given in case["inputs"]:
        tau = own["tau_syn_ex" if given["weight"] > 0.0 else "tau_syn_in"]
        net.drive(
            cell,
            ns.SpikeTimes(given["times"]),
            synapse=synapse(tau),
            weight=given["weight"],
            delay=given["delay"],
        )
    # In NEST a current that is switched on at t acts from the step after the next one.
    times, amplitudes = np.array(case["currents"]).T
    net.drive(cell, ns.StepCurrent(times + case["dt"], amplitudes))
    net.record(cell, "v")
    net.record(cell, "w")
    return net


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["model"])
def test_spikes_and_states_are_those_of_nest(case: dict[str, Any], debug: bool) -> None:
    duration = case["T"] if not debug else 40.0
    result = ns.simulate(_network(case), duration, dt=case["dt"], debug=debug)
    expected = [t for t in case["spikes"] if t <= duration]
    assert result.spikes["cell"].times == pytest.approx(expected, abs=1e-9)
    times = np.array(case["t"])
    steps = np.rint(times[times <= duration] / case["dt"]).astype(int) - 1
    for name, nest in (("v", "V_m"), ("w", "w")):
        found = result.traces["cell", name].of(0)[steps]
        assert np.abs(found - case[nest][: len(steps)]).max() < 1e-6
