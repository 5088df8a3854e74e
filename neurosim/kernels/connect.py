"""Synapse tables from rows of targets.

Weights and delays are added, and each row is sorted by delay.
"""

import math

import numpy as np

from neurosim.kernels.address import addressed, call_addressed, call_entry
from neurosim.kernels.compiled import helper, inline
from neurosim.kernels.normal import normal_quantiles
from neurosim.kernels.random import counter, open_unit, squares
from neurosim.kernels.random_rows import (
    ALL,
    ARRAY,
    CONSTANT,
    GUIDE_BITS,
    IN_DEGREE,
    LOG_NORMAL,
    UNIFORM,
    row_of,
    source_number,
)
from neurosim.kernels.tables import tables_at

_GUIDE_SHIFT = np.uint64(64 - GUIDE_BITS)


@inline
def probe_index(plan, rule, target):
    """Return the index of a target's E/I probes, or −1."""
    if rule.first_probe < 0:
        return -1
    return plan.probes[rule.first_probe + target - rule.first_target]


@inline
def probe_slot(rule, probe, weight):
    """Return the slot of an E/I probe for synapses of this sign."""
    return rule.probe_slot + probe + (rule.n_probes if weight < 0.0 else 0)


@helper
def _draw(bits, majors, minors, key):
    """Draw random bits for synapses, given the two counters that identify each."""
    for i in range(bits.size):
        bits[i] = squares(counter(majors[i], minors[i]), key)


@helper
def _sample_weights(weights, bits, rule, tails, kept):
    """Convert random bits to weights; `tails` and `kept` as for `normal_quantiles`."""
    low, span = rule.weight_low, rule.weight_high - rule.weight_low
    a, b, sign = rule.weight_a, rule.weight_b, rule.weight_sign
    # Uniform numbers between the quantiles of the bounds give the truncated distribution.
    for i in range(weights.size):
        weights[i] = low + open_unit(bits[i]) * span
    if rule.weight_kind == UNIFORM:
        for i in range(weights.size):
            weights[i] = a + b * weights[i]
        return
    normal_quantiles(weights, tails, kept)
    log_normal = rule.weight_kind == LOG_NORMAL
    for i in range(weights.size):
        z = a + b * weights[i]
        weights[i] = sign * (math.exp(z) if log_normal else z)


@helper
def delay_entry(bits, guide, cdf):
    """Return the entry of a delay distribution for random bits."""
    # The guide skips to the first entry that the leading bits allow.
    k = guide[np.int64(bits >> _GUIDE_SHIFT)]
    while bits >= cdf[k]:
        k += 1
    return k


@helper
def _sample_delays(columns, bits, guide, cdf, support):
    """Convert random bits to columns of delays."""
    for i in range(columns.size):
        columns[i] = support[delay_entry(bits[i], guide, cdf)]


@addressed
def draw_weights(frame, p, at, n, _a, _b):
    """Draw the weights of the n synapses listed in the workspace.

    The two counters that identify a synapse select its random number. The frame holds
    `Rules` and `Workspace`, as for `draw_delays` and `draw_targets`.
    """
    plan, work = tables_at(frame)
    rule, bits = plan.rules[p], work.bits[:n]
    _draw(bits, work.majors, work.minors, rule.weight_key)
    _sample_weights(work.weights[at : at + n], bits, rule, work.tails, work.kept)
    return n


@addressed
def draw_delays(frame, p, at, n, _a, _b):
    """Draw the delays of the n synapses in the workspace, as columns of the table."""
    plan, work = tables_at(frame)
    rule, bits = plan.rules[p], work.bits[:n]
    _draw(bits, work.majors, work.minors, rule.delay_key)
    cdf, support = plan.delay_cdf[rule.first_delay :], plan.delay_columns[rule.first_delay :]
    guide = plan.delay_guides[rule.delay_guide]
    _sample_delays(work.columns[at : at + n], bits, guide, cdf, support)
    return n


@inline
def find_weights(plan, p, given, work, at, n):
    """Write the weights of the synapses in `work`.

    The weights may be among the `given` ones.
    """
    rule = plan.rules[p]
    if rule.weight_kind == CONSTANT:
        for i in range(n):
            work.weights[at + i] = rule.weight_a
    elif rule.weight_kind == ARRAY:
        for i in range(n):
            work.weights[at + i] = given[work.indices[i]]
    else:
        call_entry(work.drawing, 1, p, at, n, 0, 0)


@inline
def find_delays(plan, p, work, at, n):
    """Write the delays of the synapses in `work`, as columns of the table."""
    rule = plan.rules[p]
    kind, first = rule.delay_kind, rule.first_delay
    if kind == CONSTANT:
        for i in range(n):
            work.columns[at + i] = plan.delay_columns[first]
    elif kind == ARRAY:
        for i in range(n):
            work.columns[at + i] = plan.delay_columns[first + work.indices[i]]
    else:
        call_entry(work.drawing, 2, p, at, n, 0, 0)


@inline
def identify(rule, source, work, n):
    """Write the identities of the n synapses, and their indices among given values."""
    # Synapses of in-degree rules were drawn by target, so the target identifies them.
    in_degree, all_to_all = rule.kind == IN_DEGREE, rule.kind == ALL
    for i in range(n):
        target = work.targets[i]
        work.majors[i] = target if in_degree else source
        work.indices[i] = source * rule.n_targets + target if all_to_all else work.minors[i]


@helper
def slot_of(rule, views, target):
    """Return the slot of a target on this thread."""
    offset = target - rule.first_target
    if rule.target_view >= 0:
        offset = views[rule.target_view + offset]
    return rule.slot + offset


@addressed
def draw_row(frame, p, source, n, only_targets, spread):
    """Draw the synapses of one source in projection p.

    Parameters
    ----------
    frame : Frame
        Holds `Rules`, `Lists` and `Workspace`.
    p : int
    source : int
        Number among the sources of the projection.
    n : int
        Index of the first delay and weight in the workspace.
    only_targets : int
        Whether to omit delays and weights.
    spread : int
        Whether to store delays and weights one row length later, which leaves space for synapses
        onto E/I probes.

    Returns
    -------
    int
        Number of synapses. Their targets are in the workspace.
    """
    plan, lists, work = tables_at(frame)
    n_new = row_of(plan, p, source, lists, work)
    if only_targets:
        return n_new
    rule = plan.rules[p]
    identify(rule, source, work, n_new)
    at = n + n_new if spread else n
    find_weights(plan, p, plan.weights[rule.first_weight :], work, at, n_new)
    find_delays(plan, p, work, at, n_new)
    return n_new


@addressed
def count_rows(frame, draw, draw_frame, first, last, _):
    """Count the synapses in the rows of the sources with ids `first` to `last` − 1.

    Parameters
    ----------
    frame : Frame
        Holds `Rules`, `Lists`, `Workspace` and the counts, (n_neurons,) int64, which are
        incremented. Rows of in-degree rules onto neurons without E/I probes need only a length in
        `Lists`.
    draw, draw_frame : int
        Addresses of `draw_row` and of its frame.
    first, last : int

    Returns
    -------
    int
        Number of synapses onto E/I probes among them.
    """
    plan, lists, work, counts = tables_at(frame)
    onto_probes = 0
    base = 0
    for population in range(plan.n_sources.size):
        size = plan.n_sources[population]
        for p in range(plan.first_rule[population], plan.first_rule[population + 1]):
            rule = plan.rules[p]
            for neuron in range(max(first - base, 0), min(last - base, size)):
                source = source_number(rule, plan.views, neuron)
                if source < 0:
                    continue
                # Lengths of listed rows are known without drawing.
                if rule.kind == IN_DEGREE and rule.first_probe < 0:
                    row = rule.first_row + source - rule.first_listed
                    counts[base + neuron] += lists.start[row + 1] - lists.start[row]
                    continue
                n = call_addressed(draw, draw_frame, p, source, 0, 1, 0)
                counts[base + neuron] += n
                if rule.first_probe < 0:
                    continue
                for i in range(n):
                    if probe_index(plan, rule, work.targets[i]) >= 0:
                        counts[base + neuron] += 1
                        onto_probes += 1
        base += size
    return onto_probes


@inline
def _append_row(plan, p, work, n, n_new):
    """Append `n_new` synapses from `draw_row` to a row of n; return the new length."""
    rule = plan.rules[p]
    slots, columns, weights = work.slots, work.columns, work.weights
    if rule.first_probe < 0:
        for i in range(n_new):
            slots[n + i] = slot_of(rule, plan.views, work.targets[i])
        return n + n_new
    # A synapse onto an E/I probe follows the one it copies.
    at = n + n_new
    for i in range(n_new):
        column, weight = columns[at + i], weights[at + i]
        slots[n] = slot_of(rule, plan.views, work.targets[i])
        columns[n] = column
        weights[n] = weight
        n += 1
        probe = probe_index(plan, rule, work.targets[i])
        if probe >= 0:
            slots[n] = probe_slot(rule, probe, weight)
            columns[n] = column
            weights[n] = weight
            n += 1
    return n


@helper
def _store(n, start, columns, slots, row_weights, segment, targets, weights):
    """Store a row of n synapses in the table.

    The order is stable by column (counting sort).
    """
    n_columns = segment.size - 1
    segment[:] = 0
    for i in range(n):
        segment[columns[i] + 1] += 1
    for j in range(n_columns):
        segment[j + 1] += segment[j]
    # segment[c] is the start of column c; it is incremented as synapses are stored.
    for i in range(n):
        column = columns[i]
        index = start + segment[column]
        segment[column] += 1
        targets[index] = slots[i]
        if weights.size > 0:
            weights[index] = row_weights[i]
    # Each entry is now the start of the next column: shift them back.
    for j in range(n_columns, 0, -1):
        segment[j] = segment[j - 1]
    segment[0] = 0


@addressed
def fill_rows(frame, draw, draw_frame, first, last, _):
    """Fill the rows of the sources with ids `first` to `last` − 1 of a synapse table.

    Parameters
    ----------
    frame : Frame
        Holds `Rules`, `Workspace` and `Table`, whose `start` is set.
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
                source = source_number(rule, plan.views, neuron)
                if source < 0:
                    continue
                spread = np.int64(rule.first_probe >= 0)
                n_new = call_addressed(draw, draw_frame, p, source, n, 0, spread)
                n = _append_row(plan, p, work, n, n_new)
            row = base + neuron
            _store(
                n, table.start[row], work.columns, work.slots, work.weights, table.segment[row],
                table.targets, table.weights,
            )  # fmt: skip
        base += plan.n_sources[population]
    return 0
