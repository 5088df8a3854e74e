"""Networks of the size of a fruit fly's brain, for connectomes and for random stand-ins.

The neuron model and the numbers are those of P. K. Shiu et al., Nature 634, 210 (2024).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import neurosim as ns

NEURONS, CONNECTIONS, SYNAPSES = 138_639, 15_091_983, 54.5e6
"""Numbers of the FlyWire connectome, version 783. A connection has one or more synapses."""
PER_SYNAPSE = 0.275
"""Jump of g (mV) by one synapse."""
DELAY = 1.8
"""ms."""
EXTERNAL = 250.0 * PER_SYNAPSE
"""Jump of g (mV) by an external spike, after which its target fires within about 2 ms."""
EXCITATORY = 0.6
"""Fraction of the neurons that excite."""
SENSORY, CORE = 20, 380
"""Number of neurons with external input, and of neurons that these excite."""


@dataclass(frozen=True, eq=False)
class FlyNeuron(ns.NeuronModel):
    """Integrate-and-fire neuron whose synaptic input is reset by a spike.

    Below threshold tau_m dv/dt = v_rest + g − v and tau_syn dg/dt = −g. A spike of a delta synapse
    changes g. A spike of the neuron sets v to v_rest and g to 0. Both are constant during the
    refractory period, in which input still changes g.
    """

    v_rest: Any = ns.parameter(-52.0, "mV", -200.0, 200.0, "resting potential, and reset")
    v_threshold: Any = ns.parameter(-45.0, "mV", -200.0, 200.0, "the neuron fires above it")
    tau_m: Any = ns.parameter(20.0, "ms", 0.1, 1e3, "membrane time constant")
    tau_syn: Any = ns.parameter(5.0, "ms", 0.1, 1e3, "time constant of g, not tau_m")
    t_ref: Any = ns.parameter(2.2, "ms", 0.0, 1e3, "refractory period")
    v: ClassVar = ns.state("mV", "v_rest", "membrane potential")
    g: ClassVar = ns.state("mV", 0.0, "synaptic input")
    held: ClassVar = ns.state("ms", 0.0, "rest of the refractory period")
    refractory: ClassVar[str] = "ignore"

    @staticmethod
    def step(
        v: float, g: float, held: float, i: float, jump: float, dt: float, p: Any
    ) -> tuple[float, float, float]:
        """Advance the states exactly, unless the neuron is refractory."""
        free = held < 0.5 * dt
        membrane, synapse = math.exp(-dt / p.tau_m), math.exp(-dt / p.tau_syn)
        ratio = p.tau_syn / (p.tau_m - p.tau_syn)
        new = p.v_rest + (v - p.v_rest) * membrane + g * ratio * (membrane - synapse)
        v = new if free else v
        g = g * synapse if free else g
        return v, g + jump, 0.0 if free else held - dt

    @staticmethod
    def spikes(v_before: float, v: float, g: float, held: float, p: Any) -> bool:
        """Return whether the potential is above the threshold."""
        return bool(v > p.v_threshold)

    @staticmethod
    def reset(v: float, g: float, held: float, p: Any) -> tuple[float, float, float]:
        """Return the states after a spike."""
        return p.v_rest, 0.0, p.t_ref


def stand_in(scale: float = 1.0) -> ns.Network:
    """Return a random network with the numbers of neurons and synapses of the connectome.

    Most neurons are silent, as in the experiments of the paper: the external input excites a core
    of neurons.

    Parameters
    ----------
    scale : float
        Number of silent neurons, and of their synapses, relative to the fly.
    """
    net = ns.Network()
    silent = round((NEURONS - SENSORY - CORE) * scale)
    exciting = round(silent * EXCITATORY)
    sizes = {"sensory": SENSORY, "core": CORE, "exc": exciting, "inh": silent - exciting}
    populations = [net.add(name, size, FlyNeuron()) for name, size in sizes.items()]
    for source in populations:
        sign = -1.0 if source.name == "inh" else 1.0
        jump = sign * PER_SYNAPSE * SYNAPSES / CONNECTIONS
        weight = ns.LogNormal(jump, abs(jump))
        for target in populations:
            n = round(CONNECTIONS / NEURONS * target.size * source.size / net.size)
            net.connect(source, target, ns.FixedTotalNumber(n), weight=weight, delay=DELAY)
    sensory, core = populations[:2]
    net.connect(sensory, core, ns.AllToAll(), weight=PER_SYNAPSE * 4.0, delay=DELAY)
    net.drive(sensory, ns.Poisson(150.0), weight=EXTERNAL)
    return net
