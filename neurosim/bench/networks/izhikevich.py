"""The network of Izhikevich, with a thousand neurons of different parameters."""

from __future__ import annotations

import numpy as np

import neurosim as ns


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
