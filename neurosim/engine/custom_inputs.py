"""Inputs of user-defined classes.

Currents and spikes are requested interval by interval.

Intervals have a fixed length and each has its own random stream, so that the input depends neither
on the chunks of a run nor on the number of threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder.inputs import arrival_steps, targets
from neurosim.builder.streams import generator
from neurosim.errors import NeurosimError
from neurosim.models import SpikeTimes
from neurosim.models.inputs.base import CURRENT
from neurosim.utils.checks import check_array
from neurosim.utils.frozen import read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.builder import Plan
    from neurosim.builder.drives import CustomPort
    from neurosim.kernels import Inputs
    from neurosim.network import Drive

MAX_STEPS = 1000
"""Longest interval (steps)."""
MAX_VALUES = 2**24
"""Largest number of values of a current in an interval of several steps."""


def interval_steps(n_targets: int) -> int:
    """Return the length of an interval for a number of targets."""
    return min(MAX_STEPS, max(MAX_VALUES // n_targets, 1))


class CustomInputs:
    """The user-defined inputs of a simulation.

    Parameters
    ----------
    plan : Plan
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._cache: dict[Drive, dict[int, Any]] = {}

    def __bool__(self) -> bool:
        return bool(self._plan.threads[0].custom)

    def with_currents(self, thread: int, inputs: Inputs, first: int, last: int) -> Inputs:
        """Return the inputs of a thread with the currents in steps `first` to `last` − 1."""
        programs, changes, amplitudes = inputs.programs.copy(), inputs.changes, inputs.amplitudes
        for drive, port in self._plan.threads[thread].custom.items():
            if port.spikes is None:
                values = self._current(drive, port, first, last)
                row = (len(changes), len(values), values.shape[1], len(amplitudes))
                programs[port.program] = row
                changes = np.concatenate([changes, np.arange(first, last)])
                amplitudes = np.concatenate([amplitudes, values.ravel()])
        arrays = {"programs": programs, "changes": changes, "amplitudes": amplitudes}
        return inputs._replace(**{name: read_only(array) for name, array in arrays.items()})

    def spikes(
        self, thread: int, first: int, last: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Return step, slot and weight of the spikes in a range of steps.

        The spikes arrive in steps `first` to `last` − 1.
        """
        found: list[tuple[NDArray, ...]] = [(np.empty(0, np.int64),) * 2 + (np.empty(0),)]
        for drive, port in self._plan.threads[thread].custom.items():
            if port.spikes is not None:
                steps, columns = self._arrivals(drive, port, first, last)
                weights = port.spikes.weights[columns]
                for slots in (port.spikes.slots[columns], port.spikes.probe_slots[columns]):
                    local = slots >= 0
                    found.append((steps[local], slots[local], weights[local]))
        steps, slots, weights = (np.concatenate(column) for column in zip(*found, strict=True))
        return steps, slots, weights

    def _current(
        self, drive: Drive, port: CustomPort, first: int, last: int
    ) -> NDArray[np.float64]:
        """Return the current in steps; shape (n_steps, 1) or (n_steps, n_targets)."""
        length = interval_steps(len(targets(drive)))
        intervals = range(first // length, (last - 1) // length + 1)
        parts = self._intervals(drive, port, intervals, self._request_current)
        start = intervals.start * length
        return np.concatenate(parts)[first - start : last - start]

    def _arrivals(
        self, drive: Drive, port: CustomPort, first: int, last: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return step and target of the spikes that arrive in steps `first` to `last` − 1."""
        length, delay = interval_steps(len(targets(drive))), float(drive.delay or 0.0)
        start, stop = (
            int((step - delay / self._plan.dt) // length) for step in (first - 1, last + 1)
        )
        intervals = range(max(start, 0), stop + 1)
        parts = self._intervals(drive, port, intervals, self._request_spikes)
        none = np.empty(0, np.int64)
        steps, columns = (np.concatenate([none, *(part[k] for part in parts)]) for k in range(2))
        arrives = (steps >= first) & (steps < last)
        return steps[arrives], columns[arrives]

    def _intervals(self, drive: Drive, port: CustomPort, wanted: range, request: Any) -> list[Any]:
        """Return the results of `request` for intervals; drop earlier ones from the cache."""
        seed, cache = self._plan.seed, self._cache.get(drive, {})
        self._cache[drive] = {
            k: cache[k]
            if k in cache
            else request(drive, k, generator(seed, "input", f"{port.number}/{k}"))
            for k in wanted
        }
        return list(self._cache[drive].values())

    def _request_current(
        self, drive: Drive, k: int, rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return the current of the input in interval k."""
        source: Any = drive.input
        n_targets, name = len(targets(drive)), f"{type(source).__name__}.current"
        n = interval_steps(n_targets)
        times = np.arange(k * n, (k + 1) * n) * self._plan.dt
        values = check_array(source.current(times, n_targets, rng), name, *CURRENT.values())
        if values.shape not in ((n,), (n, n_targets)):
            raise NeurosimError(
                f"{name} returned an array of shape {values.shape}: return one value per time, "
                f"({n},), or one per time and target, ({n}, {n_targets})"
            )
        return values.reshape(n, -1)

    def _request_spikes(
        self, drive: Drive, k: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return arrival steps and targets of the input's spikes in interval k."""
        source: Any = drive.input
        n_targets, name = len(targets(drive)), f"{type(source).__name__}.spikes"
        length = interval_steps(n_targets) * self._plan.dt
        start, stop = k * length, (k + 1) * length
        try:
            given = SpikeTimes(source.spikes(start, stop, n_targets, rng))
            given.check_targets(n_targets)
        except NeurosimError as error:
            raise NeurosimError(f"{name} returned wrong times: {error}") from None
        times, columns, _ = given.events()
        if len(times) and not start <= times.min() <= times.max() < stop:
            wrong = times[(times < start) | (times >= stop)][0]
            raise NeurosimError(
                f"{name} returned a spike at {wrong:g} ms: return those from start = {start:g} ms "
                f"to before stop = {stop:g} ms"
            )
        # As for other drives, no spike arrives before the first step.
        steps = np.maximum(arrival_steps(drive, times, self._plan.dt), 0)
        if given.columns == 1 and len(columns) and columns[0] < 0:
            return np.repeat(steps, n_targets), np.tile(np.arange(n_targets), len(steps))
        return steps, columns
