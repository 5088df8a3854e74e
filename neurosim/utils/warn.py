"""Warnings that name the line of the user's code."""

from __future__ import annotations

import sys
import warnings

PACKAGES = frozenset({"neurosim", "bridge"})


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line of the first caller outside `neurosim` and `bridge`."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in PACKAGES:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
