"""From spikes to the input of the present step.

Spikes are delivered late: at step t, for every delay d, those that were fired at t − d, straight
into the one input buffer that the neurons are about to read. The buffer is small enough to stay in
the second-level cache, and each synapse is read once, in order, from a table that is not.
"""

import numba
import numpy as np

from neurosim.kernels.intrinsics import prefetch

AHEAD = 4
"""Segments between the one being added and the one being fetched."""
FETCHED = 128
"""Synapses of a segment that are fetched ahead: of longer ones the processor sees the rest coming,
and they would crowd out what was fetched before."""
LINE = 64
"""Bytes in a cache line."""


@numba.njit(cache=True, nogil=True, inline="always")
def _list_segments(table, history, history_start, now, j, n, first, last):
    """Append the parts of rows due at this step after the j-th delay; return how many there are.

    `now` is the place of the present step in `history_start`.
    """
    step = now - table.delays[j]
    for k in range(history_start[step], history_start[step + 1]):
        source = history[k]
        start = table.start[source]
        a = table.segment[source, j]
        b = table.segment[source, j + 1]
        first[n] = np.uint64(start + a)
        last[n] = np.uint64(start + b)
        n += np.int64(b > a)
    return n


@numba.njit(cache=True, nogil=True)
def _fetch(targets, weights, first, last):
    """Ask for the cache lines of a segment."""
    last = min(last, first + np.uint64(FETCHED))
    for k in range(first, last, np.uint64(LINE // targets.itemsize)):
        prefetch(targets, k)
    for k in range(first, last, np.uint64(LINE // weights.itemsize)):
        prefetch(weights, k)


@numba.njit(cache=True, nogil=True)
def _add(targets, weights, buffer, segment_first, segment_last, n):
    """Add n segments of synapses to the buffer; return how many synapses."""
    delivered = np.int64(0)
    for s in range(min(AHEAD, n)):
        _fetch(targets, weights, segment_first[s], segment_last[s])
    for s in range(n):
        if s + AHEAD < n:
            _fetch(targets, weights, segment_first[s + AHEAD], segment_last[s + AHEAD])
        # Unsigned indices: signed ones would be tested for being negative, one by one.
        for k in range(segment_first[s], segment_last[s]):
            buffer[targets[k]] += weights[k]
        delivered += np.int64(segment_last[s] - segment_first[s])
    return delivered


@numba.njit(cache=True, nogil=True, inline="always")
def deliver(table, state, scratch, now, shortest, longest):
    """Add the synapses whose spikes arrive at this step to the input buffer.

    Only the delays number shortest … longest − 1 are looked at. Spikes come in order of delay, the
    longest first, then of source, synapses in the order of their row, so that every sum is taken in
    the same order however the neurons are shared among threads.
    """
    first, last = scratch.segment_first, scratch.segment_last
    n = np.int64(0)
    for j in range(longest - 1, shortest - 1, -1):
        n = _list_segments(table, state.history, state.history_start, now, j, n, first, last)
    state.delivered[0] += _add(table.targets, table.weights, state.buffer, first, last, n)
