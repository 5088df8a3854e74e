"""Measure the limits of this machine: memory bandwidth, arithmetic, memory in use."""

from __future__ import annotations

import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.utils.resources import status_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

PROBE_SYNAPSES = 2**26
"""Number of synapses to read, for all threads together: 400 MB, much larger than any cache."""
ROUNDS = 4
"""Number of times that a table is read in one measurement."""


def limit_ns_per_event(
    targets: int,
    threads: int,
    *,
    common: bool = False,
    synapses: int = PROBE_SYNAPSES,
    repeats: int = 5,
) -> float:
    """Measure the lower bound for the time per synaptic event set by memory bandwidth.

    All threads read tables of synapses sequentially and add each weight to a buffer of 32-bit
    floats, one per thread. A synapse has a 16-bit target (32-bit if there are more targets) and a
    32-bit weight. Targets are uniformly random; sorting them in blocks of 16 to 4,096 makes no
    difference.

    Parameters
    ----------
    targets : int
        Number of targets of one thread.
    threads : int
    common : bool
        Whether rows share their weights, so that only targets are read.
    synapses : int
        Total number, for all threads together.
    repeats : int

    Returns
    -------
    float
        Wall-clock time divided by the number of events of all threads (ns); median of the repeats.
    """
    from neurosim.kernels.bandwidth import STRETCH, scatter

    per_thread = -(-synapses // (threads * STRETCH)) * STRETCH

    def table(thread: int) -> tuple[NDArray, NDArray | None, NDArray, int]:
        kind = np.uint16 if targets <= 2**16 else np.uint32
        drawn = np.random.default_rng(thread).integers(0, targets, per_thread, dtype=kind)
        weights = None if common else np.full(per_thread, 1.0, np.float32)
        return drawn, weights, np.zeros(targets, np.float32), ROUNDS

    events = per_thread * threads * ROUNDS
    return _wall(scatter, _in_parallel(table, threads), repeats) * 1e9 / events


def bytes_per_s(threads: int, *, size: int = PROBE_SYNAPSES * 6, repeats: int = 5) -> float:
    """Measure the rate at which all threads together read tables of `size` bytes.

    Returns
    -------
    float
        Median of the repeats.
    """
    from neurosim.kernels.bandwidth import read

    words = -(-size // (8 * threads))
    tables = _in_parallel(lambda thread: (np.full(words, 1, np.uint64), ROUNDS), threads)
    return words * 8 * threads * ROUNDS / _wall(read, tables, repeats)


def flop_per_s(*, size: int = 2048, repeats: int = 5) -> float:
    """Measure the single-precision FLOP/s of a matrix product.

    NumPy chooses the number of threads.

    Returns
    -------
    float
        Median of the repeats.
    """
    matrix = np.full((size, size), 0.5, np.float32)
    product = np.empty_like(matrix)
    return 2.0 * size**3 / _wall(np.matmul, [(matrix, matrix, product)], repeats)


def peak_memory() -> int | None:
    """Return the peak memory of this process (bytes), or None if it is unknown."""
    status = status_fields("self/status", "VmHWM")
    if status:  # unlike getrusage, without the parent of the process
        return status["VmHWM"]
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _in_parallel(make: Callable[[int], Any], threads: int) -> list[Any]:
    """Create one table per thread, in the memory near its processor."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(make, range(threads)))


def _wall(work: Callable[..., object], arguments: Sequence[tuple], repeats: int) -> float:
    """Return the time (s) of parallel calls, one thread for each of the arguments.

    The median of the repeats, after one call for compilation and warm-up.
    """
    barrier = threading.Barrier(len(arguments))

    def timed(argument: tuple) -> tuple[float, float]:
        barrier.wait()
        started = time.perf_counter()
        work(*argument)
        return started, time.perf_counter()

    walls = []
    with ThreadPoolExecutor(len(arguments)) as pool:
        for _ in range(repeats + 1):
            started, stopped = zip(*pool.map(timed, arguments), strict=True)
            walls.append(max(stopped) - min(started))
    return statistics.median(walls[1:])
