"""Spikes out of files of others."""

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
from neurosim.interchange.foreign import Foreign, Train, to_result
from neurosim.interchange.text import read_csv
from neurosim.storage import check_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from neurosim.recording import Result

TEXT = (".csv",)


def load_spikes(
    path: str | os.PathLike[str],
    *,
    dt: float | None = None,
    duration: float | None = None,
    format: str | None = None,
) -> Result:
    """Read the spikes of a file: NWB, SONATA, CSV, or any that Neo reads.

    All files but CSV are parsed in a subprocess with limits on memory and time, so that a damaged
    file is refused and cannot crash or block the caller. This is no sandbox: it does not protect
    against files made to attack a library.

    Parameters
    ----------
    path : path-like
        CSV has a header that names the columns neuron, time_ms or time_s, and population if there
        are several; its suffix is .csv.
    dt : float, optional
        Step of the time grid (ms), to which times are moved. By default times stay what they are,
        but for the last digit where the file knows the step and they lie on that grid.
    duration : float, optional
        Of the recording (ms). Default: what the file says; else the last spike ends it.
    format : str, optional
        "csv", "nwb", "sonata", or the name of a reader of Neo's such as "NeoMatlabIO". Default: as
        suffix and content tell.

    Returns
    -------
    Result
        Spike trains in ms, without traces; `result.spikes[population].by_neuron()` is what
        `SpikeTimes` takes.

    Raises
    ------
    NeurosimError
        Where the file is missing, damaged or of no known format.

    Warns
    -----
    UserWarning
        Where times are moved to the grid: how many, and how far.
    """
    path = Path(path)
    check_file(path, "a file of spikes")
    if format == "csv" or (format is None and path.suffix.lower() in TEXT):
        foreign = read_csv(path)
    else:
        foreign = _read_aside(path, format)
    try:
        return to_result(foreign, dt, duration)
    except NeurosimError as error:
        raise NeurosimError(f"{path}: {error}") from None


def _read_aside(path: Path, name: str | None) -> Foreign:
    """Read a file in a subprocess."""
    names = (name,) if name else ()
    with told_aside(path, "neurosim.interchange.reader", *names) as (told, answer):
        return receive(told, answer)


@contextmanager
def told_aside(
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


def receive(told: dict[str, Any], answer: IO[bytes]) -> Foreign:
    """Take the spikes that a process that reads files tells of."""
    trains = {
        name: Train(
            _numbers(answer, n_spikes, np.float64),
            _numbers(answer, n_spikes, np.int64),
            _numbers(answer, n_recorded, np.int64),
        )
        for name, n_spikes, n_recorded in told["sizes"]
    }
    return Foreign(trains, told["dt"], told["duration"])


def _numbers(answer: IO[bytes], n: int, dtype: type) -> NDArray:
    numbers: NDArray = np.frombuffer(answer.read(8 * n), dtype)
    if len(numbers) != n:
        raise NeurosimError("its reader did not survive it: the file is damaged")
    return numbers
