"""Neurons with an adaptive threshold made of several exponentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from neurosim.models.declare import parameter, state
from neurosim.models.neuron_model import NeuronModel


@dataclass(frozen=True, eq=False)
class AdaptiveThreshold(NeuronModel, abstract=True):
    """Membrane and parameters that `MAT2` and `AMAT2` share."""

    e_l: Any = parameter(-70.0, "mV", -200.0, 200.0, "resting potential")
    omega: Any = parameter(-51.0, "mV", -200.0, 200.0, "threshold at rest")
    alpha_1: Any = parameter(37.0, "mV", -1e3, 1e3, "jump of theta_1 at a spike")
    alpha_2: Any = parameter(2.0, "mV", -1e3, 1e3, "jump of theta_2 at a spike")
    tau_1: Any = parameter(10.0, "ms", 0.1, 1e5, "time constant of theta_1")
    tau_2: Any = parameter(200.0, "ms", 0.1, 1e5, "time constant of theta_2")
    tau_m: Any = parameter(5.0, "ms", 0.1, 1e3, "membrane time constant")
    c_m: Any = parameter(100.0, "pF", 1.0, 1e5, "membrane capacitance")
    t_ref: Any = parameter(2.0, "ms", 0.0, 1e3, "time after a spike without another one")

    v: ClassVar = state("mV", "e_l", "membrane potential")
    theta_1: ClassVar = state("mV", 0.0, "fast part of the threshold")
    theta_2: ClassVar = state("mV", 0.0, "slow part of the threshold")
    method = "exact"
    refractory: ClassVar[str] = "ignore"
    threshold: ClassVar[str] = "omega"
    potentials: ClassVar = ("e_l", "omega")


@dataclass(frozen=True, eq=False)
class MAT2(AdaptiveThreshold):
    """Multi-timescale adaptive threshold neuron with two time constants.

    τ_m dV/dt = −(V − e_l) + (τ_m/C)·I. The neuron spikes when V reaches the threshold
    θ = ω + θ₁ + θ₂. A spike raises θ₁ by α₁ and θ₂ by α₂, which decay with time constants τ₁ and
    τ₂. V is not reset.

    Notes
    -----
    `omega` is an absolute potential. The neuron can spike again after `t_ref`, if V is still above
    the threshold: V is integrated all the time. Integrated exactly, synaptic currents included.

    References
    ----------
    R. Kobayashi, Y. Tsubo & S. Shinomoto, *Made-to-order spiking neuron model equipped with a
    multi-timescale adaptive threshold*, Front. Comput. Neurosci. 3:9 (2009).

    Examples
    --------
    Intervals grow from spike to spike:

    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.MAT2())
    >>> drive = net.drive(cell, ns.ConstantCurrent(700.0))
    >>> recording = net.record(cell, "theta_2")
    >>> ns.simulate(net, 80.0).spikes["cell"].times.round(1)
    array([ 4. , 15. , 29. , 44.2, 60.6, 78.1])
    """

    @staticmethod
    def derivatives(v, theta_1, theta_2, i, p):
        return (p.e_l - v) / p.tau_m + i / p.c_m, -theta_1 / p.tau_1, -theta_2 / p.tau_2

    @staticmethod
    def excess(v, theta_1, theta_2, p):
        return v - p.omega - theta_1 - theta_2

    @staticmethod
    def spikes(v_before, v, theta_1, theta_2, p):
        return v >= p.omega + theta_1 + theta_2

    @staticmethod
    def reset(v, theta_1, theta_2, p):
        return v, theta_1 + p.alpha_1, theta_2 + p.alpha_2


@dataclass(frozen=True, eq=False)
class AMAT2(AdaptiveThreshold):
    """`MAT2` neuron whose threshold also depends on the course of the potential.

    The threshold is θ = ω + θ₁ + θ₂ + θ_v, where θ_v(t) = β ∫ s·exp(−s/τ_v)·V′(t − s) ds is a
    response to the slope V′ of the potential.

    Notes
    -----
    `beta` is in 1/ms. θ_v is integrated as two states, dx/dt = −x/τ_v + β·V′ and
    dθ_v/dt = −θ_v/τ_v + x, exactly. The slope includes that of synaptic currents.

    References
    ----------
    S. Yamauchi, H. Kim & S. Shinomoto, *Elemental spiking neuron model for reproducing diverse
    firing patterns and predicting precise firing times*, Front. Comput. Neurosci. 5:42 (2011).

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.AMAT2(beta=0.2))
    >>> drive = net.drive(cell, ns.ConstantCurrent(500.0))
    >>> recording = net.record(cell, "theta_v")
    >>> result = ns.simulate(net, 100.0)
    """

    omega: Any = parameter(-65.0, "mV", -200.0, 200.0, "threshold at rest")
    alpha_1: Any = parameter(10.0, "mV", -1e3, 1e3, "jump of theta_1 at a spike")
    alpha_2: Any = parameter(0.0, "mV", -1e3, 1e3, "jump of theta_2 at a spike")
    tau_m: Any = parameter(10.0, "ms", 0.1, 1e3, "membrane time constant")
    c_m: Any = parameter(200.0, "pF", 1.0, 1e5, "membrane capacitance")
    beta: Any = parameter(0.0, "1/ms", -1e3, 1e3, "strength of the response to the slope of v")
    tau_v: Any = parameter(5.0, "ms", 0.1, 1e4, "time constant of the response")

    theta_v: ClassVar = state("mV", 0.0, "response of the threshold to the slope of v")
    slope: ClassVar = state("mV/ms", 0.0, "filtered slope of v, which drives theta_v")

    @staticmethod
    def derivatives(v, theta_1, theta_2, theta_v, slope, i, p):
        dv = (p.e_l - v) / p.tau_m + i / p.c_m
        return (
            dv,
            -theta_1 / p.tau_1,
            -theta_2 / p.tau_2,
            slope - theta_v / p.tau_v,
            p.beta * dv - slope / p.tau_v,
        )

    @staticmethod
    def excess(v, theta_1, theta_2, theta_v, slope, p):
        return v - p.omega - theta_1 - theta_2 - theta_v

    @staticmethod
    def spikes(v_before, v, theta_1, theta_2, theta_v, slope, p):
        return v >= p.omega + theta_1 + theta_2 + theta_v

    @staticmethod
    def reset(v, theta_1, theta_2, theta_v, slope, p):
        return v, theta_1 + p.alpha_1, theta_2 + p.alpha_2, theta_v, slope
