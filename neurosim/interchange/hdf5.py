"""HDF5 files of others, of which nothing is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.hdf5 import check_stored
from neurosim.interchange.foreign import MAX_POPULATIONS

if TYPE_CHECKING:
    import h5py
    from numpy.typing import NDArray

ROOM = 128 * 2**20
"""Bytes that may be unpacked from any file, however small."""
UNPACKED = 32
"""Bytes that may be unpacked from one of the file, if that is more; spikes pack to a tenth."""


class HDF5Reader:
    """Reads groups, numbers and words; the ValueError of what does not hold names its place.

    It steps from name to name over hard links alone, so that no link leads out of the file or in
    a circle, and unpacks no more than the file has a right to.

    Parameters
    ----------
    size : int
        Of the file (bytes).
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._left = max(ROOM, UNPACKED * size)

    def names(self, group: h5py.Group) -> list[str]:
        """Return the names in a group."""
        if len(group) > MAX_POPULATIONS:
            raise NeurosimError(
                f"{group.name} has {len(group):,} members: give at most {MAX_POPULATIONS:,}"
            )
        return list(group)

    def member(self, group: h5py.Group, name: str) -> Any:
        """Return a member of a group, or None where there is no such."""
        import h5py

        link = group.get(name, getlink=True)
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"{group.name}/{name} is a link to another place")
        return group[name]

    def group(self, parent: h5py.Group, name: str) -> h5py.Group:
        """Return a group that must be there."""
        import h5py

        group = self.member(parent, name)
        if not isinstance(group, h5py.Group):
            raise ValueError(f"there is no group {name} in {parent.name}")
        return group

    def numbers(self, group: h5py.Group, name: str, kinds: str, n_dims: int = 1) -> NDArray:
        """Read numbers of the kinds "f" (floating) or "iu" (whole) that must be there."""
        import h5py

        dataset = self.member(group, name)
        if not isinstance(dataset, h5py.Dataset):
            raise ValueError(f"there is no dataset {name} in {group.name}")
        if dataset.dtype.kind not in kinds or dataset.ndim != n_dims:
            what = {"f": "floating-point numbers", "iu": "whole numbers"}.get(kinds, "numbers")
            raise ValueError(f"{dataset.name} is no {n_dims}-dimensional array of {what}")
        return self.unpack(dataset)

    def words(self, group: h5py.Group, name: str) -> list[str] | None:
        """Read a list of words, or return None where there is none."""
        import h5py

        dataset = self.member(group, name)
        if dataset is None:
            return None
        text = isinstance(dataset, h5py.Dataset) and h5py.check_string_dtype(dataset.dtype)
        if not text or dataset.ndim != 1:
            return None
        words = (word if isinstance(word, bytes) else bytes(word) for word in self.unpack(dataset))
        return [word.decode() for word in words]

    def attribute(self, item: h5py.Group | h5py.Dataset, name: str) -> Any:
        """Return a scalar attribute as a number or a word, None where there is no such."""
        if name not in item.attrs:
            return None
        described = item.attrs.get_id(name)
        if described.get_storage_size() > 2**16:
            raise ValueError(f"the attribute {name} of {item.name} has no end")
        value = np.asarray(item.attrs[name])
        if value.size != 1:
            raise ValueError(f"the attribute {name} of {item.name} is no single value")
        single = value.reshape(-1)[0]
        return single.decode() if isinstance(single, bytes) else single

    def unpack(self, dataset: h5py.Dataset) -> NDArray:
        """Read a dataset of any kind and shape, if it is no larger than it may be."""
        check_stored(dataset, self._size)
        chunk = int(np.prod(dataset.chunks or (0,), dtype=float)) * dataset.dtype.itemsize
        self._left -= max(dataset.nbytes, chunk)
        if self._left < 0:
            raise ValueError(
                f"{dataset.name} unpacks to {dataset.nbytes} bytes, far more than the file holds"
            )
        return dataset[()]
