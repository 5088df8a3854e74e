"""Synapse tables from lists of edges, which are read in blocks.

The synapses of each row and column are counted first. Then each synapse is stored directly at its
final index, and the start of its column is incremented. Rows drawn by other rules of the population
are inserted between lists in the same way. Each row therefore has the same order as a row without
lists: by delay, then by projection, then as drawn or listed.
"""

from typing import Any, NamedTuple

import numpy as np

from neurosim.kernels.address import addressed, call_addressed
from neurosim.kernels.compiled import helper, kernel
from neurosim.kernels.connect import (
    delay_entry,
    find_delays,
    find_weights,
    probe_index,
    probe_slot,
    slot_of,
)
from neurosim.kernels.intrinsics import prefetch
from neurosim.kernels.random import counter, squares
from neurosim.kernels.random_rows import ARRAY, source_number
from neurosim.kernels.tables import tables_at

PIECE = 1024
"""Edges processed together. Memory that they change is prefetched before the first is stored."""


class Edges(NamedTuple):
    """A block of a list of edges.

    Attributes
    ----------
    sources, targets : (n,) int64
        Indices within their populations.
    weights : (n,) or (0,) float64
        Weight of each edge, unless all are equal or drawn.
    delays : (n,) or (0,) int64
        Index of each edge's delay among the distinct delays, if delays are listed.
    """

    sources: Any
    targets: Any
    weights: Any
    delays: Any


@kernel
def count_edges(edges, first, start, stop, probes, key, cdf, guide, counts):
    """Count a block's synapses onto one thread's neurons, by source and delay.

    Parameters
    ----------
    edges : Edges
    first : int
        Index of the first edge in the list.
    start, stop : int
        The thread's targets.
    probes : (stop - start,) or (0,) int64
        Index of the E/I probes of each target, or −1.
    key : uint64
        Key of the random stream of delays.
    cdf : (n_delays,) uint64
    guide : (2**GUIDE_BITS,) or (0,) int64
        Distribution of the delays, if there is one.
    counts : (n_sources, n_delays) uint32
        Incremented.

    Returns
    -------
    int
        Number of synapses, without those onto E/I probes.
    """
    n = 0
    size, width = edges.sources.size, counts.shape[1]
    flat = counts.reshape(counts.size)
    cells = np.empty(PIECE, np.int64)
    increments = np.empty(PIECE, np.uint32)
    for begin in range(0, size, PIECE):
        # First pass: find the counters and prefetch them. Second pass: increment.
        m = 0
        for i in range(begin, min(begin + PIECE, size)):
            source, target = edges.sources[i], edges.targets[i]
            if target < start or target >= stop:
                continue
            delay = np.int64(0)
            if edges.delays.size > 0:
                delay = edges.delays[i]
            elif cdf.size > 1:
                delay = delay_entry(squares(counter(source, first + i), key), guide, cdf)
            # The synapse onto an E/I probe is counted with the one it copies.
            cells[m] = source * width + delay
            prefetch(flat, cells[m])
            increments[m] = 1 + (probes.size > 0 and probes[target - start] >= 0)
            m += 1
        for j in range(m):
            flat[cells[j]] += increments[j]
        n += m
    return n


@helper
def _store(table, row, column, slot, weight):
    """Store a synapse at the next index of its column."""
    index = table.start[row] + table.segment[row, column]
    table.segment[row, column] += np.uint32(1)
    table.targets[index] = slot
    if table.weights.size > 0:
        table.weights[index] = weight


@helper
def _store_all(plan, rule, rows, columns, targets, weights, table):
    """Store synapses, each followed by the synapse onto the E/I probe, if any."""
    for i in range(columns.size):
        row, column, weight = rows[i], columns[i], weights[i]
        _store(table, row, column, slot_of(rule, plan.views, targets[i]), weight)
        probe = probe_index(plan, rule, targets[i])
        if probe >= 0:
            _store(table, row, column, probe_slot(rule, probe, weight), weight)


@helper
def _prefetch_all(rows, columns, table):
    """Prefetch the memory in which synapses will be stored."""
    start, segment, weights = table.start, table.segment, table.weights
    width = segment.shape[1]
    flat = segment.reshape(segment.size)
    for i in range(columns.size):
        prefetch(flat, rows[i] * width + columns[i])
    for i in range(columns.size):
        index = start[rows[i]] + segment[rows[i], columns[i]]
        prefetch(table.targets, index)
        if weights.size > 0:
            prefetch(weights, index)


@addressed
def place_edges(frame, p, first, base, _a, _b):
    """Store a block's synapses onto one thread's neurons in its table.

    Parameters
    ----------
    frame : Frame
        Holds `Rules`, `Edges`, `Workspace` for `PIECE` synapses and `Table`, whose `segment` holds
        the offset of the next synapse of each column.
    p : int
        Projection.
    first : int
        Index of the first edge in the list.
    base : int
        Global id of the first source.
    """
    plan, edges, work, table = tables_at(frame)
    rule = plan.rules[p]
    size = edges.sources.size
    for begin in range(0, size, PIECE):
        n = np.int64(0)
        for i in range(begin, min(begin + PIECE, size)):
            target = edges.targets[i]
            # Branch-free compaction: the predicate is unpredictable.
            work.targets[n] = target
            work.majors[n] = edges.sources[i]
            work.minors[n] = first + i
            work.indices[n] = i
            n += np.int64(rule.first_target <= target) & np.int64(target < rule.stop_target)
        weights, columns = work.weights[:n], work.columns[:n]
        find_weights(plan, p, edges.weights, work, 0, n)
        if rule.delay_kind == ARRAY:  # from edges to their delays
            for i in range(n):
                work.indices[i] = edges.delays[work.indices[i]]
        find_delays(plan, p, work, 0, n)
        rows = work.indices[:n]  # the indices are no longer needed
        for i in range(n):
            rows[i] = base + work.majors[i]
        _prefetch_all(rows, columns, table)
        _store_all(plan, rule, rows, columns, work.targets, weights, table)
    return 0


@addressed
def insert_rows(frame, draw, draw_frame, p, first, last):
    """Count drawn rows of a population with edge lists, or store them in its table.

    Parameters
    ----------
    frame : Frame
        Holds `Rules`, `Workspace`, `Table` and two integers: the global id of the population's
        first neuron, and whether to count. The table's `segment` is incremented, for counts one
        column further on.
    draw, draw_frame : int
        Addresses of `draw_row` and of its frame.
    p : int
        Projection.
    first, last : int
        Range of neurons of the source population: `first` to `last` − 1.

    Returns
    -------
    int
        Number of synapses onto E/I probes.
    """
    plan, work, table, base, counting = tables_at(frame)
    rule = plan.rules[p]
    onto_probes = 0
    for neuron in range(first, last):
        source = source_number(rule, plan.views, neuron)
        if source < 0:
            continue
        n = call_addressed(draw, draw_frame, p, source, 0, 0, 0)
        weights, columns = work.weights[:n], work.columns[:n]
        row = base + neuron
        if counting:
            for i in range(n):
                both = 1 + (probe_index(plan, rule, work.targets[i]) >= 0)
                table.segment[row, columns[i] + 1] += np.uint32(both)
                onto_probes += both - 1
            continue
        rows = work.indices[:n]
        rows[:] = row
        _store_all(plan, rule, rows, columns, work.targets, weights, table)
    return onto_probes
