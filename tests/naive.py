"""A naive simulator in plain Python: the oracle of the engine.

One neuron at a time, one synapse at a time, a queue of arrivals for each neuron, floats of
Python. It understands explicit connections with given weights and delays, given spikes, constant
currents and soft thresholds: all that is needed to say what delivery, integration, refractoriness
and escape must come to.
"""

from __future__ import annotations

import functools
import math
from collections import defaultdict

import numpy as np

from neurosim import AlphaCurrent, ConstantCurrent, ExpCurrent, SpikeTimes
from neurosim.builder.streams import stream_key

MASK = 2**64 - 1


def draw(key, entity, t):
    """Return the uniform number of an entity at step t: "squares64" in integers of Python."""
    x = y = (t << 32 | entity) * key & MASK
    for add in (y, y + key, y):
        x = x * x + add & MASK
        x = (x >> 32 | x << 32) & MASK
    left = x * x + y + key & MASK
    x = (left >> 32 | left << 32) & MASK
    bits = left ^ (x * x + y & MASK) >> 32
    return ((bits >> 12) + 0.5) * 2.0**-52


@functools.cache
def response(lif, dt, tau, power):
    """Return ∫₀ʰ exp(−(h − s)/τm)·sᵖ·exp(−s/τs) ds / C by Gauss–Legendre quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(20)
    s = 0.5 * dt * (nodes + 1.0)
    values = np.exp(-(dt - s) / lif.tau_m) * s**power * np.exp(-s / tau)
    return float(0.5 * dt * (weights * values).sum()) / lif.c_m


class NaiveNeuron:
    """A leaky integrate-and-fire neuron with any number of synaptic currents."""

    def __init__(self, lif, dt, key=0, entity=0):
        self.lif, self.dt, self.key, self.entity = lif, dt, key, entity
        self.u = 0.0
        self.left = 0
        self.current = 0.0
        self.exponential = defaultdict(float)
        self.alpha = defaultdict(lambda: [0.0, 0.0])
        self.arrivals = defaultdict(list)

    def step(self, t):
        """Advance from t·dt to (t + 1)·dt; return whether the neuron fired."""
        h, lif = self.dt, self.lif
        decay = math.exp(-h / lif.tau_m)
        u = decay * self.u + lif.tau_m / lif.c_m * (1.0 - decay) * self.current
        for tau, current in self.exponential.items():
            u += current * response(lif, h, tau, 0)
            self.exponential[tau] = current * math.exp(-h / tau)
        for tau, (current, rise) in self.alpha.items():
            u += current * response(lif, h, tau, 0)
            u += rise * response(lif, h, tau, 1)
            kept = math.exp(-h / tau)
            self.alpha[tau] = [kept * (current + h * rise), kept * rise]
        for synapse, weight in self.arrivals.pop(t + 1, []):
            if isinstance(synapse, ExpCurrent):
                self.exponential[synapse.tau] += weight
            elif isinstance(synapse, AlphaCurrent):
                self.alpha[synapse.tau][1] += weight * math.e / synapse.tau
            else:
                u += weight
        rests = self.left > 0
        if rests:
            self.left -= 1
            u = lif.v_reset - lif.v_rest
        excess = u - (lif.v_threshold - lif.v_rest)
        if lif.escape is None:
            fired = excess > 0.0
        else:
            chance = 1.0 - math.exp(-float(lif.escape.rate(excess)) * h)
            fired = not rests and draw(self.key, self.entity, t) < chance
        if fired:
            u = lif.v_reset - lif.v_rest
            self.left = round(lif.t_ref / h)
        self.u = u
        return fired


def simulate(net, duration, dt=0.1, seed=1):
    """Return spikes [(time, population, neuron), …] and potentials {(population, neuron): […]}."""
    cells = {}
    for p in net.populations:
        key = int(stream_key(seed, "escape", p.name))
        cells[p.name] = [NaiveNeuron(p.neuron, dt, key, i) for i in range(p.size)]
    synapses = defaultdict(list)
    for c in net.projections:
        n = len(c.rule.sources)
        weights, delays = np.broadcast_to(c.weight, n), np.broadcast_to(c.delay, n)
        for s, t, w, d in zip(c.rule.sources, c.rule.targets, weights, delays, strict=True):
            target = cells[c.target.name][t]
            synapses[c.source.name, s].append((target, c.synapse, float(w), round(d / dt)))
    for drive in net.drives:
        ids = range(drive.target.size) if drive.ids is None else drive.ids
        for i in ids:
            cell = cells[drive.target.name][i]
            if isinstance(drive.input, ConstantCurrent):
                cell.current += float(np.broadcast_to(drive.input.amplitude, len(ids))[i])
            elif isinstance(drive.input, SpikeTimes):
                for time in drive.input.times:
                    arrival = round((time + drive.delay) / dt)
                    cell.arrivals[arrival].append((drive.synapse, float(drive.weight)))
    spikes, potentials = [], defaultdict(list)
    for t in range(round(duration / dt)):
        for name, population in cells.items():
            for i, cell in enumerate(population):
                fired = cell.step(t)
                potentials[name, i].append(cell.u + cell.lif.v_rest)
                if fired:
                    spikes.append(((t + 1) * dt, name, i))
                    for target, synapse, weight, delay in synapses[name, i]:
                        target.arrivals[t + 1 + delay].append((synapse, weight))
    return spikes, potentials
