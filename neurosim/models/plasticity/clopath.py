"""Plasticity that depends on the postsynaptic potential."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from neurosim.models.declare import parameter, potential, trace
from neurosim.models.plasticity.base import Plasticity


@dataclass(frozen=True)
class Clopath(Plasticity):
    """Plasticity that depends on the postsynaptic potential.

    The relative weight x = weight/w_max follows the potential u and its low-pass filters u_minus
    and u_plus, with time constants tau_minus and tau_plus and a delay:

        Δx = −a_ltd (u_minus − theta_minus)₊   (at presynaptic spikes)
        dx/dt = a_ltp before (u − theta_plus)₊ (u_plus − theta_minus)₊

    before is the presynaptic trace, with time constant tau_x; each spike adds 1/tau_x. x is clipped
    to 0 to 1.

    Notes
    -----
    For the time ``t_spike`` after a spike, u is ``v_spike``, whatever the neuron does. Without
    this the rule does not work with neurons that are reset, although the paper omits it. Every
    neuron model can be used; the default thresholds fit a resting potential of -70.6 mV. The
    amplitude of depression does not depend on the average potential.

    References
    ----------
    C. Clopath, L. Büsing, E. Vasilaki & W. Gerstner, *Connectivity reflects coding: a model of
    voltage-based STDP with homeostasis*, Nat. Neurosci. 13, 344 (2010).

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Clopath(w_max=2.0).theta_plus
    -45.3
    """

    w_max: float = parameter(low=-1e9, high=1e9, help="strongest weight, with its sign")
    a_ltd: float = parameter(1.4e-4, "1/mV", 0.0, 1.0, "amplitude of depression")
    a_ltp: float = parameter(8e-5, "1/mV/mV", 0.0, 1.0, "amplitude of potentiation")
    theta_minus: float = parameter(-70.6, "mV", -200.0, 200.0, "threshold of the filters")
    theta_plus: float = parameter(-45.3, "mV", -200.0, 200.0, "threshold of the potential")
    tau_x: float = parameter(15.0, "ms", 0.1, 1e4, "time constant of the presynaptic trace")
    tau_minus: float = parameter(10.0, "ms", 0.1, 1e4, "time constant of u_minus")
    tau_plus: float = parameter(7.0, "ms", 0.1, 1e4, "time constant of u_plus")
    delay: float = parameter(5.0, "ms", 0.0, 100.0, "delay of the filters")
    v_spike: float = parameter(33.0, "mV", -200.0, 200.0, "potential during a spike")
    t_spike: float = parameter(2.0, "ms", 0.0, 100.0, "duration of a spike")
    before: ClassVar = trace("pre", "tau_x")
    u: ClassVar = potential(help="potential")
    u_minus: ClassVar = potential("tau_minus", "slow filter", delay="delay")
    u_plus: ClassVar = potential("tau_plus", "fast filter", delay="delay")

    @staticmethod
    def active(u, u_minus, u_plus, p):
        """Whether the potential and its filter exceed their thresholds."""
        return u > p.theta_plus and u_plus > p.theta_minus

    @staticmethod
    def on_pre(w, before, u, u_minus, u_plus, p):
        """Depress the weight by the slow filter."""
        return w - p.a_ltd * max(u_minus - p.theta_minus, 0.0)

    @staticmethod
    def on_post(w, before, u, u_minus, u_plus, p):
        """Potentiate the weight in a step in which the neuron is depolarised."""
        depolarised = (u - p.theta_plus) * (u_plus - p.theta_minus)
        return w + p.a_ltp * before / p.tau_x * depolarised * p.dt
