"""Options that several commands share, and the app to which they belong."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

OUT = Path("neurosim-out")
"""Folder for results unless --out is given."""
EXIT_STATUS = (
    "Exit status: 0 success; 1 internal error (a bug in neurosim); 2 invalid input; 130 "
    "interrupted by Ctrl-C, with the results so far saved."
)

app = typer.Typer(
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_STATUS,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME|FILE",
        help="A scenario listed by `neurosim list`, or a scenario file that ends in .toml.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a setting; may be repeated. `neurosim show NAME` lists settings, units and "
        "defaults. Write a list of numbers as 10,3,3.",
    ),
]
Duration = Annotated[
    float | None,
    typer.Option(metavar="MS", help="Simulated time in ms. Default: as in the scenario."),
]
Step = Annotated[
    float | None,
    typer.Option("--dt", metavar="MS", help="Time step in ms. Default: as in the scenario."),
]
Seed = Annotated[int, typer.Option(metavar="N", help="Seed of all random numbers.")]
RunSeed = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Seed of all random numbers. Default: as in the scenario, usually 1."
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Number of threads; does not affect the result. Default: chosen by network size and "
        "available cores.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help=f"Output folder. Default: ./{OUT}/NAME, or the name of FILE."),
]
NoPlot = Annotated[bool, typer.Option("--no-plot", help="Do not draw figures.")]
Realtime = Annotated[
    bool,
    typer.Option(
        "--realtime",
        help="Pace the simulation to the wall clock, and report late chunks and the largest delay.",
    ),
]
Profile = Annotated[
    bool, typer.Option("--profile", help="Report the time spent on each phase of the simulation.")
]
CheckpointEvery = Annotated[
    float | None,
    typer.Option(
        "--checkpoint-every",
        metavar="S",
        help="Save a checkpoint every S seconds, so that `neurosim resume DIR` can continue the "
        "run.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object to stdout.")]
Models = Annotated[
    list[Path] | None,
    typer.Option(
        "--models",
        metavar="FILE.py",
        help="Python file that defines neuron models, connection rules or inputs for scenario "
        "files; may be repeated.",
    ),
]
