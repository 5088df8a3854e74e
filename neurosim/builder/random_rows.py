"""Connection rules for one thread, with lists and workspace for drawing rows."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder.memory import LISTED_AT_ONCE
from neurosim.builder.projections import ROW_KINDS
from neurosim.builder.weights import is_listed, weight_fields
from neurosim.kernels import Entry, Lists, Rules, Workspace, count_sources, invert_in_degree
from neurosim.kernels import random_rows as c
from neurosim.kernels.address import empty_address_table
from neurosim.kernels.connect import draw_delays, draw_weights
from neurosim.kernels.random_rows import draw_targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from neurosim.builder.layout import LocalPopulation
    from neurosim.builder.projections import Projections
    from neurosim.network import Projection


class ThreadRules:
    """The projections onto the neurons of one thread.

    Attributes
    ----------
    plan : Rules
    """

    def __init__(self, projections: Projections, thread: int) -> None:
        self._shared = projections
        self._populations = projections.layout.threads[thread].populations
        self._out_degrees: dict[int, NDArray[np.int64]] = {}
        self._drawing: dict[int, Entry] = {}
        self._probes: list[NDArray[np.int64]] = []
        self._views: list[NDArray[np.int64]] = []
        self._rules = np.zeros(len(projections.projections), c.RULE)
        for p in range(len(self._rules)):
            self._describe(p)
        self.plan = Rules(
            rules=self._rules,
            n_sources=projections.n_sources,
            first_rule=projections.first_rule,
            degrees=projections.degrees,
            weights=projections.weights,
            delay_columns=projections.columns,
            delay_cdf=projections.delays.cdf,
            delay_guides=projections.delays.guides,
            probes=np.concatenate([np.empty(0, np.int64), *self._probes]),
            views=np.concatenate([np.empty(0, np.int64), *self._views]),
        )

    def _local(self, projection: Projection) -> LocalPopulation:
        return self._populations[self._shared.layout.index(projection.target)]

    def _describe(self, p: int) -> None:
        """Write rule p."""
        shared, projection = self._shared, self._shared.projections[p]
        local, row = self._local(projection), self._rules[p]
        rule: Any = projection.rule
        row.kind = ROW_KINDS[rule.rows]
        row.n_targets = projection.ends.shape[1]
        row.slot = local.slots[projection.synapse]
        offsets = self._describe_targets(p, local)
        row.first_probe = -1
        if len(local.probed):
            row.first_probe = sum(map(len, self._probes))
            row.probe_slot = local.probe_slots[projection.synapse]
            row.n_probes = len(local.probed)
            self._probes.append(local.probe_index()[offsets])
        self._describe_sources(p)
        row.distinct = not rule.multapses
        row.degree = rule.n if rule.rows == "in-degree" else shared.first_degrees[p]
        if rule.rows == "probability":
            # For p = 0 the gaps must come out infinite, not undefined.
            row.log_miss = min(np.log1p(-rule.p), -np.finfo(float).tiny)
        for name, value in weight_fields(projection).items():
            row[name] = value
        row.first_weight = shared.first_weights[p]
        row.delay_kind = shared.delays.kinds[p]
        row.first_delay = shared.delays.first[p]
        row.delay_guide = shared.delays.guide_rows[p]
        row.target_key, row.weight_key, row.delay_key = shared.keys[p]

    def _describe_targets(self, p: int, local: LocalPopulation) -> NDArray[np.int64]:
        """Write the thread's targets of projection p.

        Return their offsets in the population.
        """
        projection, row = self._shared.projections[p], self._rules[p]
        row.first_target, row.stop_target, row.target_view = local.start, local.stop, -1
        if projection.target_ids is None or is_listed(projection):
            return np.arange(local.size)
        ids = projection.target_ids
        first, last = np.searchsorted(ids, [local.start, local.stop])
        row.first_target, row.stop_target = first, last
        offsets = ids[first:last] - local.start
        if len(offsets) and offsets[-1] - offsets[0] + 1 == len(offsets):
            row.slot += offsets[0]
        else:
            row.target_view = self._add_view(offsets)
        return offsets

    def _describe_sources(self, p: int) -> None:
        """Write the sources of projection p, and which of them are targets too."""
        projection, row = self._shared.projections[p], self._rules[p]
        ends, ids = projection.ends, projection.source_ids
        row.source_span, row.source_view, row.self_view = ends.shape[0], -1, -1
        if is_listed(projection):
            return
        if ids is not None:
            row.first_source, row.source_span = ids[0], ids[-1] - ids[0] + 1
            if row.source_span > len(ids):
                span = np.arange(ids[0], ids[-1] + 1)
                row.source_view = self._add_view(_numbers(span, ids))
        if ends.n_common == 0 or projection.rule.autapses:
            return
        row.no_autapses = 1
        if not np.array_equal(ends.sources, ends.targets):
            by_target = row.kind == c.IN_DEGREE
            pair = (ends.targets, ends.sources) if by_target else (ends.sources, ends.targets)
            row.self_view = self._add_view(_numbers(*pair))

    def _add_view(self, numbers: NDArray[np.int64]) -> int:
        """Add numbers to `Rules.views`; return the index of the first."""
        self._views.append(numbers)
        return sum(map(len, self._views[:-1]))

    def lists(self, first: int, last: int, *, counting: bool, only: int | None = None) -> Lists:
        """List the rows of in-degree rules of sources `first` to `last` − 1.

        With `counting`, only the lengths of the rows are determined, except for targets with E/I
        probes. `only` selects one projection.
        """
        parts = []
        n_rows = n_listed = 0
        bases = self._shared.layout.first_id
        for p, projection in enumerate(self._shared.projections):
            row = self._rules[p]
            if row.kind != c.IN_DEGREE or only not in (None, p):
                continue
            base = int(bases[self._shared.layout.index(projection.source)])
            low, high = np.searchsorted(projection.ends.sources, [first - base, last - base])
            if low >= high:
                continue
            part = self._invert(p, int(low), int(high), listed=not counting or row.first_probe >= 0)
            row.first_row, row.first_listed = n_rows, low
            parts.append(Lists(part.start + n_listed, part.targets, part.minors))
            n_rows += int(high - low) + 1
            n_listed += len(part.targets)
        return Lists(
            np.concatenate([np.empty(0, np.int64), *(part.start for part in parts)]),
            np.concatenate([np.empty(0, np.uint32), *(part.targets for part in parts)]),
            np.concatenate([np.empty(0, np.int64), *(part.minors for part in parts)]),
        )

    def _invert(self, p: int, low: int, high: int, *, listed: bool) -> Lists:
        """Return rows of an in-degree rule; unless `listed`, only their lengths."""
        arguments = (self._rules[p], self.plan.views)
        n_sources = self._shared.projections[p].ends.shape[0]
        if p not in self._out_degrees:
            self._out_degrees[p] = np.zeros(n_sources, np.int64)
            count_sources(*arguments, self._out_degrees[p])
        start = np.concatenate([[0], np.cumsum(self._out_degrees[p][low:high])])
        n = int(start[-1]) if listed else 0
        part = Lists(start, np.empty(n, np.uint32), np.empty(n, np.int64))
        if listed:
            invert_in_degree(*arguments, n_sources, low, *part)
        return part

    def blocks(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Split sources into ranges with in-degree rows that fit in memory together."""
        listed = sum(
            expected
            for p, expected in zip(self._shared.projections, self._shared.expected, strict=True)
            if p.rule.rows == "in-degree"
        ) / len(self._shared.layout.threads)
        n_blocks = int(np.ceil(listed / LISTED_AT_ONCE)) or 1
        edges = np.linspace(0, int(self._shared.layout.first_id[-1]), n_blocks + 1).astype(int)
        for a, b in pairwise(edges.clip(first, last).tolist()):
            if a < b:
                yield a, b

    def workspace(self, lists: Lists, longest: int) -> Workspace:
        """Return a workspace for rows of up to `longest` synapses."""
        per_projection = int(np.diff(lists.start).max(initial=1))
        for p, projection in enumerate(self._shared.projections):
            row = self._rules[p]
            if row.kind == c.OUT_DEGREE:
                first = row.degree
                degrees = self._shared.degrees[first : first + projection.ends.shape[0]]
                per_projection = max(per_projection, int(degrees.max()))
            elif row.kind not in (c.LISTED, c.IN_DEGREE):
                per_projection = max(per_projection, int(row.stop_target - row.first_target))
        return self.workspace_for(per_projection, longest)

    def workspace_for(self, n: int, before: int) -> Workspace:
        """Return a workspace for n synapses after `before` others in a row.

        The synapses belong to one projection.
        """
        work = Workspace(
            targets=np.empty(n, np.int64),
            minors=np.empty(n, np.int64),
            majors=np.empty(n, np.int64),
            indices=np.empty(n, np.int64),
            bits=np.empty(n, np.uint64),
            seen=np.zeros(max((p.target.size for p in self._shared.projections), default=0), int),
            tails=np.empty(n, np.int64),
            kept=np.empty(n),
            slots=np.empty(before + n, np.int64),
            columns=np.empty(before + n, np.int64),
            weights=np.empty(before + n),
            drawing=empty_address_table(3),
        )
        needed = {
            draw_targets: np.isin(self._rules["kind"], (c.PROBABILITY, c.OUT_DEGREE)),
            draw_weights: ~np.isin(self._rules["weight_kind"], (c.CONSTANT, c.ARRAY)),
            draw_delays: self._rules["delay_kind"] == c.TABLE,
        }
        for k, (draw, rules) in enumerate(needed.items()):
            if rules.any():
                self._drawing[k] = Entry(draw, self.plan, work)
                work.drawing[k] = self._drawing[k].addresses
        return work


def _numbers(neurons: NDArray[np.int64], among: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the index of each neuron in a sorted array, or −1."""
    index = np.minimum(np.searchsorted(among, neurons), len(among) - 1)
    return np.where(among[index] == neurons, index, -1)
