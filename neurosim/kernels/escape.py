"""The soft threshold: a neuron fires by chance, at a rate that its potential sets."""

import math

from neurosim.kernels.compiled import helper, inline
from neurosim.kernels.neurons import order, reset
from neurosim.kernels.random import counter, open_unit, squares
from neurosim.kernels.types import (
    BLOCK_FIRST,
    BLOCK_LAST,
    ENTITY_FIRST,
    EXPECTED,
    FIRST,
    FIRST_ID,
    GROUP,
    MANNER,
    SOFT_THRESHOLD,
    SOFTPLUS,
    STEEPNESS,
)

CLEARLY = 1.0 + 1e-9
"""More than rounding can be off."""


@helper
def escapes(excess, soft, link, t, entity, key):
    """Return whether a neuron whose potential exceeds the threshold by `excess` mV fires.

    The number of spikes that its rate makes one expect in the step is y = EXPECTED · link(x) at
    x = excess · STEEPNESS, and it fires with probability 1 − e^−y. Both links are at most e^x, so
    that the probability is at most EXPECTED · e^x: all that most steps need to look at.
    """
    u = open_unit(squares(counter(t, entity), key))
    x = excess * soft[STEEPNESS]
    grown = math.exp(min(x, 700.0))  # e^x would overflow, and bounds the probability by 1 already
    if u > CLEARLY * soft[EXPECTED] * grown:
        return False
    if link == SOFTPLUS:
        grown = max(x, 0.0) + math.log1p(math.exp(-abs(x)))
    return u < -math.expm1(-soft[EXPECTED] * grown)


@helper
def _escape(block, group, dynamics, soft, link, entity, key, v, until, queue, head, count, fired,
            n_fired, t):  # fmt: skip
    """Let the neurons of a block that do not rest fire by chance.

    Returns the place after the last in `fired`, and how many of the group rest now.
    """
    for i in range(block[BLOCK_FIRST], block[BLOCK_LAST]):
        own = entity + i - group[FIRST]
        if until[i] < t and escapes(v[i] - soft[SOFT_THRESHOLD], soft, link, t, own, key):
            fired[n_fired] = group[FIRST_ID] + i - group[FIRST]
            n_fired += 1
            count = reset(i, group, dynamics, v, until, queue, head, count, t)
    return n_fired, count


@inline
def update_soft(neurons, soft, state, fired, first_fired, n_fired, t):
    """Let neurons with a soft threshold, which have been advanced, fire.

    Adds the global ids of those that do to those from place `first_fired` to `n_fired`, keeps all
    of them ascending, and returns the place after the last.
    """
    before = n_fired
    for k in range(soft.size):
        block = neurons.blocks[soft[k]]
        g = block[GROUP]
        n_fired, state.queue_count[g] = _escape(
            block,
            neurons.groups[g],
            neurons.dynamics[g],
            neurons.escape[g],
            neurons.firing[g, MANNER],
            neurons.firing[g, ENTITY_FIRST],
            neurons.escape_keys[g],
            state.v,
            state.refractory_until,
            state.refractory_queue,
            state.queue_head[g],
            state.queue_count[g],
            fired,
            n_fired,
            t,
        )
    if n_fired > before:
        order(fired, first_fired, n_fired)
    return n_fired
