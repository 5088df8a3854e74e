"""From rows of targets to synapse tables: weights, delays, and each row in order of delay."""

import math

import numpy as np

from neurosim.kernels.compiled import inlined, kernel, part
from neurosim.kernels.normal import normal_quantiles
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
    LIST,
    LIST_FIRST,
    LOG_NORMAL,
    N_TARGETS,
    N_TWINS,
    OWN_FIRST,
    RULE,
    SLOT,
    TARGET_VIEW,
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
    number_of_source,
    row_of,
)

_GUIDE_SHIFT = np.uint64(64 - GUIDE_BITS)


@inlined
def twin_of(plan, rule, target):
    """Return the place of a target's twin, or −1."""
    if rule[TWIN] < 0:
        return -1
    return plan.twins[rule[TWIN] + target - rule[OWN_FIRST]]


@kernel
def count_rows(plan, lists, room, first, last, counts):
    """Count the synapses in the rows of the sources with global ids first … last − 1.

    Parameters
    ----------
    plan : Rules
    lists : Lists
        Rows of in-degree rules onto neurons without twins may have a length alone.
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
            rule = plan.rules[p]
            for neuron in range(max(first - base, 0), min(last - base, size)):
                source = number_of_source(rule, plan.views, neuron)
                if source < 0:
                    continue
                if rule[RULE] == IN_DEGREE and rule[TWIN] < 0:
                    row = rule[LIST] + source - rule[LIST_FIRST]
                    counts[base + neuron] += lists.start[row + 1] - lists.start[row]
                    continue
                n = row_of(plan, p, source, lists, room)
                counts[base + neuron] += n
                if rule[TWIN] < 0:
                    continue
                for i in range(n):
                    if twin_of(plan, rule, room.targets[i]) >= 0:
                        counts[base + neuron] += 1
                        onto_twins += 1
        base += size
    return onto_twins


@part
def _draw(bits, majors, minors, key):
    """Draw random bits for synapses of given identities."""
    for i in range(bits.size):
        bits[i] = squares(counter(majors[i], minors[i]), key)


@part
def _weigh(weights, bits, kind, law):
    """Turn random bits into strengths."""
    low, span = law[W_LOW], law[W_HIGH] - law[W_LOW]
    for i in range(weights.size):
        weights[i] = low + open_unit(bits[i]) * span
    if kind == UNIFORM:
        for i in range(weights.size):
            weights[i] = law[W_A] + law[W_B] * weights[i]
        return
    normal_quantiles(weights)
    for i in range(weights.size):
        z = law[W_A] + law[W_B] * weights[i]
        weights[i] = law[W_SIGN] * (math.exp(z) if kind == LOG_NORMAL else z)


@part
def entry_of_law(bits, guide, law):
    """Return the entry of a law of delays that random bits mean."""
    k = guide[np.int64(bits >> _GUIDE_SHIFT)]
    while bits >= law[k]:
        k += 1
    return k


@part
def _postpone(columns, bits, guide, law, support):
    """Turn random bits into columns of delays."""
    for i in range(columns.size):
        columns[i] = support[entry_of_law(bits[i], guide, law)]


@inlined
def strengths(plan, p, given, room, weights):
    """Find the strengths of the synapses whose identities are in `room`, maybe among `given`."""
    rule = plan.rules[p]
    kind = rule[WEIGHT_KIND]
    if kind == CONSTANT:
        weights[:] = plan.laws[p, W_A]
    elif kind == ARRAY:
        for i in range(weights.size):
            weights[i] = given[room.places[i]]
    else:
        bits = room.bits[: weights.size]
        _draw(bits, room.majors, room.minors, plan.keys[p, KEY_WEIGHTS])
        _weigh(weights, bits, kind, plan.laws[p])


@inlined
def columns_of(plan, p, room, columns):
    """Find the delays of the synapses whose identities are in `room`, as columns of the table."""
    rule = plan.rules[p]
    kind = rule[DELAY_KIND]
    support = plan.delay_columns[rule[DELAY_PLACE] :]
    if kind == CONSTANT:
        columns[:] = support[0]
    elif kind == ARRAY:
        for i in range(columns.size):
            columns[i] = support[room.places[i]]
    else:
        bits = room.bits[: columns.size]
        _draw(bits, room.majors, room.minors, plan.keys[p, KEY_DELAYS])
        law = plan.delay_law[rule[DELAY_PLACE] :]
        _postpone(columns, bits, plan.delay_guide[rule[DELAY_GUIDE]], law, support)


@inlined
def identify(rule, source, room, n):
    """Find the identities of the n synapses in `room`: major part, and place among given values."""
    in_degree, all_to_all = rule[RULE] == IN_DEGREE, rule[RULE] == ALL
    for i in range(n):
        target = room.targets[i]
        room.majors[i] = target if in_degree else source
        room.places[i] = source * rule[N_TARGETS] + target if all_to_all else room.minors[i]


@part
def slot_of(rule, views, target):
    """Return the slot of an own target."""
    place = target - rule[OWN_FIRST]
    if rule[TARGET_VIEW] >= 0:
        place = views[rule[TARGET_VIEW] + place]
    return rule[SLOT] + place


@inlined
def _gather(plan, p, source, lists, room, n):
    """Append the synapses of one source in projection p to its row; return its new length."""
    rule = plan.rules[p]
    own = row_of(plan, p, source, lists, room)
    identify(rule, source, room, own)
    # A synapse onto a twin follows the one it copies, so that a row with twins is spread out.
    spread = rule[TWIN] >= 0
    at = n + own if spread else n
    slots, columns, weights = room.slots, room.columns, room.weights
    strengths(plan, p, plan.weights[rule[WEIGHT_PLACE] :], room, weights[at : at + own])
    columns_of(plan, p, room, columns[at : at + own])
    if not spread:
        for i in range(own):
            slots[n + i] = slot_of(rule, plan.views, room.targets[i])
        return n + own
    for i in range(own):
        column, weight = columns[at + i], weights[at + i]
        slots[n] = slot_of(rule, plan.views, room.targets[i])
        columns[n] = column
        weights[n] = weight
        n += 1
        twin = twin_of(plan, rule, room.targets[i])
        if twin >= 0:
            slots[n] = rule[TWIN_SLOT] + twin + (rule[N_TWINS] if weight < 0.0 else 0)
            columns[n] = column
            weights[n] = weight
            n += 1
    return n


@part
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
        if weights.size > 0:
            weights[place] = room.weights[i]
    for j in range(n_columns, 0, -1):
        segment[j] = segment[j - 1]
    segment[0] = 0


@kernel
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
        for neuron in range(max(first - base, 0), min(last - base, plan.n_sources[population])):
            n = np.int64(0)
            for p in range(plan.first_rule[population], plan.first_rule[population + 1]):
                source = number_of_source(plan.rules[p], plan.views, neuron)
                if source >= 0:
                    n = _gather(plan, p, source, lists, room, n)
            row = base + neuron
            _store(room, n, table.start[row], table.segment[row], table.targets, table.weights)
        base += plan.n_sources[population]
