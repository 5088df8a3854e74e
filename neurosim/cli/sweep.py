"""The command `neurosim sweep`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from neurosim.cli.options import EXIT_STATUS, OUT, Duration, Json, Name, Settings, Step, app
from neurosim.cli.report import info, print_files, print_json
from neurosim.experiments.catalogue import find_scenario
from neurosim.experiments.settings import parse_values


@app.command(epilog=EXIT_STATUS)
def sweep(
    context: typer.Context,
    name: Name,
    grid: Annotated[
        list[str],
        typer.Option(
            metavar="KEY=A,B,C",
            help="Setting to vary, with its values; may be repeated to run all combinations. "
            'Separate lists of numbers by semicolons: "psps=10,3,3;5,5,5".',
        ),
    ],
    seeds: Annotated[
        str,
        typer.Option(metavar="N|A,B,C", help="Number of seeds, starting at 1, or a list of seeds."),
    ] = "10",
    settings: Settings = None,
    duration: Duration = None,
    dt: Step = None,
    threads: Annotated[
        int, typer.Option(metavar="N", help="Threads for each point; do not affect the findings.")
    ] = 1,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Number of points that run at the same time on this machine. Default: cores "
            "divided by --threads.",
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Run the points on the workers of a Dask scheduler, such as tcp://host:8786.",
        ),
    ] = None,
    show: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FINDING",
            help="Finding to print and plot; may be repeated. Default: the first that vary.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help=f"Output folder. Default: ./{OUT}/NAME-sweep."),
    ] = None,
    json: Json = False,
) -> int:
    """Run a scenario on a grid of settings, with several seeds for each point.

    Each point is saved once, as a file in DIR/points. Repeat the command to run
    the missing points after Ctrl-C or a crash. At the end, DIR/sweep.csv
    contains one line per point, and DIR/sweep.png shows means over seeds with
    95 % confidence intervals. `neurosim plot DIR` writes both files again.

    If neurosim rejects a point, the sweep saves the reason and continues;
    delete the file of the point to try again. A point is given up after its
    workers died three times. In both cases the exit status is 2.

    [bold]Examples[/bold]

        neurosim sweep fi-curve --grid sigma=1,2,4,8 --seeds 5
        neurosim sweep fi-curve --grid sigma=1,2,4 --grid noise=membrane,escape
        neurosim sweep psp-summation --grid "psps=10,3,3;8,8" --seeds 1
        neurosim sweep my.toml --grid populations.exc.size=100,200
        neurosim --models adex.py sweep my.toml --grid populations.exc.size=100,200
        neurosim sweep balanced-network --grid regime=AI,SR --scheduler tcp://head:8786
    """
    from neurosim import sweep as sweeps
    from neurosim.cli.sweep_report import print_outcome, print_table, write_table

    scenario = find_scenario(name)
    folder = out or OUT / f"{scenario.name}-sweep"
    table = sweeps.sweep(
        name,
        sweeps.parse_grid(scenario.settings, grid),
        out=folder,
        seeds=sweeps.parse_seeds(seeds),
        settings=parse_values(scenario.settings, settings or ()),
        duration=duration,
        dt=dt,
        models=context.find_root().params["models"] or (),
        threads=threads,
        workers=workers,
        scheduler=scheduler,
        progress=sys.stderr.isatty(),
        report=info,
    )
    files = write_table(table, folder, show or ())
    if json:
        print_json(table.as_dict() | {"files": files})
    elif table.values:
        print_table(table, show or ())
        print_files(files)
    return print_outcome(table)
