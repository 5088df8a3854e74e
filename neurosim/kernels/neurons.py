"""One step of leaky integrate-and-fire neurons with exact propagators.

Between spikes the equations are linear, so one step is a matrix product without any error of
integration: S. Rotter & M. Diesmann, *Exact digital simulation of time-invariant linear systems
with applications to neuronal modeling*, Biological Cybernetics 81, 381 (1999).

The memory's pace is what limits this. Neurons with one or two synaptic currents, or with delta
synapses alone, are advanced in a single pass; every other combination port by port. Both ways give
the same bits.
"""

import numpy as np

from neurosim.kernels.compiled import helper, inline
from neurosim.kernels.inputs import count_block, gather
from neurosim.kernels.types import (
    ALPHA,
    BLOCK_FIRST,
    BLOCK_LAST,
    COUNTED,
    DELTA,
    EXPONENTIAL,
    FIRST,
    FIRST_ID,
    GAIN,
    GROUP,
    KIND,
    LAST,
    MANNER,
    MODEL,
    P_SR,
    P_SS,
    P_VR,
    P_VS,
    P_VV,
    PLACE,
    PORT_FIRST,
    PORT_LAST,
    QUIET,
    REFRACTORY,
    RESET,
    SLOT,
    STATE,
    STATE_RISE,
    SUBTRACT,
    THRESHOLD,
)

SCAN_WIDTH = 64
"""Neurons among which one above threshold is looked for one by one."""


@helper
def _one_delta(v, injected, arriving, dynamics):
    """Advance neurons with delta synapses; return whether any is above threshold."""
    p_vv, threshold = dynamics[P_VV], dynamics[THRESHOLD]
    above = False
    for i in range(v.size):
        new = p_vv * v[i] + (injected[i] + arriving[i])
        arriving[i] = 0.0
        v[i] = new
        above |= new > threshold
    return above


@helper
def _one_delta_counted(v, injected, arriving, counts, weight, dynamics):
    """Advance neurons with delta synapses and Poisson spikes; return whether any is above."""
    p_vv, threshold = dynamics[P_VV], dynamics[THRESHOLD]
    above = False
    for i in range(v.size):
        new = p_vv * v[i] + (injected[i] + (arriving[i] + weight * counts[i]))
        arriving[i] = 0.0
        v[i] = new
        above |= new > threshold
    return above


@helper
def _one_exponential(v, injected, synaptic, arriving, dynamics, filters):
    """Advance neurons with one exponential current; return whether any is above threshold."""
    p_vv, threshold = dynamics[P_VV], dynamics[THRESHOLD]
    p_ss, p_vs = filters[P_SS], filters[P_VS]
    above = False
    for i in range(v.size):
        current = synaptic[i]
        new = p_vv * v[i] + (injected[i] + p_vs * current)
        synaptic[i] = p_ss * current + arriving[i]
        arriving[i] = 0.0
        v[i] = new
        above |= new > threshold
    return above


@helper
def _one_exponential_counted(v, injected, synaptic, arriving, counts, weight, dynamics, filters):
    """Advance neurons with one such current and Poisson spikes; return whether any is above."""
    p_vv, threshold = dynamics[P_VV], dynamics[THRESHOLD]
    p_ss, p_vs = filters[P_SS], filters[P_VS]
    above = False
    for i in range(v.size):
        current = synaptic[i]
        new = p_vv * v[i] + (injected[i] + p_vs * current)
        synaptic[i] = p_ss * current + (arriving[i] + weight * counts[i])
        arriving[i] = 0.0
        v[i] = new
        above |= new > threshold
    return above


@helper
def _two_exponentials(v, injected, synaptic, arriving, more, arriving_more, dynamics, filters):
    """Advance neurons with two exponential currents; return whether any is above threshold."""
    p_vv, threshold = dynamics[P_VV], dynamics[THRESHOLD]
    p_ss, p_vs = filters[0, P_SS], filters[0, P_VS]
    q_ss, q_vs = filters[1, P_SS], filters[1, P_VS]
    above = False
    for i in range(v.size):
        current, other = synaptic[i], more[i]
        new = p_vv * v[i] + ((injected[i] + p_vs * current) + q_vs * other)
        synaptic[i] = p_ss * current + arriving[i]
        more[i] = q_ss * other + arriving_more[i]
        arriving[i] = 0.0
        arriving_more[i] = 0.0
        v[i] = new
        above |= new > threshold
    return above


@helper
def filter_port(voltage, state, place, place_rise, kind, arriving, filters):
    """Advance the current of one port, add what it does to V, and take in what arrived."""
    n = voltage.size
    p_ss, p_vs, p_sr, p_vr = filters[P_SS], filters[P_VS], filters[P_SR], filters[P_VR]
    gain = filters[GAIN]
    if kind == DELTA:
        for i in range(n):
            voltage[i] += arriving[i]
        return
    synaptic = state[place : place + n]
    if kind == EXPONENTIAL:
        for i in range(n):
            current = synaptic[i]
            voltage[i] += p_vs * current
            synaptic[i] = p_ss * current + arriving[i]
        return
    rise = state[place_rise : place_rise + n]
    for i in range(n):
        current = synaptic[i]
        slope = rise[i]
        voltage[i] += p_vs * current + p_vr * slope
        synaptic[i] = p_ss * current + p_sr * slope
        rise[i] = p_ss * slope + gain * arriving[i]


@helper
def _integrate(v, voltage, dynamics):
    """Advance V by one step; return whether any is above threshold."""
    p_vv, threshold = dynamics[P_VV], dynamics[THRESHOLD]
    above = False
    for i in range(v.size):
        new = p_vv * v[i] + voltage[i]
        v[i] = new
        above |= new > threshold
    return above


@helper
def accumulate_arrivals(arrived, slot, arriving):
    """Add up what arrives at probes."""
    for i in range(arriving.size):
        arrived[slot + i] += arriving[i]


@inline
def _advance_by_port(neurons, inputs, b, injected, state, row, scratch, t):
    """Advance the neurons of block b port by port; return whether any is above threshold."""
    block = neurons.blocks[b]
    group = neurons.groups[block[GROUP]]
    dynamics = neurons.dynamics[block[GROUP]]
    first, last = block[BLOCK_FIRST], block[BLOCK_LAST]
    a, n = first - group[FIRST], last - first
    voltage = scratch.voltage[:n]
    for i in range(n):
        voltage[i] = injected[i]
    for p in range(group[PORT_FIRST], group[PORT_LAST]):
        port, filters = neurons.ports[p], neurons.filters[p]
        place = block[PLACE] + p - group[PORT_FIRST]
        slot = port[SLOT] + a
        arriving = gather(inputs, place, state, row + slot, scratch, n, t)
        if group[FIRST_ID] < 0:
            accumulate_arrivals(state.arrived, slot, arriving)
        here, rise = port[STATE] + a, port[STATE_RISE] + a
        filter_port(voltage, state.synaptic, here, rise, port[KIND], arriving, filters)
    return _integrate(state.v[first:last], voltage, dynamics)


@inline
def _advance_block(neurons, inputs, b, injected, state, row, scratch, t):
    """Advance the neurons of block b by one step; return whether any is above threshold."""
    block = neurons.blocks[b]
    g = block[GROUP]
    group, dynamics = neurons.groups[g], neurons.dynamics[g]
    n_ports = group[PORT_LAST] - group[PORT_FIRST]
    port = neurons.ports[group[PORT_FIRST]]
    noisy = inputs.noisy[block[PLACE]]
    first, last = block[BLOCK_FIRST], block[BLOCK_LAST]
    a, n = first - group[FIRST], last - first
    v = state.v[first:last]
    slot = row + port[SLOT] + a
    arriving = state.buffer[slot : slot + n]
    synaptic = state.synaptic[port[STATE] + a : port[STATE] + a + n]
    filters = neurons.filters[group[PORT_FIRST]]
    if n_ports == 1 and port[KIND] != ALPHA and noisy <= COUNTED and group[FIRST_ID] >= 0:
        weight = 0.0
        if noisy == COUNTED:
            noisy, weight = count_block(inputs, block[PLACE], state, scratch, n, t)
        counts = scratch.counts[:n]
        if port[KIND] == DELTA:
            if noisy == QUIET:
                return _one_delta(v, injected, arriving, dynamics)
            return _one_delta_counted(v, injected, arriving, counts, weight, dynamics)
        if noisy == QUIET:
            return _one_exponential(v, injected, synaptic, arriving, dynamics, filters)
        return _one_exponential_counted(
            v, injected, synaptic, arriving, counts, weight, dynamics, filters
        )
    if n_ports == 2 and noisy + inputs.noisy[block[PLACE] + 1] == QUIET and group[FIRST_ID] >= 0:
        other = neurons.ports[group[PORT_FIRST] + 1]
        if port[KIND] == EXPONENTIAL and other[KIND] == EXPONENTIAL:
            return _two_exponentials(
                v,
                injected,
                synaptic,
                arriving,
                state.synaptic[other[STATE] + a : other[STATE] + a + n],
                state.buffer[row + other[SLOT] + a : row + other[SLOT] + a + n],
                dynamics,
                neurons.filters[group[PORT_FIRST] : group[PORT_LAST]],
            )
    return _advance_by_port(neurons, inputs, b, injected, state, row, scratch, t)


@helper
def _any_above(v, threshold):
    """Return whether any neuron is above threshold."""
    above = False
    for i in range(v.size):
        above |= v[i] > threshold
    return above


@helper
def reset(i, group, dynamics, v, until, refractory_queue, head, count, t):
    """Reset neuron i, which fires in step t; return the number of its group that are refractory."""
    if dynamics[SUBTRACT] > 0.0:
        v[i] -= dynamics[SUBTRACT]
    else:
        v[i] = dynamics[RESET]
    if group[REFRACTORY] == 0:
        return count
    until[i] = t + group[REFRACTORY]
    refractory_queue[group[FIRST] + (head + count) % (group[LAST] - group[FIRST])] = i
    return count + 1


@helper
def _fire(block, group, dynamics, v, until, refractory_queue, head, count, fired, n_fired, t):
    """Let the neurons of a block that are above threshold and do not rest fire.

    Returns the place after the last in `fired`, and how many of the group rest now.
    """
    threshold = dynamics[THRESHOLD]
    for a in range(block[BLOCK_FIRST], block[BLOCK_LAST], SCAN_WIDTH):
        b = min(a + SCAN_WIDTH, block[BLOCK_LAST])
        if not _any_above(v[a:b], threshold):
            continue
        for i in range(a, b):
            if v[i] > threshold and until[i] < t:
                fired[n_fired] = group[FIRST_ID] + i - group[FIRST]
                n_fired += 1
                count = reset(i, group, dynamics, v, until, refractory_queue, head, count, t)
    return n_fired, count


@helper
def order(fired, first, last):
    """Sort the few ids that fired in a step."""
    for i in range(first + 1, last):
        one, j = fired[i], i
        while j > first and fired[j - 1] > one:
            fired[j] = fired[j - 1]
            j -= 1
        fired[j] = one


@helper
def release_refractory(groups, until, refractory_queue, queue_head, queue_count, t):
    """Let go of the neurons whose refractory period is over, before any of them fires anew."""
    for g in range(groups.shape[0]):
        first = groups[g, FIRST]
        size = groups[g, LAST] - first
        head, count = queue_head[g], queue_count[g]
        while count > 0 and until[refractory_queue[first + head]] < t:
            head = head + 1 if head + 1 < size else 0
            count -= 1
        queue_head[g], queue_count[g] = head, count


@helper
def clamp_refractory(groups, dynamics, v, refractory_queue, queue_head, queue_count):
    """Hold the neurons in their refractory period at reset."""
    for g in range(groups.shape[0]):
        first = groups[g, FIRST]
        size = groups[g, LAST] - first
        head = queue_head[g]
        for _ in range(queue_count[g]):
            v[refractory_queue[first + head]] = dynamics[g, RESET]
            head = head + 1 if head + 1 < size else 0


@inline
def update(neurons, inputs, state, scratch, row, fired, n_fired, t):
    """Advance every integrate-and-fire neuron by a step, its input at `row` of the buffer.

    Writes the global ids of those that fired into `fired` from place `n_fired` on, ascending, and
    returns the place after the last.
    """
    filled = np.int64(-1)
    heads, counts = state.queue_head, state.queue_count
    release_refractory(
        neurons.groups, state.refractory_until, state.refractory_queue, heads, counts, t
    )
    for b in range(neurons.blocks.shape[0]):
        block = neurons.blocks[b]
        g, first = block[GROUP], block[BLOCK_FIRST]
        if neurons.firing[g, MANNER] >= MODEL:
            continue
        if state.uniform[g]:
            # One short array serves the whole group instead of a long one from memory.
            if filled != g:
                scratch.current[:] = state.injected[first]
                filled = g
            injected = scratch.current
        else:
            injected = state.injected[first : block[BLOCK_LAST]]
        above = _advance_block(neurons, inputs, b, injected, state, row, scratch, t)
        if above:
            n_fired, counts[g] = _fire(
                block,
                neurons.groups[g],
                neurons.dynamics[g],
                state.v,
                state.refractory_until,
                state.refractory_queue,
                heads[g],
                counts[g],
                fired,
                n_fired,
                t,
            )
    clamp_refractory(
        neurons.groups, neurons.dynamics, state.v, state.refractory_queue, heads, counts
    )
    return n_fired
