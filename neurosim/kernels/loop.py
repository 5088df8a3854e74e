"""The time loop of one thread.

In every step the loop calls a list of *step functions* at their addresses, each for the neurons or
synapses that need it: `transmit_plastic`, `apply_inputs`, `advance_linear`, `escape`,
`advance_heterogeneous`, `advance_pools`, `advance_models` and `record_post`. All of them have the
same arguments:

- the address of a frame of tables,
- the index of the step in `State.history_start`,
- the offset of its input in `State.buffer`,
- the step,
- the range of this step's spikes in the thread's row of `Shared.fired` so far: index of the first,
  and past the last.

They return the new index past the last spike.
"""

import numpy as np

from neurosim.kernels.address import addressed, call_entry
from neurosim.kernels.barrier import arrive, wait
from neurosim.kernels.compiled import helper, inline
from neurosim.kernels.delivery import SPIKE_PREFETCH
from neurosim.kernels.inputs import current_of
from neurosim.kernels.intrinsics import clock, prefetch
from neurosim.kernels.state_types import ARRIVAL, INPUT_CURRENT, INPUT_NOISE, MODEL_STATE, VOLTAGE
from neurosim.kernels.tables import tables_at
from neurosim.kernels.types import DELIVERY, NOISE, RECORDING, UPDATE, WAITING


@helper
def _merge(all_fired, all_start, heads, k, history, reached, rows, n):
    """Append all threads' spikes in step k of the chunk to a history.

    Return its new length.

    The spikes of each thread are sorted by id, and so is the merged list.
    """
    n_threads = heads.size
    for other in range(n_threads):
        heads[other] = all_start[other, k]
    while True:
        best, winner = np.int32(-1), -1
        for other in range(n_threads):
            if heads[other] < all_start[other, k + 1]:
                candidate = all_fired[other, heads[other]]
                if winner < 0 or candidate < best:
                    best, winner = candidate, other
        if winner < 0:
            return n
        prefetch(rows, all_fired[winner, heads[winner] + SPIKE_PREFETCH])
        history[n] = best
        reached[n] = np.uint64(rows[best])
        heads[winner] += 1
        n += 1


@addressed
def sample(frame, t, t_first, _a, _b, _c):
    """Write the signals whose sampling interval ends with step t.

    They are written to the next row of their samples.

    The frame holds `RecordingTable`, `Inputs`, `State` and the samples. `t_first` is the first step
    of the chunk.
    """
    table, inputs, state, samples = tables_at(frame)
    indices, arrived = table.indices, state.arrived
    for k in range(table.sets.size):
        signals = table.sets[k]
        if (t + 1) % signals.interval != 0:
            continue
        row = (t + 1) // signals.interval - t_first // signals.interval - 1
        for i in range(signals.start, signals.stop):
            index = indices[i]
            if signals.signal == VOLTAGE:
                samples[row, i] = state.v[index]
            elif signals.signal == MODEL_STATE:
                samples[row, i] = state.states[index]
            elif signals.signal == INPUT_CURRENT:
                samples[row, i] = current_of(inputs, signals.program, index, state.cursors)
            elif signals.signal == INPUT_NOISE:
                samples[row, i] = state.noise_current[index]
            elif signals.signal == ARRIVAL:
                # Arrivals are summed over the sampling interval.
                samples[row, i] = arrived[index]
                arrived[index] = 0.0
            else:
                samples[row, i] = state.synaptic[index]
    return 0


@inline
def _call_all(entries, a, b, c, d, e):
    """Call all entries of an `address_table` with the same integers."""
    for i in range(entries.shape[0]):
        call_entry(entries, i, a, b, c, d, e)


@helper
def _exchange(loop, known, k, crossing):
    """Exchange the spikes of the steps known … k − 1 with other machines, if there are any.

    Return the number of barrier crossings.
    """
    for i in range(loop.exchange.shape[0]):
        # One thread exchanges spikes with other machines; the others wait for it.
        if loop.thread == loop.first_thread:
            call_entry(loop.exchange, i, loop.first_thread, loop.n_threads, known, k, 0)
        arrive(loop.shared.arrivals)
        crossing += 1
        wait(loop.shared.arrivals, loop.n_threads, crossing)
    return crossing


@helper
def _extend_history(loop, known, k, t_first):
    """Append the spikes of the steps known … k − 1, and compute their efficacies."""
    shared, history_start = loop.shared, loop.history_start
    for step in range(known, k):
        begin = history_start[loop.max_delay + step]
        end = _merge(
            shared.fired, shared.fired_start, shared.heads[loop.thread], step,
            loop.history, loop.reached, loop.rows, begin,
        )  # fmt: skip
        history_start[loop.max_delay + step + 1] = end
        _call_all(loop.transmissions, begin, end, t_first + step, 0, 0)


@helper
def _lap(ticks, phase, since, timed):
    """Add the time since `since` to a phase; return the current time."""
    if not timed:
        return since
    now = clock()
    ticks[phase] += now - since
    return now


@addressed
def advance(frame, t_first, n_steps, crossing):
    """Advance the neurons of one thread by a chunk of steps.

    Parameters
    ----------
    frame : Frame
        Holds `Loop`.
    t_first, n_steps : int
        First step and length of the chunk.
    crossing : int
        Number of barrier crossings of the threads of this machine so far.

    Returns
    -------
    int
        Number of crossings after the chunk.

    Notes
    -----
    After the call the history still holds the spikes of the chunk for the recorder. The engine then
    shifts the history for the next chunk.

    Threads synchronise as late as possible: each delivery starts with the spikes known so far,
    before the thread waits at the barrier for the others.
    """
    (loop,) = tables_at(frame)
    shared, timed = loop.shared, loop.timed > 0
    max_delay, min_delay = loop.max_delay, loop.min_delay
    fired_start = shared.fired_start[loop.thread]
    n_fired, known = np.int64(0), np.int64(0)
    first, last = np.int64(0), np.int64(0)  # steps of the current delivery
    fired_start[0] = 0
    ticks = loop.ticks
    for k in range(n_steps + 1):
        now = clock() if timed else np.int64(0)
        # Spikes are exchanged every min_delay steps: earlier none of them can arrive.
        exchanging = k > 0 and (k % min_delay == 0 or k == n_steps)
        if exchanging:
            arrive(shared.arrivals)
            crossing += 1
        here = max_delay + k
        if k == last and k < n_steps:
            first, last = k, min(k + loop.steps_per_delivery, n_steps)
            if min_delay > 1:
                last = min(last, k + min_delay - k % min_delay)
            until = max_delay + last
            _call_all(loop.deliver, k, max_delay + known, here, until, here)
            now = _lap(ticks, DELIVERY, now, timed)
        if exchanging:
            wait(shared.arrivals, loop.n_threads, crossing)
            crossing = _exchange(loop, known, k, crossing)
            now = _lap(ticks, WAITING, now, timed)
            _extend_history(loop, known, k, t_first)
            now = _lap(ticks, RECORDING, now, timed)
            if k < n_steps:
                # Deliver the new spikes to the steps of the current delivery.
                until, base = max_delay + last, max_delay + first
                _call_all(loop.deliver, max_delay + known, here, here, until, base)
                now = _lap(ticks, DELIVERY, now, timed)
            known = k
        if k == n_steps:
            break
        t = t_first + k
        noise = ticks[NOISE]
        row = (here % loop.ring if loop.ring > 1 else k - first) * loop.row_stride
        for i in range(loop.steps.shape[0]):
            n_fired = call_entry(loop.steps, i, here, row, t, fired_start[k], n_fired)
        fired_start[k + 1] = n_fired
        # Drawing noise is timed separately.
        now = _lap(ticks, UPDATE, now + ticks[NOISE] - noise, timed)
        _call_all(loop.samples, t, t_first, 0, 0, 0)
        now = _lap(ticks, RECORDING, now, timed)
    return crossing
