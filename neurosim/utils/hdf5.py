"""Checks of HDF5 files, which may be damaged or malicious."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurosim.errors import NeurosimError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import h5py

MAX_LINKS = 16
"""Soft links that may be followed to reach one object."""
DEFLATE_LIMIT = 1032
"""Largest compression ratio of deflate (zlib technical details)."""

ERRORS = (AttributeError, KeyError, MemoryError, OSError, RuntimeError, TypeError, ValueError)
"""Exceptions that h5py raises for a damaged file."""


class FormatError(ValueError):
    """Part of a readable file does not follow the file's format."""


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


def follow(group: h5py.Group, name: str, max_links: int = MAX_LINKS) -> Any:
    """Return a member of a group, or None if it has none of that name.

    Soft links are followed within the file; h5py itself would also follow links to other files.

    Raises
    ------
    NeurosimError
        If the member is a link to another file.
    FormatError
        If more than `max_links` links lead to it.
    """
    return _follow(group, name, max_links, iter(range(max_links)))


def _follow(group: h5py.Group, name: str, max_links: int, allowed: Iterator[int]) -> Any:
    import h5py

    link = group.get(name, getlink=True)
    if link is None or isinstance(link, h5py.HardLink):
        return None if link is None else group[name]
    where = f"{group.name.rstrip('/')}/{name}"
    if not isinstance(link, h5py.SoftLink):
        raise NeurosimError(
            f"{where} is a link to another file, which is not followed: give a file that contains "
            "its data"
        )
    if next(allowed, None) is None:
        followed = f"at most {max_links} links in a row" if max_links else "no links"
        raise FormatError(f"{where} is a link, and {followed} are followed")
    target: Any = group["/"] if link.path.startswith("/") else group
    for part in filter(lambda part: part not in ("", "."), link.path.split("/")):
        if not isinstance(target, h5py.Group):
            return None
        target = _follow(target, part, max_links, allowed)
    return target
