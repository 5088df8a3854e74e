"""Recording of spikes and traces, chunk by chunk."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from neurosim.results import SpikeTrains, Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import DTypeLike, NDArray

    from neurosim.builder import Plan
    from neurosim.builder.recording import TracePlan
    from neurosim.kernels import State

PENDING = 2**22
"""Number of spikes that are collected before they are sorted by population."""
GROWTH = 1.5
"""Factor by which a full array grows: appending takes constant time on average."""


class Rows:
    """An array that grows by rows.

    Existing rows never change, so results may share their memory.
    """

    def __init__(self, dtype: DTypeLike, *shape: int) -> None:
        self._data = np.empty((0, *shape), dtype)
        self._n = 0

    @property
    def capacity(self) -> int:
        """Number of rows for which memory is allocated."""
        return len(self._data)

    def reserve(self, n: int) -> None:
        """Ensure capacity for a total of `n` rows."""
        if n > len(self._data):
            data = np.empty(
                (max(n, int(GROWTH * len(self._data))), *self._data.shape[1:]), self._data.dtype
            )
            data[: self._n] = self._data[: self._n]
            self._data = data

    def append(self, rows: NDArray) -> None:
        """Add rows at the end."""
        self.reserve(self._n + len(rows))
        self._data[self._n : self._n + len(rows)] = rows
        self._n += len(rows)

    @property
    def rows(self) -> NDArray:
        """View of the rows."""
        return self._data[: self._n]


class _Spikes:
    """Spikes of one population: times (ms) and indices of neurons.

    Global ids begin at `first_id`.
    """

    def __init__(self, first_id: int, dt: float) -> None:
        self.first_id, self._dt = first_id, dt
        self._times, self._ids = Rows(np.float64), Rows(np.int64)

    def append(self, ids: NDArray, stamps: NDArray) -> None:
        """Append spikes, given as global ids and steps, later than all others."""
        self._times.append(np.multiply(stamps, self._dt, dtype=float))
        self._ids.append(ids.astype(np.int64) - self.first_id)

    def columns(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return all spikes as global ids and steps."""
        stamps = np.rint(self._times.rows / self._dt).astype(np.int64)
        return self._ids.rows + self.first_id, stamps

    def trains(self, first: int, last: int, recorded: NDArray[np.int64]) -> SpikeTrains:
        """Return the spikes of steps `first` to `last` − 1."""
        start, stop = first * self._dt, last * self._dt
        times = self._times.rows
        chosen = slice(*np.searchsorted(times, [start, stop], side="right"))
        return SpikeTrains._unchecked(
            times[chosen], self._ids.rows[chosen], recorded, dt=self._dt, t_start=start, t_stop=stop
        )


class Recorder:
    """Records the spikes and traces of a simulation.

    Parameters
    ----------
    plan : Plan
    allreduce : callable
        Combines an array of which each process has filled a part; see `Communicator`.

    Attributes
    ----------
    sampled : list of (Rows, int)
        Times and values of each trace, with their interval (steps).
    """

    def __init__(self, plan: Plan, allreduce: Callable[[NDArray], NDArray]) -> None:
        self._plan, self._allreduce = plan, allreduce
        self._spikes = [_Spikes(first, plan.dt) for first in plan.first_id[:-1]]
        n = int(plan.first_id[-1])
        self._is_recorded = np.zeros(n, bool)
        for first, name in zip(plan.first_id, plan.populations, strict=False):
            self._is_recorded[first + plan.spikes_of[name]] = True
        # NumPy sorts 16-bit keys in linear time.
        self._population = np.repeat(np.arange(len(plan.populations)), np.diff(plan.first_id))
        if len(plan.populations) <= np.iinfo(np.uint16).max:
            self._population = self._population.astype(np.uint16)
        self._times = [Rows(np.float64) for _ in plan.traces]
        self._values = [Rows(np.float64, len(trace.columns)) for trace in plan.traces]
        intervals = [trace.interval for trace in plan.traces]
        self.sampled = list(zip(self._times + self._values, 2 * intervals, strict=True))
        self._sent = [_Spikes(0, plan.dt) for _ in plan.sent_spikes]
        # Spikes of neurons whose potential is recorded, for drawing action potentials.
        self._drawn: dict[int, _Spikes] = {}
        self._is_drawn: dict[int, NDArray[np.bool_]] = {}
        for k, trace in enumerate(plan.traces):
            if trace.key[1] == "v":
                first = plan.first_id[trace.population]
                self._drawn[k], self._is_drawn[k] = _Spikes(first, plan.dt), np.zeros(n, bool)
                self._is_drawn[k][first + trace.ids] = True
        self._is_kept = np.any([self._is_recorded, *self._is_drawn.values()], axis=0)
        self._pending: list[tuple[NDArray, NDArray]] = []
        self._n_pending = 0

    def append(
        self,
        t_first: int,
        n_steps: int,
        state: State,
        samples: list[NDArray[np.float64]],
        sent: list[tuple[NDArray, NDArray]],
    ) -> None:
        """Store the spikes and samples of a chunk of steps.

        Parameters
        ----------
        t_first, n_steps : int
        state : State
            State of one thread; all threads have the same history of spikes.
        samples : list of (n_rows, n_signals) ndarray
            Samples of every thread.
        sent : list of (ids, stamps)
            Spikes of every recorded input.
        """
        for spikes, (ids, stamps) in zip(self._sent, sent, strict=True):
            spikes.append(ids, stamps)
        start = state.history_start[self._plan.max_delay : self._plan.max_delay + n_steps + 1]
        ids = state.history[start[0] : start[-1]]
        stamps = np.repeat(np.arange(t_first + 1, t_first + n_steps + 1), np.diff(start))
        kept = self._is_kept[ids]
        self._pending.append((ids[kept], stamps[kept]))
        self._n_pending += len(self._pending[-1][0])
        if self._n_pending > PENDING:
            self._sort()
        for k, trace in enumerate(self._plan.traces):
            n_rows = (t_first + n_steps) // trace.interval - t_first // trace.interval
            values = np.zeros((n_rows, len(trace.ids)))
            for part, signals in zip(self._plan.threads, samples, strict=True):
                for c in part.trace_terms:
                    if c.trace == k:
                        values[:, c.columns] += c.values(signals[:n_rows])
            self._append(k, trace.reduced(self._in_units(trace, self._allreduce(values))))

    def _append(self, k: int, values: NDArray[np.float64]) -> None:
        """Store samples of trace k, with their times."""
        first = len(self._times[k].rows) + 1
        stamps = np.arange(first, first + len(values)) * self._plan.traces[k].interval
        self._times[k].append(np.multiply(stamps, self._plan.dt, dtype=float))
        self._values[k].append(values)

    def _in_units(self, trace: TracePlan, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return potentials in mV; the engine stores them relative to rest."""
        if trace.variable == "v":
            offset = self._plan.offsets[trace.key[0]]
            values += offset[trace.ids] if isinstance(offset, np.ndarray) else offset
        return values

    def _sort(self) -> None:
        """Sort the pending spikes by population."""
        if self._pending:
            ids, stamps = (np.concatenate(parts) for parts in zip(*self._pending, strict=True))
            self._pending, self._n_pending = [], 0
            self._store(ids, stamps, ids, stamps)

    def _store(
        self, ids: NDArray, stamps: NDArray, drawn_ids: NDArray, drawn_stamps: NDArray
    ) -> None:
        """Store recorded spikes and spikes to be drawn.

        Spikes are given as global ids and steps.
        """
        recorded = self._is_recorded[ids]
        if not recorded.all():
            ids, stamps = ids[recorded], stamps[recorded]
        population = self._population[ids]
        counts = np.bincount(population, minlength=len(self._spikes))
        order = np.argsort(population, kind="stable")
        start = 0
        for k in np.flatnonzero(counts).tolist():
            index = order[start : start + counts[k]]
            start += counts[k]
            self._spikes[k].append(ids[index], stamps[index])
        for k, spikes in self._drawn.items():
            shown = self._is_drawn[k][drawn_ids]
            spikes.append(drawn_ids[shown], drawn_stamps[shown])

    def spikes(self, first: int, last: int) -> dict[str, SpikeTrains]:
        """Return the spikes of steps `first` to `last` − 1 by population."""
        self._sort()
        return {
            name: spikes.trains(first, last, self._plan.spikes_of[name])
            for name, spikes in zip(self._plan.populations, self._spikes, strict=True)
        }

    def traces(self, first: int, last: int) -> dict[tuple[str, str], Trace]:
        """Return the samples of steps `first` to `last` − 1 by population and variable."""
        self._sort()
        traces = enumerate(self._plan.traces)
        return {t.key: self._trace(k, first, last) for k, t in traces if t.drive is None}

    def inputs(self, first: int, last: int) -> dict[str, SpikeTrains | Trace]:
        """Return the recorded inputs in steps `first` to `last` − 1 by name."""
        sent = zip(self._plan.sent_spikes, self._sent, strict=True)
        trains = {plan.drive.name: spikes.trains(first, last, plan.ids) for plan, spikes in sent}
        traces = enumerate(self._plan.traces)
        currents = {t.drive.name: self._trace(k, first, last) for k, t in traces if t.drive}
        return trains | currents

    def _trace(self, k: int, first: int, last: int) -> Trace:
        """Return one trace, with the spikes since the sample before its first one."""
        plan = self._plan.traces[k]
        low, high = first // plan.interval, last // plan.interval
        spikes, v_peak = None, math.nan
        if k in self._drawn:
            v_peak = self._plan.populations[plan.key[0]].v_peak
            spikes = self._drawn[k].trains(low * plan.interval, last, np.sort(plan.ids))
        samples = self._times[k].rows[low:high], self._values[k].rows[low:high]
        return Trace._unchecked(*samples, plan.columns, plan.unit, spikes, v_peak)

    def get_state(self) -> dict[str, NDArray]:
        """Return everything recorded.

        Returns
        -------
        dict
            "ids" and "stamps" (steps) of the recorded spikes, "painted_ids" and "painted_stamps"
            of those to be drawn, "input ids 0" … and "input stamps 0" … of those of recorded
            inputs, and "samples 0" … of the traces, in their units.
        """
        self._sort()
        found: dict[str, NDArray] = {}
        found["ids"], found["stamps"] = self._combined(self._spikes)
        found["painted_ids"], found["painted_stamps"] = self._combined(self._drawn.values())
        for k, spikes in enumerate(self._sent):
            found[f"input ids {k}"], found[f"input stamps {k}"] = self._combined([spikes])
        return found | {f"samples {k}": values.rows for k, values in enumerate(self._values)}

    def _combined(self, spikes: Iterable[_Spikes]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return spikes as global ids and steps, ordered by step, then id."""
        parts = [(np.empty(0, np.int64),) * 2, *(each.columns() for each in spikes)]
        ids, stamps = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        order = np.lexsort((ids, stamps))
        return ids[order].astype(np.int32), stamps[order]

    def set_state(self, saved: Mapping[str, NDArray], n_steps: int) -> None:
        """Load what was recorded in the first `n_steps` steps.

        Raises
        ------
        ValueError
            If it does not fit the network and the number of steps.
        """
        n, traces = len(self._is_recorded), self._plan.traces
        for name in ("", "painted_"):
            ids, stamps = saved[f"{name}ids"], saved[f"{name}stamps"]
            valid = (ids >= 0) & (ids < n) & (stamps >= 1) & (stamps <= n_steps)
            if ids.shape != stamps.shape or not valid.all() or (np.diff(stamps) < 0).any():
                raise ValueError("it has impossible spikes")
        samples = [self._samples_of(saved, k) for k in range(len(traces))]
        for trace, values in zip(traces, samples, strict=True):
            shape = (n_steps // trace.interval, len(trace.columns))
            if values.shape != shape:
                raise ValueError(f"its trace of {trace.key} does not have shape {shape}")
        for k, (plan, sent) in enumerate(zip(self._plan.sent_spikes, self._sent, strict=True)):
            ids, stamps = saved[f"input ids {k}"], saved[f"input stamps {k}"]
            if ids.shape != stamps.shape or not np.isin(ids, plan.ids).all():
                raise ValueError(f"it has impossible spikes of {plan.drive.name!r}")
            sent.append(ids, stamps)
        spikes = ("ids", "stamps", "painted_ids", "painted_stamps")
        self._store(*(saved[name] for name in spikes))
        for k, values in enumerate(samples):
            self._append(k, values)

    def _samples_of(self, saved: Mapping[str, NDArray], k: int) -> NDArray[np.float64]:
        """Return the samples of trace k.

        Earlier versions stored potentials relative to rest.
        """
        if f"samples {k}" in saved:
            return saved[f"samples {k}"]
        return self._in_units(self._plan.traces[k], saved[f"values {k}"].copy())
