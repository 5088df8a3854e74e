"""Rows of targets from connection rules, one source at a time.

Each random number is a function of the projection's key and of the synapse's index in its row. So
every thread can generate the synapses onto its neurons independently. Rows are generated twice:
first to count the synapses, then to fill the table.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from neurosim.kernels.address import addressed, call_entry
from neurosim.kernels.compiled import helper, inline, kernel
from neurosim.kernels.random import below, counter, open_unit, squares
from neurosim.kernels.tables import record, tables_at

# Kinds of connection rule.
ALL, ONE, PROBABILITY, OUT_DEGREE, LISTED, IN_DEGREE = range(6)
# Kinds of weights and delays. A delay from a distribution is drawn from a cumulative table.
CONSTANT, ARRAY, NORMAL, LOG_NORMAL, UNIFORM, TABLE = range(6)

GUIDE_BITS = 12
"""Leading bits of a random number that index the guide table of a delay distribution."""

RULE = record(
    kind=np.int64,
    n_targets=np.int64,
    first_target=np.int64,  # the thread's targets
    stop_target=np.int64,
    slot=np.int64,  # of the first target
    first_probe=np.int64,  # first entry in `probes`; -1 without E/I probes
    probe_slot=np.int64,  # of the first E/I probe
    n_probes=np.int64,  # for excitation; as many follow for inhibition
    first_source=np.int64,  # number of the first source in its population
    source_span=np.int64,  # from the first to the last source
    source_view=np.int64,  # first entry in `views`, or -1 (also for the next two)
    target_view=np.int64,
    self_view=np.int64,
    no_autapses=np.int64,
    distinct=np.int64,  # whether no pair is connected twice
    degree=np.int64,  # in-degree, or first entry in `degrees`
    first_row=np.int64,  # first row in `Lists`
    first_listed=np.int64,  # source of that row
    weight_kind=np.int64,
    first_weight=np.int64,  # first entry in `weights`
    delay_kind=np.int64,
    first_delay=np.int64,  # first entry in `delay_columns` and `delay_cdf`
    delay_guide=np.int64,  # row of `delay_guides`
    log_miss=np.float64,  # log of the probability of no connection
    weight_a=np.float64,  # constant, or location of the distribution
    weight_b=np.float64,  # scale
    weight_low=np.float64,  # quantiles at which the distribution is truncated
    weight_high=np.float64,
    weight_sign=np.float64,  # of log-normal weights
    target_key=np.uint64,  # of random streams
    weight_key=np.uint64,
    delay_key=np.uint64,
)
"""How a projection's synapses onto one thread are drawn.

A view is a list of numbers. `source_view` maps a span of the source population to numbers among the
sources, or −1. `target_view` maps the thread's targets to offsets from the first. `self_view` maps
sources to numbers among the targets, or −1 (targets to sources for in-degree rules). Without a view
numbers are consecutive.
"""


class Rules(NamedTuple):
    """The projections onto one thread's neurons, ordered by source population.

    A projection connects two populations or parts of them. Its sources and targets are numbered
    from 0 in the order of their ids.

    Attributes
    ----------
    rules : (n_projections,) RULE
    n_sources : (n_populations,) int64
        Sizes of all populations.
    first_rule : (n_populations + 1,) int64
        First projection from each population.
    degrees : (n,) int64
        Out-degree of every source, rule by rule.
    weights : (n,) float64
        Given weights, projection by projection.
    delay_columns : (n,) int64
        Delays as columns of the synapse table: constant, given, or the support of a distribution.
    delay_cdf : (n,) uint64
        Cumulative probabilities of that support, as fractions of 2⁶⁴.
    delay_guides : (n_distributions, 2**GUIDE_BITS) int64
        First entry of the distribution to compare, by the leading bits of the random number.
    probes : (n,) int64
        For every target of a projection on the thread, the index of its E/I probes, or −1.
    views : (n,) int64
    """

    rules: Any
    n_sources: Any
    first_rule: Any
    degrees: Any
    weights: Any
    delay_columns: Any
    delay_cdf: Any
    delay_guides: Any
    probes: Any
    views: Any


class Lists(NamedTuple):
    """Rows of in-degree rules: synapses are drawn by target and sorted by source.

    Attributes
    ----------
    start : (n_rows + 1,) int64
    targets : (n,) uint32
        Number of the target.
    minors : (n,) int64
        The minor part of a synapse's identity; the major part is the number of the target.
    """

    start: Any
    targets: Any
    minors: Any


class Workspace(NamedTuple):
    """Scratch memory for the row of one source.

    Attributes
    ----------
    targets, minors, majors, indices : (longest projection row,) int64
        Target of each synapse, the two parts of its identity, and the index of its given weight.
    bits : (longest projection row,) uint64
    seen : (largest target population,) int64
        Marks of targets that were drawn; zero at the start.
    tails : (longest projection row,) int64
    kept : (longest projection row,) float64
        Scratch of `normal_quantiles`.
    slots, columns : (longest row + longest projection row,) int64
    weights : (longest row + longest projection row,) float64
    drawing : (3, 2) int64
        Addresses of `draw_targets`, `draw_weights` and `draw_delays` and of their frames, for rules
        that need them.
    """

    targets: Any
    minors: Any
    majors: Any
    indices: Any
    bits: Any
    seen: Any
    tails: Any
    kept: Any
    slots: Any
    columns: Any
    weights: Any
    drawing: Any


@helper
def _row_by_probability(rule, source, excluded, targets, minors):
    """Draw the geometric gaps between connected targets."""
    n = 0
    target = -1
    draw = 0
    while True:
        u = open_unit(squares(counter(source, draw), rule.target_key))
        gap = math.log(u) / rule.log_miss
        if gap >= rule.stop_target - target:
            return n
        target += 1 + int(gap)
        draw += 1
        if target >= rule.stop_target:
            return n
        if target >= rule.first_target and target != excluded:
            targets[n] = target
            minors[n] = target
            n += 1


@helper
def _row_with_replacement(rule, degree, source, targets, minors):
    """Draw `degree` targets with replacement; store the targets of this thread."""
    n = np.int64(0)
    n_targets, first, stop = rule.n_targets, rule.first_target, rule.stop_target
    for k in range(degree):
        target = below(squares(counter(source, k), rule.target_key), n_targets)
        # Branch-free compaction: the predicate is unpredictable.
        targets[n] = target
        minors[n] = k
        n += np.int64(first <= target) & np.int64(target < stop)
    return n


@helper
def _row_by_degree(rule, degree, source, excluded, targets, minors, seen, mark):
    """Draw `degree` targets other than `excluded`; return the number stored.

    Targets are distinct if `rule.distinct`. Only targets of this thread are stored.
    """
    n = 0
    draw = 0
    for k in range(degree):
        while True:
            target = below(squares(counter(source, draw), rule.target_key), rule.n_targets)
            draw += 1
            if target == excluded:
                continue
            if rule.distinct:
                if seen[target] == mark:
                    continue
                seen[target] = mark
            break
        if rule.first_target <= target < rule.stop_target:
            targets[n] = target
            minors[n] = k
            n += 1
    return n


@helper
def _row_of_all(rule, excluded, targets, minors):
    """Connect to every target except `excluded`."""
    n = 0
    for target in range(rule.first_target, rule.stop_target):
        if target != excluded:
            targets[n] = target
            minors[n] = target
            n += 1
    return n


@helper
def source_number(rule, views, neuron):
    """Return the index of a neuron among the sources of a projection, or −1."""
    offset = neuron - rule.first_source
    if offset < 0 or offset >= rule.source_span:
        return -1
    return offset if rule.source_view < 0 else views[rule.source_view + offset]


@helper
def _excluded(rule, views, k):
    """Return the partner index of neuron k to exclude, or −1.

    If autapses are not allowed, this is the number of neuron k on the other side.
    """
    if not rule.no_autapses:
        return -1
    return k if rule.self_view < 0 else views[rule.self_view + k]


@addressed
def draw_targets(frame, p, source, _a, _b, _c):
    """Draw the row of one source in projection p at random; return its length.

    The frame holds `Rules` and `Workspace`.
    """
    plan, work = tables_at(frame)
    rule = plan.rules[p]
    targets, minors = work.targets, work.minors
    excluded = _excluded(rule, plan.views, source)
    if rule.kind == PROBABILITY:
        return _row_by_probability(rule, source, excluded, targets, minors)
    degree = plan.degrees[rule.degree + source]
    if not (rule.no_autapses or rule.distinct):
        return _row_with_replacement(rule, degree, source, targets, minors)
    # A mark that no other row has, so that `seen` is never cleared.
    mark = (np.int64(p) << 32) + source + 1
    return _row_by_degree(rule, degree, source, excluded, targets, minors, work.seen, mark)


@inline
def row_of(plan, p, source, lists, work):
    """Write the row of one source in projection p into `work`; return its length."""
    rule = plan.rules[p]
    targets, minors = work.targets, work.minors
    kind = rule.kind
    if kind == ALL:
        return _row_of_all(rule, _excluded(rule, plan.views, source), targets, minors)
    if kind in (PROBABILITY, OUT_DEGREE):
        return call_entry(work.drawing, 0, p, source, 0, 0, 0)
    if kind == ONE:
        if rule.first_target <= source < rule.stop_target:
            targets[0] = source
            minors[0] = source
            return 1
        return 0
    row = rule.first_row + source - rule.first_listed
    a, b = lists.start[row], lists.start[row + 1]
    for i in range(a, b):
        targets[i - a] = lists.targets[i]
        minors[i - a] = lists.minors[i]
    return b - a


@helper
def _in_degree_sources(rule, n_sources, target, excluded, sources, seen):
    """Draw the sources of one target; `seen` marks drawn sources by target."""
    draw = 0
    for k in range(sources.size):
        while True:
            source = below(squares(counter(target, draw), rule.target_key), n_sources)
            draw += 1
            if source == excluded:
                continue
            if rule.distinct:
                if seen[source] == target + 1:
                    continue
                seen[source] = target + 1
            break
        sources[k] = source


@kernel
def count_sources(rule, views, counts):
    """Count each source's synapses onto this thread's targets, with fixed in-degree.

    Parameters
    ----------
    rule : RULE
    views : (n,) int64
        As in `Rules`.
    counts : (n_sources,) int64
        Incremented.
    """
    sources = np.empty(rule.degree, np.int64)
    seen = np.zeros(counts.size if rule.distinct else 0, np.int64)
    for target in range(rule.first_target, rule.stop_target):
        excluded = _excluded(rule, views, target)
        _in_degree_sources(rule, counts.size, target, excluded, sources, seen)
        for k in range(sources.size):
            counts[sources[k]] += 1


@kernel
def invert_in_degree(rule, views, n_sources, first, start, targets, minors):
    """Sort the synapses of an in-degree rule into rows by source.

    Parameters
    ----------
    rule : RULE
    views : (n,) int64
        As in `Rules`.
    n_sources, first : int
        Sources of the projection, and the first one whose row is made.
    start : (n_rows + 1,) int64
        Index of the first synapse of each row.
    targets, minors : (n,) ndarray
        Filled with the rows.
    """
    sources = np.empty(rule.degree, np.int64)
    seen = np.zeros(n_sources if rule.distinct else 0, np.int64)
    index = start[:-1].copy()
    last = first + index.size
    for target in range(rule.first_target, rule.stop_target):
        excluded = _excluded(rule, views, target)
        _in_degree_sources(rule, n_sources, target, excluded, sources, seen)
        for k in range(sources.size):
            if first <= sources[k] < last:
                row = sources[k] - first
                targets[index[row]] = target
                minors[index[row]] = k
                index[row] += 1
