"""Integrate-and-fire neuron with a soma and a passive dendrite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from neurosim.models.declare import parameter, state
from neurosim.models.neuron_model import NeuronModel
from neurosim.models.quantity import or_infinity

FASTEST = 0.5
"""Largest change of a potential, relative to its distance from equilibrium, in an explicit step."""


@dataclass(frozen=True, eq=False)
class TwoCompartment(NeuronModel):
    """Integrate-and-fire neuron with a soma and a passive dendrite.

    The potentials V of the soma and V_d of the dendrite follow
    C dV/dt = −g_l (V − e_l) + g_c (V_d − V) + I and
    C_d dV_d/dt = −g_d (V_d − e_l) + g_c (V − V_d) + I_d. A spike is sent when V is above the
    threshold. V is then set to v_reset and held there for the refractory period, while V_d is
    integrated. Synapses, input currents and gap junctions can be on the soma or on the dendrite:
    ``net.connect(..., compartment="dendrite")``.

    Notes
    -----
    A spike does not reset the dendrite, which drives the soma again after the refractory period. A
    constant current into the dendrite depolarises the soma g_c/(g_c + g_l) times as much as the
    dendrite. The equations are linear and solved exactly; with conductances and gap junctions they
    are integrated by "rk4".

    References
    ----------
    J.-P. Rospars & P. Lánský, *Stochastic model neuron without resetting of dendritic potential:
    application to the olfactory system*, Biol. Cybern. 69:283 (1993). Learning in such neurons:
    R. Urbanczik & W. Senn, *Learning by the dendritic prediction of somatic spiking*, Neuron 81:521
    (2014).

    Examples
    --------
    A synaptic current into the dendrite depolarises the soma less, and later:

    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.TwoCompartment())
    >>> synapse = ns.ExpCurrent(tau=2.0)
    >>> spikes = ns.SpikeTimes([10.0])
    >>> drive = net.drive(cell, spikes, synapse=synapse, weight=200.0, compartment="dendrite")
    >>> recordings = [net.record(cell, name) for name in ("v", "v_dendrite")]
    >>> traces = ns.simulate(net, 40.0).traces
    >>> for name in ("v", "v_dendrite"):
    ...     trace = traces["cell", name]
    ...     top = int(trace.values.argmax())
    ...     print(f"{name}: {trace.values.max():.2f} mV at {trace.times[top]:.1f} ms")
    v: -69.17 mV at 20.7 ms
    v_dendrite: -68.04 mV at 13.7 ms
    """

    c_m: Any = parameter(125.0, "pF", 1.0, 1e5, "capacitance of the soma")
    g_l: Any = parameter(6.25, "nS", 0.0, 1e5, "leak conductance of the soma")
    c_dendrite: Any = parameter(125.0, "pF", 1.0, 1e5, "capacitance of the dendrite")
    g_dendrite: Any = parameter(6.25, "nS", 0.0, 1e5, "leak conductance of the dendrite")
    g_c: Any = parameter(12.5, "nS", 0.0, 1e5, "conductance between soma and dendrite")
    e_l: Any = parameter(-70.0, "mV", -200.0, 200.0, "resting potential")
    v_threshold: Any = parameter(
        -55.0, "mV", -200.0, 200.0, "the neuron fires when V is above it", check=or_infinity
    )
    v_reset: Any = parameter(-70.0, "mV", -200.0, 200.0, "potential of the soma after a spike")
    t_ref: Any = parameter(2.0, "ms", 0.0, 1e3, "absolute refractory period")

    v: ClassVar = state("mV", "e_l", "membrane potential of the soma")
    v_dendrite: ClassVar = state("mV", "e_l", "potential of the dendrite", compartment="dendrite")
    potentials: ClassVar = ("e_l", "v_threshold", "v_reset")
    ascending: ClassVar = (("v_reset", "v_threshold"),)
    method = "exact"

    @staticmethod
    def derivatives(v, v_dendrite, i, i_dendrite, p):
        axial = p.g_c * (v_dendrite - v)
        dv = (p.g_l * (p.e_l - v) + axial + i) / p.c_m
        dv_dendrite = (p.g_dendrite * (p.e_l - v_dendrite) - axial + i_dendrite) / p.c_dendrite
        return dv, dv_dendrite

    @staticmethod
    def spikes(v_before, v, v_dendrite, p):
        return v > p.v_threshold

    @staticmethod
    def reset(v, v_dendrite, p):
        return p.v_reset, v_dendrite

    @staticmethod
    def stable(v, v_dendrite, h, p):
        soma, dendrite = (p.g_l + p.g_c) / p.c_m, (p.g_dendrite + p.g_c) / p.c_dendrite
        return h * max(soma, dendrite) < FASTEST
