"""The network of Vogels & Abbott with currents, conductances, and other neurons and synapses."""

from __future__ import annotations

from typing import Any

import neurosim as ns

NEURON = ns.LIF(v_rest=-60.0, v_threshold=-50.0, v_reset=-60.0, tau_m=20.0, c_m=200.0, t_ref=5.0)
START = ns.Uniform(-60.0, -50.0)
"""Potentials at time 0 (mV), from reset to threshold."""
DELAY = 0.1
"""ms; the originals have none."""


def vogels_abbott(
    scale: float,
    neuron: ns.NeuronModel | ns.LIF,
    current: float,
    start: ns.Uniform = START,
    *,
    excitation: dict[str, Any] | None = None,
    inhibition: dict[str, Any] | None = None,
    short_term: dict[str, ns.TsodyksMarkram] | None = None,
) -> ns.Network:
    """Return a random network of neurons, 80 % of them excitatory.

    Parameters
    ----------
    scale : float
        Number of neurons in units of 4,000. Each neuron receives on average 80 synapses at every
        scale.
    neuron : NeuronModel or LIF
    current : float
        Constant input of all neurons (pA).
    start : Uniform
        Potentials at time 0.
    excitation, inhibition : dict of str to object
        Arguments of `Network.connect`. Default: conductances of 6 and 67 nS.
    short_term : dict of str to TsodyksMarkram
        Of excitatory synapses, by target population.
    """
    excitation = excitation or {"synapse": ns.ExpConductance(tau=5.0, e_rev=0.0), "weight": 6.0}
    inhibition = inhibition or {"synapse": ns.ExpConductance(tau=10.0, e_rev=-80.0), "weight": 67.0}
    net = ns.Network()
    exc = net.add("exc", round(3_200 * scale), neuron, v_init=start)
    inh = net.add("inh", round(800 * scale), neuron, v_init=start)
    rule = ns.FixedProbability(0.02 / scale)
    for target in (exc, inh):
        dynamics = (short_term or {}).get(target.name)
        net.connect(exc, target, rule, delay=DELAY, short_term=dynamics, **excitation)
        net.connect(inh, target, rule, delay=DELAY, **inhibition)
        net.drive(target, ns.ConstantCurrent(current))
    return net


def cuba(scale: float) -> ns.Network:
    """Return Vogels & Abbott's network with current-based synapses.

    T. P. Vogels & L. F. Abbott, Journal of Neuroscience 25, 10786 (2005); R. Brette et al.,
    Journal of Computational Neuroscience 23, 349 (2007), benchmark 2. In the original, a synapse
    adds 1.62 or −9 mV to g in τ_m dV/dt = g − (V − E_L), and E_L = −49 mV is above the threshold.
    Here, g is replaced by the equivalent current g·C/τ_m. The resting potential is −60 mV, and a
    constant current raises the steady-state potential to −49 mV.

    Parameters
    ----------
    scale : float
        Number of neurons in units of 4,000. Each neuron receives on average 80 synapses at every
        scale.
    """
    return vogels_abbott(
        scale,
        NEURON,
        (-49.0 - NEURON.v_rest) / NEURON.resistance,
        excitation={"synapse": ns.ExpCurrent(5.0), "weight": 1.62 / NEURON.resistance},
        inhibition={"synapse": ns.ExpCurrent(10.0), "weight": -9.0 / NEURON.resistance},
    )


def coba(scale: float) -> ns.Network:
    """Return Vogels & Abbott's network with conductance-based synapses.

    R. Brette et al., Journal of Computational Neuroscience 23, 349 (2007), benchmark 1. There,
    random spikes start the activity. Here, a constant current of 1.1 times rheobase sustains it.
    """
    return vogels_abbott(scale, NEURON, 110.0)


def cobahh(scale: float) -> ns.Network:
    """Return Vogels & Abbott's network with Hodgkin-Huxley neurons.

    R. Brette et al. (2007), benchmark 3, with a constant current instead of random spikes.
    """
    neuron = ns.HodgkinHuxleyTraub(t_ref=3.0)
    return vogels_abbott(scale, neuron, 100.0, ns.Uniform(-65.0, -55.0))


def adex(scale: float, **integration: Any) -> ns.Network:
    """Return the network of Vogels & Abbott with adapting neurons.

    The parameters are those of regular-spiking cortical neurons: A. Destexhe, Journal of
    Computational Neuroscience 27, 493 (2009). `integration` are options of `ns.AdEx`, such as its
    method.
    """
    neuron = ns.AdEx(
        c_m=200.0,
        g_l=10.0,
        e_l=-60.0,
        v_th=-50.0,
        delta_t=2.5,
        v_peak=-40.0,
        v_reset=-60.0,
        a=1.0,
        b=5.0,
        tau_w=600.0,
        t_ref=2.5,
        **integration,
    )
    return vogels_abbott(scale, neuron, 200.0)


def depressing(scale: float) -> ns.Network:
    """Return a network of integrate-and-fire neurons with depressing excitation.

    The network of `cuba` with the dynamics of M. Tsodyks, A. Uziel & H. Markram, Journal of
    Neuroscience 20, RC50 (2000): recovery in 800 ms, without facilitation between excitatory
    neurons, with facilitation onto inhibitory neurons.
    """
    dynamics = {
        "exc": ns.TsodyksMarkram(u=0.5, tau_rec=800.0),
        "inh": ns.TsodyksMarkram(u=0.04, tau_rec=100.0, tau_fac=1000.0),
    }
    return vogels_abbott(
        scale,
        NEURON,
        120.0,
        excitation={"synapse": ns.ExpCurrent(5.0), "weight": 60.0},
        inhibition={"synapse": ns.ExpCurrent(10.0), "weight": -90.0},
        short_term=dynamics,
    )
