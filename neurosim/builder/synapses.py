"""Synapse tables of static projections."""

from __future__ import annotations

from itertools import groupby, pairwise
from operator import methodcaller
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder.random_rows import ThreadRules
from neurosim.errors import NeurosimError
from neurosim.kernels import (
    Entry,
    Table,
    count_rows,
    draw_row,
    fill_rows,
    insert_rows,
    place_edges,
)
from neurosim.kernels.edge_lists import PIECE
from neurosim.kernels.types import MAX_STEPS
from neurosim.utils.progress import no_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from neurosim.builder.layout import Layout
    from neurosim.builder.projections import Projections
    from neurosim.kernels import Edges

PRECISE = 2**20
"""Number of synapses up to which weights are stored in 64 bits. In small networks it is visible
whether −55 mV is exactly the threshold. In larger networks half the memory is worth more. The whole
network counts, so the result is the same for any number of threads."""
LONGEST_ROW = 2**32 - 1
"""Maximum number of synapses in a row: offsets in a row have 32 bits."""
ROWS_AT_ONCE = 2**10
"""Number of rows processed together by NumPy."""
SAMPLE = 2**16
"""Number of synapses of a table that are searched for runs."""


def _ages(delays: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return, descending, the ages of spikes that may arrive during one delivery."""
    found = np.unique(delays[:, None] - np.arange(MAX_STEPS))
    return np.ascontiguousarray(found[found > 0][::-1])


class RowCounter:
    """Counter of the rows that all threads have processed.

    It reports the completed fraction.

    Parameters
    ----------
    report : callable
        Called with the fraction.

    Attributes
    ----------
    total : int
        Number of rows to process; each counts twice, because it is first counted, then filled.
    """

    def __init__(self, report: Callable[[float], object]) -> None:
        self.total, self._done, self._report = 0, 0.0, report

    def add(self, n: float) -> None:
        """Add n processed rows."""
        self._done += n
        self._report(self._done / self.total)


class ThreadTable:
    """Builds the synapse table of one thread.

    Rows of most sources are drawn one by one. If a population has edge lists among its projections,
    the projections from that population are processed one after the other (in *stages*).
    """

    def __init__(self, projections: Projections, thread: int, rows: RowCounter) -> None:
        self.shared, self._rows = projections, rows
        self._index, self._thread = projections.context.here(thread), thread
        self._rules = ThreadRules(projections, thread)
        self.n_slots = projections.layout.threads[thread].n_slots
        self._n_neurons = int(projections.layout.first_id[-1])
        self._runs, self.staged = self._stages()
        ranges = [*self._runs, *map(self._sources, self.staged)]
        rows.total += 2 * sum(last - first for first, last in ranges)
        self._onto_probes = 0

    def _stages(self) -> tuple[list[tuple[int, int]], list[int]]:
        """Divide the work into rows drawn one by one and projections built in stages.

        Returns
        -------
        runs : list of (int, int)
            Ranges of global ids of sources whose rows are drawn one by one.
        staged : list of int
            Projections that are processed in stages, in order.
        """
        first_rule, first_id = self.shared.first_rule, self.shared.layout.first_id
        rules = [range(a, b) for a, b in pairwise(first_rule.tolist())]
        listed = [any(p in self.shared.listed for p in some) for some in rules]
        runs = []
        for in_stages, members in groupby(range(len(rules)), key=listed.__getitem__):
            run = list(members)
            if not in_stages and any(rules[k] for k in run):
                runs.append((int(first_id[run[0]]), int(first_id[run[-1] + 1])))
        return runs, [p for some, staged in zip(rules, listed, strict=True) if staged for p in some]

    def _some_rows(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Yield ranges of at most `ROWS_AT_ONCE` rows; count them afterwards."""
        for a in range(first, last, ROWS_AT_ONCE):
            b = min(a + ROWS_AT_ONCE, last)
            yield a, b
            self._rows.add(b - a)

    def _sources(self, p: int) -> tuple[int, int]:
        """Return the range of global ids of a projection's sources."""
        k = self.shared.layout.index(self.shared.projections[p].source)
        return int(self.shared.layout.first_id[k]), int(self.shared.layout.first_id[k + 1])

    def _empty(self, counts: NDArray[np.int64]) -> Table:
        """Return a table for rows of the given lengths."""
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
            segment=np.zeros((self._n_neurons, len(delays) + 1), np.uint32),
            delays=delays,
            column=np.searchsorted(delays, np.arange(longest + MAX_STEPS + 1)),
            ages=_ages(delays),
            ring=np.ones(1, np.int64),
            row_stride=np.array([self.n_slots]),
            targets=np.empty(total, slot_type),
            runs=np.zeros(1, np.uint8),
            weights=weights,
            common=shared.astype(weight_type),
            common_of=np.arange(len(delays), dtype=np.uint64) % np.uint64(width),
            probe_counts=np.empty((0, len(delays) + 1), np.uint32),
        )

    def open(self) -> None:
        """Count the synapses and allocate the table."""
        counts = np.zeros(self._n_neurons, np.int64)
        for run in self._runs:
            for first, last in self._rules.blocks(*run):
                lists = self._rules.lists(first, last, counting=True)
                tables = (self._rules.plan, lists, self._rules.workspace(lists, 0))
                draw, count = Entry(draw_row, *tables), Entry(count_rows, *tables, counts)
                for a, b in self._some_rows(first, last):
                    self._onto_probes += count(*draw.addresses, a, b, 0)
        staged = self._count_stages(counts) if self.staged else None
        if counts.max(initial=0) > LONGEST_ROW:
            raise NeurosimError(
                f"{counts.max():,} synapses lead from one neuron to those of one thread: "
                f"{LONGEST_ROW:,} is the most, so give more threads or fewer synapses"
            )
        self.table = self._empty(counts)
        if staged is not None:
            self.table = self.table._replace(segment=staged)

    def _count_stages(self, counts: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Return the offset of each column in rows built in stages; increment `counts`."""
        table = self._empty(np.zeros(self._n_neurons, np.int64))
        for p in self.staged:
            if p not in self.shared.listed:
                self._onto_probes += self._insert_rows(p, table, counting=True)
                continue
            listed = self.shared.listed[p]
            found, (first, last) = listed.counts[self._index], self._sources(p)
            delays = self.shared.delays.first[p] + np.arange(len(listed.delays.steps))
            for k, column in enumerate(self.shared.columns[delays]):
                table.segment[first:last, column + 1] += found[:, k]
            self._onto_probes += int(found.sum(dtype=np.int64)) - listed.n_real[self._index]
            listed.counts[self._index] = found[:0]  # frees memory
            self._rows.add(last - first)
        for rows in self._staged_rows():
            counts[rows] = table.segment[rows].sum(axis=1)
            table.segment[rows] = np.cumsum(table.segment[rows], axis=1)
        return table.segment

    def _staged_rows(self) -> Iterator[slice]:
        """Yield the rows that are built in stages, some at a time."""
        for first, last in sorted({self._sources(p) for p in self.staged}):
            for a in range(first, last, ROWS_AT_ONCE):
                yield slice(a, min(a + ROWS_AT_ONCE, last))

    def _insert_rows(self, p: int, table: Table, *, counting: bool) -> int:
        """Count or store drawn rows of a projection that is processed in stages."""
        base, end = self._sources(p)
        onto_probes = 0
        for first, last in self._rules.blocks(base, end):
            lists = self._rules.lists(first, last, counting=False, only=p)
            plan, work = self._rules.plan, self._rules.workspace(lists, 0)
            draw = Entry(draw_row, plan, lists, work)
            insert = Entry(insert_rows, plan, work, table, base, counting)
            for a, b in self._some_rows(first, last):
                onto_probes += insert(*draw.addresses, p, a - base, b - base)
        return onto_probes

    def insert(self, p: int) -> None:
        """Store the drawn synapses of a projection in its stage."""
        self._insert_rows(p, self.table, counting=False)

    def place(self, p: int, blocks: list[tuple[int, Edges]]) -> None:
        """Store listed synapses of a projection in its stage."""
        base, end = self._sources(p)
        work = self._rules.workspace_for(PIECE, 0)
        for first, edges in blocks:
            Entry(place_edges, self._rules.plan, edges, work, self.table)(p, first, base, 0, 0)
        n_edges = sum(len(edges.sources) for _, edges in blocks)
        self._rows.add((end - base) * n_edges / max(self.shared.listed[p].size, 1))

    def close(self) -> tuple[Table, int]:
        """Fill the other rows; return the table and its number of synapses.

        Synapses onto E/I probes are not counted.
        """
        for rows in self._staged_rows():
            # Storing moved each offset to the start of the next column.
            segment = self.table.segment[rows]
            segment[:, 1:] = segment[:, :-1].copy()
            segment[:, 0] = 0
        counts = np.diff(self.table.start, append=len(self.table.targets))
        for run in self._runs:
            for first, last in self._rules.blocks(*run):
                lists = self._rules.lists(first, last, counting=False)
                work = self._rules.workspace(lists, int(counts[first:last].max(initial=0)))
                draw = Entry(draw_row, self._rules.plan, lists, work)
                fill = Entry(fill_rows, self._rules.plan, work, self.table)
                for a, b in self._some_rows(first, last):
                    fill(*draw.addresses, a, b, 0)
        if self._onto_probes:
            self.table = self.table._replace(probe_counts=self._count_probes())
        self.table.runs[0] = _has_runs(self.table.targets)
        return self.table, len(self.table.targets) - self._onto_probes

    def _count_probes(self) -> NDArray[np.uint32]:
        """Return the number of synapses onto E/I probes before each column of each row."""
        is_probe = np.zeros(self.n_slots, bool)
        for local in self.shared.layout.threads[self._thread].populations:
            for slot in local.probe_slots.values():
                is_probe[slot : slot + 2 * len(local.probed)] = True
        table, found = self.table, np.zeros_like(self.table.segment)
        for first in range(0, len(found), ROWS_AT_ONCE):
            rows = slice(first, first + ROWS_AT_ONCE)
            start, segment = table.start[rows], table.segment[rows].astype(np.int64)
            flags = is_probe[table.targets[start[0] : start[-1] + segment[-1, -1]]]
            before = np.concatenate([[0], np.cumsum(flags)])[start[:, None] - start[0] + segment]
            found[rows] = before - before[:, :1]
        return found


def _has_runs(targets: NDArray[Any]) -> bool:
    """Return whether most synapses of a sample are adjacent to that onto the next slot."""
    sample = targets[:SAMPLE]
    return bool(2 * np.count_nonzero(sample[1:] == sample[:-1] + 1) > len(sample))


def make_tables(
    projections: Projections,
    report: Callable[[float], object] = no_report,
) -> list[tuple[Table, int]]:
    """Build the synapse tables of the threads of this process.

    Parameters
    ----------
    projections : Projections
    report : callable
        Called with the completed fraction.

    Returns
    -------
    list of (Table, int)
        The table of each thread and its number of synapses without E/I probes.
    """
    rows, context = RowCounter(report), projections.context
    makers = [ThreadTable(projections, thread, rows) for thread in context.local_threads]
    list(context.each(ThreadTable.open, makers))
    for p in makers[0].staged:
        if p not in projections.listed:
            list(context.each(methodcaller("insert", p), makers))
            continue
        for blocks in projections.listed[p].blocks():
            list(context.each(methodcaller("place", p, blocks), makers))
    return list(context.each(ThreadTable.close, makers))


def into_ring(table: Table, layout: Layout) -> Table:
    """Return a table whose targets also encode the delay, if they have enough bits.

    The targets of the given table, slots until now, are changed in place.
    """
    if layout.ring == 1 or len(table.common):
        return table
    offsets = (table.delays % layout.ring * layout.row_stride).astype(np.uint16)
    for first in range(0, len(table.start), ROWS_AT_ONCE):
        lengths = np.diff(table.segment[first : first + ROWS_AT_ONCE], axis=1)
        added = np.repeat(np.tile(offsets, len(lengths)), lengths.ravel())
        table.targets[table.start[first] :][: len(added)] += added
    return table._replace(ring=np.array([layout.ring]), row_stride=np.array([layout.row_stride]))
