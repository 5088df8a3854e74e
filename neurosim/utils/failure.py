"""End an MPI job when one of its processes fails.

Otherwise the other processes would wait forever: MPI has no timeouts.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from neurosim.errors import NeurosimError
from neurosim.utils.launcher import launched_by_mpi

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

STARTING = 5.0
"""Time (s) that a failed process waits for the others to start MPI."""

ROOT_REPORTS = 3.0
"""Time (s) in which the first process may report an error that occurs on all processes."""

FORWARDING = 0.5
"""Time (s) in which the launcher may forward the last output of a job before it is aborted."""


def exit_status(error: BaseException) -> int:
    """Return the exit status of a process that ends with an exception.

    It is 2 for a `NeurosimError`, as for the command, and 130 for Ctrl-C.
    """
    if isinstance(error, SystemExit):
        if error.code is None or isinstance(error.code, int):
            return (error.code or 0) & 0xFF
        return 1
    if isinstance(error, KeyboardInterrupt):
        return 130
    return 2 if isinstance(error, NeurosimError) else 1


def wait_for_root(rank: int) -> None:
    """Wait on all processes but the first.

    The first process may then report an error and end the job.
    """
    if rank > 0:
        time.sleep(ROOT_REPORTS)


def abort(error: BaseException) -> NoReturn:
    """Print an exception, and end all processes of the job with its exit status."""
    from mpi4py import MPI

    if not isinstance(error, SystemExit):
        _previous_hook(type(error), error, error.__traceback__)
    elif not isinstance(error.code, int):
        print(error.code, file=sys.stderr)
    end_job(MPI.COMM_WORLD, exit_status(error))


def end_job(comm: Any, status: int) -> NoReturn:
    """End all processes of an MPI job.

    The output of this process is forwarded first.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    time.sleep(FORWARDING)
    if comm is not None:
        comm.Abort(status)
    os._exit(status)  # MPI_Abort may return before the launcher ends this process


def _fail_late() -> None:
    """End the job at the exit of a process that called `sys.exit` with an error."""
    if _status:
        _fail(_status)


def install_hook() -> None:
    """End the job if an uncaught exception or error exit ends this process.

    An error exit is `sys.exit` with an error.
    """
    global _previous_hook, _owner
    if not _owner:  # a hook installed later may call ours, which must not call it in turn
        _previous_hook, _owner = sys.excepthook, os.getpid()
        sys.excepthook = _hook
        sys.exit = _exit
        atexit.register(_fail_late)


_previous_hook = sys.excepthook
_owner = 0
"""Process that installed the hook: a forked copy must not end the job."""
_status = 0
"""Status of the `sys.exit` that ends this process."""


class _Exit(SystemExit):
    """Exception of `sys.exit` that detects whether it ends the process."""

    def __del__(self) -> None:
        global _status
        if sys._getframe().f_back is None:  # released by the interpreter, not by Python code
            _status = exit_status(self)


def _exit(status: Any = None, /) -> NoReturn:
    """Exit the interpreter, as the original `sys.exit`."""
    raise _Exit(status)


def _hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Report an uncaught exception, and end the job."""
    _fail(exit_status(error), lambda: _previous_hook(kind, error, trace))


def _fail(status: int, report: Callable[[], object] = lambda: None) -> None:
    """Report an error, and end the MPI job of this process, if any."""
    world = starting = None
    if os.getpid() == _owner:
        if "mpi4py.MPI" not in sys.modules and launched_by_mpi():
            starting = _start_mpi()
        mpi: Any = sys.modules.get("mpi4py.MPI")
        if not starting and mpi and mpi.Is_initialized() and not mpi.Is_finalized():
            world = mpi.COMM_WORLD if mpi.COMM_WORLD.size > 1 else None
    wait_for_root(world.rank if world else 0)
    report()
    # A process that ends while it starts MPI also ends the job, when the others start MPI.
    if world or starting:
        end_job(world, status)


def _start_mpi() -> bool:
    """Start MPI, which needs the other processes; return whether it is still starting."""

    def start() -> None:
        with suppress(ImportError):
            import_module("mpi4py.MPI")

    thread = threading.Thread(target=start, daemon=True)
    thread.start()
    thread.join(STARTING)
    return thread.is_alive()
