"""The messages of `neurosim bench`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from neurosim.cli.report import counted, format_profile, info

if TYPE_CHECKING:
    from neurosim.bench.largest import Largest
    from neurosim.bench.measurement import Measurement

ENDED_BY = {
    "speed": "larger networks are too slow",
    "memory": "larger networks do not fit into memory",
    "range": "this is the largest scale of the benchmark",
    "time": "the time limit of the search was reached",
}


def print_measurement(measured: Measurement) -> None:
    """Print a measurement to stderr."""
    factors = measured.real_time_factors
    info(
        f"{measured.name}: {_network(measured)}, {counted(measured.threads, 'thread')}, "
        f"{counted(len(factors), 'repeat')} of {measured.duration_ms:g} ms"
    )
    spread = f"{min(factors):.3g} to {max(factors):.3g}"
    event, limit = measured.ns_per_event, measured.limit_ns_per_event
    lines = [
        ("build time", f"{measured.build_s:.2f} s"),
        ("real-time factor", f"{measured.real_time_factor:.3g} ({spread})"),
        ("synaptic events per second", f"{measured.events_per_s:.3g}"),
    ]
    if event is not None:
        lines.append(("time per event", f"{event:.3g} ns"))
    if limit is not None:
        ratio = "" if event is None else f" (measured: {event / limit:.1f} times this)"
        lines.append(("memory-bandwidth limit", f"{limit:.3g} ns{ratio}"))
    if measured.bytes_per_synapse is not None:
        lines.append(("bytes per synapse", f"{measured.bytes_per_synapse:.3g}"))
    if measured.peak_rss_mb is not None:
        lines.append(("peak memory", f"{measured.peak_rss_mb:,.0f} MB"))
    lines.append(("neurons that fired", f"{measured.neurons_fired:,}"))
    lines += [(f"rate of {name}", f"{rate:.2f} Hz") for name, rate in measured.rates_hz.items()]
    lines += [(f"time for {phase}", t) for phase, t in format_profile(measured.profile).items()]
    width = max(len(name) for name, _ in lines) + 2
    for name, value in lines:
        print(f"  {name:<{width}}{value}", file=sys.stderr)


def print_trial(trial: Measurement, left: float) -> None:
    """Print the real-time factor of one size and the remaining time to stderr.

    The time (s) is that left for the search.
    """
    info(
        f"{_network(trial)}: real-time factor {trial.real_time_factor:.2f} "
        f"(at most {left:.0f} s left)"
    )


def print_largest(largest: Largest) -> None:
    """Print the result of the search to stderr."""
    if largest.best is None:
        info("no size of this network runs in real time on this machine")
        return
    reason = ENDED_BY[largest.ended_by]
    info(f"largest network in real time on this machine: {_network(largest.best)}; {reason}")
    print_measurement(largest.best)


def _network(measured: Measurement) -> str:
    return f"{counted(measured.neurons, 'neuron')}, {counted(measured.synapses, 'synapse')}"
