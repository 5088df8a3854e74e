"""Search for the largest network that this machine runs in real time."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from neurosim.bench.measurement import Measurement, TimingOptions, measure
from neurosim.errors import NeurosimError

if TYPE_CHECKING:
    from collections.abc import Callable

    from neurosim.bench.benchmark import Benchmark

FIRST_SCALE = 0.2
CLOSE = 1.1
"""Ratio of sizes at which the search ends."""
AIM = 0.95
"""Target real-time factor until the search has found a faster and a slower network."""
FASTEST_GROWTH = 8.0


@dataclass(frozen=True)
class Largest:
    """Result of the search.

    Attributes
    ----------
    tried : tuple of Measurement
        In the order of the trials.
    best : Measurement or None
        The largest network in real time, with the memory-bandwidth limit; None if there is none.
    ended_by : str
        Why the search ended: "speed" (larger networks are too slow), "memory" (they do not fit),
        "range" (largest scale of the benchmark) or "time" (limit of the search).
    """

    tried: tuple[Measurement, ...]
    best: Measurement | None
    ended_by: str

    def as_dict(self) -> dict[str, Any]:
        """Return the best network, or the smallest tried if there is none, as JSON data."""
        shown = self.best or min(self.tried, key=lambda trial: trial.neurons)
        columns = ("scale", "neurons", "synapses", "build_s", "real_time_factor")
        return shown.as_dict() | {
            "in_real_time": self.best is not None,
            "ended_by": self.ended_by,
            "tried": [{name: getattr(trial, name) for name in columns} for trial in self.tried],
        }


class _Search:
    """Bounds of the largest network in real time.

    Attributes
    ----------
    low, high : Measurement or None
        The largest network in real time, and the smallest slower one.
    failed : float
        Scale of the smallest network that could not be built.
    """

    def __init__(self, scales: tuple[float, float]) -> None:
        self.least, self.most = scales
        self.low: Measurement | None = None
        self.high: Measurement | None = None
        self.failed = math.inf

    def add(self, trial: Measurement) -> None:
        """Update the bounds with a trial."""
        if trial.real_time_factor > 1.0:
            self.high = trial
        else:
            self.low = trial

    def next_scale(self) -> float | None:
        """Return the next scale to try, None if the bounds are close enough."""
        low, high = self.low, self.high
        bottom = low.scale if low else self.least
        top = min(self.failed, high.scale if high else math.inf)
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
        if math.isfinite(self.failed):
            scale = min(scale, math.sqrt(bottom * self.failed))
        margin = math.sqrt(CLOSE)
        return min(max(scale, bottom * margin if low else bottom), top / margin, self.most)

    @property
    def ended_by(self) -> str:
        """See `Largest`."""
        if self.high:
            return "speed"
        if math.isfinite(self.failed):
            return "memory"
        return "range" if self.low and CLOSE * self.low.scale > self.most else "time"


def largest_in_real_time(
    benchmark: Benchmark,
    options: TimingOptions,
    *,
    seconds: float = 90.0,
    callback: Callable[[Measurement, float], object] = lambda trial, left: None,
) -> Largest:
    """Find the largest scale of a benchmark that runs in real time, to within 10 %.

    Parameters
    ----------
    benchmark : Benchmark
        Its real-time factor should increase with the scale.
    options : TimingOptions
        The scale is ignored.
    seconds : float
        Limit on the total time of all trials.
    callback : callable
        Called after each trial with the measurement and the remaining time (s).

    Raises
    ------
    NeurosimError
        If the first scale cannot be run.
    KeyboardInterrupt
        After Ctrl-C.
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
            search.failed = scale
        else:
            search.add(tried[-1])
            left = seconds - (time.monotonic() - started)
            callback(tried[-1], max(left, 0.0))
        scale = search.next_scale()
        if scale is not None and _expected_s(tried[-1], scale) > left:
            break
    return Largest(tuple(tried), search.low and search.low.with_limit(), search.ended_by)


def _expected_s(last: Measurement, scale: float) -> float:
    """Return an upper estimate of the time of a trial (s), from the previous one."""
    simulated = last.duration_ms * (len(last.real_time_factors) + 1)
    took = last.build_s + last.real_time_factor * simulated * 1e-3
    return 2.0 * took * scale / last.scale
