"""Libraries that only some users need."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from neurosim.errors import NeurosimError


def import_optional(name: str) -> Any:
    """Import a module of an optional library.

    Raises
    ------
    NeurosimError
        Where it is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        raise NeurosimError(
            f'{name.partition(".")[0]} is not installed: pip install "neurosim-bridge[interop]"'
        ) from None
