"""AdEx neurons against NEST's, with the method that repeats its solver."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import neurosim as ns

CASES = json.loads((Path(__file__).parents[1] / "data" / "nest_adex.json").read_text())["cases"]


@dataclass(frozen=True, eq=False)
class AdEx(ns.NeuronModel):
    """Adaptive exponential integrate-and-fire neuron, as NEST's aeif_psc_exp and aeif_psc_alpha."""

    c_m: float = ns.parameter(281.0, "pF", 1.0, 1e5, "membrane capacitance")
    g_l: float = ns.parameter(30.0, "nS", 0.0, 1e5, "leak conductance")
    e_l: float = ns.parameter(-70.6, "mV", -200.0, 200.0, "leak reversal potential")
    v_th: float = ns.parameter(-50.4, "mV", -200.0, 200.0, "threshold of the exponential")
    delta_t: float = ns.parameter(2.0, "mV", 0.01, 100.0, "slope factor")
    a: float = ns.parameter(4.0, "nS", -1e4, 1e4, "subthreshold adaptation")
    tau_w: float = ns.parameter(144.0, "ms", 0.1, 1e5, "adaptation time constant")
    b: float = ns.parameter(80.5, "pA", -1e5, 1e5, "adaptation by a spike")
    v_reset: float = ns.parameter(-60.0, "mV", -200.0, 200.0, "potential after a spike")
    v_peak: float = ns.parameter(0.0, "mV", -200.0, 200.0, "potential of the spike")
    t_ref: float = ns.parameter(0.0, "ms", 0.0, 1e3, "refractory period")
    v: ClassVar = ns.state("mV", "e_l", "membrane potential")
    w: ClassVar = ns.state("pA", 0.0, "adaptation current")
    v_max: ClassVar = "v_peak"
    method: ClassVar = "gsl"

    @staticmethod
    def derivatives(v, w, i, p):
        exponential = p.g_l * p.delta_t * math.exp((v - p.v_th) / p.delta_t)
        dv = (-p.g_l * (v - p.e_l) + exponential - w + i) / p.c_m
        return dv, (p.a * (v - p.e_l) - w) / p.tau_w

    @staticmethod
    def spikes(v_before, v, w, p):
        return v >= p.v_peak

    @staticmethod
    def reset(v, w, p):
        return p.v_reset, w + p.b


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
