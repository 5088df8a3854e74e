"""Exponential integrate-and-fire neuron."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from neurosim.models.declare import parameter, state
from neurosim.models.neuron_model import NeuronModel
from neurosim.models.potentials import check_order
from neurosim.models.quantity import bounds_of

STEEPEST = 100.0
"""Largest exponent of the spike current: it is far beyond the peak, and nothing overflows."""


@dataclass(frozen=True, eq=False)
class Exponential(NeuronModel, abstract=True):
    """Base class of neurons with an exponential current at the onset of a spike."""

    c_m: Any = parameter(281.0, "pF", 1.0, 1e5, "membrane capacitance")
    g_l: Any = parameter(30.0, "nS", 0.0, 1e5, "leak conductance")
    e_l: Any = parameter(-70.6, "mV", -200.0, 200.0, "resting potential without the exponential")
    v_th: Any = parameter(-50.4, "mV", -200.0, 200.0, "threshold of the exponential")
    delta_t: Any = parameter(2.0, "mV", 0.0, 100.0, "slope factor of the exponential")
    v_reset: Any = parameter(-60.0, "mV", -200.0, 200.0, "potential after a spike")
    v_peak: Any = parameter(0.0, "mV", -200.0, 200.0, "potential at which a spike is sent")
    t_ref: Any = parameter(0.0, "ms", 0.0, 1e3, "absolute refractory period")

    v: ClassVar = state("mV", "e_l", "membrane potential")
    v_max: ClassVar = "v_peak"
    threshold: ClassVar[str] = "v_th"
    potentials: ClassVar = ("e_l", "v_th", "v_reset")
    ascending: ClassVar = (("v_reset", "v_peak"),)
    method = "adaptive"

    def __post_init__(self) -> None:
        super().__post_init__()
        if bounds_of(self.delta_t)[0] == 0.0:
            check_order(self, "v_reset", "v_th")


@dataclass(frozen=True, eq=False)
class EIF(Exponential):
    """Exponential integrate-and-fire neuron.

    C dV/dt = −g_l (V − e_l) + g_l Δ_T exp((V − v_th)/Δ_T) + I. The exponential stands for the
    sodium current at the onset of an action potential. A spike is sent when V reaches v_peak; V is
    then set to v_reset and held there for the refractory period. With Δ_T = 0 the exponential is
    omitted, and the neuron spikes at v_th.

    Notes
    -----
    Steps of the integration become shorter where V rises steeply. Without a refractory period the
    neuron goes on from the reset within the time step, and may send several spikes in it.

    References
    ----------
    N. Fourcaud-Trocmé, D. Hansel, C. van Vreeswijk & N. Brunel, *How spike generation mechanisms
    determine the neuronal response to fluctuating inputs*, J. Neurosci. 23:11628 (2003).

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.EIF(t_ref=2.0))
    >>> drive = net.drive(cell, ns.ConstantCurrent(700.0))
    >>> ns.simulate(net, 80.0).spikes["cell"].times.round(1)
    array([24.2, 44.7, 65.2])
    """

    @staticmethod
    def derivatives(v, i, p):
        return (p.g_l * (p.e_l - v) + spike_current(v, p) + i) * (1.0 / p.c_m)

    @staticmethod
    def spikes(v_before, v, p):
        return v >= (p.v_peak if p.delta_t > 0.0 else p.v_th)

    @staticmethod
    def reset(v, p):
        return p.v_reset


def spike_current(v: float, p: Any) -> float:
    """Return the exponential current at the onset of an action potential (pA)."""
    if p.delta_t == 0.0:
        return 0.0
    return p.g_l * p.delta_t * math.exp(min((v - p.v_th) * (1.0 / p.delta_t), STEEPEST))
