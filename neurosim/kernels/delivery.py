"""Delivery of spikes to the input of the current step.

Spikes are delivered late. At step t, for every delay d, the spikes of step t − d are added to the
input buffer that the neurons read next. The buffer is small enough to stay in the second-level
cache. Each synapse is read once, in order, from a table that is too large for the cache.

Several steps whose spikes are already known are delivered together, each into a separate row of the
buffer. Synapses that act in successive steps are adjacent in the table and are found only once.
If 16 bits suffice, a target encodes the slot and the row of a ring buffer. The synapses of a spike
that act in these steps are then one segment. Starting another segment takes as long as adding a
dozen synapses.

In all-to-all connections most synapses act on the slot after that of the synapse before. Chunks of
such synapses are added with vector instructions.
"""

import numpy as np

from neurosim.kernels.address import addressed
from neurosim.kernels.compiled import helper, inline
from neurosim.kernels.intrinsics import prefetch
from neurosim.kernels.tables import tables_at

PREFETCH_DISTANCE = 4
"""Chunks between the one that is added and the one that is prefetched."""
PREFETCH_CHUNK = 64
"""Maximum number of synapses added at a time. A small number keeps memory requests even."""
SPIKE_PREFETCH = 12
"""Spikes between the one that is processed and the one whose row is prefetched."""
LINE = 64
"""Bytes in a cache line."""
SENTINEL = np.uint64(2**63)
"""Index beyond any table."""


@inline
def _append_segment(segments, n, start, stop, row, weight):
    """Store a segment at index n; return the new count.

    Empty segments are overwritten.
    """
    segment = segments[n]
    segment.start = start
    segment.stop = stop
    segment.row = row
    segment.weight = weight
    # Branch-free: whether a segment is empty is unpredictable.
    return n + np.uint64(stop > start)


@helper
def _list_rows(table, history_start, history, reached, segments, oldest, newest, now, until,
                   base, age_index):  # fmt: skip
    """List the segments that act in steps `now` to `until` − 1.

    They belong to the spikes of a range of steps.

    The segments of a row are delivered one after the other. Each starts where the previous one,
    stored in `reached`, ended. The list starts with the spikes of age ``ages[age_index]``. If the
    synapses of a row do not share weights, each segment refers to the index of its spike instead.

    Returns
    -------
    n : int
        Number of segments.
    age_index : int
        Age at which to continue, because the list was full.
    onto_probes : int
        Number of synapses onto E/I probes in the list.
    """
    column, ages, delays, segment = table.column, table.ages, table.delays, table.segment
    probe_counts, common_of = table.probe_counts, table.common_of
    ring, row_stride = table.ring[0], table.row_stride[0]
    n_common = np.uint64(table.common.size // table.start.size)
    n, onto_probes = np.uint64(0), np.int64(0)
    flat, width = segment.reshape(segment.size), np.uint64(segment.shape[1])
    for i in range(age_index, ages.size):
        age = ages[i]
        step = now - age
        # Columns of the delays that end in steps `now` to `until` − 1 for spikes of this age.
        a, b = np.uint64(column[age]), np.uint64(column[age + until - now])
        if step < oldest or step >= newest or a == b:
            continue
        most = np.uint64(history_start[step + 1] - history_start[step]) * (b - a)
        if n + most >= np.uint64(segments.size):
            return np.int64(n), i, onto_probes
        for k in range(np.uint64(history_start[step]), np.uint64(history_start[step + 1])):
            soon = np.uint64(np.uint32(history[k + np.uint64(SPIKE_PREFETCH)]))
            prefetch(flat, soon * width + a)
            source = np.uint32(history[k])
            begin, offset = reached[k], segment[source, a]
            if probe_counts.shape[0] > 0:
                onto_probes += np.int64(probe_counts[source, b])
                onto_probes -= np.int64(probe_counts[source, a])
            if ring > 1:
                end = begin + np.uint64(segment[source, b] - offset)
                row = np.uint64(step * row_stride)
                n = _append_segment(segments, n, begin, end, row, k)
                reached[k] = end
                continue
            for j in range(a, b):
                next_offset = segment[source, j + np.uint64(1)]
                end = begin + np.uint64(next_offset - offset)
                row = np.uint64((delays[j] + step - base) * row_stride)
                weight = k
                if n_common > 0:
                    weight = np.uint64(source) * n_common + common_of[j]
                n = _append_segment(segments, n, begin, end, row, weight)
                begin, offset = end, next_offset
            reached[k] = begin
    return np.int64(n), ages.size, onto_probes


@helper
def _prefetch_chunk(targets, weights, segments, s, k):
    """Prefetch the chunk that begins at synapse k of segment s; return the next chunk."""
    for line in range(0, PREFETCH_CHUNK, LINE // targets.itemsize):
        prefetch(targets, k + np.uint64(line))
    if weights is not None:
        for line in range(0, PREFETCH_CHUNK, LINE // weights.itemsize):
            prefetch(weights, k + np.uint64(line))
    k += np.uint64(PREFETCH_CHUNK)
    if k >= segments[s].stop:
        s += np.uint64(1)
        k = segments[s].start
    return s, k


@helper
def _of_segment(common, index):
    """Return what the synapses of a segment share: a weight or an efficacy, or None."""
    if common is None:
        return None
    return common[index]


@helper
def _weight(weights, factor, k):
    """Return the weight of synapse k, with the factor of its segment."""
    if weights is None:
        return factor
    if factor is None:
        return weights[k]
    return weights[k] * factor


@helper
def _add_run(targets, weights, factor, buffer, start, row, mask):
    """Add a chunk of synapses at once if their targets are consecutive; return whether they are."""
    first = np.uint64(targets[start])
    n_other = 0
    for k in range(PREFETCH_CHUNK):
        n_other += np.uint64(targets[start + np.uint64(k)]) != first + np.uint64(k)
    if n_other:
        return False
    first += row
    if mask is not None:
        first &= mask
        if first + np.uint64(PREFETCH_CHUNK - 1) > mask:
            return False
    for k in range(PREFETCH_CHUNK):
        buffer[first + np.uint64(k)] += _weight(weights, factor, start + np.uint64(k))
    return True


@helper
def _add(targets, weights, common, buffer, segments, n, mask, runs):
    """Add n ≥ 1 segments of synapses to the buffer; return the number of synapses.

    If `weights` is None, all synapses of a segment share one weight of `common`. If both are given,
    `common` holds the efficacy of each spike, which multiplies the weights. If `mask` is not None,
    the buffer is a ring and `mask` its last index. If `runs`, chunks with consecutive targets are
    looked for.
    """
    # The prefetch runs ahead of the addition and ends in a segment without end.
    segments[n].start, segments[n].stop = segments[n - 1].start, SENTINEL
    ahead, index = np.uint64(0), segments[0].start
    for _ in range(PREFETCH_DISTANCE):
        ahead, index = _prefetch_chunk(targets, weights, segments, ahead, index)
    delivered = np.int64(0)
    for s in range(np.uint64(n)):
        # Unsigned indices: signed ones would be tested for being negative.
        start, stop, row = segments[s].start, segments[s].stop, segments[s].row
        delivered += np.int64(stop - start)
        factor = _of_segment(common, segments[s].weight)
        while start < stop:
            ahead, index = _prefetch_chunk(targets, weights, segments, ahead, index)
            end = min(start + np.uint64(PREFETCH_CHUNK), stop)
            whole = runs and end - start == np.uint64(PREFETCH_CHUNK)
            if whole and _add_run(targets, weights, factor, buffer, start, row, mask):
                start = end
                continue
            for k in range(start, end):
                if mask is None:
                    buffer[row + np.uint64(targets[k])] += _weight(weights, factor, k)
                else:
                    buffer[(row + np.uint64(targets[k])) & mask] += _weight(weights, factor, k)
            start = end
    return delivered


@inline
def list_segments(table, state, scratch, oldest, newest, now, until, base, age_index, number=0):
    """List segments; return their number and the age to continue with.

    `number` is the row of `State.reached` of the table.
    """
    n, age_index, onto_probes = _list_rows(
        table, state.history_start, state.history, state.reached[number], scratch.segments, oldest,
        newest, now, until, base, age_index,
    )  # fmt: skip
    state.delivered[0] -= onto_probes
    return n, age_index


@inline
def _deliver(table, state, scratch, oldest, newest, now, until, base, weights, common, mask,
             number=0):  # fmt: skip
    """Add spikes to the input buffer: arguments as for `deliver`, `_add` and `list_segments`."""
    runs = table.runs[0] > 0
    age = np.int64(0)
    while age < table.ages.size:
        n, age = list_segments(table, state, scratch, oldest, newest, now, until, base, age, number)
        if n > 0:
            state.delivered[0] += _add(
                table.targets, weights, common, state.buffer, scratch.segments, n, mask, runs
            )
    return 0


@addressed
def deliver(frame, oldest, newest, now, until, base):
    """Add the spikes that arrive in steps `now` to `until` − 1 to the input buffer.

    All steps are given as indices in `State.history_start`.

    Parameters
    ----------
    frame : Frame
        Holds `Table`, `State` and `Scratch`.
    oldest, newest : int
        First step of the spikes to deliver, and the step after the last.
    now, until : int
    base : int
        Step of the first row of `State.buffer` if the buffer is not a ring.

    Notes
    -----
    Spikes are processed by time and source, synapses in the order of their row. So every sum has
    the same order for any number of threads and any number of steps delivered together.
    """
    table, state, scratch = tables_at(frame)
    return _deliver(
        table, state, scratch, oldest, newest, now, until, base, table.weights, None, None
    )


@addressed
def deliver_into_ring(frame, oldest, newest, now, until, base):
    """Variant of `deliver` for targets that are indices in a ring buffer."""
    table, state, scratch = tables_at(frame)
    mask = np.uint64(table.ring[0] * table.row_stride[0] - 1)
    return _deliver(
        table, state, scratch, oldest, newest, now, until, base, table.weights, None, mask
    )


@addressed
def deliver_in_common(frame, oldest, newest, now, until, base):
    """Variant of `deliver` for rows whose synapses share weights."""
    table, state, scratch = tables_at(frame)
    return _deliver(
        table, state, scratch, oldest, newest, now, until, base, None, table.common, None
    )


@addressed
def deliver_scaled(frame, oldest, newest, now, until, base):
    """Variant of `deliver` for synapses whose weights are multiplied by the efficacy of the spike.

    The frame also holds the number of the transmission.
    """
    table, state, scratch, number = tables_at(frame)
    weights, efficacy = table.weights, state.efficacy[number]
    mask = np.uint64(table.ring[0] * table.row_stride[0] - 1)
    if table.ring[0] > 1:
        return _deliver(
            table, state, scratch, oldest, newest, now, until, base, weights, efficacy, mask,
            number + 1,
        )  # fmt: skip
    return _deliver(
        table, state, scratch, oldest, newest, now, until, base, weights, efficacy, None, number + 1
    )
