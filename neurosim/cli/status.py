"""Exit statuses of the command."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """What the command tells the shell."""

    DONE = 0
    DEFECT = 1
    """Something that no input should bring about."""
    MISTAKE = 2
    """What was asked for cannot be done."""
    STOPPED = 130
    """By Ctrl-C: 128 + SIGINT, as shells have it."""
