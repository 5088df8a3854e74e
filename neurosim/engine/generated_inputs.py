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
    from neurosim.builder.drives import GeneratedPort
    from neurosim.kernels import Inputs
    from neurosim.network import Drive

    Spikes = tuple[NDArray[np.int64], NDArray[np.int64]]

MAX_STEPS = 1000
"""Longest interval (steps)."""
MAX_VALUES = 2**24
"""Largest number of values of a current in an interval of several steps."""


class _GeneratedInput:
    """One input that is generated interval by interval.

    Attributes
    ----------
    memory : dict of int to ndarray
        Memory of the input at the beginning of intervals; empty if it has none.
    """

    def __init__(self, drive: Drive, port: GeneratedPort, plan: Plan) -> None:
        source: Any = drive.input
        self._drive, self._source, self._name = drive, source, type(source).__name__
        self._number, self._sends_spikes = port.number, port.spikes is not None
        self._dt, self._seed = plan.dt, plan.seed
        self._n_targets = len(targets(drive))
        self._length = min(MAX_STEPS, max(MAX_VALUES // self._n_targets, 1))  # of an interval
        self._cache: dict[int, Any] = {}
        self.memory: dict[int, NDArray[np.float64]] = {}
        if hasattr(source, "memory"):
            rng = generator(plan.seed, "input memory", port.number)
            start = source.memory(self._n_targets, rng)
            self.memory[0] = check_array(start, f"{self._name}.memory", "").copy()
        # First step of the input, and the step after the last.
        self._first, self._last = -np.inf, np.inf
        if isinstance(source, TimedInput):
            self._first = float(to_steps(source.start, plan.dt))
            self._last = np.inf if source.stop is None else float(to_steps(source.stop, plan.dt))

    def arrivals(self, first: int, last: int) -> Spikes:
        """Return step and column of the spikes that arrive in steps `first` to `last` − 1."""
        delay, spread = float(self._drive.delay or 0.0), self._source.spread
        start = int((first - 1 - (delay + spread) / self._dt) // self._length)
        stop = int((last + 1 - delay / self._dt) // self._length)
        # Spikes that follow their interval may have been sent before time 0.
        has_past = spread > 0.0 and not self.memory
        parts = self._intervals(range(start if has_past else max(start, 0), stop + 1))
        none = np.empty(0, np.int64)
        steps, columns = (np.concatenate([none, *(part[k] for part in parts)]) for k in range(2))
        arrives = (steps >= first) & (steps < last)
        return steps[arrives], columns[arrives]

    def values(self, first: int, last: int) -> NDArray[np.float64]:
        """Return the current (pA) or the mean number of spikes in steps.

        The shape is (n_steps, 1) or (n_steps, n_targets).
        """
        # Spikes arrive later than they are sent.
        delay = int(to_steps(float(self._drive.delay or 0.0), self._dt))
        first, last = first - delay, last - delay
        intervals = range(max(first, 0) // self._length, max((last - 1) // self._length, 0) + 1)
        starts = np.array(intervals) * self._length
        # Slices of one interval are not copied.
        found = [
            part[max(first - start, 0) : max(last - start, 0)]
            for start, part in zip(starts, self._intervals(intervals), strict=True)
        ]
        if first < 0:
            found.insert(0, np.zeros((min(-first, last - first), found[0].shape[1])))
        return found[0] if len(found) == 1 else np.concatenate(found)

    def _intervals(self, wanted: range) -> list[Any]:
        """Return the values or spikes of intervals; drop earlier ones from the cache."""
        generate = self._new_spikes if self._sends_spikes else self._new_values
        first = min(max(self.memory, default=wanted.start), wanted.start)
        for k in range(first, wanted.stop):
            if k not in self._cache:
                rng = generator(self._seed, "input", f"{self._number}/{k}")
                self._cache[k] = generate(k, rng)
        for kept in (self._cache, self.memory):
            for k in [k for k in kept if k < wanted.start]:
                del kept[k]
        return [self._cache[k] for k in wanted]

    def _new_values(self, k: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return the current, or the mean number of spikes, in interval k."""
        source, dt, n, n_targets = self._source, self._dt, self._length, self._n_targets
        is_current = hasattr(source, "current")
        name = f"{self._name}.{'current' if is_current else 'rates'}"
        steps = np.arange(k * n, (k + 1) * n)
        method = source.current if is_current else source.rates
        highest = min(MAX_MEAN / dt * 1e3, source.highest_rate)
        limits = CURRENT if is_current else {"unit": "Hz", "low": 0.0, "high": highest}
        values = check_array(method(steps * dt, n_targets, rng), name, **limits)
        if values.shape not in ((n,), (n, n_targets)):
            raise NeurosimError(
                f"{name} returned an array of shape {values.shape}: return one value per time, "
                f"({n},), or one per time and target, ({n}, {n_targets})"
            )
        inside = (steps >= self._first) & (steps < self._last)
        values = np.where(inside[:, None], values.reshape(n, -1), 0.0)
        return values if is_current else values * (1e-3 * dt)

    def _new_spikes(self, k: int, rng: np.random.Generator) -> Spikes:
        """Return arrival steps and targets of the input's spikes in interval k."""
        name, dt = f"{self._name}.spikes", self._dt
        length = self._length * dt
        start, stop = k * length, (k + 1) * length
        memory = []
        if self.memory:  # the input changes it
            memory = [self.memory[k].copy()]
            self.memory[k + 1] = memory[0]
        given = self._source.spikes(start, stop, self._n_targets, rng, *memory)
        times, columns = _events(given, self._n_targets, name)
        latest = stop + self._source.spread
        if len(times) and not start <= times.min() <= times.max() < latest:
            wrong = times[(times < start) | (times >= latest)][0]
            raise NeurosimError(
                f"{name} returned a spike at {wrong:g} ms: return spikes at start = {start:g} ms "
                f"or later and before stop = {stop:g} ms"
            )
        sent = (times >= max(self._first * dt, 0.0)) & (times < self._last * dt)
        # As for other drives, no spike arrives before the first step.
        steps = np.maximum(arrival_steps(self._drive, times, dt), 0)
        return for_targets(steps[sent], columns[sent], self._n_targets)


class GeneratedInputs:
    """The generated inputs of a simulation.

    Parameters
    ----------
    plan : Plan
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        ports = plan.threads[0].ports.generated
        self._inputs = {drive: _GeneratedInput(drive, port, plan) for drive, port in ports.items()}

    def __bool__(self) -> bool:
        return bool(self._inputs)

    def with_values(self, inputs: Inputs, thread: int, first: int, last: int) -> Inputs:
        """Return the inputs of a thread with the values of steps `first` to `last` − 1.

        Values are those of generated currents and rates.
        """
        programs, changes = inputs.programs.copy(), inputs.changes
        amplitudes, means = inputs.amplitudes, inputs.means
        tables = PoissonTables(inputs.poisson_tables, inputs.thresholds, inputs.tail_cdf)
        for drive, port in self._plan.threads[thread].ports.generated.items():
            if port.spikes is not None:
                continue
            values = self._inputs[drive].values(first, last)
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
        """Return step, slot and weight of spikes that arrive in steps `first` to `last` − 1."""
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
        return self._inputs[drive].arrivals(first, last)

    def get_state(self) -> dict[str, NDArray]:
        """Return the memory of inputs, and the interval that begins with it."""
        memories = [one.memory for one in self._inputs.values() if one.memory]
        intervals = np.array([min(memory) for memory in memories], np.int64)
        values = np.concatenate([np.empty(0), *(memory[min(memory)] for memory in memories)])
        return {"memory": values, "memory_intervals": intervals}

    def set_state(self, saved: Mapping[str, NDArray]) -> None:
        """Set the memory of inputs, as returned by `get_state`.

        Raises
        ------
        ValueError
            If it is not that of these inputs.
        """
        inputs = [one for one in self._inputs.values() if one.memory]
        values = saved.get("memory", np.empty(0))
        sizes = [len(next(iter(one.memory.values()))) for one in inputs]
        if len(values) != sum(sizes) or not np.isfinite(values).all():
            raise ValueError("its memory of inputs is not that of this network")
        parts = np.split(values, np.cumsum(sizes)[:-1]) if sizes else []
        intervals = saved.get("memory_intervals", np.empty(0, np.int64)).tolist()
        for one, k, part in zip(inputs, intervals, parts, strict=True):
            one.memory = {k: part.copy()}


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
