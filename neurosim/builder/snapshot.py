"""The state of a simulation as it is whatever the number of threads, and back.

What a thread keeps at places of its own is put in the order of the whole network: by population,
then by neuron. What follows from the rest is left out: input is empty between chunks of steps, the
values of injected currents are read anew, who rests is told by when each neuron's rest ends, and
how far a spike is delivered by its age.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from neurosim.builder.models import state_size
from neurosim.builder.parameters import drawn_neuron, refractory_of
from neurosim.kernels.types import ALPHA, DELTA, EQUATIONS, SpikeMechanism
from neurosim.models import HodgkinHuxley

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from neurosim.builder.layout import Layout, LocalPopulation
    from neurosim.builder.plan import Plan, ThreadPlan
    from neurosim.kernels import Neurons, State, Table

STATES = {
    "v": "v",
    "until": "refractory_until",
    "synaptic": "synaptic",
    "states": "states",
    "arrived": "arrived",
}
"""Fields of `kernels.types.State` that a snapshot holds, by their names in checkpoint files."""


LARGEST = 1e100
"""Potentials (mV), currents (pA) and states beyond this do not come up in any run."""


class _Span(NamedTuple):
    """Consecutive values of a field of `State`: first at a thread, first in the network."""

    field: str
    own: int
    whole: int
    size: int


class _Counter:
    """Where in the order of the network the next values of each field go."""

    def __init__(self) -> None:
        self.total = dict.fromkeys(STATES, 0)

    def take(self, field: str, size: int) -> int:
        """Return the first of `size` places."""
        first = self.total[field]
        self.total[field] += size
        return first


def _spans(layout: Layout, part: ThreadPlan, thread: int, counter: _Counter) -> Iterator[_Span]:
    """Yield where the values of a thread lie, here and in the network."""
    populations = layout.threads[thread].populations
    with_probes = [local.population for local in populations if len(local.probed)]
    for g, local in enumerate(populations):
        population = layout.populations[local.population]
        for field in ("v", "until"):
            whole = counter.take(field, population.size) + local.start
            yield _Span(field, local.first, whole, local.size)
        for port in _ports(part, g):
            for place in _variables(port):
                whole = counter.take("synaptic", population.size) + local.start
                yield _Span("synaptic", place, whole, local.size)
        if not population.neuron.is_linear:
            n = state_size(layout, local.population)
            whole = counter.take("states", n * population.size) + n * local.start
            yield _Span("states", part.models.first_state[g], whole, n * local.size)
        if len(layout.probed[local.population]):
            own = len(local.probed) > 0
            group = len(populations) + with_probes.index(local.population) if own else g
            yield from _probe_spans(layout, part, local, group, counter)


def _probe_spans(
    layout: Layout, part: ThreadPlan, local: LocalPopulation, group: int, counter: _Counter
) -> Iterator[_Span]:
    """Yield where the values of one population's probes lie; first those that hear excitation."""
    probed, own = layout.probed[local.population], len(local.probed)
    before = int(np.searchsorted(probed, local.start))
    slots = list(local.probe_slots.values())
    for number, port in enumerate(_ports(part, group)):
        places = [("synaptic", place) for place in _variables(port)]
        for field, place in [*places, ("arrived", slots[number])]:
            for sign in range(2):
                whole = counter.take(field, len(probed)) + before
                yield _Span(field, place + sign * own, whole, own)


def variables(part: ThreadPlan, group: int) -> list[int]:
    """Return the places in `State.synaptic` at which a group's variables begin."""
    return [place for port in _ports(part, group) for place in _variables(port)]


def _ports(part: ThreadPlan, group: int) -> NDArray:
    rows = part.neurons.groups[group]
    return part.neurons.ports[rows.first_port : rows.stop_port]


def _variables(port: np.record) -> list[int]:
    """Return the places of a port's variables in `State.synaptic`."""
    if port.kind in (DELTA, EQUATIONS):
        return []
    return [int(port.state), int(port.rise)] if port.kind == ALPHA else [int(port.state)]


def get_state(plan: Plan, states: list[State]) -> dict[str, NDArray]:
    """Return the states of the threads between two chunks of steps, in the order of the network.

    Returns
    -------
    dict
        For each of `STATES` an array, 0 where another process has the value; of the spikes of the
        last `plan.max_delay` steps "fired", the global ids by step, and "fired_in", how many there
        were in each step.
    """
    own: list[tuple[_Span, NDArray]] = []
    total: dict[str, int] = {}
    for thread, part, state in zip(plan.local_threads, plan.threads, states, strict=True):
        counter = _Counter()
        for span in _spans(plan.layout, part, thread, counter):
            own.append((span, getattr(state, STATES[span.field])[span.own : span.own + span.size]))
        total = counter.total
    first = states[0]
    whole = {field: np.zeros(n, getattr(first, STATES[field]).dtype) for field, n in total.items()}
    for span, values in own:
        whole[span.field][span.whole : span.whole + span.size] = values
    start = first.history_start[: plan.max_delay + 1]
    return whole | {
        "fired": first.history[: start[-1]].copy(),
        "fired_in": np.diff(start),
    }


def adapt_state(
    old: Plan, new: Plan, snapshot: Mapping[str, NDArray], step: int
) -> dict[str, NDArray]:
    """Return a snapshot for a plan of the same network with other values.

    Potentials stay what they are, though they count from rest. Refractory periods under way become
    as long as the new ones, so that they still end in the order in which they began.
    """
    v, until = snapshot["v"].copy(), snapshot["until"].copy()
    ends = (plan.layout.populations for plan in (old, new))
    for first, was, now in zip(old.first_id, *ends, strict=False):
        own = slice(first, first + was.size)
        v[own] += old.offsets[was.name] - new.offsets[now.name]
        before, after = (refractory_of(drawn_neuron(p, old.seed), old.dt) for p in (was, now))
        until[own] += np.where(until[own] >= step, after - before, 0)
    return _with_horizon({**snapshot, "v": v, "until": until}, new.max_delay)


def _with_horizon(snapshot: Mapping[str, NDArray], horizon: int) -> dict[str, NDArray]:
    """Return a snapshot with the spikes of the last `horizon` steps, for other longest delays.

    Of steps that it does not reach back to there are none: no synapse was so long.
    """
    fired, counts = snapshot["fired"], snapshot["fired_in"]
    missing = max(horizon - len(counts), 0)
    kept = counts[len(counts) + missing - horizon :]
    return {
        **snapshot,
        "fired": fired[len(fired) - int(kept.sum()) :],
        "fired_in": np.concatenate([np.zeros(missing, counts.dtype), kept]),
    }


def check_state(plan: Plan, snapshot: Mapping[str, NDArray]) -> None:
    """Refuse a snapshot that is not one of this network.

    Raises
    ------
    ValueError
    """
    counter, n = _Counter(), int(plan.first_id[-1])
    for _ in _spans(plan.layout, plan.threads[0], plan.local_threads[0], counter):
        pass
    for field, size in counter.total.items():
        if snapshot[field].shape != (size,):
            raise ValueError(f"{field} has shape {snapshot[field].shape}, not ({size},)")
    fired, counts = snapshot["fired"], snapshot["fired_in"]
    if counts.shape != (plan.max_delay,) or (counts < 0).any() or counts.sum() != len(fired):
        raise ValueError("the spikes under way are not those of the last steps")
    steps = np.repeat(np.arange(len(counts)), counts)
    order = np.diff(fired.astype(np.int64) + steps * n)
    if len(fired) and (fired.min() < 0 or fired.max() >= n or (order <= 0).any()):
        raise ValueError("the spikes under way are not in order")
    for field in ("v", "synaptic", "states"):
        # NaN compares false, and so is refused.
        if not (np.abs(snapshot[field]) <= LARGEST).all():
            raise ValueError(f"{field} is not finite or beyond {LARGEST:g}")


def upgrade_state(plan: Plan, snapshot: Mapping[str, NDArray], step: int) -> Mapping[str, NDArray]:
    """Return a snapshot of an earlier version as one of this version.

    Earlier versions kept the gates of Hodgkin-Huxley neurons apart, at first without a flag for an
    action potential that was not counted yet, and their potential relative to rest. An action
    potential in progress is taken as counted during a refractory period.
    """
    if "states" in snapshot:
        return snapshot
    v, states = snapshot["v"].copy(), [np.empty(0)]
    cells = [
        (np.arange(first, first + population.size), population.neuron.v_rest)
        for first, population in zip(plan.first_id, plan.layout.populations, strict=False)
        if isinstance(population.neuron, HodgkinHuxley)
    ]
    n_cells = sum(len(own) for own, _ in cells)
    n_gates = len(snapshot["gates"]) // n_cells if n_cells else 0
    gates = snapshot["gates"][: n_gates * n_cells].reshape(n_cells, n_gates)
    for own, v_rest in cells:
        v[own] += v_rest
        mine, gates = gates[: len(own)], gates[len(own) :]
        if n_gates == 3:
            flags = (v[own] >= 0.0) & (snapshot["until"][own] < step)
            mine = np.column_stack([mine, flags])
        states.append(mine.ravel())
    return {**snapshot, "v": v, "states": np.concatenate(states)}


def set_state(
    plan: Plan, states: list[State], snapshot: Mapping[str, NDArray], step: int
) -> list[State]:
    """Return states as `get_state` found them, before step `step`.

    Parameters
    ----------
    plan : Plan
        Of the same network, for any number of threads.
    states : list of State
        At time 0; written to.
    snapshot : mapping
        As `check_state` lets it pass, with "delivered", the synapses that have brought a spike.
    step : int
    """
    restored = []
    for thread, part, state in zip(plan.local_threads, plan.threads, states, strict=True):
        for span in _spans(plan.layout, part, thread, _Counter()):
            values = snapshot[span.field][span.whole : span.whole + span.size]
            getattr(state, STATES[span.field])[span.own : span.own + span.size] = values
        _put_to_rest(part.neurons, state, step)
        state.next_event[0] = np.searchsorted(part.inputs.event_steps, step)
        restored.append(_with_history(part.table, state, plan.max_delay, snapshot))
    if plan.local_threads.start == 0:  # counted once, whoever brought the spikes
        restored[0].delivered[0] = snapshot["delivered"][0]
    return restored


def _put_to_rest(neurons: Neurons, state: State, step: int) -> None:
    """Fill the rings of neurons in their refractory period, in order of firing.

    Twins never fire, and only the fast loops for equal neurons keep such rings.
    """
    for g, group in enumerate(neurons.groups):
        if group.first_id < 0 or group.mechanism >= SpikeMechanism.MODEL:
            continue
        first = int(group.start)
        until = state.refractory_until[first : group.stop]
        refractory_queue = np.flatnonzero(until >= step)
        refractory_queue = refractory_queue[np.argsort(until[refractory_queue], kind="stable")]
        state.refractory_queue[first : first + len(refractory_queue)] = first + refractory_queue
        state.queue_head[g], state.queue_count[g] = 0, len(refractory_queue)


def _with_history(
    table: Table, state: State, horizon: int, snapshot: Mapping[str, NDArray]
) -> State:
    """Return the state with the spikes under way, each delivered as far as its age tells."""
    fired, counts = snapshot["fired"].astype(np.int64), snapshot["fired_in"]
    age = np.repeat(horizon - np.arange(horizon), counts)
    # Of each row the parts with delays below the spike's age have been delivered.
    column = table.column[np.minimum(age, len(table.column) - 1)]
    reached = table.start[fired] + table.segment[fired, column].astype(np.int64)
    np.cumsum(counts, out=state.history_start[1 : horizon + 1])
    return state._replace(history=fired.astype(np.int32), reached=reached.astype(np.uint64))
