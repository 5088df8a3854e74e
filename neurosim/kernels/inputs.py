"""Input from outside the network: currents, given spikes, Poisson spikes, membrane noise."""

import math

import numpy as np

from neurosim.kernels.address import addressed, call_addressed
from neurosim.kernels.compiled import helper, inline
from neurosim.kernels.intrinsics import clock
from neurosim.kernels.normal import normal_quantile
from neurosim.kernels.random import counter, open_unit, squares
from neurosim.kernels.tables import tables_at
from neurosim.kernels.types import (
    CHANGES,
    COLUMN,
    COLUMNS,
    COUNT,
    COUNTED,
    ENTITY,
    FIRST,
    FIRST_CHANGE,
    FIRST_VALUE,
    LAST,
    LAW_BASE,
    LAW_FIRST,
    LAW_LAST,
    NOISE,
    P_VI,
    PROGRAM,
    QUIET,
    REST_FIRST,
    REST_LAST,
    TARGET,
    WEIGHT,
    WEIGHT_STRIDE,
)

_REST = np.uint64(2**63)
"""Marks the counters of second draws: there are fewer steps than that."""


@helper
def _move_on(programs, changes, cursors, t):
    """Move every program on to the row that holds at step t; return whether any moved."""
    moved = False
    for p in range(cursors.size):
        first, n = programs[p, FIRST_CHANGE], programs[p, CHANGES]
        while cursors[p] + 1 < n and changes[first + cursors[p] + 1] <= t:
            cursors[p] += 1
            moved = True
    return moved


@helper
def _value(programs, piece, cursors):
    """Return the place of a piece's first present value, and the step to the next neuron's."""
    program = programs[piece[PROGRAM]]
    row = program[FIRST_VALUE] + cursors[piece[PROGRAM]] * program[COLUMNS]
    if program[COLUMNS] == 1:
        return row, 0
    return row + piece[COLUMN], 1


@helper
def _inject(programs, pieces, amplitudes, cursors, groups, dynamics, injected, uniform):
    """Add up the injected currents anew, and turn them into what they do to V in a step."""
    injected[:] = 0.0
    for k in range(pieces.shape[0]):
        piece = pieces[k]
        if cursors[piece[PROGRAM]] < 0:
            continue
        place, stride = _value(programs, piece, cursors)
        for i in range(piece[COUNT]):
            injected[piece[TARGET] + i] += amplitudes[place + stride * i]
    for g in range(uniform.size):
        own = injected[groups[g, FIRST] : groups[g, LAST]]
        same = True
        for i in range(own.size):
            own[i] *= dynamics[g, P_VI]
            same &= own[i] == own[0]
        uniform[g] = same


@inline
def advance_inputs(inputs, neurons, state, row, t):
    """Bring injected currents up to step t, and add given spikes to its row of the buffer."""
    if _move_on(inputs.programs, inputs.changes, state.cursors, t):
        _inject(
            inputs.programs,
            inputs.currents,
            inputs.amplitudes,
            state.cursors,
            neurons.groups,
            neurons.dynamics,
            state.injected,
            state.uniform,
        )
    event = state.next_event[0]
    while event < inputs.event_steps.size and inputs.event_steps[event] <= t:
        state.buffer[row + inputs.event_slots[event]] += inputs.event_weights[event]
        event += 1
    state.next_event[0] = event


@helper
def _draw_cells(bits, key, t, entity, n):
    """Draw one of 2¹⁶ cells for each of n consecutive entities, four from every random number.

    Returns where the first entity's cell is, counted in cells from the start of `bits`.
    """
    skipped = entity & 3
    base = counter(t, entity >> 2)
    for i in range((skipped + n + 3) >> 2):
        bits[i] = squares(base + np.uint64(i), key)
    return skipped


@helper
def _count_cells(counts, cells, bounds):
    """Count the bounds that lie at or below each cell; return whether any reached them all."""
    largest = np.uint16(0)
    for i in range(cells.size):
        largest = max(largest, cells[i])
        counts[i] = 0
    # Four at a time: a block is read and written less often than it is compared.
    for k in range(0, bounds.size, 4):
        a, b, c, d = bounds[k], bounds[k + 1], bounds[k + 2], bounds[k + 3]
        if largest < a:  # they only rise: nobody is left to count
            return False
        for i in range(cells.size):
            u = cells[i]
            counts[i] += np.uint8(u >= a) + np.uint8(u >= b) + np.uint8(u >= c) + np.uint8(u >= d)
    return largest >= bounds[bounds.size - 1]


@helper
def _draw_rest(key, t, entity, rest):
    """Draw a number of the cells that no one number has to itself."""
    bits = squares(counter(t, entity) | _REST, key)
    n = np.int64(0)
    while n < rest.size and bits >= rest[n]:
        n += 1
    return n


@helper
def _count_by_mean(numbers, key, t, entity, means):
    """Draw Poisson numbers by summing the probabilities of each mean."""
    for i in range(numbers.size):
        u = open_unit(squares(counter(t, entity + i), key))
        term = math.exp(-means[i])
        total = term
        n = 0
        while u > total and term > 0.0:
            n += 1
            term *= means[i] / n
            total += term
        numbers[i] = n


@helper
def _count_by_law(law, bounds, key, t, entity, bits, cells, counts):
    """Count, for consecutive entities, the bounds that their random cells reach.

    Returns whether any reached them all: then its Poisson number is `_rest_of`, while the others'
    are their counts and the law's least number.
    """
    own = bounds[law[LAW_FIRST] : law[LAW_LAST]]
    first = _draw_cells(bits, key, t, entity, counts.size)
    return _count_cells(counts, cells[first : first + counts.size], own)


@helper
def _rest_of(law, rest, key, t, entity):
    """Return the Poisson number of an entity whose cell lies beyond the last bound."""
    return _draw_rest(key, t, entity, rest[law[REST_FIRST] : law[REST_LAST]])


@addressed
def count_noise(frame, place, n, t, _a, _b):
    """Draw the Poisson spikes of a `COUNTED` place into ``scratch.counts``.

    The frame holds `Inputs` and `Scratch`, as that of `add_noise`, and `State`.
    """
    inputs, state, scratch = tables_at(frame)
    began = clock() if scratch.timed else 0
    k = inputs.poisson_start[place]
    piece = inputs.poisson[k]
    value, _ = _value(inputs.programs, piece, state.cursors)
    law, key, counts = inputs.laws[value], inputs.poisson_keys[k], scratch.counts[:n]
    entity = piece[ENTITY]
    if _count_by_law(law, inputs.bounds, key, t, entity, scratch.bits, scratch.cells, counts):
        for i in range(n):
            if counts[i] == law[LAW_LAST] - law[LAW_FIRST]:
                counts[i] = _rest_of(law, inputs.rest, key, t, entity + i)
    if scratch.timed:
        scratch.ticks[NOISE] += clock() - began
    return 0


@inline
def count_block(inputs, place, state, scratch, n, t):
    """Draw the one kind of Poisson spikes that a `COUNTED` place takes in.

    Returns `COUNTED` and the weight, with the numbers in ``scratch.counts``, or `QUIET` and 0 where
    the input has not begun.
    """
    piece = inputs.poisson[inputs.poisson_start[place]]
    if state.cursors[piece[PROGRAM]] < 0:
        return QUIET, 0.0
    call_addressed(scratch.noise[0, 0], scratch.noise[0, 1], place, n, t, 0, 0)
    return COUNTED, inputs.poisson_weights[piece[WEIGHT]]


@helper
def _numbers_by_law(numbers, law, bounds, rest, key, t, entity, bits, cells, counts):
    """Draw Poisson numbers of one law."""
    _count_by_law(law, bounds, key, t, entity, bits, cells, counts)
    for i in range(counts.size):
        count = np.int64(counts[i])
        numbers[i] = law[LAW_BASE] + count
        if count == law[LAW_LAST] - law[LAW_FIRST]:
            numbers[i] = _rest_of(law, rest, key, t, entity + i)


@helper
def _add_weighted(arriving, piece, weights, numbers):
    """Add the Poisson spikes of one piece."""
    for i in range(piece[COUNT]):
        weight = weights[piece[WEIGHT] + i * piece[WEIGHT_STRIDE]]
        arriving[piece[TARGET] + i] += weight * numbers[i]


@inline
def _add_poisson(inputs, k, state, scratch, arriving, t):
    """Add this step's Poisson spikes of piece k."""
    piece, key = inputs.poisson[k], inputs.poisson_keys[k]
    if state.cursors[piece[PROGRAM]] < 0:
        return
    n, entity, numbers = piece[COUNT], piece[ENTITY], scratch.numbers
    value, stride = _value(inputs.programs, piece, state.cursors)
    if stride == 0:
        law, counts, bits, cells = (
            inputs.laws[value],
            scratch.counts[:n],
            scratch.bits,
            scratch.cells,
        )
        _numbers_by_law(
            numbers, law, inputs.bounds, inputs.rest, key, t, entity, bits, cells, counts
        )
    else:
        _count_by_mean(numbers[:n], key, t, entity, inputs.means[value : value + n])
    _add_weighted(arriving, piece, inputs.poisson_weights, numbers)


@helper
def _add_noise(arriving, piece, sd, key, t):
    """Add this step's Gaussian noise of one piece."""
    for i in range(piece[COUNT]):
        bits = squares(counter(t, piece[ENTITY] + i), key)
        arriving[piece[TARGET] + i] += sd * normal_quantile(open_unit(bits))


@helper
def _move(source, destination):
    """Copy an array and leave zeros behind."""
    for i in range(source.size):
        destination[i] = source[i]
        source[i] = 0.0


@addressed
def add_noise(frame, place, n, t, _a, _b):
    """Add a place's Poisson spikes and membrane noise to ``scratch.arriving``."""
    inputs, state, scratch = tables_at(frame)
    arriving = scratch.arriving[:n]
    began = clock() if scratch.timed else 0
    for k in range(inputs.poisson_start[place], inputs.poisson_start[place + 1]):
        _add_poisson(inputs, k, state, scratch, arriving, t)
    for k in range(inputs.noise_start[place], inputs.noise_start[place + 1]):
        _add_noise(arriving, inputs.noise[k], inputs.noise_sd[k], inputs.noise_keys[k], t)
    if scratch.timed:
        scratch.ticks[NOISE] += clock() - began
    return 0


@inline
def gather(inputs, place, state, slot, scratch, n, t):
    """Move a place's input from the buffer, where it begins at `slot`, and add its noise.

    Returns ``scratch.arriving[:n]``.
    """
    arriving = scratch.arriving[:n]
    _move(state.buffer[slot : slot + n], arriving)
    if inputs.noisy[place] != QUIET:
        call_addressed(scratch.noise[1, 0], scratch.noise[1, 1], place, n, t, 0, 0)
    return arriving
