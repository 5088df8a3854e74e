"""Lock a folder while a process writes it."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from neurosim.errors import NeurosimError
from neurosim.utils.atomic_files import make_folder, not_writable

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCK = ".lock"
"""Name of the lock file; it contains the process id."""
HELD = frozenset((errno.EACCES, errno.EAGAIN, errno.EDEADLK))
"""Errors for a lock held by another process; others mean that locks are not supported."""


@contextmanager
def lock_folder(folder: Path, *, shared: bool = False) -> Iterator[None]:
    """Create a folder if necessary, and lock it for the time of a block.

    The system releases the lock of a killed process. File systems without locks are not locked.

    Parameters
    ----------
    folder : Path
    shared : bool
        Whether other processes may hold a shared lock at the same time.

    Raises
    ------
    NeurosimError
        If another process holds the lock, or the folder cannot be written.
    """
    make_folder(folder)
    path = folder / LOCK
    descriptor = _acquire(path, shared)
    try:
        yield
    finally:
        _release(descriptor, path)


def require_unlocked(folder: Path) -> None:
    """Raise an error if another process has locked a folder.

    Raises
    ------
    NeurosimError
    """
    with suppress(OSError):
        descriptor = os.open(folder / LOCK, os.O_RDWR)
        try:
            if not _lock(descriptor, shared=True):
                raise _locked(folder)
        finally:
            os.close(descriptor)


def _acquire(path: Path, shared: bool) -> int:
    """Open and lock a lock file; return its descriptor."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise not_writable(path.parent, error) from None
        if not _lock(descriptor, shared):
            os.close(descriptor)
            raise _locked(path.parent)
        if _is_current(descriptor, path):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, b"%d\n" % os.getpid())
            return descriptor
        os.close(descriptor)  # the previous owner removed the file before it released the lock


def _release(descriptor: int, path: Path) -> None:
    """Release a lock, and remove the file unless others share the lock."""
    with suppress(OSError):
        if _lock(descriptor, shared=False) and _is_current(descriptor, path):
            if os.name == "nt":  # an open file cannot be removed there
                os.close(descriptor)
                path.unlink()
                return
            path.unlink()
    os.close(descriptor)


def _is_current(descriptor: int, path: Path) -> bool:
    """Return whether a path still refers to an open file."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _lock(descriptor: int, shared: bool) -> bool:
    """Lock an open file without waiting.

    Return False if another process has locked it.
    """
    try:
        import fcntl
    except ImportError:
        return _lock_on_windows(descriptor)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in HELD
    return True


def _lock_on_windows(descriptor: int) -> bool:
    """Lock a byte after the content of a file: locked bytes cannot be read on Windows."""
    import msvcrt  # no shared locks: two sweeps into one folder exclude each other

    os.lseek(descriptor, 2**30, os.SEEK_SET)
    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except OSError as error:
        return error.errno not in HELD
    finally:
        os.lseek(descriptor, 0, os.SEEK_SET)
    return True


def _locked(folder: Path) -> NeurosimError:
    owner = ""
    with suppress(OSError, ValueError):
        owner = f" (process {int((folder / LOCK).read_bytes()[:20])})"
    return NeurosimError(
        f"{folder} is being written by another run{owner}: wait until that one ends, or give "
        "another folder with --out"
    )
