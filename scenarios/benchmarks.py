"""Benchmark networks, registered as entry points for `neurosim bench`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

import neurosim as ns
from neurosim.bench.benchmark import Benchmark
from scenarios.networks import balanced_network, fly
from scenarios.networks.microcircuit import microcircuit

VOGELS_ABBOTT = ns.LIF(
    v_rest=-60.0, v_threshold=-50.0, v_reset=-60.0, tau_m=20.0, c_m=200.0, t_ref=5.0
)
DRIVEN_TO = -49.0
"""Steady-state potential (mV) of the constant input, 1 mV above the threshold."""

FLY = ns.LIF(v_rest=-52.0, v_threshold=-45.0, v_reset=-52.0, tau_m=20.0, c_m=200.0, t_ref=2.2)
FLY_SYNAPSE = ns.ExpCurrent(5.0)
FLY_SYNAPSES_PER_CONNECTION = 54.5e6 / 15.1e6
SENSORY, CORE = 20, 380
"""Number of neurons with external input, and of neurons that these excite."""

RECURRENT_PSP = 0.02
"""Recurrent PSP (mV). At 100 Hz, the input from 7,000 such synapses has a standard deviation of
3 mV and remains far below threshold."""
KICK = 30.0
"""External PSP (mV), twice the distance from resting potential to threshold."""
DELAYS = ns.Uniform(0.5, 2.5)
"""Synaptic delays (ms)."""


def brunel(scale: float) -> ns.Network:
    """Return Brunel's asynchronous irregular network with constant in-degree.

    Parameters
    ----------
    scale : float
        Number of neurons in units of 12,500. Each neuron receives 1,000 excitatory and 250
        inhibitory synapses at every scale.
    """
    model = balanced_network.Settings()
    net = ns.Network()
    exc = net.add("exc", round(10_000 * scale), balanced_network.NEURON)
    inh = net.add("inh", round(2_500 * scale), balanced_network.NEURON)
    psps = (model.psp, -model.inhibition * model.psp)
    for target in (exc, inh):
        for source, psp, n in zip((exc, inh), psps, model.in_degrees, strict=True):
            rule = ns.FixedInDegree(n)
            net.connect(source, target, rule, psp=psp, delay=balanced_network.DELAY)
        net.drive(target, ns.Poisson(model.external_rate), psp=model.psp)
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
    neuron = VOGELS_ABBOTT
    net = ns.Network()
    start = ns.Uniform(neuron.v_reset, neuron.v_threshold)
    exc = net.add("exc", round(3_200 * scale), neuron, v_init=start)
    inh = net.add("inh", round(800 * scale), neuron, v_init=start)
    synapses = ((exc, 1.62, ns.ExpCurrent(5.0)), (inh, -9.0, ns.ExpCurrent(10.0)))
    for target in (exc, inh):
        for source, jump, synapse in synapses:
            net.connect(
                source,
                target,
                ns.FixedProbability(0.02 / scale),
                synapse=synapse,
                weight=jump / neuron.resistance,
                delay=0.1,
            )
        drive = (DRIVEN_TO - neuron.v_rest) / neuron.resistance
        net.drive(target, ns.ConstantCurrent(drive))
    return net


def even_network(neurons: int, synapses: int, drive: ns.Poisson) -> ns.Network:
    """Return a network of any size with a firing rate set by its external input.

    Every external spike makes its target fire. The neurons therefore fire independently, at the
    rate of `drive`. Four fifths of the neurons are excitatory. The others are inhibitory and four
    times as strong, so that the recurrent input is balanced. It is delivered and integrated like
    any input, but is too weak to elicit spikes. Delays are uniform between 0.5 and 2.5 ms.

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
        net.drive(target, drive, psp=KICK)
    return net


def drive_rate(rate: np.ndarray | float) -> np.ndarray:
    """Return the rate (Hz) of external spikes for a firing rate of `rate` (Hz).

    Spikes that arrive in the refractory period are lost: rate = drive / (1 + drive·t_ref).
    """
    return np.asarray(rate / (1.0 - rate * ns.LIF().t_ref * 1e-3))


def lecture(scale: float) -> ns.Network:
    """Return the lecture's network that should run in real time.

    The firing rate is 1.5 Hz, a mean rate of cortical neurons.

    Parameters
    ----------
    scale : float
        Number of neurons in units of 71,000. Each neuron has 7,000 outgoing synapses.
    """
    return even_network(round(71_000 * scale), 7_000, ns.Poisson(drive_rate(1.5)))


def cortex(scale: float) -> ns.Network:
    """Return a cubic millimetre of cortex with the lecture's numbers, firing at 3 Hz.

    Parameters
    ----------
    scale : float
        Number of neurons in units of 50,000. Each neuron has 1,000 outgoing synapses.
    """
    return even_network(round(50_000 * scale), 1_000, ns.Poisson(drive_rate(3.0)))


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
    populations = [net.add(name, size, FLY) for name, size in sizes.items()]
    in_degree = 15_091_983 / 138_639
    jump = 0.275 * FLY_SYNAPSES_PER_CONNECTION / FLY.resistance
    connect = partial(net.connect, synapse=FLY_SYNAPSE, delay=1.8)
    for source in populations:
        strength = (-1.0 if source.name == "inh" else 1.0) * jump
        weight = ns.LogNormal(strength, abs(strength))
        for target in populations:
            n = round(in_degree * target.size * source.size / net.size)
            connect(source, target, ns.FixedTotalNumber(n), weight=weight)
    sensory, core = populations[:2]
    connect(sensory, core, ns.AllToAll(), weight=jump)
    # An external spike is as strong as 250 synapses, so that its target always fires.
    net.drive(sensory, ns.Poisson(150.0), synapse=FLY_SYNAPSE, weight=250 * 0.275 / FLY.resistance)
    return net


MICROCIRCUIT = Benchmark(
    name="microcircuit",
    title="the cortical microcircuit of Potjans & Diesmann (2014), Poisson input",
    network=microcircuit,
    scales=(0.01, 1.0),
    warmup=500.0,
    span=1000.0,
)
MICROCIRCUIT_CURRENT = replace(
    MICROCIRCUIT,
    name="microcircuit-current",
    title="microcircuit with constant-current input (silent below scale 0.3)",
    network=partial(microcircuit, poisson=False),
)
BRUNEL = Benchmark(
    name="brunel",
    title="the balanced network of Brunel (2000): 12,500 neurons, 1,250 synapses each, 37 Hz",
    network=brunel,
    scales=(0.01, 100.0),
    warmup=200.0,
    span=1000.0,
)
CUBA = Benchmark(
    name="cuba",
    title="the network of Vogels & Abbott (2005): 4,000 neurons, 80 synapses each, 5.7 Hz",
    network=cuba,
    scales=(0.02, 1000.0),
    warmup=500.0,
    span=5000.0,
)
LECTURE = Benchmark(
    name="lecture",
    title="71,000 neurons, 7,000 synapses each, 1.5 Hz",
    network=lecture,
    scales=(0.001, 100.0),
    warmup=100.0,
    span=500.0,
)
CORTEX = Benchmark(
    name="cortex",
    title="50,000 neurons, 1,000 synapses each, 3 Hz: a cubic millimetre of cortex",
    network=cortex,
    scales=(0.001, 1000.0),
    warmup=100.0,
    span=500.0,
)
QUIET = Benchmark(
    name="quiet",
    title="138,639 neurons, 109 synapses each: the size of a fly's brain, 400 neurons active",
    network=quiet,
    scales=(0.01, 100.0),
    warmup=200.0,
    span=1000.0,
    threads=1,
)
FLY_BRAIN = Benchmark(
    name="fly-brain",
    title="138,639 neurons with the equations of Shiu et al. (2024), 109 synapses each",
    network=fly.stand_in,
    scales=(0.01, 10.0),
    warmup=100.0,
    span=500.0,
)
