"""A process that reads one file of others, and is all that the file can harm.

``python -m neurosim.interchange.reader PATH [FORMAT]`` writes to its standard output one line of
JSON, and after it the numbers that the line announces. It may take little memory and little time,
and can neither write a file, nor start a process, nor open a connection.
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
"""Bytes of memory that any file may take."""
ROOM_FACTOR = 24
"""Bytes of memory that one of the file may take, if that is more."""
SECONDS = 10
"""Time of the processor that any file may take."""
BYTES_A_SECOND = 2**17
"""How fast a large file must be read at least."""
FORBIDDEN = (
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "os.system",
    "subprocess.",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "os.chown",
    "os.kill",
    "shutil.",
    "socket.",
    "urllib.",
    "pickle.find_class",
    "ctypes.dlopen",
    "sqlite3.",
)
"""Beginnings of the events that Python's audit tells of and a reader has no need of."""


def main(arguments: list[str]) -> None:
    """Read a file and write what it tells to the standard output."""
    answer = own_output()
    path, name = Path(arguments[0]), arguments[1] if len(arguments) > 1 else None
    answer_for(path, name, answer)


def own_output() -> BinaryIO:
    """Return the standard output, and keep it from all who print: not amidst the answer."""
    answer = os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    logging.disable()
    return answer


def answer_for(path: Path, name: str | None, answer: BinaryIO) -> None:
    """Write what a file tells, or why it cannot be read, to a stream."""
    with answering(answer):
        confine(path.stat().st_size)
        write(answer, read(path, name))


@contextmanager
def answering(answer: BinaryIO) -> Iterator[None]:
    """Write why a file cannot be read to a stream, where the block finds out."""
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
    """Take from this process what reading a file of some size (bytes) does not need."""
    try:
        import resource
        import signal
    except ImportError:  # Windows
        pass
    else:
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
    sys.addaudithook(_audit)


def _audit(event: str, details: tuple[Any, ...]) -> None:
    if event == "open":
        mode, flags = details[1], details[2]
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) if isinstance(flags, int) else 0
        if writes or (isinstance(mode, str) and set(mode) & set("wax+")):
            raise PermissionError("it would write a file")
    elif event.startswith(FORBIDDEN):
        raise PermissionError(f"it would call {event}")


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
    """Write spikes to a stream: a line of JSON, then times, ids and recorded ids per population."""
    sizes = [[name, len(t.times), len(t.recorded), t.names] for name, t in foreign.trains.items()]
    write_line(answer, {"sizes": sizes, "dt": foreign.dt, "duration": foreign.duration})
    for train in foreign.trains.values():
        for array, kind in ((train.times, "<f8"), (train.ids, "<i8"), (train.recorded, "<i8")):
            answer.write(array.astype(kind).data)


def write_line(answer: BinaryIO, content: dict[str, Any]) -> None:
    """Write an object to a stream, as one line of JSON."""
    answer.write(json.dumps(content).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
