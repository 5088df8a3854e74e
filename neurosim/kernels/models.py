"""One step of neurons with compiled equations, whose block functions are called by address."""

from neurosim.kernels.address import addressed, call_9
from neurosim.kernels.compiled import helper
from neurosim.kernels.inputs import collect_input
from neurosim.kernels.neurons import filter_port, sort_spikes
from neurosim.kernels.tables import tables_at
from neurosim.kernels.types import ALPHA, DELTA


@helper
def _inject(course, injected, points):
    """Set the current at all points of the step to what is injected."""
    n = injected.size
    for j in range(points):
        for i in range(n):
            course[j * n + i] = injected[i]


@helper
def _add_synaptic(course, synaptic, offset, port, n, points, dt):
    """Add the synaptic current of one port at all points of the step."""
    decay, pause = port.p_ss ** (1.0 / (points - 1)), dt / (points - 1)
    first, first_rise = port.state + offset, port.rise + offset
    factor = 1.0
    for j in range(points):
        if port.kind == ALPHA:
            time = j * pause
            for i in range(n):
                current = synaptic[first + i] + synaptic[first_rise + i] * time
                course[j * n + i] += factor * current
        else:
            for i in range(n):
                course[j * n + i] += factor * synaptic[first + i]
        factor *= decay


@helper
def _swap(course, index, synaptic, offset, port, n, out):
    """Copy the variables of one port to `course`, or back; return the index after them."""
    first, first_rise = port.state + offset, port.rise + offset
    for i in range(n):
        if out:
            course[index + i] = synaptic[first + i]
        else:
            synaptic[first + i] = course[index + i]
    if port.kind != ALPHA:
        return index + n
    for i in range(n):
        if out:
            course[index + n + i] = synaptic[first_rise + i]
        else:
            synaptic[first_rise + i] = course[index + n + i]
    return index + 2 * n


@helper
def _arrive(synaptic, offset, port, arriving):
    """Add the spikes that arrive at one port at the end of the step."""
    for i in range(arriving.size):
        if port.kind == ALPHA:
            synaptic[port.rise + offset + i] += port.gain * arriving[i]
        else:
            synaptic[port.state + offset + i] += arriving[i]


@helper
def _emit_spikes(block, group, spiked, fired, n_fired):
    """Append the ids of the spiking neurons of a block to `fired`; return the new count."""
    first_id = group.first_id + block.start - group.start
    for i in range(block.stop - block.start):
        if spiked[i] > 0.0:
            fired[n_fired] = first_id + i
            n_fired += 1
    return n_fired


@addressed
def advance_models(frame, index, row, t, first_fired, n_fired):
    """Advance neurons with compiled equations by a step; arguments as in `kernels.loop`.

    The frame holds `Models` and the tables of `advance_linear`.
    """
    models, neurons, inputs, state, scratch, fired = tables_at(frame)
    before = n_fired
    for k in range(models.blocks.size):
        block = neurons.blocks[models.blocks[k]]
        group = neurons.groups[block.group]
        first, offset, n = block.start, block.start - group.start, block.stop - block.start
        points, dt = models.points[k], models.dt[0]
        jump = scratch.voltage[:n]
        jump[:] = 0.0
        carries = models.carries[k] > 0
        # The injected and synaptic current at the ends and middles of the internal steps. If the
        # method integrates synaptic currents: the injected current, then the synaptic variables.
        _inject(scratch.course, state.injected[first : block.stop], 1 if carries else points)
        carried = n
        for p in range(group.first_port, group.stop_port):
            port = neurons.ports[p]
            if carries and port.kind != DELTA:
                carried = _swap(scratch.course, carried, state.synaptic, offset, port, n, True)
                continue
            block_port = block.first_port + p - group.first_port
            slot = row + port.slot + offset
            arriving = collect_input(inputs, block_port, state, slot, scratch, n, t)
            if port.kind != DELTA:
                _add_synaptic(scratch.course, state.synaptic, offset, port, n, points, dt)
            filter_port(jump, state.synaptic, offset, port, arriving)
        spikes = call_9(
            models.address[k],
            n,
            state.v[first:].ctypes.data,
            state.states[models.first_state[k] :].ctypes.data,
            scratch.course.ctypes.data,
            jump.ctypes.data,
            models.params[models.first_param[k] :].ctypes.data,
            state.refractory_until[first:].ctypes.data,
            scratch.work.ctypes.data,
            t,
        )
        carried = n
        for p in range(group.first_port, group.stop_port):
            port = neurons.ports[p]
            if carries and port.kind != DELTA:
                carried = _swap(scratch.course, carried, state.synaptic, offset, port, n, False)
                block_port = block.first_port + p - group.first_port
                slot = row + port.slot + offset
                arriving = collect_input(inputs, block_port, state, slot, scratch, n, t)
                _arrive(state.synaptic, offset, port, arriving)
        if spikes > 0:
            n_fired = _emit_spikes(block, group, jump, fired, n_fired)
    if n_fired > before:
        sort_spikes(fired, first_fired, n_fired)
    return n_fired
