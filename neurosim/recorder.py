"""Collects what each chunk of a run brings, and makes a result of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.recording import UNITS, Result, RunStats, SpikeTrains, Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.build import Plan
    from neurosim.kernels import State


class Recorder:
    """Spikes and traces since the start of a simulation.

    Parameters
    ----------
    plan : Plan
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        n = int(plan.first_id[-1])
        self._kept = np.zeros(n, bool)
        self._painted = np.zeros(n, bool)
        for first, name in zip(plan.first_id, plan.populations, strict=False):
            self._kept[first + plan.spikes_of[name]] = True
        for trace in plan.traces:
            if trace.key[1] == "v":
                self._painted[plan.first_id[trace.population] + trace.ids] = True
        self._ids: list[NDArray[np.int32]] = [np.empty(0, np.int32)]
        self._stamps: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        self._paint: list[tuple[NDArray, NDArray]] = []
        self._values: list[list[NDArray[np.float64]]] = [[] for _ in plan.traces]

    def take(
        self, t_first: int, n_steps: int, state: State, samples: list[NDArray[np.float64]]
    ) -> None:
        """Keep what a chunk of steps brought.

        Parameters
        ----------
        t_first, n_steps : int
        state : State
            Of any one thread: all have the same history of spikes.
        samples : list of (n_rows, n_signals) ndarray
            Of every thread.
        """
        start = state.history_start[self._plan.horizon : self._plan.horizon + n_steps + 1]
        ids = state.history[start[0] : start[-1]]
        stamps = np.repeat(np.arange(t_first + 1, t_first + n_steps + 1), np.diff(start))
        kept = self._kept[ids]
        self._ids.append(ids[kept])
        self._stamps.append(stamps[kept])
        painted = self._painted[ids]
        if painted.any():
            self._paint.append((ids[painted], stamps[painted]))
        for k, trace in enumerate(self._plan.traces):
            n_rows = (t_first + n_steps) // trace.interval - t_first // trace.interval
            self._values[k].append(np.zeros((n_rows, len(trace.ids))))
        for part, own in zip(self._plan.threads, samples, strict=True):
            for c in part.contributions:
                block = self._values[c.trace][-1]
                block[:, c.columns] += own[: len(block), c.signals]

    def _spikes(self) -> dict[str, SpikeTrains]:
        ids, stamps = np.concatenate(self._ids), np.concatenate(self._stamps)
        self._ids, self._stamps = [ids], [stamps]
        spikes = {}
        bounds = zip(self._plan.first_id[:-1], self._plan.first_id[1:], strict=True)
        for (first, last), name in zip(bounds, self._plan.populations, strict=True):
            own = (ids >= first) & (ids < last)
            times = np.multiply(stamps[own], self._plan.dt, dtype=float)
            spikes[name] = SpikeTrains(
                times, ids[own].astype(np.int64) - first, self._plan.spikes_of[name].copy()
            )
        return spikes

    def _trace(self, k: int) -> Trace:
        """Put a trace together; in a voltage paint the action potentials that it spans."""
        plan = self._plan.traces[k]
        parts = [np.empty((0, len(plan.ids))), *self._values[k]]
        values = np.concatenate(parts, dtype=np.float64)
        self._values[k] = [values]
        stamps = np.arange(1, len(values) + 1) * plan.interval
        population, variable = plan.key
        if variable == "v":
            info = self._plan.populations[population]
            values = values.copy()
            values += info.v_rest
            for ids, fired in self._paint:
                own = ids - self._plan.first_id[plan.population]
                order = np.argsort(plan.ids)
                place = np.searchsorted(plan.ids[order], own)
                row = -(-fired // plan.interval) - 1
                place = np.minimum(place, len(plan.ids) - 1)
                hit = (plan.ids[order][place] == own) & (row < len(values))
                values[row[hit], order[place[hit]]] = info.v_peak
        return Trace(
            np.multiply(stamps, self._plan.dt, dtype=float),
            values,
            plan.ids.copy(),
            UNITS[variable],
        )

    def result(self, n_steps: int, stats: RunStats) -> Result:
        """Return all that was recorded in the first `n_steps` steps."""
        plan = self._plan
        return Result(
            dt=plan.dt,
            duration=n_steps * plan.dt,
            seed=plan.seed,
            populations=plan.populations,
            spikes=self._spikes(),
            traces={trace.key: self._trace(k) for k, trace in enumerate(plan.traces)},
            stats=stats,
        )
