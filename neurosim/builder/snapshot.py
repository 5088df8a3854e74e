"""State of a simulation, independent of the number of threads.

The state of all threads is stored in the order of the network: by population, then by neuron.
Derived state is omitted. Between chunks of steps the input buffer is empty. Injected currents are
read again from their programs. The queues of refractory neurons follow from the ends of their
refractory periods, and the progress of the delivery of a spike follows from its age.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from neurosim.builder.models import state_size
from neurosim.builder.parameters import drawn_neuron, refractory_of
from neurosim.kernels.types import ALPHA, DELTA, EQUATIONS, INJECTED, SpikeMechanism
from neurosim.models import HodgkinHuxley
from neurosim.models.declare import states_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from neurosim.builder.layout import Layout, LocalPopulation
    from neurosim.builder.plan import Plan, ThreadPlan
    from neurosim.kernels import Neurons, State

STATES = {
    "v": "v",
    "until": "refractory_until",
    "synaptic": "synaptic",
    "states": "states",
    "arrived": "arrived",
    "noise": "noise_current",
}
"""Fields of `kernels.types.State` that a snapshot holds, by their names in checkpoint files."""


SOURCES = ("source_states", "last_spike", "gating")
"""Fields with values of presynaptic neurons, which are the same on all threads."""

LARGEST = 1e100
"""Bound on potentials (mV), currents (pA) and states. No valid run exceeds it."""


class _Span(NamedTuple):
    """Consecutive values of a field: first index on a thread, and in the network."""

    field: str
    start: int
    network_start: int
    size: int


class _Counter:
    """Assigns indices in the order of the network to the values of each field."""

    def __init__(self) -> None:
        self.total = dict.fromkeys(STATES, 0)

    def take(self, field: str, size: int) -> int:
        """Return the first of `size` consecutive indices."""
        first = self.total[field]
        self.total[field] += size
        return first


def _spans(layout: Layout, part: ThreadPlan, thread: int, counter: _Counter) -> Iterator[_Span]:
    """Yield the spans of the values of a thread."""
    populations = layout.threads[thread].populations
    with_probes = [local.population for local in populations if len(local.probed)]
    for g, local in enumerate(populations):
        population = layout.populations[local.population]
        for field in ("v", "until"):
            whole = counter.take(field, population.size) + local.start
            yield _Span(field, local.first, whole, local.size)
        for port in _ports(part, g):
            for index in _variables(port):
                whole = counter.take("synaptic", population.size) + local.start
                yield _Span("synaptic", index, whole, local.size)
        if not population.neuron.is_linear:
            n = state_size(layout, local.population)
            whole = counter.take("states", n * population.size) + n * local.start
            yield _Span("states", part.models.first_state[g], whole, n * local.size)
        if len(layout.probed[local.population]):
            group = g
            if len(local.probed):
                group = len(populations) + with_probes.index(local.population)
            yield from _probe_spans(layout, part, local, group, counter)
    counter.take("noise", len(part.inputs.noise_mean))
    for piece in part.inputs.noise_currents:
        yield _Span("noise", int(piece.first), int(piece.first), int(piece.count))


def _probe_spans(
    layout: Layout, part: ThreadPlan, local: LocalPopulation, group: int, counter: _Counter
) -> Iterator[_Span]:
    """Yield the spans of the E/I probes of one population, first those for excitation."""
    probed, n_local = layout.probed[local.population], len(local.probed)
    before = int(np.searchsorted(probed, local.start))
    slots = list(local.probe_slots.values())
    for number, port in enumerate(_ports(part, group)):
        fields = [("synaptic", index) for index in _variables(port)]
        for field, index in [*fields, ("arrived", slots[number])]:
            for sign in range(2):
                whole = counter.take(field, len(probed)) + before
                yield _Span(field, index + sign * n_local, whole, n_local)


def variables(part: ThreadPlan, group: int) -> list[int]:
    """Return the first index in `State.synaptic` of each variable of a group."""
    return [index for port in _ports(part, group) for index in _variables(port)]


def _ports(part: ThreadPlan, group: int) -> NDArray:
    rows = part.neurons.groups[group]
    return part.neurons.ports[rows.first_port : rows.stop_port]


def _variables(port: np.record) -> list[int]:
    """Return the first index in `State.synaptic` of each variable of a port."""
    if port.kind in (DELTA, EQUATIONS, INJECTED):
        return []
    return [int(port.state), int(port.rise)] if port.kind == ALPHA else [int(port.state)]


def get_state(plan: Plan, states: list[State]) -> dict[str, NDArray]:
    """Return the states of the threads between two chunks of steps.

    They are in the order of the network.

    Returns
    -------
    dict
        An array for each of `STATES`, with 0 for values of other processes. "fired" holds the
        global ids of the spikes of the last `plan.max_delay` steps, by step, and "fired_in" the
        number of spikes in each step. "efficacy" refers to these spikes. The arrays of
        `SOURCES` follow.
    """
    found: list[tuple[_Span, NDArray]] = []
    total: dict[str, int] = {}
    for thread, part, state in zip(plan.local_threads, plan.threads, states, strict=True):
        counter = _Counter()
        for span in _spans(plan.layout, part, thread, counter):
            values = getattr(state, STATES[span.field])[span.start : span.start + span.size]
            found.append((span, values))
        total = counter.total
    first = states[0]
    whole = {field: np.zeros(n, getattr(first, STATES[field]).dtype) for field, n in total.items()}
    for span, values in found:
        whole[span.field][span.network_start : span.network_start + span.size] = values
    start = first.history_start[: plan.max_delay + 1]
    return whole | {
        "fired": first.history[: start[-1]].copy(),
        "fired_in": np.diff(start),
        "efficacy": first.efficacy[:, : start[-1]].copy(),
        **{name: getattr(first, name).copy() for name in SOURCES},
    }


def adapt_state(
    old: Plan, new: Plan, snapshot: Mapping[str, NDArray], step: int
) -> dict[str, NDArray]:
    """Return a snapshot for a plan of the same network with other parameter values.

    Potentials keep their value in mV although they are stored relative to rest. Current refractory
    periods take the new length, so they still end in the order in which they began.
    """
    v, until = snapshot["v"].copy(), snapshot["until"].copy()
    ends = (plan.layout.populations for plan in (old, new))
    for first, was, now in zip(old.first_id, *ends, strict=False):
        ids = slice(first, first + was.size)
        v[ids] += old.offsets[was.name] - new.offsets[now.name]
        before, after = (refractory_of(drawn_neuron(p, old.seed), old.dt) for p in (was, now))
        until[ids] += np.where(until[ids] >= step, after - before, 0)
    return _with_max_delay({**snapshot, "v": v, "until": until}, new.max_delay)


def with_states(
    plan: Plan,
    snapshot: Mapping[str, NDArray],
    name: str,
    values: Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]],
) -> dict[str, NDArray]:
    """Return a snapshot with other values of the states of a population.

    Parameters
    ----------
    plan : Plan
    snapshot : mapping
    name : str
        Name of the population.
    values : mapping of str to (ids, values)
        By state; "v" is the membrane potential (mV).
    """
    populations = plan.layout.populations
    index = [population.name for population in populations].index(name)
    population, first = populations[index], int(plan.first_id[index])
    sizes = [
        0 if p.neuron.is_linear else state_size(plan.layout, k) for k, p in enumerate(populations)
    ]
    start = sum(n * p.size for n, p in zip(sizes[:index], populations, strict=False))
    v, states = snapshot["v"].copy(), snapshot["states"].copy()
    shape = population.size, sizes[index]
    columns = states[start : start + shape[0] * shape[1]].reshape(shape)  # a view
    potential, *others = states_of(type(population.neuron)) or ["v"]
    offsets = np.broadcast_to(plan.offsets[name], population.size)
    for state, (ids, new) in values.items():
        if state in ("v", potential):
            v[first + ids] = new - offsets[ids]
        else:
            columns[ids, others.index(state)] = new
    return {**snapshot, "v": v, "states": states}


def _with_max_delay(snapshot: Mapping[str, NDArray], max_delay: int) -> dict[str, NDArray]:
    """Return a snapshot with the spikes of the last `max_delay` steps.

    Steps before the start of the snapshot's history have no spikes, because no synapse had such a
    long delay.
    """
    fired, counts = snapshot["fired"], snapshot["fired_in"]
    missing = max(max_delay - len(counts), 0)
    kept = counts[len(counts) + missing - max_delay :]
    first = len(fired) - int(kept.sum())
    return {
        **snapshot,
        "efficacy": snapshot["efficacy"][:, first:],
        "fired": fired[first:],
        "fired_in": np.concatenate([np.zeros(missing, counts.dtype), kept]),
    }


def check_state(plan: Plan, snapshot: Mapping[str, NDArray]) -> None:
    """Check that a snapshot belongs to this network.

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
    if len(fired) and (fired.min() < 0 or fired.max() >= n or (order < 0).any()):
        raise ValueError("the spikes under way are not in order")
    for field in ("v", "synaptic", "states", "noise"):
        # NaN compares false and is rejected too.
        if not (np.abs(snapshot[field]) <= LARGEST).all():
            raise ValueError(f"{field} is not finite or beyond {LARGEST:g}")


def upgrade_state(plan: Plan, snapshot: Mapping[str, NDArray], step: int) -> Mapping[str, NDArray]:
    """Convert a snapshot of an earlier version to this version.

    Earlier versions stored the gates of Hodgkin-Huxley neurons separately, and their potential
    relative to rest. The first version had no flag for an action potential that is not counted yet.
    During a refractory period it is assumed to be counted.
    """
    if "noise" not in snapshot:  # there were no noise currents
        snapshot = {**snapshot, "noise": np.empty(0)}
    if "states" in snapshot:
        return snapshot
    v, states = snapshot["v"].copy(), [np.empty(0)]
    cells = [
        (np.arange(first, first + population.size), population.neuron.v_rest)
        for first, population in zip(plan.first_id, plan.layout.populations, strict=False)
        if isinstance(population.neuron, HodgkinHuxley)
    ]
    n_cells = sum(len(ids) for ids, _ in cells)
    n_gates = len(snapshot["gates"]) // n_cells if n_cells else 0
    gates = snapshot["gates"][: n_gates * n_cells].reshape(n_cells, n_gates)
    for ids, v_rest in cells:
        v[ids] += v_rest
        cell_states, gates = gates[: len(ids)], gates[len(ids) :]
        if n_gates == 3:
            flags = (v[ids] >= 0.0) & (snapshot["until"][ids] < step)
            cell_states = np.column_stack([cell_states, flags])
        states.append(cell_states.ravel())
    return {**snapshot, "v": v, "states": np.concatenate(states)}


def set_state(
    plan: Plan, states: list[State], snapshot: Mapping[str, NDArray], step: int
) -> list[State]:
    """Return the states of the threads from a snapshot before step `step`.

    Parameters
    ----------
    plan : Plan
        Plan of the same network, for any number of threads.
    states : list of State
        At time 0; written to.
    snapshot : mapping
        Snapshot accepted by `check_state`, with "delivered", the number of synaptic events.
    step : int
    """
    restored = []
    for thread, part, state in zip(plan.local_threads, plan.threads, states, strict=True):
        for span in _spans(plan.layout, part, thread, _Counter()):
            values = snapshot[span.field][span.network_start : span.network_start + span.size]
            getattr(state, STATES[span.field])[span.start : span.start + span.size] = values
        _fill_queues(part.neurons, state, step)
        state.next_event[0] = np.searchsorted(part.inputs.event_steps, step)
        for name in SOURCES:
            getattr(state, name)[:] = snapshot[name]
        restored.append(_with_history(part, state, plan.max_delay, snapshot, step))
    if plan.local_threads.start == 0:  # stored once for all threads
        restored[0].delivered[0] = snapshot["delivered"][0]
    return restored


def _fill_queues(neurons: Neurons, state: State, step: int) -> None:
    """Fill the queues of refractory neurons in order of firing.

    E/I probes never fire, and only the kernels for equal linear neurons use queues.
    """
    for g, group in enumerate(neurons.groups):
        if group.first_id < 0 or group.mechanism >= SpikeMechanism.MODEL:
            continue
        first = int(group.start)
        until = state.refractory_until[first : group.stop]
        refractory = np.flatnonzero(until >= step)
        refractory = refractory[np.argsort(until[refractory], kind="stable")]
        state.refractory_queue[first : first + len(refractory)] = first + refractory
        state.queue_head[g], state.queue_count[g] = 0, len(refractory)


def _with_history(
    part: ThreadPlan, state: State, max_delay: int, snapshot: Mapping[str, NDArray], step: int
) -> State:
    """Return the state with the recent spikes, delivered according to their age."""
    fired, counts = snapshot["fired"].astype(np.int64), snapshot["fired_in"]
    age = np.repeat(max_delay - np.arange(max_delay), counts)
    tables = [part.table, *(transmission.table for transmission in part.transmissions)]
    reached = np.empty((len(tables), len(fired)), np.uint64)
    for table, indices in zip(tables, reached, strict=True):
        # The parts of a row with delays below the age of the spike have been delivered.
        column = table.column[np.minimum(age, len(table.column) - 1)]
        indices[:] = table.start[fired] + table.segment[fired, column].astype(np.int64)
    np.cumsum(counts, out=state.history_start[1 : max_delay + 1])
    return state._replace(
        history=fired.astype(np.int32),
        reached=reached,
        efficacy=snapshot["efficacy"].copy(),
        spike_steps=step - age,
    )
