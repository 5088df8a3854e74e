"""Atomic file writes, and reads of files that anyone may have put there."""

from __future__ import annotations

import errno
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


LARGEST_JSON = 2**26
"""Bytes of the largest JSON file that is read."""
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
        # There is nothing to remove where the folder, or a name of that length, is not allowed.
        with suppress(OSError):
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


def check_file(path: Path, wanted: str) -> None:
    """Refuse a path that does not lead to a regular file that can be read.

    A pipe would block its reader, and a device may have no end.

    Parameters
    ----------
    path : Path
    wanted : str
        What to give instead.

    Raises
    ------
    NeurosimError
    """
    reason: str | None = None
    try:
        if path.exists() and not path.is_file():
            reason = "not a regular file"
        else:
            path.open("rb").close()
    except OSError as error:
        reason = error.strerror
    except ValueError:
        reason = "no path has a null character"
    if reason is not None:
        raise NeurosimError(f"{path} cannot be read ({reason}): give {wanted}")


def no_memory_for(path: str | os.PathLike[str], error: MemoryError) -> NeurosimError:
    """Return the refusal of a file that takes more memory than there is."""
    reason = str(error).partition("\n")[0] or "out of memory"
    return NeurosimError(
        f"{path} cannot be read ({reason}): it takes more memory than this process may use, or it "
        "is damaged"
    )


def make_folder(path: Path) -> None:
    """Make a folder and those that lead to it.

    Raises
    ------
    NeurosimError
        Where it cannot be made.
    """
    try:
        if path.is_dir():
            return
        # `Path.mkdir` recurses, and thousands of folders would exhaust the stack.
        for folder in (*reversed(path.parents), path):
            if not folder.is_dir():
                if folder.exists():
                    raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
                folder.mkdir(exist_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise NeurosimError(
            f"{path} cannot be written ({reason}): give a folder that can"
        ) from None


def read_json(path: Path, wanted: str, otherwise: str) -> dict[str, Any]:
    """Read a JSON object.

    Parameters
    ----------
    path : Path
    wanted : str
        What to give instead of a file that cannot be read.
    otherwise : str
        What to do where the file is damaged.

    Raises
    ------
    NeurosimError
    """
    check_file(path, wanted)
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST_JSON + 1)
        content = json.loads(text) if len(text) <= LARGEST_JSON else None
    except OSError as error:
        raise NeurosimError(f"{path} cannot be read ({error.strerror}): give {wanted}") from None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise NeurosimError(f"{path} is damaged or no JSON object: {otherwise}")
    return content


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
        # Names of files may hold bytes that are no UTF-8. They are escaped as JSON has it.
        part.write_bytes(text.encode("utf-8", "backslashreplace"))
