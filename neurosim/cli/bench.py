"""The command `neurosim bench`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from neurosim.cli.options import EXIT_STATUS, Json, Profile, Seed, Threads, app
from neurosim.cli.report import counted, format_profile, info, new_console, new_table, print_json
from neurosim.errors import NeurosimError
from neurosim.utils.atomic_files import plain

if TYPE_CHECKING:
    from neurosim.bench.largest import Largest
    from neurosim.bench.measurement import Measurement

DEFAULT = "cortex"
"""Network used for the search without a name."""
ENDED_BY = {
    "speed": "larger networks are too slow",
    "memory": "larger networks do not fit into memory",
    "range": "this is the largest scale of the benchmark",
    "time": "the time limit of the search was reached",
}


@app.command(epilog=EXIT_STATUS)
def bench(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="brunel, cortex, cuba, fly-brain, lecture, microcircuit, microcircuit-current or "
            f"quiet. Default: search for the largest {DEFAULT} network that runs in real time.",
        ),
    ] = None,
    threads: Threads = None,
    scale: Annotated[
        float | None,
        typer.Option(metavar="S", help="Number of neurons relative to the original network."),
    ] = None,
    duration: Annotated[
        float | None,
        typer.Option(
            metavar="MS", help="Simulated time of each repeat in ms. Default: as in the benchmark."
        ),
    ] = None,
    repeats: Annotated[int, typer.Option(metavar="N", help="Number of timed repeats.")] = 3,
    seed: Seed = 1,
    profile: Profile = False,
    json: Json = False,
) -> None:
    """Measure simulation speed, and compare it with the memory bandwidth.

    Builds a network, runs it through a warm-up and times it. Then times a
    reference kernel, on the same number of threads, that only reads synapses
    and sums their weights: a lower bound for the time per synaptic event.
    Without NAME, searches for the largest network that runs in real time, which
    takes one or two minutes.

    [bold]Examples[/bold]

        neurosim bench
        neurosim bench microcircuit --threads 2
        neurosim bench brunel --scale 4 --profile --json
    """
    from neurosim.bench.catalogue import find_benchmark
    from neurosim.bench.largest import largest_in_real_time
    from neurosim.bench.measurement import TimingOptions, measure

    if name is None and scale is not None:
        raise NeurosimError("--scale needs a NAME: without one, bench searches for the scale")
    benchmark = find_benchmark(name or DEFAULT)
    options = TimingOptions(
        1.0 if scale is None else scale, threads, duration, repeats, seed, profile
    )
    if name is None:
        info(f"searching for the largest network in real time: {benchmark.title}")
        largest = largest_in_real_time(benchmark, options, callback=_print_trial)
        print_json(plain(largest.as_dict())) if json else _print_largest(largest)
    else:
        measured = measure(benchmark, options)
        print_json(plain(measured.as_dict())) if json else _print_measurement(measured)


def _print_measurement(measured: Measurement) -> None:
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
    new_console(stderr=True).print(new_table(rows=[(f"  {name}", value) for name, value in lines]))


def _print_trial(trial: Measurement, left: float) -> None:
    """Print the real-time factor of one size and the remaining time to stderr.

    The time (s) is that left for the search.
    """
    info(
        f"{_network(trial)}: real-time factor {trial.real_time_factor:.2f} "
        f"(at most {left:.0f} s left)"
    )


def _print_largest(largest: Largest) -> None:
    """Print the result of the search to stderr."""
    if largest.best is None:
        info("no size of this network runs in real time on this machine")
        return
    reason = ENDED_BY[largest.ended_by]
    info(f"largest network in real time on this machine: {_network(largest.best)}; {reason}")
    _print_measurement(largest.best)


def _network(measured: Measurement) -> str:
    return f"{counted(measured.neurons, 'neuron')}, {counted(measured.synapses, 'synapse')}"
