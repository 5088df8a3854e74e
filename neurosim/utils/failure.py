"""Ending an MPI job when one of its processes fails.

The other processes would otherwise wait for the failed one for ever: MPI has no time limit.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any, NoReturn

from neurosim.errors import NeurosimError

if TYPE_CHECKING:
    from types import TracebackType

SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "PMIX_SIZE", "PALS_SIZE")
"""Variables in which MPI launchers pass the number of processes."""

FIRST_REPORTS = 3.0
"""Time in which the first process may report an error that all processes may share (s)."""

FORWARDING = 0.5
"""Time in which the launcher may forward the last output of a job before it is aborted (s)."""


def launched_by_mpi() -> bool:
    """Return whether an MPI launcher started this process with others."""
    sizes = [os.environ.get(name, "") for name in SIZES]
    return any(size.isdigit() and int(size) > 1 for size in sizes)


def exit_status(error: BaseException) -> int:
    """Return the exit status of a process that an exception ends.

    It is 2 for a `NeurosimError`, as it is for the command, and 130 for Ctrl-C.
    """
    if isinstance(error, SystemExit):
        if error.code is None or isinstance(error.code, int):
            return (error.code or 0) & 0xFF
        return 1
    if isinstance(error, KeyboardInterrupt):
        return 130
    return 2 if isinstance(error, NeurosimError) else 1


def wait_for_root(rank: int) -> None:
    """Wait, unless this is the first process, so that it may report an error and end the job."""
    if rank > 0:
        time.sleep(FIRST_REPORTS)


def abort(error: BaseException) -> NoReturn:
    """Print an exception and end all processes of the job with its exit status."""
    from mpi4py import MPI

    if not isinstance(error, SystemExit):
        _previous_hook(type(error), error, error.__traceback__)
    elif not isinstance(error.code, int):
        print(error.code, file=sys.stderr)
    end_job(MPI.COMM_WORLD, exit_status(error))


def end_job(communicator: Any, status: int) -> NoReturn:
    """End all processes of an MPI job, once what this one printed has been forwarded."""
    sys.stdout.flush()
    sys.stderr.flush()
    time.sleep(FORWARDING)
    communicator.Abort(status)
    os._exit(status)  # MPI_Abort may return before the launcher ends this process


def install_hook() -> None:
    """Let an uncaught exception of this process end the job; see `sys.excepthook`."""
    global _previous_hook, _owner
    if not _owner:  # a hook installed since may call ours, which must not call it in turn
        _previous_hook, _owner = sys.excepthook, os.getpid()
        sys.excepthook = _hook


_previous_hook = sys.excepthook
_owner = 0
"""Process that installed the hook: a forked copy must not end the job."""


def _hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Report an uncaught exception, and end the job if MPI is running."""
    mpi: Any = sys.modules.get("mpi4py.MPI")
    running = mpi is not None and mpi.Is_initialized() and not mpi.Is_finalized()
    if running and mpi.COMM_WORLD.size > 1 and os.getpid() == _owner:
        wait_for_root(mpi.COMM_WORLD.rank)
        abort(error.with_traceback(trace))
    _previous_hook(kind, error, trace)
