"""Files that Neo writes and reads."""

from __future__ import annotations

import warnings
from itertools import count
from typing import TYPE_CHECKING, Any

from neurosim.errors import NeurosimError
from neurosim.interchange.libraries import library
from neurosim.interchange.neo_objects import foreign_of, to_neo
from neurosim.storage import atomic_path

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from neurosim.interchange.foreign import Foreign
    from neurosim.recording import Result

UNSAFE = "PickleIO"
"""A reader that would do what a file tells it to."""
HEADER = b"MATLAB 5.0 MAT-file, neo.Block written by neurosim".ljust(116)
"""In place of one that tells machine and time."""


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
    writer = library("neo").io.NeoMatlabIO()
    describe, number = writer.create_struct_from_obj, count(1)
    # It numbers objects by where they lie in memory.
    writer.create_struct_from_obj = lambda part: describe(part) | {"neo_id": next(number)}
    with atomic_path(path) as part:
        writer.filename = str(part)
        try:
            writer.write_block(to_neo(result), appendmat=False)
        except library("scipy.io.matlab").MatWriteError as error:
            raise NeurosimError(
                f"{path} cannot be written ({str(error)[:80]}): save it as NWB"
            ) from None
        with part.open("r+b") as file:
            file.write(HEADER)


def read_neo(path: Path, name: str | None = None) -> Foreign:
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
    neo = library("neo")
    reasons = []
    for reader in _readers(neo, path, name):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                trains = _read(reader, path)
                if trains is not None:
                    return foreign_of(trains)
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


def _read(reader: Any, path: Path) -> Any:
    """Return the one segment that has spike trains, with what its block is annotated with."""
    blocks = [block for block in reader(str(path)).read() if block is not None]
    segments = [
        (block, segment)
        for block in blocks
        for segment in block.segments
        if len(segment.spiketrains)
    ]
    if not segments:
        return None
    if len(segments) > 1:
        raise NeurosimError(
            f"it has {len(segments)} segments with spikes: read it with Neo and give one of them "
            "to from_neo"
        )
    block, segment = segments[0]
    return block if len(block.segments) == 1 else segment
