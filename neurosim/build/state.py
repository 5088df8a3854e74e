"""The state of a thread at time 0, and room for it to work in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.kernels import Scratch, Shared, State
from neurosim.kernels.types import BLOCK, FIRST_ID, RECORDING

if TYPE_CHECKING:
    from neurosim.build.plan import Plan


def new_state(plan: Plan, thread: int, chunk: int) -> State:
    """Return the state of one thread at time 0, for chunks of up to `chunk` steps."""
    part = plan.threads[thread]
    n_local, n_groups = len(part.v_start), len(part.neurons.groups)
    twins = (part.neurons.groups[:, FIRST_ID] < 0).any()
    return State(
        v=part.v_start.copy(),
        until=np.full(n_local, -1, np.int64),
        resting=np.empty(n_local, np.int32),
        resting_first=np.zeros(n_groups, np.int64),
        resting_count=np.zeros(n_groups, np.int64),
        synaptic=np.zeros(part.n_synaptic),
        buffer=np.zeros(part.n_slots, part.table.weights.dtype),
        injected=np.zeros(n_local),
        uniform=np.ones(n_groups, bool),
        cursors=np.full(len(part.inputs.programs), -1, np.int64),
        next_event=np.zeros(1, np.int64),
        # Room for the worst case costs nothing where it is never touched.
        history=np.empty(plan.most_spikes(plan.horizon + chunk), np.int32),
        history_start=np.zeros(plan.horizon + chunk + 1, np.int64),
        arrived=np.zeros(part.n_slots if twins else 0),
        delivered=np.zeros(1, np.int64),
    )


def new_shared(plan: Plan, chunk: int) -> Shared:
    """Return what the threads tell each other within a chunk."""
    n_threads = len(plan.threads)
    return Shared(
        fired=np.empty((n_threads, plan.most_spikes(chunk)), np.int32),
        fired_start=np.zeros((n_threads, chunk + 1), np.int64),
        heads=np.zeros((n_threads, n_threads), np.int64),
        arrivals=np.zeros(1, np.int64),
    )


def new_scratch(plan: Plan, chunk: int) -> Scratch:
    """Return room for one thread to work in."""
    bits = np.empty(BLOCK, np.uint64)
    segments = plan.most_spikes(plan.horizon + chunk)
    return Scratch(
        voltage=np.empty(BLOCK),
        arriving=np.empty(BLOCK),
        current=np.empty(BLOCK),
        numbers=np.empty(BLOCK),
        bits=bits,
        cells=bits.view(np.uint16),
        counts=np.empty(BLOCK, np.uint8),
        segment_first=np.empty(segments, np.uint64),
        segment_last=np.empty(segments, np.uint64),
        ticks=np.zeros(RECORDING + 1, np.int64),
    )
