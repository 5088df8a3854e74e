"""A barrier for threads that synchronise thousands of times per second."""

import numpy as np

from neurosim.kernels.compiled import helper
from neurosim.kernels.intrinsics import atomic_add, atomic_load, yield_thread

SPINS = 4000
"""Number of checks of the counter before a waiting thread yields. With one core per thread the
others arrive sooner. With fewer cores than threads, further spinning would delay their arrival."""


@helper
def arrive(arrivals):
    """Signal arrival at the barrier."""
    atomic_add(arrivals, 0, np.int64(1))


@helper
def wait(arrivals, n_threads, crossing):
    """Wait until all threads have signalled their `crossing`-th arrival (from 1).

    `arrivals` is a shared (1,) int64 array that starts at zero. It only grows, so no thread can
    confuse one crossing with the next. Work between `arrive` and `wait` does not delay the others.
    """
    expected = crossing * n_threads
    spins = 0
    while atomic_load(arrivals, 0) < expected:
        spins += 1
        if spins > SPINS:
            yield_thread()
