"""Parse untrusted files in a subprocess with limits on memory and time.

The subprocess isolates the caller from crashes, endless loops and excessive memory use that a
damaged file causes. It is not a sandbox: a file that exploits a vulnerability of a library runs
with the rights of the user.

The subprocess writes one line of JSON to its standard output, followed by the data of the arrays
that the line announces.
"""

from __future__ import annotations

import json
import logging
import math
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.utils.hdf5 import ERRORS, FormatError, reason

if TYPE_CHECKING:
    from collections.abc import Callable

MEMORY = 512 * 2**20
"""Memory (bytes) allowed for any file."""
MEMORY_FACTOR = 24
"""Memory (bytes) allowed for each byte of a larger file."""
SECONDS = 10
"""Processor time (s) allowed for any file."""
BYTES_PER_SECOND = 2**17
"""Lowest rate at which a larger file must be read."""
ARRAY = "\0"
"""Key that marks an array in a message. Names in HDF5 files cannot contain it."""
CRASHED = (
    "the process that reads it ended early: the file is damaged, or needs far more memory or time "
    "than its size allows"
)


def read_in_subprocess(path: Path, function: str, **options: Any) -> Any:
    """Call a function on a file in a subprocess, and return its result.

    Parameters
    ----------
    path : Path
    function : str
        Name of the reader as ``module:function``. It is called with the path and the options, and
        calls `limit_resources` before it parses the file.
    **options
        Keyword arguments that JSON can represent.

    Returns
    -------
    object
        Dicts, lists, strings, numbers and arrays; a dataclass arrives as a dict of its fields.

    Raises
    ------
    NeurosimError
        If the file cannot be read. The message starts with its path.
    """
    start = f"from {__name__} import main; main()"
    command = [sys.executable, "-B", "-P", "-c", start, function, str(path), json.dumps(options)]
    # The subprocess imports from the same folders, but never from the current folder.
    folders = os.pathsep.join(os.path.abspath(folder) for folder in sys.path if folder)
    environment = {**os.environ, "PYTHONPATH": folders, "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        try:
            return receive(process.stdout)
        except NeurosimError as error:
            raise NeurosimError(f"{path}: {error}") from None
        finally:
            process.kill()


def receive(stream: IO[bytes]) -> Any:
    """Return the result that `answer` writes to a stream, or raise its error."""

    def read_array(part: dict[str, Any]) -> Any:
        if ARRAY not in part:
            return part
        dtype, shape = np.dtype(part[ARRAY][0]), part[ARRAY][1]
        values = np.frombuffer(stream.read(math.prod(shape) * dtype.itemsize), dtype)
        if len(values) != math.prod(shape):
            raise NeurosimError(CRASHED)
        return values.reshape(shape)

    line = stream.readline()
    if not line.endswith(b"\n"):
        raise NeurosimError(CRASHED)
    message = json.loads(line, object_hook=read_array)
    if "error" in message:
        raise NeurosimError(message["error"])
    return message["result"]


def answer(stream: IO[bytes], read: Callable[[], Any]) -> None:
    """Write the result of a function to a stream, or the reason of its failure."""
    try:
        message = {"result": read()}
    except NeurosimError as error:
        message = {"error": str(error)}
    except OSError as error:
        # Those of h5py have no number, or a message of several lines.
        why = os.strerror(error.errno) if error.errno else reason(error)
        message = {"error": f"it cannot be read ({why}): check that the file is complete"}
    except MemoryError:
        message = {"error": "it needs far more memory than its size allows"}
    except FormatError as error:
        message = {
            "error": f"it does not follow its format ({reason(error)[:200]}): write it again"
        }
    except (*ERRORS, RecursionError) as error:
        why = reason(error)[:200]
        message = {"error": f"it is damaged ({why}): check that the file is complete"}
    arrays: list[np.ndarray] = []

    def encode(part: Any) -> Any:
        if not isinstance(part, np.ndarray):
            return vars(part)
        arrays.append(part)
        return {ARRAY: [part.dtype.str, part.shape]}

    stream.write(json.dumps(message, default=encode).encode() + b"\n")
    stream.writelines(array.tobytes() for array in arrays)
    stream.flush()


def limit_resources(size: int) -> None:
    """Limit memory and CPU time of this process to the needs of a file.

    `size` is the size of the file in bytes.

    The process can no longer write files either, and Python's pickle can no longer call functions:
    a reader that needs either fails. Both protect from careless readers, not from an attack.
    """
    sys.addaudithook(_audit)
    try:
        import resource
        import signal
    except ImportError:  # Windows
        return
    limits = {
        resource.RLIMIT_DATA: max(MEMORY, MEMORY_FACTOR * size),
        resource.RLIMIT_CPU: SECONDS + size // BYTES_PER_SECOND,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for limit, value in limits.items():
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))


def _audit(event: str, details: tuple[Any, ...]) -> None:
    """Audit hook that forbids unpickling functions and opening files for writing."""
    if event == "pickle.find_class":
        raise PermissionError("it is pickled")
    if event == "open":
        mode, flags = details[1], details[2]
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) if isinstance(flags, int) else 0
        if writes or (isinstance(mode, str) and set(mode) & set("wax+")):
            raise PermissionError("it would write a file")


def main() -> None:
    """Run the reader named by the arguments.

    Its standard output is reserved for the result.
    """
    function, path, options = sys.argv[1:]
    stream = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    logging.disable()
    answer(stream, partial(resolve_name(function), Path(path), **json.loads(options)))
