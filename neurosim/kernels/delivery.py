"""From spikes to the input of the present step.

Spikes are delivered late: at step t, for every delay d, those that were fired at t − d, straight
into the one input buffer that the neurons are about to read. The buffer is small enough to stay in
the second-level cache, and each synapse is read once, in order, from a table that is not.
"""

import numba

from neurosim.kernels.intrinsics import prefetch

AHEAD = 4
"""Segments between the one being added and the one being fetched."""
LINE = 64
"""Bytes in a cache line."""


@numba.njit(cache=True, nogil=True, inline="always")
def _list_segments(table, history, history_start, now, first, last):
    """List the parts of rows due at this step; return how many.

    `now` is the place of the present step in `history_start`.
    """
    n = 0
    for j in range(table.delays.size):
        step = now - table.delays[j]
        for k in range(history_start[step], history_start[step + 1]):
            source = history[k]
            start = table.start[source]
            a = table.segment[source, j]
            b = table.segment[source, j + 1]
            if b > a:
                first[n] = start + a
                last[n] = start + b
                n += 1
    return n


@numba.njit(cache=True, nogil=True)
def _fetch(targets, weights, first, last):
    """Ask for every cache line of a segment."""
    for k in range(first, last, LINE // targets.itemsize):
        prefetch(targets, k)
    for k in range(first, last, LINE // weights.itemsize):
        prefetch(weights, k)


@numba.njit(cache=True, nogil=True, inline="always")
def deliver(table, state, now, segment_first, segment_last):
    """Add the synapses whose spikes arrive at this step to the input buffer.

    Spikes come in order of delay, then of source, synapses in the order of their row, so that every
    sum is taken in the same order however the neurons are shared among threads.
    """
    n = _list_segments(table, state.history, state.history_start, now, segment_first, segment_last)
    targets, weights, buffer = table.targets, table.weights, state.buffer
    for s in range(min(AHEAD, n)):
        _fetch(targets, weights, segment_first[s], segment_last[s])
    for s in range(n):
        if s + AHEAD < n:
            _fetch(targets, weights, segment_first[s + AHEAD], segment_last[s + AHEAD])
        for k in range(segment_first[s], segment_last[s]):
            buffer[targets[k]] += weights[k]
