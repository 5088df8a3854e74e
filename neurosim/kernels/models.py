"""One time step of neurons whose equations are compiled apart and called by address."""

from neurosim.kernels.address import call_9
from neurosim.kernels.compiled import helper, inline
from neurosim.kernels.inputs import gather
from neurosim.kernels.neurons import filter_port, order
from neurosim.kernels.types import (
    ALPHA,
    BLOCK_FIRST,
    BLOCK_LAST,
    DELTA,
    EQUATIONS,
    EXPONENTIAL,
    FIRST,
    FIRST_ID,
    GAIN,
    GROUP,
    KIND,
    P_SS,
    PLACE,
    PORT_FIRST,
    PORT_LAST,
    SLOT,
    STATE,
    STATE_RISE,
)


@helper
def _inject(course, injected, points):
    """Set the current at all points of the step to what is injected."""
    n = injected.size
    for j in range(points):
        for i in range(n):
            course[j * n + i] = injected[i]


@helper
def _add_synaptic(course, synaptic, first, first_rise, kind, n, points, dt, filters):
    """Add the synaptic current of one port at all points of the step."""
    kept, pause = filters[P_SS] ** (1.0 / (points - 1)), dt / (points - 1)
    factor = 1.0
    for j in range(points):
        if kind == ALPHA:
            time = j * pause
            for i in range(n):
                current = synaptic[first + i] + synaptic[first_rise + i] * time
                course[j * n + i] += factor * current
        else:
            for i in range(n):
                course[j * n + i] += factor * synaptic[first + i]
        factor *= kept


@helper
def _swap(course, place, synaptic, first, first_rise, kind, n, out):
    """Copy the variables of one port to `course`, or back; return the place after them."""
    for i in range(n):
        if out:
            course[place + i] = synaptic[first + i]
        else:
            synaptic[first + i] = course[place + i]
    if kind != ALPHA:
        return place + n
    for i in range(n):
        if out:
            course[place + n + i] = synaptic[first_rise + i]
        else:
            synaptic[first_rise + i] = course[place + n + i]
    return place + 2 * n


@helper
def _arrive(synaptic, first, first_rise, kind, arriving, filters):
    """Take in what arrives at one port at the end of the step."""
    for i in range(arriving.size):
        if kind == ALPHA:
            synaptic[first_rise + i] += filters[GAIN] * arriving[i]
        else:
            synaptic[first + i] += arriving[i]


@helper
def _emit_spikes(block, group, spiked, fired, n_fired):
    """Append the ids of the spiking neurons of a block to `fired`; return the new count."""
    first_id = group[FIRST_ID] + block[BLOCK_FIRST] - group[FIRST]
    for i in range(block[BLOCK_LAST] - block[BLOCK_FIRST]):
        if spiked[i] > 0.0:
            fired[n_fired] = first_id + i
            n_fired += 1
    return n_fired


@inline
def update_models(neurons, models, inputs, state, scratch, row, fired, first_fired, n_fired, t):
    """Advance the neurons with models of their own by one step; return the new count of spikes.

    Their ids are merged into those from `first_fired` to `n_fired`, which stay ascending.
    """
    before = n_fired
    for k in range(models.blocks.size):
        block = neurons.blocks[models.blocks[k]]
        g = block[GROUP]
        group, first, last = neurons.groups[g], block[BLOCK_FIRST], block[BLOCK_LAST]
        a, n = first - group[FIRST], last - first
        points, dt = models.points[k], models.dt[0]
        jump = scratch.voltage[:n]
        jump[:] = 0.0
        carries = models.carries[k] > 0
        # The current at the ends and middles of the internal steps, injected and synaptic; or what
        # is injected, then the variables of the synaptic currents. Then what arrives at synapses
        # with equations.
        _inject(scratch.course, state.injected[first:last], 1 if carries else points)
        carried, arrived = n, n * points
        for p in range(group[PORT_FIRST], group[PORT_LAST]):
            port, filters = neurons.ports[p], neurons.filters[p]
            here, rise, kind = port[STATE] + a, port[STATE_RISE] + a, port[KIND]
            if carries and (kind in (EXPONENTIAL, ALPHA)):
                carried = _swap(scratch.course, carried, state.synaptic, here, rise, kind, n, True)
                continue
            place, slot = block[PLACE] + p - group[PORT_FIRST], row + port[SLOT] + a
            arriving = gather(inputs, place, state, slot, scratch, n, t)
            if kind == EQUATIONS:
                _inject(scratch.course[arrived:], arriving, 1)
                arrived += n
                continue
            if kind != DELTA:
                _add_synaptic(
                    scratch.course, state.synaptic, here, rise, kind, n, points, dt, filters
                )
            filter_port(jump, state.synaptic, here, rise, kind, arriving, filters)
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
        for p in range(group[PORT_FIRST], group[PORT_LAST]):
            port, filters = neurons.ports[p], neurons.filters[p]
            here, rise, kind = port[STATE] + a, port[STATE_RISE] + a, port[KIND]
            if carries and (kind in (EXPONENTIAL, ALPHA)):
                carried = _swap(scratch.course, carried, state.synaptic, here, rise, kind, n, False)
                place, slot = block[PLACE] + p - group[PORT_FIRST], row + port[SLOT] + a
                arriving = gather(inputs, place, state, slot, scratch, n, t)
                _arrive(state.synaptic, here, rise, kind, arriving, filters)
        if spikes > 0:
            n_fired = _emit_spikes(block, group, jump, fired, n_fired)
    if n_fired > before:
        order(fired, first_fired, n_fired)
    return n_fired
