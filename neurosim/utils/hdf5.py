"""What is asked of HDF5 files before they are read: they may be damaged, foreign or hostile."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import h5py

DEFLATE_LIMIT = 1032
"""Bytes that one byte of deflated data can stand for at most (zlib's technical details)."""

ERRORS = (AttributeError, KeyError, MemoryError, OSError, RuntimeError, TypeError, ValueError)
"""What h5py raises for a damaged file, depending on where the damage is."""


def check_stored(dataset: h5py.Dataset, file_size: int) -> None:
    """Refuse a dataset that lies elsewhere, or is said to be larger than what there is of it.

    Else a header of some bytes could ask for all the memory there is.

    Raises
    ------
    ValueError
    """
    elsewhere = dataset.external or dataset.is_virtual
    require(not elsewhere, f"{dataset.name} lies in another file")
    stored = dataset.id.get_storage_size()
    packed = dataset.id.get_create_plist().get_nfilters() > 0
    limit = stored * (DEFLATE_LIMIT if packed else 1)
    require(
        stored <= file_size and dataset.nbytes <= limit,
        f"{dataset.name} claims {dataset.nbytes} bytes and holds {stored}",
    )


def reason(error: Exception) -> str:
    """Return what an exception tells, in one line."""
    return str(error).strip("'\"").partition("\n")[0] or type(error).__name__


def require(condition: bool, otherwise: str) -> None:
    """Raise a ValueError unless the condition holds."""
    if not condition:
        raise ValueError(otherwise)
