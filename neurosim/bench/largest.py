"""The largest network that this machine runs in real time, found by trying."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from neurosim.bench.measurement import Measurement, measure
from neurosim.errors import NeurosimError

if TYPE_CHECKING:
    from collections.abc import Callable

    from neurosim.bench.benchmark import Benchmark
    from neurosim.bench.measurement import TimingOptions

FIRST_SCALE = 0.2
CLOSE = 1.1
"""Ratio of sizes between which nothing is tried any more."""
AIM = 0.95
"""Real-time factor aimed at as long as all networks tried were in real time, or none."""
FASTEST_GROWTH = 8.0


@dataclass(frozen=True)
class Largest:
    """What the search found.

    Attributes
    ----------
    tried : tuple of Measurement
        In the order of trying.
    best : Measurement or None
        The largest that ran in real time, with the machine's limit; None if none did.
    ended_by : str
        What keeps the next larger network from running in real time: "speed", "memory", "range" of
        the benchmark's scales, or nothing known but that the "time" for trying was over.
    """

    tried: tuple[Measurement, ...]
    best: Measurement | None
    ended_by: str

    def as_dict(self) -> dict[str, Any]:
        """Return the figures of the best network, or of the smallest where none was, JSON-able."""
        shown = self.best or min(self.tried, key=lambda trial: trial.neurons)
        columns = ("scale", "neurons", "synapses", "build_s", "real_time_factor")
        return shown.as_dict() | {
            "in_real_time": self.best is not None,
            "ended_by": self.ended_by,
            "tried": [{name: getattr(trial, name) for name in columns} for trial in self.tried],
        }


class _Search:
    """Where the border between in time and too late lies, as far as tried.

    Attributes
    ----------
    low, high : Measurement or None
        The largest network that was in real time, and the smallest beyond it that was not.
    refused : float
        Scale of the smallest network that could not be built.
    """

    def __init__(self, scales: tuple[float, float]) -> None:
        self.least, self.most = scales
        self.low: Measurement | None = None
        self.high: Measurement | None = None
        self.refused = math.inf

    def add(self, trial: Measurement) -> None:
        """Take note of a trial."""
        if trial.real_time_factor > 1.0:
            self.high = trial
        else:
            self.low = trial

    def next_scale(self) -> float | None:
        """Return the scale to try next, None where trying more would tell nothing."""
        low, high = self.low, self.high
        bottom = low.scale if low else self.least
        top = min(self.refused, high.scale if high else math.inf)
        if min(top, self.most) < CLOSE * bottom:
            return None
        if low and high:
            slope = (high.real_time_factor - low.real_time_factor) / (high.scale - low.scale)
            scale = low.scale + (1.0 - low.real_time_factor) / slope
        elif low:
            scale = low.scale * min(AIM / low.real_time_factor, FASTEST_GROWTH)
        else:
            assert high
            scale = high.scale * AIM / high.real_time_factor
        if math.isfinite(self.refused):
            scale = min(scale, math.sqrt(bottom * self.refused))
        margin = math.sqrt(CLOSE)
        return min(max(scale, bottom * margin if low else bottom), top / margin, self.most)

    @property
    def ended_by(self) -> str:
        """See `Largest`."""
        if self.high:
            return "speed"
        if math.isfinite(self.refused):
            return "memory"
        return "range" if self.low and CLOSE * self.low.scale > self.most else "time"


def largest_in_real_time(
    benchmark: Benchmark,
    options: TimingOptions,
    *,
    seconds: float = 90.0,
    tell: Callable[[Measurement, float], object] = lambda trial, left: None,
) -> Largest:
    """Try a benchmark at several scales until the largest in real time is known to 10 %.

    Parameters
    ----------
    benchmark : Benchmark
        Its real-time factor should grow with the scale.
    options : TimingOptions
        Its scale is left aside.
    seconds : float
        Time that all trials may take together.
    tell : callable
        Called after each trial with what was measured and the seconds left at most.

    Raises
    ------
    NeurosimError
        For what the benchmark refuses at the first scale.
    KeyboardInterrupt
        By Ctrl-C.
    """
    started = time.monotonic()
    search, tried = _Search(benchmark.scales), []
    scale: float | None = min(max(FIRST_SCALE, search.least), search.most)
    while scale is not None:
        try:
            tried.append(measure(benchmark, replace(options, scale=scale), limit=False))
        except NeurosimError:
            if not tried:
                raise
            search.refused = scale
        else:
            search.add(tried[-1])
            left = seconds - (time.monotonic() - started)
            tell(tried[-1], max(left, 0.0))
        scale = search.next_scale()
        if scale is not None and _expected_s(tried[-1], scale) > left:
            break
    return Largest(tuple(tried), search.low and search.low.with_limit(), search.ended_by)


def _expected_s(last: Measurement, scale: float) -> float:
    """Return how long a trial will take at the most, from the one before."""
    simulated = last.duration_ms * (len(last.real_time_factors) + 1)
    took = last.build_s + last.real_time_factor * simulated * 1e-3
    return 2.0 * took * scale / last.scale
