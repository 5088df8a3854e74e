"""Parse NIR files, in the subprocess that reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.hdf5 import HDF5Reader
from neurosim.interchange.isolation import limit_resources

if TYPE_CHECKING:
    from pathlib import Path

MAX_DEPTH = 40
"""Depth of nested groups: two for each nested graph."""
MAX_PARTS = 100_000
MAX_TEXT = 2**24
"""Characters of all text; a file can refer to the same text many times."""


def read_tree(path: Path) -> dict[str, Any]:
    """Return the content of a NIR file: groups as dicts, text in lists, numbers as arrays."""
    size = path.stat().st_size
    limit_resources(size)
    if not h5py.is_hdf5(path):
        raise NeurosimError("it is not an HDF5 file: give one that NIR wrote")
    with h5py.File(path, "r") as file:
        reader = HDF5Reader(size, soft_links=False)
        return _TreeReader(reader).read(reader.group(file, "node"), 0)


class _TreeReader:
    """Reads nested groups, each part once.

    Parameters
    ----------
    reader : HDF5Reader
    """

    def __init__(self, reader: HDF5Reader) -> None:
        self._reader, self._text = reader, MAX_TEXT
        self._seen: set[int] = set()

    def read(self, group: h5py.Group, depth: int) -> dict[str, Any]:
        """Return the content of a group."""
        if depth > MAX_DEPTH:
            raise ValueError("its groups are nested too deeply")
        found: dict[str, Any] = {}
        for name in self._reader.names(group):
            item = self._reader.member(group, name)
            address = h5py.h5o.get_info(item.id).addr
            if address in self._seen or len(self._seen) > MAX_PARTS:
                raise ValueError("it contains a part twice, or too many parts")
            self._seen.add(address)
            found[name] = (
                self.read(item, depth + 1) if isinstance(item, h5py.Group) else self._values(item)
            )
        return found

    def _values(self, item: Any) -> Any:
        """Return the text or numbers of a dataset."""
        if not isinstance(item, h5py.Dataset) or item.shape is None:
            raise ValueError(f"{item.name} is neither a group nor an array")
        if h5py.check_string_dtype(item.dtype) is None:
            if item.dtype.kind not in "biuf" or item.dtype.itemsize > 8:
                raise ValueError(f"{item.name} is not an array of numbers")
            return np.asarray(self._reader.read(item))
        words = np.asarray(self._reader.read(item), dtype=object)
        self._text -= sum(map(len, words.ravel()))
        if self._text < 0:
            raise ValueError("it holds too much text")
        return [np.vectorize(bytes.decode, otypes=[object])(words).tolist() if words.size else []]
