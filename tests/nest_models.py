"""Neuron models with the parameter names of NEST."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import neurosim as ns


@dataclass(frozen=True, eq=False)
class AdEx(ns.NeuronModel):
    """Adaptive exponential integrate-and-fire neuron, as in NEST's aeif models."""

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
