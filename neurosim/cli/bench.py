"""The command `neurosim bench`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from neurosim.cli.bench_report import print_largest, print_measurement, print_trial
from neurosim.cli.commands import EXIT_STATUS, Json, Profile, Seed, Threads, app
from neurosim.cli.report import print_json, say
from neurosim.errors import NeurosimError
from neurosim.utils.atomic_files import plain

__all__ = ["app", "bench"]

GROWN = "cortex"
"""The network that is grown where none is named."""


@app.command(epilog=EXIT_STATUS)
def bench(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="brunel, cortex, cuba, lecture, microcircuit, microcircuit-current or quiet. "
            f"Default: find the largest {GROWN} in real time.",
            show_default=False,
        ),
    ] = None,
    threads: Threads = None,
    scale: Annotated[
        float | None,
        typer.Option(metavar="S", help="Neurons relative to the network's own number."),
    ] = None,
    duration: Annotated[
        float | None,
        typer.Option(
            metavar="MS", help="Simulated time of a repeat in ms. Default: the network's."
        ),
    ] = None,
    repeats: Annotated[int, typer.Option(metavar="N", help="How often it is timed.")] = 3,
    seed: Seed = 1,
    profile: Profile = False,
    json: Json = False,
) -> None:
    """Measure how fast networks run here, and how far that is from what the memory allows.

    A network is built, warmed up and timed. In the same run, on as many
    threads, a probe is timed that only reads synapses and adds their weights
    up: the least that memory allows. Without NAME, networks of several sizes
    are tried until the largest that runs in real time is known, which takes a
    minute or two.

    [bold]Examples[/bold]

        neurosim bench
        neurosim bench microcircuit --threads 2
        neurosim bench brunel --scale 4 --profile --json
    """
    from neurosim.bench.benchmark import find_benchmark
    from neurosim.bench.largest import largest_in_real_time
    from neurosim.bench.measurement import TimingOptions, measure

    if name is None and scale is not None:
        raise NeurosimError("--scale needs a NAME: without one the scale is what is looked for")
    benchmark = find_benchmark(name or GROWN)
    options = TimingOptions(
        1.0 if scale is None else scale, threads, duration, repeats, seed, profile
    )
    if name is None:
        say(f"the largest network in real time: {benchmark.title}")
        largest = largest_in_real_time(benchmark, options, tell=print_trial)
        print_json(plain(largest.as_dict())) if json else print_largest(largest)
    else:
        measured = measure(benchmark, options, progress=sys.stderr.isatty())
        print_json(plain(measured.as_dict())) if json else print_measurement(measured)
