"""Optional dependencies."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from neurosim.errors import NeurosimError


def require(package: str, purpose: str) -> Any:
    """Import a package that is installed on request.

    Parameters
    ----------
    package : str
    purpose : str
        Name of the function that needs it, for the message.

    Raises
    ------
    NeurosimError
        If it is not installed.
    """
    try:
        return import_module(package)
    except ImportError:
        raise NeurosimError(
            f"{purpose} needs {package}, which is not installed: python -m pip install {package}"
        ) from None
