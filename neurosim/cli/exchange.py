"""The commands `neurosim export` and `neurosim import`."""

from __future__ import annotations

import warnings
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neurosim.cli.commands import EXIT_STATUS, Json, NoPlot, app
from neurosim.cli.folder import RESULT, RunFolder
from neurosim.cli.report import print_files, print_json, print_spikes, say
from neurosim.cli.run import OUT
from neurosim.errors import NeurosimError
from neurosim.results.storage import load
from neurosim.utils.atomic_files import plain

if TYPE_CHECKING:
    from neurosim.results import Result

__all__ = ["app", "export", "import_spikes"]

PICTURE = "spikes"


class Format(StrEnum):
    """What a result can be written as."""

    NWB = "nwb"
    SONATA = "sonata"
    CSV = "csv"
    NEO = "neo"


NAMES = {
    Format.NWB: "result.nwb",
    Format.SONATA: "sonata",
    Format.CSV: "spikes.csv",
    Format.NEO: "neo.mat",
}
"""What is written beside the result where nothing else is asked for."""


@app.command(epilog=EXIT_STATUS)
def export(
    source: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="A folder that `run` wrote, or a result file in it."),
    ],
    to: Annotated[Format, typer.Option("--to", help="The format.")],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="File, or folder for sonata. Default: beside the result, result.nwb, sonata, "
            "spikes.csv or neo.mat.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write a saved result in a format of the field.

    nwb: Neurodata Without Borders, spikes and traces. sonata: a spike file and
    membrane reports. csv: population, neuron and time in ms of every spike.
    neo: Neo's block in a MATLAB file, spikes and traces. A file already there
    is replaced.

    [bold]Examples[/bold]

        neurosim export neurosim-out/balanced-network --to nwb
        neurosim export result.h5 --to csv --out spikes.csv
    """
    path = source / RESULT if source.is_dir() else source
    result = load(path)
    target = path.with_name(NAMES[to]) if out is None else out
    files = _write(result, to, target)
    say(f"{to.value}, written to")
    print_files([str(file) for file in files])


def _write(result: Result, to: Format, target: Path) -> list[Path]:
    from neurosim.interchange import save_csv, save_nwb, save_sonata
    from neurosim.interchange.neo import save_neo

    if to == Format.SONATA:
        return save_sonata(result, target)
    {Format.NWB: save_nwb, Format.CSV: save_csv, Format.NEO: save_neo}[to](result, target)
    return [target]


@app.command("import", epilog=EXIT_STATUS)
def import_spikes(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="NWB, SONATA, CSV and other text, NEST, NumPy, or what Neo reads. Several files "
            "are one recording.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help=f"Folder for the files. Default: ./{OUT}/ and the name of FILE.",
            show_default=False,
        ),
    ] = None,
    dt: Annotated[
        float | None,
        typer.Option(
            "--dt",
            metavar="MS",
            help="Move times to a grid of this step; it is told how far. Default: leave them.",
        ),
    ] = None,
    duration: Annotated[
        float | None,
        typer.Option(
            metavar="MS", help="Length of the recording. Default: what the file says, if it does."
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="csv (any text), npz, nwb, sonata, or a reader of Neo's such as NestIO. Default: "
            "by suffix and content.",
            show_default=False,
        ),
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option(
            metavar="UNIT",
            help="Unit of times where the file does not say: ms, s or us. Default: ms.",
            show_default=False,
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Names of the columns of a text, such as neuron,time_ms. Default: its first line.",
            show_default=False,
        ),
    ] = None,
    start: Annotated[
        float | None,
        typer.Option(
            metavar="MS",
            help="Time of the file at which the result begins. Default: 0, or a round number "
            "before the first spike.",
            show_default=False,
        ),
    ] = None,
    nodes: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="SONATA nodes, their table of types, or a circuit configuration: names of "
            "neurons. May be given again.",
            show_default=False,
        ),
    ] = None,
    no_plot: NoPlot = False,
    json: Json = False,
) -> None:
    """Import spikes recorded elsewhere as a result to analyse, plot and export.

    The folder then holds result.h5, which `neurosim.load` opens, and a raster,
    imported-spikes.png. Prints rate and irregularity of each population, over
    the time in which its neurons were observed.

    [bold]Examples[/bold]

        neurosim import recording.nwb
        neurosim import spikes.csv --dt 0.1 --out there --json
        neurosim import spikes-1258-0.gdf --format NestIO
        neurosim import cell*.txt --unit s --start=-500
    """
    from neurosim.interchange import load_spikes

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", UserWarning)
        result = load_spikes(
            files,
            dt=dt,
            duration=duration,
            format=format,
            unit=unit,
            columns=None if columns is None else columns.split(","),
            start=start,
            nodes=nodes or (),
        )
    for warning in told:
        say(str(warning.message))
    folder = RunFolder(out or OUT / files[0].stem)
    for file in files:
        if (folder.path / RESULT).resolve() == file.resolve():
            raise NeurosimError(f"{file} would be replaced: give another folder with --out")
    with folder.locked():
        folder.prepare()
        folder.write_result(result)
        folder.forget_former_run()
        if not no_plot and any(len(trains) for trains in result.spikes.values()):
            from neurosim.plot import raster

            folder.write_figures("imported", {PICTURE: raster(result)})
    summary = plain({**_describe(result), "files": folder.files})
    print_json(summary) if json else print_spikes(summary)


def _describe(result: Result) -> dict[str, Any]:
    """Return the figures that spikes alone give, over the time in which neurons were observed."""
    import numpy as np

    from neurosim.results.analysis import cv_isi, mean_rate
    from neurosim.utils.intervals import coverage

    populations: dict[str, dict[str, Any]] = {}
    for name, trains in result.spikes.items():
        irregular = cv_isi(trains)
        known = irregular[np.isfinite(irregular)]
        populations[name] = {
            "neurons": len(trains.recorded),
            "spikes": len(trains),
            "rate_hz": mean_rate(result, name),
            "cv_isi": float(known.mean()) if len(known) else None,
        }
        if trains.observed is not None:
            observed = [coverage(own, (0.0, result.duration)) for own in trains.observed]
            populations[name]["observed_ms"] = float(np.mean(observed))
    return {"duration_ms": result.duration, "dt_ms": result.dt, "populations": populations}
