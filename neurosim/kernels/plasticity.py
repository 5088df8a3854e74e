"""Synapses whose weights depend on the times of spikes.

A weight is needed only when a presynaptic spike is transmitted. There it is brought up to date: the
postsynaptic spikes since the last presynaptic one change it in their order, then this one does.
Nothing is done between spikes, and nothing depends on the step but rounding.

Each rule's `on_pre` and `on_post` are compiled separately (`neurosim.builder.codegen.rule_source`)
and called by address, once for all synapses with one source and delay.
"""

import math

from neurosim.kernels.address import addressed, call_addressed
from neurosim.kernels.compiled import helper
from neurosim.kernels.tables import tables_at


@addressed
def transmit_plastic(frame, index, row, t, first_fired, n_fired):
    """Add what plastic synapses transmit to a step's input; arguments as in `kernels.steps`.

    The frame holds `Plastic`, `State` and the addresses of each projection's `transmit_row`.
    """
    plastic, state, rows = tables_at(frame)
    for p in range(plastic.projections.size):
        own = plastic.projections[p]
        for j in range(own.n_delays):
            delay = plastic.delays[own.first_delay + j]
            begin, end = state.history_start[index - delay], state.history_start[index - delay + 1]
            for i in range(begin, end):
                source = state.history[i] - own.first_source
                if source < 0 or source >= own.n_sources:
                    continue
                segment = own.first_row + source * own.n_delays + j
                first, stop = plastic.segment[segment], plastic.segment[segment + 1]
                if first < stop:
                    state.delivered[0] += stop - first
                    call_addressed(rows[p, 0], rows[p, 1], first, stop, delay, t - delay, row)
    return n_fired


@helper
def bounded(weight):
    """Return a relative weight within 0 to 1; NaN stays."""
    if weight < 0.0:
        return 0.0
    return 1.0 if weight > 1.0 else weight


@helper
def next_post(plasticity, post, latest):
    """Return the postsynaptic spike after the latest that a synapse has used, −1 if none."""
    return plasticity.first_spike[post] if latest < 0 else plasticity.next_spike[latest]


@helper
def post_trace(plasticity, latest, k, step, rate):
    """Return postsynaptic trace k just before `step`, up to which `latest` is the last spike."""
    if latest < 0:
        return 0.0
    ago = step - plasticity.steps[latest]
    # A spike that arrives in this step is not yet part of the trace.
    return plasticity.values[latest, k] * math.exp(-ago * rate) - (ago == 0)


@helper
def _append(plasticity, post, t, rates):
    """Append a postsynaptic spike of step t to a neuron's list; `rates` are those of its traces."""
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
    """Store the spikes of neurons that plastic synapses lead to; arguments as in `kernels.steps`.

    The frame holds `Plastic`, `PlasticityState` and the thread's row of `Shared.fired`.
    """
    plastic, plasticity, fired = tables_at(frame)
    for p in range(plastic.projections.size):
        own = plastic.projections[p]
        rates = plastic.rules[p, own.first_rate : own.first_rate + own.n_post_traces]
        for i in range(first_fired, n_fired):
            neuron = fired[i] - own.first_target
            if 0 <= neuron < own.n_targets:
                _append(plasticity, own.first_list + neuron, t, rates)
    return n_fired
