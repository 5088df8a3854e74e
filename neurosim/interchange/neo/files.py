"""Read and write files with Neo."""

from __future__ import annotations

import re
import warnings
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.common import import_optional
from neurosim.interchange.imported_spikes import MAX_ID, NO_NAME, ImportedSpikes, PopulationSpikes
from neurosim.interchange.neo.objects import spikes_of_neo, to_neo
from neurosim.utils.atomic_files import atomic_path

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from neurosim.results import Result

UNSAFE = "PickleIO"
"""A reader that runs code in the file."""
WITHOUT_SPANS = ("BrainwareSrcIO", "KwikIO", "NeurosharectypesIO")
"""Readers that let a train stop at or after its last spike: their files have no spans."""
HEADER = b"MATLAB 5.0 MAT-file, neo.Block written by neurosim".ljust(116)
"""Replaces a header with the name of the machine and the time."""


def save_neo(result: Result, path: str | os.PathLike[str]) -> None:
    """Write a result as Neo's block into a MATLAB file, whole or not at all.

    MATLAB opens it, and `neo.io.NeoMatlabIO` gives the block back. Equal results make equal files.

    Parameters
    ----------
    result : Result
    path : path-like
        Its suffix is .mat.

    Raises
    ------
    NeurosimError
        Where Neo is not installed, the file cannot be written, or it takes more than 4 GiB.
    """
    writer = import_optional("neo").io.NeoMatlabIO()
    describe, number = writer.create_struct_from_obj, count(1)
    # It numbers objects by where they lie in memory.
    writer.create_struct_from_obj = lambda part: describe(part) | {"neo_id": next(number)}
    with atomic_path(path) as part:
        writer.filename = str(part)
        try:
            writer.write_block(to_neo(result), appendmat=False)
        except import_optional("scipy.io.matlab").MatWriteError as error:
            raise NeurosimError(
                f"{path} cannot be written ({str(error)[:80]}): save it as NWB"
            ) from None
        with part.open("r+b") as file:
            file.write(HEADER)


def read_neo(path: Path, name: str | None = None) -> ImportedSpikes:
    """Read the spike trains of a file with one of Neo's readers.

    Parameters
    ----------
    path : Path
    name : str, optional
        Of the reader; by default all that may read such a file are tried.

    Raises
    ------
    NeurosimError
    """
    neo = import_optional("neo")
    reasons = []
    for reader in _readers(neo, path, name):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = _read(reader, path)
                if found is not None:
                    return found
            words = "no spike trains"
        except NeurosimError:
            raise
        except Exception as error:  # readers raise anything
            words = " ".join(str(error).split())[:120] or type(error).__name__
        reasons.append(f"{reader.__name__} ({words})")
    raise NeurosimError(f"Neo could not read spikes from it by {', nor by '.join(reasons[:3])}")


def _readers(neo: Any, path: Path, name: str | None) -> list[Any]:
    """Return the readers to try: of single files, for a folder may hold what was not given."""
    # NWB is read without Neo.
    usable = [io for io in neo.iolist if io.mode == "file" and io.__name__ != UNSAFE]
    if name is not None:
        chosen = [io for io in usable if io.__name__ == name]
        if not chosen:
            raise NeurosimError(
                f"format = {name!r} is none: give csv, nwb, sonata or a reader of Neo's for single "
                "files, such as NeoMatlabIO"
            )
        return chosen
    suffix = path.suffix.lower().lstrip(".")
    if suffix in (ending.lower() for ending in neo.io.PickleIO.extensions):
        raise NeurosimError("it is pickled, and to read it would be to run it: save it otherwise")
    chosen = [io for io in usable if suffix in (ending.lower() for ending in io.extensions)]
    if not suffix or not chosen:
        raise NeurosimError(
            f"nothing is known to read {path.suffix or 'a file without a suffix'}: give NWB, "
            "SONATA, CSV or a file that Neo reads"
        )
    return chosen


def _read(reader: Any, path: Path) -> ImportedSpikes | None:
    """Return the spikes of all segments, or None if there are no spike trains."""
    if reader.__name__ in OWN:
        return OWN[reader.__name__](path)
    blocks = [block for block in reader(str(path)).read() if block is not None]
    segments = [
        segment for block in blocks for segment in block.segments if len(segment.spiketrains)
    ]
    if not segments:
        return None
    spikes = blocks[0] if len(blocks) == 1 else import_optional("neo").Block()
    if len(blocks) > 1:
        spikes.segments.extend(segments)
    return spikes_of_neo(spikes, spans_known=reader.__name__ not in WITHOUT_SPANS)


def _read_gdf(path: Path) -> ImportedSpikes:
    """Read the spikes that NEST 2 writes: a neuron's id and a time (ms) a line, or times alone.

    NestIO has to be told the ids, and cannot read files of one or two spikes.
    """
    columns = np.loadtxt(path, ndmin=2)
    if columns.shape[1] > 2:
        raise NeurosimError(
            f"it has {columns.shape[1]} columns, and a NEST spike file in ms has 2: give one that "
            "was written without time_in_steps"
        )
    times, ids = columns[:, -1], np.zeros(len(columns))
    if columns.shape[1] == 2:
        ids = columns[:, 0]
    if not np.all((ids >= 0) & (ids <= MAX_ID) & (ids == np.floor(ids))):
        raise NeurosimError(
            "its first column holds no ids of neurons: NEST writes the id, then the time in ms"
        )
    numbers = ids.astype(np.int64)
    return ImportedSpikes({NO_NAME: PopulationSpikes(times, numbers, np.unique(numbers))})


def _read_text_trains(path: Path) -> ImportedSpikes:
    """Read one spike train a line, in s and in single precision as AsciiSpikeTrainIO does.

    That reader fails on silent trains and drops the last digit of a file without a last line end.
    """
    neo, second = import_optional("neo"), import_optional("quantities").s
    trains = []
    with path.open(encoding="utf-8-sig") as file:
        for line in file:
            times = np.array(re.split(r"[\s,;]+", line.strip(" \t\r\n,;")), str)
            times = times[times != ""].astype("f")
            trains.append(neo.SpikeTrain(times * second, t_stop=times.max(initial=0.0) * second))
    # A train stops at its last spike here: the file does not say how long it was recorded.
    return spikes_of_neo(trains, spans_known=False)


OWN = {"NestIO": _read_gdf, "AsciiSpikeTrainIO": _read_text_trains}
"""Readers for files that Neo's reader of the same name cannot read in full."""
