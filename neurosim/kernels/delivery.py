"""From spikes to the input of the present step.

Spikes are delivered late: at step t, for every delay d, those that were fired at t − d, straight
into the input buffer that the neurons are about to read. The buffer is small enough to stay in the
second-level cache, and each synapse is read once, in order, from a table that is not. Several steps
are delivered at a time, each into a row of its own, as far as their spikes are known: what is due
in consecutive steps lies side by side in the table, and is found only once. Where 16 bits have room
for it, targets tell not only the slot but the row too, which are then a ring: all that a spike
brings in these steps is one segment, for to begin another takes as long as to add a dozen synapses.
"""

import numpy as np

from neurosim.kernels.address import addressed
from neurosim.kernels.compiled import helper, inline
from neurosim.kernels.intrinsics import prefetch
from neurosim.kernels.tables import tables_at
from neurosim.kernels.types import DUE_FIRST, DUE_INTO, DUE_LAST, DUE_WEIGHT

PREFETCH_DISTANCE = 4
"""Bites between the one being added and the one being fetched."""
PREFETCH_CHUNK = 64
"""Synapses added at a time, at most: few, to ask the memory for them at an even pace."""
SPIKE_PREFETCH = 12
"""Spikes between the one being looked up and the one being fetched."""
LINE = 64
"""Bytes in a cache line."""
SENTINEL = np.uint64(2**63)
"""A place that no table reaches."""


@helper
def _list_segments(column, ages, delays, common_of, n_common, segment, probe_counts, history_start,
                   history, reached, due, oldest, newest, now, until, base, ring, row_stride,
                   turn):  # fmt: skip
    """List the segments of rows that are due at steps now … until − 1 for the spikes of some steps.

    The segments of a row are due one after the other, so that each begins where the one before
    it, which `reached` has kept, ended. The list begins with the spikes of age ``ages[turn]``.

    Returns
    -------
    n, turn : int
        Number of segments; and the age to go on with, for which the list had no work.
    onto_probes : int
        Number of their synapses onto probes.
    """
    n, onto_probes = np.uint64(0), np.int64(0)
    flat, width = segment.reshape(segment.size), np.uint64(segment.shape[1])
    for i in range(turn, ages.size):
        age = ages[i]
        step = now - age
        a, b = np.uint64(column[age]), np.uint64(column[age + until - now])
        if step < oldest or step >= newest or a == b:
            continue
        most = np.uint64(history_start[step + 1] - history_start[step]) * (b - a)
        if n + most >= np.uint64(due.shape[0]):
            return np.int64(n), i, onto_probes
        for k in range(np.uint64(history_start[step]), np.uint64(history_start[step + 1])):
            soon = np.uint64(np.uint32(history[k + np.uint64(SPIKE_PREFETCH)]))
            prefetch(flat, soon * width + a)
            source = np.uint32(history[k])
            begin, offset = reached[k], segment[source, a]
            if probe_counts.shape[0] > 0:
                onto_probes += np.int64(probe_counts[source, b]) - np.int64(probe_counts[source, a])
            if ring > 1:
                end = begin + np.uint64(segment[source, b] - offset)
                due[n, DUE_FIRST] = begin
                due[n, DUE_LAST] = end
                due[n, DUE_INTO] = np.uint64(step * row_stride)
                n += np.uint64(end > begin)
                reached[k] = end
                continue
            for j in range(a, b):
                following = segment[source, j + np.uint64(1)]
                end = begin + np.uint64(following - offset)
                due[n, DUE_FIRST] = begin
                due[n, DUE_LAST] = end
                due[n, DUE_INTO] = np.uint64((delays[j] + step - base) * row_stride)
                if n_common > 0:
                    due[n, DUE_WEIGHT] = np.uint64(source) * n_common + common_of[j]
                n += np.uint64(end > begin)
                begin, offset = end, following
            reached[k] = begin
    return np.int64(n), ages.size, onto_probes


@helper
def _fetch(targets, weights, due, s, k):
    """Ask for the cache lines of a bite that begins at synapse k of segment s; return the next."""
    for line in range(0, PREFETCH_CHUNK, LINE // targets.itemsize):
        prefetch(targets, k + np.uint64(line))
    if weights is not None:
        for line in range(0, PREFETCH_CHUNK, LINE // weights.itemsize):
            prefetch(weights, k + np.uint64(line))
    k += np.uint64(PREFETCH_CHUNK)
    if k >= due[s, DUE_LAST]:
        s += np.uint64(1)
        k = due[s, DUE_FIRST]
    return s, k


@helper
def _add(targets, weights, common, buffer, due, n, last_place):
    """Add n ≥ 1 segments of synapses to the buffer; return how many synapses.

    Where `weights` is None all synapses of a segment have one weight, in `common`. The buffer is a
    ring up to `last_place` unless that is None.
    """
    # What is fetched runs ahead of what is added, at last into a segment without end.
    due[n, DUE_FIRST], due[n, DUE_LAST] = due[n - 1, DUE_FIRST], SENTINEL
    ahead, place = np.uint64(0), due[0, DUE_FIRST]
    for _ in range(PREFETCH_DISTANCE):
        ahead, place = _fetch(targets, weights, due, ahead, place)
    delivered = np.int64(0)
    for s in range(np.uint64(n)):
        # Unsigned indices: signed ones would be tested for being negative, one by one.
        first, last, into = due[s, DUE_FIRST], due[s, DUE_LAST], due[s, DUE_INTO]
        delivered += np.int64(last - first)
        if weights is None:
            weight = common[due[s, DUE_WEIGHT]]
        while first < last:
            ahead, place = _fetch(targets, weights, due, ahead, place)
            end = min(first + np.uint64(PREFETCH_CHUNK), last)
            for k in range(first, end):
                if weights is None:
                    buffer[into + np.uint64(targets[k])] += weight
                elif last_place is None:
                    buffer[into + np.uint64(targets[k])] += weights[k]
                else:
                    buffer[(into + np.uint64(targets[k])) & last_place] += weights[k]
            first = end
    return delivered


@inline
def _list(table, state, scratch, oldest, newest, now, until, base, turn):
    """List segments that are due; return their number, and the age to go on with."""
    n, turn, onto_probes = _list_segments(
        table.column,
        table.ages,
        table.delays,
        table.common_of,
        np.uint64(table.common.size // table.start.size),
        table.segment,
        table.probe_counts,
        state.history_start,
        state.history,
        state.reached,
        scratch.segments,
        oldest,
        newest,
        now,
        until,
        base,
        table.ring[0],
        table.row_stride[0],
        turn,
    )
    state.delivered[0] -= onto_probes
    return n, turn


@addressed
def deliver(frame, oldest, newest, now, until, base):
    """Add the synapses whose spikes arrive at steps now … until − 1 to the input of these steps.

    All steps are given by their places in `State.history_start`.

    Parameters
    ----------
    frame : Frame
        Of `Table`, `State` and `Scratch`.
    oldest, newest : int
        First and past-the-last step of the spikes to deliver.
    now, until : int
    base : int
        The step to which the first row of `State.buffer` belongs, if that is no ring.

    Notes
    -----
    Spikes come in order of time, then of source, synapses in the order of their row, so that every
    sum is taken in the same order however the neurons are shared among threads, and however many
    steps are delivered at a time.
    """
    table, state, scratch = tables_at(frame)
    targets, weights, common, due = table.targets, table.weights, table.common, scratch.segments
    turn = np.int64(0)
    while turn < table.ages.size:
        n, turn = _list(table, state, scratch, oldest, newest, now, until, base, turn)
        if n > 0:
            state.delivered[0] += _add(targets, weights, common, state.buffer, due, n, None)
    return 0


@addressed
def deliver_into_ring(frame, oldest, newest, now, until, base):
    """Do what `deliver` does where targets are places in a ring."""
    table, state, scratch = tables_at(frame)
    targets, weights, common, due = table.targets, table.weights, table.common, scratch.segments
    last_place = np.uint64(table.ring[0] * table.row_stride[0] - 1)
    turn = np.int64(0)
    while turn < table.ages.size:
        n, turn = _list(table, state, scratch, oldest, newest, now, until, base, turn)
        if n > 0:
            state.delivered[0] += _add(targets, weights, common, state.buffer, due, n, last_place)
    return 0


@addressed
def deliver_in_common(frame, oldest, newest, now, until, base):
    """Do what `deliver` does where the synapses of a row have weights in common."""
    table, state, scratch = tables_at(frame)
    targets, common, due = table.targets, table.common, scratch.segments
    turn = np.int64(0)
    while turn < table.ages.size:
        n, turn = _list(table, state, scratch, oldest, newest, now, until, base, turn)
        if n > 0:
            state.delivered[0] += _add(targets, None, common, state.buffer, due, n, None)
    return 0
