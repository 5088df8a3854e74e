"""From rows of targets to synapse tables: weights, delays, and each row in order of delay."""

import math

import numba
import numpy as np

from neurosim.kernels.normal import normal_quantile
from neurosim.kernels.random import counter, open_unit, squares
from neurosim.kernels.rows import (
    ALL,
    ARRAY,
    CONSTANT,
    DELAY_GUIDE,
    DELAY_KIND,
    DELAY_PLACE,
    GUIDE_BITS,
    IN_DEGREE,
    KEY_DELAYS,
    KEY_WEIGHTS,
    LOG_NORMAL,
    N_TARGETS,
    N_TWINS,
    OWN_FIRST,
    RULE,
    SLOT,
    TWIN,
    TWIN_SLOT,
    UNIFORM,
    W_A,
    W_B,
    W_HIGH,
    W_LOW,
    W_SIGN,
    WEIGHT_KIND,
    WEIGHT_PLACE,
    row_of,
)

_GUIDE_SHIFT = np.uint64(64 - GUIDE_BITS)


@numba.njit(cache=True, nogil=True, inline="always")
def _twin(plan, rule, target):
    """Return the place of a target's twin, or −1."""
    if rule[TWIN] < 0:
        return -1
    return plan.twins[rule[TWIN] + target - rule[OWN_FIRST]]


@numba.njit(cache=True, nogil=True)
def count_rows(plan, lists, room, first, last, counts):
    """Count the synapses in the rows of the sources with global ids first … last − 1.

    Parameters
    ----------
    plan : Rules
    lists : Lists
    room : Room
    first, last : int
    counts : (n_neurons,) int64
        Added to.

    Returns
    -------
    int
        Synapses onto twins among them.
    """
    onto_twins = 0
    base = 0
    for population in range(plan.n_sources.size):
        size = plan.n_sources[population]
        for p in range(plan.first_rule[population], plan.first_rule[population + 1]):
            for source in range(max(first - base, 0), min(last - base, size)):
                n = row_of(plan, p, source, lists, room)
                counts[base + source] += n
                if plan.rules[p, TWIN] < 0:
                    continue
                for i in range(n):
                    if _twin(plan, plan.rules[p], room.targets[i]) >= 0:
                        counts[base + source] += 1
                        onto_twins += 1
        base += size
    return onto_twins


@numba.njit(cache=True, nogil=True, inline="always")
def _weight(plan, p, major, minor, index):
    """Return the strength of one synapse."""
    rule, law = plan.rules[p], plan.laws[p]
    kind = rule[WEIGHT_KIND]
    if kind == CONSTANT:
        return law[W_A]
    if kind == ARRAY:
        return plan.weights[rule[WEIGHT_PLACE] + index]
    u = open_unit(squares(counter(major, minor), plan.keys[p, KEY_WEIGHTS]))
    u = law[W_LOW] + u * (law[W_HIGH] - law[W_LOW])
    if kind == UNIFORM:
        return law[W_A] + law[W_B] * u
    z = law[W_A] + law[W_B] * normal_quantile(u)
    return law[W_SIGN] * (math.exp(z) if kind == LOG_NORMAL else z)


@numba.njit(cache=True, nogil=True, inline="always")
def _delay(plan, p, major, minor, index):
    """Return the column of one synapse's delay."""
    rule = plan.rules[p]
    place = rule[DELAY_PLACE]
    kind = rule[DELAY_KIND]
    if kind == CONSTANT:
        return plan.delay_columns[place]
    if kind == ARRAY:
        return plan.delay_columns[place + index]
    bits = squares(counter(major, minor), plan.keys[p, KEY_DELAYS])
    k = plan.delay_guide[rule[DELAY_GUIDE], np.int64(bits >> _GUIDE_SHIFT)]
    while bits >= plan.delay_law[place + k]:
        k += 1
    return plan.delay_columns[place + k]


@numba.njit(cache=True, nogil=True, inline="always")
def _gather(plan, p, source, lists, room, n):
    """Append the synapses of one source in projection p to its row; return its new length."""
    rule = plan.rules[p]
    slots, columns, weights = room.slots, room.columns, room.weights
    for i in range(row_of(plan, p, source, lists, room)):
        target, minor = room.targets[i], room.minors[i]
        index = source * rule[N_TARGETS] + target if rule[RULE] == ALL else minor
        major = target if rule[RULE] == IN_DEGREE else source
        weight = _weight(plan, p, major, minor, index)
        column = _delay(plan, p, major, minor, index)
        slots[n] = rule[SLOT] + target - rule[OWN_FIRST]
        columns[n] = column
        weights[n] = weight
        n += 1
        twin = _twin(plan, rule, target)
        if twin >= 0:
            slots[n] = rule[TWIN_SLOT] + twin + (rule[N_TWINS] if weight < 0.0 else 0)
            columns[n] = column
            weights[n] = weight
            n += 1
    return n


@numba.njit(cache=True, nogil=True)
def _store(room, n, start, segment, targets, weights):
    """Move a row of n synapses into the table, ordered by delay, else as it is."""
    n_columns = segment.size - 1
    segment[:] = 0
    for i in range(n):
        segment[room.columns[i] + 1] += 1
    for j in range(n_columns):
        segment[j + 1] += segment[j]
    for i in range(n):
        column = room.columns[i]
        place = start + segment[column]
        segment[column] += 1
        targets[place] = room.slots[i]
        weights[place] = room.weights[i]
    for j in range(n_columns, 0, -1):
        segment[j] = segment[j - 1]
    segment[0] = 0


@numba.njit(cache=True, nogil=True)
def fill_rows(plan, lists, room, first, last, table):
    """Fill the rows of the sources with global ids first … last − 1 of a synapse table.

    Parameters
    ----------
    plan : Rules
    lists : Lists
    room : Room
    first, last : int
    table : Table
        Its `start` holds where each row begins.
    """
    base = 0
    for population in range(plan.n_sources.size):
        for source in range(max(first - base, 0), min(last - base, plan.n_sources[population])):
            n = np.int64(0)
            for p in range(plan.first_rule[population], plan.first_rule[population + 1]):
                n = _gather(plan, p, source, lists, room, n)
            row = base + source
            _store(room, n, table.start[row], table.segment[row], table.targets, table.weights)
        base += plan.n_sources[population]
