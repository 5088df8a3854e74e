"""Synapses that change the potential at once or inject a current."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.special import exprel

from neurosim.models.declare import state
from neurosim.models.synapses.base import Synapse
from neurosim.models.synapses.biexp import psp_peak, rate_of_rise, tau

if TYPE_CHECKING:
    from neurosim.models.neuron import Neuron


@dataclass(frozen=True)
class DeltaSynapse(Synapse):
    """A synapse that changes the potential immediately, by its weight (mV).

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> drive = net.drive(cell, ns.SpikeTimes([1.0]), synapse=ns.DeltaSynapse(), weight=5.0)
    >>> recording = net.record(cell, "v")
    >>> float(ns.simulate(net, 2.0).traces["cell", "v"].of(0).max())
    -65.0
    """

    unit = "mV"
    is_current = False

    def time_to_peak(self, neuron: Neuron) -> float:
        """Time from arrival to the peak of the PSP (ms): none."""
        return 0.0

    def psp_per_weight(self, neuron: Neuron) -> float:
        """Peak of the PSP (mV) per mV of weight: 1."""
        return 1.0

    def as_equations(self) -> Synapse:
        """Return the synapse in a form that has equations."""
        return DeltaEquations(name=self.name, compartment=self.compartment)


@dataclass(frozen=True)
class ExpCurrent(Synapse):
    """A synaptic current that jumps by its weight (pA) and decays exponentially.

    Examples
    --------
    A current that raises the potential of a resting neuron by 0.5 mV at the peak:

    >>> import neurosim as ns
    >>> synapse = ns.ExpCurrent(tau=5.0)
    >>> neuron = ns.LIF()
    >>> round(0.5 / synapse.psp_per_weight(neuron), 2)
    39.69
    >>> round(synapse.time_to_peak(neuron), 2)
    9.24
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, neuron)
    >>> drive = net.drive(cell, ns.SpikeTimes([10.0]), synapse=synapse, psp=0.5)
    """

    tau: float = tau("decay time constant")

    def time_to_peak(self, neuron: Neuron) -> float:
        """Time from arrival to the peak of the PSP (ms): ln(τm/τs)·τm·τs/(τm − τs)."""
        x = neuron.tau_m / self.tau - 1.0
        # ln(1 + x)/x, which is 1 if the time constants are equal
        return neuron.tau_m * (math.log1p(x) / x if x else 1.0)

    def psp_per_weight(self, neuron: Neuron) -> float:
        """Peak of the PSP (mV) per pA of weight: at the peak leak and current balance."""
        neuron.check_psp()
        return neuron.resistance * math.exp(-self.time_to_peak(neuron) / self.tau)

    def as_equations(self) -> Synapse:
        """Return the synapse in a form that has equations."""
        return ExpEquations(self.tau, name=self.name, compartment=self.compartment)


@dataclass(frozen=True)
class AlphaCurrent(Synapse):
    """Alpha-function synaptic current with a peak of its weight w (pA) after τ.

    The current is w·(t/τ)·exp(1 − t/τ).

    Examples
    --------
    >>> import neurosim as ns
    >>> synapse = ns.AlphaCurrent(tau=2.0)
    >>> neuron = ns.LIF(tau_m=10.0)
    >>> round(synapse.time_to_peak(neuron), 2)
    6.65
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, neuron)
    >>> drive = net.drive(cell, ns.SpikeTimes([10.0]), synapse=synapse, weight=100.0)
    """

    tau: float = tau("time to the peak of the current")

    def time_to_peak(self, neuron: Neuron) -> float:
        """Time from arrival to the peak of the PSP (ms).

        V ∝ ∫₀ᵗ exp(−(t − s)/τm)·s·exp(−s/τs) ds peaks after the current does, where
        1 = (t/τm)·∫₀¹ (1 − z)·exp((t/τs − t/τm)·z) dz.
        """
        from scipy.optimize import brentq  # late: slow to import

        b = 1.0 / self.tau - 1.0 / neuron.tau_m

        def slope(t: float) -> float:
            return 1.0 - t / neuron.tau_m * _ramp(b * t)

        top = self.tau
        while slope(top) > 0.0:
            top *= 2.0
        return float(brentq(slope, 0.5 * self.tau, top, xtol=1e-14, rtol=1e-14))

    def psp_per_weight(self, neuron: Neuron) -> float:
        """Peak of the PSP (mV) per pA of weight: at the peak leak and current balance."""
        neuron.check_psp()
        x = self.time_to_peak(neuron) / self.tau
        return neuron.resistance * x * math.exp(1.0 - x)

    def as_equations(self) -> Synapse:
        """Return the synapse in a form that has equations."""
        return BiexpCurrent(self.tau, self.tau, name=self.name, compartment=self.compartment)


@dataclass(frozen=True, eq=False)
class BiexpCurrent(Synapse):
    """Synaptic current that rises and decays exponentially, with a peak of its weight (pA).

    After a spike, the current is proportional to exp(−t/tau_decay) − exp(−t/tau_rise). If both time
    constants are equal, it is the alpha function.

    Notes
    -----
    It is integrated with the equations of the neuron; `ExpCurrent` and `AlphaCurrent` are
    integrated exactly on a `LIF`.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> synapse = ns.BiexpCurrent(tau_rise=1.0, tau_decay=4.0)
    >>> drive = net.drive(cell, ns.SpikeTimes([5.0]), synapse=synapse, weight=100.0)
    >>> recording = net.record(cell, "i")
    >>> round(float(ns.simulate(net, 30.0).traces["cell", "i"].values.max()), 1)
    100.0
    """

    tau_rise: float = tau("rise time constant")
    tau_decay: float = tau("decay time constant")
    i: ClassVar = state("pA", 0.0, "current")
    rise: ClassVar = state("pA/ms", 0.0, "rate at which the current rises")

    @staticmethod
    def derivatives(i, rise, p):
        return rise - i / p.tau_decay, -rise / p.tau_rise

    @staticmethod
    def current(v, i, rise, p):
        return i

    @staticmethod
    def arrive(i, rise, w, p):
        return i, rise + w * rate_of_rise(p.tau_rise, p.tau_decay)

    def time_to_peak(self, neuron: Neuron) -> float:
        """Time from arrival to the peak of the PSP (ms)."""
        return psp_peak(neuron, self.tau_rise, self.tau_decay)[0]

    def psp_per_weight(self, neuron: Neuron) -> float:
        """Peak of the PSP (mV) per pA of weight."""
        neuron.check_psp()
        return psp_peak(neuron, self.tau_rise, self.tau_decay)[1]


# The forms that follow are not registered, because networks and scenario files never name them.
@dataclass(frozen=True, eq=False)
class ExpEquations(Synapse, abstract=True):
    """The equations of an `ExpCurrent`."""

    tau: float = tau("decay time constant")
    i: ClassVar = state("pA", 0.0, "current")

    @staticmethod
    def derivatives(i, p):
        return -i / p.tau

    @staticmethod
    def current(v, i, p):
        return i


@dataclass(frozen=True, eq=False)
class DeltaEquations(Synapse, abstract=True):
    """A `DeltaSynapse`, which has no state and acts at the end of a time step."""

    unit = "mV"
    is_current = False
    has_equations = True
    signatures: ClassVar = {}


@dataclass(frozen=True, eq=False)
class InjectedCurrent(Synapse, abstract=True):
    """Port of the input currents into another compartment than the soma.

    The state is set at the start of each time step.
    """

    is_current = False
    i: ClassVar = state("pA", 0.0, "current")

    @staticmethod
    def derivatives(i, p):
        return 0.0

    @staticmethod
    def current(v, i, p):
        return i


def _ramp(x: float) -> float:
    """Return ∫₀¹ (1 − z)·exp(x·z) dz, to rounding error for every x."""
    if abs(x) > 0.5:
        return float((exprel(x) - 1.0) / x)
    powers = np.cumprod(np.r_[0.5, x / np.arange(3, 20)])
    return float(powers.sum())
