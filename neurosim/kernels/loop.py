"""The time loop of one thread."""

import numba
import numpy as np

from neurosim.kernels.barrier import wait
from neurosim.kernels.delivery import deliver
from neurosim.kernels.inputs import take_in
from neurosim.kernels.neurons import update
from neurosim.kernels.types import (
    ARRIVAL,
    INTERVAL,
    SET_FIRST,
    SET_LAST,
    SIGNAL,
    VOLTAGE,
)


@numba.njit(cache=True, nogil=True, inline="always")
def _merge(shared, k, history, n):
    """Append what all threads fired in step k of the chunk, by global id; return the new end."""
    n_threads = shared.fired.shape[0]
    heads = np.empty(n_threads, np.int64)
    for thread in range(n_threads):
        heads[thread] = shared.fired_start[thread, k]
    while True:
        best, winner = np.int32(-1), -1
        for thread in range(n_threads):
            if heads[thread] < shared.fired_start[thread, k + 1]:
                candidate = shared.fired[thread, heads[thread]]
                if winner < 0 or candidate < best:
                    best, winner = candidate, thread
        if winner < 0:
            return n
        history[n] = best
        heads[winner] += 1
        n += 1


@numba.njit(cache=True, nogil=True, inline="always")
def _listen(probes, state):
    """Add up what arrives at the probed slots, before the neurons take it in."""
    for s in range(probes.sets.shape[0]):
        if probes.sets[s, SIGNAL] == ARRIVAL:
            for i in range(probes.sets[s, SET_FIRST], probes.sets[s, SET_LAST]):
                state.arrived[i] += state.buffer[probes.places[i]]


@numba.njit(cache=True, nogil=True, inline="always")
def _sample(probes, state, samples, t, t_first):
    """Write the probes whose interval ends with step t into their next row of `samples`."""
    for s in range(probes.sets.shape[0]):
        interval = probes.sets[s, INTERVAL]
        if (t + 1) % interval != 0:
            continue
        row = (t + 1) // interval - t_first // interval - 1
        signal = probes.sets[s, SIGNAL]
        for i in range(probes.sets[s, SET_FIRST], probes.sets[s, SET_LAST]):
            place = probes.places[i]
            if signal == VOLTAGE:
                samples[row, i] = state.v[place]
            elif signal == ARRIVAL:
                samples[row, i] = state.arrived[i]
                state.arrived[i] = 0.0
            else:
                samples[row, i] = state.synaptic[place]


@numba.njit(cache=True, nogil=True)
def advance(thread, t_first, n_steps, horizon, stride, table, neurons, inputs, probes, state,
            shared, scratch, samples):  # fmt: skip
    """Advance one thread's neurons by a chunk of steps.

    Parameters
    ----------
    thread : int
    t_first, n_steps : int
        First step and length of the chunk.
    horizon : int
        The longest delay, in steps: how far `state.history` reaches back.
    stride : int
        The shortest delay: for so many steps no thread needs news from the others.
    table, neurons, inputs, probes, state, shared, scratch
        See `neurosim.kernels.types`.
    samples : (n_rows, n_signals) float64
        Filled with what the probes sampled.

    Notes
    -----
    After the call `state.history` still holds the chunk's spikes for the recorder to read; `forget`
    makes room for the next chunk.
    """
    fired, fired_start = shared.fired[thread], shared.fired_start[thread]
    n_fired = np.int64(0)
    fired_start[0] = 0
    for crossing, batch in enumerate(range(0, n_steps, stride)):
        batch_end = min(batch + stride, n_steps)
        for k in range(batch, batch_end):
            t = t_first + k
            deliver(table, state, horizon + k, scratch.segment_first, scratch.segment_last)
            take_in(inputs, state, scratch, t)
            _listen(probes, state)
            n_fired = update(neurons, state, scratch.block, fired, n_fired)
            fired_start[k + 1] = n_fired
            _sample(probes, state, samples, t, t_first)
        wait(shared.arrivals, shared.fired.shape[0], crossing + 1)
        for k in range(batch, batch_end):
            end = _merge(shared, k, state.history, state.history_start[horizon + k])
            state.history_start[horizon + k + 1] = end


@numba.njit(cache=True, nogil=True)
def forget(state, n_steps, horizon):
    """Move the last `horizon` steps of the history to its front, after a chunk of `n_steps`."""
    start = state.history_start
    cut = start[n_steps]
    for i in range(start[n_steps + horizon] - cut):
        state.history[i] = state.history[cut + i]
    for h in range(horizon + 1):
        start[h] = start[n_steps + h] - cut
