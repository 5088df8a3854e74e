"""Simulated time held to the wall clock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

NAP = 0.05
"""Longest sleep (s): between naps Ctrl-C is heeded."""


class Pacer:
    """Lets no chunk of simulated time end before as much time has passed on the wall clock.

    Deadlines count from `start`, not from one another, so neither a sleep that lasts too long nor a
    late chunk makes the run drift: after a late chunk the next ones are not waited for until
    simulated time has caught up. Where chunks take longer than life throughout, lateness grows.

    Parameters
    ----------
    clock : callable
        Returns seconds that only grow.
    sleep : callable
        Waits for a number of seconds.

    Attributes
    ----------
    clock : callable
    chunks, late_chunks : int
        Chunks paced so far, and those of them that were ready only after their deadline.
    largest_lateness : float
        By how much (ms) the latest of them missed it.
    waited : float
        Seconds spent on waiting.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.clock, self._sleep = clock, sleep
        self._origin = clock()
        self.chunks = 0
        self.late_chunks = 0
        self.largest_lateness = 0.0
        self.waited = 0.0

    def start(self) -> None:
        """Let simulated time begin now."""
        self._origin = self.clock()

    def keep(self, elapsed: float, stopped: Callable[[], bool] = lambda: False) -> None:
        """Count a chunk that is ready, and wait until its time has come.

        Parameters
        ----------
        elapsed : float
            Time simulated since `start` (ms).
        stopped : callable
            Whether to wait no longer; asked every `NAP` seconds.
        """
        ready = now = self.clock()
        deadline = self._origin + elapsed * 1e-3
        self.chunks += 1
        if ready > deadline:
            self.late_chunks += 1
            self.largest_lateness = max(self.largest_lateness, (ready - deadline) * 1e3)
        while now < deadline and not stopped():
            self._sleep(min(deadline - now, NAP))
            now = self.clock()
        self.waited += now - ready
