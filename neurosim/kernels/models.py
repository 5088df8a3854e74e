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
def _fill(course, first, values, points):
    """Set the rows of `course` from `first` on to the same values, one for each neuron."""
    n = values.size
    for j in range(points):
        for i in range(n):
            course[first + j * n + i] = values[i]


@helper
def _add_synaptic(course, current, rise, kind, points, dt, filters):
    """Add the synaptic current of one port at all points of the step."""
    n, kept, pause = current.size, filters[P_SS] ** (1.0 / (points - 1)), dt / (points - 1)
    factor = 1.0
    for j in range(points):
        time = j * pause if kind == ALPHA else 0.0
        for i in range(n):
            course[j * n + i] += factor * (current[i] + rise[i] * time)
        factor *= kept


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
    """Advance the neurons with equations of their own by one step; return the new spike count.

    Their ids are merged into those from `first_fired` to `n_fired`, which stay ascending.
    """
    before, course, dt = n_fired, scratch.course, models.dt[0]
    for k in range(models.blocks.size):
        block = neurons.blocks[models.blocks[k]]
        group, first = neurons.groups[block[GROUP]], block[BLOCK_FIRST]
        a, n, points = first - group[FIRST], block[BLOCK_LAST] - first, models.points[k]
        carries = models.carries[k] > 0
        jump = scratch.voltage[:n]
        for i in range(n):
            jump[i] = 0.0
        # Rows of `course`: the current at the ends and middles of the internal steps, injected and
        # synaptic; or the injected current and the variables of the synaptic currents. Then what
        # arrives at each port that the block function integrates.
        _fill(course, 0, state.injected[first : first + n], 1 if carries else points)
        carried, arrived = n, n * points
        for p in range(group[PORT_FIRST], group[PORT_LAST]):
            port, filters = neurons.ports[p], neurons.filters[p]
            place, slot = block[PLACE] + p - group[PORT_FIRST], row + port[SLOT] + a
            arriving = gather(inputs, place, state, slot, scratch, n, t)
            kind, here, rise = port[KIND], port[STATE] + a, port[STATE_RISE] + a
            if kind == EQUATIONS or (carries and kind != DELTA):
                _fill(course, arrived, arriving, 1)
                arrived += n
                if kind != EQUATIONS:
                    _fill(course, carried, state.synaptic[here : here + n], 1)
                    carried += n
                if kind == ALPHA:
                    _fill(course, carried, state.synaptic[rise : rise + n], 1)
                    carried += n
                continue
            if kind != DELTA:
                _add_synaptic(
                    course, state.synaptic[here : here + n], state.synaptic[rise : rise + n],
                    kind, points, dt, filters,
                )  # fmt: skip
            filter_port(jump, state.synaptic, here, rise, kind, arriving, filters)
        spikes = call_9(
            models.address[k],
            n,
            state.v.ctypes.data + 8 * first,
            state.states.ctypes.data + 8 * models.first_state[k],
            course.ctypes.data,
            jump.ctypes.data,
            models.params.ctypes.data + 8 * models.first_param[k],
            state.refractory_until.ctypes.data + 8 * first,
            scratch.work.ctypes.data,
            t,
        )
        if carries:
            carried = n
            for p in range(group[PORT_FIRST], group[PORT_LAST]):
                kind, here = neurons.ports[p, KIND], neurons.ports[p, STATE] + a
                if kind == EXPONENTIAL or kind == ALPHA:  # noqa: SIM109 - compiles faster
                    _fill(state.synaptic, here, course[carried : carried + n], 1)
                    carried += n
                if kind == ALPHA:
                    rise = neurons.ports[p, STATE_RISE] + a
                    _fill(state.synaptic, rise, course[carried : carried + n], 1)
                    carried += n
        if spikes > 0:
            n_fired = _emit_spikes(block, group, jump, fired, n_fired)
    if n_fired > before:
        order(fired, first_fired, n_fired)
    return n_fired
