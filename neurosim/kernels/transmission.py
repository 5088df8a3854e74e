"""Efficacy of presynaptic spikes, and stochastic release.

A *transmission* is a set of projections from one population whose efficacy depends on earlier
spikes of the presynaptic neuron. The efficacy is computed as soon as a spike is known to a thread,
once for all of its synapses, by the function that `neurosim.builder.codegen.short_term_source`
generates. Every thread keeps the states of all presynaptic neurons, so no communication is needed.
"""

from typing import Any, NamedTuple

import numpy as np

from neurosim.kernels.address import addressed
from neurosim.kernels.compiled import helper
from neurosim.kernels.delivery import list_segments
from neurosim.kernels.random import counter, open_unit, squares
from neurosim.kernels.tables import tables_at


class Transmission(NamedTuple):
    """Presynaptic neurons whose efficacy depends on their earlier spikes.

    Attributes
    ----------
    number : int
        Row of `State.efficacy`.
    first_source, n_sources : int
        Global id of the first presynaptic neuron, and their number.
    first_value, first_spike : int
        First entry in `State.source_states` and `State.last_spike`.
    dt : (1,) float64
        ms.
    parameters : (n_parameters, n_sources or 1) float64
    rows : (n_neurons,) int64
        `Table.start`.
    """

    number: Any
    first_source: Any
    n_sources: Any
    first_value: Any
    first_spike: Any
    dt: Any
    parameters: Any
    rows: Any


class Sites(NamedTuple):
    """Release sites of the synapses of one transmission.

    Attributes
    ----------
    number : int
        Row of `State.efficacy`.
    key : (1,) uint64
        Key of the random numbers.
    probability : (1,) float64
        Release probability of each site for an efficacy of 1.
    sites : int
        Number of sites of a synapse.
    mask : int
        Last index of the ring buffer; all bits if the buffer is not a ring.
    slots : int
        Number of slots in a row of a ring buffer minus 1; all bits if the buffer is not a ring.
    neurons : (n_slots,) int32
        Index of the neuron of each slot within its population.
    repeats : (n_synapses,) or (0,) uint8
        Number of earlier synapses of the same two neurons; empty if there are none.
    """

    number: Any
    key: Any
    probability: Any
    sites: Any
    mask: Any
    slots: Any
    neurons: Any
    repeats: Any


@helper
def released(p, sites, bits):
    """Return how many of `sites` sites release, each with probability p, given random bits."""
    u = open_unit(bits)
    if sites == 1:
        return 1 if u < p else 0
    # Inversion of the binomial distribution. Failures are counted if they are the rarer event, so
    # the probability of 0 events does not underflow.
    rare = min(p, 1.0 - p)
    ratio, mass = rare / (1.0 - rare), (1.0 - rare) ** sites
    count = 0
    while u >= mass and count < sites:
        u -= mass
        mass *= ratio * (sites - count) / (count + 1)
        count += 1
    return count if rare == p else sites - count


@addressed
def deliver_released(frame, oldest, newest, now, until, base):
    """Variant of `deliver` for synapses with stochastic release.

    The frame holds `Table`, `State`, `Scratch` and `Sites`.
    """
    table, state, scratch, release = tables_at(frame)
    targets, weights, segments = table.targets, table.weights, scratch.segments
    buffer, neurons, repeats = state.buffer, release.neurons, release.repeats
    mask, slots = np.uint64(release.mask), np.uint64(release.slots)
    sites, number = release.sites, release.number
    age = np.int64(0)
    while age < table.ages.size:
        n, age = list_segments(
            table, state, scratch, oldest, newest, now, until, base, age, number + 1
        )
        for s in range(np.uint64(n)):
            start, stop, row = segments[s].start, segments[s].stop, segments[s].row
            state.delivered[0] += np.int64(stop - start)
            spike = segments[s].weight
            key = squares(counter(state.spike_steps[spike], state.history[spike]), release.key[0])
            key |= np.uint64(1)
            p = release.probability[0] * state.efficacy[number, spike]
            p = min(max(p, 0.0), 1.0)
            for k in range(start, stop):
                target = np.uint64(targets[k])
                repeat = repeats[k] if repeats.size else np.uint8(0)
                bits = squares(counter(repeat, neurons[target & slots]), key)
                count = released(p, sites, bits)
                buffer[(row + target) & mask] += weights[k] * (count / sites)
    return 0
