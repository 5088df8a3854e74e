"""A network of the size of a fruit fly's brain in which few neurons fire."""

from __future__ import annotations

from functools import partial

import neurosim as ns

NEURON = ns.LIF(v_rest=-52.0, v_threshold=-45.0, v_reset=-52.0, tau_m=20.0, c_m=200.0, t_ref=2.2)
SYNAPSE = ns.ExpCurrent(5.0)
SYNAPSES_PER_CONNECTION = 54.5e6 / 15.1e6
SENSORY, CORE = 20, 380
"""Number of neurons with external input, and of neurons that these excite."""


def quiet(scale: float) -> ns.Network:
    """Return a network of the size of a fruit fly's brain with few active neurons.

    The neuron model and the numbers are those of P. K. Shiu et al., Nature 634, 210 (2024). In
    contrast to their connectome, connections are random, except those from the neurons with
    external input to the neurons that these excite.

    Parameters
    ----------
    scale : float
        Number of silent neurons, and of their synapses, relative to the fly.
    """
    net = ns.Network()
    silent = round((138_639 - SENSORY - CORE) * scale)
    exciting = silent * 3 // 5
    sizes = {"sensory": SENSORY, "core": CORE, "exc": exciting, "inh": silent - exciting}
    populations = [net.add(name, size, NEURON) for name, size in sizes.items()]
    in_degree = 15_091_983 / 138_639
    jump = 0.275 * SYNAPSES_PER_CONNECTION / NEURON.resistance
    connect = partial(net.connect, synapse=SYNAPSE, delay=1.8)
    for source in populations:
        strength = (-1.0 if source.name == "inh" else 1.0) * jump
        weight = ns.LogNormal(strength, abs(strength))
        for target in populations:
            n = round(in_degree * target.size * source.size / net.size)
            connect(source, target, ns.FixedTotalNumber(n), weight=weight)
    sensory, core = populations[:2]
    connect(sensory, core, ns.AllToAll(), weight=jump)
    # An external spike is as strong as 250 synapses, so that its target always fires.
    net.drive(sensory, ns.Poisson(150.0), synapse=SYNAPSE, weight=250 * 0.275 / NEURON.resistance)
    return net
