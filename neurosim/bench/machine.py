"""What this machine allows, measured: reading, adding up, computing; and what memory is taken."""

from __future__ import annotations

import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

PROBE_SYNAPSES = 2**26
"""Synapses in the table that is read, all threads together: 400 MB, far beyond any cache."""
ROUNDS = 4
"""How often a table is read while the clock runs."""


def limit_ns_per_event(
    targets: int,
    threads: int,
    *,
    common: bool = False,
    synapses: int = PROBE_SYNAPSES,
    repeats: int = 5,
) -> float:
    """Measure the least time for a synaptic event that the memory of this machine allows.

    All threads at once read tables of synapses from beginning to end, a 16-bit target (32 where
    that is too narrow) and a 32-bit weight each, and add every weight to a buffer of the thread's
    own, of 32-bit numbers. Targets are uniformly random; sorted in stretches of 16 to 4,096 they
    take as long.

    Parameters
    ----------
    targets : int
        Targets that one thread owns.
    threads : int
    common : bool
        Whether rows have weights in common, so that only targets are read.
    synapses : int
        In the tables of all threads together.
    repeats : int

    Returns
    -------
    float
        Wall-clock time (ns) over the events of all threads, the median of the repeats.
    """
    from neurosim.kernels.limits import STRETCH, scatter

    own = -(-synapses // (threads * STRETCH)) * STRETCH

    def table(thread: int) -> tuple[NDArray, NDArray | None, NDArray, int]:
        kind = np.uint16 if targets <= 2**16 else np.uint32
        drawn = np.random.default_rng(thread).integers(0, targets, own, dtype=kind)
        weights = None if common else np.full(own, 1.0, np.float32)
        return drawn, weights, np.zeros(targets, np.float32), ROUNDS

    return _wall(scatter, _in_parallel(table, threads), repeats) * 1e9 / (own * threads * ROUNDS)


def bytes_per_s(threads: int, *, size: int = PROBE_SYNAPSES * 6, repeats: int = 5) -> float:
    """Measure how fast tables of `size` bytes in all are read, by all threads at once.

    Returns
    -------
    float
        The median of the repeats.
    """
    from neurosim.kernels.limits import read

    own = -(-size // (8 * threads))
    tables = _in_parallel(lambda thread: (np.full(own, 1, np.uint64), ROUNDS), threads)
    return own * 8 * threads * ROUNDS / _wall(read, tables, repeats)


def flop_per_s(*, size: int = 2048, repeats: int = 5) -> float:
    """Measure floating-point operations per second: a product of matrices in single precision.

    It is computed by numpy on as many threads as that takes.

    Returns
    -------
    float
        The median of the repeats.
    """
    matrix = np.full((size, size), 0.5, np.float32)
    product = np.empty_like(matrix)
    return 2.0 * size**3 / _wall(np.matmul, [(matrix, matrix, product)], repeats)


def peak_memory() -> int | None:
    """Return the most memory (bytes) that this process has taken, None where nobody knows."""
    status = Path("/proc/self/status")
    if status.exists():  # unlike getrusage it leaves out what the parent of the process took
        words = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(words.split()[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _in_parallel(make: Callable[[int], Any], threads: int) -> list[Any]:
    """Let every thread make its own table, so that it lies near its processor."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(make, range(threads)))


def _wall(work: Callable[..., object], arguments: Sequence[tuple], repeats: int) -> float:
    """Return the time (s) in which one thread for each of the arguments does its work, all at once.

    The median of the repeats; once more is worked before the clock runs, to compile and warm up.
    """
    together = threading.Barrier(len(arguments))

    def timed(given: tuple) -> tuple[float, float]:
        together.wait()
        started = time.perf_counter()
        work(*given)
        return started, time.perf_counter()

    walls = []
    with ThreadPoolExecutor(len(arguments)) as pool:
        for _ in range(repeats + 1):
            started, stopped = zip(*pool.map(timed, arguments), strict=True)
            walls.append(max(stopped) - min(started))
    return statistics.median(walls[1:])
