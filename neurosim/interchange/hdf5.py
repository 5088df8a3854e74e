"""Read untrusted HDF5 files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.imported_spikes import MAX_POPULATIONS
from neurosim.utils.checks import show
from neurosim.utils.hdf5 import MAX_LINKS, FormatError, check_stored, follow

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEMORY = 128 * 2**20
"""Bytes that may be decompressed from any file."""
MEMORY_FACTOR = 32
"""Bytes that may be decompressed for each byte of a larger file; spikes compress to a tenth."""
KINDS = {"f": "floating-point numbers", "iu": "whole numbers"}


class HDF5Reader:
    """Read groups, numbers and text from an untrusted file.

    Soft links are followed within the file; links to other files raise an error. The amount of
    decompressed data is limited by the size of the file. A FormatError names a part that does not
    follow the file's format, a NeurosimError a part that is not supported. Errors of h5py, and a
    ValueError, mean damage.

    Parameters
    ----------
    size : int
        Size of the file (bytes).
    soft_links : bool
        Whether soft links are followed; if not, they raise an error.
    """

    def __init__(self, size: int, *, soft_links: bool = True) -> None:
        self._size, self._max_links = size, MAX_LINKS if soft_links else 0
        self._limit = self._left = max(MEMORY, MEMORY_FACTOR * size)

    def names(self, group: h5py.Group) -> list[str]:
        """Return the names in a group."""
        if len(group) > MAX_POPULATIONS:
            raise NeurosimError(
                f"{group.name} has {len(group):,} members; the maximum is {MAX_POPULATIONS:,}"
            )
        return list(group)

    def member(self, group: h5py.Group, name: str) -> Any:
        """Return a member of a group, or None if it has none of that name."""
        return follow(group, name, self._max_links)

    def group(self, parent: h5py.Group, name: str) -> h5py.Group:
        """Return a required group."""
        group = self.member(parent, name)
        if not isinstance(group, h5py.Group):
            raise FormatError(f"there is no group {name} in {parent.name}")
        return group

    def numbers(self, group: h5py.Group, name: str, kinds: str, n_dims: int = 1) -> NDArray:
        """Read a required dataset of numbers.

        `kinds` are dtype kinds such as "f" or "iu".
        """
        dataset = self.member(group, name)
        if not isinstance(dataset, h5py.Dataset):
            raise FormatError(f"there is no dataset {name} in {group.name}")
        if dataset.dtype.kind not in kinds or dataset.ndim != n_dims:
            what = KINDS.get(kinds, "numbers")
            raise FormatError(f"{dataset.name} is not a {n_dims}-dimensional array of {what}")
        return self.read(dataset)

    def column(self, group: h5py.Group, name: str) -> NDArray | list[str] | None:
        """Read a one-dimensional dataset of numbers or text.

        The result is None if it is neither.
        """
        dataset = self.member(group, name)
        if not isinstance(dataset, h5py.Dataset) or dataset.ndim != 1:
            return None
        if dataset.dtype.kind in "fiu":
            return self.read(dataset)
        if h5py.check_string_dtype(dataset.dtype) is None:
            return None
        return [bytes(word).decode() for word in self.read(dataset)]

    def regions(self, group: h5py.Group, name: str, target: str) -> NDArray[np.int64] | None:
        """Read region references to rows of a dataset of the same group.

        Returns
        -------
        (n, 2) ndarray of int64 or None
            First row, and the row after the last; None if the dataset has no region references.
        """
        dataset, values = self.member(group, name), self.member(group, target)
        if (
            not isinstance(dataset, h5py.Dataset)
            or dataset.ndim != 1
            or h5py.check_ref_dtype(dataset.dtype) is not h5py.RegionReference
        ):
            return None
        bounds = np.zeros((len(dataset), 2), np.int64)
        for row, reference in enumerate(self.read(dataset)):
            if not reference:
                continue  # an empty region
            if group[reference] != values:
                raise FormatError(f"row {row} of {dataset.name} refers to another dataset")
            space = h5py.h5r.get_region(reference, values.id)
            if space.get_select_npoints():
                first, last = space.get_select_bounds()
                n_others = np.prod(values.shape[1:], dtype=np.int64)
                if (last[0] + 1 - first[0]) * n_others != space.get_select_npoints():
                    raise FormatError(f"row {row} of {dataset.name} refers to rows with gaps")
                bounds[row] = first[0], last[0] + 1
        if (bounds[:, 1] - bounds[:, 0]).sum() > len(values):
            raise FormatError(f"{dataset.name} refers to values more than once")
        return bounds

    def attribute(self, item: h5py.Group | h5py.Dataset, name: str) -> Any:
        """Return a scalar attribute (number or string); None if it does not exist."""
        if name not in item.attrs:
            return None
        size = item.attrs.get_id(name).get_storage_size()
        value = np.asarray(item.attrs[name] if size <= 2**16 else [])
        if value.size != 1:
            raise FormatError(f"the attribute {name} of {item.name} is not a single value")
        single = value.reshape(-1)[0]
        return single.decode() if isinstance(single, bytes) else single

    def read(self, dataset: h5py.Dataset) -> NDArray:
        """Read a dataset of any type and shape, unless it is too large."""
        _check_readable(dataset)
        check_stored(dataset, self._size)
        chunk = int(np.prod(dataset.chunks or (0,), dtype=float)) * dataset.dtype.itemsize
        self._left -= max(dataset.nbytes, chunk)
        if self._left < 0:
            raise NeurosimError(
                f"{dataset.name} decompresses to {dataset.nbytes:,} bytes, far more than the file "
                f"holds: at most {self._limit:,} bytes are read from it"
            )
        return dataset[()]


def _check_readable(dataset: h5py.Dataset) -> None:
    """Raise an error if a dataset is in another file or needs a missing filter."""
    if dataset.external or dataset.is_virtual:
        raise NeurosimError(
            f"{dataset.name} is stored in another file, which is not read: give a file that "
            "contains its data"
        )
    creation = dataset.id.get_create_plist()
    for index in range(creation.get_nfilters()):
        code, _, _, name = creation.get_filter(index)
        if not h5py.h5z.filter_avail(code):
            raise NeurosimError(
                f"{dataset.name} is compressed by the HDF5 filter {code} {show(name.decode())}, "
                "which is not installed: repack the file with h5repack -f GZIP=4"
            )
