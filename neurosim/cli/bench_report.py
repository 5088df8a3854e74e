"""What `neurosim bench` says of what it measured."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from neurosim.cli.report import say, shares

if TYPE_CHECKING:
    from neurosim.bench.largest import Largest
    from neurosim.bench.measurement import Measurement

ENDED_BY = {
    "speed": "larger ones are too slow",
    "memory": "larger ones do not fit into memory",
    "range": "larger ones are not in the range of this benchmark",
    "time": "larger ones would have taken too long to try",
}


def print_measurement(measured: Measurement) -> None:
    """Write what was measured to stderr."""
    factors = measured.real_time_factors
    threads = "1 thread" if measured.threads == 1 else f"{measured.threads} threads"
    say(
        f"{measured.name}: {measured.neurons:,} neurons, {measured.synapses:,} synapses, "
        f"{threads}, {len(factors)} × {measured.duration_ms:g} ms"
    )
    spread = f"{min(factors):.3g} to {max(factors):.3g}"
    lines = [
        ("build time", f"{measured.build_s:.2f} s"),
        ("real-time factor", f"{measured.real_time_factor:.3g} ({spread})"),
        *_speed(measured),
        *_memory(measured),
        ("neurons that fired", f"{measured.neurons_fired:,}"),
        *((f"rate of {name}", f"{rate:.2f} Hz") for name, rate in measured.rates_hz.items()),
        *((f"time for {phase}", share) for phase, share in shares(measured.profile).items()),
    ]
    width = max(len(name) for name, _ in lines) + 2
    for name, value in lines:
        print(f"  {name:<{width}}{value}", file=sys.stderr)


def print_trial(trial: Measurement, left: float) -> None:
    """Write what became of one size to stderr, and the seconds left at most."""
    say(
        f"{trial.neurons:,} neurons, {trial.synapses:,} synapses: real-time factor "
        f"{trial.real_time_factor:.2f} (at most {left:.0f} s left)"
    )


def print_largest(largest: Largest) -> None:
    """Write what the search found to stderr."""
    if largest.best is None:
        say("none of these runs in real time here")
        return
    neurons, synapses = largest.best.neurons, largest.best.synapses
    why = ENDED_BY[largest.ended_by]
    say(f"the largest in real time here: {neurons:,} neurons, {synapses:,} synapses; {why}")
    print_measurement(largest.best)


def _speed(measured: Measurement) -> list[tuple[str, str]]:
    lines = [("synaptic events per second", f"{measured.events_per_s:.3g}")]
    if measured.ns_per_event is not None:
        lines.append(("time per event", f"{measured.ns_per_event:.3g} ns"))
    if measured.limit_ns_per_event is not None:
        limit = f"{measured.limit_ns_per_event:.3g} ns"
        if measured.ns_per_event is not None:
            limit += (
                f" (taken: {measured.ns_per_event / measured.limit_ns_per_event:.1f} times that)"
            )
        lines.append(("limit of the memory here", limit))
    return lines


def _memory(measured: Measurement) -> list[tuple[str, str]]:
    lines = []
    if measured.bytes_per_synapse is not None:
        lines.append(("bytes per synapse", f"{measured.bytes_per_synapse:.3g}"))
    if measured.peak_rss_mb is not None:
        lines.append(("peak memory", f"{measured.peak_rss_mb:,.0f} MB"))
    return lines
