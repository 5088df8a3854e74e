"""From connection rules to rows of targets, one source at a time.

Each random choice is a function of the projection's key and of the synapse's place in its row, so
every thread can keep the synapses onto its own neurons without hearing of the others. Rows are made
twice: once to count them, once to fill the table.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from neurosim.kernels.address import addressed, call_addressed
from neurosim.kernels.compiled import helper, inline, kernel
from neurosim.kernels.random import below, counter, open_unit, squares
from neurosim.kernels.tables import tables_at

# How a row of targets comes about.
ALL, ONE, PROBABILITY, OUT_DEGREE, LISTED, IN_DEGREE = range(6)
# How a weight or a delay comes about.
CONSTANT, ARRAY, NORMAL, LOG_NORMAL, UNIFORM, LAW = range(6)
# Columns of `rules` (int64).
(
    RULE,
    N_TARGETS,
    OWN_FIRST,
    OWN_LAST,
    SLOT,
    FIRST_PROBE,
    PROBE_SLOT,
    N_PROBES,
    SOURCE_FIRST,
    SOURCE_SPAN,
    SOURCE_VIEW,
    TARGET_VIEW,
    NO_AUTAPSES,
    SELF_VIEW,
    DISTINCT,
    DEGREE,
    LIST,
    LIST_FIRST,
    WEIGHT_KIND,
    WEIGHT_PLACE,
    DELAY_KIND,
    DELAY_PLACE,
    DELAY_GUIDE,
) = range(23)
# Columns of `laws` (float64).
RATE, W_A, W_B, W_LOW, W_HIGH, W_SIGN = range(6)
# Columns of `keys` (uint64).
KEY_TARGETS, KEY_WEIGHTS, KEY_DELAYS = range(3)

GUIDE_BITS = 12
"""Leading bits of a random number that the guide to a delay's law looks at."""


class Rules(NamedTuple):
    """The projections onto one thread's neurons, ordered by source population.

    A projection connects all neurons of two populations or some of them. Its sources and targets
    are numbered from 0 in the order of their ids.

    Attributes
    ----------
    rules : (n_projections, 23) int64
        Columns `RULE` … `DELAY_GUIDE`.
    laws : (n_projections, 6) float64
        Columns `RATE` … `W_SIGN`.
    keys : (n_projections, 3) uint64
        Of the random streams of targets, weights and delays.
    n_sources : (n_populations,) int64
        Sizes of all populations.
    first_rule : (n_populations + 1,) int64
        First projection from each population.
    degrees : (n,) int64
        Out-degree of every source, rule by rule.
    weights : (n,) float64
        Given weights, projection by projection.
    delay_columns : (n,) int64
        Delays as columns of the table: constant, given, or the support of a law.
    delay_law : (n,) uint64
        Cumulative probabilities of that support, as fractions of 2⁶⁴.
    delay_guide : (n_laws, 2**GUIDE_BITS) int64
        For the leading bits of a random number, the first entry of the law that it may mean.
    probes : (n,) int64
        For every own target of a projection, its place among its population's probes, or −1.
    views : (n,) int64
        From `SOURCE_VIEW` on, the number of each neuron of a span of the source population among
        the sources, or −1; from `TARGET_VIEW` on, the place of each own target after the first;
        from `SELF_VIEW` on, the number of each source among the targets, or −1 (of each target
        among the sources where these are drawn). Where the column is −1, numbers are in order.
    """

    rules: Any
    laws: Any
    keys: Any
    n_sources: Any
    first_rule: Any
    degrees: Any
    weights: Any
    delay_columns: Any
    delay_law: Any
    delay_guide: Any
    probes: Any
    views: Any


class Lists(NamedTuple):
    """Rows that are listed because they are not drawn by source: inverted in-degrees.

    Attributes
    ----------
    start : (n_rows + 1,) int64
    targets : (n,) uint32
        Number of the target.
    minors : (n,) int64
        The minor part of a synapse's identity; the major part is the target's index.
    """

    start: Any
    targets: Any
    minors: Any


class Workspace(NamedTuple):
    """Places for the row of one source.

    Attributes
    ----------
    targets, minors, majors, places : (longest projection row,) int64
    bits : (longest projection row,) uint64
    seen : (largest target population,) int64
        Marks of the targets already drawn; zero at the start.
    tails : (longest projection row,) int64
    kept : (longest projection row,) float64
        Scratch of `normal_quantiles`.
    slots, columns : (longest row + longest projection row,) int64
    weights : (longest row + longest projection row,) float64
    drawing : (3, 2) int64
        Addresses of `draw_targets`, `draw_weights` and `draw_delays` and of their frames, as far as
        a rule needs them.
    """

    targets: Any
    minors: Any
    majors: Any
    places: Any
    bits: Any
    seen: Any
    tails: Any
    kept: Any
    slots: Any
    columns: Any
    weights: Any
    drawing: Any


@helper
def _row_by_probability(rule, log_miss, key, source, own, targets, minors):
    """Leap from one connected target to the next: the gaps are geometric."""
    n = 0
    target = -1
    draw = 0
    while True:
        u = open_unit(squares(counter(source, draw), key))
        gap = math.log(u) / log_miss
        if gap >= rule[OWN_LAST] - target:
            return n
        target += 1 + int(gap)
        draw += 1
        if target >= rule[OWN_LAST]:
            return n
        if target >= rule[OWN_FIRST] and target != own:
            targets[n] = target
            minors[n] = target
            n += 1


@helper
def _row_with_replacement(rule, degree, key, source, targets, minors):
    """Draw so many targets, each of them any; keep those of this thread."""
    n = np.int64(0)
    n_targets, first, last = rule[N_TARGETS], rule[OWN_FIRST], rule[OWN_LAST]
    for k in range(degree):
        target = below(squares(counter(source, k), key), n_targets)
        # Whose it is nobody can foresee, the processor neither: no branch, write and stay.
        targets[n] = target
        minors[n] = k
        n += np.int64(first <= target) & np.int64(target < last)
    return n


@helper
def _row_by_degree(rule, degree, key, source, own, targets, minors, seen, mark):
    """Draw so many targets, uniformly; keep those of this thread."""
    n = 0
    draw = 0
    for k in range(degree):
        while True:
            target = below(squares(counter(source, draw), key), rule[N_TARGETS])
            draw += 1
            if target == own:
                continue
            if rule[DISTINCT]:
                if seen[target] == mark:
                    continue
                seen[target] = mark
            break
        if rule[OWN_FIRST] <= target < rule[OWN_LAST]:
            targets[n] = target
            minors[n] = k
            n += 1
    return n


@helper
def _row_of_all(rule, own, targets, minors):
    """Take every target."""
    n = 0
    for target in range(rule[OWN_FIRST], rule[OWN_LAST]):
        if target != own:
            targets[n] = target
            minors[n] = target
            n += 1
    return n


@helper
def number_of_source(rule, views, neuron):
    """Return the number of a neuron of the source population among the sources, or −1."""
    place = neuron - rule[SOURCE_FIRST]
    if place < 0 or place >= rule[SOURCE_SPAN]:
        return -1
    return place if rule[SOURCE_VIEW] < 0 else views[rule[SOURCE_VIEW] + place]


@helper
def _excluded(rule, views, k):
    """Return the number of neuron k on the other side if autapses are not allowed, else −1."""
    if not rule[NO_AUTAPSES]:
        return -1
    return k if rule[SELF_VIEW] < 0 else views[rule[SELF_VIEW] + k]


@addressed
def draw_targets(frame, p, source, _a, _b, _c):
    """Draw the row of one source in projection p at random; return its length.

    The frame holds `Rules` and `Workspace`.
    """
    plan, work = tables_at(frame)
    rule, key = plan.rules[p], plan.keys[p, KEY_TARGETS]
    targets, minors = work.targets, work.minors
    own = _excluded(rule, plan.views, source)
    if rule[RULE] == PROBABILITY:
        return _row_by_probability(rule, plan.laws[p, RATE], key, source, own, targets, minors)
    degree = plan.degrees[rule[DEGREE] + source]
    if not (rule[NO_AUTAPSES] or rule[DISTINCT]):
        return _row_with_replacement(rule, degree, key, source, targets, minors)
    mark = (np.int64(p) << 32) + source + 1
    return _row_by_degree(rule, degree, key, source, own, targets, minors, work.seen, mark)


@inline
def row_of(plan, p, source, lists, work):
    """Write the row of one source in projection p into `room`; return its length."""
    rule = plan.rules[p]
    targets, minors = work.targets, work.minors
    kind = rule[RULE]
    if kind == ALL:
        return _row_of_all(rule, _excluded(rule, plan.views, source), targets, minors)
    if kind in (PROBABILITY, OUT_DEGREE):
        return call_addressed(work.drawing[0, 0], work.drawing[0, 1], p, source, 0, 0, 0)
    if kind == ONE:
        if rule[OWN_FIRST] <= source < rule[OWN_LAST]:
            targets[0] = source
            minors[0] = source
            return 1
        return 0
    row = rule[LIST] + source - rule[LIST_FIRST]
    a, b = lists.start[row], lists.start[row + 1]
    for i in range(a, b):
        targets[i - a] = lists.targets[i]
        minors[i - a] = lists.minors[i]
    return b - a


@helper
def _in_degree_sources(rule, key, n_sources, target, own, sources, seen):
    """Draw the sources of one target; `seen` marks those drawn, by target."""
    draw = 0
    for k in range(sources.size):
        while True:
            source = below(squares(counter(target, draw), key), n_sources)
            draw += 1
            if source == own:
                continue
            if rule[DISTINCT]:
                if seen[source] == target + 1:
                    continue
                seen[source] = target + 1
            break
        sources[k] = source


@kernel
def count_sources(rule, key, views, counts):
    """Count the synapses of every source of a rule that gives each target a fixed number of them.

    Parameters
    ----------
    rule : (23,) int64
    key : uint64
    views : (n,) int64
        As in `Rules`.
    counts : (n_sources,) int64
        Added to: synapses onto this thread's targets.
    """
    sources = np.empty(rule[DEGREE], np.int64)
    seen = np.zeros(counts.size if rule[DISTINCT] else 0, np.int64)
    for target in range(rule[OWN_FIRST], rule[OWN_LAST]):
        own = _excluded(rule, views, target)
        _in_degree_sources(rule, key, counts.size, target, own, sources, seen)
        for k in range(sources.size):
            counts[sources[k]] += 1


@kernel
def invert_in_degree(rule, key, views, n_sources, first, start, targets, minors):
    """Make rows by source of a rule that gives each target a fixed number of sources.

    Parameters
    ----------
    rule : (23,) int64
    key : uint64
    views : (n,) int64
        As in `Rules`.
    n_sources, first : int
        Sources of the projection, and the first of those wanted now.
    start : (n_rows + 1,) int64
        Where each row begins.
    targets, minors : (n,) ndarray
        Filled with the rows.
    """
    sources = np.empty(rule[DEGREE], np.int64)
    seen = np.zeros(n_sources if rule[DISTINCT] else 0, np.int64)
    place = start[:-1].copy()
    last = first + place.size
    for target in range(rule[OWN_FIRST], rule[OWN_LAST]):
        own = _excluded(rule, views, target)
        _in_degree_sources(rule, key, n_sources, target, own, sources, seen)
        for k in range(sources.size):
            if first <= sources[k] < last:
                row = sources[k] - first
                targets[place[row]] = target
                minors[place[row]] = k
                place[row] += 1
