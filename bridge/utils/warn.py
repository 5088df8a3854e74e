"""Warnings that name the line of the user's code."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path

PACKAGE = str(Path(__file__).parents[1])


def warn(message: str) -> None:
    """Warn at the first caller outside of the bridge."""
    level, frame = 2, inspect.currentframe()
    while frame is not None and (frame := frame.f_back) is not None:
        if not frame.f_code.co_filename.startswith(PACKAGE):
            break
        level += 1
    warnings.warn(message, UserWarning, stacklevel=level)
