"""Read and write files with Neo."""

from __future__ import annotations

import re
import warnings
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.neo.objects import spikes_of_neo, to_neo
from neurosim.utils.atomic_files import atomic_path
from neurosim.utils.optional import require

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from neurosim.interchange.imported_spikes import ImportedSpikes
    from neurosim.results import Result

UNSAFE = "PickleIO"
"""A reader that executes code in the file."""
WITHOUT_SPANS = ("BrainwareSrcIO", "KwikIO", "NeurosharectypesIO")
"""Readers of files without the duration of trains: a train stops at or after its last spike."""
HEADER = b"MATLAB 5.0 MAT-file, neo.Block written by neurosim".ljust(116)
"""Replaces a header with the name of the machine and the time."""


def save_neo(result: Result, path: str | os.PathLike[str]) -> None:
    """Write a result as a Neo block to a MATLAB file.

    MATLAB and `neo.io.NeoMatlabIO` can read it. The file is written atomically. Equal results give
    identical files.

    Parameters
    ----------
    result : Result
    path : path-like
        With the suffix .mat.

    Raises
    ------
    NeurosimError
        If Neo is not installed, or the file cannot be written or is larger than 4 GiB.
    """
    from scipy.io.matlab import MatWriteError

    writer = require("neo", "save_neo").io.NeoMatlabIO()
    describe, number = writer.create_struct_from_obj, count(1)
    # Neo numbers objects by their addresses in memory.
    writer.create_struct_from_obj = lambda part: describe(part) | {"neo_id": next(number)}
    with atomic_path(path) as part:
        writer.filename = str(part)
        try:
            writer.write_block(to_neo(result), appendmat=False)
        except MatWriteError as error:
            raise NeurosimError(
                f"{path} cannot be written ({str(error)[:80]}): save it as NWB"
            ) from None
        with part.open("r+b") as file:
            file.write(HEADER)


def read_neo(path: Path, name: str | None = None) -> ImportedSpikes:
    """Read the spike trains of a file with a Neo reader.

    Parameters
    ----------
    path : Path
    name : str, optional
        Name of the reader. Default: try all readers for the suffix of the file.

    Raises
    ------
    NeurosimError
        If no reader finds spike trains.
    """
    reasons = []
    for reader in _readers(path, name):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = _read(reader, path)
            if found is not None:
                return found
            words = "no spike trains"
        except NeurosimError:
            raise
        except Exception as error:  # Neo does not document which
            words = " ".join(str(error).split())[:120] or type(error).__name__
        reasons.append(f"{reader.__name__} ({words})")
    raise NeurosimError(f"Neo could not read spikes from it with {', nor with '.join(reasons[:3])}")


def _readers(path: Path, name: str | None) -> list[Any]:
    """Return the readers to try.

    Readers of folders are omitted, because they would read other files of the folder.
    """
    neo = require("neo", "load_spikes for this format")
    usable = [io for io in neo.iolist if io.mode == "file" and io.__name__ != UNSAFE]
    if name is not None:
        chosen = [io for io in usable if io.__name__ == name]
        if not chosen:
            raise NeurosimError(
                f"unknown format = {name!r}: give csv, npz, nwb, sonata or a Neo reader of single "
                "files, such as NeoMatlabIO"
            )
        return chosen
    suffix = path.suffix.lower().lstrip(".")
    if suffix in (ending.lower() for ending in neo.io.PickleIO.extensions):
        raise NeurosimError(
            "it is pickled, and reading it would execute code: save it in another format"
        )
    chosen = [io for io in usable if suffix in (ending.lower() for ending in io.extensions)]
    if not suffix or not chosen:
        raise NeurosimError(
            f"there is no reader for {path.suffix or 'a file without a suffix'}: give NWB, SONATA, "
            "CSV or a file that Neo reads"
        )
    return chosen


def _read(reader: Any, path: Path) -> ImportedSpikes | None:
    """Return the spikes of all segments, or None if there are no spike trains."""
    if reader.__name__ == "AsciiSpikeTrainIO":
        return _read_lines(path)
    import neo

    blocks = [block for block in reader(str(path)).read() if block is not None]
    segments = [
        segment for block in blocks for segment in block.segments if len(segment.spiketrains)
    ]
    if not segments:
        return None
    block = blocks[0]
    if len(blocks) > 1:
        block = neo.Block()
        block.segments.extend(segments)
    return spikes_of_neo(block, spans_known=reader.__name__ not in WITHOUT_SPANS)


def _read_lines(path: Path) -> ImportedSpikes:
    """Read one spike train per line, in s.

    Times have single precision, like those of AsciiSpikeTrainIO.

    The reader of Neo fails for silent neurons, and drops the last digit of a file without a final
    newline.
    """
    import neo
    from quantities import s as second

    trains = []
    for line in path.read_text(encoding="utf-8-sig").splitlines():
        times = np.array([word for word in re.split(r"[\s,;]+", line) if word], str).astype("f")
        trains.append(neo.SpikeTrain(times * second, t_stop=times.max(initial=0.0) * second))
    # The last spike does not mark the end of the recording.
    return spikes_of_neo(trains, spans_known=False)
