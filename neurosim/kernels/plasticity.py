"""Plastic synapses, whose weights depend on the times of spikes.

A weight is needed only when a presynaptic spike is transmitted. It is then updated: first by the
postsynaptic spikes since the last presynaptic spike in their order, then by the presynaptic spike.
Nothing is computed between spikes, so the result does not depend on the time step except by
rounding.

The `on_pre` and `on_post` of each rule are compiled separately
(`neurosim.builder.codegen.rule_source`) and called by address, once for all synapses with one
source and delay.
"""

import math

import numpy as np

from neurosim.kernels.address import addressed, call_entry
from neurosim.kernels.compiled import helper
from neurosim.kernels.tables import tables_at

UPDATE_INTERVAL = 1000
"""Steps between updates of weights that change between spikes."""


@addressed
def transmit_plastic(frame, index, row, t, first_fired, n_fired):
    """Add the input from plastic synapses to a step; arguments as in `kernels.loop`.

    The frame holds `Plastic`, `State` and the addresses of each projection's `transmit_row`.
    """
    plastic, state, rows = tables_at(frame)
    for p in range(plastic.projections.size):
        projection = plastic.projections[p]
        for j in range(projection.n_delays):
            delay = plastic.delays[projection.first_delay + j]
            shift = plastic.shifts[projection.first_delay + j]
            begin, end = state.history_start[index - delay], state.history_start[index - delay + 1]
            for i in range(begin, end):
                # The spikes that arrive now were fired `delay` steps ago.
                source = state.history[i] - projection.first_source
                if source < 0 or source >= projection.n_sources:
                    continue
                segment = projection.first_row + source * projection.n_delays + j
                first, stop = plastic.segment[segment], plastic.segment[segment + 1]
                if first < stop:
                    state.factor[0] = 1.0
                    if projection.transmission >= 0:
                        state.factor[0] = state.efficacy[projection.transmission, i]
                    state.delivered[0] += stop - first
                    call_entry(rows, p, first, stop, shift, t - delay, row)
    return n_fired


@addressed
def modulate(frame, index, row, t, first_fired, n_fired):
    """Add the spikes that arrive in step t to signals; arguments as in `kernels.loop`.

    The frame holds an array of MODULATION, `PlasticityState` and `State`.
    """
    modulations, plasticity, state = tables_at(frame)
    for m in range(modulations.size):
        own, n = modulations[m], 0
        begin = state.history_start[index - own.delay]
        for i in range(begin, state.history_start[index - own.delay + 1]):
            n += 0 <= state.history[i] - own.first_source < own.n_sources
        if n > 0:
            add_signal(plasticity, own.projection, t, n * own.amount, own.rate)
    return n_fired


@addressed
def update_plastic(frame, index, row, t, first_fired, n_fired):
    """Update weights that change between spikes, at regular steps; arguments as in `kernels.loop`.

    This bounds the number of signals and postsynaptic spikes that are kept. All presynaptic spikes
    that have arrived before step t are included.

    The frame holds `Plastic`, `PlasticityState`, the projections and the addresses of their
    `update_row`.
    """
    plastic, plasticity, projections, rows = tables_at(frame)
    if t % UPDATE_INTERVAL == 0:
        for k in range(projections.size):
            update_projection(plastic, projections[k], rows, k, t)
            _drop_signals(
                plasticity, projections[k], t - 1 - longest_delay(plastic, projections[k])
            )
    return n_fired


@addressed
def update_all(frame, t, _a, _b, _c, _d):
    """Update weights that change between spikes to step t.

    The frame is that of `update_plastic`.
    """
    plastic, _, projections, rows = tables_at(frame)
    for k in range(projections.size):
        update_projection(plastic, projections[k], rows, k, t)
    return 0


@helper
def update_projection(plastic, p, rows, k, t):
    """Update the weights of projection p to the last step without later presynaptic spikes.

    Entry k of `rows` is its `update_row`.
    """
    projection = plastic.projections[p]
    for row in range(projection.n_sources * projection.n_delays):
        segment = projection.first_row + row
        first, stop = plastic.segment[segment], plastic.segment[segment + 1]
        if first < stop:
            delay = projection.first_delay + row % projection.n_delays
            last = t - 1 - plastic.delays[delay]
            call_entry(rows, k, first, stop, plastic.shifts[delay], last, 0)


@helper
def longest_delay(plastic, p):
    """Return the longest delay of a projection."""
    projection = plastic.projections[p]
    if projection.n_delays == 0:
        return np.int64(0)
    return plastic.delays[projection.first_delay + projection.n_delays - 1]


@helper
def add_signal(plasticity, p, step, amount, rate):
    """Add an amount to the signal of a projection at a step, which is not before the last one."""
    steps, values, n = plasticity.signal_steps, plasticity.signal_values, plasticity.signal_count[p]
    value = values[p, n - 1] * math.exp(-(step - steps[p, n - 1]) * rate) + amount
    if steps[p, n - 1] < step:
        n += 1
        plasticity.signal_count[p] = n
    steps[p, n - 1], values[p, n - 1] = step, value


@helper
def next_signal(plasticity, p, step, end):
    """Return the step of the first signal after `step`, at most `end`."""
    n = _count_signals(plasticity, p, step)
    if n < plasticity.signal_count[p] and plasticity.signal_steps[p, n] < end:
        return plasticity.signal_steps[p, n]
    return end


@helper
def signal_at(plasticity, p, step, rate):
    """Return the signal of a projection just after `step`."""
    n = _count_signals(plasticity, p, step) - 1
    return plasticity.signal_values[p, n] * math.exp(-(step - plasticity.signal_steps[p, n]) * rate)


@helper
def _count_signals(plasticity, p, step):
    """Return the number of signals up to `step`, at least 1: the list starts before time 0."""
    steps = plasticity.signal_steps[p, 1 : plasticity.signal_count[p]]
    return 1 + np.searchsorted(steps, step, "right")


@helper
def _drop_signals(plasticity, p, step):
    """Drop the signals before the last one up to `step`."""
    first = _count_signals(plasticity, p, step) - 1
    n = plasticity.signal_count[p] - first
    for k in range(n):
        plasticity.signal_steps[p, k] = plasticity.signal_steps[p, first + k]
        plasticity.signal_values[p, k] = plasticity.signal_values[p, first + k]
    plasticity.signal_count[p] = n


@helper
def bounded(weight):
    """Clip a relative weight to 0 … 1; NaN stays NaN."""
    if weight < 0.0:
        return 0.0
    return 1.0 if weight > 1.0 else weight


@helper
def not_negative(weight):
    """Clip a relative weight to at least 0; NaN stays NaN."""
    return 0.0 if weight < 0.0 else weight


@helper
def next_post(plasticity, post, latest):
    """Return the index of the postsynaptic spike after `latest`, −1 if there is none."""
    return plasticity.first_spike[post] if latest < 0 else plasticity.next_spike[latest]


@helper
def post_trace(plasticity, latest, together, k, step, rate):
    """Return postsynaptic trace k just before `step`.

    `latest` is the last spike, and `together` the number of spikes that arrive in this step.
    """
    if latest < 0:
        return 0.0
    ago = step - plasticity.steps[latest]
    # Spikes that arrive in this step are not yet part of the trace.
    return plasticity.values[latest, k] * math.exp(-ago * rate) - (together if ago == 0 else 0)


@helper
def post_nearest(plasticity, latest, together, k, step, rate):
    """Return postsynaptic trace k of the nearest spike just before `step`; see `post_trace`."""
    if latest < 0:
        return 0.0
    ago = step - plasticity.steps[latest]
    return plasticity.values[latest, k] - 1.0 if ago == 0 else math.exp(-ago * rate)


@helper
def trace_after(plasticity, latest, k, nearest, step, rate):
    """Return postsynaptic trace k just after `step`."""
    if latest < 0:
        return 0.0
    value = 1.0 if nearest else plasticity.values[latest, k]
    return value * math.exp(-(step - plasticity.steps[latest]) * rate)


@helper
def _append_post(plasticity, post, t, rates, nearest):
    """Append a postsynaptic spike to a neuron's list.

    `rates` are the decay rates of its traces; `nearest` is not 0 for those of the nearest spike.
    """
    # Traces decay since the last spike, then increase by 1. The value before it is kept in this
    # form for traces of the nearest spike too.
    n, latest = plasticity.count[0], plasticity.last_spike[post]
    for k in range(plasticity.values.shape[1]):
        value = 1.0 if k < rates.size else 0.0
        if latest >= 0 and k < rates.size:
            elapsed = t - plasticity.steps[latest]
            before = plasticity.values[latest, k] if nearest[k] == 0.0 else 1.0
            if nearest[k] > 0.0 and elapsed == 0:  # the nearest spike of an earlier step
                before = plasticity.values[latest, k] - 1.0
            value += before * math.exp(-elapsed * rates[k])
        plasticity.values[n, k] = value
    _append(plasticity, post, t, n, latest)


@helper
def append_event(plasticity, post, t):
    """Append a step with activity to a neuron's list; return its index. Its values are 0."""
    n, latest = plasticity.count[0], plasticity.last_spike[post]
    for k in range(plasticity.values.shape[1]):
        plasticity.values[n, k] = 0.0
    _append(plasticity, post, t, n, latest)
    return n


@helper
def _append(plasticity, post, t, n, latest):
    """Append entry n, of step t, to a neuron's list, of which `latest` is the last entry."""
    if latest >= 0:
        plasticity.next_spike[latest] = n
    else:
        plasticity.first_spike[post] = n
    plasticity.steps[n], plasticity.next_spike[n] = t, -1
    plasticity.last_spike[post] = n
    plasticity.count[0] = n + 1


@addressed
def record_post(frame, index, row, t, first_fired, n_fired):
    """Store the spikes of the targets of plastic synapses.

    The arguments are those of `kernels.loop`.

    The frame holds `Plastic`, `PlasticityState` and the thread's row of `Shared.fired`.
    """
    plastic, plasticity, fired = tables_at(frame)
    for p in range(plastic.projections.size):
        projection = plastic.projections[p]
        if projection.has_potentials:
            continue  # see `record_potentials`
        n, first = projection.n_post_traces, projection.first_rate
        rates = plastic.rules[p, first : first + n]
        nearest = plastic.rules[p, first + n : first + 2 * n]
        for i in range(first_fired, n_fired):
            neuron = fired[i] - projection.first_target
            if 0 <= neuron < projection.n_targets:
                _append_post(plasticity, projection.first_list + neuron, t, rates, nearest)
    return n_fired


@addressed
def record_potentials(frame, index, row, t, first_fired, n_fired):
    """Store the potentials of the targets of plastic synapses; arguments as in `kernels.loop`.

    The frame holds the projections and the addresses of their `record_row`.
    """
    projections, rows = tables_at(frame)
    for k in range(projections.size):
        call_entry(rows, k, projections[k], t, first_fired, n_fired, 0)
    return n_fired


@helper
def _copy_list(post, last_step, plasticity, needed, new_index, kept, n):
    """Copy the needed spikes of one list to new arrays.

    Return the new number of spikes.

    Spikes after `last_step` and the last one before it are needed in any case. Each may be the
    latest postsynaptic spike when a presynaptic spike is transmitted.
    """
    previous, i = -1, plasticity.first_spike[post]
    plasticity.first_spike[post] = -1
    while i >= 0:
        after = plasticity.next_spike[i]
        latest = after < 0 or plasticity.steps[after] > last_step
        if needed[i] or latest or plasticity.steps[i] > last_step:
            kept.steps[n], kept.next_spike[n] = plasticity.steps[i], -1
            for k in range(kept.values.shape[1]):
                kept.values[n, k] = plasticity.values[i, k]
            if previous < 0:
                plasticity.first_spike[post] = n
            else:
                kept.next_spike[previous] = n
            previous = n
            n += 1
        # A dropped spike changes no weight, so the kept spike before it takes its place.
        new_index[i] = previous
        i = after
    plasticity.last_spike[post] = previous
    return n


@addressed
def drop_spikes(frame, now, _a, _b, _c, _d):
    """Drop the postsynaptic spikes that no synapse needs.

    This does not change any later weight.

    Parameters
    ----------
    frame : Frame
        Holds `Plastic`; `PlasticityState`, of which `first_spike`, `last_spike` and `last_seen` are
        changed; another `PlasticityState`, which receives the kept spikes; the addresses of each
        projection's `mark_row`; and two scratch arrays with one entry per spike: bool, all False,
        and int64.
    now : int
        The next step.

    Returns
    -------
    int
        Number of kept spikes.
    """
    plastic, plasticity, kept, rows, needed, new_index = tables_at(frame)
    n = 0
    for p in range(plastic.projections.size):
        projection = plastic.projections[p]
        # Future transmissions use the spikes up to two delays ago, and possibly later ones.
        last_step = now - 2 * longest_delay(plastic, p)
        for row in range(projection.n_sources * projection.n_delays):
            segment = projection.first_row + row
            first, stop = plastic.segment[segment], plastic.segment[segment + 1]
            if first < stop:
                shift = plastic.shifts[projection.first_delay + row % projection.n_delays]
                call_entry(rows, p, first, stop, shift, last_step, 0)
        for post in range(projection.first_list, projection.first_list + projection.n_targets):
            n = _copy_list(post, last_step, plasticity, needed, new_index, kept, n)
    for k in range(plasticity.last_seen.size):
        if plasticity.last_seen[k] >= 0:
            plasticity.last_seen[k] = new_index[plasticity.last_seen[k]]
    return n
