"""Input from outside the network: currents, given spikes, Poisson spikes, membrane noise."""

import math

import numba
import numpy as np

from neurosim.kernels.normal import normal_quantile
from neurosim.kernels.random import counter, open_unit, squares
from neurosim.kernels.types import (
    BLOCK,
    CHANGES,
    COLUMN,
    COLUMNS,
    COUNT,
    ENTITY,
    FIRST_CHANGE,
    FIRST_VALUE,
    PROGRAM,
    TARGET,
    WEIGHT,
    WEIGHT_STRIDE,
)


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
def _inject(inputs, state):
    """Add up the injected currents anew."""
    state.injected[:] = 0.0
    for k in range(inputs.currents.shape[0]):
        piece = inputs.currents[k]
        if state.cursors[piece[PROGRAM]] < 0:
            continue
        place, stride = _value(inputs, piece, state.cursors)
        for i in range(piece[COUNT]):
            state.injected[piece[TARGET] + i] += inputs.amplitudes[place + stride * i]


@numba.njit(cache=True, nogil=True)
def _draw(bits, key, t, entity):
    """Fill `bits` with the random bits of consecutive entities at step t."""
    base = counter(t, entity)
    for i in range(bits.size):
        bits[i] = squares(base + np.uint64(i), key)


@numba.njit(cache=True, nogil=True)
def _count_by_law(counts, bits, law):
    """Turn random bits into Poisson numbers: how many cumulative probabilities lie at or below."""
    largest = np.uint64(0)
    for i in range(bits.size):
        largest = max(largest, bits[i])
        counts[i] = 0
    # Four at a time: a block is read and written less often than it is compared.
    for k in range(0, law.size, 4):
        a, b, c, d = law[k], law[k + 1], law[k + 2], law[k + 3]
        if largest < a:  # the law only rises: nobody is left to count
            break
        for i in range(bits.size):
            u = bits[i]
            counts[i] += np.int64(u >= a) + np.int64(u >= b) + np.int64(u >= c) + np.int64(u >= d)


@numba.njit(cache=True, nogil=True)
def _count_by_mean(counts, bits, means):
    """Turn random bits into Poisson numbers by summing the probabilities of each mean."""
    for i in range(bits.size):
        u = open_unit(bits[i])
        term = math.exp(-means[i])
        total = term
        n = 0
        while u > total and term > 0.0:
            n += 1
            term *= means[i] / n
            total += term
        counts[i] = n


@numba.njit(cache=True, nogil=True, inline="always")
def _poisson(inputs, k, state, scratch, t):
    """Add this step's Poisson spikes of piece k."""
    piece = inputs.poisson[k]
    if state.cursors[piece[PROGRAM]] < 0:
        return
    place, stride = _value(inputs, piece, state.cursors)
    for a in range(0, piece[COUNT], BLOCK):
        n = min(BLOCK, piece[COUNT] - a)
        bits, counts = scratch.bits[:n], scratch.counts[:n]
        _draw(bits, inputs.poisson_keys[k], t, piece[ENTITY] + a)
        if stride == 0:
            law = inputs.law[inputs.law_start[place] : inputs.law_start[place + 1]]
            _count_by_law(counts, bits, law)
        else:
            _count_by_mean(counts, bits, inputs.means[place + a : place + a + n])
        arriving = state.buffer[piece[TARGET] + a : piece[TARGET] + a + n]
        if piece[WEIGHT_STRIDE] == 0:
            weight = inputs.poisson_weights[piece[WEIGHT]]
            for i in range(n):
                arriving[i] += weight * counts[i]
        else:
            weights = inputs.poisson_weights[piece[WEIGHT] + a : piece[WEIGHT] + a + n]
            for i in range(n):
                arriving[i] += weights[i] * counts[i]


@numba.njit(cache=True, nogil=True, inline="always")
def _noise(inputs, k, state, t):
    """Add this step's Gaussian noise of piece k."""
    piece = inputs.noise[k]
    sd, key = inputs.noise_sd[k], inputs.noise_keys[k]
    for i in range(piece[COUNT]):
        bits = squares(counter(t, piece[ENTITY] + i), key)
        state.buffer[piece[TARGET] + i] += sd * normal_quantile(open_unit(bits))


@numba.njit(cache=True, nogil=True, inline="always")
def take_in(inputs, state, scratch, t):
    """Add all that comes from outside at step t to the input buffer and the injected currents."""
    if _move_on(inputs, state.cursors, t):
        _inject(inputs, state)
    event = state.next_event[0]
    while event < inputs.event_steps.size and inputs.event_steps[event] <= t:
        state.buffer[inputs.event_slots[event]] += inputs.event_weights[event]
        event += 1
    state.next_event[0] = event
    for k in range(inputs.poisson.shape[0]):
        _poisson(inputs, k, state, scratch, t)
    for k in range(inputs.noise.shape[0]):
        _noise(inputs, k, state, t)
