"""Networks of any size and firing rate: every external spike makes its target fire."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import neurosim as ns

RECURRENT_PSP = 0.02
"""Recurrent PSP (mV). At 100 Hz, the input from 7,000 such synapses has a standard deviation of
3 mV and remains far below threshold."""
EXTERNAL_PSP = 30.0
"""External PSP (mV), twice the distance from resting potential to threshold."""
DELAYS = ns.Uniform(0.5, 2.5)
"""Synaptic delays (ms)."""


def driven_network(neurons: int, synapses: int, drive: ns.Poisson) -> ns.Network:
    """Return a network of any size with a firing rate set by its external input.

    The neurons fire independently, at the rate of `drive`. Four fifths of them are excitatory. The
    others are inhibitory and four times as strong, so that the recurrent input is balanced. It is
    delivered and integrated like any input, but is too weak to elicit spikes.

    Parameters
    ----------
    neurons : int
        Number of neurons.
    synapses : int
        Outgoing synapses per neuron, which is also the mean number of incoming synapses.
    drive : Poisson
        External input of every neuron. `drive_rate` returns its rate for a given firing rate.
    """
    net = ns.Network()
    exc = net.add("exc", neurons * 4 // 5, ns.LIF())
    inh = net.add("inh", neurons - exc.size, ns.LIF())
    # Keeps the variance in small networks, where a source has several synapses onto a target.
    psp = RECURRENT_PSP / np.sqrt(1.0 + synapses / neurons)
    for target, n in ((exc, synapses * 4 // 5), (inh, synapses - synapses * 4 // 5)):
        for source, strength in ((exc, psp), (inh, -4.0 * psp)):
            net.connect(source, target, ns.FixedOutDegree(n), psp=strength, delay=DELAYS)
        net.drive(target, drive, psp=EXTERNAL_PSP)
    return net


def drive_rate(rate: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return the rate (Hz) of external spikes for a firing rate of `rate` (Hz).

    Spikes that arrive in the refractory period are lost: rate = drive / (1 + drive·t_ref).
    """
    return np.asarray(rate / (1.0 - rate * ns.LIF().t_ref * 1e-3))


def lecture(scale: float) -> ns.Network:
    """Return the network of the scenario real-time-budget.

    The firing rate is 1.5 Hz, a mean rate of cortical neurons.

    Parameters
    ----------
    scale : float
        Number of neurons in units of 71,000. Each neuron has 7,000 outgoing synapses.
    """
    return driven_network(round(71_000 * scale), 7_000, ns.Poisson(drive_rate(1.5)))


def cortex(scale: float) -> ns.Network:
    """Return a cubic millimetre of cortex in the numbers of that scenario, firing at 3 Hz.

    Parameters
    ----------
    scale : float
        Number of neurons in units of 50,000. Each neuron has 1,000 outgoing synapses.
    """
    return driven_network(round(50_000 * scale), 1_000, ns.Poisson(drive_rate(3.0)))
