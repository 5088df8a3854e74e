"""Read spikes from files of other programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.columns import check_columns, check_unit
from neurosim.interchange.imported_spikes import ImportedSpikes, PopulationSpikes, merge, to_result
from neurosim.interchange.text.read import is_table, read_text
from neurosim.utils.atomic_files import check_file
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from neurosim.results import Result

TEXT = (".csv", ".tsv")
MAYBE_TEXT = (".txt", ".dat", ".gdf")
"""Suffixes of tables in text, and of files that Neo reads."""


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
    """Read the spikes of a file: NWB, SONATA, CSV, NEST, NumPy, or any that Neo reads.

    All files but text are parsed in a subprocess with limits on memory and time, so that a damaged
    file is refused and cannot crash or block the caller. This is no sandbox: it does not protect
    against files made to attack a library.

    Text has one spike per row, in columns separated by commas, semicolons, tabs or blanks. Their
    names say what they hold: the neuron (neuron, unit_id, node_ids, senders, …), its time
    (time_ms, spike_time, timestamps, t, …) and its population. Lines that begin with # or % are
    comments. Neurons may be numbers or names. Without a header, two columns are told apart where
    one holds whole numbers and the other does not; NEST's .gdf and .dat have the neuron first.
    One column holds the times of one neuron.

    Parameters
    ----------
    path : path-like or sequence of path-like
        Several files are read as one recording: files of one column have a neuron each, which is
        called by the file's name; of others, populations and neurons of the same name are one. A
        simulation_config.json of SONATA stands for the spikes that the simulation has written.
    dt : float, optional
        Step of the time grid (ms), to which times are moved. By default times stay what they are,
        but for the last digit where the file knows the step and they lie on that grid. NEST's
        times in steps are multiples of it.
    duration : float, optional
        Of the recording (ms). Default: what the file says; else the last spike ends it.
    format : str, optional
        "csv" for any text, "npz", "nwb", "sonata", or the name of a reader of Neo's such as
        "NeoMatlabIO". Default: by suffix and content.
    unit : {"ms", "s", "us"}, optional
        Of times, where the file does not say. Default: ms, with a warning.
    columns : sequence of str, optional
        Names of the columns of a text, in place of those it has.
    start : float, optional
        Time of the file (ms) at which the result begins, no later than the first spike. Default:
        0; where times are relative to an event and begin before it, a round number below the
        first. The result has it as ``measured["start_ms"]``.
    nodes : path-like or sequence of path-like
        Files that say who the neurons of a SONATA file are: files of nodes with a table of their
        types, or a circuit_config.json. Neurons then have names, and silent ones are counted.

    Returns
    -------
    Result
        Spike trains in ms, without traces; `result.spikes[population].by_neuron()` is what
        `SpikeTimes` takes.

    Raises
    ------
    NeurosimError
        If the file is missing, damaged or of no known format.

    Warns
    -----
    UserWarning
        Where times are moved to the grid: how many, and how far. Where a unit was assumed, or
        times are counted from before 0.
    """
    check_unit(unit)
    names = check_columns(columns)
    paths = _paths(path, "path")
    if not paths:
        raise NeurosimError("no file is given: give one of spikes")
    options = {"unit": unit, "nodes": [str(own.absolute()) for own in _paths(nodes, "nodes")]}
    found = [_read(own, format, names, dt, options) for own in paths]
    whole = found[0] if len(found) == 1 else merge(found)
    if any(part.counted for part in found):
        dt = None  # it has been used, and offsets from the grid are meant
    try:
        return to_result(whole, dt, duration, start)
    except NeurosimError as error:
        raise NeurosimError(f"{paths[0]}: {error}") from None


def _paths(given: Any, what: str) -> list[Path]:
    """Return one path or several as a list."""
    try:
        return [Path(own) for own in ([given] if isinstance(given, (str, os.PathLike)) else given)]
    except TypeError:
        raise NeurosimError(f"{what} = {show(given)} is no path: give one, or a list") from None


def _read(
    path: Path,
    format: str | None,
    columns: list[str] | None,
    dt: float | None,
    options: dict[str, Any],
) -> ImportedSpikes:
    """Read a file as text here, or else in a subprocess."""
    check_file(path, "a file of spikes")
    suffix, unit = path.suffix.lower(), options["unit"]
    text = format == "csv" or (format is None and suffix in TEXT)
    if format is None and suffix in MAYBE_TEXT:
        text = columns is not None or unit is not None or is_table(path)
    if not text and columns is not None:
        raise NeurosimError(f"{path}: columns are for text: leave them out, or give format='csv'")
    if not text:
        return _read_aside(path, format, options)
    if options["nodes"]:
        raise NeurosimError(f"{path}: nodes are for SONATA files of spikes: leave them out")
    return read_text(path, unit=unit, columns=columns, dt=dt)


def _read_aside(path: Path, name: str | None, options: dict[str, Any]) -> ImportedSpikes:
    """Read a file in a subprocess."""
    arguments = (name or "", json.dumps(options))
    with read_in_subprocess(path, "neurosim.interchange.reader", *arguments) as (told, answer):
        return receive(told, answer)


@contextmanager
def read_in_subprocess(
    path: Path, module: str, *arguments: str
) -> Iterator[tuple[dict[str, Any], IO[bytes]]]:
    """Run a reader module on a file in a subprocess; yield its first line and its output."""
    command = [sys.executable, "-B", "-P", "-m", module, str(path), *arguments]
    # What is imported here is imported there, and nothing from where the user happens to be.
    places = os.pathsep.join(os.path.abspath(place) for place in sys.path if place)
    environment = {**os.environ, "PYTHONPATH": places, "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        try:
            yield first_line(process.stdout), process.stdout
        except NeurosimError as error:
            raise NeurosimError(f"{path}: {error}") from None
        finally:
            process.kill()


def first_line(answer: IO[bytes]) -> dict[str, Any]:
    """Return the object in the first line that a process that reads files answers.

    Raises
    ------
    NeurosimError
        Where it tells why it could not read the file, or ended before it was done.
    """
    line = answer.readline()
    if not line.endswith(b"\n"):
        raise NeurosimError(
            "its reader did not survive it: the file is damaged, or takes far more memory or time "
            "than its size allows"
        )
    told: dict[str, Any] = json.loads(line)
    if "error" in told:
        raise NeurosimError(told["error"])
    return told


def receive(told: dict[str, Any], answer: IO[bytes]) -> ImportedSpikes:
    """Return the spikes that the reading process sends after its first line."""
    trains = {
        name: PopulationSpikes(
            _numbers(answer, n_spikes, np.float64),
            _numbers(answer, n_spikes, np.int64),
            _numbers(answer, n_recorded, np.int64),
            None if names is None else tuple(names),
            None if n_intervals is None else _intervals(answer, n_recorded, n_intervals),
        )
        for name, n_spikes, n_recorded, names, n_intervals in told["sizes"]
    }
    return ImportedSpikes(trains, told["dt"], told["duration"], tuple(told["notes"]))


def _intervals(answer: IO[bytes], n_neurons: int, n: int) -> tuple[NDArray[np.float64], ...]:
    """Return the observed intervals of each neuron: their numbers are sent first."""
    counts = _numbers(answer, n_neurons, np.int64)
    intervals = _numbers(answer, 2 * n, np.float64).reshape(n, 2)
    return tuple(np.split(intervals, np.cumsum(counts)[:-1])) if n_neurons else ()


def _numbers(answer: IO[bytes], n: int, dtype: type) -> NDArray:
    numbers: NDArray = np.frombuffer(answer.read(8 * n), dtype)
    if len(numbers) != n:
        raise NeurosimError("its reader did not survive it: the file is damaged")
    return numbers
