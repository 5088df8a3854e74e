"""The command `neurosim sweep`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from neurosim.cli.commands import EXIT_STATUS, Duration, Json, Name, Settings, Step, app
from neurosim.cli.report import print_files, print_json, say
from neurosim.cli.run import OUT
from neurosim.experiments.scenario import find_scenario
from neurosim.experiments.settings import parse_values


@app.command(epilog=EXIT_STATUS)
def sweep(
    name: Name,
    grid: Annotated[
        list[str],
        typer.Option(
            metavar="KEY=A,B,C",
            help="Vary a setting, as often as needed: the points are all combinations. Lists of "
            'numbers are separated by semicolons, "psps=10,3,3;5,5,5".',
        ),
    ],
    seeds: Annotated[
        str,
        typer.Option(metavar="N|A,B,C", help="How many seeds, beginning with 1, or which."),
    ] = "10",
    settings: Settings = None,
    duration: Duration = None,
    dt: Step = None,
    threads: Annotated[
        int, typer.Option(metavar="N", help="Threads for each point; no figure depends on it.")
    ] = 1,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Points that run at a time on this machine. Default: as many as have a core for "
            "each of their threads.",
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Run the points on the workers of a Dask scheduler, tcp://host:8786, instead of "
            "this machine.",
        ),
    ] = None,
    show: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FINDING",
            help="Print and draw this finding, as often as needed. Default: the first that vary.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help=f"Folder for the files. Default: ./{OUT}/NAME-sweep."),
    ] = None,
    json: Json = False,
) -> int:
    """Run a scenario at all points of a grid of settings, with several seeds each.

    Each point is a file in DIR/points, written once. The same command again
    runs only what is missing: after Ctrl-C, a crash, a worker that died. At
    the end DIR/sweep.csv has a line for each point, DIR/sweep.png the means
    over seeds with 95 % intervals; `neurosim plot DIR` makes both again.

    A point that neurosim refuses is kept with the reason, and the sweep goes
    on; remove its file to have it tried again. One of which workers die three
    times is given up. Status 2 tells of either.

    [bold]Examples[/bold]

        neurosim sweep fi-curve --grid sigma=1,2,4,8 --seeds 5
        neurosim sweep fi-curve --grid sigma=1,2,4 --grid noise=membrane,escape
        neurosim sweep psp-summation --grid "psps=10,3,3;8,8" --seeds 1
        neurosim sweep my.toml --grid populations.exc.size=100,200
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
        places=sweeps.Places(threads, workers, scheduler),
        progress=sys.stderr.isatty(),
        tell=say,
    )
    files = write_table(table, folder, show or ())
    if json:
        print_json(table.as_dict() | {"files": files})
    elif table.values:
        print_table(table, show or ())
        print_files(files)
    return print_outcome(table)
