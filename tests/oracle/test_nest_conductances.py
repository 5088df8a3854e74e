"""Synapses as equations against NEST's conductances, by the method that repeats its solver."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import neurosim as ns
from tests.nest_models import AdEx

CASES = json.loads((Path(__file__).parents[1] / "data" / "nest_conductances.json").read_text())
NAMES = {"c_m": "C_m", "g_l": "g_L", "e_l": "E_L", "v_th": "V_th", "v_reset": "V_reset"}
NAMES |= {"delta_t": "Delta_T", "v_peak": "V_peak"}


@dataclass(frozen=True, eq=False)
class ExpConductance(ns.Synapse):
    """A conductance that jumps by its weight and decays exponentially."""

    tau: float = ns.parameter(2.0, "ms", 0.01, 1e4, "decay time constant")
    e_rev: float = ns.parameter(0.0, "mV", -200.0, 200.0, "reversal potential")
    g: ClassVar = ns.state("nS", 0.0, "conductance")

    @staticmethod
    def derivatives(g, p):
        return -g / p.tau

    @staticmethod
    def current(v, g, p):
        return g * (p.e_rev - v)


@dataclass(frozen=True, eq=False)
class AlphaConductance(ns.Synapse):
    """A conductance that peaks at its weight after tau."""

    tau: float = ns.parameter(2.0, "ms", 0.01, 1e4, "time to the peak")
    e_rev: float = ns.parameter(0.0, "mV", -200.0, 200.0, "reversal potential")
    g: ClassVar = ns.state("nS", 0.0, "conductance")
    rise: ClassVar = ns.state("nS/ms", 0.0, "rate of rise")

    @staticmethod
    def derivatives(g, rise, p):
        return rise - g / p.tau, -rise / p.tau

    @staticmethod
    def current(v, g, rise, p):
        return g * (p.e_rev - v)

    @staticmethod
    def arrive(g, rise, w, p):
        return g, rise + w * math.e / p.tau


def normalised(tau_rise: float, tau_decay: float) -> float:
    """Return the rate of rise at which the conductance peaks at 1."""
    peak = tau_decay * tau_rise / (tau_decay - tau_rise) * math.log(tau_decay / tau_rise)
    top = math.exp(-peak / tau_decay) - math.exp(-peak / tau_rise)
    return (1.0 / tau_rise - 1.0 / tau_decay) / top


@dataclass(frozen=True, eq=False)
class BetaConductance(ns.Synapse):
    """A conductance that rises and decays exponentially and peaks at its weight."""

    tau_rise: float = ns.parameter(0.5, "ms", 0.01, 1e4, "rise time constant")
    tau_decay: float = ns.parameter(2.0, "ms", 0.01, 1e4, "decay time constant")
    e_rev: float = ns.parameter(0.0, "mV", -200.0, 200.0, "reversal potential")
    g: ClassVar = ns.state("nS", 0.0, "conductance")
    rise: ClassVar = ns.state("nS/ms", 0.0, "rate of rise")

    @staticmethod
    def derivatives(g, rise, p):
        return rise - g / p.tau_decay, -rise / p.tau_rise

    @staticmethod
    def current(v, g, rise, p):
        return g * (p.e_rev - v)

    @staticmethod
    def arrive(g, rise, w, p):
        return g, rise + w * normalised(p.tau_rise, p.tau_decay)


@dataclass(frozen=True, eq=False)
class Leaky(ns.NeuronModel):
    """Integrate-and-fire neuron, as NEST's iaf_cond models."""

    c_m: float = ns.parameter(250.0, "pF", 1.0, 1e5, "membrane capacitance")
    g_l: float = ns.parameter(16.7, "nS", 0.0, 1e5, "leak conductance")
    e_l: float = ns.parameter(-70.0, "mV", -200.0, 200.0, "leak reversal potential")
    v_th: float = ns.parameter(-55.0, "mV", -200.0, 200.0, "threshold")
    v_reset: float = ns.parameter(-60.0, "mV", -200.0, 200.0, "potential after a spike")
    t_ref: float = ns.parameter(2.0, "ms", 0.0, 1e3, "refractory period")
    v: ClassVar = ns.state("mV", "e_l", "membrane potential")
    v_max: ClassVar = "v_th"
    method: ClassVar = "gsl"
    error_control: ClassVar = "y"
    tolerance: ClassVar = 1e-3
    spike_check: ClassVar = "step"

    @staticmethod
    def derivatives(v, i, p):
        return (p.g_l * (p.e_l - v) + i) / p.c_m

    @staticmethod
    def spikes(v_before, v, p):
        return v >= p.v_th

    @staticmethod
    def reset(v, p):
        return p.v_reset


def _synapse(case: dict[str, Any], side: str) -> ns.Synapse:
    """Return the excitatory ("ex") or inhibitory ("in") synapse of a case."""
    own, kind = case["params"], case["model"].rpartition("_")[2]
    e_rev = own[f"E_{side}"]
    if kind == "beta":
        return BetaConductance(own[f"tau_rise_{side}"], own[f"tau_decay_{side}"], e_rev)
    classes = {"exp": ExpConductance, "alpha": AlphaConductance}
    return classes[kind](own[f"tau_syn_{side}"], e_rev)


def _network(case: dict[str, Any]) -> ns.Network:
    own, model = case["params"], Leaky if case["model"].startswith("iaf") else AdEx
    values = {name: own[NAMES.get(name, name)] for name in model.declared_parameters()}
    net = ns.Network(dale=False)
    cell = net.add("cell", 1, model(**values), v_init=own["V_m"])
    for given in case["inputs"]:
        net.drive(
            cell,
            ns.SpikeTimes(given["times"]),
            synapse=_synapse(case, "ex" if given["weight"] > 0.0 else "in"),
            weight=abs(given["weight"]),
            delay=given["delay"],
        )
    # In NEST a current that is switched on at t acts from the step after the next one.
    times, amplitudes = np.array(case["currents"]).T
    net.drive(cell, ns.StepCurrent(times + case["dt"], amplitudes))
    net.record(cell, "v")
    return net


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["model"])
def test_spikes_and_potentials_are_those_of_nest(case: dict[str, Any], debug: bool) -> None:
    duration = case["T"] if not debug else 40.0
    result = ns.simulate(_network(case), duration, dt=case["dt"], debug=debug)
    expected = [t for t in case["spikes"] if t <= duration]
    assert result.spikes["cell"].times == pytest.approx(expected, abs=1e-9)
    times = np.array(case["t"])
    steps = np.rint(times[times <= duration] / case["dt"]).astype(int) - 1
    found = result.traces["cell", "v"].of(0)[steps]
    assert np.abs(found - case["V_m"][: len(steps)]).max() < 1e-6
