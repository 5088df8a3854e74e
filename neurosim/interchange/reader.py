"""Read a third-party file in a subprocess with limits on memory and time.

``python -m neurosim.interchange.reader PATH [FORMAT]`` writes one line of JSON to its standard
output, followed by the numbers that the line announces.

The subprocess isolates the caller from crashes, endless loops and memory that a damaged file asks
for. It is no sandbox: a file that exploits a fault of a library has the rights of the user.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from neurosim.errors import NeurosimError
from neurosim.hdf5 import ERRORS, reason
from neurosim.interchange.foreign import Foreign

if TYPE_CHECKING:
    from collections.abc import Iterator

    import h5py

ROOM = 512 * 2**20
"""Memory (bytes) allowed for any file."""
ROOM_FACTOR = 24
"""Memory allowed for each byte of a larger file."""
SECONDS = 10
"""Processor time (s) allowed for any file."""
BYTES_A_SECOND = 2**17
"""Least rate at which a larger file must be read."""


def main(arguments: list[str]) -> None:
    """Read a file and write its spikes to the standard output."""
    answer = own_output()
    path, name = Path(arguments[0]), arguments[1] if len(arguments) > 1 else None
    answer_for(path, name, answer)


def own_output() -> BinaryIO:
    """Return the standard output for the answer, and silence everything else that prints."""
    answer = os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    logging.disable()
    return answer


def answer_for(path: Path, name: str | None, answer: BinaryIO) -> None:
    """Write the spikes of a file, or why it cannot be read, to a stream."""
    with answering(answer):
        confine(path.stat().st_size)
        write(answer, read(path, name))


@contextmanager
def answering(answer: BinaryIO) -> Iterator[None]:
    """Turn the exceptions of a block into an answer that says why a file cannot be read."""
    try:
        yield
    except NeurosimError as error:
        write_line(answer, {"error": str(error)})
    except OSError as error:
        # h5py's have no number, or a text of many lines.
        why = os.strerror(error.errno) if error.errno else reason(error)
        write_line(answer, {"error": f"it cannot be read ({why}): give a whole file"})
    except MemoryError:
        write_line(answer, {"error": "it takes far more memory than its size allows"})
    except (*ERRORS, RecursionError) as error:
        write_line(answer, {"error": f"it is damaged ({reason(error)[:200]}): give a whole file"})
    answer.flush()


def confine(size: int) -> None:
    """Limit memory and processor time of this process to what a file of `size` bytes needs.

    The process can also put no content into files, and Python's pickle runs no code: a reader that
    relies on either fails. Both guard against careless readers, not against an attack.
    """
    sys.addaudithook(_audit)
    try:
        import resource
        import signal
    except ImportError:  # Windows
        return
    limits = {
        resource.RLIMIT_DATA: max(ROOM, ROOM_FACTOR * size),
        resource.RLIMIT_CPU: SECONDS + size // BYTES_A_SECOND,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for limit, most in limits.items():
        hard = resource.getrlimit(limit)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (most, most))


def _audit(event: str, details: tuple[Any, ...]) -> None:
    """Refuse to look up what a pickle would call, and to open a file for writing."""
    if event == "pickle.find_class":
        raise PermissionError("it is pickled")
    if event == "open":
        mode, flags = details[1], details[2]
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) if isinstance(flags, int) else 0
        if writes or (isinstance(mode, str) and set(mode) & set("wax+")):
            raise PermissionError("it would write a file")


def read(path: Path, name: str | None) -> Foreign:
    """Read a file with the reader named, or with the one that fits."""
    import h5py

    from neurosim.interchange.neo_files import read_neo

    if name in (None, "nwb", "sonata") and h5py.is_hdf5(path):
        with h5py.File(path, "r") as file:
            found = _read_hdf5(file, path.stat().st_size)
            if found is not None:
                return found
    if name in ("nwb", "sonata"):
        raise NeurosimError(f"it is no {name.upper()} file: leave the format to be found out")
    return read_neo(path, name)


def _read_hdf5(file: h5py.File, size: int) -> Foreign | None:
    from neurosim.interchange.hdf5 import HDF5Reader
    from neurosim.interchange.nwb_read import read_nwb
    from neurosim.interchange.sonata import read_sonata

    reader = HDF5Reader(size)
    if reader.member(file, "neurosim") is not None:
        raise NeurosimError("it is a result of neurosim: open it with neurosim.load")
    if "nwb_version" in file.attrs:
        return read_nwb(file, reader)
    if reader.member(file, "spikes") is not None:
        return read_sonata(file, reader)
    return None


def write(answer: BinaryIO, foreign: Foreign) -> None:
    """Write spikes to a stream."""
    sizes = [[name, len(t.times), len(t.recorded)] for name, t in foreign.trains.items()]
    write_line(answer, {"sizes": sizes, "dt": foreign.dt, "duration": foreign.duration})
    for train in foreign.trains.values():
        for array, kind in ((train.times, "<f8"), (train.ids, "<i8"), (train.recorded, "<i8")):
            answer.write(array.astype(kind).data)


def write_line(answer: BinaryIO, content: dict[str, Any]) -> None:
    """Write an object to a stream, as one line of JSON."""
    answer.write(json.dumps(content).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
