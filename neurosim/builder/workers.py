"""Threads that build a network together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

Each = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
"""Like `map`: calls a function with each of some values."""


@contextmanager
def workers(n: int) -> Iterator[Each]:
    """Give a `map` on n threads."""
    if n == 1:
        yield map
        return
    with ThreadPoolExecutor(n) as pool:
        yield pool.map
