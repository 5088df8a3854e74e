"""Synapses that learn: what a pair of spikes does to a weight.

A weight is needed only when a presynaptic spike is transmitted. There it is brought up to date: the
postsynaptic spikes since the last presynaptic one raise it, in their order, then those before this
one lower it. Nothing is done between spikes, and nothing depends on the step but rounding.
"""

import math

from neurosim.kernels.compiled import inlined, part
from neurosim.kernels.types import (
    DELAY_FIRST,
    DEPRESSION,
    LEARNING_RATE,
    MU_MINUS,
    MU_PLUS,
    N_DELAYS,
    N_OWN,
    N_SOURCES,
    OWN_FIRST,
    PER_TAU_MINUS,
    PER_TAU_PLUS,
    POST_FIRST,
    ROW_FIRST,
    SOURCE_FIRST,
    W_MAX,
)


@part
def potentiate(x, trace, rule):
    """Return a relative weight after a postsynaptic spike; `trace` is of the presynaptic ones."""
    x += rule[LEARNING_RATE] * (1.0 - x) ** rule[MU_PLUS] * trace
    return min(x, 1.0)


@part
def _lower(x, trace, rule):
    """Return a relative weight after a spike that comes after postsynaptic ones."""
    x -= rule[DEPRESSION] * x ** rule[MU_MINUS] * trace
    return max(x, 0.0)


@part
def _transmit(k, post, delay, now, rule, weights, traces, last, seen, steps, values, following,
              first_of):  # fmt: skip
    """Bring synapse k up to date for a presynaptic spike of step `now`; return its weight."""
    x, limit = weights[k] / rule[W_MAX], now - delay
    latest = seen[k]
    i = first_of[post] if latest < 0 else following[latest]
    while i >= 0 and steps[i] <= limit:
        waited = steps[i] + delay - last[k]
        x = potentiate(x, traces[k] * math.exp(-waited * rule[PER_TAU_PLUS]), rule)
        latest, i = i, following[i]
    seen[k] = latest
    if latest >= 0:
        ago = limit - steps[latest]
        # What stood there just before, where the latest spike arrives together with this one.
        trace = values[latest] * math.exp(-ago * rule[PER_TAU_MINUS]) - (ago == 0)
        x = _lower(x, trace, rule)
    traces[k] = traces[k] * math.exp(-(now - last[k]) * rule[PER_TAU_PLUS]) + 1.0
    last[k] = now
    weights[k] = x * rule[W_MAX]
    return weights[k]


@part
def _deliver_row(first, stop, targets, posts, delay, now, rule, buffer, row, weights, traces, last,
                 seen, steps, values, following, first_of):  # fmt: skip
    """Transmit one presynaptic spike through some synapses of one delay."""
    for k in range(first, stop):
        buffer[row + targets[k]] += _transmit(
            k, posts[k], delay, now, rule, weights, traces, last, seen, steps, values, following,
            first_of,
        )  # fmt: skip


@inlined
def deliver_plastic(plastic, learned, state, place, row, t):
    """Add the plastic synapses whose spikes arrive at step t to its input.

    Parameters
    ----------
    plastic, learned, state
        See `neurosim.kernels.types`.
    place : int
        Of step t in `State.history_start`.
    row : int
        Where the step's input begins in `State.buffer`.
    t : int
    """
    for p in range(plastic.projections.shape[0]):
        own, rule = plastic.projections[p], plastic.rules[p]
        for j in range(own[N_DELAYS]):
            delay = plastic.delays[own[DELAY_FIRST] + j]
            for i in range(
                state.history_start[place - delay], state.history_start[place - delay + 1]
            ):
                source = state.history[i] - own[SOURCE_FIRST]
                if source < 0 or source >= own[N_SOURCES]:
                    continue
                segment = own[ROW_FIRST] + source * own[N_DELAYS] + j
                first, stop = plastic.segment[segment], plastic.segment[segment + 1]
                state.delivered[0] += stop - first
                _deliver_row(
                    first, stop, plastic.targets, plastic.posts, delay, t - delay, rule,
                    state.buffer, row, learned.weights, learned.traces, learned.last, learned.seen,
                    learned.steps, learned.values, learned.following, learned.first_of,
                )  # fmt: skip


@part
def _remember(post, t, per_tau, steps, values, following, first_of, last_of, count):
    """Append a postsynaptic spike of step t to a neuron's list."""
    n, latest = count[0], last_of[post]
    value = 1.0
    if latest >= 0:
        value += values[latest] * math.exp(-(t - steps[latest]) * per_tau)
        following[latest] = n
    else:
        first_of[post] = n
    steps[n], values[n], following[n] = t, value, -1
    last_of[post] = n
    count[0] = n + 1


@inlined
def remember_fired(plastic, learned, fired, first, stop, t):
    """Keep what this thread's neurons fired in step t for the synapses onto them."""
    for p in range(plastic.projections.shape[0]):
        own = plastic.projections[p]
        per_tau = plastic.rules[p, PER_TAU_MINUS]
        for i in range(first, stop):
            neuron = fired[i] - own[OWN_FIRST]
            if 0 <= neuron < own[N_OWN]:
                _remember(
                    own[POST_FIRST] + neuron, t, per_tau, learned.steps, learned.values,
                    learned.following, learned.first_of, learned.last_of, learned.count,
                )  # fmt: skip
