"""The command `neurosim`."""

from __future__ import annotations

import os
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
    from neurosim.cli.status import Status

    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _carry_out(given or ["--help"])
    except KeyboardInterrupt:  # while the first modules were imported
        return Status.STOPPED
    except BrokenPipeError:
        # The reader, `head` perhaps, has seen enough. Python's flush at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Status.DONE


def _carry_out(arguments: list[str]) -> int:
    """Carry out a command, together with the other processes where several were started."""
    from neurosim.cli.report import say
    from neurosim.cli.status import Status
    from neurosim.errors import NeurosimError
    from neurosim.failure import abort, exit_status, wait_for_first
    from neurosim.ranks import Ranks, spread_as_started

    ranks = Ranks()
    try:
        with spread_as_started() as ranks:
            status = _call(arguments)
        if status == Status.STOPPED and ranks.leads:
            say("stopped")
        return status
    except BrokenPipeError:
        raise
    except KeyboardInterrupt:
        if ranks.leads:
            say("stopped")
        status = Status.STOPPED
    except NeurosimError as error:
        wait_for_first(ranks.rank)
        for line in str(error).splitlines():
            say(line)
        status = Status.MISTAKE
    except Exception:
        wait_for_first(ranks.rank)
        traceback.print_exc()
        say(
            "this is a defect of neurosim, not of your input: please report it with the lines above"
        )
        status = Status.DEFECT
    except SystemExit as error:
        if not ranks.alone and exit_status(error):
            abort(error)
        raise
    if not ranks.alone:
        ranks.give_up(status)  # else the others would wait for this one for ever
    return status


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
