"""The command `neurosim`."""

from __future__ import annotations

import io
import os
import re
import sys
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows `neurosim` on the command line, which is the default.

    Returns
    -------
    int
        A `Status`: 0 done, 1 a defect of neurosim, 2 the user's mistake, 130 stopped by Ctrl-C.
    """
    from neurosim.cli.supervision import supervised

    _replace_unencodable()
    if arguments is not None:
        return _main(list(arguments))
    return supervised(lambda: _main(sys.argv[1:]))


def _replace_unencodable() -> None:
    """Print a replacement for every character that the terminal's encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _main(arguments: list[str]) -> int:
    from neurosim.cli.failures import explain
    from neurosim.cli.status import Status

    try:
        return _execute(arguments or ["--help"])
    except KeyboardInterrupt:  # while the first modules were imported
        return Status.STOPPED
    except BrokenPipeError:
        # The reader, `head` perhaps, has seen enough. Python's flush at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Status.DONE
    except Exception as error:  # while the first modules were imported
        words = explain(error)
        if words is None:
            raise
        print(f"neurosim: {words}", file=sys.stderr)
        return Status.MISTAKE


def _execute(arguments: list[str]) -> int:
    """Carry out a command, together with the other processes where several were started."""
    from neurosim.cli.failures import explain
    from neurosim.cli.report import say
    from neurosim.cli.status import Status
    from neurosim.engine.mpi import Communicator, use_mpi_if_launched
    from neurosim.errors import NeurosimError
    from neurosim.utils.failure import abort, exit_status, wait_for_root

    comm = Communicator()
    try:
        with use_mpi_if_launched() as comm:
            status = _call(arguments)
        if status == Status.STOPPED and comm.is_root:
            say("stopped")
        return status
    except BrokenPipeError:
        raise
    except KeyboardInterrupt:
        if comm.is_root:
            say("stopped")
        status = Status.STOPPED
    except NeurosimError as error:
        wait_for_root(comm.rank)
        for line in str(error).splitlines():
            say(_shortened(line))
        status = Status.MISTAKE
    except Exception as error:
        wait_for_root(comm.rank)
        words = explain(error)
        if words is None:
            traceback.print_exc()
            words = (
                "this is a defect of neurosim, not of your input: please report it with the lines "
                "above"
            )
            status = Status.DEFECT
        else:
            status = Status.MISTAKE
        say(_shortened(words))
    except SystemExit as error:
        if not comm.is_serial and exit_status(error):
            abort(error)
        raise
    if not comm.is_serial:
        comm.abort(status)  # else the others would wait for this one for ever
    return status


def _shortened(line: str) -> str:
    """Return a message with the middle of very long names and paths left out."""
    return re.sub(r"(\S{100})\S{60,}(\S{60})", r"\1…\2", line)


def _call(arguments: list[str]) -> int:
    import typer

    # Their commands enter the app.
    from neurosim.cli import bench, exchange, files, nir, sweep  # noqa: F401
    from neurosim.cli.commands import app
    from neurosim.cli.status import Status
    from neurosim.errors import NeurosimError

    command = typer.main.get_command(app)
    try:
        # Without its standalone mode typer leaves words and exit status to us.
        status = command.main(arguments, "neurosim", standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        words = " ".join(error.format_message().replace("Value error, ", "").rstrip(".").split())
        raise NeurosimError(f"{words} (see `neurosim --help`)") from error
    return status or Status.DONE
