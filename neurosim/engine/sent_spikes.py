"""Recorded spikes of inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.builder.inputs import Stream, listed_spikes, pieces, targets
from neurosim.engine.generated_inputs import for_targets
from neurosim.kernels import Inputs, poisson_spikes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from neurosim.builder import Plan
    from neurosim.builder.recording import SentSpikesPlan
    from neurosim.engine.live_inputs import LiveInputs

    Spikes = tuple[NDArray[np.int64], NDArray[np.int64]]


class SentSpikes:
    """Spikes that arrive from the inputs that are recorded.

    Poisson spikes depend on the seed, the neuron and the step only. They are drawn again for the
    recording, so that the time loop does not have to store them.

    Parameters
    ----------
    plan : Plan
    live : LiveInputs
    allgather : callable
        Concatenates the arrays of all processes; see `Communicator`.
    """

    def __init__(
        self, plan: Plan, live: LiveInputs, allgather: Callable[[NDArray], NDArray]
    ) -> None:
        self._plan, self._live, self._allgather = plan, live, allgather
        self._listed: dict[int, Spikes] = {}

    def between(self, first: int, last: int) -> list[Spikes]:
        """Return neuron and time (steps) of the spikes of each recorded input.

        They arrive in steps `first` to `last` − 1, and are ordered by time, then neuron. The tables
        of `LiveInputs` must be those of these steps.
        """
        found = []
        for plan in self._plan.sent_spikes:
            steps, columns = self._arrivals(plan, first, last)
            ids = targets(plan.drive)[columns]
            if len(plan.ids) < plan.drive.target.size:
                recorded = np.isin(ids, plan.ids)
                steps, ids = steps[recorded], ids[recorded]
            order = np.lexsort((ids, steps))
            found.append((ids[order], steps[order] + 1))
        return found

    def _arrivals(self, plan: SentSpikesPlan, first: int, last: int) -> Spikes:
        """Return step and column of the spikes of an input."""
        drive, ports = plan.drive, self._plan.threads[0].ports
        if drive in ports.sources:
            return self._poisson(plan, first, last)
        if drive in ports.generated:
            return self._live.generated.arrivals(drive, first, last)
        if drive in ports.live:
            return self._live.arrivals(drive, first, last)
        steps, columns = self._all_listed(plan)
        chosen = slice(*np.searchsorted(steps, [first, last]))
        return for_targets(steps[chosen], columns[chosen], len(targets(drive)))

    def _all_listed(self, plan: SentSpikesPlan) -> Spikes:
        """Return step and column of all spikes of an input that lists them, by step."""
        if plan.number not in self._listed:
            stream = Stream(self._plan.dt, self._plan.seed, plan.number)
            steps, columns, _ = listed_spikes(plan.drive, stream)
            order = np.argsort(steps, kind="stable")
            self._listed[plan.number] = steps[order], columns[order]
        return self._listed[plan.number]

    def _poisson(self, plan: SentSpikesPlan, first: int, last: int) -> Spikes:
        """Draw the Poisson spikes of an input again."""
        drive, n_targets = plan.drive, len(targets(plan.drive))
        key = Stream(self._plan.dt, self._plan.seed, plan.number).key("poisson")
        none = np.empty(0, np.int64)
        found = [(none, none)]
        population = self._plan.layout.index(drive.target)
        for thread, inputs in zip(self._plan.local_threads, self._live.tables, strict=True):
            part = self._plan.threads[thread - self._plan.local_threads.start]
            program = part.ports.sources[drive].program
            values, stride = _values(inputs, program, first, last)
            tables = (inputs.poisson_tables, inputs.thresholds, inputs.tail_cdf, inputs.means)
            if drive.input.shared:
                steps, _ = poisson_spikes(values, 0, key, 0, 1, first, *tables)
                return for_targets(steps, np.full(len(steps), -1), n_targets)
            for piece in pieces(drive, self._plan.layout.threads[thread].populations[population]):
                start = np.where(values >= 0, values + stride * piece.column, -1)
                steps, index = poisson_spikes(
                    start, stride, key, piece.neuron, piece.length, first, *tables
                )
                found.append((steps, piece.column + index))
        steps, columns = (np.concatenate(column) for column in zip(*found, strict=True))
        return self._allgather(steps), self._allgather(columns)


def _values(inputs: Inputs, program: int, first: int, last: int) -> tuple[NDArray[np.int64], int]:
    """Return the index of a program's first value in each step, and the stride of columns.

    The index is -1 before the program begins.
    """
    row = inputs.programs[program]
    changes = inputs.changes[row.first_change : row.first_change + row.n_changes]
    current = np.searchsorted(changes, np.arange(first, last), side="right") - 1
    values = np.where(current >= 0, row.first_value + current * row.n_columns, -1)
    return values, int(row.n_columns > 1)
