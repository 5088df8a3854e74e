"""One step of integrate-and-fire neurons with heterogeneous parameters.

Like `neurosim.kernels.neurons`, with the same bits for the same values, but every parameter is read
for each neuron.
"""

from neurosim.kernels.address import addressed
from neurosim.kernels.compiled import helper, inline
from neurosim.kernels.escape import escapes
from neurosim.kernels.input_types import COUNTED
from neurosim.kernels.inputs import collect_input, count_block
from neurosim.kernels.neurons import SCAN_WIDTH, sort_spikes
from neurosim.kernels.tables import tables_at
from neurosim.kernels.types import ALPHA, DELTA


# The loops below stay short. With more arrays in a loop the compiler does not vectorize it, because
# it checks only a limited number of pairs for overlap.
@helper
def _inject(voltage, injected, p_vi):
    """Set the change of V in the step to the effect of the injected current."""
    for i in range(voltage.size):
        voltage[i] = p_vi[i] * injected[i]


@helper
def _add_counted(arriving, buffer, counts, weight):
    """Set the arriving input to the buffered input plus Poisson spikes of one weight."""
    for i in range(arriving.size):
        arriving[i] = buffer[i] + weight * counts[i]


@inline
def _collect(inputs, block_port, state, slot, scratch, n, t):
    """Return the input of a port of a block, including noise, and clear the buffer."""
    if inputs.noise_kind[block_port] != COUNTED:
        return collect_input(inputs, block_port, state, slot, scratch, n, t)
    _, weight = count_block(inputs, block_port, state, scratch, n, t)
    arriving, buffer = scratch.arriving[:n], state.buffer[slot : slot + n]
    _add_counted(arriving, buffer, scratch.counts[:n], weight)
    buffer[:] = 0.0
    return arriving


@helper
def _filter_port(voltage, synaptic, offset, port, arriving, p_vs, p_vr, factor):
    """Advance the current of one port and add its effect to `voltage`."""
    n = voltage.size
    if port.kind == DELTA:
        for i in range(n):
            voltage[i] += factor[i] * arriving[i]
        return
    p_ss, p_sr, gain = port.p_ss, port.p_sr, port.gain
    currents = synaptic[port.state + offset : port.state + offset + n]
    if port.kind != ALPHA:
        for i in range(n):
            current = currents[i]
            voltage[i] += p_vs[i] * current
            currents[i] = p_ss * current + arriving[i]
        return
    rise = synaptic[port.rise + offset : port.rise + offset + n]
    for i in range(n):
        current = currents[i]
        slope = rise[i]
        voltage[i] += p_vs[i] * current + p_vr[i] * slope
        currents[i] = p_ss * current + p_sr * slope
        rise[i] = p_ss * slope + gain * arriving[i]


@helper
def _integrate(v, voltage, p_vv, threshold, reset, until, t):
    """Advance V by one step; return whether any neuron spikes."""
    spikes = False
    for i in range(v.size):
        # Refractory neurons are advanced too, then clamped: a branch would prevent vectorization.
        new, free = p_vv[i] * v[i] + voltage[i], until[i] < t
        v[i] = new if free else reset[i]
        spikes |= (new > threshold[i]) & free
    return spikes


@helper
def _any_above(v, threshold):
    """Return whether any neuron is above its threshold."""
    above = False
    for i in range(v.size):
        above |= v[i] > threshold[i]
    return above


@helper
def _reset(i, values, first, v, until, t):
    """Reset neuron i of a block after a spike in step t.

    The values of the block begin at `first`.
    """
    subtract, refractory = values.subtract[first + i], values.refractory[first + i]
    v[i] = v[i] - subtract if subtract > 0.0 else values.reset[first + i]
    if refractory > 0.0:
        until[i] = t + int(refractory)


@helper
def _emit_spikes(values, first, v, until, first_id, fired, n_fired, t):
    """Append active neurons above threshold to `fired`, and reset them.

    Active neurons are not refractory.

    Returns the new length of `fired`.
    """
    threshold = values.threshold[first : first + v.size]
    for a in range(0, v.size, SCAN_WIDTH):
        b = min(a + SCAN_WIDTH, v.size)
        if not _any_above(v[a:b], threshold[a:b]):
            continue
        for i in range(a, b):
            if v[i] > threshold[i] and until[i] < t:
                fired[n_fired] = first_id + i
                n_fired += 1
                _reset(i, values, first, v, until, t)
    return n_fired


@helper
def _escape_block(values, first, v, until, group, link, entity, first_id, fired, n_fired, t):
    """Append the ids of neurons that spike by escape noise to `fired`; reset them.

    Returns the new length of `fired`.
    """
    for i in range(v.size):
        excess = v[i] - values.soft_threshold[first + i]
        if until[i] < t and escapes(excess, group, link, t, entity + i):
            fired[n_fired] = first_id + i
            n_fired += 1
            _reset(i, values, first, v, until, t)
    return n_fired


@inline
def _advance_block(values, neurons, inputs, block, state, scratch, row, t):
    """Advance the neurons of a block by one step; return whether any spikes."""
    g = block.group
    group = neurons.groups[g]
    offset, n, size = block.start - group.start, block.stop - block.start, group.stop - group.start
    voltage = scratch.voltage[:n]
    first = values.first_value[g] + offset
    _inject(voltage, state.injected[block.start : block.stop], values.p_vi[first : first + n])
    a = values.first_port_value[g] + offset
    for p in range(group.stop_port - group.first_port):
        port = neurons.ports[group.first_port + p]
        slot = row + port.slot + offset
        arriving = _collect(inputs, block.first_port + p, state, slot, scratch, n, t)
        _filter_port(
            voltage, state.synaptic, offset, port, arriving, values.p_vs[a : a + n],
            values.p_vr[a : a + n], values.factor[a : a + n],
        )  # fmt: skip
        a += size
    return _integrate(
        state.v[block.start : block.stop],
        voltage,
        values.p_vv[first : first + n],
        values.threshold[first : first + n],
        values.reset[first : first + n],
        state.refractory_until[block.start : block.stop],
        t,
    )


@addressed
def advance_heterogeneous(frame, index, row, t, first_fired, n_fired):
    """Advance neurons that differ within a population; arguments as in `kernels.loop`.

    The frame holds `Heterogeneous` and the tables of `advance_linear`.
    """
    values, neurons, inputs, state, scratch, fired = tables_at(frame)
    before = n_fired
    for k in range(values.blocks.size):
        block = neurons.blocks[values.blocks[k]]
        g = block.group
        group = neurons.groups[g]
        spikes = _advance_block(values, neurons, inputs, block, state, scratch, row, t)
        offset = block.start - group.start
        first, first_id = values.first_value[g] + offset, group.first_id + offset
        v, until = (
            state.v[block.start : block.stop],
            state.refractory_until[block.start : block.stop],
        )
        if spikes:
            n_fired = _emit_spikes(values, first, v, until, first_id, fired, n_fired, t)
        link = values.links[g]
        if link > 0:
            entity = group.first_entity + offset
            n_fired = _escape_block(
                values, first, v, until, group, link, entity, first_id, fired, n_fired, t
            )
    if n_fired > before:
        sort_spikes(fired, first_fired, n_fired)
    return n_fired
