"""The commands `neurosim export` and `neurosim import`."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from neurosim.cli.folder import RESULT, RunFolder
from neurosim.cli.options import EXIT_STATUS, OUT, Json, NoPlot, Out, app
from neurosim.cli.report import info, print_files, print_json, print_spikes
from neurosim.errors import NeurosimError
from neurosim.results.storage import load
from neurosim.utils.atomic_files import plain
from neurosim.utils.lock import lock_folder

if TYPE_CHECKING:
    from neurosim.results import Result


NAMES = {"nwb": "result.nwb", "sonata": "sonata", "csv": "spikes.csv", "neo": "neo.mat"}
"""Default name of the file or folder in each format, next to the result."""


@app.command(epilog=EXIT_STATUS)
def export(
    source: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder written by `run`, or its result file.")
    ],
    to: Annotated[Literal["nwb", "sonata", "csv", "neo"], typer.Option("--to", help="Format.")],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Output file, or folder for sonata. Default: result.nwb, sonata, spikes.csv or "
            "neo.mat next to the result.",
        ),
    ] = None,
) -> None:
    """Export a saved result to a standard format.

    nwb: Neurodata Without Borders, spikes and traces. sonata: a spike file and
    membrane reports. csv: population, neuron and time in ms of every spike.
    neo: a Neo block in a MATLAB file, spikes and traces. An existing file is
    replaced.

    [bold]Examples[/bold]

        neurosim export neurosim-out/balanced-network --to nwb
        neurosim export result.h5 --to csv --out spikes.csv
    """
    from neurosim.interchange import save_csv, save_nwb, save_sonata
    from neurosim.interchange.neo import save_neo

    path = source / RESULT if source.is_dir() else source
    result = load(path)
    target = path.with_name(NAMES[to]) if out is None else out
    if to == "sonata":
        files = save_sonata(result, target)
    else:
        {"nwb": save_nwb, "csv": save_csv, "neo": save_neo}[to](result, target)
        files = [target]
    info(f"wrote {to}")
    print_files([str(file) for file in files])


@app.command("import", epilog=EXIT_STATUS)
def import_spikes(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="NWB, SONATA, CSV or other text, NEST, NumPy, or any format that Neo reads. "
            "Several files are read as one recording.",
        ),
    ],
    out: Out = None,
    dt: Annotated[
        float | None,
        typer.Option(
            "--dt",
            metavar="MS",
            help="Round times to a grid with this time step, and report the largest shift. "
            "Default: keep times as they are.",
        ),
    ] = None,
    duration: Annotated[
        float | None,
        typer.Option(
            metavar="MS", help="Length of the recording in ms. Default: from the file, if stored."
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="csv (any text), npz, nwb, sonata, or the name of a Neo reader such as NestIO. "
            "Default: detected by suffix and content.",
        ),
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option(
            metavar="UNIT",
            help="Unit of times if the file has none: ms, s, us, or a sampling rate such as 30kHz. "
            "Default: ms.",
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Column names of a text file, such as neuron,time_ms. Default: its first line.",
        ),
    ] = None,
    start: Annotated[
        float | None,
        typer.Option(
            metavar="MS",
            help="Time in the file that becomes 0 in the result. Default: 0, or a round number "
            "before the first spike.",
        ),
    ] = None,
    nodes: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="SONATA nodes, their table of types, or a circuit configuration, with the names "
            "of neurons; may be repeated.",
        ),
    ] = None,
    no_plot: NoPlot = False,
    json: Json = False,
) -> None:
    """Import recorded spikes as a result that can be analysed, plotted and exported.

    The output folder contains result.h5, which `neurosim.load` reads, and a
    raster plot, imported-spikes.png. Prints the rate and the irregularity of
    each population during the time in which its neurons were observed.

    [bold]Examples[/bold]

        neurosim import recording.nwb
        neurosim import spikes.csv --dt 0.1 --out there --json
        neurosim import spikes-1258-0.gdf --format NestIO
        neurosim import cell*.txt --unit s --start=-500
    """
    from neurosim.interchange import load_spikes

    warnings.simplefilter("always", UserWarning)  # until `main` restores the filters
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
    folder = RunFolder(out or OUT / files[0].stem)
    for file in files:
        if (folder.path / RESULT).resolve() == file.resolve():
            raise NeurosimError(f"{file} would be overwritten: give another folder with --out")
    with lock_folder(folder.path):
        folder.prepare()
        folder.clear_earlier_run({})
        folder.write_result(result)
        if not no_plot and any(len(trains) for trains in result.spikes.values()):
            from neurosim.plot import raster

            folder.write_figures("imported", {"spikes": raster(result)})
    summary = plain({**_statistics(result), "files": folder.files})
    print_json(summary) if json else print_spikes(summary)


def _statistics(result: Result) -> dict[str, Any]:
    """Return the statistics of each population, for the time in which it was observed."""
    import numpy as np

    from neurosim.results.analysis import cv_isi, mean_rate
    from neurosim.utils.intervals import coverage

    populations: dict[str, dict[str, Any]] = {}
    for name, trains in result.spikes.items():
        cvs = cv_isi(trains)
        known = cvs[np.isfinite(cvs)]
        populations[name] = {
            "neurons": len(trains.recorded),
            "spikes": len(trains),
            "rate_hz": mean_rate(result, name),
            "cv_isi": float(known.mean()) if len(known) else None,
        }
        if trains.observed is not None:
            observed = [coverage(spans, (0.0, result.duration)) for spans in trains.observed]
            populations[name]["observed_ms"] = float(np.mean(observed))
    return {"duration_ms": result.duration, "dt_ms": result.dt, "populations": populations}
