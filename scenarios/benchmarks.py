"""Networks to measure the simulator by; `neurosim bench` finds them by their entry points."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

import neurosim as ns
from neurosim.bench.benchmark import Benchmark
from scenarios.networks import balanced_network
from scenarios.networks.microcircuit import microcircuit

VOGELS_ABBOTT = ns.LIF(
    v_rest=-60.0, v_threshold=-50.0, v_reset=-60.0, tau_m=20.0, c_m=200.0, t_ref=5.0
)
DRIVEN_TO = -49.0
"""mV, where the constant drive would take the potential: 1 mV above the threshold."""

FLY = ns.LIF(v_rest=-52.0, v_threshold=-45.0, v_reset=-52.0, tau_m=20.0, c_m=200.0, t_ref=2.2)
FLY_SYNAPSE = ns.ExpCurrent(5.0)
FLY_SYNAPSES_PER_CONNECTION = 54.5e6 / 15.1e6
SENSORY, CORE = 20, 380
"""Neurons that fire: those driven from outside, and those that these drive."""

RECURRENT_PSP = 0.02
"""mV: at 100 Hz what 7,000 such synapses bring has a standard deviation of 3 mV, far below
threshold."""
KICK = 30.0
"""mV, of an external spike: twice the way from rest to threshold, so that it always makes fire."""
DELAYS = ns.Uniform(0.5, 2.5)
"""ms."""


def brunel(scale: float) -> ns.Network:
    """Describe Brunel's asynchronous irregular network, larger at the same in-degree.

    Parameters
    ----------
    scale : float
        Neurons in units of 12,500; each always receives 1,000 excitatory and 250 inhibitory
        synapses.
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
    """Describe Vogels & Abbott's network with current-based synapses, as Brette et al. have it.

    T. P. Vogels & L. F. Abbott, Journal of Neuroscience 25, 10786 (2005); R. Brette et al.,
    Journal of Computational Neuroscience 23, 349 (2007), benchmark 2. There a synapse adds 1.62 or
    −9 mV to g in τ_m dV/dt = g − (V − E_L), which is a current of g·C/τ_m, and E_L = −49 mV lies
    above the threshold; here a constant current takes V from −60 mV there.

    Parameters
    ----------
    scale : float
        Neurons in units of 4,000; each always receives 80 synapses in the mean.
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
    """Describe a network whose rate is set from outside, whatever its size.

    Every external spike makes its neuron fire, so that all fire independently of each other, as
    often as `drive` says. Four fifths of the neurons excite, the others inhibit four times as
    strongly: what recurs is balanced, is delivered and integrated like any input, and is too weak
    to make anyone fire. Delays are spread evenly from 0.5 to 2.5 ms.

    Parameters
    ----------
    neurons : int
    synapses : int
        From each neuron, hence in the mean as many onto each.
    drive : Poisson
        See `drive_rate`.
    """
    net = ns.Network()
    exc = net.add("exc", neurons * 4 // 5, ns.LIF())
    inh = net.add("inh", neurons - exc.size, ns.LIF())
    # In a small network a source reaches the same neuron several times; the variance stays.
    psp = RECURRENT_PSP / np.sqrt(1.0 + synapses / neurons)
    for target, share in ((exc, synapses * 4 // 5), (inh, synapses - synapses * 4 // 5)):
        for source, strength in ((exc, psp), (inh, -4.0 * psp)):
            net.connect(source, target, ns.FixedOutDegree(share), psp=strength, delay=DELAYS)
        net.drive(target, drive, psp=KICK)
    return net


def drive_rate(rate: np.ndarray | float) -> np.ndarray:
    """Return the rate (Hz) of external spikes that makes neurons fire at `rate` (Hz).

    What arrives in the refractory period is lost: rate = drive / (1 + drive·t_ref).
    """
    return np.asarray(rate / (1.0 - rate * ns.LIF().t_ref * 1e-3))


def lecture(scale: float) -> ns.Network:
    """Describe the network that the lecture expects to run in real time, at a cortical mean rate.

    Parameters
    ----------
    scale : float
        Neurons in units of 71,000; each always receives 7,000 synapses.
    """
    return even_network(round(71_000 * scale), 7_000, ns.Poisson(drive_rate(1.5)))


def cortex(scale: float) -> ns.Network:
    """Describe a cubic millimetre of cortex as the lecture counts it, at 3 Hz.

    Parameters
    ----------
    scale : float
        Neurons in units of 50,000; each always receives 1,000 synapses.
    """
    return even_network(round(50_000 * scale), 1_000, ns.Poisson(drive_rate(3.0)))


def quiet(scale: float) -> ns.Network:
    """Describe a network of the size of a fruit fly's brain, of which a few hundred neurons fire.

    Neurons and numbers are those of P. K. Shiu et al., Nature 634, 210 (2024); where the fly's
    wiring is known, here it is random but for the way from the driven neurons to those that follow.

    Parameters
    ----------
    scale : float
        Silent neurons, and their synapses, relative to the fly.
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
    # 250 synapses at once: every external spike makes its neuron fire.
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
    title="the same with a constant current as input; falls silent below scale 0.3",
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
    title="138,639 neurons, 109 synapses each: as many as in a fly's brain, of which 400 fire",
    network=quiet,
    scales=(0.01, 100.0),
    warmup=200.0,
    span=1000.0,
    threads=1,
)
