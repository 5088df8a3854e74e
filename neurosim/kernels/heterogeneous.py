"""One step of integrate-and-fire neurons that differ from one another within a population.

As `neurosim.kernels.neurons`, with the same bits for the same values, but every quantity is read
for each neuron.
"""

from neurosim.kernels.compiled import inlined, part
from neurosim.kernels.escape import escapes
from neurosim.kernels.inputs import gather
from neurosim.kernels.neurons import order
from neurosim.kernels.types import (
    ALPHA,
    BLOCK_FIRST,
    BLOCK_LAST,
    DELTA,
    ENTITY_FIRST,
    FIRST,
    FIRST_ID,
    GAIN,
    GROUP,
    KIND,
    LAST,
    OWN_I,
    OWN_REFRACTORY,
    OWN_RESET,
    OWN_SOFT,
    OWN_SUBTRACT,
    OWN_THRESHOLD,
    OWN_V,
    P_SR,
    P_SS,
    PER_NEURON,
    PER_PORT,
    PLACE,
    PORT_FIRST,
    PORT_LAST,
    SLOT,
    STATE,
    STATE_RISE,
)


@part
def _filter_port(voltage, state, place, place_rise, kind, arriving, filters, p_vs, p_vr, factor):
    """Advance the current of one port, add what it does to V, and take in what arrived."""
    n = voltage.size
    if kind == DELTA:
        for i in range(n):
            voltage[i] += factor[i] * arriving[i]
        return
    p_ss, p_sr, gain = filters[P_SS], filters[P_SR], filters[GAIN]
    synaptic = state[place : place + n]
    if kind != ALPHA:
        for i in range(n):
            current = synaptic[i]
            voltage[i] += p_vs[i] * current
            synaptic[i] = p_ss * current + arriving[i]
        return
    rise = state[place_rise : place_rise + n]
    for i in range(n):
        current = synaptic[i]
        slope = rise[i]
        voltage[i] += p_vs[i] * current + p_vr[i] * slope
        synaptic[i] = p_ss * current + p_sr * slope
        rise[i] = p_ss * slope + gain * arriving[i]


@part
def _integrate(v, voltage, p_vv, threshold):
    """Advance V by one step; return whether any neuron is above its threshold."""
    above = False
    for i in range(v.size):
        new = p_vv[i] * v[i] + voltage[i]
        v[i] = new
        above |= new > threshold[i]
    return above


@part
def _fire(v, own, until, first_id, fired, n_fired, t):
    """Reset the neurons above their threshold that are not refractory.

    Writes their global ids to `fired` and returns the place after the last.
    """
    for i in range(v.size):
        if v[i] > own[OWN_THRESHOLD, i] and until[i] < t:
            fired[n_fired] = first_id + i
            n_fired += 1
            _reset(v, own, until, i, t)
    return n_fired


@part
def _reset(v, own, until, i, t):
    """Reset neuron i, which fires in step t."""
    if own[OWN_SUBTRACT, i] > 0.0:
        v[i] -= own[OWN_SUBTRACT, i]
    else:
        v[i] = own[OWN_RESET, i]
    if own[OWN_REFRACTORY, i] > 0.0:
        until[i] = t + int(own[OWN_REFRACTORY, i])


@part
def _escape(v, own, until, soft, link, entity, key, first_id, fired, n_fired, t):
    """Let neurons that are not refractory fire by chance.

    Writes their global ids to `fired` and returns the place after the last.
    """
    for i in range(v.size):
        excess = v[i] - own[OWN_SOFT, i]
        if until[i] < t and escapes(excess, soft, link, t, entity + i, key):
            fired[n_fired] = first_id + i
            n_fired += 1
            _reset(v, own, until, i, t)
    return n_fired


@part
def _hold(v, reset, until, t):
    """Hold the neurons in their refractory period at reset."""
    for i in range(v.size):
        v[i] = reset[i] if until[i] >= t else v[i]


@inlined
def update_heterogeneous(
    neurons, heterogeneous, inputs, state, scratch, row, fired, first_fired, n_fired, t
):
    """Advance the neurons of `Heterogeneous` by one step; return the new count of spikes.

    Their ids are merged into those from `first_fired` to `n_fired`, which stay ascending.
    """
    before = n_fired
    for k in range(heterogeneous.blocks.size):
        block = neurons.blocks[heterogeneous.blocks[k]]
        g = block[GROUP]
        group, first, last = neurons.groups[g], block[BLOCK_FIRST], block[BLOCK_LAST]
        a, n, size = first - group[FIRST], last - first, group[LAST] - group[FIRST]
        n_rows = PER_NEURON + PER_PORT * (group[PORT_LAST] - group[PORT_FIRST])
        start = heterogeneous.first[g]
        rows = heterogeneous.values[start : start + n_rows * size].reshape(n_rows, size)
        own = rows[:, a : a + n]
        v, until, voltage = state.v[first:last], state.until[first:last], scratch.voltage[:n]
        for i in range(n):
            voltage[i] = own[OWN_I, i] * state.injected[first + i]
        for p in range(group[PORT_LAST] - group[PORT_FIRST]):
            port = neurons.ports[group[PORT_FIRST] + p]
            filters = neurons.filters[group[PORT_FIRST] + p]
            arriving = gather(inputs, block[PLACE] + p, state, row + port[SLOT] + a, scratch, n, t)
            r = PER_NEURON + PER_PORT * p
            here, rise, kind = port[STATE] + a, port[STATE_RISE] + a, port[KIND]
            _filter_port(
                voltage, state.synaptic, here, rise, kind, arriving, filters, own[r], own[r + 1],
                own[r + 2],
            )  # fmt: skip
        first_id = group[FIRST_ID] + a
        if _integrate(v, voltage, own[OWN_V], own[OWN_THRESHOLD]):
            n_fired = _fire(v, own, until, first_id, fired, n_fired, t)
        link = heterogeneous.links[g]
        if link > 0:
            n_fired = _escape(
                v, own, until, neurons.escape[g], link, neurons.firing[g, ENTITY_FIRST] + a,
                neurons.escape_keys[g], first_id, fired, n_fired, t,
            )  # fmt: skip
        _hold(v, own[OWN_RESET], until, t)
    if n_fired > before:
        order(fired, first_fired, n_fired)
    return n_fired
