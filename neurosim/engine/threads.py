"""Choice of the number of threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurosim.builder.projections import expected_synapses
from neurosim.utils.checks import check_integer
from neurosim.utils.resources import MAX_THREADS, available_cores

if TYPE_CHECKING:
    from neurosim.engine.mpi import Communicator
    from neurosim.network import Network

MIN_PARALLEL = 2_000_000
"""Synapses from which several threads are faster than one."""
SYNAPSES_PER_NEURON = 100
"""Number of synapses that cost as much time as one neuron."""


def choose_threads(network: Network, threads: int | None, comm: Communicator) -> int:
    """Return the number of threads of a process.

    It is the given number, else it depends on network and machine.

    Collective: all processes must call it.
    """
    cores = comm.cores_per_process(available_cores())
    if threads is not None:
        return check_integer(threads, "threads", 1, MAX_THREADS)
    work = sum(expected_synapses(p) for p in network.projections)
    work += SYNAPSES_PER_NEURON * sum(p.size for p in network.populations)
    return 1 if work < MIN_PARALLEL else min(cores, MAX_THREADS)
