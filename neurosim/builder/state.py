"""Initial state, spike exchange buffers and scratch memory of a thread."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from neurosim.kernels import Ranks, Scratch, Shared, State
from neurosim.kernels.address import empty_address_table
from neurosim.kernels.delivery import SPIKE_PREFETCH
from neurosim.kernels.exchange import CAPACITY
from neurosim.kernels.synapse_types import SEGMENT
from neurosim.kernels.types import BLOCK, MODEL_BLOCK, RECORDING, WORK_ROW

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import DTypeLike, NDArray

    from neurosim.builder.plan import Plan


HUGE_PAGE = 2**21
"""Bytes. NumPy requests pages of this size for arrays at least twice as large."""

PER_SPIKE = ("reached", "efficacy", "spike_steps")
"""Fields of `State` with a column for each spike of the history."""

LISTED = 2**16
"""Minimum number of segments of rows that are listed at a time."""


def _adjacent(**parts: tuple[int, DTypeLike]) -> dict[str, NDArray]:
    """Return zeroed arrays of given lengths and types, adjacent in huge pages.

    Data that every step accesses then needs few entries of the page table. This is up to 5 %
    faster.
    """
    starts = np.cumsum([0] + [-(-n * np.dtype(t).itemsize // 64) * 64 for n, t in parts.values()])
    raw = np.zeros(max(int(starts[-1]), HUGE_PAGE) + HUGE_PAGE, np.uint8)
    aligned = raw[-raw.ctypes.data % HUGE_PAGE :]
    return {
        name: aligned[start : start + n * np.dtype(t).itemsize].view(t)
        for start, (name, (n, t)) in zip(starts, parts.items(), strict=False)
    }


def new_state(plan: Plan, thread: int, chunk: int) -> State:
    """Return the state of one thread at time 0 for chunks of up to `chunk` steps."""
    part = plan.threads[thread]
    n_local, n_groups = len(part.v_start), len(part.neurons.groups)
    rows = max(plan.steps_per_delivery, int(part.table.ring[0]))
    probes = (part.neurons.groups["first_id"] < 0).any()
    transmissions = plan.synapses.transmissions
    state = State(
        **_adjacent(
            v=(n_local, np.float64),
            synaptic=(part.n_synaptic, np.float64),
            buffer=(rows * int(part.table.row_stride[0]), part.table.weights.dtype),
            refractory_until=(n_local, np.int64),
            refractory_queue=(n_local, np.int32),
            injected=(n_local, np.float64),
            arrived=(part.n_slots if probes else 0, np.float64),
        ),
        states=part.models.states.copy(),
        queue_head=np.zeros(n_groups, np.int64),
        queue_count=np.zeros(n_groups, np.int64),
        uniform=np.ones(n_groups, bool),
        noise_current=np.zeros(len(part.inputs.noise_mean)),
        outdated=np.ones(1, bool),
        cursors=np.full(len(part.inputs.programs), -1, np.int64),
        next_event=np.zeros(1, np.int64),
        history=np.zeros(0, np.int32),
        reached=np.zeros((1 + len(transmissions), 0), np.uint64),
        efficacy=np.zeros((len(transmissions), 0)),
        factor=np.ones(1),
        spike_steps=np.zeros(0, np.int64),
        source_states=np.concatenate([np.empty(0), *(t.initial for t in transmissions)]),
        last_spike=np.full(sum(t.source.size for t in transmissions), -1, np.int64),
        gating=np.zeros((2, 0 if part.pools is None else len(part.pools.end))),
        history_start=np.zeros(plan.max_delay + chunk + 1, np.int64),
        delivered=np.zeros(1, np.int64),
    )
    state.v[:] = part.v_start
    state.refractory_until[:] = -1
    return state


def new_shared(plan: Plan, chunk: int, new: Callable[[int], NDArray[np.uint8]]) -> Shared:
    """Return the buffers for exchanging spikes between threads within a chunk.

    Parameters
    ----------
    plan : Plan
    chunk : int
        Maximum number of steps.
    new : callable
        Returns the given number of zeroed bytes, shared by all processes of this machine.
    """
    n_threads = plan.n_threads
    shapes = {
        "arrivals": ((8,), np.int64),  # alone in its cache line
        "fired_start": ((n_threads, chunk + 1), np.int64),
        "fired": ((n_threads, plan.max_spikes(chunk, n_threads) + SPIKE_PREFETCH), np.int32),
    }
    ends = np.cumsum([math.prod(shape) * np.dtype(t).itemsize for shape, t in shapes.values()])
    raw = np.split(new(int(ends[-1])), ends[:-1])
    parts = {
        name: part.view(t).reshape(shape)
        for part, (name, (shape, t)) in zip(raw, shapes.items(), strict=True)
    }
    return Shared(
        fired=parts["fired"],
        fired_start=parts["fired_start"],
        heads=np.zeros((n_threads, n_threads), np.int64),
        arrivals=parts["arrivals"][:1],
    )


def new_ranks(plan: Plan, chunk: int, machines: int, mpi: NDArray[np.int64]) -> Ranks:
    """Return the buffers for exchanging spikes with other machines.

    `mpi` holds the first five fields of `Ranks`.
    """
    n_own = plan.n_threads // machines
    length = 1 + n_own * min(plan.synapses.min_delay, chunk) + CAPACITY
    more = n_own * plan.max_spikes(chunk, plan.n_threads)
    return Ranks(
        **dict(zip(Ranks._fields[:5], mpi.tolist(), strict=True)),
        request=np.zeros(1, np.int64),
        flag=np.zeros(1, np.int64),
        status=np.zeros(14, np.int64),
        send=np.zeros(length, np.int32),
        receive=np.zeros(machines * length, np.int32),
        send_overflow=np.empty(more, np.int32),
        receive_overflow=np.empty(machines * more, np.int32),
        counts=np.zeros(machines, np.int32),
        displacements=np.zeros(machines, np.int32),
    )


def new_scratch(plan: Plan, thread: int, timed: bool) -> Scratch:
    """Return the scratch memory of one thread; `timed` as in `Scratch`."""
    table = plan.threads[thread].table
    arrays = _adjacent(
        voltage=(BLOCK, np.float64),
        arriving=(BLOCK, np.float64),
        current=(BLOCK, np.float64),
        numbers=(BLOCK, np.float64),
        tails=(BLOCK, np.float64),
        bits=(BLOCK, np.uint64),
        counts=(BLOCK, np.uint8),
    )
    # At least all segments of one step if all neurons fire in it, and the end mark.
    n_common = max(len(table.common) // len(table.start), 1)
    segments = LISTED + plan.steps_per_delivery * n_common * plan.max_spikes(1) + 1
    models = plan.threads[thread].models
    return Scratch(
        **arrays,
        course=np.empty(MODEL_BLOCK * models.n_points),
        work=np.zeros(WORK_ROW * models.n_rows),
        cells=arrays["bits"].view(np.uint16),
        segments=np.zeros(segments, SEGMENT),
        ticks=np.zeros(RECORDING + 1, np.int64),
        noise=empty_address_table(2),
        advance=empty_address_table(plan.threads[thread].neurons.blocks.size),
        timed=int(timed),
    )


def ensure_capacity(plan: Plan, state: State, n_steps: int) -> State:
    """Return the state with capacity for all spikes of `n_steps` more steps.

    The history holds the spikes that occurred, and the worst case for these steps only. The worst
    case over the longest delay could exceed any memory. Memory that is not touched costs nothing.
    """
    kept, added = int(state.history_start[plan.max_delay]), plan.max_spikes(n_steps)
    if state.reached.shape[1] >= kept + added:
        return state
    capacity = 2 * kept + added
    longer = {"history": np.zeros(capacity + SPIKE_PREFETCH, np.int32)}
    for name in PER_SPIKE:
        past = getattr(state, name)
        longer[name] = np.zeros((*past.shape[:-1], capacity), past.dtype)
    for name, array in longer.items():
        array[..., :kept] = getattr(state, name)[..., :kept]
    return state._replace(**longer)


def shift_history(state: State, n_steps: int, max_delay: int) -> None:
    """Move the last `max_delay` steps of the history to its front.

    The history is that after a chunk of `n_steps`.
    """
    start = state.history_start[n_steps : n_steps + max_delay + 1]
    first, last = start[0], start[-1]
    for past in (state.history, *(getattr(state, name) for name in PER_SPIKE)):
        past[..., : last - first] = past[..., first:last]
    state.history_start[: max_delay + 1] = start - first
