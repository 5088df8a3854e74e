"""Escape noise: random spikes at a rate that depends on the potential."""

import math

from neurosim.kernels.address import addressed
from neurosim.kernels.compiled import helper
from neurosim.kernels.neurons import reset, sort_spikes
from neurosim.kernels.random import counter, open_unit, squares
from neurosim.kernels.tables import tables_at
from neurosim.kernels.types import SpikeMechanism

MARGIN = 1.0 + 1e-9
"""Safety factor for rounding in the bound on the spike probability."""


@helper
def escapes(excess, group, link, t, entity):
    """Return whether a neuron with escape noise spikes.

    Its potential exceeds the threshold by `excess` mV.

    The expected number of spikes in the step is y = expected · link(x) at x = excess · steepness.
    The neuron spikes with probability 1 − e^−y. Both links are at most e^x, so expected · e^x
    bounds the probability and decides most steps without the link.
    """
    u = open_unit(squares(counter(t, entity), group.key))
    x = excess * group.steepness
    grown = math.exp(min(x, 700.0))  # no overflow; beyond 700 the bound exceeds 1 anyway
    if u > MARGIN * group.expected * grown:
        return False
    if link == SpikeMechanism.SOFTPLUS:
        grown = max(x, 0.0) + math.log1p(math.exp(-abs(x)))
    return u < -math.expm1(-group.expected * grown)


@helper
def _escape_block(block, group, v, until, queue, head, count, fired, n_fired, t):
    """Append the ids of neurons of a block that spike to `fired`; reset them.

    Returns the new length of `fired` and the number of refractory neurons of the group.
    """
    for i in range(block.start, block.stop):
        entity = group.first_entity + i - group.start
        excess = v[i] - group.soft_threshold
        if until[i] < t and escapes(excess, group, group.mechanism, t, entity):
            fired[n_fired] = group.first_id + i - group.start
            n_fired += 1
            count = reset(i, group, v, until, queue, head, count, t)
    return n_fired, count


@addressed
def escape(frame, index, row, t, first, n_fired):
    """Let neurons with escape noise spike after their update.

    See `kernels.loop`.

    The frame holds `Neurons`, the indices of their blocks, `State` and the thread's row of
    `Shared.fired`.
    """
    neurons, blocks, state, fired = tables_at(frame)
    before, heads, counts = n_fired, state.queue_head, state.queue_count
    for k in range(blocks.size):
        block = neurons.blocks[blocks[k]]
        g = block.group
        n_fired, counts[g] = _escape_block(
            block, neurons.groups[g], state.v, state.refractory_until, state.refractory_queue,
            heads[g], counts[g], fired, n_fired, t,
        )  # fmt: skip
    if n_fired > before:
        sort_spikes(fired, first, n_fired)
    return n_fired
