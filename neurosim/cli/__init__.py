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
    from neurosim.cli.report import say
    from neurosim.cli.status import Status

    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = _carry_out(given or ["--help"])
    except KeyboardInterrupt:
        status = Status.STOPPED
    except BrokenPipeError:
        # The reader, `head` perhaps, has seen enough. Python's flush at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Status.DONE
    except Exception:
        traceback.print_exc()
        say(
            "this is a defect of neurosim, not of your input: please report it with the lines above"
        )
        return Status.DEFECT
    if status == Status.STOPPED:
        say("stopped")
    return status


def _carry_out(arguments: list[str]) -> int:
    import typer

    from neurosim.cli.bench import app  # the commands, `bench` among them
    from neurosim.cli.report import say
    from neurosim.cli.status import Status
    from neurosim.errors import NeurosimError

    command = typer.main.get_command(app)
    try:
        # Without its standalone mode typer leaves words and exit status to us.
        status = command.main(arguments, "neurosim", standalone_mode=False)
        sys.stdout.flush()
    except NeurosimError as error:
        say(str(error))
        return Status.MISTAKE
    except typer.TyperException as error:
        say(f"{' '.join(error.format_message().split())} (see `neurosim --help`)")
        return Status.MISTAKE
    return status or Status.DONE
