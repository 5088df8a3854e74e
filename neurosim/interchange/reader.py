"""Read a third-party file in a subprocess with limits on memory and time.

``python -m neurosim.interchange.reader PATH [FORMAT [OPTIONS]]`` writes one line of JSON to its
standard output, followed by the numbers that the line announces. OPTIONS is JSON: the fields of
`Options`.

The subprocess isolates the caller from crashes, endless loops and memory that a damaged file asks
for. It is no sandbox: a file that exploits a fault of a library has the rights of the user.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.hdf5 import FormatError, HDF5Reader
from neurosim.interchange.imported_spikes import ImportedSpikes
from neurosim.interchange.sonata.nodes import named_files, read_all_nodes, read_config
from neurosim.utils.hdf5 import ERRORS, reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import h5py

    from neurosim.interchange.sonata.nodes import Config, Nodes

ROOM = 512 * 2**20
"""Memory (bytes) allowed for any file."""
ROOM_FACTOR = 24
"""Memory allowed for each byte of a larger file."""
SECONDS = 10
"""Processor time (s) allowed for any file."""
BYTES_A_SECOND = 2**17
"""Least rate at which a larger file must be read."""
CONVERT = "NWB 1 is not read: convert the file to NWB 2, or save its spike times as CSV"
NUMPY = (".npz", ".npy")
SONATA_OTHERS = {
    "nodes": "nodes",
    "edges": "edges",
    "report": "a report of traces",
}
"""Groups of SONATA files without spikes, and what they hold."""


def main(arguments: list[str]) -> None:
    """Read a file and write its spikes to the standard output."""
    answer = own_output()
    path, name = Path(arguments[0]), arguments[1] if len(arguments) > 1 else ""
    options = Options(**json.loads(arguments[2])) if len(arguments) > 2 else Options()
    answer_for(path, name or None, answer, options)


def own_output() -> BinaryIO:
    """Return the standard output for the answer, and silence everything else that prints."""
    answer = os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    logging.disable()
    return answer


@dataclass(frozen=True)
class Options:
    """What a user says of a file.

    Attributes
    ----------
    unit : str or None
        Unit of times, where the file does not name it: "ms", "s" or "us".
    nodes : tuple of str
        SONATA files that say who the neurons are: nodes, tables of types or configurations.
    """

    unit: str | None = None
    nodes: tuple[str, ...] = ()


NO_OPTIONS = Options()


def answer_for(
    path: Path, name: str | None, answer: BinaryIO, options: Options = NO_OPTIONS
) -> None:
    """Write the spikes of a file, or why it cannot be read, to a stream."""
    with answering(answer):
        config = read_config(path) if path.suffix.lower() == ".json" else None
        if config is not None:
            path, name = _spikes_of(config), "sonata"
        nodes = [] if config is None else list(config.nodes)
        nodes += named_files(options.nodes)
        files = [path, *(own for pair in nodes for own in pair if own is not None)]
        for own in files:
            if not own.is_file():
                raise NeurosimError(f"it needs {own}, which is no file")
        confine(sum(own.stat().st_size for own in files))
        imported = read(path, name, options.unit, read_all_nodes(nodes))
        if config is not None:
            imported = replace(imported, dt=config.dt, duration=config.duration)
        write(answer, imported)


def _spikes_of(config: Config) -> Path:
    """Return the file of spikes that a configuration names.

    Raises
    ------
    NeurosimError
        If it names none, or none that exists.
    """
    if config.spikes is None:
        raise NeurosimError("it names no spikes_file under output: give the file of spikes")
    if not config.spikes.is_file():
        raise NeurosimError(f"it names the spikes_file {config.spikes}, which is no file")
    return config.spikes


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
    except FormatError as error:
        words = f"it does not follow its format ({reason(error)[:200]}): write it anew"
        write_line(answer, {"error": words})
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


def read(
    path: Path, name: str | None, unit: str | None = None, nodes: Mapping[str, Nodes] | None = None
) -> ImportedSpikes:
    """Read a file with the reader named, or with the one that fits its suffix and content."""
    import h5py

    from neurosim.interchange.neo.files import read_neo
    from neurosim.interchange.npz import read_npz

    if name == "npz" or (name is None and path.suffix.lower() in NUMPY):
        return read_npz(path, unit)
    is_nwb = name == "nwb" or (name is None and path.suffix.lower() == ".nwb")
    if name in (None, "nwb", "sonata") and h5py.is_hdf5(path):
        with h5py.File(path, "r") as file:
            reader = HDF5Reader(path.stat().st_size)
            found = _read_nwb(file, reader, is_nwb)
            if found is not None:
                _refuse_options(unit, nodes)
                return found
            found = _read_sonata(file, reader, unit, nodes)
            if found is not None:
                return found
    elif is_nwb:
        raise NeurosimError(
            "it is not an HDF5 file, and NWB files are: check that it was downloaded completely"
        )
    if name in ("nwb", "sonata"):
        raise NeurosimError(f"it is no {name.upper()} file: leave the format to be found out")
    _refuse_options(unit, nodes)
    return read_neo(path, name)


def _refuse_options(unit: str | None, nodes: Mapping[str, Nodes] | None) -> None:
    """Refuse options that a format has no use for."""
    if unit is not None:
        raise NeurosimError(f"its format knows the unit of times: leave unit = {unit!r} out")
    if nodes:
        raise NeurosimError("nodes are for SONATA files of spikes: leave them out")


def _read_nwb(file: h5py.File, reader: HDF5Reader, is_nwb: bool) -> ImportedSpikes | None:
    """Read an NWB file, or return None if it is another HDF5 file."""
    from neurosim.interchange.nwb.read import read_nwb

    if reader.member(file, "neurosim") is not None:
        raise NeurosimError("it is a result of neurosim: open it with neurosim.load")
    version = reader.attribute(file, "nwb_version")
    # NWB 1 has its version in a dataset; files from before have none.
    is_first = str(version).removeprefix("NWB-").startswith(("0.", "1."))
    if is_first or (version is None and reader.member(file, "nwb_version") is not None):
        raise NeurosimError(f"it is an NWB 1 file, and {CONVERT}")
    if version is not None:
        return read_nwb(file, reader)
    if is_nwb and reader.member(file, "spikes") is None:
        raise NeurosimError(f"it lacks the attribute nwb_version of NWB 2, and {CONVERT}")
    return None


def _read_sonata(
    file: h5py.File, reader: HDF5Reader, unit: str | None, nodes: Mapping[str, Nodes] | None
) -> ImportedSpikes | None:
    """Read a SONATA spike file, or return None if it is another HDF5 file."""
    from neurosim.interchange.sonata.read import read_sonata

    if reader.member(file, "spikes") is not None:
        return read_sonata(file, reader, unit, nodes)
    for other, what in SONATA_OTHERS.items():
        if reader.member(file, other) is not None:
            raise NeurosimError(f"it holds {what} of SONATA, and no spikes: give the spikes file")
    return None


def write(answer: BinaryIO, imported: ImportedSpikes) -> None:
    """Write spikes to a stream: a line of JSON, then the arrays of each population."""
    sizes = [
        [
            name,
            len(train.times),
            len(train.recorded),
            train.names,
            None if train.observed is None else sum(map(len, train.observed)),
        ]
        for name, train in imported.trains.items()
    ]
    content = {"dt": imported.dt, "duration": imported.duration, "notes": imported.notes}
    write_line(answer, {"sizes": sizes, **content})
    for train in imported.trains.values():
        for array, kind in ((train.times, "<f8"), (train.ids, "<i8"), (train.recorded, "<i8")):
            answer.write(array.astype(kind).data)
        if train.observed is not None:
            answer.write(np.array([len(own) for own in train.observed], "<i8").data)
            answer.write(np.concatenate([np.empty((0, 2)), *train.observed]).astype("<f8").data)


def write_line(answer: BinaryIO, content: dict[str, Any]) -> None:
    """Write an object to a stream, as one line of JSON."""
    answer.write(json.dumps(content).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
