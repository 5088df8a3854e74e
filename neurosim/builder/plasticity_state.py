"""State of plastic synapses, independent of the number of threads.

Synapses are sorted by row (projection, source, delay), then by target. Postsynaptic spikes are
sorted by projection, neuron and time. The last spike that a synapse has used is stored as an index
in the spike list of its target neuron.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from neurosim.builder.plan import Plan
    from neurosim.builder.plastic import PlasticPart
    from neurosim.kernels import PlasticityState

COLUMNS = {
    "rows": np.int64,
    "targets": np.int64,
    "weights": np.float64,
    "traces": np.float64,
    "last": np.int64,
    "seen": np.int64,
    "spike_projections": np.int64,
    "spike_neurons": np.int64,
    "spike_steps": np.int64,
    "spike_values": np.float64,
}
"""Columns of a snapshot: one value per synapse, or per postsynaptic spike for names that start with
"spike_". Further traces are named "traces_1", "spike_values_1" and so on.

Networks with signals have the columns "signal_projections", "signal_steps" and "signal_values".
Networks with rules that depend on potentials have "list_projections", "list_neurons" and the
potentials "list_values", several for each neuron."""


INTEGERS = ("list_projections", "list_neurons", "signal_projections", "signal_steps")
"""Further columns of integers."""


def _rows(part: PlasticPart) -> NDArray[np.int64]:
    """Return the row of every synapse. Rows are the same on all threads."""
    lengths = np.diff(part.tables.segment)
    return np.repeat(np.arange(len(lengths)), lengths)


def _list_neurons(part: PlasticPart) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the projection and the global id of the neuron of every spike list."""
    table = part.tables.projections
    sizes = table["n_targets"]
    projection = np.repeat(np.arange(len(table)), sizes)
    offset = np.arange(len(projection)) - np.repeat(table["first_list"], sizes)
    return projection, np.repeat(table["first_target"], sizes) + offset


def _list_positions(state: PlasticityState) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the list of every spike, and the index of the spike in that list."""
    n = int(state.count[0])
    head = np.arange(n)
    successor = state.next_spike[:n]
    linked = successor >= 0
    head[successor[linked]] = np.flatnonzero(linked)
    # Pointer jumping: each round doubles the distance to the head of the list.
    while not np.array_equal(further := head[head], head):
        head = further
    list_of = np.full(n, -1)
    used = np.flatnonzero(state.first_spike >= 0)
    list_of[state.first_spike[used]] = used
    lists = list_of[head]
    order = np.argsort(lists, kind="stable")
    counts = np.bincount(lists, minlength=len(state.first_spike))
    index = np.empty(n, np.int64)
    index[order] = np.arange(n) - np.repeat(np.cumsum(counts) - counts, counts)
    return lists, index


def _numbered(name: str, n: int) -> list[str]:
    """Return the names of n columns: `name`, `name`_1 and so on."""
    return [name if k == 0 else f"{name}_{k}" for k in range(n)]


def get_plasticity_state(plan: Plan, states: list[PlasticityState]) -> dict[str, NDArray]:
    """Return the state of the plastic synapses of this process, thread by thread.

    Returns
    -------
    dict
        The columns of `COLUMNS`, which `sorted_columns` sorts.
    """
    found: dict[str, list[NDArray]] = {name: [] for name in COLUMNS}
    for part, state in zip((thread.plastic for thread in plan.threads), states, strict=True):
        lists, index = _list_positions(state)
        projection, neuron = _list_neurons(part)
        order, n = np.lexsort((index, lists)), int(state.count[0])
        columns = {
            "rows": _rows(part),
            "targets": part.targets,
            "weights": state.weights,
            "last": state.last_pre,
            "seen": np.where(state.last_seen < 0, -1, np.append(index, -1)[state.last_seen]),
            "spike_projections": projection[lists[order]],
            "spike_neurons": neuron[lists[order]],
            "spike_steps": state.steps[:n][order],
        }
        columns |= zip(_numbered("traces", part.initial.shape[1]), state.traces.T, strict=True)
        values = state.values[:n][order]
        columns |= zip(_numbered("spike_values", part.n_values), values.T, strict=True)
        if part.n_kept[0]:
            columns |= {"list_projections": projection, "list_neurons": neuron}
            columns["list_values"] = state.potentials.ravel()
        for name, column in columns.items():
            found.setdefault(name, []).append(column)
    if len(plan.threads[0].plastic.chosen("signals")):
        first = plan.local_threads.start == 0  # all threads have the same signals
        for name, column in _signals(states[0]).items():
            found[name] = [column[: len(column) * first]]
    dtypes = COLUMNS | dict.fromkeys(INTEGERS, np.int64)
    return {
        name: np.concatenate(parts, dtype=dtypes.get(name, np.float64), casting="unsafe")
        for name, parts in found.items()
    }


def _signals(state: PlasticityState) -> dict[str, NDArray]:
    """Return the columns of the signals of all projections."""
    used = np.arange(state.signal_steps.shape[1]) < state.signal_count[:, None]
    return {
        "signal_projections": np.nonzero(used)[0],
        "signal_steps": state.signal_steps[used],
        "signal_values": state.signal_values[used],
    }


def sorted_columns(columns: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """Return the state of all threads in the order of the network."""
    synapses = np.lexsort((columns["targets"], columns["rows"]))
    orders = {"spike": np.lexsort((columns["spike_neurons"], columns["spike_projections"]))}
    if "list_neurons" in columns:
        lists = np.lexsort((columns["list_neurons"], columns["list_projections"]))
        values = columns["list_values"].reshape(len(lists), -1)[lists]
        columns = {**columns, "list_values": values.ravel()}
        orders |= {"list": lists}

    def ordered(name: str, column: NDArray) -> NDArray:
        kind = name.partition("_")[0]
        if kind == "signal" or name == "list_values":
            return column
        return column[orders.get(kind, synapses)]

    return {name: ordered(name, column) for name, column in columns.items()}


def check_plasticity_state(plan: Plan, snapshot: Mapping[str, NDArray], step: int) -> None:
    """Raise ValueError if plastic synapses cannot have this state before step `step`."""
    part = plan.threads[0].plastic
    own = part.tables.projections[_projection_of(plan, snapshot["rows"])]
    relative = snapshot["weights"] / own["unit_weight"]
    # NaN compares false and is rejected too.
    if not ((relative >= -1e-9) & (relative <= own["largest"] + 1e-9)).all():
        raise ValueError("a weight is outside the range of its plasticity")
    traces = _numbered("traces", part.initial.shape[1])
    for name in (*traces, *_numbered("spike_values", part.n_values)):
        if name not in snapshot:
            raise ValueError(f"{name} are missing")
        if not np.isfinite(snapshot[name]).all():
            raise ValueError(f"{name} are not finite")
    for name in ("last", "spike_steps"):
        if not ((snapshot[name] >= -1) & (snapshot[name] < max(step, 1))).all():
            raise ValueError(f"{name} are not of the steps so far")


def set_plasticity_state(
    plan: Plan, states: list[PlasticityState], snapshot: Mapping[str, NDArray]
) -> list[PlasticityState]:
    """Return the states of the threads of a plan from a snapshot of the same network.

    Raises
    ------
    ValueError
        If the snapshot belongs to another network.
    """
    restored, n_used = [], 0
    targets, rows = snapshot["targets"], snapshot["rows"]
    projection = _projection_of(plan, rows)
    for part, empty in zip((thread.plastic for thread in plan.threads), states, strict=True):
        start = part.first_target[projection]
        stop = start + part.tables.projections["n_targets"][projection]
        chosen = np.flatnonzero((targets >= start) & (targets < stop))
        thread_rows = _rows(part)
        order = np.lexsort((part.targets, thread_rows))
        if not (
            np.array_equal(rows[chosen], thread_rows[order])
            and np.array_equal(targets[chosen], part.targets[order])
        ):
            raise ValueError("the plastic synapses are not those of this network")
        n_used += len(chosen)
        state, first = _restore_spikes(part, empty, snapshot)
        state.weights[order] = snapshot["weights"][chosen]
        state.last_pre[order] = snapshot["last"][chosen]
        for k, name in enumerate(_numbered("traces", part.initial.shape[1])):
            state.traces[order, k] = snapshot[name][chosen]
        seen = snapshot["seen"][chosen]
        state.last_seen[order] = np.where(seen < 0, -1, first[part.tables.post_ids[order]] + seen)
        if (state.last_seen >= state.count[0]).any():
            raise ValueError("a synapse has seen more spikes than there were")
        _restore_signals(part, state, snapshot)
        _restore_potentials(part, state, snapshot)
        restored.append(state)
    if len(plan.local_threads) == plan.n_threads and n_used != len(targets):
        raise ValueError("the plastic synapses are not those of this network")
    return restored


def _restore_signals(
    part: PlasticPart, state: PlasticityState, snapshot: Mapping[str, NDArray]
) -> None:
    """Set the signals of all projections."""
    if not len(part.chosen("signals")):
        return
    projection, capacity = snapshot["signal_projections"], state.signal_steps.shape[1]
    counts = np.bincount(projection, minlength=len(state.signal_count))
    valid = len(counts) == len(state.signal_count) and (np.diff(projection) >= 0).all()
    if not valid or counts.min() < 1 or counts.max() > capacity:
        raise ValueError("its signals are not those of this network")
    used = np.arange(capacity) < counts[:, None]
    state.signal_steps[used] = snapshot["signal_steps"]
    state.signal_values[used] = snapshot["signal_values"]
    state.signal_count[:] = counts
    for steps, n in zip(state.signal_steps, counts, strict=True):
        if (np.diff(steps[:n]) <= 0).any():
            raise ValueError("its signals are out of order")
    if not np.isfinite(state.signal_values).all():
        raise ValueError("its signals are not finite")


def _restore_potentials(
    part: PlasticPart, state: PlasticityState, snapshot: Mapping[str, NDArray]
) -> None:
    """Set the potentials of the thread's neurons."""
    if not part.n_kept[0]:
        return
    projection, table = snapshot["list_projections"], part.tables.projections
    offset = snapshot["list_neurons"] - table["first_target"][projection]
    chosen = np.flatnonzero((offset >= 0) & (offset < table["n_targets"][projection]))
    values = snapshot["list_values"].reshape(len(projection), *state.potentials.shape[1:])
    if len(chosen) != part.n_lists or not np.isfinite(values).all():
        raise ValueError("its potentials are not those of this network")
    state.potentials[table["first_list"][projection[chosen]] + offset[chosen]] = values[chosen]


def _projection_of(plan: Plan, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the index of the projection of each row."""
    first_rows = plan.threads[0].plastic.tables.projections["first_row"]
    return np.searchsorted(first_rows, rows, side="right") - 1


def _restore_spikes(
    part: PlasticPart, state: PlasticityState, snapshot: Mapping[str, NDArray]
) -> tuple[PlasticityState, NDArray[np.int64]]:
    """Return the state with the thread's postsynaptic spikes.

    The first spike of each list is returned as well.
    """
    projection, table = snapshot["spike_projections"], part.tables.projections
    offset = snapshot["spike_neurons"] - table["first_target"][projection]
    chosen = np.flatnonzero((offset >= 0) & (offset < table["n_targets"][projection]))
    lists = table["first_list"][projection[chosen]] + offset[chosen]
    n = len(chosen)
    counts = np.bincount(lists, minlength=len(state.first_spike))
    stop = np.cumsum(counts)
    first, used = stop - counts, counts > 0
    next_spike = np.arange(1, n + 1)
    next_spike[(stop - 1)[used]] = -1
    values = _numbered("spike_values", part.n_values)
    state = state._replace(
        steps=snapshot["spike_steps"][chosen],
        values=np.stack([snapshot[name][chosen] for name in values], axis=1),
        next_spike=next_spike,
        first_spike=np.where(used, first, -1),
        last_spike=np.where(used, stop - 1, -1),
        count=np.array([n]),
    )
    return state, first
