"""How many threads share the work of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.builder.projections import expected_synapses
from neurosim.errors import NeurosimError
from neurosim.utils.resources import MAX_THREADS, available_cores

if TYPE_CHECKING:
    from neurosim.engine.mpi import Communicator
    from neurosim.network import Network

WORTH_SHARING = 2_000_000
"""Synapses from which on it pays to share the work: below, threads wait more than they work."""


def choose_threads(network: Network, threads: int | None, communicator: Communicator) -> int:
    """Return the threads of a process: as given, else as many as machine and network allow.

    All processes must call this, whether or not each was given a number.
    """
    cores = communicator.cores_per_process(available_cores())
    if threads is not None:
        if isinstance(threads, bool) or not isinstance(threads, (int, np.integer)):
            raise NeurosimError(f"threads = {threads!r} is not an integer")
        if not 1 <= threads <= MAX_THREADS:
            raise NeurosimError(f"threads = {threads} is outside 1 to {MAX_THREADS}")
        return int(threads)
    work = sum(expected_synapses(p) for p in network.projections)
    work += 100 * sum(p.size for p in network.populations)
    if work < WORTH_SHARING:
        return 1
    return min(cores, MAX_THREADS)
