"""A barrier for threads that meet thousands of times a second."""

import numpy as np

from neurosim.kernels.compiled import helper
from neurosim.kernels.intrinsics import atomic_add, atomic_load, give_way

SPINS = 4000
"""Looks at the counter before a waiting thread gives way. With a core for each thread the others
arrive sooner; with fewer cores than threads, spinning on would keep them from arriving."""


@helper
def arrive(arrivals):
    """Say that this thread has come as far as the next crossing."""
    atomic_add(arrivals, 0, np.int64(1))


@helper
def wait(arrivals, n_threads, crossing):
    """Return once all threads have said for the `crossing`-th time (from 1) that they arrived.

    `arrivals` is a shared (1,) int64 array, zero at the start: it only ever grows, so no thread can
    mistake one crossing for the next. What a thread does between arriving and waiting costs the
    others no time.
    """
    everyone = crossing * n_threads
    spins = 0
    while atomic_load(arrivals, 0) < everyone:
        spins += 1
        if spins > SPINS:
            give_way()
