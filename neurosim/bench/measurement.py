"""Measure how fast a network runs."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from neurosim.bench.machine import limit_ns_per_event, peak_memory
from neurosim.builder.grid import whole_steps
from neurosim.engine.simulation import Simulation
from neurosim.errors import NeurosimError
from neurosim.results.analysis import mean_rate
from neurosim.utils.checks import check_integer

if TYPE_CHECKING:
    from neurosim.bench.benchmark import Benchmark
    from neurosim.results import Result

MOST_REPEATS = 1000


@dataclass(frozen=True)
class TimingOptions:
    """Options of a measurement; None means as in the benchmark.

    Attributes
    ----------
    scale : float
    threads : int or None
    duration : float or None
        Simulated time of each repeat (ms).
    repeats : int
    seed : int
    profile : bool
        Whether to measure the time spent on each phase.
    """

    scale: float = 1.0
    threads: int | None = None
    duration: float | None = None
    repeats: int = 3
    seed: int = 1
    profile: bool = False

    def __post_init__(self) -> None:
        check_integer(self.repeats, "repeats", 1, MOST_REPEATS)


@dataclass(frozen=True)
class Measurement:
    """Result of a measurement, with the fields of ``neurosim bench --json``.

    Attributes
    ----------
    name : str
    scale : float
    threads, neurons, synapses, seed : int
    dt_ms, duration_ms : float
        Time step, and simulated time of each repeat.
    build_s, compile_s : float
        Time to build the network, without compilation, and time to compile functions on their
        first use or to load them from the cache.
    real_time_factor : float
        Wall-clock time divided by simulated time; median of `real_time_factors`, one per repeat.
    events_per_s : float
        Synaptic events (one synapse transmits one spike) per second of wall-clock time; median of
        the repeats.
    ns_per_event : float or None
        The inverse; None if there were no events.
    limit_ns_per_event : float or None
        See `neurosim.bench.machine.limit_ns_per_event`; None if it was not measured.
    bytes_per_synapse : float or None
        Size of the synapse tables divided by the number of synapses.
    weights_in_common : bool
        Whether synapses share their weights, so that only targets are read.
    peak_rss_mb : float or None
        Peak memory of the process until the end of the runs (MB of 1e6 bytes).
    rates_hz : mapping
        Mean rate of each population during the repeats.
    neurons_fired : int
        Number of neurons that fired during the repeats.
    profile : mapping or None
        Wall-clock time of each phase (s), summed over the repeats.
    """

    name: str
    scale: float
    threads: int
    neurons: int
    synapses: int
    seed: int
    dt_ms: float
    duration_ms: float
    build_s: float
    compile_s: float
    real_time_factor: float
    real_time_factors: tuple[float, ...]
    events_per_s: float
    ns_per_event: float | None
    limit_ns_per_event: float | None
    bytes_per_synapse: float | None
    weights_in_common: bool
    peak_rss_mb: float | None
    rates_hz: Mapping[str, float]
    neurons_fired: int
    profile: Mapping[str, float] | None = None

    def with_limit(self) -> Measurement:
        """Measure the memory-bandwidth limit and return a copy that contains it."""
        targets = -(-self.neurons // self.threads)
        limit = limit_ns_per_event(targets, self.threads, common=self.weights_in_common)
        return dataclasses.replace(self, limit_ns_per_event=limit)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON data."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class Span:
    """A span of simulated time, with the time and events that it took.

    Attributes
    ----------
    duration : float
        Simulated time (ms).
    wall_s : float
    events : int
        Synaptic events.
    """

    duration: float
    wall_s: float
    events: int

    @classmethod
    def between(cls, before: Result, after: Result) -> Span:
        """Return the span between two results of one simulation."""
        return cls(
            after.duration - before.duration,
            after.stats.wall_s - before.stats.wall_s,
            after.stats.events - before.stats.events,
        )

    @property
    def real_time_factor(self) -> float:
        """Wall-clock time divided by simulated time."""
        return self.wall_s * 1e3 / self.duration


def start(
    benchmark: Benchmark, options: TimingOptions, *, progress: bool | None = None
) -> Simulation:
    """Build a benchmark's network.

    Raises
    ------
    NeurosimError
        If the scale is out of range, or the network cannot be built.
    """
    low, high = benchmark.scales
    if not low <= options.scale <= high:
        raise NeurosimError(
            f"scale = {options.scale:g} is outside {low:g} to {high:g} for {benchmark.name}: "
            "1 is the original number of neurons"
        )
    network = benchmark.network(options.scale)
    return Simulation(
        network,
        dt=benchmark.dt,
        seed=options.seed,
        threads=benchmark.threads if options.threads is None else options.threads,
        progress=progress,
        profile=options.profile,
    )


def measure(
    benchmark: Benchmark,
    options: TimingOptions,
    *,
    limit: bool = True,
    progress: bool | None = None,
) -> Measurement:
    """Build a network, run its warm-up, and time it.

    Parameters
    ----------
    benchmark : Benchmark
    options : TimingOptions
    limit : bool
        Whether to measure the memory-bandwidth limit too.
    progress : bool, optional
        As for `Simulation`.

    Raises
    ------
    NeurosimError
        If the scale is out of range, or the network cannot be built.
    KeyboardInterrupt
        After Ctrl-C.
    """
    duration = benchmark.span if options.duration is None else options.duration
    whole_steps(duration, benchmark.dt, "duration")  # checked before the build takes time
    simulation = start(benchmark, options, progress=progress)
    durations = [benchmark.warmup, *[duration] * options.repeats]
    results = [simulation.run(each) for each in durations]
    memory = peak_memory()
    first, last = results[0], results[-1]
    stats = last.stats
    fired = [trains.counts(first.duration) > 0 for trains in last.spikes.values()]
    measured = Measurement(
        name=benchmark.name,
        scale=options.scale,
        threads=stats.threads,
        neurons=stats.neurons,
        synapses=stats.synapses,
        seed=last.seed,
        dt_ms=last.dt,
        duration_ms=duration,
        build_s=stats.build_s,
        compile_s=stats.compile_s,
        **_speed([Span.between(a, b) for a, b in pairwise(results)]),
        limit_ns_per_event=None,
        bytes_per_synapse=simulation.table_bytes / stats.synapses if stats.synapses else None,
        weights_in_common=simulation.weights_in_common,
        peak_rss_mb=None if memory is None else memory / 1e6,
        rates_hz={name: mean_rate(last, name, first.duration) for name in last.populations},
        neurons_fired=sum(int(some.sum()) for some in fired),
        profile=_profile(first, last),
    )
    return measured.with_limit() if limit else measured


def _speed(spans: Sequence[Span]) -> dict[str, Any]:
    """Return medians over spans, and the real-time factor of each."""
    factors = tuple(span.real_time_factor for span in spans)
    events_per_s = statistics.median(span.events / span.wall_s for span in spans)
    return {
        "real_time_factor": statistics.median(factors),
        "real_time_factors": factors,
        "events_per_s": events_per_s,
        "ns_per_event": 1e9 / events_per_s if events_per_s else None,
    }


def _profile(first: Result, last: Result) -> dict[str, float] | None:
    """Return the time of each phase (s) between two results, None if it was not measured."""
    before, after = first.stats.profile, last.stats.profile
    if before is None or after is None:
        return None
    return {phase: after[phase] - before[phase] for phase in after}
