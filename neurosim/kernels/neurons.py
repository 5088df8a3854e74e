"""One step of leaky integrate-and-fire neurons with exact propagators.

Between spikes the equations are linear, so one step is a matrix product without integration error:
S. Rotter & M. Diesmann, *Exact digital simulation of time-invariant linear systems with
applications to neuronal modeling*, Biological Cybernetics 81, 381 (1999).

The update is memory-bound. Neurons with one or two exponential currents, or with delta synapses
only, are advanced in a single pass. All other combinations are advanced port by port. Both ways
give the same bits.
"""

import numpy as np

from neurosim.kernels.address import addressed, call_entry
from neurosim.kernels.compiled import helper, inline
from neurosim.kernels.input_types import COUNTED
from neurosim.kernels.inputs import collect_input, count_block
from neurosim.kernels.tables import tables_at
from neurosim.kernels.types import DELTA, EXPONENTIAL, SpikeMechanism

SCAN_WIDTH = 64
"""Block size of the scalar threshold scan."""


@inline
def _input_of(i, arriving, counts, weight):
    """Return the input of neuron i, including Poisson spikes unless `counts` is None."""
    if counts is None:
        return arriving[i]
    return arriving[i] + weight * counts[i]


@helper
def _one_delta(v, injected, arriving, counts, weight, group):
    """Advance neurons with delta synapses; return whether any is above threshold."""
    p_vv, threshold = group.p_vv, group.threshold
    above = False
    for i in range(v.size):
        new = p_vv * v[i] + (injected[i] + _input_of(i, arriving, counts, weight))
        arriving[i] = 0.0
        v[i] = new
        above |= new > threshold
    return above


@helper
def _one_exponential(v, injected, synaptic, arriving, counts, weight, group, port):
    """Advance neurons with one exponential current; return whether any is above threshold."""
    p_vv, threshold = group.p_vv, group.threshold
    p_ss, p_vs = port.p_ss, port.p_vs
    above = False
    for i in range(v.size):
        current = synaptic[i]
        # V is driven by the current at the start of the step; arriving spikes act at its end.
        new = p_vv * v[i] + (injected[i] + p_vs * current)
        synaptic[i] = p_ss * current + _input_of(i, arriving, counts, weight)
        arriving[i] = 0.0
        v[i] = new
        above |= new > threshold
    return above


@helper
def _two_exponentials(v, injected, synaptic, arriving, more, arriving_more, group, port, other):
    """Advance neurons with two exponential currents; return whether any is above threshold."""
    p_vv, threshold = group.p_vv, group.threshold
    p_ss, p_vs = port.p_ss, port.p_vs
    q_ss, q_vs = other.p_ss, other.p_vs
    above = False
    for i in range(v.size):
        current, second = synaptic[i], more[i]
        new = p_vv * v[i] + ((injected[i] + p_vs * current) + q_vs * second)
        synaptic[i] = p_ss * current + arriving[i]
        more[i] = q_ss * second + arriving_more[i]
        arriving[i] = 0.0
        arriving_more[i] = 0.0
        v[i] = new
        above |= new > threshold
    return above


@helper
def filter_port(voltage, synaptic, offset, port, arriving):
    """Advance the current of one port and add its effect to `voltage`.

    `offset` is the index of the block's first neuron within its group. Spikes that arrive act on
    the current at the end of the step.
    """
    n = voltage.size
    p_ss, p_vs, p_sr, p_vr = port.p_ss, port.p_vs, port.p_sr, port.p_vr
    gain = port.gain
    if port.kind == DELTA:  # acts on V directly, without a state
        for i in range(n):
            voltage[i] += arriving[i]
        return
    currents = synaptic[port.state + offset : port.state + offset + n]
    if port.kind == EXPONENTIAL:
        for i in range(n):
            current = currents[i]
            voltage[i] += p_vs * current
            currents[i] = p_ss * current + arriving[i]
        return
    # An alpha current is the second of two filters in series; input enters the first.
    rise = synaptic[port.rise + offset : port.rise + offset + n]
    for i in range(n):
        current = currents[i]
        slope = rise[i]
        voltage[i] += p_vs * current + p_vr * slope
        currents[i] = p_ss * current + p_sr * slope
        rise[i] = p_ss * slope + gain * arriving[i]


@helper
def _integrate(v, voltage, group):
    """Advance V by one step; return whether any neuron is above threshold."""
    p_vv, threshold = group.p_vv, group.threshold
    above = False
    for i in range(v.size):
        new = p_vv * v[i] + voltage[i]
        v[i] = new
        above |= new > threshold
    return above


@helper
def _accumulate_arrivals(arrived, slot, arriving):
    """Accumulate the input of E/I probes since the last sample."""
    for i in range(arriving.size):
        arrived[slot + i] += arriving[i]


@inline
def _injected(block, state, scratch):
    """Return the input current term of the neurons of a block."""
    if state.uniform[block.group]:
        # One short array serves the whole group and stays in the cache.
        return scratch.current
    return state.injected[block.start : block.stop]


# Functions that advance a block by a step. `advance_linear` calls the one that suits the block at
# its address, so that a network compiles only those it needs. All take a frame of `Neurons`,
# `Inputs`, `State` and `Scratch`, the index of the block, the row of the buffer and the step. They
# return whether any neuron is above threshold.


@addressed
def advance_delta(frame, b, row, t, _a, _b):
    """Advance a block of neurons with delta synapses in one pass over memory."""
    neurons, inputs, state, scratch = tables_at(frame)
    block = neurons.blocks[b]
    group = neurons.groups[block.group]
    port = neurons.ports[group.first_port]
    offset, n = block.start - group.start, block.stop - block.start
    slot = row + port.slot + offset
    v, arriving = state.v[block.start : block.stop], state.buffer[slot : slot + n]
    injected = _injected(block, state, scratch)
    if inputs.noise_kind[block.first_port] == COUNTED:
        kind, weight = count_block(inputs, block.first_port, state, scratch, n, t)
        if kind == COUNTED:
            counts = scratch.counts[:n]
            return int(_one_delta(v, injected, arriving, counts, weight, group))
    return int(_one_delta(v, injected, arriving, None, 0.0, group))


@addressed
def advance_exponential(frame, b, row, t, _a, _b):
    """Advance a block of neurons with one exponential current in one pass over memory."""
    neurons, inputs, state, scratch = tables_at(frame)
    block = neurons.blocks[b]
    group = neurons.groups[block.group]
    port = neurons.ports[group.first_port]
    offset, n = block.start - group.start, block.stop - block.start
    slot = row + port.slot + offset
    v, arriving = state.v[block.start : block.stop], state.buffer[slot : slot + n]
    synaptic = state.synaptic[port.state + offset : port.state + offset + n]
    injected = _injected(block, state, scratch)
    if inputs.noise_kind[block.first_port] == COUNTED:
        kind, weight = count_block(inputs, block.first_port, state, scratch, n, t)
        if kind == COUNTED:
            counts = scratch.counts[:n]
            return int(
                _one_exponential(v, injected, synaptic, arriving, counts, weight, group, port)
            )
    return int(_one_exponential(v, injected, synaptic, arriving, None, 0.0, group, port))


@addressed
def advance_two_exponentials(frame, b, row, t, _a, _b):
    """Advance a block of neurons with two exponential currents.

    This takes one pass over memory.
    """
    neurons, _, state, scratch = tables_at(frame)
    block = neurons.blocks[b]
    group = neurons.groups[block.group]
    port, other = neurons.ports[group.first_port], neurons.ports[group.first_port + 1]
    offset, n = block.start - group.start, block.stop - block.start
    slot, slot_2 = row + port.slot + offset, row + other.slot + offset
    state_1, state_2 = port.state + offset, other.state + offset
    above = _two_exponentials(
        state.v[block.start : block.stop],
        _injected(block, state, scratch),
        state.synaptic[state_1 : state_1 + n],
        state.buffer[slot : slot + n],
        state.synaptic[state_2 : state_2 + n],
        state.buffer[slot_2 : slot_2 + n],
        group,
        port,
        other,
    )
    return int(above)


@addressed
def advance_by_port(frame, b, row, t, _a, _b):
    """Advance a block of neurons with any ports and any noise."""
    neurons, inputs, state, scratch = tables_at(frame)
    block = neurons.blocks[b]
    group = neurons.groups[block.group]
    offset, n = block.start - group.start, block.stop - block.start
    injected = _injected(block, state, scratch)
    voltage = scratch.voltage[:n]
    for i in range(n):
        voltage[i] = injected[i]
    for p in range(group.first_port, group.stop_port):
        port = neurons.ports[p]
        block_port = block.first_port + p - group.first_port
        slot = port.slot + offset
        arriving = collect_input(inputs, block_port, state, row + slot, scratch, n, t)
        if group.first_id < 0:
            _accumulate_arrivals(state.arrived, slot, arriving)
        filter_port(voltage, state.synaptic, offset, port, arriving)
    return int(_integrate(state.v[block.start : block.stop], voltage, group))


@helper
def _any_above(v, threshold):
    """Return whether any neuron is above threshold."""
    above = False
    for i in range(v.size):
        above |= v[i] > threshold
    return above


@helper
def reset(i, group, v, until, queue, head, count, t):
    """Reset neuron i, which spikes in step t.

    Return the new number of refractory neurons.
    """
    if group.subtract > 0.0:
        v[i] -= group.subtract
    else:
        v[i] = group.reset
    if group.refractory == 0:
        return count
    until[i] = t + group.refractory
    # Refractory periods of a group are equal, so they end in the order of the queue.
    queue[group.start + (head + count) % (group.stop - group.start)] = i
    return count + 1


@helper
def _emit_spikes(block, group, v, until, queue, head, count, fired, n_fired, t):
    """Append active neurons above threshold to `fired`, and reset them.

    Active neurons are not refractory.

    Returns the new length of `fired` and the number of refractory neurons of the group.
    """
    threshold = group.threshold
    for a in range(block.start, block.stop, SCAN_WIDTH):
        b = min(a + SCAN_WIDTH, block.stop)
        if not _any_above(v[a:b], threshold):  # vectorized
            continue
        for i in range(a, b):
            if v[i] > threshold and until[i] < t:
                fired[n_fired] = group.first_id + i - group.start
                n_fired += 1
                count = reset(i, group, v, until, queue, head, count, t)
    return n_fired, count


@helper
def sort_spikes(fired, first, last):
    """Sort the ids of the few neurons that spiked in a step."""
    # Insertion sort: the ids of each kind of neuron are already sorted.
    for i in range(first + 1, last):
        one, j = fired[i], i
        while j > first and fired[j - 1] > one:
            fired[j] = fired[j - 1]
            j -= 1
        fired[j] = one


@helper
def _release_refractory(groups, until, queue, heads, counts, t):
    """Remove neurons whose refractory period has ended from the queues."""
    for g in range(groups.size):
        first = groups[g].start
        size = groups[g].stop - first
        head, count = heads[g], counts[g]
        while count > 0 and until[queue[first + head]] < t:
            head = head + 1 if head + 1 < size else 0
            count -= 1
        heads[g], counts[g] = head, count


@helper
def _clamp_refractory(groups, v, queue, heads, counts):
    """Set the potential of refractory neurons to reset."""
    for g in range(groups.size):
        first, clamped = groups[g].start, groups[g].reset
        size = groups[g].stop - first
        head = heads[g]
        for _ in range(counts[g]):
            v[queue[first + head]] = clamped
            head = head + 1 if head + 1 < size else 0


@addressed
def advance_linear(frame, index, row, t, first, n_fired):
    """Advance equal linear neurons by a step; arguments as in `kernels.loop`.

    The frame holds `Neurons`, `Inputs`, `State`, `Scratch` and the thread's row of `Shared.fired`.
    """
    neurons, _, state, scratch, fired = tables_at(frame)
    until, queue = state.refractory_until, state.refractory_queue
    heads, counts = state.queue_head, state.queue_count
    # Released before any of them spikes again: a queue never holds a neuron twice.
    _release_refractory(neurons.groups, until, queue, heads, counts, t)
    filled = np.int64(-1)
    for b in range(neurons.blocks.size):
        block = neurons.blocks[b]
        g = block.group
        group = neurons.groups[g]
        if group.mechanism >= SpikeMechanism.MODEL:
            continue
        if state.uniform[g] and filled != g:
            scratch.current[:] = state.injected[block.start]
            filled = g
        if call_entry(scratch.advance, b, b, row, t, 0, 0):
            n_fired, counts[g] = _emit_spikes(
                block, group, state.v, until, queue, heads[g], counts[g], fired, n_fired, t
            )
    # The pass above advanced refractory neurons too, without a branch.
    _clamp_refractory(neurons.groups, state.v, queue, heads, counts)
    return n_fired
