"""The command `neurosim new`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neurosim.cli.commands import EXIT_STATUS, app
from neurosim.cli.report import say
from neurosim.experiments.toml.start import write_start

__all__ = ["app", "new"]


@app.command(epilog=EXIT_STATUS)
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Such as my.toml.")],
) -> None:
    """Write a scenario file to start from: a balanced network, each line explained.

    It runs as it is. A file that is there already is not touched.

    [bold]Example[/bold]

        neurosim new my.toml && neurosim run my.toml
    """
    write_start(file)
    say(f"{file} is written: see `neurosim show {file}`, `neurosim run {file}`")
