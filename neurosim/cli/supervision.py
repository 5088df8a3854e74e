"""Run a command under a memory limit in a supervised subprocess.

LLVM and OpenBLAS end the process without an exception if an allocation fails. Under a limit
(``ulimit -v``), the command therefore runs in a child process, and the parent reports the failure.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from neurosim.cli.failures import Status, out_of_memory
from neurosim.utils.resources import process_limits

if TYPE_CHECKING:
    from collections.abc import Callable

PR_SET_PDEATHSIG = 1
"""Option of Linux's prctl: signal sent to a process when its parent ends."""
FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP")
LEAST_MEMORY = 2**28
"""Memory (bytes) below which Python cannot import NumPy and SciPy."""
CRASHES = ("SIGABRT", "SIGSEGV", "SIGBUS")
"""Signals by which a failed allocation ends a process."""


def supervised(run: Callable[[], int]) -> int:
    """Run a command and return its exit status.

    If memory is limited, the command runs in a child process.
    """
    limits = process_limits()
    launched = any(name.startswith(("PMI", "OMPI_", "PALS_")) for name in os.environ)
    if not (limits and not launched and sys.platform == "linux"):
        return run()
    if min(limits.values()) < LEAST_MEMORY:
        return _report()
    # OpenBLAS allocates memory for each of its threads, and may block if this fails.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    report, completed = os.pipe()
    signals = {signal.SIGCHLD, *(getattr(signal, name) for name in FORWARDED)}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        os.close(report)
        _die_with(parent)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        status = run()
        os.write(completed, bytes([status]))
        return status
    os.close(completed)
    code = _wait(child, signals)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return _status(code, os.read(report, 1))


def _die_with(parent: int) -> None:
    """Ask the system to kill this process when its parent ends."""
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(Status.INTERRUPTED)


def _wait(child: int, signals: set[signal.Signals]) -> int:
    """Wait for a child process, and forward signals to it.

    Return its exit code as `Popen` does.
    """
    while True:
        received = signal.sigwaitinfo(signals)
        if received.si_signo == signal.SIGCHLD:
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
        elif received.si_code <= 0:  # sent by a process; a terminal signals the child as well
            os.kill(child, received.si_signo)


def _status(code: int, reported: bytes) -> int:
    """Return the exit status of the command; report a crash of the child process.

    A process that has reported its status may still crash while it ends.
    """
    if code < 0 and signal.Signals(-code).name not in CRASHES:
        signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
        os.kill(os.getpid(), -code)
    return reported[0] if reported else _report()


def _report() -> int:
    """Print that memory is exhausted, and return the exit status."""
    print(f"neurosim: {out_of_memory()}", file=sys.stderr)
    return Status.USER_ERROR
