"""Read spikes from files of other programs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurosim.errors import NeurosimError
from neurosim.interchange.columns import check_columns, time_unit
from neurosim.interchange.imported_spikes import ImportedSpikes, PopulationSpikes, merge
from neurosim.interchange.isolation import read_in_subprocess
from neurosim.interchange.kilosort import kilosort_file
from neurosim.interchange.text.read import is_table, read_text
from neurosim.interchange.to_result import to_result
from neurosim.utils.atomic_files import check_file
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neurosim.results import Result

READER = "neurosim.interchange.readers:read_spikes"
TEXT = (".csv", ".tsv")
MAYBE_TEXT = (".txt", ".dat", ".gdf")
"""Suffixes of tables in text, and of files that Neo reads."""
TEXT_FORMATS = ("csv", "NestIO")
"""Formats that `read_text` reads; NestIO is Neo's name for the files of NEST 2."""


def load_spikes(
    path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    dt: float | None = None,
    duration: float | None = None,
    format: str | None = None,
    unit: str | None = None,
    columns: Sequence[str] | None = None,
    start: float | None = None,
    nodes: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
) -> Result:
    """Read spikes from NWB, SONATA, CSV, NEST, NumPy, Kilosort, or any file that Neo reads.

    All files except text are parsed in a subprocess with limits on memory and time: a damaged file
    raises an error and cannot crash or block the caller. The subprocess is not a sandbox; it does
    not protect from files made to attack a library.

    Text has one spike per row, in columns separated by commas, semicolons, tabs or spaces. The
    names of the columns identify the neuron (neuron, unit_id, node_ids, senders, …), its time
    (time_ms, spike_time, timestamps, t, …) and its population. Lines that start with # or % are
    comments. Neurons may be numbers or names. Of two columns without a header, the one with whole
    numbers holds the neurons; in NEST's .gdf and .dat files it is the first. A single column holds
    the times of one neuron.

    Parameters
    ----------
    path : path-like or sequence of path-like
        Several files are read as one recording. Files of one column hold one neuron each, named
        after the file; in other files, populations and neurons of the same name are combined. A
        simulation_config.json of SONATA is replaced by the spike file that it names. A folder of
        Kilosort or phy is read as a whole, without neurons that are labelled as noise.
    dt : float, optional
        Step of the time grid (ms), to which times are moved. By default times are unchanged, except
        for rounding if the file specifies a step and all times lie on that grid. NEST's times in
        steps are multiples of it.
    duration : float, optional
        Duration of the recording (ms). Default: as the file specifies, else until the last spike.
    format : str, optional
        "csv" for any text, "npz", "nwb", "sonata", or the name of a Neo reader such as
        "NeoMatlabIO". Default: by suffix and content.
    unit : str, optional
        Unit of times if the file does not specify it: "ms", "s", "us", or the sampling rate, such
        as "30 kHz", of times in samples. Default: ms, with a warning.
    columns : sequence of str, optional
        Names of the columns of a text, which replace those in the file.
    start : float, optional
        Time of the file (ms) at which the result begins, not later than the first spike. Default:
        0, or a round number before the first spike if times are negative. The result stores it as
        ``measured["start_ms"]``.
    nodes : path-like or sequence of path-like
        Files that describe the neurons of a SONATA file: files of nodes with a table of their
        types, or a circuit_config.json. Neurons then have names, and silent ones are included.

    Returns
    -------
    Result
        Spike trains in ms, without traces. `SpikeTimes` accepts
        `result.spikes[population].by_neuron()`.

    Raises
    ------
    NeurosimError
        If the file is missing, damaged or of unknown format.

    Warns
    -----
    UserWarning
        If times are moved to the grid: how many, and how far. If a unit was assumed, or times are
        counted from a time before 0.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import neurosim as ns
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "spikes.csv"
    >>> with path.open("w") as file:
    ...     print("neuron,time_ms", "0,10.0", "1,12.5", "0,31.0", sep=chr(10), file=file)
    >>> result = ns.load_spikes(path, duration=50.0)
    >>> result.spikes["units"].of(0)
    array([10., 31.])
    """
    if unit is not None:
        time_unit(unit)
    names = check_columns(columns)
    paths: list[Path] = []
    for one in _paths(path, "path"):
        times = kilosort_file(one)
        if times is None or times not in paths:  # files of one folder are one recording
            paths.append(times or one)
    if not paths:
        raise NeurosimError("no file is given: give at least one file of spikes")
    node_files = [str(node_file.absolute()) for node_file in _paths(nodes, "nodes")]
    parts = [_read(file, format, names, dt, unit, node_files) for file in paths]
    if any(part.in_steps for part in parts):
        dt = None  # already used; offsets from the grid are intended
    try:
        return to_result(parts[0] if len(parts) == 1 else merge(parts), dt, duration, start)
    except NeurosimError as error:
        raise NeurosimError(f"{paths[0]}: {error}") from None


def _paths(given: Any, name: str) -> list[Path]:
    """Convert a path or several paths to a list of `Path`."""
    try:
        return [Path(one) for one in ([given] if isinstance(given, (str, os.PathLike)) else given)]
    except TypeError:
        raise NeurosimError(f"{name} = {show(given)} is not a path: give one, or a list") from None


def _read(
    path: Path,
    format: str | None,
    columns: list[str] | None,
    dt: float | None,
    unit: str | None,
    nodes: list[str],
) -> ImportedSpikes:
    """Read a file as text in this process, or in another format in a subprocess."""
    check_file(path, "a file of spikes, or a folder with spike_times.npy and spike_clusters.npy")
    suffix = path.suffix.lower()
    text = format in TEXT_FORMATS or (format is None and suffix in TEXT)
    if format is None and suffix in MAYBE_TEXT:
        text = columns is not None or unit is not None or is_table(path)
    if text and nodes:
        raise NeurosimError(f"{path}: nodes are for SONATA files of spikes: leave them out")
    if text:
        return read_text(path, unit=unit, columns=columns, dt=dt, nest=format == "NestIO")
    if columns is not None:
        raise NeurosimError(f"{path}: columns are for text: leave them out, or give format='csv'")
    found = read_in_subprocess(path, READER, format=format, unit=unit, nodes=nodes)
    return from_message(found)


def from_message(message: dict[str, Any]) -> ImportedSpikes:
    """Return the spikes that a subprocess has sent."""
    found = message.pop("populations").items()
    return ImportedSpikes({name: PopulationSpikes(**fields) for name, fields in found}, **message)
