"""Checks of HDF5 files, which may be damaged or malicious."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import h5py

DEFLATE_LIMIT = 1032
"""Largest compression ratio of deflate (zlib technical details)."""

ERRORS = (AttributeError, KeyError, MemoryError, OSError, RuntimeError, TypeError, ValueError)
"""Exceptions that h5py raises for a damaged file."""


def check_stored(dataset: h5py.Dataset, file_size: int) -> None:
    """Raise an error if a dataset is external or larger than its stored data allow.

    Otherwise a damaged header could request any amount of memory.

    Raises
    ------
    ValueError
    """
    external = dataset.external or dataset.is_virtual
    require(not external, f"{dataset.name} lies in another file")
    stored = dataset.id.get_storage_size()
    packed = dataset.id.get_create_plist().get_nfilters() > 0
    limit = stored * (DEFLATE_LIMIT if packed else 1)
    require(
        stored <= file_size and dataset.nbytes <= limit,
        f"{dataset.name} claims {dataset.nbytes} bytes and holds {stored}",
    )


def reason(error: Exception) -> str:
    """Return the first line of the message of an exception."""
    return str(error).strip("'\"").partition("\n")[0] or type(error).__name__


def require(condition: bool, otherwise: str) -> None:
    """Raise a ValueError unless the condition holds."""
    if not condition:
        raise ValueError(otherwise)
