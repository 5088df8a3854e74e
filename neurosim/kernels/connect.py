"""From rows of targets to synapse tables: weights, delays, and each row in order of delay."""

import math

import numpy as np

from neurosim.kernels.address import addressed, call_addressed
from neurosim.kernels.compiled import helper, inline
from neurosim.kernels.normal import normal_quantiles
from neurosim.kernels.random import counter, open_unit, squares
from neurosim.kernels.random_rows import (
    ALL,
    ARRAY,
    CONSTANT,
    DELAY_GUIDE,
    DELAY_KIND,
    DELAY_PLACE,
    FIRST_PROBE,
    GUIDE_BITS,
    IN_DEGREE,
    KEY_DELAYS,
    KEY_WEIGHTS,
    LIST,
    LIST_FIRST,
    LOG_NORMAL,
    N_PROBES,
    N_TARGETS,
    OWN_FIRST,
    PROBE_SLOT,
    RULE,
    SLOT,
    TARGET_VIEW,
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


@inline
def probe_index(plan, rule, target):
    """Return the place of a target's probe, or −1."""
    if rule[FIRST_PROBE] < 0:
        return -1
    return plan.probes[rule[FIRST_PROBE] + target - rule[OWN_FIRST]]


@helper
def _draw(bits, majors, minors, key):
    """Draw random bits for synapses of given identities."""
    for i in range(bits.size):
        bits[i] = squares(counter(majors[i], minors[i]), key)


@helper
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


@helper
def entry_of_law(bits, guide, law):
    """Return the entry of a law of delays that random bits mean."""
    k = guide[np.int64(bits >> _GUIDE_SHIFT)]
    while bits >= law[k]:
        k += 1
    return k


@helper
def _postpone(columns, bits, guide, law, support):
    """Turn random bits into columns of delays."""
    for i in range(columns.size):
        columns[i] = support[entry_of_law(bits[i], guide, law)]


@addressed
def draw_weights(frame, p, at, n, _a, _b):
    """Draw the weights of the n synapses whose identities are in the work.

    The frame holds `Rules` and `Workspace`, as those of `draw_delays` and of `draw_targets`.
    """
    plan, work = tables_at(frame)
    bits = work.bits[:n]
    _draw(bits, work.majors, work.minors, plan.keys[p, KEY_WEIGHTS])
    kind = plan.rules[p, WEIGHT_KIND]
    _weigh(work.weights[at : at + n], bits, kind, plan.laws[p], work.tails, work.kept)
    return n


@addressed
def draw_delays(frame, p, at, n, _a, _b):
    """Draw the delays of the n synapses whose identities are in the work, as columns."""
    plan, work = tables_at(frame)
    rule, bits = plan.rules[p], work.bits[:n]
    _draw(bits, work.majors, work.minors, plan.keys[p, KEY_DELAYS])
    place = rule[DELAY_PLACE]
    law, support = plan.delay_law[place:], plan.delay_columns[place:]
    _postpone(work.columns[at : at + n], bits, plan.delay_guide[rule[DELAY_GUIDE]], law, support)
    return n


@inline
def find_weights(plan, p, given, work, at, n):
    """Find the weights of the synapses whose identities are in `room`, maybe among `given`."""
    kind = plan.rules[p, WEIGHT_KIND]
    if kind == CONSTANT:
        for i in range(n):
            work.weights[at + i] = plan.laws[p, W_A]
    elif kind == ARRAY:
        for i in range(n):
            work.weights[at + i] = given[work.places[i]]
    else:
        call_addressed(work.drawing[1, 0], work.drawing[1, 1], p, at, n, 0, 0)


@inline
def find_delays(plan, p, work, at, n):
    """Find the delays of the synapses whose identities are in `room`, as columns of the table."""
    rule = plan.rules[p]
    kind, place = rule[DELAY_KIND], rule[DELAY_PLACE]
    if kind == CONSTANT:
        for i in range(n):
            work.columns[at + i] = plan.delay_columns[place]
    elif kind == ARRAY:
        for i in range(n):
            work.columns[at + i] = plan.delay_columns[place + work.places[i]]
    else:
        call_addressed(work.drawing[2, 0], work.drawing[2, 1], p, at, n, 0, 0)


@inline
def identify(rule, source, work, n):
    """Find the identities of the n synapses in `room`: major part, and place among given values."""
    in_degree, all_to_all = rule[RULE] == IN_DEGREE, rule[RULE] == ALL
    for i in range(n):
        target = work.targets[i]
        work.majors[i] = target if in_degree else source
        work.places[i] = source * rule[N_TARGETS] + target if all_to_all else work.minors[i]


@helper
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
        Of `Rules`, `Lists` and `Workspace`.
    p : int
    source : int
        Number among the sources of the projection.
    n : int
        Place of the first one's delay and weight in the work.
    only_targets : int
        Whether targets are enough, without delays and weights.
    spread : int
        Whether delays and weights come one row's length later, so that there is room to insert
        synapses onto probes.

    Returns
    -------
    int
        Number of synapses. Their targets are in the work.
    """
    plan, lists, work = tables_at(frame)
    own = row_of(plan, p, source, lists, work)
    if only_targets:
        return own
    rule = plan.rules[p]
    identify(rule, source, work, own)
    at = n + own if spread else n
    find_weights(plan, p, plan.weights[rule[WEIGHT_PLACE] :], work, at, own)
    find_delays(plan, p, work, at, own)
    return own


@addressed
def count_rows(frame, draw, draw_frame, first, last, _):
    """Count the synapses in the rows of the sources with global ids first … last − 1.

    Parameters
    ----------
    frame : Frame
        Of `Rules`, `Lists`, `Workspace` and the counts, (n_neurons,) int64, which are added to. In
        `Lists` the rows of in-degree rules onto neurons without probes may have a length alone.
    draw, draw_frame : int
        Addresses of `draw_row` and of its frame.
    first, last : int

    Returns
    -------
    int
        Synapses onto probes among them.
    """
    plan, lists, work, counts = tables_at(frame)
    onto_probes = 0
    base = 0
    for population in range(plan.n_sources.size):
        size = plan.n_sources[population]
        for p in range(plan.first_rule[population], plan.first_rule[population + 1]):
            rule = plan.rules[p]
            for neuron in range(max(first - base, 0), min(last - base, size)):
                source = number_of_source(rule, plan.views, neuron)
                if source < 0:
                    continue
                if rule[RULE] == IN_DEGREE and rule[FIRST_PROBE] < 0:
                    row = rule[LIST] + source - rule[LIST_FIRST]
                    counts[base + neuron] += lists.start[row + 1] - lists.start[row]
                    continue
                n = call_addressed(draw, draw_frame, p, source, 0, 1, 0)
                counts[base + neuron] += n
                if rule[FIRST_PROBE] < 0:
                    continue
                for i in range(n):
                    if probe_index(plan, rule, work.targets[i]) >= 0:
                        counts[base + neuron] += 1
                        onto_probes += 1
        base += size
    return onto_probes


@inline
def _append(plan, p, work, n, own):
    """Append `own` synapses, which `draw_row` drew, to a row of n; return its new length."""
    rule = plan.rules[p]
    slots, columns, weights = work.slots, work.columns, work.weights
    if rule[FIRST_PROBE] < 0:
        for i in range(own):
            slots[n + i] = slot_of(rule, plan.views, work.targets[i])
        return n + own
    # A synapse onto a probe follows the one it copies.
    at = n + own
    for i in range(own):
        column, weight = columns[at + i], weights[at + i]
        slots[n] = slot_of(rule, plan.views, work.targets[i])
        columns[n] = column
        weights[n] = weight
        n += 1
        probe = probe_index(plan, rule, work.targets[i])
        if probe >= 0:
            slots[n] = rule[PROBE_SLOT] + probe + (rule[N_PROBES] if weight < 0.0 else 0)
            columns[n] = column
            weights[n] = weight
            n += 1
    return n


@helper
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
        Of `Rules`, `Workspace` and `Table`, whose `start` holds where each row begins.
    draw, draw_frame : int
        Addresses of `draw_row` and of its frame.
    first, last : int
    """
    plan, work, table = tables_at(frame)
    base = 0
    for population in range(plan.n_sources.size):
        for neuron in range(max(first - base, 0), min(last - base, plan.n_sources[population])):
            n = np.int64(0)
            for p in range(plan.first_rule[population], plan.first_rule[population + 1]):
                rule = plan.rules[p]
                source = number_of_source(rule, plan.views, neuron)
                if source < 0:
                    continue
                spread = np.int64(rule[FIRST_PROBE] >= 0)
                own = call_addressed(draw, draw_frame, p, source, n, 0, spread)
                n = _append(plan, p, work, n, own)
            row = base + neuron
            _store(
                n, table.start[row], work.columns, work.slots, work.weights, table.segment[row],
                table.targets, table.weights,
            )  # fmt: skip
        base += plan.n_sources[population]
    return 0
