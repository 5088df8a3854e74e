"""From lists of edges to synapse tables: a block at a time, each synapse to its place at once.

The synapses of each row and column are counted first; then the beginning of every column moves on
as they are put there. What a population's other rules draw takes its place between lists in the
same way, so that each row has the order that it would have if it were made by itself: by delay,
then by projection, then as drawn or listed.
"""

from typing import Any, NamedTuple

import numpy as np

from neurosim.kernels.address import addressed, call_addressed
from neurosim.kernels.compiled import helper, kernel
from neurosim.kernels.connect import (
    entry_of_law,
    find_delays,
    find_weights,
    probe_index,
    slot_of,
)
from neurosim.kernels.intrinsics import prefetch
from neurosim.kernels.random import counter, squares
from neurosim.kernels.random_rows import (
    ARRAY,
    DELAY_KIND,
    FIRST_PROBE,
    N_PROBES,
    OWN_FIRST,
    OWN_LAST,
    PROBE_SLOT,
    number_of_source,
)
from neurosim.kernels.tables import tables_at

PIECE = 1024
"""Edges that are looked at together: the lines of memory that all of them change are asked for
before the first of them is changed, as one after the other is waited for longest."""


class Edges(NamedTuple):
    """A block of a list of edges.

    Attributes
    ----------
    sources, targets : (n,) int64
        Indices within their populations.
    weights : (n,) or (0,) float64
        Where each edge has its own.
    late : (n,) or (0,) int64
        Place of each edge's delay among those that the list has, where each edge has its own.
    """

    sources: Any
    targets: Any
    weights: Any
    late: Any


@kernel
def count_edges(edges, first, own_first, own_last, probes, key, law, guide, counts):
    """Count a block's synapses onto one thread's neurons, by source and delay.

    Parameters
    ----------
    edges : Edges
    first : int
        Number of the first of them in the list.
    own_first, own_last : int
        The thread's targets.
    probes : (own_last - own_first,) or (0,) int64
        Place of each among its population's probes, or −1.
    key : uint64
        Of the random stream of delays.
    law : (n_delays,) uint64
    guide : (2**GUIDE_BITS,) or (0,) int64
        How delays are drawn where there is more than one and no edge has its own.
    counts : (n_sources, n_delays) uint32
        Added to.

    Returns
    -------
    int
        How many are not onto probes.
    """
    n = 0
    size, width = edges.sources.size, counts.shape[1]
    flat = counts.reshape(counts.size)
    cells = np.empty(PIECE, np.int64)
    both = np.empty(PIECE, np.uint32)
    for begin in range(0, size, PIECE):
        m = 0
        for i in range(begin, min(begin + PIECE, size)):
            source, target = edges.sources[i], edges.targets[i]
            if target < own_first or target >= own_last:
                continue
            place = np.int64(0)
            if edges.late.size > 0:
                place = edges.late[i]
            elif law.size > 1:
                place = entry_of_law(squares(counter(source, first + i), key), guide, law)
            cells[m] = source * width + place
            prefetch(flat, cells[m])
            both[m] = 1 + (probes.size > 0 and probes[target - own_first] >= 0)
            m += 1
        for j in range(m):
            flat[cells[j]] += both[j]
        n += m
    return n


@helper
def _put(start, segment, targets, weights, row, column, slot, weight):
    """Put a synapse where its column of its row has got to."""
    place = start[row] + segment[row, column]
    segment[row, column] += np.uint32(1)
    targets[place] = slot
    if weights.size > 0:
        weights[place] = weight


@helper
def _put_all(rule, probes, views, rows, columns, own, strong, start, segment, targets, weights):
    """Put synapses to their places, each before the one onto its target's probe, if it has any."""
    for i in range(columns.size):
        row, column, weight = rows[i], columns[i], strong[i]
        target = own[i] - rule[OWN_FIRST]
        slot = slot_of(rule, views, own[i])
        _put(start, segment, targets, weights, row, column, slot, weight)
        if rule[FIRST_PROBE] < 0:
            continue
        probe = probes[rule[FIRST_PROBE] + target]
        if probe >= 0:
            slot = rule[PROBE_SLOT] + probe + (rule[N_PROBES] if weight < 0.0 else 0)
            _put(start, segment, targets, weights, row, column, slot, weight)


@helper
def _ask(rows, columns, start, segment, targets, weights):
    """Ask for all memory that synapses will be put to."""
    width = segment.shape[1]
    flat = segment.reshape(segment.size)
    for i in range(columns.size):
        prefetch(flat, rows[i] * width + columns[i])
    for i in range(columns.size):
        place = start[rows[i]] + segment[rows[i], columns[i]]
        prefetch(targets, place)
        if weights.size > 0:
            prefetch(weights, place)


@addressed
def place_edges(frame, p, first, base, _a, _b):
    """Put a block's synapses onto one thread's neurons into its table.

    Parameters
    ----------
    frame : Frame
        Of `Rules`, `Edges`, `Workspace` for `PIECE` synapses and `Table`, whose `segment` holds
        where the next synapse of each column goes within its row.
    p : int
        Projection.
    first : int
        Number of the first edge in the list.
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
            # Whose it is nobody can foresee, the processor neither: no branch, write and stay.
            work.targets[n] = target
            work.majors[n] = edges.sources[i]
            work.minors[n] = first + i
            work.places[n] = i
            n += np.int64(rule[OWN_FIRST] <= target) & np.int64(target < rule[OWN_LAST])
        weights, columns = work.weights[:n], work.columns[:n]
        find_weights(plan, p, edges.weights, work, 0, n)
        if rule[DELAY_KIND] == ARRAY:
            for i in range(n):
                work.places[i] = edges.late[work.places[i]]
        find_delays(plan, p, work, 0, n)
        rows = work.places[:n]
        for i in range(n):
            rows[i] = base + work.majors[i]
        _ask(rows, columns, table.start, table.segment, table.targets, table.weights)
        _put_all(
            rule,
            plan.probes,
            plan.views,
            rows,
            columns,
            work.targets,
            weights,
            table.start,
            table.segment,
            table.targets,
            table.weights,
        )
    return 0


@addressed
def lay_rows(frame, draw, draw_frame, p, first, last):
    """Count, or put into a table, rows that are drawn where others of their sources are listed.

    Parameters
    ----------
    frame : Frame
        Of `Rules`, `Workspace`, `Table` and two integers: the global id of the population's first
        neuron, and whether to count. The table's `segment` is added to; if these are counts, then
        one column further on.
    draw, draw_frame : int
        Addresses of `draw_row` and of its frame.
    p : int
        Projection.
    first, last : int
        Neurons of the source population: first … last − 1.

    Returns
    -------
    int
        Synapses onto probes.
    """
    plan, work, table, base, counting = tables_at(frame)
    rule = plan.rules[p]
    onto_probes = 0
    for neuron in range(first, last):
        source = number_of_source(rule, plan.views, neuron)
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
        rows = work.places[:n]
        rows[:] = row
        _put_all(
            rule,
            plan.probes,
            plan.views,
            rows,
            columns,
            work.targets,
            weights,
            table.start,
            table.segment,
            table.targets,
            table.weights,
        )
    return onto_probes
