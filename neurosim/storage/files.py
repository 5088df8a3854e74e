"""Files that are there whole or not at all."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError

if TYPE_CHECKING:
    from collections.abc import Iterator


PART = ".part-"
"""How files that are being written begin; then come the writer's process and the name to be."""


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a path beside `path` to write to, renamed to `path` once the block has ended well.

    Where the block raises, Ctrl-C included, what was written is removed and a former file at
    `path` stays as it was.

    Raises
    ------
    NeurosimError
        Where the file system refuses.
    """
    path = Path(path)
    # The suffix stays last: writers choose a format by it.
    part = path.with_name(f"{PART}{os.getpid()}-{path.name}")
    try:
        yield part
        _keep(part)
        os.replace(part, path)
        _keep(path.parent)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error).partition("\n")[0]
        raise NeurosimError(
            f"{path} cannot be written ({reason}): give a file in a folder that can"
        ) from error
    finally:
        # Where the folder is none, there is nothing to remove.
        with suppress(FileNotFoundError, NotADirectoryError):
            part.unlink()


def remove_parts(folder: Path) -> None:
    """Remove what writers that were killed have left in a folder; those at work keep theirs."""
    for part in folder.glob(f"{PART}*-*"):
        number = part.name.removeprefix(PART).partition("-")[0]
        if number.isdigit() and not _runs(int(number)):
            part.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    """Return whether there is a process of that number."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # another's
        return True
    return True


def _keep(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk before going on: power may fail."""
    if path.is_dir() and os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def plain(value: Any) -> Any:
    """Return `value` in the types of JSON: numpy's become Python's, NaN and infinity None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_json(value: Any, path: str | os.PathLike[str]) -> None:
    """Write `value` as JSON, whole or not at all.

    Parameters
    ----------
    value : object
        Mappings, sequences, numbers and strings, numpy's too; NaN and infinity become null.
    path : path-like

    Raises
    ------
    NeurosimError
        Where the file cannot be written.
    """
    text = json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with atomic_path(path) as part:
        part.write_text(text, encoding="utf-8")
