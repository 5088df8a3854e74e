"""Pacing of a simulation to real time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

NAP = 0.05
"""Longest sleep (s): Ctrl-C is checked between sleeps."""


class Pacer:
    """Delays chunks of simulated time until the clock has reached their end.

    Deadlines count from `start`, not from each other, so neither a long sleep nor a late chunk
    makes the run drift: after a late chunk the next ones are not delayed until simulated time has
    caught up. If every chunk takes longer than real time, the lateness grows.

    Parameters
    ----------
    clock : callable
        Returns a monotonic time (s).
    sleep : callable
        Sleeps for a number of seconds.

    Attributes
    ----------
    chunks, late_chunks : int
        Number of paced chunks, and of those that missed their deadline.
    largest_lateness : float
        Largest delay behind a deadline (ms).
    waited : float
        Time spent waiting (s).
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._origin = clock()
        self.chunks = self.late_chunks = 0
        self.largest_lateness = self.waited = 0.0

    @property
    def busy(self) -> float:
        """Clock time without waiting (s)."""
        return self._clock() - self.waited

    def start(self) -> None:
        """Start simulated time now."""
        self._origin = self._clock()

    def keep(self, elapsed: float, stopped: Callable[[], bool] = lambda: False) -> None:
        """Count a completed chunk, and wait for its deadline.

        Parameters
        ----------
        elapsed : float
            Simulated time since `start` (ms).
        stopped : callable
            Returns whether to stop waiting; called every `NAP` seconds.
        """
        ready = now = self._clock()
        deadline = self._origin + elapsed * 1e-3
        self.chunks += 1
        if ready > deadline:
            self.late_chunks += 1
            self.largest_lateness = max(self.largest_lateness, (ready - deadline) * 1e3)
        while now < deadline and not stopped():
            self._sleep(min(deadline - now, NAP))
            now = self._clock()
        self.waited += now - ready
