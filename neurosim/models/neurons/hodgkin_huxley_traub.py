"""Hodgkin-Huxley neuron of the hippocampus."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit, exprel

from neurosim.models.declare import parameter, state
from neurosim.models.neuron_model import NeuronModel

LOWEST, HIGHEST = -200.0, 500.0
"""Potentials (mV, relative to v_t) between which rates of gates are computed.

Beyond them gates are far faster than a step anyway, and powers of e^V overflow."""


def ratio(x: float, e: float) -> float:
    """Return x/(e^x − 1), given e = e^x."""
    return 1.0 - 0.5 * x * (1.0 - x * (1.0 / 6.0)) if abs(x) < 1e-4 else x / (e - 1.0)


@dataclass(frozen=True, eq=False)
class HodgkinHuxleyTraub(NeuronModel):
    """Hodgkin-Huxley neuron of the hippocampus, in the simplified form of network benchmarks.

    C dV/dt = −g_na m³h (V − e_na) − g_k n⁴ (V − e_k) − g_l (V − e_l) + I, where each gate
    x = m, h, n follows dx/dt = α(V)(1 − x) − β(V) x, and all rates are shifted by v_t. There is
    neither a threshold nor a reset. A spike is reported at the end of the first step in which V is
    at least v_t + 30 mV and falls, at most once in t_ref.

    Notes
    -----
    Steps are at most 0.05 ms. This shifts spikes by less than a microsecond; in their steep rise
    the potential is off by up to 0.15 mV.

    As in NEST, the gates start at the steady state of the rates at e_l without the shift. The start
    therefore is not at rest: without input V moves by up to 10 mV in the first milliseconds. With
    ``method="gsl"`` spike times are those of NEST's hh_cond_exp_traub (`from_nest`).

    References
    ----------
    R. D. Traub & R. Miles, *Neuronal Networks of the Hippocampus*, Cambridge University Press
    (1991).

    R. Brette et al., *Simulation of networks of spiking neurons: a review of tools and strategies*,
    J. Comput. Neurosci. 23:349 (2007), appendix B, benchmark 3.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.HodgkinHuxleyTraub())
    >>> drive = net.drive(cell, ns.ConstantCurrent(500.0))
    >>> recording = net.record(cell, "n")
    >>> len(ns.simulate(net, 50.0).spikes["cell"])
    4
    """

    g_na: Any = parameter(20000.0, "nS", 0.0, 1e6, "conductance of all sodium channels open")
    g_k: Any = parameter(6000.0, "nS", 0.0, 1e6, "conductance of all potassium channels open")
    g_l: Any = parameter(10.0, "nS", 0.0, 1e6, "leak conductance")
    e_na: Any = parameter(50.0, "mV", -200.0, 200.0, "reversal potential of sodium")
    e_k: Any = parameter(-90.0, "mV", -200.0, 200.0, "reversal potential of potassium")
    e_l: Any = parameter(-60.0, "mV", -200.0, 200.0, "reversal potential of the leak")
    v_t: Any = parameter(-63.0, "mV", -200.0, 200.0, "potential to which rates are relative")
    c_m: Any = parameter(200.0, "pF", 1.0, 1e5, "membrane capacitance")
    t_ref: Any = parameter(2.0, "ms", 0.0, 1e3, "time after a spike without another one")

    v: ClassVar = state("mV", "e_l", "membrane potential")
    m: ClassVar = state("", "start_m", "activation of sodium channels")
    h: ClassVar = state("", "start_h", "inactivation of sodium channels")
    n: ClassVar = state("", "start_n", "activation of potassium channels")

    refractory: ClassVar[str] = "ignore"
    spike_check: ClassVar[str] = "step"
    psp_at_rest: ClassVar[bool] = False
    potentials: ClassVar = ("e_na", "e_k", "e_l", "v_t")
    substep = 0.05
    error_control = "y"

    @staticmethod
    def derivatives(v, m, h, n, i, p):
        sodium, potassium = p.g_na * m * m * m * h, p.g_k * n * n * n * n
        ionic = sodium * (v - p.e_na) + potassium * (v - p.e_k) + p.g_l * (v - p.e_l)
        u = min(max(v - p.v_t, LOWEST), HIGHEST)
        # All exponentials but one are powers of q = e^(u/40).
        q = math.exp(u * (1.0 / 40.0))
        q2 = q * q
        q3, q4 = q2 * q, q2 * q2
        q8 = q4 * q4
        r = 1.0 / (q8 * q3)
        r8, r10, r1 = r * q3, r * q, r * q8 * q2
        a = 1.28 * ratio(0.25 * (13.0 - u), math.exp(3.25) * r10)
        dm = a - (a + 1.4 * ratio(0.2 * (u - 40.0), math.exp(-8.0) * q8)) * m
        a = 0.128 * math.exp((17.0 - u) * (1.0 / 18.0))
        dh = a - (a + 4.0 / (1.0 + math.exp(8.0) * r8)) * h
        a = 0.16 * ratio(0.2 * (15.0 - u), math.exp(3.0) * r8)
        dn = a - (a + 0.5 * math.exp(0.25) * r1) * n
        return (i - ionic) * (1.0 / p.c_m), dm, dh, dn

    @staticmethod
    def stable(v, m, h, n, step, p):
        conductance = p.g_na * m * m * m * h + p.g_k * n * n * n * n + p.g_l
        u = v - p.v_t
        # Bounds of the rates of m and h, from x/(1 − e^−x) ≤ 1 + max(x, 0). NaN compares false.
        rate = 2.68 + max(0.32 * (u - 13.0), 0.0) + max(0.28 * (40.0 - u), 0.0)
        slow = u > 17.0 - 18.0 * math.log(20.0 / step)
        return (rate * step < 2.7) & slow & (conductance * step < 2.7 * p.c_m)

    @staticmethod
    def spikes(v_before, v, m, h, n, p):
        return (v >= p.v_t + 30.0) & (v < v_before)

    @staticmethod
    def reset(v, m, h, n, p):
        return v, m, h, n

    @property
    def start_m(self) -> Any:
        """Initial activation of sodium channels."""
        opening = 1.28 / exprel(0.25 * (13.0 - self.e_l))
        return opening / (opening + 1.4 / exprel(0.2 * (self.e_l - 40.0)))

    @property
    def start_h(self) -> Any:
        """Initial inactivation of sodium channels."""
        opening = 0.128 * np.exp((17.0 - self.e_l) / 18.0)
        return opening / (opening + 4.0 * expit(0.2 * (self.e_l - 40.0)))

    @property
    def start_n(self) -> Any:
        """Initial activation of potassium channels."""
        opening = 0.16 / exprel(0.2 * (15.0 - self.e_l))
        return opening / (opening + 0.5 * np.exp((10.0 - self.e_l) / 40.0))
