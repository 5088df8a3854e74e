"""The state of a thread at time 0, and room for it to work in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.kernels import Scratch, Shared, State
from neurosim.kernels.types import BLOCK

if TYPE_CHECKING:
    from neurosim.build.plan import Plan


def new_state(plan: Plan, thread: int, chunk: int) -> State:
    """Return the state of one thread at time 0, for chunks of up to `chunk` steps."""
    part = plan.threads[thread]
    n_local = len(part.v_start)
    return State(
        v=part.v_start.copy(),
        refractory=np.zeros(n_local, np.int32),
        synaptic=np.zeros(part.n_synaptic),
        buffer=np.zeros(part.n_slots),
        injected=np.zeros(n_local),
        cursors=np.full(len(part.inputs.programs), -1, np.int64),
        next_event=np.zeros(1, np.int64),
        # Room for the worst case costs nothing where it is never touched.
        history=np.empty(plan.most_spikes(plan.horizon + chunk), np.int32),
        history_start=np.zeros(plan.horizon + chunk + 1, np.int64),
        arrived=np.zeros(len(part.probes.places)),
    )


def new_shared(plan: Plan, chunk: int) -> Shared:
    """Return what the threads tell each other within a chunk."""
    n_threads = len(plan.threads)
    return Shared(
        fired=np.empty((n_threads, plan.most_spikes(chunk)), np.int32),
        fired_start=np.zeros((n_threads, chunk + 1), np.int64),
        arrivals=np.zeros(1, np.int64),
    )


def new_scratch(plan: Plan, chunk: int) -> Scratch:
    """Return room for one thread to work in."""
    segments = plan.most_spikes(plan.horizon + chunk)
    return Scratch(
        block=np.empty(BLOCK),
        bits=np.empty(BLOCK, np.uint64),
        counts=np.empty(BLOCK, np.int64),
        segment_first=np.empty(segments, np.int64),
        segment_last=np.empty(segments, np.int64),
    )
