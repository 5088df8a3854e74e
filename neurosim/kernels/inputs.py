"""External input: currents, noise, spikes at given times, Poisson spikes."""

import math

import numpy as np

from neurosim.kernels.address import addressed, call_entry
from neurosim.kernels.compiled import helper, inline
from neurosim.kernels.input_types import COUNTED, NO_NOISE
from neurosim.kernels.intrinsics import clock
from neurosim.kernels.normal import normal_quantiles
from neurosim.kernels.random import counter, open_unit, squares
from neurosim.kernels.tables import tables_at
from neurosim.kernels.types import BLOCK, NOISE

_TAIL = np.uint64(2**63)
"""Marks the counters of second draws. Steps are below 2³², so counters never have this bit."""


@helper
def _advance_programs(programs, changes, cursors, t):
    """Advance every program to its row at step t; return whether any current changed."""
    changed = False
    for p in range(cursors.size):
        first, n = programs[p].first_change, programs[p].n_changes
        while cursors[p] + 1 < n and changes[first + cursors[p] + 1] <= t:
            cursors[p] += 1
            changed |= programs[p].is_current == 1
    return changed


@helper
def _current_value(programs, piece, cursors):
    """Return the index of a piece's first current value, and the neuron stride.

    The stride is the distance to the value of the next neuron.
    """
    program = programs[piece.program]
    row = program.first_value + cursors[piece.program] * program.n_columns
    if program.n_columns == 1:
        return row, 0
    return row + piece.column, 1


@helper
def current_of(inputs, program, column, cursors):
    """Return the current (pA) of a column of a program."""
    if cursors[program] < 0:  # before the first change
        return 0.0
    row = inputs.programs[program]
    value = row.first_value + cursors[program] * row.n_columns
    return inputs.amplitudes[value + (column if row.n_columns > 1 else 0)]


@helper
def _draw_normal(xi, scratch, key, t, entity):
    """Draw a normal random number for each of consecutive entities."""
    for i in range(xi.size):
        xi[i] = open_unit(squares(counter(t, entity + i), key))
    normal_quantiles(xi, scratch.bits, scratch.tails)


@helper
def _draw_currents(inputs, piece, current, scratch, fresh, t):
    """Draw a noise current of consecutive neurons, from its stationary distribution if fresh."""
    for a in range(0, piece.count, BLOCK):
        n = min(BLOCK, piece.count - a)
        first = piece.first + a
        xi = scratch.numbers[:n]
        _draw_normal(xi, scratch, piece.key, t, piece.entity + a)
        mean, sd = inputs.noise_mean[first : first + n], inputs.noise_sd[first : first + n]
        decay, values = inputs.noise_decay[first : first + n], current[first : first + n]
        for i in range(n):
            kept = 0.0 if fresh else decay[i]
            values[i] = (
                mean[i] + kept * (values[i] - mean[i]) + sd[i] * math.sqrt(1.0 - kept**2) * xi[i]
            )


@helper
def _advance_noise(inputs, current, scratch, t):
    """Advance the noise currents to step t; return whether any changed."""
    changed = False
    for k in range(inputs.noise_currents.size):
        piece = inputs.noise_currents[k]
        if piece.start <= t < piece.stop and (t - piece.start) % piece.hold == 0:
            _draw_currents(inputs, piece, current, scratch, t == piece.start, t)
            changed = True
        elif t == piece.stop:
            current[piece.first : piece.first + piece.count] = 0.0
            changed = True
    return changed


@helper
def _inject(inputs, noise_current, cursors, groups, injected, uniform):
    """Sum up the injected currents and convert them to changes of V in a step."""
    # Summed again from all currents: a difference would accumulate rounding errors.
    injected[:] = 0.0
    for k in range(inputs.currents.size):
        piece = inputs.currents[k]
        if cursors[piece.program] < 0:  # before the first change
            continue
        value, stride = _current_value(inputs.programs, piece, cursors)
        values = injected[piece.target : piece.target + piece.count]
        for i in range(piece.count):
            values[i] += inputs.amplitudes[value + stride * i]
    for k in range(inputs.noise_currents.size):
        noise = inputs.noise_currents[k]
        values = injected[noise.target : noise.target + noise.count]
        added = noise_current[noise.first : noise.first + noise.count]
        for i in range(noise.count):
            values[i] += added[i]
    for g in range(uniform.size):
        values = injected[groups[g].start : groups[g].stop]
        p_vi = groups[g].p_vi
        first = values[0] * p_vi if values.size else 0.0
        differing = 0
        for i in range(values.size):
            values[i] *= p_vi
            differing += values[i] != first
        uniform[g] = differing == 0


@addressed
def apply_inputs(frame, index, row, t, first, n_fired):
    """Apply input currents and spikes at given times; arguments as in `kernels.loop`.

    The frame holds `Inputs`, `Neurons`, `State` and `Scratch`.
    """
    inputs, neurons, state, scratch = tables_at(frame)
    changed = _advance_programs(inputs.programs, inputs.changes, state.cursors, t)
    began = clock() if scratch.timed else 0
    changed |= _advance_noise(inputs, state.noise_current, scratch, t)
    if scratch.timed:
        scratch.ticks[NOISE] += clock() - began
    if changed or state.outdated[0]:
        state.outdated[0] = False
        noise, injected, uniform = state.noise_current, state.injected, state.uniform
        _inject(inputs, noise, state.cursors, neurons.groups, injected, uniform)
    event = state.next_event[0]
    while event < inputs.event_steps.size and inputs.event_steps[event] <= t:
        state.buffer[row + inputs.event_slots[event]] += inputs.event_weights[event]
        event += 1
    state.next_event[0] = event
    return n_fired


@helper
def _draw_cells(bits, key, t, entity, n):
    """Draw 16 random bits for each of n consecutive entities.

    Each random number yields four of them.

    Returns the index of the first entity's bits, in units of 16 bits from the start of `bits`.
    """
    # Entities 4k … 4k + 3 share a random number, whichever block they are in.
    skipped = entity & 3
    base = counter(t, entity >> 2)
    for i in range((skipped + n + 3) >> 2):
        bits[i] = squares(base + np.uint64(i), key)
    return skipped


@helper
def _count_thresholds(counts, cells, thresholds):
    """Count the thresholds at or below each cell.

    Return whether any cell exceeds them all.
    """
    largest = np.uint16(0)
    for i in range(cells.size):
        largest = max(largest, cells[i])
        counts[i] = 0
    # Four thresholds at a time, so that the counts are loaded and stored less often.
    for k in range(0, thresholds.size, 4):
        a, b, c, d = thresholds[k], thresholds[k + 1], thresholds[k + 2], thresholds[k + 3]
        if largest < a:  # thresholds ascend: no cell reaches the remaining ones
            return False
        for i in range(cells.size):
            u = cells[i]
            counts[i] += np.uint8(u >= a) + np.uint8(u >= b) + np.uint8(u >= c) + np.uint8(u >= d)
    return largest >= thresholds[thresholds.size - 1]


@helper
def _draw_tail(table, tail_cdf, key, t, entity):
    """Draw a Poisson number from the tail, when the 16 bits exceed the last threshold."""
    # The marked counter gives bits that are independent of the first draw.
    bits = squares(counter(t, entity) | _TAIL, key)
    n = np.int64(0)
    while table.first_tail + n < table.stop_tail and bits >= tail_cdf[table.first_tail + n]:
        n += 1
    return n


@helper
def draw_by_mean(numbers, key, t, entity, means):
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
def _count_by_table(table, thresholds, key, t, entity, bits, cells, counts):
    """Count the thresholds that the random bits of consecutive entities reach.

    Returns whether any entity exceeds them all. Its Poisson number comes from `_draw_tail`, those
    of the others are their counts plus the least value of the table.
    """
    used = thresholds[table.first_threshold : table.stop_threshold]
    first = _draw_cells(bits, key, t, entity, counts.size)
    return _count_thresholds(counts, cells[first : first + counts.size], used)


@addressed
def count_noise(frame, block_port, n, t, _a, _b):
    """Draw the Poisson spikes of a `COUNTED` port of a block into ``scratch.counts``.

    The frame holds `Inputs`, `State` and `Scratch`, as for `add_noise`.
    """
    inputs, state, scratch = tables_at(frame)
    began = clock() if scratch.timed else 0
    piece = inputs.poisson[inputs.poisson_start[block_port]]
    value, _ = _current_value(inputs.programs, piece, state.cursors)
    table, key, counts = inputs.poisson_tables[value], piece.key, scratch.counts[:n]
    bits, cells = scratch.bits, scratch.cells
    # Most steps need no draw from the tail.
    if _count_by_table(table, inputs.thresholds, key, t, piece.entity, bits, cells, counts):
        for i in range(n):
            if counts[i] == table.stop_threshold - table.first_threshold:
                counts[i] = _draw_tail(table, inputs.tail_cdf, key, t, piece.entity + i)
    if scratch.timed:
        scratch.ticks[NOISE] += clock() - began
    return 0


@inline
def count_block(inputs, block_port, state, scratch, n, t):
    """Draw the Poisson spikes of a `COUNTED` port of a block.

    Returns `COUNTED` and the weight, with the numbers in ``scratch.counts``, or `NO_NOISE` and 0
    before the input begins.
    """
    piece = inputs.poisson[inputs.poisson_start[block_port]]
    if state.cursors[piece.program] < 0:
        return NO_NOISE, 0.0
    call_entry(scratch.noise, 0, block_port, n, t, 0, 0)
    return COUNTED, inputs.poisson_weights[piece.weight]


@helper
def draw_by_table(numbers, table, thresholds, tail_cdf, key, t, entity, bits, cells, counts):
    """Draw Poisson numbers of one mean."""
    beyond = _count_by_table(table, thresholds, key, t, entity, bits, cells, counts)
    for i in range(counts.size):
        numbers[i] = table.least + np.int64(counts[i])
    if beyond:
        for i in range(counts.size):
            if counts[i] == table.stop_threshold - table.first_threshold:
                numbers[i] = _draw_tail(table, tail_cdf, key, t, entity + i)


@helper
def _add_weighted(arriving, piece, weights, numbers):
    """Add the Poisson spikes of one piece."""
    for i in range(piece.count):
        weight = weights[piece.weight + i * piece.weight_stride]
        arriving[piece.target + i] += weight * numbers[i]


@inline
def _add_poisson(inputs, piece, state, scratch, arriving, t):
    """Add the Poisson spikes of one piece in step t."""
    if state.cursors[piece.program] < 0:
        return
    n, entity, numbers = piece.count, piece.entity, scratch.numbers
    if piece.shared:  # drawn once
        n, entity = 1, 0
    value, stride = _current_value(inputs.programs, piece, state.cursors)
    # Tables exist only for rates that all targets share.
    if stride == 0:
        table, counts = inputs.poisson_tables[value], scratch.counts[:n]
        bits, cells = scratch.bits, scratch.cells
        draw_by_table(
            numbers, table, inputs.thresholds, inputs.tail_cdf, piece.key, t, entity,
            bits, cells, counts,
        )  # fmt: skip
    else:
        draw_by_mean(numbers[:n], piece.key, t, entity, inputs.means[value : value + n])
    if piece.shared:
        numbers[1 : piece.count] = numbers[0]
    _add_weighted(arriving, piece, inputs.poisson_weights, numbers)


@helper
def _add_gaussian(arriving, piece, scratch, t):
    """Add the Gaussian noise of one piece in step t."""
    xi, values = scratch.numbers[: piece.count], arriving[piece.target :]
    _draw_normal(xi, scratch, piece.key, t, piece.entity)
    for i in range(xi.size):
        values[i] += piece.sd * xi[i]


@helper
def drain(source, destination):
    """Copy an array and set it to zero."""
    for i in range(source.size):
        destination[i] = source[i]
        source[i] = 0.0


@addressed
def add_noise(frame, block_port, n, t, _a, _b):
    """Add Poisson spikes and membrane noise of a block's port to ``scratch.arriving``."""
    inputs, state, scratch = tables_at(frame)
    arriving = scratch.arriving[:n]
    began = clock() if scratch.timed else 0
    for k in range(inputs.poisson_start[block_port], inputs.poisson_start[block_port + 1]):
        _add_poisson(inputs, inputs.poisson[k], state, scratch, arriving, t)
    for k in range(inputs.noise_start[block_port], inputs.noise_start[block_port + 1]):
        _add_gaussian(arriving, inputs.noise[k], scratch, t)
    if scratch.timed:
        scratch.ticks[NOISE] += clock() - began
    return 0


@inline
def collect_input(inputs, block_port, state, slot, scratch, n, t):
    """Move the input of a block's port from the buffer at `slot`, and add its noise.

    Returns ``scratch.arriving[:n]``.
    """
    arriving = scratch.arriving[:n]
    drain(state.buffer[slot : slot + n], arriving)
    if inputs.noise_kind[block_port] != NO_NOISE:
        call_entry(scratch.noise, 1, block_port, n, t, 0, 0)
    return arriving
