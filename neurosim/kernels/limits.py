"""What this machine's memory allows: synapses read in order, added to a buffer as they come.

Nothing that keeps synapses in a table can be much faster: each must be read, and its weight added
somewhere. What an engine does besides — finding rows, neurons, random numbers, waiting — is its
distance from this.
"""

import numpy as np

from neurosim.kernels.compiled import kernel
from neurosim.kernels.intrinsics import prefetch

STRETCH = 32
"""Synapses between looks ahead: as many weights as two cache lines hold."""
PREFETCH_DISTANCE = 512
"""Synapses between the one that is added and the one that is fetched."""


@kernel
def scatter(targets, weights, buffer, rounds):
    """Deliver a whole table of synapses so many times.

    Parameters
    ----------
    targets : (n,) uint16 or uint32
        Places in `buffer`; n is a multiple of `STRETCH`.
    weights : (n,) float32 or None
        None: all synapses have the weight 1.
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
    """Read a table from beginning to end so many times; return a sum that depends on all of it.

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
