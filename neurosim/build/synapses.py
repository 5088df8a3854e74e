"""Synapse tables: who is connected to whom, how strongly, how late."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from neurosim.build.projections import row_kind
from neurosim.build.weights import weight_law
from neurosim.errors import NeurosimError
from neurosim.kernels import (
    Lists,
    Room,
    Rules,
    Table,
    count_rows,
    count_sources,
    fill_rows,
    invert_in_degree,
)
from neurosim.kernels import rows as c
from neurosim.kernels.types import MOST_STEPS
from neurosim.network import Explicit, FixedInDegree, FixedProbability

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.build.layout import Share
    from neurosim.build.projections import Projections
    from neurosim.network import Projection

PRECISE = 2**20
"""Synapses up to which a network's weights are stored in 64 bits: there one can see whether −55 mV
is exactly the threshold. Beyond, half the memory is worth more. The whole network counts, so that
the number of threads changes nothing."""
LONGEST_ROW = 2**32 - 1
"""Synapses: where delays begin within a row is stored in 32 bits."""
LISTED_AT_ONCE = 2**25
"""Synapses of in-degree rules that are listed at a time, at 12 bytes each."""


def ages(delays: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return, descending, how long ago spikes were that are due in one of a batch's steps."""
    found = np.unique(delays[:, None] - np.arange(MOST_STEPS))
    return np.ascontiguousarray(found[found > 0][::-1])


class ThreadTable:
    """Makes the synapse table of one thread."""

    def __init__(self, projections: Projections, thread: int) -> None:
        self.shared = projections
        self.shares = projections.layout.threads[thread].shares
        self.n_slots = projections.layout.threads[thread].n_slots
        self._n_neurons = int(projections.layout.first_id[-1])
        self._longest_listed = 0
        self._out_degrees: dict[int, NDArray[np.int64]] = {}
        n = len(projections.projections)
        self._twins: list[NDArray[np.int64]] = []
        self.rules = np.zeros((n, 18), np.int64)
        self.laws = np.zeros((n, 6))
        for p in range(n):
            self._describe(p)
        self.plan = Rules(
            rules=self.rules,
            laws=self.laws,
            keys=projections.keys,
            n_sources=projections.n_sources,
            first_rule=projections.first_rule,
            degrees=projections.degrees,
            weights=projections.weights,
            delay_columns=projections.columns,
            delay_law=projections.delays.law,
            delay_guide=projections.delays.guide,
            twins=np.concatenate([np.empty(0, np.int64), *self._twins]),
        )
        self.listed = {
            p: self._list_explicit(projection)
            for p, projection in enumerate(projections.projections)
            if isinstance(projection.rule, Explicit)
        }

    def _share(self, projection: Projection) -> Share:
        return self.shares[self.shared.layout.index(projection.target)]

    def _describe(self, p: int) -> None:
        """Write row p of the rules and of the laws."""
        projection, share = self.shared.projections[p], self._share(self.shared.projections[p])
        rule, row = projection.rule, self.rules[p]
        row[c.RULE] = row_kind(projection)
        row[c.N_TARGETS] = projection.target.size
        row[c.OWN_FIRST], row[c.OWN_LAST] = share.low, share.high
        row[c.SLOT] = share.slots[projection.synapse]
        row[c.TWIN] = -1
        if len(share.twins):
            row[c.TWIN] = sum(map(len, self._twins))
            row[c.TWIN_SLOT] = share.twin_slots[projection.synapse]
            row[c.N_TWINS] = len(share.twins)
            self._twins.append(share.twin_of())
        within = projection.source is projection.target
        row[c.NO_AUTAPSES] = within and not getattr(rule, "autapses", True)
        row[c.DISTINCT] = not getattr(rule, "multapses", True)
        row[c.DEGREE] = self.shared.degree_places[p]
        if isinstance(rule, FixedInDegree):
            row[c.DEGREE] = rule.n
        if isinstance(rule, FixedProbability) and rule.p < 1.0:
            # For p = 0 the gaps must come out infinite, not undefined.
            self.laws[p, c.RATE] = min(np.log1p(-rule.p), -np.finfo(float).tiny)
        kind, law = weight_law(projection)
        row[c.WEIGHT_KIND] = kind
        row[c.WEIGHT_PLACE] = self.shared.weight_places[p]
        for column, value in law.items():
            self.laws[p, column] = value
        row[c.DELAY_KIND] = self.shared.delays.kinds[p]
        row[c.DELAY_PLACE] = self.shared.delays.places[p]
        row[c.DELAY_GUIDE] = self.shared.delays.guides[p]

    def _list_explicit(self, projection: Projection) -> Lists:
        """List an explicit projection's own synapses by source, else in the order given."""
        share, rule = self._share(projection), projection.rule
        assert isinstance(rule, Explicit)
        own = np.flatnonzero((rule.targets >= share.low) & (rule.targets < share.high))
        own = own[np.argsort(rule.sources[own], kind="stable")]
        bounds = np.arange(projection.source.size + 1)
        start = np.searchsorted(rule.sources[own], bounds)
        return Lists(start, rule.targets[own].astype(np.uint32), own)

    def _lists(self, first: int, last: int, *, counting: bool) -> Lists:
        """List the rows of the sources first … last − 1 that cannot be drawn one by one.

        Where they shall only be counted, those of in-degree rules get their lengths if these tell
        all, which without twins they do.
        """
        parts = []
        n_rows = n_listed = 0
        bases = self.shared.layout.first_id
        for p, projection in enumerate(self.shared.projections):
            row = self.rules[p]
            if row[c.RULE] not in (c.LISTED, c.IN_DEGREE):
                continue
            base = int(bases[self.shared.layout.index(projection.source)])
            low = min(max(first - base, 0), projection.source.size)
            high = max(min(last - base, projection.source.size), low)
            if row[c.RULE] == c.LISTED:
                part = self.listed[p]
                a, b = part.start[low], part.start[high]
                part = Lists(part.start[low : high + 1] - a, part.targets[a:b], part.minors[a:b])
            else:
                part = self._invert(p, low, high, listed=not counting or row[c.TWIN] >= 0)
            row[c.LIST], row[c.LIST_FIRST] = n_rows, low
            parts.append(Lists(part.start + n_listed, part.targets, part.minors))
            n_rows += high - low + 1
            n_listed += len(part.targets)
        return Lists(
            np.concatenate([np.zeros(1, np.int64), *(part.start for part in parts)])[
                1 if parts else 0 :
            ],
            np.concatenate([np.empty(0, np.uint32), *(part.targets for part in parts)]),
            np.concatenate([np.empty(0, np.int64), *(part.minors for part in parts)]),
        )

    def _invert(self, p: int, low: int, high: int, *, listed: bool) -> Lists:
        """Return rows of an in-degree rule; unless they shall be listed, their lengths alone."""
        arguments = (self.rules[p], self.shared.keys[p, c.KEY_TARGETS])
        n_sources = self.shared.projections[p].source.size
        if p not in self._out_degrees:
            self._out_degrees[p] = np.zeros(n_sources, np.int64)
            count_sources(*arguments, self._out_degrees[p])
        start = np.concatenate([[0], np.cumsum(self._out_degrees[p][low:high])])
        n = int(start[-1]) if listed else 0
        part = Lists(start, np.empty(n, np.uint32), np.empty(n, np.int64))
        if listed:
            invert_in_degree(*arguments, n_sources, low, *part)
        return part

    def _blocks(self) -> list[tuple[int, int]]:
        """Cut the sources into ranges whose in-degree rows can be listed at once."""
        listed = sum(
            expected
            for p, expected in zip(self.shared.projections, self.shared.expected, strict=True)
            if isinstance(p.rule, FixedInDegree)
        ) / len(self.shared.layout.threads)
        n_blocks = int(np.ceil(listed / LISTED_AT_ONCE)) or 1
        edges = np.linspace(0, self._n_neurons, n_blocks + 1).astype(int)
        return list(pairwise(edges))

    def _room(self, longest: int) -> Room:
        """Return room for rows of up to `longest` synapses in all."""
        per_projection = 1
        for p, projection in enumerate(self.shared.projections):
            row = self.rules[p]
            if row[c.RULE] == c.OUT_DEGREE:
                place = row[c.DEGREE]
                degrees = self.shared.degrees[place : place + projection.source.size]
                per_projection = max(per_projection, int(degrees.max()))
            elif row[c.RULE] in (c.LISTED, c.IN_DEGREE):
                per_projection = max(per_projection, self._longest_listed)
            else:
                per_projection = max(per_projection, int(row[c.OWN_LAST] - row[c.OWN_FIRST]))
        largest = max((p.target.size for p in self.shared.projections), default=0)
        return Room(
            targets=np.empty(per_projection, np.int64),
            minors=np.empty(per_projection, np.int64),
            majors=np.empty(per_projection, np.int64),
            places=np.empty(per_projection, np.int64),
            bits=np.empty(per_projection, np.uint64),
            seen=np.zeros(largest, np.int64),
            slots=np.empty(longest + per_projection, np.int64),
            columns=np.empty(longest + per_projection, np.int64),
            weights=np.empty(longest + per_projection),
        )

    def _empty(self, counts: NDArray[np.int64]) -> Table:
        """Return a table with room for so many synapses in each row."""
        total = int(counts.sum())
        delays, common = self.shared.column_delays, self.shared.common
        longest = int(delays.max(initial=1))
        slot_type = np.uint16 if self.n_slots <= 2**16 else np.uint32
        weight_type = np.float64 if sum(self.shared.expected) <= PRECISE else np.float32
        if common is None:
            weights, width = np.empty(total, weight_type), 1
            shared = np.empty(0, weight_type)
        else:
            weights, width = np.empty(0, weight_type), common.width
            shared = np.repeat(common.values, self.shared.n_sources, axis=0).ravel()
        return Table(
            start=np.cumsum(counts) - counts,
            segment=np.empty((self._n_neurons, len(delays) + 1), np.uint32),
            delays=delays,
            column=np.searchsorted(delays, np.arange(longest + MOST_STEPS + 1)),
            ages=ages(delays),
            n_slots=np.array([self.n_slots]),
            targets=np.empty(total, slot_type),
            weights=weights,
            common=shared.astype(weight_type),
            common_of=np.arange(len(delays), dtype=np.uint64) % np.uint64(width),
        )

    def make(self) -> tuple[Table, int]:
        """Return the table, and the number of synapses that are not onto twins."""
        if not self.shared.projections:  # spares a small network the compiling of the kernels below
            return self._empty(np.zeros(self._n_neurons, np.int64)), 0
        blocks = self._blocks()
        counts = np.zeros(self._n_neurons, np.int64)
        onto_twins = 0
        for first, last in blocks:
            lists = self._lists(first, last, counting=True)
            self._longest_listed = int(np.diff(lists.start).max(initial=0))
            onto_twins += count_rows(self.plan, lists, self._room(0), first, last, counts)
        if counts.max() > LONGEST_ROW:
            raise NeurosimError(
                f"{counts.max():,} synapses lead from one neuron to those of one thread: "
                f"{LONGEST_ROW:,} is the most, so give more threads or fewer synapses"
            )
        table = self._empty(counts)
        for first, last in blocks:
            lists = self._lists(first, last, counting=False)
            self._longest_listed = int(np.diff(lists.start).max(initial=0))
            room = self._room(int(counts[first:last].max(initial=0)))
            fill_rows(self.plan, lists, room, first, last, table)
        return table, len(table.targets) - onto_twins
