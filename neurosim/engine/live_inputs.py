"""Input during a simulation.

These are live currents, live spikes and inputs that are generated interval by interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from neurosim.builder.drives import CurrentPort, SpikePort
from neurosim.builder.grid import to_steps
from neurosim.builder.inputs import columns_of, targets
from neurosim.engine.generated_inputs import GeneratedInputs
from neurosim.errors import NeurosimError
from neurosim.models import LiveCurrent, LiveSpikes
from neurosim.network import Drive
from neurosim.network.views import select
from neurosim.utils.checks import check_array, show
from neurosim.utils.frozen import read_only

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike, NDArray

    from neurosim.builder import Plan
    from neurosim.kernels import Inputs, State


class _Events(NamedTuple):
    """Spikes to be delivered: step of arrival, slot and weight of each."""

    steps: NDArray[np.int64]
    slots: NDArray[np.int64]
    weights: NDArray[np.float64]

    def select(self, index: NDArray | slice) -> _Events:
        """Return the events selected by an index array, mask or slice."""
        return _Events(self.steps[index], self.slots[index], self.weights[index])

    def append(self, others: _Events) -> _Events:
        """Return these events, followed by others."""
        return _Events(*(np.concatenate(pair) for pair in zip(self, others, strict=True)))


_NONE = _Events(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


class LiveInputs:
    """The live drives of a simulation.

    Live input acts from the next step on, independent of real time, so simulations with feedback
    through live input are reproducible.

    Parameters
    ----------
    plan : Plan
    states : sequence of State
        State of every thread.
    current : callable
        Returns the current version of a drive, after changes of the network.

    Attributes
    ----------
    tables : list of Inputs
        Inputs of every thread for the steps that `begin` prepared.
    generated : GeneratedInputs
    """

    def __init__(self, plan: Plan, states: list[State], current: Callable[[Drive], Drive]) -> None:
        self._plan, self._states, self._current = plan, states, current
        self.generated = GeneratedInputs(plan)
        self._fixed: list[Inputs] = []
        self._amplitudes: list[NDArray[np.float64]] = []
        for part in plan.threads:
            inputs = part.inputs
            if any(isinstance(port, CurrentPort) for port in part.ports.live.values()):
                # A writable copy; the kernels read it through a read-only view.
                amplitudes = inputs.amplitudes.copy()
                self._amplitudes.append(amplitudes)
                inputs = inputs._replace(amplitudes=read_only(amplitudes))
            self._fixed.append(inputs)
        self.tables = list(self._fixed)
        self._pending = [_NONE for _ in plan.threads]
        self._given: dict[int, int] = {}
        # Drive, column and step of arrival of the live spikes, for checkpoints.
        self._sent = np.empty((0, 3), np.int64)

    def index(self, drive: Drive) -> int:
        """Return the index of a drive among the live drives."""
        return list(self._plan.threads[0].ports.live).index(self._current(drive))

    def inject(self, drive: Drive, amplitude: ArrayLike) -> None:
        """Set a live current (pA); see `Chunk.inject`."""
        drive = self._checked(drive, LiveCurrent)
        current = LiveCurrent(amplitude)
        current.check_targets(len(targets(drive)))
        for part, state, amplitudes in zip(
            self._plan.threads, self._states, self._amplitudes, strict=True
        ):
            port = part.ports.live[drive]
            assert isinstance(port, CurrentPort)
            amplitudes[port.values] = current.amplitude
            # Rewind the program, so that the next step reads its first row again.
            state.cursors[port.program] = -1

    def send(self, drive: Drive, ids: ArrayLike | None, times: ArrayLike | None, now: int) -> None:
        """Send live spikes after `now` steps; see `Chunk.send`."""
        drive = self._checked(drive, LiveSpikes)
        columns = _columns(drive, ids)
        self._dispatch(drive, columns, self._arrivals(drive, len(columns), times, now))
        self._sent = self._sent[self._sent[:, 2] >= now]

    def _dispatch(self, drive: Drive, columns: NDArray[np.int64], steps: NDArray[np.int64]) -> None:
        """Add spikes to the pending events of every thread."""
        rows = np.column_stack([np.full(len(steps), self.index(drive)), columns, steps])
        self._sent = np.concatenate([self._sent, rows])
        for thread, part in enumerate(self._plan.threads):
            port = part.ports.live[drive]
            assert isinstance(port, SpikePort)
            weights = port.weights[columns]
            for slots in (port.slots[columns], port.probe_slots[columns]):
                spikes = _Events(steps, slots, weights).select(slots >= 0)
                self._pending[thread] = self._pending[thread].append(spikes)

    def arrivals(
        self, drive: Drive, first: int, last: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return step and column of live spikes that arrive in steps `first` to `last` − 1."""
        number, columns, steps = self._sent.T
        chosen = (number == self.index(drive)) & (steps >= first) & (steps < last)
        return steps[chosen], columns[chosen]

    def begin(self, first: int, last: int) -> None:
        """Merge the live spikes and generated inputs before step `last` into the tables."""
        for thread, state in enumerate(self._states):
            if self.generated:
                self._begin_generated(thread, first, last)
            waiting = self._pending[thread]
            arrives = waiting.steps < last
            if not arrives.any():
                continue
            fixed = self.tables[thread]
            given = slice(state.next_event[0], int(np.searchsorted(fixed.event_steps, last)))
            events = _Events(fixed.event_steps, fixed.event_slots, fixed.event_weights)
            events = events.select(given).append(waiting.select(arrives))
            events = events.select(np.argsort(events.steps, kind="stable"))
            self.tables[thread] = fixed._replace(
                event_steps=read_only(events.steps),
                event_slots=read_only(events.slots),
                event_weights=read_only(events.weights),
            )
            state.next_event[0] = 0
            self._given[thread] = given.stop
            self._pending[thread] = waiting.select(~arrives)

    def _begin_generated(self, thread: int, first: int, last: int) -> None:
        """Generate the inputs of steps `first` to `last` − 1."""
        self.tables[thread] = self.generated.with_values(self._fixed[thread], thread, first, last)
        for port in self._plan.threads[thread].ports.generated.values():
            if port.spikes is None:
                self._states[thread].cursors[port.program] = -1
        arriving = _Events(*self.generated.spikes(thread, first, last))
        self._pending[thread] = self._pending[thread].append(arriving)

    def end(self) -> None:
        """Restore the tables without live input, after the prepared steps."""
        for thread, given in self._given.items():
            self._states[thread].next_event[0] = given
        self.tables = list(self._fixed)
        self._given.clear()

    def get_state(self, step: int) -> dict[str, NDArray]:
        """Return the values of live currents, and the spikes that arrive from `step` on.

        Returns
        -------
        dict
            "amplitudes": values of all live currents, concatenated. Of each spike: "drives", the
            index of the live drive; "columns", the index of the target in the drive; "steps". And
            the memory of generated inputs.
        """
        ports = self._plan.threads[0].ports.live.values()
        values = [self._amplitudes[0][p.values] for p in ports if isinstance(p, CurrentPort)]
        spikes = self._sent[self._sent[:, 2] >= step].T
        names = ("drives", "columns", "steps")
        found = {"amplitudes": np.concatenate([_NONE.weights, *values])}
        return found | dict(zip(names, spikes, strict=True)) | self.generated.get_state()

    def set_state(self, saved: Mapping[str, NDArray]) -> None:
        """Set live currents and send spikes, as returned by `get_state`.

        Raises
        ------
        ValueError
            If the state is not valid for this network.
        """
        self.generated.set_state(saved)
        drives, values = list(self._plan.threads[0].ports.live), saved["amplitudes"]
        for drive in drives:
            if not drive.input.sends_spikes:
                self.inject(drive, values[: len(targets(drive))])
                values = values[len(targets(drive)) :]
        n_targets = np.array([len(targets(d)) * d.input.sends_spikes for d in drives], np.int64)
        number, columns, steps = (saved[name] for name in ("drives", "columns", "steps"))
        known = (number >= 0) & (number < len(drives)) & (columns >= 0)
        if len(values) or not known.all() or not (columns < n_targets[number]).all():
            raise ValueError("its live input is not that of this network")
        for sent in np.split(np.arange(len(steps)), np.flatnonzero(np.diff(number)) + 1):
            if len(sent):
                self._dispatch(drives[number[sent[0]]], columns[sent], steps[sent])

    def _checked(self, drive: Drive, kind: type[LiveCurrent | LiveSpikes]) -> Drive:
        """Return the current version of a live input of this kind in this simulation."""
        drive = self._current(drive)
        known = isinstance(drive, Drive) and drive in self._plan.threads[0].ports.live
        if not known or type(drive.input) is not kind:
            named = show(drive)
            if isinstance(drive, Drive):
                named = f"The {type(drive.input).__name__} onto {drive.target.name!r}"
            raise NeurosimError(
                f"{named} is not a {kind.__name__} of this simulation: give what Network.drive "
                f"returned for {kind.__name__}() before the simulation was made"
            )
        return drive

    def _arrivals(
        self, drive: Drive, n: int, times: ArrayLike | None, now: int
    ) -> NDArray[np.int64]:
        """Return the steps in which `n` spikes sent at `times` (ms) arrive."""
        dt, delay = self._plan.dt, drive.delay or 0.0
        earliest = (now + 1) * dt
        sent = check_array(earliest if times is None else times, "times", "ms", empty=True)
        if sent.shape not in ((), (n,)):
            raise NeurosimError(
                f"times has shape {sent.shape}: give one time, or one for each of the {n} spikes"
            )
        # A spike that arrives at time t acts in the step that ends at t.
        steps = np.broadcast_to(to_steps(sent + delay, dt) - 1, n)
        if n and steps.min() < now:
            raise NeurosimError(
                f"A spike at {sent.min():g} ms with delay {delay:g} ms would reach "
                f"{drive.target.name!r} in the past: the earliest arrival is {earliest:g} ms"
            )
        return steps


def _columns(drive: Drive, ids: ArrayLike | None) -> NDArray[np.int64]:
    """Return the indices of neurons among the targets of a drive."""
    reached = targets(drive)
    if ids is None:
        return np.arange(len(reached))
    chosen = select(ids, drive.target.size, "ids")
    if drive.ids is None:
        return chosen
    missing = chosen[~np.isin(chosen, reached)]
    if len(missing):
        raise NeurosimError(
            f"ids holds {missing[0]}, which this drive of {drive.target.name!r} does not reach: "
            "give targets of the drive"
        )
    return columns_of(drive, chosen)
