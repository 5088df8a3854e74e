"""Exit statuses, and messages for failures of the environment."""

from __future__ import annotations

import errno
import os
from enum import IntEnum
from traceback import walk_tb
from typing import TYPE_CHECKING

from neurosim.errors import NeurosimError
from neurosim.utils.resources import process_limits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType


class Status(IntEnum):
    """Exit statuses of the command."""

    SUCCESS = 0
    INTERNAL_ERROR = 1
    """A bug in neurosim."""
    USER_ERROR = 2
    """Invalid input, or a failure of the environment."""
    INTERRUPTED = 130
    """By Ctrl-C: 128 + SIGINT, as in shells."""


ENVIRONMENT = frozenset(
    (
        errno.EACCES,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EIO,
        errno.ELOOP,
        errno.EMFILE,
        errno.ENAMETOOLONG,
        errno.ENFILE,
        errno.ENOSPC,
        errno.EPERM,
        errno.EROFS,
    )
)
"""Errors of the operating system that only the user or the administrator can solve."""
NO_MEMORY = ("cannot allocate memory", "not enough memory", "unable to allocate")
"""Lower-case phrases of exceptions other than MemoryError that report a lack of memory."""
LIMITED = (
    "can't start new thread",
    "error return without exception set",
    "failed to map segment",
    "returned null without setting an exception",
    "shared object file 'libllvmlite",
)
"""Phrases that report a lack of memory only if the memory of the process is limited."""
COMPILER = ("numba", "llvmlite")


def explain(error: BaseException) -> str | None:
    """Return a message for invalid input or a failure of the environment, else None."""
    if isinstance(error, NeurosimError):
        return str(error)
    for cause in _chain(error):
        if isinstance(cause, MemoryError) or _lacks_memory(cause):
            return out_of_memory(_first_line(cause) if isinstance(cause, MemoryError) else "")
    for cause in _chain(error):
        if isinstance(cause, OSError) and cause.errno in ENVIRONMENT:
            is_path = isinstance(cause.filename, (str, bytes, os.PathLike))
            path = f"{os.fsdecode(cause.filename)}: " if is_path else ""
            return f"{path}{os.strerror(cause.errno or 0)}: give another file or folder"
    return _compiler_failure(error)


def out_of_memory(detail: str = "") -> str:
    """Return the message for a lack of memory.

    It has the memory limits of this process, if any.
    """
    message = f"out of memory{f' ({detail})' if detail else ''}: "
    limits = process_limits()
    if not limits:
        return (
            message + "use a machine with more memory, or a smaller network or shorter recordings"
        )
    option = "ulimit -v" if "VmSize" in limits else "ulimit -d"
    return message + (
        f"this process is limited to {min(limits.values()) / 2**30:.2g} GiB ({option}); raise the "
        "limit, or use a smaller network or shorter recordings"
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and its causes."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _lacks_memory(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    phrases = NO_MEMORY + (LIMITED if process_limits() else ())
    return isinstance(error, (ImportError, OSError, RuntimeError, SystemError)) and any(
        phrase in str(error).lower() for phrase in phrases
    )


def _compiler_failure(error: BaseException) -> str | None:
    """Return a message if Numba failed and environment variables configure it."""
    given = {name: value for name, value in os.environ.items() if name.startswith("NUMBA_")}
    if not (given and _raised_by(error.__traceback__).startswith(COMPILER)):
        return None
    shown = ", ".join(f"{name}={_short(value)}" for name, value in sorted(given.items()))
    return f"Numba failed ({_first_line(error)}) with {shown} set: correct or unset them"


def _raised_by(traceback: TracebackType | None) -> str:
    """Return the name of the module that raised an exception."""
    frames = [frame for frame, _ in walk_tb(traceback)]
    return str(frames[-1].f_globals.get("__name__", "")) if frames else ""


def _first_line(error: BaseException) -> str:
    return _short(str(error).strip().partition("\n")[0].rstrip("."))


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:119]}…"
