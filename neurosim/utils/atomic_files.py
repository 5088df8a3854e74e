"""Atomic file writes, and checked reads."""

from __future__ import annotations

import errno
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from neurosim.errors import NeurosimError

LARGEST_JSON = 2**26
"""Largest size of a JSON file (bytes)."""
PART = ".part-"
"""Prefix of incomplete files, followed by the process id and the final name."""
SYNCHRONIZE = 0x100000
"""Access right of Windows with which a process is opened."""


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Return a temporary path, which replaces `path` at the end of the block.

    If the block raises an exception, the temporary file is removed, and an existing file at `path`
    is unchanged.

    Raises
    ------
    NeurosimError
        If the file cannot be written.
    """
    path = Path(path)
    # The suffix is kept: writers choose the format by it.
    part = path.with_name(f"{PART}{os.getpid()}-{path.name}")
    try:
        yield part
        _sync(part)
        os.replace(part, path)
        _sync(path.parent)
    except OSError as error:
        raise not_writable(path, error, "a file in a folder") from error
    finally:
        with suppress(OSError):  # it may never have been created
            part.unlink()


def remove_parts(folder: Path) -> None:
    """Remove incomplete files of killed processes from a folder."""
    for part in folder.glob(f"{PART}*-*"):
        number = part.name.removeprefix(PART).partition("-")[0]
        if number.isdigit() and not _runs(int(number)):
            part.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    """Return whether a process with that id exists."""
    if sys.platform == "win32":  # os.kill would send it Ctrl-C
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(SYNCHRONIZE, False, process)
        return bool(handle and ctypes.windll.kernel32.CloseHandle(handle))
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # a process of another user
        return True
    return True


def _sync(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk."""
    if path.is_dir() and os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_file(path: Path, wanted: str) -> None:
    """Raise an error if a path is not a readable regular file.

    Parameters
    ----------
    path : Path
    wanted : str
        Completes the phrase "give …" in the error message.

    Raises
    ------
    NeurosimError
    """
    read_bytes(path, wanted, 0)


def read_bytes(path: Path, wanted: str, size: int = -1) -> bytes:
    """Read the first `size` bytes of a regular file, or all; `wanted` as for `check_file`.

    Reading a pipe may block, and a device may be infinite.

    Raises
    ------
    NeurosimError
    """
    try:
        if path.exists() and not path.is_file():
            raise OSError(errno.EINVAL, "not a regular file")
        with path.open("rb") as file:
            return file.read(size)
    except MemoryError as error:
        raise no_memory_for(path, error) from error
    except OSError as error:
        reason = error.strerror
    except ValueError:
        reason = "a path cannot contain a null character"
    raise NeurosimError(f"{path} cannot be read ({reason}): give {wanted}")


def not_writable(path: Path, error: Exception, wanted: str = "a folder") -> NeurosimError:
    """Return the error for a file or a folder that cannot be written."""
    number = getattr(error, "errno", None)
    reason = os.strerror(number) if number else str(error).partition("\n")[0]
    return NeurosimError(f"{path} cannot be written ({reason}): give {wanted} that can")


def no_memory_for(path: str | os.PathLike[str], error: MemoryError) -> NeurosimError:
    """Return the error for a file that needs more memory than there is."""
    reason = str(error).partition("\n")[0] or "out of memory"
    return NeurosimError(
        f"{path} cannot be read ({reason}): it needs more memory than this process may use, or it "
        "is damaged"
    )


def make_folder(path: Path) -> None:
    """Create a folder and its parents.

    Raises
    ------
    NeurosimError
        If it cannot be created.
    """
    try:
        if path.is_dir():
            return
        # `Path.mkdir` recurses, and thousands of folders would exhaust the stack.
        for folder in (*reversed(path.parents), path):
            if not folder.is_dir():
                if folder.exists():
                    raise NotADirectoryError(errno.ENOTDIR, folder)
                folder.mkdir(exist_ok=True)
    except (OSError, ValueError) as error:
        raise not_writable(path, error) from None


def read_json(
    path: Path, wanted: str, otherwise: str, largest: int = LARGEST_JSON
) -> dict[str, Any]:
    """Read a JSON object.

    Parameters
    ----------
    path : Path
    wanted : str
        Completes the sentence "give …" if the file cannot be read.
    otherwise : str
        What to do if the file is damaged.
    largest : int
        Largest size of the file (bytes).

    Raises
    ------
    NeurosimError
    """
    text = read_bytes(path, wanted, largest + 1)
    try:
        content = json.loads(text) if len(text) <= largest else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise NeurosimError(f"{path} is damaged or not a JSON object: {otherwise}")
    return content


def plain(value: Any) -> Any:
    """Return a value in types of JSON; NaN and infinity become None."""
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
    """Write a value as JSON, atomically.

    Parameters
    ----------
    value : object
        Mappings, sequences, arrays, numbers and strings; NaN and infinity become null.
    path : path-like

    Raises
    ------
    NeurosimError
        If the file cannot be written.
    """
    text = json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with atomic_path(path) as part:
        # File names may contain bytes that are not UTF-8; they are escaped.
        part.write_bytes(text.encode("utf-8", "backslashreplace"))
