"""The time loop of one thread."""

import numpy as np

from neurosim.kernels.barrier import arrive, wait
from neurosim.kernels.compiled import compiled, part
from neurosim.kernels.delivery import SOON, deliver, row_of
from neurosim.kernels.escape import update_soft
from neurosim.kernels.exchange import exchange
from neurosim.kernels.inputs import take_in
from neurosim.kernels.intrinsics import clock, prefetch
from neurosim.kernels.models import update_models
from neurosim.kernels.neurons import update
from neurosim.kernels.plasticity import deliver_plastic, remember_fired
from neurosim.kernels.types import (
    ARRIVAL,
    DELIVERY,
    INTERVAL,
    MODEL_STATE,
    NOISE,
    RECORDING,
    SET_FIRST,
    SET_LAST,
    SIGNAL,
    UPDATE,
    VOLTAGE,
    WAITING,
)


@part
def _merge(every_fired, every_start, heads, k, history, reached, rows, n):
    """Append what all threads fired in step k of the chunk to a history, by id; return its end."""
    n_threads = heads.size
    for other in range(n_threads):
        heads[other] = every_start[other, k]
    while True:
        best, winner = np.int32(-1), -1
        for other in range(n_threads):
            if heads[other] < every_start[other, k + 1]:
                candidate = every_fired[other, heads[other]]
                if winner < 0 or candidate < best:
                    best, winner = candidate, other
        if winner < 0:
            return n
        prefetch(rows, every_fired[winner, heads[winner] + SOON])
        history[n] = best
        reached[n] = np.uint64(rows[best])
        heads[winner] += 1
        n += 1


@part
def _sample(sets, places, v, synaptic, states, arrived, samples, t, t_first):
    """Write the probes whose interval ends with step t into their next row of `samples`."""
    for s in range(sets.shape[0]):
        interval = sets[s, INTERVAL]
        if (t + 1) % interval != 0:
            continue
        row = (t + 1) // interval - t_first // interval - 1
        signal = sets[s, SIGNAL]
        for i in range(sets[s, SET_FIRST], sets[s, SET_LAST]):
            place = places[i]
            if signal == VOLTAGE:
                samples[row, i] = v[place]
            elif signal == MODEL_STATE:
                samples[row, i] = states[place]
            elif signal == ARRIVAL:
                samples[row, i] = arrived[place]
                arrived[place] = 0.0
            else:
                samples[row, i] = synaptic[place]


@part
def _lap(ticks, phase, since, timed):
    """Add the time since `since` to a phase; return the present time."""
    if not timed:
        return since
    now = clock()
    ticks[phase] += now - since
    return now


# Without reference counts, which would cost as much as the neurons: nothing here allocates, and the
# caller holds every array.
@compiled(_nrt=False)
def advance(thread, t_first, n_steps, horizon, stride, batch, table, plastic, neurons, soft,
            models, inputs, probes, state, learned, shared, scratch, samples, timed, own,
            n_own, crossing, ranks):  # fmt: skip
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
    batch : int
        Steps to deliver at a time, at most as many as `state.buffer` has rows.
    table, plastic, neurons, models, inputs, probes, state, learned, shared, scratch
        See `neurosim.kernels.types`. Where no synapse is plastic, `plastic` and `learned` are None;
        where no neurons have equations that are compiled apart, `models` is: what they need is then
        not even compiled.
    soft : (n_blocks,) int64, or None where there are none
        Which of `Neurons.blocks` have soft thresholds.
    samples : (n_rows, n_signals) float64
        Filled with what the probes sampled.
    timed : bool
        Whether to read the clock.
    own, n_own : int
        First of the threads on this machine, and how many they are.
    crossing : int
        How often these threads have met before.
    ranks : Ranks, or None where this machine is the only one

    Returns
    -------
    int
        How often they have met now.

    Notes
    -----
    After the call `state.history` still holds the chunk's spikes for the recorder to read; the
    engine then makes room for the next chunk.

    News are waited for as late as can be: a batch begins with the delivery of all spikes known so
    far, before this thread looks whether the others have come as far.
    """
    fired, fired_start = shared.fired[thread], shared.fired_start[thread]
    n_fired, known = np.int64(0), np.int64(0)
    first, last = np.int64(0), np.int64(0)
    fired_start[0] = 0
    ticks = scratch.ticks
    for k in range(n_steps + 1):
        now = clock() if timed else np.int64(0)
        news = k > 0 and (k % stride == 0 or k == n_steps)
        if news:
            arrive(shared.arrivals)
            crossing += 1
        if k == last and k < n_steps:
            first, last = k, min(k + batch, n_steps)
            if stride > 1:
                last = min(last, k + stride - k % stride)
            here = horizon + k
            deliver(table, state, scratch, k, horizon + known, here, horizon + last, here)
            now = _lap(ticks, DELIVERY, now, timed)
        if news:
            wait(shared.arrivals, n_own, crossing)
            if ranks is not None:
                if thread == own:
                    exchange(ranks, shared, own, n_own, known, k)
                arrive(shared.arrivals)
                crossing += 1
                wait(shared.arrivals, n_own, crossing)
            now = _lap(ticks, WAITING, now, timed)
            for step in range(known, k):
                state.history_start[horizon + step + 1] = _merge(
                    shared.fired,
                    shared.fired_start,
                    shared.heads[thread],
                    step,
                    state.history,
                    state.reached,
                    table.start,
                    state.history_start[horizon + step],
                )
            now = _lap(ticks, RECORDING, now, timed)
            if k < n_steps:
                oldest = horizon + known
                here = horizon + k
                deliver(table, state, scratch, oldest, here, here, horizon + last, horizon + first)
                now = _lap(ticks, DELIVERY, now, timed)
            known = k
        if k == n_steps:
            break
        t = t_first + k
        noise = ticks[NOISE]
        row = row_of(table, horizon + k, horizon + first)
        if plastic is not None:
            deliver_plastic(plastic, learned, state, horizon + k, row, t)
        take_in(inputs, neurons, state, row, t)
        n_fired = update(neurons, inputs, state, scratch, row, fired, n_fired, t, timed)
        if soft is not None:
            before = fired_start[k]
            n_fired = update_soft(neurons, soft, state, fired, before, n_fired, t)
        if models is not None:
            before = fired_start[k]
            n_fired = update_models(
                neurons, models, inputs, state, scratch, row, fired, before, n_fired, t, timed
            )
        if plastic is not None:
            remember_fired(plastic, learned, fired, fired_start[k], n_fired, t)
        fired_start[k + 1] = n_fired
        now = _lap(ticks, UPDATE, now + ticks[NOISE] - noise, timed)
        sets, places = probes.sets, probes.places
        _sample(
            sets, places, state.v, state.synaptic, state.states, state.arrived, samples, t, t_first
        )
        now = _lap(ticks, RECORDING, now, timed)
    return crossing
