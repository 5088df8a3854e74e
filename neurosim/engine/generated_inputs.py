"""Inputs that their classes generate interval by interval.

Intervals have a fixed length and each has its own random stream, so that the input depends neither
on the chunks of a run nor on the number of threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder.grid import to_steps
from neurosim.builder.inputs import PoissonTables, arrival_steps, targets
from neurosim.builder.streams import generator
from neurosim.errors import NeurosimError
from neurosim.models import SpikeTimes
from neurosim.models.inputs.base import CURRENT, TimedInput
from neurosim.models.inputs.poisson import MAX_MEAN
from neurosim.utils.checks import check_array, check_indices
from neurosim.utils.frozen import read_only

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from neurosim.builder import Plan
    from neurosim.kernels import Inputs
    from neurosim.network import Drive

    Spikes = tuple[NDArray[np.int64], NDArray[np.int64]]

MAX_STEPS = 1000
"""Longest interval (steps)."""
MAX_VALUES = 2**24
"""Largest number of values of a current in an interval of several steps."""


def interval_steps(n_targets: int) -> int:
    """Return the length of an interval for a number of targets."""
    return min(MAX_STEPS, max(MAX_VALUES // n_targets, 1))


class GeneratedInputs:
    """The generated inputs of a simulation.

    Parameters
    ----------
    plan : Plan
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._ports = plan.threads[0].ports.generated
        self._cache: dict[Drive, dict[int, Any]] = {drive: {} for drive in self._ports}
        # Memory of inputs at the beginning of intervals.
        self._memory: dict[Drive, dict[int, NDArray[np.float64]]] = {}
        for drive, port in self._ports.items():
            if hasattr(drive.input, "memory"):
                rng = generator(plan.seed, "input memory", port.number)
                start = drive.input.memory(len(targets(drive)), rng)
                name = f"{type(drive.input).__name__}.memory"
                self._memory[drive] = {0: check_array(start, name, "").copy()}

    def __bool__(self) -> bool:
        return bool(self._ports)

    def with_values(self, inputs: Inputs, thread: int, first: int, last: int) -> Inputs:
        """Return the inputs of a thread with the currents and rates of steps.

        They are those of steps `first` to `last` − 1.
        """
        programs, changes = inputs.programs.copy(), inputs.changes
        amplitudes, means = inputs.amplitudes, inputs.means
        tables = PoissonTables(inputs.poisson_tables, inputs.thresholds, inputs.tail_cdf)
        for drive, port in self._plan.threads[thread].ports.generated.items():
            if port.spikes is not None:
                continue
            values = self._values(drive, first, last)
            if hasattr(drive.input, "current"):
                start, amplitudes = len(amplitudes), np.append(amplitudes, values)
            elif values.shape[1] > 1:
                start, means = len(means), np.append(means, values)
            else:
                start = len(tables.poisson_tables)
                tables = tables.append(PoissonTables.of(np.ascontiguousarray(values[:, 0])))
            row = programs[port.program]
            row.first_change, row.n_changes = len(changes), len(values)
            row.n_columns, row.first_value = values.shape[1], start
            changes = np.append(changes, np.arange(first, last))
        arrays = {"programs": programs, "changes": changes, "amplitudes": amplitudes}
        arrays |= {"means": means, **tables._asdict()}
        return inputs._replace(**{name: read_only(array) for name, array in arrays.items()})

    def spikes(
        self, thread: int, first: int, last: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Return step, slot and weight of the spikes in a range of steps.

        The spikes arrive in steps `first` to `last` − 1.
        """
        found: list[tuple[NDArray, ...]] = [(np.empty(0, np.int64),) * 2 + (np.empty(0),)]
        for drive, port in self._plan.threads[thread].ports.generated.items():
            if port.spikes is not None:
                steps, columns = self.arrivals(drive, first, last)
                weights = port.spikes.weights[columns]
                for slots in (port.spikes.slots[columns], port.spikes.probe_slots[columns]):
                    local = slots >= 0
                    found.append((steps[local], slots[local], weights[local]))
        steps, slots, weights = (np.concatenate(column) for column in zip(*found, strict=True))
        return steps, slots, weights

    def arrivals(self, drive: Drive, first: int, last: int) -> Spikes:
        """Return step and column of the spikes that arrive in steps `first` to `last` − 1."""
        source, dt = drive.input, self._plan.dt
        length, delay = interval_steps(len(targets(drive))), float(drive.delay or 0.0)
        start = int((first - 1 - (delay + source.spread) / dt) // length)
        stop = int((last + 1 - delay / dt) // length)
        # Spikes that follow their interval may have been sent before time 0.
        has_past = source.spread > 0.0 and drive not in self._memory
        intervals = range(start if has_past else max(start, 0), stop + 1)
        parts = self._intervals(drive, intervals, self._request_spikes)
        none = np.empty(0, np.int64)
        steps, columns = (np.concatenate([none, *(part[k] for part in parts)]) for k in range(2))
        arrives = (steps >= first) & (steps < last)
        return steps[arrives], columns[arrives]

    def _values(self, drive: Drive, first: int, last: int) -> NDArray[np.float64]:
        """Return the current (pA) or the mean number of spikes in steps.

        The shape is (n_steps, 1) or (n_steps, n_targets).
        """
        # Spikes arrive later than they are sent.
        delay = int(to_steps(float(drive.delay or 0.0), self._plan.dt))
        first, last = first - delay, last - delay
        length = interval_steps(len(targets(drive)))
        intervals = range(max(first, 0) // length, max((last - 1) // length, 0) + 1)
        parts = self._intervals(drive, intervals, self._request_values)
        starts = np.array(intervals) * length
        # Slices of one interval are not copied.
        found = [
            part[max(first - start, 0) : max(last - start, 0)]
            for start, part in zip(starts, parts, strict=True)
        ]
        if first < 0:
            found.insert(0, np.zeros((min(-first, last - first), found[0].shape[1])))
        return found[0] if len(found) == 1 else np.concatenate(found)

    def _intervals(self, drive: Drive, wanted: range, request: Any) -> list[Any]:
        """Return the results of `request` for intervals; drop earlier ones from the cache."""
        seed, number, cache = self._plan.seed, self._ports[drive].number, self._cache[drive]
        memory = self._memory.get(drive, {})
        first = min(max(memory, default=wanted.start), wanted.start)
        for k in range(first, wanted.stop):
            if k not in cache:
                cache[k] = request(drive, k, generator(seed, "input", f"{number}/{k}"))
        for kept in (cache, memory):
            for k in [k for k in kept if k < wanted.start]:
                del kept[k]
        return [cache[k] for k in wanted]

    def _request_values(
        self, drive: Drive, k: int, rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return the current, or the mean number of spikes, in interval k."""
        source: Any = drive.input
        is_current = hasattr(source, "current")
        n_targets, name = len(targets(drive)), type(source).__name__
        name += ".current" if is_current else ".rates"
        dt, n = self._plan.dt, interval_steps(n_targets)
        steps = np.arange(k * n, (k + 1) * n)
        method = source.current if is_current else source.rates
        highest = min(MAX_MEAN / dt * 1e3, source.highest_rate)
        limits = CURRENT if is_current else {"unit": "Hz", "low": 0.0, "high": highest}
        values = check_array(method(steps * dt, n_targets, rng), name, *limits.values())
        if values.shape not in ((n,), (n, n_targets)):
            raise NeurosimError(
                f"{name} returned an array of shape {values.shape}: return one value per time, "
                f"({n},), or one per time and target, ({n}, {n_targets})"
            )
        first, last = self._window(source)
        inside = (steps >= first) & (steps < last)
        values = np.where(inside[:, None], values.reshape(n, -1), 0.0)
        return values if is_current else values * (1e-3 * dt)

    def _window(self, source: Any) -> tuple[float, float]:
        """Return the first step of an input, and the step after the last."""
        if not isinstance(source, TimedInput):
            return -np.inf, np.inf
        stop = np.inf if source.stop is None else float(to_steps(source.stop, self._plan.dt))
        return float(to_steps(source.start, self._plan.dt)), stop

    def _request_spikes(self, drive: Drive, k: int, rng: np.random.Generator) -> Spikes:
        """Return arrival steps and targets of the input's spikes in interval k."""
        source: Any = drive.input
        n_targets, name = len(targets(drive)), f"{type(source).__name__}.spikes"
        length = interval_steps(n_targets) * self._plan.dt
        start, stop = k * length, (k + 1) * length
        given = source.spikes(start, stop, n_targets, rng, *self._next_memory(drive, k))
        times, columns = _events(given, n_targets, name)
        latest = stop + source.spread
        if len(times) and not start <= times.min() <= times.max() < latest:
            wrong = times[(times < start) | (times >= latest)][0]
            raise NeurosimError(
                f"{name} returned a spike at {wrong:g} ms: return those from start = {start:g} ms "
                f"to before stop = {stop:g} ms"
            )
        first, last = (bound * self._plan.dt for bound in self._window(source))
        sent = (times >= max(first, 0.0)) & (times < last)
        # As for other drives, no spike arrives before the first step.
        steps = np.maximum(arrival_steps(drive, times, self._plan.dt), 0)
        return for_targets(steps[sent], columns[sent], n_targets)

    def _next_memory(self, drive: Drive, k: int) -> list[NDArray[np.float64]]:
        """Return the memory of an input, which it changes in interval k, if it has one."""
        if drive not in self._memory:
            return []
        self._memory[drive][k + 1] = self._memory[drive][k].copy()
        return [self._memory[drive][k + 1]]

    def get_state(self) -> dict[str, NDArray]:
        """Return the memory of inputs, and the interval that begins with it."""
        first = {drive: min(memory) for drive, memory in self._memory.items()}
        values = [np.empty(0), *(self._memory[drive][k] for drive, k in first.items())]
        intervals = np.array(list(first.values()), np.int64)
        return {"memory": np.concatenate(values), "memory_intervals": intervals}

    def set_state(self, saved: Mapping[str, NDArray]) -> None:
        """Set the memory of inputs, as returned by `get_state`.

        Raises
        ------
        ValueError
            If it is not that of these inputs.
        """
        values = saved.get("memory", np.empty(0))
        sizes = [len(next(iter(memory.values()))) for memory in self._memory.values()]
        if len(values) != sum(sizes) or not np.isfinite(values).all():
            raise ValueError("its memory of inputs is not that of this network")
        parts = np.split(values, np.cumsum(sizes)[:-1]) if sizes else []
        intervals = saved.get("memory_intervals", np.empty(0, np.int64)).tolist()
        for drive, k, part in zip(self._memory, intervals, parts, strict=True):
            self._memory[drive] = {k: part.copy()}


def for_targets(steps: NDArray[np.int64], columns: NDArray[np.int64], n_targets: int) -> Spikes:
    """Return spikes with one entry for each target in place of column -1."""
    if len(columns) == 0 or columns[0] >= 0:
        return steps, columns
    return np.repeat(steps, n_targets), np.tile(np.arange(n_targets), len(steps))


def _events(given: Any, n_targets: int, name: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the time and the target of spikes; -1: all targets."""
    try:
        if isinstance(given, tuple):
            times, columns = given
            times = check_array(times, "the times", "ms", empty=True)
            columns = check_indices(columns, "the targets", n_targets, copy=False)
            if times.shape != columns.shape:
                raise NeurosimError(f"{len(times)} times, but {len(columns)} targets")
            return times, columns
        trains = SpikeTimes(given)
        trains.check_targets(n_targets)
    except (NeurosimError, ValueError) as error:
        raise NeurosimError(f"{name} returned wrong times: {error}") from None
    times, columns, _ = trains.events()
    return times, columns
