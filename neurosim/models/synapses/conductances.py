"""Synaptic conductances with a reversal potential."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from neurosim.errors import NeurosimError
from neurosim.models.declare import parameter, state
from neurosim.models.potentials import check_volts
from neurosim.models.quantity import is_uniform
from neurosim.models.synapses.base import Synapse
from neurosim.models.synapses.biexp import rate_of_rise, tau
from neurosim.models.synapses.currents import AlphaCurrent, BiexpCurrent, ExpCurrent

if TYPE_CHECKING:
    from neurosim.models.neuron import Neuron


@dataclass(frozen=True, eq=False)
class _Conductance(Synapse, ABC, abstract=True):
    """A synapse whose current is g·(e_rev − V)."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Return a parameter of the synapse."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_volts(self, "e_rev")

    @abstractmethod
    def same_course(self) -> Synapse:
        """Return the synaptic current with the time course of the conductance."""

    def time_to_peak(self, neuron: Neuron) -> float:
        """Time from arrival to the peak of the PSP of a small conductance at rest (ms)."""
        return self.same_course().time_to_peak(neuron)

    def psp_per_weight(self, neuron: Neuron) -> float:
        """Peak of the PSP (mV) per nS of weight, for a small conductance at rest."""
        neuron.check_psp()
        if not is_uniform(neuron.v_rest):
            raise NeurosimError("the resting potential differs between the neurons")
        force = self.e_rev - neuron.v_rest
        if force == 0.0:
            raise NeurosimError("the reversal potential is the resting potential")
        return float(force * self.same_course().psp_per_weight(neuron))


@dataclass(frozen=True, eq=False)
class ExpConductance(_Conductance):
    """Synaptic conductance that jumps by its weight and decays exponentially.

    The current is I = g·(e_rev − V), with τ dg/dt = −g. A spike increases g by the weight (nS).

    Notes
    -----
    Weights are positive, also of inhibitory synapses: whether a synapse excites depends on its
    reversal potential.

    References
    ----------
    T. P. Vogels & L. F. Abbott, *Signal propagation and logic gating in networks of
    integrate-and-fire neurons*, J. Neurosci. 25, 10786 (2005).

    Examples
    --------
    An excitatory and an inhibitory receptor:

    >>> import neurosim as ns
    >>> ampa = ns.ExpConductance(tau=5.0, name="ampa")
    >>> gaba = ns.ExpConductance(tau=10.0, e_rev=-80.0, name="gaba")
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> drive = net.drive(cell, ns.SpikeTimes([5.0, 20.0]), synapse=ampa, weight=3.0)
    >>> drive = net.drive(cell, ns.SpikeTimes([10.0]), synapse=gaba, weight=8.0)
    >>> recording = net.record(cell, "gaba.g")
    >>> g = ns.simulate(net, 30.0).traces["cell", "gaba.g"].of(0)
    >>> float(g.max())
    8.0
    """

    tau: float = tau("decay time constant")
    e_rev: float = parameter(0.0, "mV", -200.0, 200.0, "reversal potential")
    g: ClassVar = state("nS", 0.0, "conductance")

    def same_course(self) -> Synapse:
        """Return the synaptic current with the time course of the conductance."""
        return ExpCurrent(self.tau)

    @staticmethod
    def derivatives(g, p):
        return g * (-1.0 / p.tau)

    @staticmethod
    def current(v, g, p):
        return g * (p.e_rev - v)


@dataclass(frozen=True, eq=False)
class AlphaConductance(_Conductance):
    """Alpha-function synaptic conductance with a peak of its weight after τ.

    The current is I = g·(e_rev − V). After a spike of weight w (nS), g = w·(t/τ)·exp(1 − t/τ).

    References
    ----------
    W. Rall, *Distinguishing theoretical synaptic potentials computed for different soma-dendritic
    distributions of synaptic input*, J. Neurophysiol. 30, 1138 (1967).

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> synapse = ns.AlphaConductance(tau=2.0)
    >>> drive = net.drive(cell, ns.SpikeTimes([5.0]), synapse=synapse, weight=3.0)
    >>> recording = net.record(cell, "g")
    >>> trace = ns.simulate(net, 30.0).traces["cell", "g"]
    >>> round(float(trace.values.max()), 3), round(float(trace.times[trace.values.argmax()]), 3)
    (3.0, 7.0)
    """

    tau: float = tau("time to the peak of the conductance")
    e_rev: float = parameter(0.0, "mV", -200.0, 200.0, "reversal potential")
    g: ClassVar = state("nS", 0.0, "conductance")
    rise: ClassVar = state("nS/ms", 0.0, "rate at which the conductance rises")

    def same_course(self) -> Synapse:
        """Return the synaptic current with the time course of the conductance."""
        return AlphaCurrent(self.tau)

    @staticmethod
    def derivatives(g, rise, p):
        return rise - g / p.tau, -rise / p.tau

    @staticmethod
    def current(v, g, rise, p):
        return g * (p.e_rev - v)

    @staticmethod
    def arrive(g, rise, w, p):
        return g, rise + w * math.e / p.tau


@dataclass(frozen=True, eq=False)
class BiexpConductance(_Conductance):
    """Synaptic conductance that rises and decays exponentially, with a peak of its weight.

    The current is I = g·(e_rev − V). After a spike of weight w (nS), g is proportional to
    exp(−t/tau_decay) − exp(−t/tau_rise), and has its peak w at
    ln(tau_decay/tau_rise)·tau_decay·tau_rise/(tau_decay − tau_rise). It is called a beta function
    in NEST. If both time constants are equal, it is the alpha function.

    References
    ----------
    A. Roth & M. C. W. van Rossum, *Modeling synapses*, in E. De Schutter (ed.), Computational
    Modeling Methods for Neuroscientists, MIT Press (2009), equations 6.4 to 6.6.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> synapse = ns.BiexpConductance(tau_rise=1.0, tau_decay=4.0)
    >>> drive = net.drive(cell, ns.SpikeTimes([5.0]), synapse=synapse, weight=3.0)
    >>> recording = net.record(cell, "g")
    >>> round(float(ns.simulate(net, 30.0).traces["cell", "g"].values.max()), 2)
    3.0
    """

    tau_rise: float = tau("rise time constant")
    tau_decay: float = tau("decay time constant")
    e_rev: float = parameter(0.0, "mV", -200.0, 200.0, "reversal potential")
    g: ClassVar = state("nS", 0.0, "conductance")
    rise: ClassVar = state("nS/ms", 0.0, "rate at which the conductance rises")

    def same_course(self) -> Synapse:
        """Return the synaptic current with the time course of the conductance."""
        return BiexpCurrent(self.tau_rise, self.tau_decay)

    @staticmethod
    def derivatives(g, rise, p):
        return rise - g / p.tau_decay, -rise / p.tau_rise

    @staticmethod
    def current(v, g, rise, p):
        return g * (p.e_rev - v)

    @staticmethod
    def arrive(g, rise, w, p):
        return g, rise + w * rate_of_rise(p.tau_rise, p.tau_decay)
