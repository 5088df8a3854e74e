"""Input from outside the network: currents, given spikes, Poisson spikes, membrane noise."""

import math

import numba
import numpy as np

from neurosim.kernels.intrinsics import clock
from neurosim.kernels.normal import normal_quantile
from neurosim.kernels.random import counter, open_unit, squares
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


@numba.njit(cache=True, nogil=True, inline="always")
def _move_on(inputs, cursors, t):
    """Move every program on to the row that holds at step t; return whether any moved."""
    moved = False
    for p in range(cursors.size):
        first, n = inputs.programs[p, FIRST_CHANGE], inputs.programs[p, CHANGES]
        while cursors[p] + 1 < n and inputs.changes[first + cursors[p] + 1] <= t:
            cursors[p] += 1
            moved = True
    return moved


@numba.njit(cache=True, nogil=True, inline="always")
def _value(inputs, piece, cursors):
    """Return the place of a piece's first present value, and the step to the next neuron's."""
    program = inputs.programs[piece[PROGRAM]]
    row = program[FIRST_VALUE] + cursors[piece[PROGRAM]] * program[COLUMNS]
    if program[COLUMNS] == 1:
        return row, 0
    return row + piece[COLUMN], 1


@numba.njit(cache=True, nogil=True, inline="always")
def _inject(inputs, neurons, state):
    """Add up the injected currents anew."""
    state.injected[:] = 0.0
    for k in range(inputs.currents.shape[0]):
        piece = inputs.currents[k]
        if state.cursors[piece[PROGRAM]] < 0:
            continue
        place, stride = _value(inputs, piece, state.cursors)
        for i in range(piece[COUNT]):
            state.injected[piece[TARGET] + i] += inputs.amplitudes[place + stride * i]
    for g in range(state.uniform.size):
        injected = state.injected[neurons.groups[g, FIRST] : neurons.groups[g, LAST]]
        same = True
        for i in range(1, injected.size):
            same &= injected[i] == injected[0]
        state.uniform[g] = same


@numba.njit(cache=True, nogil=True, inline="always")
def take_in(inputs, neurons, state, row, t):
    """Bring injected currents up to step t, and add given spikes to its row of the buffer."""
    if _move_on(inputs, state.cursors, t):
        _inject(inputs, neurons, state)
    event = state.next_event[0]
    while event < inputs.event_steps.size and inputs.event_steps[event] <= t:
        state.buffer[row + inputs.event_slots[event]] += inputs.event_weights[event]
        event += 1
    state.next_event[0] = event


@numba.njit(cache=True, nogil=True)
def _draw_cells(bits, key, t, entity, n):
    """Draw one of 2¹⁶ cells for each of n consecutive entities, four from every random number.

    Returns where the first entity's cell is, counted in cells from the start of `bits`.
    """
    skipped = entity & 3
    base = counter(t, entity >> 2)
    for i in range((skipped + n + 3) >> 2):
        bits[i] = squares(base + np.uint64(i), key)
    return skipped


@numba.njit(cache=True, nogil=True)
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


@numba.njit(cache=True, nogil=True)
def _draw_rest(key, t, entity, rest):
    """Draw a number of the cells that no one number has to itself."""
    bits = squares(counter(t, entity) | _REST, key)
    n = np.int64(0)
    while n < rest.size and bits >= rest[n]:
        n += 1
    return n


@numba.njit(cache=True, nogil=True)
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


@numba.njit(cache=True, nogil=True, inline="always")
def _count_by_law(inputs, k, value, scratch, n, t):
    """Count, for n targets of piece k, the bounds that their random cells reach.

    Returns whether any reached them all: then its Poisson number is `_rest_of`, while the others'
    are their counts and the law's least number.
    """
    law = inputs.laws[value]
    bounds = inputs.bounds[law[LAW_FIRST] : law[LAW_LAST]]
    entity = inputs.poisson[k, ENTITY]
    first = _draw_cells(scratch.bits, inputs.poisson_keys[k], t, entity, n)
    return _count_cells(scratch.counts[:n], scratch.cells[first : first + n], bounds)


@numba.njit(cache=True, nogil=True, inline="always")
def _rest_of(inputs, k, value, i, t):
    """Return the Poisson number of a target whose cell lies beyond the last bound."""
    law = inputs.laws[value]
    rest = inputs.rest[law[REST_FIRST] : law[REST_LAST]]
    return _draw_rest(inputs.poisson_keys[k], t, inputs.poisson[k, ENTITY] + i, rest)


@numba.njit(cache=True, nogil=True, inline="always")
def count_block(inputs, place, state, scratch, n, t, timed):
    """Draw the one kind of Poisson spikes that a `COUNTED` place takes in.

    Returns `COUNTED` and the weight, with the numbers in ``scratch.counts``, or `QUIET` and 0 where
    the input has not begun.
    """
    began = clock() if timed else 0
    k = inputs.poisson_start[place]
    piece = inputs.poisson[k]
    if state.cursors[piece[PROGRAM]] < 0:
        return QUIET, 0.0
    value, _ = _value(inputs, piece, state.cursors)
    if _count_by_law(inputs, k, value, scratch, n, t):
        reached = inputs.laws[value, LAW_LAST] - inputs.laws[value, LAW_FIRST]
        for i in range(n):
            if scratch.counts[i] == reached:
                scratch.counts[i] = _rest_of(inputs, k, value, i, t)
    if timed:
        scratch.ticks[NOISE] += clock() - began
    return COUNTED, inputs.poisson_weights[piece[WEIGHT]]


@numba.njit(cache=True, nogil=True, inline="always")
def _add_poisson(inputs, k, state, scratch, arriving, t):
    """Add this step's Poisson spikes of piece k."""
    piece = inputs.poisson[k]
    if state.cursors[piece[PROGRAM]] < 0:
        return
    n = piece[COUNT]
    value, stride = _value(inputs, piece, state.cursors)
    numbers = scratch.numbers
    if stride == 0:
        _count_by_law(inputs, k, value, scratch, n, t)
        least = inputs.laws[value, LAW_BASE]
        reached = inputs.laws[value, LAW_LAST] - inputs.laws[value, LAW_FIRST]
        for i in range(n):
            count = np.int64(scratch.counts[i])
            numbers[i] = least + count
            if count == reached:
                numbers[i] = _rest_of(inputs, k, value, i, t)
    else:
        means = inputs.means[value : value + n]
        _count_by_mean(numbers[:n], inputs.poisson_keys[k], t, piece[ENTITY], means)
    for i in range(n):
        weight = inputs.poisson_weights[piece[WEIGHT] + i * piece[WEIGHT_STRIDE]]
        arriving[piece[TARGET] + i] += weight * numbers[i]


@numba.njit(cache=True, nogil=True, inline="always")
def _add_noise(inputs, k, arriving, t):
    """Add this step's Gaussian noise of piece k."""
    piece = inputs.noise[k]
    sd, key = inputs.noise_sd[k], inputs.noise_keys[k]
    for i in range(piece[COUNT]):
        bits = squares(counter(t, piece[ENTITY] + i), key)
        arriving[piece[TARGET] + i] += sd * normal_quantile(open_unit(bits))


@numba.njit(cache=True, nogil=True, inline="always")
def gather(inputs, place, state, slot, scratch, arriving, t, timed):
    """Move a place's input from the buffer, where it begins at `slot`, and add its noise."""
    for i in range(arriving.size):
        arriving[i] = state.buffer[slot + i]
        state.buffer[slot + i] = 0.0
    if inputs.noisy[place] == QUIET:
        return
    began = clock() if timed else 0
    for k in range(inputs.poisson_start[place], inputs.poisson_start[place + 1]):
        _add_poisson(inputs, k, state, scratch, arriving, t)
    for k in range(inputs.noise_start[place], inputs.noise_start[place + 1]):
        _add_noise(inputs, k, arriving, t)
    if timed:
        scratch.ticks[NOISE] += clock() - began
