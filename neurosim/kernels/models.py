"""One step of neurons with compiled equations.

Their block functions are called by address.
"""

from neurosim.kernels.address import addressed, call_9
from neurosim.kernels.compiled import helper, inline
from neurosim.kernels.input_types import NO_NOISE
from neurosim.kernels.inputs import collect_input, drain
from neurosim.kernels.neurons import filter_port, sort_spikes
from neurosim.kernels.random import counter, open_unit, squares
from neurosim.kernels.tables import tables_at
from neurosim.kernels.types import ALPHA, DELTA, EQUATIONS, INJECTED


# Loops run over slices: the compiler vectorises only those whose indices cannot be negative.
@helper
def _fill(course, first, values, points):
    """Set the rows of `course` from `first` on to one value per neuron."""
    n = values.size
    for j in range(points):
        row = course[first + j * n : first + (j + 1) * n]
        for i in range(n):
            row[i] = values[i]


@helper
def _add_synaptic(course, current, rise, port, points, dt):
    """Add the synaptic current of one port at all points of the step."""
    n, pieces, factor = current.size, max(points - 1, 1), 1.0
    decay, pause = port.p_ss ** (1.0 / pieces), dt / pieces
    for j in range(points):
        time, row = j * pause if port.kind == ALPHA else 0.0, course[j * n : (j + 1) * n]
        for i in range(n):
            row[i] += factor * (current[i] + rise[i] * time)
        factor *= decay


@helper
def _draw(course, first, n, group, entity, t):
    """Set the row of `course` from `first` on to random numbers in (0, 1)."""
    row = course[first : first + n]
    for i in range(n):
        row[i] = open_unit(squares(counter(t, entity + i), group.key))


@helper
def _emit_spikes(block, group, spiked, fired, n_fired):
    """Append the id of each spike of a block to `fired`; return the new count.

    `spiked` holds the number of spikes of each neuron.
    """
    first_id = group.first_id + block.start - group.start
    for i in range(block.stop - block.start):
        for _ in range(int(spiked[i])):
            fired[n_fired] = first_id + i
            n_fired += 1
    return n_fired


@inline
def _collect_inputs(models, k, neurons, inputs, block, state, scratch, row, t):
    """Write the input of block k to `scratch.course`; return its delta input.

    Rows of `course`: the injected and synaptic current at the ends and middles of the internal
    steps; or, if the method integrates synaptic currents, the injected current and the synaptic
    variables. Then the input of each port that the block function integrates, or the current
    injected into another compartment than the soma, and random numbers.
    """
    group, course = neurons.groups[block.group], scratch.course
    first, offset, n = block.start, block.start - group.start, block.stop - block.start
    points, carries = models.points[k], models.carries[k] > 0
    jump = scratch.voltage[:n]
    # If delta synapses are the only port, their input is not added up in another array.
    single = models.single[k] > 0
    if not single:
        for i in range(n):
            jump[i] = 0.0
    _fill(course, 0, state.injected[first : first + n], 1 if carries else points)
    carried, arrived = n, n * points
    for p in range(group.first_port, group.stop_port):
        port = neurons.ports[p]
        if port.kind == INJECTED:
            injected = state.injected[port.state + offset : port.state + offset + n]
            _fill(course, arrived, injected, 1)
            arrived += n
            continue
        block_port = block.first_port + p - group.first_port
        slot = row + port.slot + offset
        if port.kind == EQUATIONS and inputs.noise_kind[block_port] == NO_NOISE:
            drain(state.buffer[slot : slot + n], course[arrived : arrived + n])
            arrived += n
            continue
        arriving = collect_input(inputs, block_port, state, slot, scratch, n, t)
        current = state.synaptic[port.state + offset : port.state + offset + n]
        rise = state.synaptic[port.rise + offset : port.rise + offset + n]
        if single:
            jump = arriving
        elif port.kind == EQUATIONS:
            _fill(course, arrived, arriving, 1)
            arrived += n
        elif carries and port.kind != DELTA:
            _fill(course, arrived, arriving, 1)
            arrived += n
            _fill(course, carried, current, 1)
            carried += n
            if port.kind == ALPHA:
                _fill(course, carried, rise, 1)
                carried += n
        else:
            if port.kind != DELTA:
                _add_synaptic(course, current, rise, port, points, models.dt[0])
            filter_port(jump, state.synaptic, offset, port, arriving)
    if models.draws[k] > 0:
        _draw(course, arrived, n, group, group.first_entity + offset, t)
    return jump


@inline
def _store_synaptic(neurons, block, state, course):
    """Store the synaptic variables that the block function advanced."""
    group = neurons.groups[block.group]
    offset, n = block.start - group.start, block.stop - block.start
    carried = n
    for p in range(group.first_port, group.stop_port):
        port = neurons.ports[p]
        if port.kind == DELTA or port.kind >= EQUATIONS:
            continue
        _fill(state.synaptic, port.state + offset, course[carried : carried + n], 1)
        carried += n
        if port.kind == ALPHA:
            _fill(state.synaptic, port.rise + offset, course[carried : carried + n], 1)
            carried += n


@addressed
def advance_models(frame, index, row, t, first_fired, n_fired):
    """Advance neurons with compiled equations by a step; arguments as in `kernels.loop`.

    The frame holds `Models` and the tables of `advance_linear`.
    """
    models, neurons, inputs, state, scratch, fired = tables_at(frame)
    before = n_fired
    for k in range(models.blocks.size):
        block = neurons.blocks[models.blocks[k]]
        jump = _collect_inputs(models, k, neurons, inputs, block, state, scratch, row, t)
        spikes = call_9(
            models.address[k],
            block.stop - block.start,
            state.v.ctypes.data + 8 * block.start,
            state.states.ctypes.data + 8 * models.first_state[k],
            scratch.course.ctypes.data,
            jump.ctypes.data,
            models.params.ctypes.data + 8 * models.first_param[k],
            state.refractory_until.ctypes.data + 8 * block.start,
            scratch.work.ctypes.data,
            t,
        )
        if models.carries[k] > 0:
            _store_synaptic(neurons, block, state, scratch.course)
        if spikes > 0:
            n_fired = _emit_spikes(block, neurons.groups[block.group], jump, fired, n_fired)
    if n_fired > before:
        sort_spikes(fired, first_fired, n_fired)
    return n_fired
