"""One step of integrate-and-fire neurons that differ from one another within a population.

As `neurosim.kernels.neurons`, with the same bits for the same values, but every quantity is read
for each neuron.
"""

from neurosim.kernels.compiled import helper, inline
from neurosim.kernels.escape import escapes
from neurosim.kernels.inputs import count_block, gather
from neurosim.kernels.neurons import SCAN_WIDTH, order
from neurosim.kernels.types import (
    ALPHA,
    BLOCK_FIRST,
    BLOCK_LAST,
    COUNTED,
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


@inline
def _row(values, first, size, number, n):
    """Return a row of the values of n neurons; `first` is the place of the first one in row 0."""
    return values[first + number * size : first + number * size + n]


# Loops with more arrays than these would not be compiled to instructions on several neurons: the
# compiler checks only so many pairs for overlap.
@helper
def _inject(voltage, injected, p_vi):
    """Set what V gains in the step to what injected current adds."""
    for i in range(voltage.size):
        voltage[i] = p_vi[i] * injected[i]


@helper
def _add_counted(arriving, buffer, counts, weight):
    """Set what arrives to the input of the step and Poisson spikes of one weight."""
    for i in range(arriving.size):
        arriving[i] = buffer[i] + weight * counts[i]


@inline
def _take(inputs, place, state, slot, scratch, n, t):
    """Return the input of a port of a block, noise included, and clear the buffer."""
    if inputs.noisy[place] != COUNTED:
        return gather(inputs, place, state, slot, scratch, n, t)
    _, weight = count_block(inputs, place, state, scratch, n, t)
    arriving, buffer = scratch.arriving[:n], state.buffer[slot : slot + n]
    _add_counted(arriving, buffer, scratch.counts[:n], weight)
    buffer[:] = 0.0
    return arriving


@helper
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


@helper
def _integrate(v, voltage, p_vv, threshold, reset, until, t):
    """Advance V by one step; return whether any neuron is to fire."""
    fires = False
    for i in range(v.size):
        new, free = p_vv[i] * v[i] + voltage[i], until[i] < t
        v[i] = new if free else reset[i]
        fires |= (new > threshold[i]) & free
    return fires


@helper
def _any_above(v, threshold):
    """Return whether any neuron is above its threshold."""
    above = False
    for i in range(v.size):
        above |= v[i] > threshold[i]
    return above


@helper
def _fire(v, threshold, reset, subtract, refractory, until, first_id, fired, n_fired, t):
    """Reset the neurons above their threshold that are not refractory.

    Writes their global ids to `fired` and returns the place after the last.
    """
    for a in range(0, v.size, SCAN_WIDTH):
        b = min(a + SCAN_WIDTH, v.size)
        if not _any_above(v[a:b], threshold[a:b]):
            continue
        for i in range(a, b):
            if v[i] > threshold[i] and until[i] < t:
                fired[n_fired] = first_id + i
                n_fired += 1
                v[i] = _reset(v[i], reset[i], subtract[i])
                until[i] = t + int(refractory[i]) if refractory[i] > 0.0 else until[i]
    return n_fired


@helper
def _reset(v, reset, subtract):
    """Return the potential after a spike."""
    return v - subtract if subtract > 0.0 else reset


@helper
def _escape(v, threshold, reset, subtract, refractory, until, soft, link, entity, key, first_id,
            fired, n_fired, t):  # fmt: skip
    """Let neurons that are not refractory fire by chance.

    Writes their global ids to `fired` and returns the place after the last.
    """
    for i in range(v.size):
        if until[i] < t and escapes(v[i] - threshold[i], soft, link, t, entity + i, key):
            fired[n_fired] = first_id + i
            n_fired += 1
            v[i] = _reset(v[i], reset[i], subtract[i])
            until[i] = t + int(refractory[i]) if refractory[i] > 0.0 else until[i]
    return n_fired


@inline
def _advance_block(neurons, inputs, block, values, place, size, state, scratch, row, t):
    """Advance the neurons of a block by one step; return whether any is to fire."""
    group, first, last = neurons.groups[block[GROUP]], block[BLOCK_FIRST], block[BLOCK_LAST]
    a, n = first - group[FIRST], last - first
    voltage = scratch.voltage[:n]
    _inject(voltage, state.injected[first:last], _row(values, place, size, OWN_I, n))
    for p in range(group[PORT_LAST] - group[PORT_FIRST]):
        port = neurons.ports[group[PORT_FIRST] + p]
        filters = neurons.filters[group[PORT_FIRST] + p]
        slot = row + port[SLOT] + a
        arriving = _take(inputs, block[PLACE] + p, state, slot, scratch, n, t)
        here, rise, r = port[STATE] + a, port[STATE_RISE] + a, PER_NEURON + PER_PORT * p
        _filter_port(
            voltage, state.synaptic, here, rise, port[KIND], arriving, filters,
            _row(values, place, size, r, n),
            _row(values, place, size, r + 1, n),
            _row(values, place, size, r + 2, n),
        )  # fmt: skip
    return _integrate(
        state.v[first:last],
        voltage,
        _row(values, place, size, OWN_V, n),
        _row(values, place, size, OWN_THRESHOLD, n),
        _row(values, place, size, OWN_RESET, n),
        state.refractory_until[first:last],
        t,
    )


@inline
def update_heterogeneous(
    neurons, heterogeneous, inputs, state, scratch, row, fired, first_fired, n_fired, t
):
    """Advance the neurons of `Heterogeneous` by one step; return the new count of spikes.

    Their ids are merged into those from `first_fired` to `n_fired`, which stay ascending.
    """
    before, values = n_fired, heterogeneous.values
    for k in range(heterogeneous.blocks.size):
        block = neurons.blocks[heterogeneous.blocks[k]]
        g = block[GROUP]
        group, first, last = neurons.groups[g], block[BLOCK_FIRST], block[BLOCK_LAST]
        a, n, size = first - group[FIRST], last - first, group[LAST] - group[FIRST]
        place = heterogeneous.first[g] + a
        fires = _advance_block(neurons, inputs, block, values, place, size, state, scratch, row, t)
        v, until, first_id = (
            state.v[first:last],
            state.refractory_until[first:last],
            group[FIRST_ID] + a,
        )
        reset = _row(values, place, size, OWN_RESET, n)
        subtract = _row(values, place, size, OWN_SUBTRACT, n)
        refractory = _row(values, place, size, OWN_REFRACTORY, n)
        if fires:
            threshold = _row(values, place, size, OWN_THRESHOLD, n)
            n_fired = _fire(
                v, threshold, reset, subtract, refractory, until, first_id, fired, n_fired, t
            )
        link = heterogeneous.links[g]
        if link > 0:
            n_fired = _escape(
                v, _row(values, place, size, OWN_SOFT, n), reset, subtract, refractory, until,
                neurons.escape[g], link, neurons.firing[g, ENTITY_FIRST] + a,
                neurons.escape_keys[g], first_id, fired, n_fired, t,
            )  # fmt: skip
    if n_fired > before:
        order(fired, first_fired, n_fired)
    return n_fired
