"""From lists of edges to synapse tables: a block at a time, each synapse to its place at once.

The synapses of each row and column are counted first; then the beginning of every column moves on
as they are put there. What a population's other rules draw takes its place between lists in the
same way, so that each row has the order that it would have if it were made by itself: by delay,
then by projection, then as drawn or listed.
"""

from typing import Any, NamedTuple

import numpy as np

from neurosim.kernels.compiled import inlined, kernel
from neurosim.kernels.connect import columns_of, entry_of_law, identify, strengths, twin_of
from neurosim.kernels.random import counter, squares
from neurosim.kernels.rows import (
    ARRAY,
    DELAY_KIND,
    N_TWINS,
    OWN_FIRST,
    OWN_LAST,
    SLOT,
    TWIN_SLOT,
    WEIGHT_PLACE,
    row_of,
)

PIECE = 1024
"""Edges whose identities are in room at a time."""


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
def count_edges(edges, first, own_first, own_last, twins, key, law, guide, counts):
    """Count a block's synapses onto one thread's neurons, by source and delay.

    Parameters
    ----------
    edges : Edges
    first : int
        Number of the first of them in the list.
    own_first, own_last : int
        The thread's targets.
    twins : (own_last - own_first,) or (0,) int64
        Place of each among its population's twins, or −1.
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
        How many are not onto twins.
    """
    n = 0
    for i in range(edges.sources.size):
        source, target = edges.sources[i], edges.targets[i]
        if target < own_first or target >= own_last:
            continue
        place = np.int64(0)
        if edges.late.size > 0:
            place = edges.late[i]
        elif law.size > 1:
            place = entry_of_law(squares(counter(source, first + i), key), guide, law)
        n += 1
        counts[source, place] += np.uint32(1)
        if twins.size > 0 and twins[target - own_first] >= 0:
            counts[source, place] += np.uint32(1)
    return n


@inlined
def _put(table, row, column, slot, weight):
    """Put a synapse where its column of its row has got to."""
    place = table.start[row] + table.segment[row, column]
    table.segment[row, column] += np.uint32(1)
    table.targets[place] = slot
    if table.weights.size > 0:
        table.weights[place] = weight


@inlined
def _put_both(plan, rule, table, row, column, target, weight):
    """Put a synapse, and after it the one onto the target's twin if it has any."""
    _put(table, row, column, rule[SLOT] + target - rule[OWN_FIRST], weight)
    twin = twin_of(plan, rule, target)
    if twin >= 0:
        slot = rule[TWIN_SLOT] + twin + (rule[N_TWINS] if weight < 0.0 else 0)
        _put(table, row, column, slot, weight)


@kernel
def place_edges(plan, p, edges, first, base, room, table):
    """Put a block's synapses onto one thread's neurons into its table.

    Parameters
    ----------
    plan : Rules
    p : int
        Projection.
    edges : Edges
    first : int
        Number of the first of them in the list.
    base : int
        Global id of the first source.
    room : Room
        For `PIECE` synapses.
    table : Table
        Its `segment` holds where each column of each row has got to.
    """
    rule = plan.rules[p]
    size = edges.sources.size
    for begin in range(0, size, PIECE):
        n = np.int64(0)
        for i in range(begin, min(begin + PIECE, size)):
            target = edges.targets[i]
            # Whose it is nobody can foresee, the processor neither: no branch, write and stay.
            room.targets[n] = target
            room.majors[n] = edges.sources[i]
            room.minors[n] = first + i
            room.places[n] = i
            n += np.int64(rule[OWN_FIRST] <= target) & np.int64(target < rule[OWN_LAST])
        weights, columns = room.weights[:n], room.columns[:n]
        strengths(plan, p, edges.weights, room, weights)
        if rule[DELAY_KIND] == ARRAY:
            for i in range(n):
                room.places[i] = edges.late[room.places[i]]
        columns_of(plan, p, room, columns)
        for i in range(n):
            row = base + room.majors[i]
            _put_both(plan, rule, table, row, columns[i], room.targets[i], weights[i])


@kernel
def lay_rows(plan, p, lists, room, first, last, base, table, counting):
    """Count, or put into a table, rows that are drawn where others of their sources are listed.

    Parameters
    ----------
    plan : Rules
    p : int
        Projection.
    lists : Lists
    room : Room
    first, last : int
        The sources are first … last − 1 of the population.
    base : int
        Global id of the population's first.
    table : Table
        Its `segment` is added to; if these are counts, then one column further on.
    counting : bool

    Returns
    -------
    int
        Synapses onto twins.
    """
    rule = plan.rules[p]
    onto_twins = 0
    for source in range(first, last):
        n = row_of(plan, p, source, lists, room)
        identify(rule, source, room, n)
        weights, columns = room.weights[:n], room.columns[:n]
        columns_of(plan, p, room, columns)
        row = base + source
        if counting:
            for i in range(n):
                both = 1 + (twin_of(plan, rule, room.targets[i]) >= 0)
                table.segment[row, columns[i] + 1] += np.uint32(both)
                onto_twins += both - 1
            continue
        strengths(plan, p, plan.weights[rule[WEIGHT_PLACE] :], room, weights)
        for i in range(n):
            _put_both(plan, rule, table, row, columns[i], room.targets[i], weights[i])
    return onto_twins
