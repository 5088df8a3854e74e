"""Integrate-and-fire neuron with conductances that its own spikes open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from neurosim.models.declare import parameter, state
from neurosim.models.neuron_model import NeuronModel


@dataclass(frozen=True, eq=False)
class AdaptingLIF(NeuronModel):
    """Leaky integrate-and-fire neuron with spike-frequency adaptation.

    C dV/dt = −g_l (V − e_l) − g_sfa (V − e_sfa) − g_rr (V − e_rr) + I. The neuron spikes when V
    reaches v_threshold. A spike opens a slow conductance g_sfa, which lowers the firing rate, and a
    fast one g_rr, which makes the neuron relatively refractory: they jump by q_sfa and q_rr and
    decay exponentially, also during the refractory period.

    Notes
    -----
    With ``method="gsl"`` and conductance synapses spike times are those of NEST's
    iaf_cond_exp_sfa_rr.

    References
    ----------
    E. Müller, L. Buesing, J. Schemmel & K. Meier, *Spike-frequency adapting neural ensembles:
    beyond mean adaptation and renewal theories*, Neural Comput. 19:2958 (2007).

    Examples
    --------
    Intervals grow after the onset of a current:

    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.AdaptingLIF())
    >>> drive = net.drive(cell, ns.ConstantCurrent(1000.0))
    >>> recording = net.record(cell, "g_sfa")
    >>> ns.simulate(net, 60.0).spikes["cell"].times.round(1)
    array([ 4.8, 17.5, 31.6, 47.3])
    """

    c_m: Any = parameter(289.5, "pF", 1.0, 1e5, "membrane capacitance")
    g_l: Any = parameter(28.95, "nS", 1e-3, 1e5, "leak conductance")
    e_l: Any = parameter(-70.0, "mV", -200.0, 200.0, "resting potential")
    v_threshold: Any = parameter(-57.0, "mV", -200.0, 200.0, "threshold")
    v_reset: Any = parameter(-70.0, "mV", -200.0, 200.0, "potential after a spike")
    t_ref: Any = parameter(0.5, "ms", 0.0, 1e3, "absolute refractory period")
    e_sfa: Any = parameter(-70.0, "mV", -200.0, 200.0, "reversal potential of g_sfa")
    q_sfa: Any = parameter(14.48, "nS", 0.0, 1e5, "jump of g_sfa at a spike")
    tau_sfa: Any = parameter(110.0, "ms", 0.1, 1e5, "time constant of g_sfa")
    e_rr: Any = parameter(-70.0, "mV", -200.0, 200.0, "reversal potential of g_rr")
    q_rr: Any = parameter(3214.0, "nS", 0.0, 1e5, "jump of g_rr at a spike")
    tau_rr: Any = parameter(1.97, "ms", 0.01, 1e5, "time constant of g_rr")

    v: ClassVar = state("mV", "e_l", "membrane potential")
    g_sfa: ClassVar = state("nS", 0.0, "conductance of spike-frequency adaptation")
    g_rr: ClassVar = state("nS", 0.0, "conductance of the relative refractory period")
    v_max: ClassVar = "v_threshold"
    potentials: ClassVar = ("e_l", "v_threshold", "v_reset", "e_sfa", "e_rr")
    substep = 0.05
    error_control = "y"

    @staticmethod
    def derivatives(v, g_sfa, g_rr, i, p):
        leak = p.g_l * (p.e_l - v) + g_sfa * (p.e_sfa - v) + g_rr * (p.e_rr - v)
        return (leak + i) / p.c_m, -g_sfa / p.tau_sfa, -g_rr / p.tau_rr

    @staticmethod
    def spikes(v_before, v, g_sfa, g_rr, p):
        return v >= p.v_threshold

    @staticmethod
    def reset(v, g_sfa, g_rr, p):
        return p.v_reset, g_sfa + p.q_sfa, g_rr + p.q_rr
