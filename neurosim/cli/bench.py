"""The command `neurosim bench`."""

from __future__ import annotations

from typing import Annotated

import typer

from neurosim.cli.bench_report import print_largest, print_measurement, print_trial
from neurosim.cli.options import EXIT_STATUS, Json, Profile, Seed, Threads, app
from neurosim.cli.report import info, print_json
from neurosim.errors import NeurosimError
from neurosim.utils.atomic_files import plain

DEFAULT = "cortex"
"""Network used for the search without a name."""


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
        largest = largest_in_real_time(benchmark, options, callback=print_trial)
        print_json(plain(largest.as_dict())) if json else print_largest(largest)
    else:
        measured = measure(benchmark, options)
        print_json(plain(measured.as_dict())) if json else print_measurement(measured)
