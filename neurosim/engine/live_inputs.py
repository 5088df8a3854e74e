"""What comes to a network while it runs: the values of live currents, and live spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from neurosim.builder.grid import to_steps
from neurosim.builder.inputs import targets
from neurosim.builder.live import CurrentPort, SpikePort
from neurosim.engine.custom_inputs import CustomInputs
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
    """Spikes under way: the step in which each arrives, its slot and its weight."""

    steps: NDArray[np.int64]
    slots: NDArray[np.int64]
    weights: NDArray[np.float64]

    def pick(self, chosen: NDArray | slice) -> _Events:
        """Return some of them."""
        return _Events(self.steps[chosen], self.slots[chosen], self.weights[chosen])

    def and_then(self, others: _Events) -> _Events:
        """Return these, then others."""
        return _Events(*(np.concatenate(pair) for pair in zip(self, others, strict=True)))


_NONE = _Events(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


class LiveInputs:
    """The live drives of a simulation.

    What is set or sent acts from the next step on, whatever the clock on the wall says, so a loop
    that is closed through it is as repeatable as a network without.

    Parameters
    ----------
    plan : Plan
    states : sequence of State
        Of every thread.
    current : callable
        Returns the drive of the plan that a drive stands for: values may have been changed since it
        was made.

    Attributes
    ----------
    tables : list of Inputs
        Of every thread, as they stand for the steps that `begin` prepared.
    """

    def __init__(self, plan: Plan, states: list[State], current: Callable[[Drive], Drive]) -> None:
        self._plan, self._states, self._current = plan, states, current
        self._own = CustomInputs(plan)
        self._fixed: list[Inputs] = []
        self._amplitudes: list[NDArray[np.float64]] = []
        for part in plan.threads:
            inputs = part.inputs
            if any(isinstance(port, CurrentPort) for port in part.live.values()):
                # The kernels read, as ever, what they cannot write to; here it can be written.
                own = inputs.amplitudes.copy()
                self._amplitudes.append(own)
                inputs = inputs._replace(amplitudes=read_only(own))
            self._fixed.append(inputs)
        self.tables = list(self._fixed)
        self._under_way = [_NONE for _ in plan.threads]
        self._given: dict[int, int] = {}
        self._sent: list[tuple[int, NDArray[np.int64], NDArray[np.int64]]] = []

    def number(self, drive: Drive) -> int:
        """Return the position of a drive among the live drives."""
        return list(self._plan.threads[0].live).index(self._current(drive))

    def inject(self, drive: Drive, amplitude: ArrayLike) -> None:
        """Set a live current (pA); see `Chunk.inject`."""
        drive = self._current(drive)
        self._check(drive, LiveCurrent)
        current = LiveCurrent(amplitude)
        current.check_targets(len(targets(drive)))
        for part, state, amplitudes in zip(
            self._plan.threads, self._states, self._amplitudes, strict=True
        ):
            port = part.live[drive]
            assert isinstance(port, CurrentPort)
            amplitudes[port.values] = current.amplitude
            # As if its first row were still to come: the next step reads it anew.
            state.cursors[port.program] = -1

    def send(self, drive: Drive, ids: ArrayLike | None, times: ArrayLike | None, now: int) -> None:
        """Send live spikes after `now` steps; see `Chunk.send`."""
        drive = self._current(drive)
        self._check(drive, LiveSpikes)
        columns = _columns(drive, ids)
        self._dispatch(drive, columns, self._arrivals(drive, len(columns), times, now))
        self._sent = [sent for sent in self._sent if len(sent[2]) and sent[2].max() >= now]

    def _dispatch(self, drive: Drive, columns: NDArray[np.int64], steps: NDArray[np.int64]) -> None:
        """Send spikes on their way to the threads, to arrive in given steps."""
        self._sent.append((self.number(drive), columns, steps))
        for thread, part in enumerate(self._plan.threads):
            port = part.live[drive]
            assert isinstance(port, SpikePort)
            weights = port.weights[columns]
            for slots in (port.slots[columns], port.probe_slots[columns]):
                spikes = _Events(steps, slots, weights).pick(slots >= 0)
                self._under_way[thread] = self._under_way[thread].and_then(spikes)

    def begin(self, first: int, last: int) -> None:
        """Put the live spikes and the inputs of users before step `last` among the given ones."""
        for thread, state in enumerate(self._states):
            if self._own:
                self._begin_own(thread, first, last)
            waiting = self._under_way[thread]
            due = waiting.steps < last
            if not due.any():
                continue
            fixed = self.tables[thread]
            given = slice(state.next_event[0], int(np.searchsorted(fixed.event_steps, last)))
            events = _Events(fixed.event_steps, fixed.event_slots, fixed.event_weights)
            events = events.pick(given).and_then(waiting.pick(due))
            events = events.pick(np.argsort(events.steps, kind="stable"))
            self.tables[thread] = fixed._replace(
                event_steps=read_only(events.steps),
                event_slots=read_only(events.slots),
                event_weights=read_only(events.weights),
            )
            state.next_event[0] = 0
            self._given[thread] = given.stop
            self._under_way[thread] = waiting.pick(~due)

    def _begin_own(self, thread: int, first: int, last: int) -> None:
        """Ask the inputs of users for the steps first … last − 1."""
        self.tables[thread] = self._own.with_currents(thread, self._fixed[thread], first, last)
        for port in self._plan.threads[thread].own.values():
            if port.spikes is None:
                self._states[thread].cursors[port.program] = -1
        arriving = _Events(*self._own.spikes(thread, first, last))
        self._under_way[thread] = self._under_way[thread].and_then(arriving)

    def end(self) -> None:
        """Put the given spikes back in their place, those that have arrived behind them."""
        for thread, given in self._given.items():
            self._states[thread].next_event[0] = given
        self.tables = list(self._fixed)
        self._given.clear()

    def get_state(self, step: int) -> dict[str, NDArray]:
        """Return what `put` needs: the values of currents, and spikes that arrive from `step` on.

        Returns
        -------
        dict
            "amplitudes", those of all live currents one after the other; "drives", the number of
            the live drive of each spike; "columns", its place among the drive's targets; "steps".
        """
        ports = self._plan.threads[0].live.values()
        values = [self._amplitudes[0][p.values] for p in ports if isinstance(p, CurrentPort)]
        drives = [np.full(len(steps), number) for number, _, steps in self._sent]
        columns = [columns for _, columns, _ in self._sent]
        steps = np.concatenate([_NONE.steps, *(steps for _, _, steps in self._sent)])
        left = steps >= step
        return {
            "amplitudes": np.concatenate([_NONE.weights, *values]),
            "drives": np.concatenate([_NONE.steps, *drives])[left],
            "columns": np.concatenate([_NONE.steps, *columns])[left],
            "steps": steps[left],
        }

    def set_state(self, snapshot: Mapping[str, NDArray]) -> None:
        """Set the live currents, and send the spikes, that `take` found.

        Raises
        ------
        ValueError
            Where they are not those of this network.
        """
        drives, values = list(self._plan.threads[0].live), snapshot["amplitudes"]
        for drive in drives:
            if not drive.input.sends_spikes:
                self.inject(drive, values[: len(targets(drive))])
                values = values[len(targets(drive)) :]
        n_targets = np.array([len(targets(d)) * d.input.sends_spikes for d in drives], np.int64)
        number, columns, steps = (snapshot[name] for name in ("drives", "columns", "steps"))
        known = (number >= 0) & (number < len(drives)) & (columns >= 0)
        if len(values) or not known.all() or not (columns < n_targets[number]).all():
            raise ValueError("the live input is not that of this network")
        for sent in np.split(np.arange(len(steps)), np.flatnonzero(np.diff(number)) + 1):
            if len(sent):
                self._dispatch(drives[number[sent[0]]], columns[sent], steps[sent])

    def _check(self, drive: Drive, kind: type[LiveCurrent | LiveSpikes]) -> None:
        """Refuse what is no drive of this kind, or came after the simulation was made."""
        own = isinstance(drive, Drive) and drive in self._plan.threads[0].live
        if not own or type(drive.input) is not kind:
            named = (
                f"The {type(drive.input).__name__} onto {drive.target.name!r}"
                if isinstance(drive, Drive)
                else show(drive)
            )
            raise NeurosimError(
                f"{named} is no {kind.__name__} of this simulation: give what Network.drive "
                f"returned for {kind.__name__}() before the simulation was made"
            )

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
        # What arrives at time t acts in the step that ends there.
        steps = np.broadcast_to(to_steps(sent + delay, dt) - 1, n)
        if n and steps.min() < now:
            raise NeurosimError(
                f"A spike at {sent.min():g} ms with delay {delay:g} ms would reach "
                f"{drive.target.name!r} in the past: the earliest arrival is {earliest:g} ms"
            )
        return steps


def _columns(drive: Drive, ids: ArrayLike | None) -> NDArray[np.int64]:
    """Return the places of neurons among a drive's targets."""
    reached = targets(drive)
    if ids is None:
        return np.arange(len(reached))
    chosen = select(ids, drive.target.size, "ids")
    if drive.ids is None:
        return chosen
    order = np.argsort(reached)
    found = np.searchsorted(reached, chosen, sorter=order)
    columns = order[np.minimum(found, len(reached) - 1)]
    missing = chosen[reached[columns] != chosen]
    if len(missing):
        raise NeurosimError(
            f"ids holds {missing[0]}, which this drive of {drive.target.name!r} does not reach: "
            "name neurons that it was made for"
        )
    return columns
