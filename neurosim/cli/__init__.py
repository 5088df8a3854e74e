"""The command `neurosim`."""

from __future__ import annotations

import atexit
import gc
import io
import os
import re
import sys
import traceback
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


GARBAGE_THRESHOLD = 100_000
"""Number of new objects between two searches for garbage; Python's default is 700 or 2,000."""
STARTING = "starting"
"""Label of the progress line while packages are imported."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        Arguments after `neurosim`. Default: the arguments of the command line.

    Returns
    -------
    int
        A `neurosim.cli.failures.Status`.
    """
    from neurosim.cli.supervision import supervised

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # the terminal's encoding may lack characters
            stream.reconfigure(errors="replace")
    if arguments is not None:
        return _main(list(arguments))
    # Imports and compilation make millions of permanent objects. Searching them for garbage takes
    # a quarter of the time of a short command, most of it at the exit.
    gc.set_threshold(GARBAGE_THRESHOLD)
    atexit.register(gc.freeze)
    return supervised(lambda: _main(sys.argv[1:]))


def _main(arguments: list[str]) -> int:
    from neurosim.cli.failures import Status, explain

    try:
        return _run(arguments or ["--help"])
    except KeyboardInterrupt:  # during the first imports
        return Status.INTERRUPTED
    except BrokenPipeError:
        # The reader, such as `head`, has closed the pipe; Python's flush at exit must not fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Status.SUCCESS
    except Exception as error:  # during the first imports
        message = explain(error)
        if message is None:
            raise
        print(f"neurosim: {message}", file=sys.stderr)
        return Status.USER_ERROR


def _run(arguments: list[str]) -> int:
    """Run a command and report exceptions.

    If several processes were started, MPI is used.
    """
    from neurosim.utils.progress import progress_bar

    with progress_bar(text=STARTING, delay=1.0):
        from neurosim.cli.failures import Status, explain
        from neurosim.cli.report import info, warnings_as_messages
        from neurosim.engine.mpi import Communicator, use_mpi_if_launched
        from neurosim.utils.failure import abort, exit_status, wait_for_root

    communicator = Communicator()
    try:
        with warnings_as_messages(), use_mpi_if_launched() as communicator:
            status = _call(arguments)
        if status == Status.INTERRUPTED and communicator.is_root:
            info("stopped")
        return status
    except BrokenPipeError:
        raise
    except KeyboardInterrupt:
        if communicator.is_root:
            info("stopped")
        status = Status.INTERRUPTED
    except Exception as error:
        wait_for_root(communicator.rank)
        message, status = explain(error), Status.USER_ERROR
        if message is None:
            traceback.print_exc()
            message = "this is a bug in neurosim: please report it with the lines above"
            status = Status.INTERNAL_ERROR
        for line in message.splitlines():
            info(_shortened(line))
    except SystemExit as error:
        if not communicator.is_serial and exit_status(error):
            abort(error)
        raise
    if not communicator.is_serial:
        communicator.abort(status)  # otherwise the other processes would wait for ever
    return status


def _shortened(line: str) -> str:
    """Return a message with the middle of very long names and paths left out."""
    return re.sub(r"(\S{100})\S{60,}(\S{60})", r"\1…\2", line)


def _call(arguments: list[str]) -> int:
    from neurosim.cli.failures import Status
    from neurosim.errors import NeurosimError
    from neurosim.utils.progress import progress_bar

    with progress_bar(text=STARTING, delay=1.0):
        import typer

        from neurosim.cli.options import app

        for module in ("commands", "sweep", "exchange", "nir", "bench"):
            import_module(f"neurosim.cli.{module}")  # adds its commands to the app
    try:
        # Without standalone mode, typer leaves messages and the exit status to this package.
        status = typer.main.get_command(app).main(arguments, "neurosim", standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        message = " ".join(error.format_message().replace("Value error, ", "").rstrip(".").split())
        raise NeurosimError(f"{message} (see `neurosim --help`)") from error
    return status or Status.SUCCESS
