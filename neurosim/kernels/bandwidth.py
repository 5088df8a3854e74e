"""Kernels that measure the memory bandwidth, which limits the delivery of spikes.

No simulator with synapse tables can be much faster than `scatter`, because each synapse must be
read and its weight added. The remaining time of a simulator is spent on finding rows, neurons,
random numbers and synchronisation.
"""

import numpy as np

from neurosim.kernels.compiled import kernel
from neurosim.kernels.intrinsics import prefetch

STRETCH = 32
"""Synapses between prefetches: the number of weights in two cache lines."""
PREFETCH_DISTANCE = 512
"""Synapses between the one that is added and the one that is prefetched."""


@kernel
def scatter(targets, weights, buffer, rounds):
    """Deliver a table of synapses repeatedly.

    Parameters
    ----------
    targets : (n,) uint16 or uint32
        Indices in `buffer`; n is a multiple of `STRETCH`.
    weights : (n,) float32 or None
        None if all synapses have weight 1.
    buffer : (n_targets,) float32
    rounds : int
    """
    for _ in range(rounds):
        for first in range(0, targets.size, STRETCH):
            prefetch(targets, first + PREFETCH_DISTANCE)
            if weights is not None:
                prefetch(weights, first + PREFETCH_DISTANCE)
                prefetch(weights, first + PREFETCH_DISTANCE + STRETCH // 2)
            for k in range(np.uint64(first), np.uint64(first + STRETCH)):
                if weights is None:
                    buffer[targets[k]] += np.float32(1.0)
                else:
                    buffer[targets[k]] += weights[k]


@kernel
def read(words, rounds):
    """Read a table repeatedly from beginning to end; return the sum of all values.

    Parameters
    ----------
    words : (n,) uint64
    rounds : int
    """
    total = np.uint64(0)
    for _ in range(rounds):
        for k in range(words.size):
            total += words[k]
    return total
