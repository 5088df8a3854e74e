"""Collects what each chunk of a run brings, and makes a result of it."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

import numpy as np

from neurosim.recording import UNITS, Result, RunStats, SpikeTrains, Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from neurosim.build import Plan
    from neurosim.kernels import State


_NO_IDS, _NO_STAMPS = np.empty(0, np.int32), np.empty(0, np.int64)


class Recorder:
    """Spikes and traces since the start of a simulation.

    Parameters
    ----------
    plan : Plan
    merge : callable
        Returns an array of which every process has filled its part.
    """

    def __init__(self, plan: Plan, merge: Callable[[NDArray], NDArray]) -> None:
        self._plan, self._merge = plan, merge
        n = int(plan.first_id[-1])
        self._kept = np.zeros(n, bool)
        self._painted = np.zeros(n, bool)
        for first, name in zip(plan.first_id, plan.populations, strict=False):
            self._kept[first + plan.spikes_of[name]] = True
        for trace in plan.traces:
            if trace.key[1] == "v":
                self._painted[plan.first_id[trace.population] + trace.ids] = True
        self._ids: list[NDArray[np.int32]] = []
        self._stamps: list[NDArray[np.int64]] = []
        self._paint: list[tuple[NDArray, NDArray]] = []
        self._values: list[list[NDArray[np.float64]]] = [[] for _ in plan.traces]
        self._taken = 0

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
        if kept.any():
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
        for blocks in self._values:
            blocks[-1] = self._merge(blocks[-1])
        self._taken = t_first + n_steps

    def spikes(self, first: int, last: int) -> dict[str, SpikeTrains]:
        """Return the spikes of the steps first … last − 1 by population."""
        n = sum(1 for _ in takewhile(lambda stamps: stamps[-1] > first, reversed(self._stamps)))
        ids = np.concatenate([_NO_IDS, *self._ids[len(self._ids) - n :]])
        stamps = np.concatenate([_NO_STAMPS, *self._stamps[len(self._stamps) - n :]])
        here = slice(*np.searchsorted(stamps, [first, last], side="right"))
        ids, stamps = ids[here], stamps[here]
        spikes = {}
        bounds = zip(self._plan.first_id[:-1], self._plan.first_id[1:], strict=True)
        for (low, high), name in zip(bounds, self._plan.populations, strict=True):
            own = (ids >= low) & (ids < high)
            times = np.multiply(stamps[own], self._plan.dt, dtype=float)
            spikes[name] = SpikeTrains(
                times, ids[own].astype(np.int64) - low, self._plan.spikes_of[name].copy()
            )
        return spikes

    def traces(self, first: int, last: int) -> dict[tuple[str, str], Trace]:
        """Return what was sampled in the steps first … last − 1 by population and variable."""
        return {trace.key: self._trace(k, first, last) for k, trace in enumerate(self._plan.traces)}

    def _rows(self, k: int, low: int, high: int) -> NDArray[np.float64]:
        """Return the rows low … high − 1 of a trace."""
        end = self._taken // self._plan.traces[k].interval
        parts: list[NDArray[np.float64]] = []
        for block in reversed(self._values[k]):
            if end <= low:
                break
            start = end - len(block)
            parts.append(block[max(low - start, 0) : max(high - start, 0)])
            end = start
        none = np.empty((0, len(self._plan.traces[k].ids)))
        return np.concatenate([none, *reversed(parts)], dtype=np.float64)

    def _trace(self, k: int, first: int, last: int) -> Trace:
        """Put a trace together; in a voltage paint the action potentials that it spans."""
        plan = self._plan.traces[k]
        low, high = first // plan.interval, last // plan.interval
        values = self._rows(k, low, high)
        stamps = np.arange(low + 1, high + 1) * plan.interval
        population, variable = plan.key
        if variable == "v":
            info = self._plan.populations[population]
            values += info.v_rest
            order = np.argsort(plan.ids)
            # Where samples are rare, the spike that one shows may have been before the first step.
            for ids, fired in takewhile(
                lambda spikes: spikes[1][-1] > low * plan.interval, reversed(self._paint)
            ):
                own = ids - self._plan.first_id[plan.population]
                place = np.searchsorted(plan.ids[order], own)
                row = -(-fired // plan.interval) - 1 - low
                place = np.minimum(place, len(plan.ids) - 1)
                hit = (plan.ids[order][place] == own) & (row >= 0) & (row < len(values))
                if np.isfinite(info.v_peak):
                    values[row[hit], order[place[hit]]] = info.v_peak
        return Trace(
            np.multiply(stamps, self._plan.dt, dtype=float),
            values,
            plan.ids.copy(),
            UNITS[variable],
        )

    def _join(self) -> None:
        """Join the pieces that the chunks brought, so that they are joined once only."""
        if self._ids:
            self._ids, self._stamps = [np.concatenate(self._ids)], [np.concatenate(self._stamps)]
        self._values = [[np.concatenate(blocks)] if blocks else [] for blocks in self._values]

    def snapshot(self) -> dict[str, NDArray]:
        """Return all that was recorded, as `put_back` takes it.

        Returns
        -------
        dict
            "ids" and "stamps" of the spikes kept, "painted_ids" and "painted_stamps" of those that
            voltages show, and "values 0", "values 1" … of the traces.
        """
        self._join()
        ids, stamps = zip((_NO_IDS, _NO_STAMPS), *self._paint, strict=True)
        return {
            "ids": np.concatenate([_NO_IDS, *self._ids]),
            "stamps": np.concatenate([_NO_STAMPS, *self._stamps]),
            "painted_ids": np.concatenate(ids),
            "painted_stamps": np.concatenate(stamps),
        } | {f"values {k}": self._rows(k, 0, self._taken) for k in range(len(self._values))}

    def put_back(self, snapshot: Mapping[str, NDArray], step: int) -> None:
        """Take up what was recorded in the first `step` steps.

        Raises
        ------
        ValueError
            Where it was not recorded of this network in that time.
        """
        n, traces = len(self._kept), self._plan.traces
        for name in ("", "painted_"):
            ids, stamps = snapshot[f"{name}ids"], snapshot[f"{name}stamps"]
            inside = (ids >= 0) & (ids < n) & (stamps >= 1) & (stamps <= step)
            if not inside.all() or (np.diff(stamps) < 0).any():
                raise ValueError("spikes were recorded that cannot have been")
        for k, trace in enumerate(traces):
            shape = (step // trace.interval, len(trace.ids))
            if snapshot[f"values {k}"].shape != shape:
                raise ValueError(f"the trace of {trace.key} is not of shape {shape}")
        if len(snapshot["ids"]):
            self._ids, self._stamps = [snapshot["ids"]], [snapshot["stamps"]]
        if len(snapshot["painted_ids"]):
            self._paint = [(snapshot["painted_ids"], snapshot["painted_stamps"])]
        self._values = [[snapshot[f"values {k}"]] for k in range(len(traces))]
        self._taken = step

    def result(self, n_steps: int, stats: RunStats) -> Result:
        """Return all that was recorded in the first `n_steps` steps."""
        plan = self._plan
        self._join()
        return Result(
            dt=plan.dt,
            duration=n_steps * plan.dt,
            seed=plan.seed,
            populations=plan.populations,
            spikes=self.spikes(0, n_steps),
            traces=self.traces(0, n_steps),
            stats=stats,
        )
