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

from neurosim.kernels.address import addressed, call_addressed
from neurosim.kernels.compiled import helper
from neurosim.kernels.tables import tables_at


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
            begin, end = state.history_start[index - delay], state.history_start[index - delay + 1]
            for i in range(begin, end):
                # The spikes that arrive now were fired `delay` steps ago.
                source = state.history[i] - projection.first_source
                if source < 0 or source >= projection.n_sources:
                    continue
                segment = projection.first_row + source * projection.n_delays + j
                first, stop = plastic.segment[segment], plastic.segment[segment + 1]
                if first < stop:
                    state.delivered[0] += stop - first
                    call_addressed(rows[p, 0], rows[p, 1], first, stop, delay, t - delay, row)
    return n_fired


@helper
def bounded(weight):
    """Clip a relative weight to 0 … 1; NaN stays NaN."""
    if weight < 0.0:
        return 0.0
    return 1.0 if weight > 1.0 else weight


@helper
def next_post(plasticity, post, latest):
    """Return the index of the postsynaptic spike after `latest`, −1 if there is none."""
    return plasticity.first_spike[post] if latest < 0 else plasticity.next_spike[latest]


@helper
def post_trace(plasticity, latest, k, step, rate):
    """Return postsynaptic trace k just before `step`.

    `latest` is the last spike.
    """
    if latest < 0:
        return 0.0
    ago = step - plasticity.steps[latest]
    # A spike that arrives in this step is not yet part of the trace.
    return plasticity.values[latest, k] * math.exp(-ago * rate) - (ago == 0)


@helper
def _append_post(plasticity, post, t, rates):
    """Append a postsynaptic spike to a neuron's list.

    `rates` are the decay rates of its traces.
    """
    # Traces decay since the last spike, then increase by 1.
    n, latest = plasticity.count[0], plasticity.last_spike[post]
    for k in range(plasticity.values.shape[1]):
        value = 1.0 if k < rates.size else 0.0
        if latest >= 0 and k < rates.size:
            value += plasticity.values[latest, k] * math.exp(
                -(t - plasticity.steps[latest]) * rates[k]
            )
        plasticity.values[n, k] = value
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
        rates = plastic.rules[
            p, projection.first_rate : projection.first_rate + projection.n_post_traces
        ]
        for i in range(first_fired, n_fired):
            neuron = fired[i] - projection.first_target
            if 0 <= neuron < projection.n_targets:
                _append_post(plasticity, projection.first_list + neuron, t, rates)
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
        delays = plastic.delays[
            projection.first_delay : projection.first_delay + projection.n_delays
        ]
        # Future transmissions use the spikes up to two delays ago, and possibly later ones.
        last_step = now - 2 * delays[-1] if delays.size else now
        for row in range(projection.n_sources * projection.n_delays):
            segment = projection.first_row + row
            first, stop = plastic.segment[segment], plastic.segment[segment + 1]
            if first < stop:
                delay = delays[row % projection.n_delays]
                call_addressed(rows[p, 0], rows[p, 1], first, stop, delay, last_step, 0)
        for post in range(projection.first_list, projection.first_list + projection.n_targets):
            n = _copy_list(post, last_step, plasticity, needed, new_index, kept, n)
    for k in range(plasticity.last_seen.size):
        if plasticity.last_seen[k] >= 0:
            plasticity.last_seen[k] = new_index[plasticity.last_seen[k]]
    return n
