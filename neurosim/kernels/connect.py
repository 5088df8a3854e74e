"""From rows of targets to synapse tables: weights, delays, and each row in order of delay."""

import math

import numpy as np

from neurosim.kernels.address import addressed, call_addressed
from neurosim.kernels.compiled import inlined, part
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
from neurosim.kernels.tables import tables_at

_GUIDE_SHIFT = np.uint64(64 - GUIDE_BITS)


@inlined
def twin_of(plan, rule, target):
    """Return the place of a target's twin, or −1."""
    if rule[TWIN] < 0:
        return -1
    return plan.twins[rule[TWIN] + target - rule[OWN_FIRST]]


@part
def _draw(bits, majors, minors, key):
    """Draw random bits for synapses of given identities."""
    for i in range(bits.size):
        bits[i] = squares(counter(majors[i], minors[i]), key)


@part
def _weigh(weights, bits, kind, law, tails, kept):
    """Turn random bits into strengths; `tails` and `kept` as for `normal_quantiles`."""
    low, span = law[W_LOW], law[W_HIGH] - law[W_LOW]
    for i in range(weights.size):
        weights[i] = low + open_unit(bits[i]) * span
    if kind == UNIFORM:
        for i in range(weights.size):
            weights[i] = law[W_A] + law[W_B] * weights[i]
        return
    normal_quantiles(weights, tails, kept)
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


@addressed
def draw_weights(frame, p, at, n, _a, _b):
    """Draw the weights of the n synapses whose identities are in the room.

    The frame holds `Rules` and `Room`, as those of `draw_delays` and of `draw_targets`.
    """
    plan, room = tables_at(frame)
    bits = room.bits[:n]
    _draw(bits, room.majors, room.minors, plan.keys[p, KEY_WEIGHTS])
    kind = plan.rules[p, WEIGHT_KIND]
    _weigh(room.weights[at : at + n], bits, kind, plan.laws[p], room.tails, room.kept)
    return n


@addressed
def draw_delays(frame, p, at, n, _a, _b):
    """Draw the delays of the n synapses whose identities are in the room, as columns."""
    plan, room = tables_at(frame)
    rule, bits = plan.rules[p], room.bits[:n]
    _draw(bits, room.majors, room.minors, plan.keys[p, KEY_DELAYS])
    place = rule[DELAY_PLACE]
    law, support = plan.delay_law[place:], plan.delay_columns[place:]
    _postpone(room.columns[at : at + n], bits, plan.delay_guide[rule[DELAY_GUIDE]], law, support)
    return n


@inlined
def find_weights(plan, p, given, room, at, n):
    """Find the weights of the synapses whose identities are in `room`, maybe among `given`."""
    kind = plan.rules[p, WEIGHT_KIND]
    if kind == CONSTANT:
        for i in range(n):
            room.weights[at + i] = plan.laws[p, W_A]
    elif kind == ARRAY:
        for i in range(n):
            room.weights[at + i] = given[room.places[i]]
    else:
        call_addressed(room.drawing[1, 0], room.drawing[1, 1], p, at, n, 0, 0)


@inlined
def find_delays(plan, p, room, at, n):
    """Find the delays of the synapses whose identities are in `room`, as columns of the table."""
    rule = plan.rules[p]
    kind, place = rule[DELAY_KIND], rule[DELAY_PLACE]
    if kind == CONSTANT:
        for i in range(n):
            room.columns[at + i] = plan.delay_columns[place]
    elif kind == ARRAY:
        for i in range(n):
            room.columns[at + i] = plan.delay_columns[place + room.places[i]]
    else:
        call_addressed(room.drawing[2, 0], room.drawing[2, 1], p, at, n, 0, 0)


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


@addressed
def draw_row(frame, p, source, n, only_targets, spread):
    """Draw the synapses of one source in projection p.

    Parameters
    ----------
    frame : Frame
        Of `Rules`, `Lists` and `Room`.
    p : int
    source : int
        Number among the sources of the projection.
    n : int
        Place of the first one's delay and weight in the room.
    only_targets : int
        Whether targets are enough, without delays and weights.
    spread : int
        Whether delays and weights come one row's length later, so that there is room to insert
        synapses onto twins.

    Returns
    -------
    int
        Number of synapses. Their targets are in the room.
    """
    plan, lists, room = tables_at(frame)
    own = row_of(plan, p, source, lists, room)
    if only_targets:
        return own
    rule = plan.rules[p]
    identify(rule, source, room, own)
    at = n + own if spread else n
    find_weights(plan, p, plan.weights[rule[WEIGHT_PLACE] :], room, at, own)
    find_delays(plan, p, room, at, own)
    return own


@addressed
def count_rows(frame, draw, draw_frame, first, last, _):
    """Count the synapses in the rows of the sources with global ids first … last − 1.

    Parameters
    ----------
    frame : Frame
        Of `Rules`, `Lists`, `Room` and the counts, (n_neurons,) int64, which are added to. In
        `Lists` the rows of in-degree rules onto neurons without twins may have a length alone.
    draw, draw_frame : int
        Addresses of `draw_row` and of its frame.
    first, last : int

    Returns
    -------
    int
        Synapses onto twins among them.
    """
    plan, lists, room, counts = tables_at(frame)
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
                n = call_addressed(draw, draw_frame, p, source, 0, 1, 0)
                counts[base + neuron] += n
                if rule[TWIN] < 0:
                    continue
                for i in range(n):
                    if twin_of(plan, rule, room.targets[i]) >= 0:
                        counts[base + neuron] += 1
                        onto_twins += 1
        base += size
    return onto_twins


@inlined
def _append(plan, p, room, n, own):
    """Append `own` synapses, which `draw_row` drew, to a row of n; return its new length."""
    rule = plan.rules[p]
    slots, columns, weights = room.slots, room.columns, room.weights
    if rule[TWIN] < 0:
        for i in range(own):
            slots[n + i] = slot_of(rule, plan.views, room.targets[i])
        return n + own
    # A synapse onto a twin follows the one it copies.
    at = n + own
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
def _store(n, start, columns, slots, strong, segment, targets, weights):
    """Move a row of n synapses into the table, ordered by delay, else as it is."""
    n_columns = segment.size - 1
    segment[:] = 0
    for i in range(n):
        segment[columns[i] + 1] += 1
    for j in range(n_columns):
        segment[j + 1] += segment[j]
    for i in range(n):
        column = columns[i]
        place = start + segment[column]
        segment[column] += 1
        targets[place] = slots[i]
        if weights.size > 0:
            weights[place] = strong[i]
    for j in range(n_columns, 0, -1):
        segment[j] = segment[j - 1]
    segment[0] = 0


@addressed
def fill_rows(frame, draw, draw_frame, first, last, _):
    """Fill the rows of the sources with global ids first … last − 1 of a synapse table.

    Parameters
    ----------
    frame : Frame
        Of `Rules`, `Room` and `Table`, whose `start` holds where each row begins.
    draw, draw_frame : int
        Addresses of `draw_row` and of its frame.
    first, last : int
    """
    plan, room, table = tables_at(frame)
    base = 0
    for population in range(plan.n_sources.size):
        for neuron in range(max(first - base, 0), min(last - base, plan.n_sources[population])):
            n = np.int64(0)
            for p in range(plan.first_rule[population], plan.first_rule[population + 1]):
                rule = plan.rules[p]
                source = number_of_source(rule, plan.views, neuron)
                if source < 0:
                    continue
                spread = np.int64(rule[TWIN] >= 0)
                own = call_addressed(draw, draw_frame, p, source, n, 0, spread)
                n = _append(plan, p, room, n, own)
            row = base + neuron
            _store(
                n, table.start[row], room.columns, room.slots, room.weights, table.segment[row],
                table.targets, table.weights,
            )  # fmt: skip
        base += plan.n_sources[population]
    return 0
