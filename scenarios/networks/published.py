"""Published networks of neurons with conductances, adaptation, and short-term plasticity."""

from __future__ import annotations

from typing import Any

import numpy as np

import neurosim as ns

EXCITATION = ns.ExpConductance(tau=5.0, e_rev=0.0)
INHIBITION = ns.ExpConductance(tau=10.0, e_rev=-80.0)
EXC_WEIGHT, INH_WEIGHT = 6.0, 67.0
"""Conductances (nS) of Vogels & Abbott's network."""
DELAY = 0.1
"""ms; the originals have none."""


def vogels_abbott(
    scale: float, neuron: ns.NeuronModel | ns.LIF, current: float, span: ns.Uniform
) -> ns.Network:
    """Return a network of neurons with conductances, 80 % of them excitatory.

    Parameters
    ----------
    scale : float
        Number of neurons in units of 4,000. Each neuron receives on average 80 synapses at every
        scale.
    neuron : NeuronModel or LIF
    current : float
        Constant input of all neurons (pA).
    span : Uniform
        Potentials at time 0.
    """
    net = ns.Network()
    exc = net.add("exc", round(3_200 * scale), neuron, v_init=span)
    inh = net.add("inh", round(800 * scale), neuron, v_init=span)
    rule = ns.FixedProbability(0.02 / scale)
    for target in (exc, inh):
        net.connect(exc, target, rule, synapse=EXCITATION, weight=EXC_WEIGHT, delay=DELAY)
        net.connect(inh, target, rule, synapse=INHIBITION, weight=INH_WEIGHT, delay=DELAY)
        net.drive(target, ns.ConstantCurrent(current))
    return net


def coba(scale: float) -> ns.Network:
    """Return Vogels & Abbott's network with conductance-based synapses.

    R. Brette et al., Journal of Computational Neuroscience 23, 349 (2007), benchmark 1. There,
    random spikes start the activity. Here, a constant current of 1.1 times rheobase sustains it.
    """
    neuron = ns.LIF(
        v_rest=-60.0, v_threshold=-50.0, v_reset=-60.0, tau_m=20.0, c_m=200.0, t_ref=5.0
    )
    return vogels_abbott(scale, neuron, 110.0, ns.Uniform(-60.0, -50.0))


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
    return vogels_abbott(scale, neuron, 200.0, ns.Uniform(-60.0, -50.0))


def izhikevich(scale: float, seed: int = 1) -> ns.Network:
    """Return the network of E. M. Izhikevich, IEEE Transactions on Neural Networks 14, 1569 (2003).

    Connections are all-to-all, and every neuron receives a noise current. Its equations are
    integrated by the Euler method with the step of the simulation, instead of two half steps of
    v in 1 ms.

    Parameters
    ----------
    scale : float
        Number of neurons in units of 1,000. Weights decrease with it.
    seed : int
        Seed of the parameters of the neurons.
    """
    rng, net = np.random.default_rng(seed), ns.Network()
    r, q = rng.random(round(800 * scale)), rng.random(round(200 * scale))
    regular = ns.Izhikevich(a=0.02, b=0.2, c=-65.0 + 15.0 * r**2, d=8.0 - 6.0 * r**2)
    fast = ns.Izhikevich(a=0.02 + 0.08 * q, b=0.25 - 0.05 * q, c=-65.0, d=2.0)
    exc = net.add("exc", len(r), regular, v_init=-65.0, initial={"u": -13.0})
    inh = net.add("inh", len(q), fast, v_init=-65.0, initial={"u": -14.0})
    for target in (exc, inh):
        for source, low, high in ((exc, 0.0, 0.5), (inh, -1.0, 0.0)):
            weight = ns.Uniform(low / scale, high / scale)
            net.connect(source, target, ns.AllToAll(), weight=weight, delay=1.0)
    for target, sigma in ((exc, 5.0), (inh, 2.0)):
        net.drive(target, ns.WhiteNoiseCurrent(sigma=sigma, interval=1.0))
    return net


def depressing(scale: float) -> ns.Network:
    """Return a network of integrate-and-fire neurons with depressing excitation.

    The network of `cuba` with the dynamics of M. Tsodyks, A. Uziel & H. Markram, Journal of
    Neuroscience 20, RC50 (2000): recovery in 800 ms, without facilitation between excitatory
    neurons, with facilitation onto inhibitory neurons.
    """
    neuron = ns.LIF(
        v_rest=-60.0, v_threshold=-50.0, v_reset=-60.0, tau_m=20.0, c_m=200.0, t_ref=5.0
    )
    net, start = ns.Network(), ns.Uniform(-60.0, -50.0)
    exc = net.add("exc", round(3_200 * scale), neuron, v_init=start)
    inh = net.add("inh", round(800 * scale), neuron, v_init=start)
    rule = ns.FixedProbability(0.02 / scale)
    models = {
        "exc": ns.TsodyksMarkram(u=0.5, tau_rec=800.0),
        "inh": ns.TsodyksMarkram(u=0.04, tau_rec=100.0, tau_fac=1000.0),
    }
    for target in (exc, inh):
        net.connect(
            exc,
            target,
            rule,
            synapse=ns.ExpCurrent(5.0),
            weight=60.0,
            delay=DELAY,
            short_term=models[target.name],
        )
        net.connect(inh, target, rule, synapse=ns.ExpCurrent(10.0), weight=-90.0, delay=DELAY)
        net.drive(target, ns.ConstantCurrent(120.0))
    return net
