"""Read untrusted HDF5 files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.imported_spikes import MAX_POPULATIONS
from neurosim.utils.checks import show
from neurosim.utils.hdf5 import check_stored

if TYPE_CHECKING:
    from collections.abc import Iterator

    import h5py
    from numpy.typing import NDArray

ROOM = 128 * 2**20
"""Bytes that may be unpacked from any file, however small."""
UNPACKED = 32
"""Bytes that may be unpacked from one of the file, if that is more; spikes pack to a tenth."""
MAX_LINKS = 16
"""Soft links that may be followed to reach one object."""


class FormatError(ValueError):
    """Part of a readable file does not follow the file's format."""


class HDF5Reader:
    """Reads groups, numbers and text from an untrusted file.

    Soft links are followed within the file; links to other files are refused. No more is unpacked
    than a file of this size can hold. A FormatError names the part of a file that does not follow
    its format, a NeurosimError one that is not supported. Errors of h5py, and a ValueError, mean
    damage.

    Parameters
    ----------
    size : int
        Size of the file (bytes).
    soft_links : bool
        Whether soft links are followed; otherwise they are refused, too.
    """

    def __init__(self, size: int, *, soft_links: bool = True) -> None:
        self._size, self._links = size, MAX_LINKS if soft_links else 0
        self._left = max(ROOM, UNPACKED * size)

    def names(self, group: h5py.Group) -> list[str]:
        """Return the names in a group."""
        if len(group) > MAX_POPULATIONS:
            raise NeurosimError(
                f"{group.name} has {len(group):,} members: give at most {MAX_POPULATIONS:,}"
            )
        return list(group)

    def member(self, group: h5py.Group, name: str) -> Any:
        """Return a member of a group, or None if there is none of that name."""
        return self._follow(group, name, iter(range(self._links)))

    def _follow(self, group: h5py.Group, name: str, allowed: Iterator[int]) -> Any:
        """Return a member; h5py itself would follow links out of the file."""
        import h5py

        link = group.get(name, getlink=True)
        if link is None or isinstance(link, h5py.HardLink):
            return None if link is None else group[name]
        if not isinstance(link, h5py.SoftLink):
            raise NeurosimError(
                f"{group.name}/{name} is a link to another file, which is not followed: give a "
                "file that holds its own data"
            )
        if next(allowed, None) is None:
            allowed_links = f"at most {self._links} links in a row" if self._links else "no links"
            raise FormatError(f"{group.name}/{name} is a link, and {allowed_links} are followed")
        target: Any = group["/"] if link.path.startswith("/") else group
        for part in filter(lambda part: part not in ("", "."), link.path.split("/")):
            if not isinstance(target, h5py.Group):
                return None
            target = self._follow(target, part, allowed)
        return target

    def group(self, parent: h5py.Group, name: str) -> h5py.Group:
        """Return a group that must be there."""
        import h5py

        group = self.member(parent, name)
        if not isinstance(group, h5py.Group):
            raise FormatError(f"there is no group {name} in {parent.name}")
        return group

    def numbers(self, group: h5py.Group, name: str, kinds: str, n_dims: int = 1) -> NDArray:
        """Read a dataset of the dtype kinds "f" (floating-point) or "iu" (whole numbers)."""
        import h5py

        dataset = self.member(group, name)
        if not isinstance(dataset, h5py.Dataset):
            raise FormatError(f"there is no dataset {name} in {group.name}")
        if dataset.dtype.kind not in kinds or dataset.ndim != n_dims:
            what = {"f": "floating-point numbers", "iu": "whole numbers"}.get(kinds, "numbers")
            raise FormatError(f"{dataset.name} is no {n_dims}-dimensional array of {what}")
        return self.unpack(dataset)

    def column(self, group: h5py.Group, name: str) -> NDArray | list[str] | None:
        """Read a one-dimensional dataset of numbers or text, or return None if it is neither."""
        import h5py

        dataset = self.member(group, name)
        if not isinstance(dataset, h5py.Dataset) or dataset.ndim != 1:
            return None
        if dataset.dtype.kind in "fiu":
            return self.unpack(dataset)
        if h5py.check_string_dtype(dataset.dtype) is None:
            return None
        words = (word if isinstance(word, bytes) else bytes(word) for word in self.unpack(dataset))
        return [word.decode() for word in words]

    def regions(self, group: h5py.Group, name: str, target: str) -> NDArray[np.int64] | None:
        """Read region references to rows of a dataset of the same group.

        Returns
        -------
        (n, 2) ndarray of int64 or None
            First row and the row after the last; None if the dataset holds no region references.
        """
        import h5py

        dataset, values = self.member(group, name), self.member(group, target)
        if (
            not isinstance(dataset, h5py.Dataset)
            or dataset.ndim != 1
            or h5py.check_ref_dtype(dataset.dtype) is not h5py.RegionReference
        ):
            return None
        bounds = np.zeros((len(dataset), 2), np.int64)
        for row, reference in enumerate(self.unpack(dataset)):
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
        """Return a scalar attribute as a number or a word, None where there is no such."""
        if name not in item.attrs:
            return None
        described = item.attrs.get_id(name)
        if described.get_storage_size() > 2**16:
            raise FormatError(f"the attribute {name} of {item.name} has no end")
        value = np.asarray(item.attrs[name])
        if value.size != 1:
            raise FormatError(f"the attribute {name} of {item.name} is no single value")
        single = value.reshape(-1)[0]
        return single.decode() if isinstance(single, bytes) else single

    def unpack(self, dataset: h5py.Dataset) -> NDArray:
        """Read a dataset of any kind and shape, unless it is too large."""
        _check_readable(dataset)
        check_stored(dataset, self._size)
        chunk = int(np.prod(dataset.chunks or (0,), dtype=float)) * dataset.dtype.itemsize
        self._left -= max(dataset.nbytes, chunk)
        if self._left < 0:
            raise NeurosimError(
                f"{dataset.name} unpacks to {dataset.nbytes:,} bytes, far more than the file "
                f"holds: at most {max(ROOM, UNPACKED * self._size):,} bytes are read from it"
            )
        return dataset[()]


def _check_readable(dataset: h5py.Dataset) -> None:
    """Refuse a dataset stored in another file, or packed by a filter that is not installed."""
    import h5py

    if dataset.external or dataset.is_virtual:
        raise NeurosimError(
            f"{dataset.name} lies in another file, which is not read: give a file that holds its "
            "own data"
        )
    creation = dataset.id.get_create_plist()
    for index in range(creation.get_nfilters()):
        code, _, _, name = creation.get_filter(index)
        if not h5py.h5z.filter_avail(code):
            raise NeurosimError(
                f"{dataset.name} is packed by the HDF5 filter {code} {show(name.decode())}, which "
                "is not installed: repack the file with h5repack -f GZIP=4"
            )
