"""What plastic synapses have come to, whatever the number of threads, and back.

The synapses are put in the order of rows (projection, source, delay), then of targets; the spikes
that they learn from in the order of projections, then of neurons, then of time. Which spike a
synapse has seen last is told by its place in its neuron's list.
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

SYNAPSES = {
    "rows": np.int64,
    "targets": np.int64,
    "weights": np.float64,
    "traces": np.float64,
    "last": np.int64,
    "seen": np.int64,
}
"""What a snapshot holds of each synapse; further traces are named "traces_1" and so on."""

SPIKES = {"projections": np.int64, "neurons": np.int64, "steps": np.int64, "values": np.float64}
"""What a snapshot holds of each postsynaptic spike, under these names after "spike_"; further
traces are named "spike_values_1" and so on."""


def _rows(part: PlasticPart) -> NDArray[np.int64]:
    """Return the row of every synapse: rows are the same on all threads."""
    lengths = np.diff(part.tables.segment)
    return np.repeat(np.arange(len(lengths)), lengths)


def _lists(part: PlasticPart) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return projection and neuron, by its global id, of every list of spikes."""
    own = part.tables.projections
    sizes = own["n_targets"]
    projection = np.repeat(np.arange(len(own)), sizes)
    place = np.arange(len(projection)) - np.repeat(own["first_list"], sizes)
    return projection, np.repeat(own["first_target"], sizes) + place


def _owners(plasticity: PlasticityState) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the list that every spike is in, and its place there."""
    n = int(plasticity.count[0])
    origin = np.arange(n)
    following = plasticity.next_spike[:n]
    linked = following >= 0
    origin[following[linked]] = np.flatnonzero(linked)
    while True:  # each look goes back twice as far
        further = origin[origin]
        if (further == origin).all():
            break
        origin = further
    list_of = np.full(n, -1)
    used = np.flatnonzero(plasticity.first_spike >= 0)
    list_of[plasticity.first_spike[used]] = used
    owner = list_of[origin]
    order = np.argsort(owner, kind="stable")
    counts = np.bincount(owner, minlength=len(plasticity.first_spike))
    place = np.empty(n, np.int64)
    place[order] = np.arange(n) - np.repeat(np.cumsum(counts) - counts, counts)
    return owner, place


def _numbered(name: str, n: int) -> list[str]:
    """Return the names of n columns: `name`, and from the second on with a number."""
    return [name if k == 0 else f"{name}_{k}" for k in range(n)]


def _joined(parts: list[NDArray], dtype: type) -> NDArray:
    return np.concatenate([np.empty(0, dtype), *parts]).astype(dtype)


def get_plasticity_state(plan: Plan, plasticity: list[PlasticityState]) -> dict[str, NDArray]:
    """Return what the synapses of the threads have come to, as `sorted_columns` takes it.

    Returns
    -------
    dict
        The columns of `SYNAPSES`, and those of `SPIKES`, thread by thread.
    """
    synapses: dict[str, list[NDArray]] = {name: [] for name in SYNAPSES}
    spikes: dict[str, list[NDArray]] = {name: [] for name in SPIKES}
    for part, own in zip((thread.plastic for thread in plan.threads), plasticity, strict=True):
        owner, place = _owners(own)
        projection, neuron = _lists(part)
        columns = {"weights": own.weights, "last": own.last_pre} | {
            "rows": _rows(part),
            "targets": part.targets,
            "seen": np.where(own.last_seen < 0, -1, np.append(place, -1)[own.last_seen]),
        }
        names = _numbered("traces", part.n_pre_traces)
        columns |= dict(zip(names, own.traces.T, strict=True))
        for name, column in columns.items():
            synapses.setdefault(name, []).append(column)
        order, n = np.lexsort((place, owner)), int(own.count[0])
        listed = owner[order]
        spikes["projections"].append(projection[listed])
        spikes["neurons"].append(neuron[listed])
        spikes["steps"].append(own.steps[:n][order])
        names = _numbered("values", part.n_post_traces)
        for name, column in zip(names, own.values[:n].T, strict=True):
            spikes.setdefault(name, []).append(column[order])
    found = {name: _joined(own, SYNAPSES.get(name, np.float64)) for name, own in synapses.items()}
    heard = {name: _joined(own, SPIKES.get(name, np.float64)) for name, own in spikes.items()}
    return found | {f"spike_{name}": column for name, column in heard.items()}


def sorted_columns(columns: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """Return what `get_plasticity_state` found on all threads in the order of the network."""
    synapses = np.lexsort((columns["targets"], columns["rows"]))
    spikes = np.lexsort((columns["spike_neurons"], columns["spike_projections"]))
    return {
        name: column[spikes if name.startswith("spike_") else synapses]
        for name, column in columns.items()
    }


def check_plasticity_state(plan: Plan, snapshot: Mapping[str, NDArray], step: int) -> None:
    """Raise ValueError if plastic synapses cannot have this state before step `step`."""
    part = plan.threads[0].plastic
    w_max = part.tables.projections["w_max"]
    relative = snapshot["weights"] / w_max[_projection_of(plan, snapshot["rows"])]
    # NaN compares false, and so is refused.
    if not ((relative >= -1e-9) & (relative <= 1.0 + 1e-9)).all():
        raise ValueError("a weight is outside the range of its plasticity")
    traces = _numbered("traces", part.n_pre_traces)
    for name in (*traces, *_numbered("spike_values", part.n_post_traces)):
        if name not in snapshot:
            raise ValueError(f"{name} are missing")
        if not ((snapshot[name] >= 0.0) & np.isfinite(snapshot[name])).all():
            raise ValueError(f"{name} are not finite")
    for name in ("last", "spike_steps"):
        if not ((snapshot[name] >= 0) & (snapshot[name] < max(step, 1))).all():
            raise ValueError(f"{name} are not of the steps so far")


def set_plasticity_state(
    plan: Plan, plasticity: list[PlasticityState], snapshot: Mapping[str, NDArray]
) -> list[PlasticityState]:
    """Return what `sorted_columns` gave, for a plan of the same network.

    Raises
    ------
    ValueError
        Where the snapshot is not one of this network.
    """
    restored, taken = [], 0
    target = snapshot["targets"]
    projection_of = _projection_of(plan, snapshot["rows"])
    for part, own in zip((thread.plastic for thread in plan.threads), plasticity, strict=True):
        first, size = part.first_target, part.tables.projections["n_targets"]
        low = first[projection_of]
        mine = np.flatnonzero((target >= low) & (target < low + size[projection_of]))
        order, rows = np.lexsort((part.targets, _rows(part))), _rows(part)
        same = len(mine) == len(order) and (
            (snapshot["rows"][mine] == rows[order]).all()
            and (target[mine] == part.targets[order]).all()
        )
        if not same:
            raise ValueError("the plastic synapses are not those of this network")
        taken += len(mine)
        heard, starts = _put_spikes(part, own, snapshot)
        own = own._replace(**heard)
        seen = snapshot["seen"][mine]
        own.weights[order] = snapshot["weights"][mine]
        own.last_pre[order] = snapshot["last"][mine]
        for k, name in enumerate(_numbered("traces", part.n_pre_traces)):
            own.traces[order, k] = snapshot[name][mine]
        own.last_seen[order] = np.where(seen < 0, -1, starts[part.tables.post_ids[order]] + seen)
        if (own.last_seen >= own.count[0]).any():
            raise ValueError("a synapse has seen more spikes than there were")
        restored.append(own)
    everything = len(plan.local_threads) == plan.n_threads
    if everything and taken != len(target):
        raise ValueError("the plastic synapses are not those of this network")
    return restored


def _projection_of(plan: Plan, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    firsts = plan.threads[0].plastic.tables.projections["first_row"]
    return np.searchsorted(firsts, rows, side="right") - 1


def _put_spikes(
    part: PlasticPart, plasticity: PlasticityState, snapshot: Mapping[str, NDArray]
) -> tuple[dict[str, NDArray], NDArray[np.int64]]:
    """Return the lists of a thread's postsynaptic spikes, and where each begins."""
    projection, neuron = snapshot["spike_projections"], snapshot["spike_neurons"]
    own = part.tables.projections
    place = neuron - own["first_target"][projection]
    mine = np.flatnonzero((place >= 0) & (place < own["n_targets"][projection]))
    owner = own["first_list"][projection[mine]] + place[mine]
    n, n_lists = len(mine), len(plasticity.first_spike)
    counts = np.bincount(owner, minlength=n_lists)
    starts = np.cumsum(counts) - counts
    used = counts > 0
    values = _numbered("spike_values", part.n_post_traces)
    following = np.arange(1, n + 1)
    following[(starts + counts - 1)[used]] = -1
    return {
        "steps": snapshot["spike_steps"][mine],
        "values": np.stack([snapshot[name][mine] for name in values], axis=1),
        "next_spike": following,
        "first_spike": np.where(used, starts, -1),
        "last_spike": np.where(used, starts + counts - 1, -1),
        "count": np.array([n]),
    }, starts
