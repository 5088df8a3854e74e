"""Drop postsynaptic spikes that no plastic synapse needs any more."""

import math

from neurosim.kernels.compiled import kernel, part
from neurosim.kernels.plasticity import potentiate
from neurosim.kernels.types import (
    DELAY_FIRST,
    N_DELAYS,
    N_OWN,
    N_SOURCES,
    PER_TAU_PLUS,
    POST_FIRST,
    ROW_FIRST,
    W_MAX,
)


@part
def _mark(k, post, delay, horizon, rule, learned, needed):
    """Mark the spikes up to step `horizon` that will change the weight of synapse k.

    This repeats the arithmetic of the next transmission. A spike long after the last presynaptic
    one may leave the weight as it is, because the sum rounds to the old value.
    """
    x, trace = learned.weights[k] / rule[W_MAX], learned.traces[k]
    latest = learned.seen[k]
    i = learned.first_of[post] if latest < 0 else learned.following[latest]
    while i >= 0 and learned.steps[i] <= horizon:
        waited = learned.steps[i] + delay - learned.last[k]
        raised = potentiate(x, trace * math.exp(-waited * rule[PER_TAU_PLUS]), rule)
        if raised != x:
            needed[i] = True
        x, i = raised, learned.following[i]


@part
def _move_list(post, horizon, learned, needed, places, steps, values, following, n):
    """Move the needed spikes of one list to new arrays; return their number so far.

    The spikes after step `horizon`, and the last one before, are needed too: each may be the latest
    postsynaptic spike when a presynaptic one is transmitted.
    """
    previous, i = -1, learned.first_of[post]
    learned.first_of[post] = -1
    while i >= 0:
        after = learned.following[i]
        recent = after < 0 or learned.steps[after] > horizon
        if needed[i] or recent or learned.steps[i] > horizon:
            steps[n], values[n], following[n] = learned.steps[i], learned.values[i], -1
            if previous < 0:
                learned.first_of[post] = n
            else:
                following[previous] = n
            previous = n
            n += 1
        places[i] = previous
        i = after
    learned.last_of[post] = previous
    return n


@kernel
def drop_spikes(plastic, learned, now, needed, places, steps, values, following):
    """Drop the postsynaptic spikes that no synapse needs, without changing any later weight.

    Parameters
    ----------
    plastic, learned
        See `neurosim.kernels.types`. `first_of`, `last_of` and `seen` are changed in place.
    now : int
        The next step.
    needed : (n_spikes,) bool
        Scratch, all False.
    places : (n_spikes,) int64
        Scratch.
    steps, values, following : (n_spikes,)
        Output: the spikes that are kept, list by list.

    Returns
    -------
    int
        Number of spikes that are kept.
    """
    n = 0
    for p in range(plastic.projections.shape[0]):
        own, rule = plastic.projections[p], plastic.rules[p]
        delays = plastic.delays[own[DELAY_FIRST] : own[DELAY_FIRST] + own[N_DELAYS]]
        # A transmission from now on takes in the spikes up to two delays ago, or later ones too.
        horizon = now - 2 * delays[-1] if delays.size else now
        first_row = own[ROW_FIRST]
        for row in range(own[N_SOURCES] * own[N_DELAYS]):
            segment = first_row + row
            for k in range(plastic.segment[segment], plastic.segment[segment + 1]):
                if learned.traces[k] > 0.0:
                    delay = delays[row % own[N_DELAYS]]
                    _mark(k, plastic.posts[k], delay, horizon, rule, learned, needed)
        for post in range(own[POST_FIRST], own[POST_FIRST] + own[N_OWN]):
            n = _move_list(post, horizon, learned, needed, places, steps, values, following, n)
    for k in range(learned.seen.size):
        if learned.seen[k] >= 0:
            learned.seen[k] = places[learned.seen[k]]
    return n
