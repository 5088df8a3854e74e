"""Parallel work on the neurons of a recording."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from neurosim.utils.progress import no_report
from neurosim.utils.resources import available_cores

T = TypeVar("T")


def in_parallel(
    work: Callable[[int], T],
    indices: Iterable[int],
    threads: int | None,
    report: Callable[[float], object] = no_report,
) -> list[T]:
    """Return the results for all indices in order; Ctrl-C cancels pending work."""
    pool = ThreadPoolExecutor(threads or available_cores())
    try:
        found = []
        for result in pool.map(work, [int(index) for index in indices]):
            found.append(result)
            report(len(found))
        return found
    finally:
        pool.shutdown(cancel_futures=True)
