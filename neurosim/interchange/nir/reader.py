"""Read a NIR file in a subprocess with limits on memory and time.

``python -m neurosim.interchange.nir.reader PATH`` writes to its standard output one line of JSON,
and after it the numbers that the line announces.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.hdf5 import HDF5Reader
from neurosim.interchange.reader import answering, confine, own_output, write_line

if TYPE_CHECKING:
    import h5py
    from numpy.typing import NDArray

DEEPEST = 40
"""Groups within groups: two for each graph within a graph."""
MOST_PARTS = 100_000
MOST_TEXT = 2**24
"""Characters of all words together; many may be one and the same in the file."""


def answer_for(path: Path, answer: BinaryIO) -> None:
    """Write what a file holds, or why it cannot be read, to a stream."""
    import h5py

    with answering(answer):
        size = path.stat().st_size
        confine(size)
        if not h5py.is_hdf5(path):
            raise NeurosimError("it is no HDF5 file: give one that NIR wrote")
        with h5py.File(path, "r") as file:
            tree = _Tree(size)
            content = tree.group(tree.reader.group(file, "node"), 0)
        sizes = [[array.dtype.str, array.shape] for array in tree.arrays]
        write_line(answer, {"content": content, "arrays": sizes})
        for array in tree.arrays:
            answer.write(array.tobytes())


class _Tree:
    """Reads groups within groups.

    Parameters
    ----------
    size : int
        Of the file (bytes).

    Attributes
    ----------
    arrays : list of ndarray
        What was found; the tree holds their numbers.
    """

    def __init__(self, size: int) -> None:
        self.reader = HDF5Reader(size, soft_links=False)
        self.arrays: list[NDArray] = []
        self._text = MOST_TEXT
        self._seen: set[int] = set()

    def group(self, group: h5py.Group, depth: int) -> dict[str, Any]:
        """Return a group: groups as dicts, words and lists of words in lists, arrays as numbers."""
        import h5py

        if depth > DEEPEST:
            raise ValueError("its groups lie too deep")
        found: dict[str, Any] = {}
        for name in self.reader.names(group):
            item = self.reader.member(group, name)
            address = h5py.h5o.get_info(item.id).addr
            if address in self._seen or len(self._seen) > MOST_PARTS:
                raise ValueError("a part of it is there twice, or it has too many")
            self._seen.add(address)
            if isinstance(item, h5py.Group):
                found[name] = self.group(item, depth + 1)
            elif not isinstance(item, h5py.Dataset):
                raise ValueError(f"{name} is neither a group nor an array")
            elif h5py.check_string_dtype(item.dtype) is not None:
                found[name] = self._words(item)
            else:
                found[name] = self._numbers(item)
        return found

    def _words(self, dataset: h5py.Dataset) -> list[Any]:
        words = np.asarray(self.reader.unpack(dataset), dtype=object)
        self._text -= sum(map(len, words.ravel()))
        if self._text < 0:
            raise ValueError("it holds too many words")
        return [np.vectorize(bytes.decode, otypes=[object])(words).tolist() if words.size else []]

    def _numbers(self, dataset: h5py.Dataset) -> int:
        if dataset.shape is None or dataset.dtype.kind not in "biuf" or dataset.dtype.itemsize > 8:
            raise ValueError(f"{dataset.name} is no array of numbers")
        array = np.asarray(self.reader.unpack(dataset))
        self.arrays.append(array.astype(array.dtype.newbyteorder("<"), copy=False))
        return len(self.arrays) - 1


if __name__ == "__main__":
    answer_for(Path(sys.argv[1]), own_output())
