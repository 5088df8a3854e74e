"""Inputs of users: currents and spikes that their classes return for successive intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.build.inputs import arrival_steps, targets
from neurosim.build.streams import generator
from neurosim.errors import NeurosimError
from neurosim.frozen import read_only
from neurosim.network import SpikeTimes
from neurosim.network.checks import check_array
from neurosim.network.inputs import CURRENT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.build import Plan
    from neurosim.build.live import OwnPort
    from neurosim.kernels import Inputs
    from neurosim.network import Drive

STEPS = 1000
"""Length of an interval (steps): fixed, so that input does not depend on the pieces of a run."""


class OwnInputs:
    """The inputs of users in a simulation.

    Parameters
    ----------
    plan : Plan
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._known: dict[tuple[Drive, int], Any] = {}

    def __bool__(self) -> bool:
        return bool(self._plan.threads[0].own)

    def with_currents(self, thread: int, inputs: Inputs, first: int, last: int) -> Inputs:
        """Return the inputs of a thread with the currents in the steps first … last − 1."""
        programs, changes, amplitudes = inputs.programs.copy(), inputs.changes, inputs.amplitudes
        for drive, port in self._plan.threads[thread].own.items():
            if port.spikes is None:
                values = self._current(drive, port, first, last)
                place = [len(changes), len(values), values.shape[1], len(amplitudes)]
                programs[port.program] = place
                changes = np.concatenate([changes, np.arange(first, last)])
                amplitudes = np.concatenate([amplitudes, values.ravel()])
        arrays = {"programs": programs, "changes": changes, "amplitudes": amplitudes}
        return inputs._replace(**{name: read_only(array) for name, array in arrays.items()})

    def spikes(
        self, thread: int, first: int, last: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Return step, slot and weight of the spikes that arrive in the steps first … last − 1."""
        found: list[tuple[NDArray, ...]] = [(np.empty(0, np.int64),) * 2 + (np.empty(0),)]
        for drive, port in self._plan.threads[thread].own.items():
            if port.spikes is not None:
                steps, columns = self._arriving(drive, port, first, last)
                weights = port.spikes.weights[columns]
                for slots in (port.spikes.slots[columns], port.spikes.twin_slots[columns]):
                    own = slots >= 0
                    found.append((steps[own], slots[own], weights[own]))
        steps, slots, weights = (np.concatenate(column) for column in zip(*found, strict=True))
        return steps, slots, weights

    def _current(self, drive: Drive, port: OwnPort, first: int, last: int) -> NDArray[np.float64]:
        """Return the current in steps, of shape (n_steps, 1) or (n_steps, n_targets)."""
        intervals = range(first // STEPS, (last - 1) // STEPS + 1)
        known = [self._interval(drive, port, k, self._ask_current) for k in intervals]
        start = intervals.start * STEPS
        return np.concatenate(known)[first - start : last - start]

    def _arriving(
        self, drive: Drive, port: OwnPort, first: int, last: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return step and target of the spikes that arrive in the steps first … last − 1."""
        late = float(drive.delay or 0.0) / self._plan.dt
        intervals = [int((step - late) // STEPS) for step in (first - 1, last + 1)]
        known = [(np.empty(0, np.int64), np.empty(0, np.int64))]
        for k in range(max(intervals[0], 0), intervals[1] + 1):
            steps, columns = self._interval(drive, port, k, self._ask_spikes)
            due = (steps >= first) & (steps < last)
            known.append((steps[due], columns[due]))
        return np.concatenate([s for s, _ in known]), np.concatenate([c for _, c in known])

    def _interval(self, drive: Drive, port: OwnPort, k: int, ask: Any) -> Any:
        """Return what `ask` returns for interval k; that of the last two intervals is kept."""
        if (drive, k) not in self._known:
            self._known.pop((drive, k - 2), None)
            rng = generator(self._plan.seed, "input", f"{port.number}/{k}")
            self._known[drive, k] = ask(drive, k, rng)
        return self._known[drive, k]

    def _ask_current(self, drive: Drive, k: int, rng: np.random.Generator) -> NDArray[np.float64]:
        source: Any = drive.input
        n_targets, what = len(targets(drive)), f"{type(source).__name__}.current"
        times = np.arange(k * STEPS, (k + 1) * STEPS) * self._plan.dt
        values = check_array(source.current(times, n_targets, rng), what, *CURRENT.values())
        if values.shape not in ((STEPS,), (STEPS, n_targets)):
            raise NeurosimError(
                f"{what} returned an array of shape {values.shape}: return one value per time, "
                f"({STEPS},), or one per time and target, ({STEPS}, {n_targets})"
            )
        return values.reshape(STEPS, -1)

    def _ask_spikes(
        self, drive: Drive, k: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        source: Any = drive.input
        n_targets, what = len(targets(drive)), f"{type(source).__name__}.spikes"
        start, stop = (edge * STEPS * self._plan.dt for edge in (k, k + 1))
        try:
            given = SpikeTimes(source.spikes(start, stop, n_targets, rng))
            given.check_targets(n_targets)
        except NeurosimError as error:
            raise NeurosimError(f"{what} returned wrong times: {error}") from None
        times, columns, _ = given.events()
        if len(times) and not start <= times.min() <= times.max() < stop:
            wrong = times[(times < start) | (times >= stop)][0]
            raise NeurosimError(
                f"{what} returned a spike at {wrong:g} ms: return those from start = {start:g} ms "
                f"to before stop = {stop:g} ms"
            )
        # As for other drives, the first step is the earliest.
        steps = np.maximum(arrival_steps(drive, times, self._plan.dt), 0)
        if given.columns == 1 and len(columns) and columns[0] < 0:
            return np.repeat(steps, n_targets), np.tile(np.arange(n_targets), len(steps))
        return steps, columns
