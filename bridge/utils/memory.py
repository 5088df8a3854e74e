"""Check of the memory that a computation needs."""

from __future__ import annotations

from neurosim import NeurosimError
from neurosim.utils.resources import available_memory

# Largest fraction of the available memory to use.
USABLE = 0.6


def require_memory(needed: float, what: str, remedy: str) -> None:
    """Raise an error if `what`, which needs this many bytes, does not fit into memory."""
    there = available_memory()
    if there is not None and needed > USABLE * there:
        raise NeurosimError(
            f"{what} need about {needed / 2**30:.1f} GiB, but {there / 2**30:.1f} GiB are "
            f"available: {remedy}"
        )
