"""Generalised integrate-and-fire neuron with escape noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from neurosim.models.declare import parameter, state
from neurosim.models.neuron_model import NeuronModel


@dataclass(frozen=True, eq=False)
class GIF(NeuronModel):
    """Generalised integrate-and-fire neuron that spikes at random.

    C dV/dt = −g_l (V − e_l) − η₁ − η₂ − η₃ + I, with three spike-triggered currents η_k. The
    threshold is v_threshold + γ₁ + γ₂ + γ₃. The neuron spikes at the rate
    λ₀·exp((V − threshold)/Δ_V): with probability 1 − exp(−rate·dt) in a time step. A spike sets V
    to v_reset and raises η_k by a_eta_k and γ_k by a_gamma_k, which decay exponentially.

    Notes
    -----
    A positive η hyperpolarises. Jumps take place at the spike; toolboxes that apply them after the
    refractory period use the value multiplied by exp(−t_ref/τ). There are three components each:
    more, as lists in NEST allow, need a class of your own. Integrated exactly; with conductances by
    the Runge-Kutta method. NEST's gif_psc_exp holds η and γ constant during a time step.

    References
    ----------
    S. Mensi et al., *Parameter extraction and classification of three cortical neuron types reveals
    two distinct adaptation mechanisms*, J. Neurophysiol. 107:1756 (2012).
    C. Pozzorini et al., *Automated high-throughput characterization of single neurons by means of
    simplified spiking models*, PLoS Comput. Biol. 11:e1004275 (2015).

    Examples
    --------
    A neuron that adapts by a slow current:

    >>> import neurosim as ns
    >>> neuron = ns.GIF(v_threshold=-50.0, delta_v=2.0, lambda_0=10.0, a_eta_3=20.0)
    >>> net = ns.Network()
    >>> cells = net.add("cells", 100, neuron)
    >>> drive = net.drive(cells, ns.ConstantCurrent(100.0))
    >>> recording = net.record(cells, "eta_3", ids=[0])
    >>> spikes = ns.simulate(net, 200.0).spikes["cells"]
    """

    g_l: Any = parameter(4.0, "nS", 1e-3, 1e5, "leak conductance")
    e_l: Any = parameter(-70.0, "mV", -200.0, 200.0, "resting potential")
    c_m: Any = parameter(80.0, "pF", 1.0, 1e5, "membrane capacitance")
    v_reset: Any = parameter(-55.0, "mV", -200.0, 200.0, "potential after a spike")
    v_threshold: Any = parameter(-35.0, "mV", -200.0, 200.0, "threshold at rest")
    delta_v: Any = parameter(0.5, "mV", 1e-3, 1e3, "width of the threshold")
    lambda_0: Any = parameter(1.0, "Hz", 0.0, 1e5, "rate at the threshold")
    t_ref: Any = parameter(4.0, "ms", 0.0, 1e3, "refractory period")
    tau_eta_1: Any = parameter(1.0, "ms", 0.01, 1e5, "time constant of eta_1")
    tau_eta_2: Any = parameter(10.0, "ms", 0.01, 1e5, "time constant of eta_2")
    tau_eta_3: Any = parameter(100.0, "ms", 0.01, 1e5, "time constant of eta_3")
    a_eta_1: Any = parameter(0.0, "pA", -1e5, 1e5, "jump of eta_1 at a spike")
    a_eta_2: Any = parameter(0.0, "pA", -1e5, 1e5, "jump of eta_2 at a spike")
    a_eta_3: Any = parameter(0.0, "pA", -1e5, 1e5, "jump of eta_3 at a spike")
    tau_gamma_1: Any = parameter(1.0, "ms", 0.01, 1e5, "time constant of gamma_1")
    tau_gamma_2: Any = parameter(10.0, "ms", 0.01, 1e5, "time constant of gamma_2")
    tau_gamma_3: Any = parameter(100.0, "ms", 0.01, 1e5, "time constant of gamma_3")
    a_gamma_1: Any = parameter(0.0, "mV", -1e4, 1e4, "jump of gamma_1 at a spike")
    a_gamma_2: Any = parameter(0.0, "mV", -1e4, 1e4, "jump of gamma_2 at a spike")
    a_gamma_3: Any = parameter(0.0, "mV", -1e4, 1e4, "jump of gamma_3 at a spike")

    v: ClassVar = state("mV", "e_l", "membrane potential")
    eta_1: ClassVar = state("pA", 0.0, "fast spike-triggered current")
    eta_2: ClassVar = state("pA", 0.0, "medium spike-triggered current")
    eta_3: ClassVar = state("pA", 0.0, "slow spike-triggered current")
    gamma_1: ClassVar = state("mV", 0.0, "fast movement of the threshold")
    gamma_2: ClassVar = state("mV", 0.0, "medium movement of the threshold")
    gamma_3: ClassVar = state("mV", 0.0, "slow movement of the threshold")
    method = "exact"
    potentials: ClassVar = ("e_l", "v_threshold", "v_reset")

    @staticmethod
    def derivatives(v, eta_1, eta_2, eta_3, gamma_1, gamma_2, gamma_3, i, p):
        return (
            (p.g_l * (p.e_l - v) - eta_1 - eta_2 - eta_3 + i) / p.c_m,
            -eta_1 / p.tau_eta_1,
            -eta_2 / p.tau_eta_2,
            -eta_3 / p.tau_eta_3,
            -gamma_1 / p.tau_gamma_1,
            -gamma_2 / p.tau_gamma_2,
            -gamma_3 / p.tau_gamma_3,
        )

    @staticmethod
    def hazard(v, eta_1, eta_2, eta_3, gamma_1, gamma_2, gamma_3, p):
        excess = v - p.v_threshold - gamma_1 - gamma_2 - gamma_3
        return 0.001 * p.lambda_0 * math.exp(min(excess / p.delta_v, 700.0))

    @staticmethod
    def reset(v, eta_1, eta_2, eta_3, gamma_1, gamma_2, gamma_3, p):
        return (
            p.v_reset,
            eta_1 + p.a_eta_1,
            eta_2 + p.a_eta_2,
            eta_3 + p.a_eta_3,
            gamma_1 + p.a_gamma_1,
            gamma_2 + p.a_gamma_2,
            gamma_3 + p.a_gamma_3,
        )
