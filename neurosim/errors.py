"""The exception that reports a mistake of the user."""

from __future__ import annotations


class NeurosimError(ValueError):
    """A mistake of the user: one sentence that names the value, its range and the fix.

    The command line prints the sentence and exits with status 2; anything else that escapes is a
    defect of the program and exits with status 1.
    """
