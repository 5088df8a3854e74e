"""Quadratic integrate-and-fire neuron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from neurosim.models.declare import parameter, state
from neurosim.models.neuron_model import NeuronModel


@dataclass(frozen=True, eq=False)
class QuadraticIF(NeuronModel):
    """Quadratic integrate-and-fire neuron.

    τ_m dV/dt = (V − v_rest)(V − v_critical)/(v_critical − v_rest) + (τ_m/C)·I. Near v_rest the
    equation is that of `LIF`; above v_critical V grows without input. A spike is sent when V
    reaches v_peak; V is then set to v_reset and held there for the refractory period. The model is
    the normal form of neurons that fire at arbitrarily low rates.

    References
    ----------
    P. E. Latham, B. J. Richmond, P. G. Nelson & S. Nirenberg, *Intrinsic dynamics in neuronal
    networks. I. Theory*, J. Neurophysiol. 83:808 (2000).

    Examples
    --------
    The current above which the neuron fires is C (v_critical − v_rest)/(4 τ_m):

    >>> import neurosim as ns
    >>> neuron = ns.QuadraticIF(tau_m=10.0, c_m=200.0, v_rest=-65.0, v_critical=-50.0)
    >>> net = ns.Network()
    >>> cells = net.add("cells", 2, neuron)
    >>> drive = net.drive(cells, ns.StepCurrent([0.1], [[74.0, 76.0]]))
    >>> ns.simulate(net, 1000.0).spikes["cells"].counts()
    array([0, 1])
    """

    v_rest: Any = parameter(-65.0, "mV", -200.0, 200.0, "resting potential")
    v_critical: Any = parameter(-50.0, "mV", -200.0, 200.0, "potential above which V grows alone")
    v_reset: Any = parameter(-80.0, "mV", -200.0, 200.0, "potential after a spike")
    v_peak: Any = parameter(20.0, "mV", -200.0, 200.0, "potential at which a spike is sent")
    tau_m: Any = parameter(10.0, "ms", 0.1, 1e3, "membrane time constant at rest")
    c_m: Any = parameter(250.0, "pF", 1.0, 1e5, "membrane capacitance")
    t_ref: Any = parameter(0.0, "ms", 0.0, 1e3, "absolute refractory period")

    v: ClassVar = state("mV", "v_rest", "membrane potential")
    v_max: ClassVar = "v_peak"
    threshold: ClassVar[str] = "v_peak"
    potentials: ClassVar = ("v_rest", "v_critical", "v_reset")
    ascending: ClassVar = (("v_rest", "v_critical"), ("v_reset", "v_peak"))
    method = "adaptive"

    @staticmethod
    def derivatives(v, i, p):
        leak = (v - p.v_rest) * (v - p.v_critical) * (1.0 / (p.v_critical - p.v_rest))
        return leak * (1.0 / p.tau_m) + i * (1.0 / p.c_m)

    @staticmethod
    def spikes(v_before, v, p):
        return v >= p.v_peak

    @staticmethod
    def reset(v, p):
        return p.v_reset
