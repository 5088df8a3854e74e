"""The balanced random network of Brunel in its asynchronous irregular state.

N. Brunel, Journal of Computational Neuroscience 8, 183 (2000), model A with g = 5 and
ν_ext/ν_thr = 2. In the paper, the threshold is 20 mV and the reset 10 mV above rest.
"""

from __future__ import annotations

import neurosim as ns

NEURON = ns.LIF(v_rest=-70.0, v_threshold=-50.0, v_reset=-60.0, tau_m=20.0, t_ref=2.0)
PSP, INHIBITION = 0.1, -5.0
"""PSP of an excitatory synapse (mV), and relative strength of an inhibitory one."""
DELAY = 1.5
"""Synaptic delay (ms)."""
EXTERNAL_RATE = 20_000.0
"""Rate of all external spikes onto a neuron (Hz), twice the rate that reaches the threshold."""


def brunel(scale: float) -> ns.Network:
    """Return Brunel's network with constant in-degree.

    Parameters
    ----------
    scale : float
        Number of neurons in units of 12,500. Each neuron receives 1,000 excitatory and 250
        inhibitory synapses at every scale.
    """
    net = ns.Network()
    exc = net.add("exc", round(10_000 * scale), NEURON)
    inh = net.add("inh", round(2_500 * scale), NEURON)
    for target in (exc, inh):
        net.connect(exc, target, ns.FixedInDegree(1_000), psp=PSP, delay=DELAY)
        net.connect(inh, target, ns.FixedInDegree(250), psp=INHIBITION * PSP, delay=DELAY)
        net.drive(target, ns.Poisson(EXTERNAL_RATE), psp=PSP)
    return net
