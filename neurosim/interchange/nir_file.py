"""Files of NIR graphs: written whole or not at all, and read with suspicion."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurosim.errors import NeurosimError
from neurosim.interchange.libraries import library
from neurosim.network.checks import show
from neurosim.storage import atomic_path

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    import h5py

DEEPEST = 40
"""Groups within groups: two for each graph within a graph."""
MOST_GROUPS = 20_000
MOST_TEXT = 2**24
"""Characters of all words together; many may be one and the same in the file."""
TEXT_AT_ONCE = 16
"""Words that are read before they are counted."""
SMALL = 2**26
"""Bytes of numbers that any file may hold."""
PACKED = 20
"""Times its own size that a larger file may hold: pruned weights are mostly 0."""
FILTERS = {1, 2, 3, 32000}
"""Deflate, shuffle, checksum, LZF: what comes with HDF5 and h5py."""


def write_graph(graph: Any, path: str | os.PathLike[str]) -> None:
    """Write a graph of NIR to a file, whole or not at all.

    Parameters
    ----------
    graph : nir.NIRGraph
    path : path-like
        Usually ending in .nir; a file already there is replaced.

    Raises
    ------
    NeurosimError
        Where the file cannot be written, or NIR cannot write the graph.
    """
    nir = library("nir")
    image = io.BytesIO()
    try:
        nir.write(image, graph)
    except Exception as error:
        raise NeurosimError(f"NIR cannot write {show(graph)} ({_reason(error)})") from error
    with atomic_path(path) as part:
        part.write_bytes(image.getbuffer())


def read_graph(path: str | os.PathLike[str]) -> Any:
    """Read a graph of NIR out of a file that may be damaged or hostile.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    nir.NIRGraph

    Raises
    ------
    NeurosimError
        Where the file is missing, holds no graph, or asks for more than a file of its size may.
    """
    nir = library("nir")
    import h5py

    path = Path(path)
    try:
        path.open("rb").close()
    except OSError as error:
        raise NeurosimError(
            f"{path} cannot be read ({error.strerror}): give a file that NIR wrote"
        ) from None
    # What comes out of HDF5 and of NIR where a file is damaged is of every kind.
    try:
        if not h5py.is_hdf5(path):
            raise NeurosimError("it is no HDF5 file")
        with h5py.File(path, "r") as file:
            _Inspector(path.stat().st_size).inspect(file)
            content = nir.serialization.hdf2dict(file["node"])
        graph = nir.dict2NIRNode(_unchecked(content))
    except Exception as error:
        raise NeurosimError(
            f"{path} holds no graph that can be read ({_reason(error)}): give a file that NIR wrote"
        ) from error
    if not isinstance(graph, nir.NIRGraph):
        raise NeurosimError(f"{path} holds a lone {type(graph).__name__}: give a graph")
    return graph


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= 200 else f"{text[:197]}..."


def _unchecked(content: dict[str, Any]) -> dict[str, Any]:
    """Tell NIR to leave the shapes of all graphs alone; they are looked at when wired."""
    waiting = [content]
    while waiting:
        part = waiting.pop()
        if part.get("type") == "NIRGraph":
            part["type_check"] = False
            nodes = part["nodes"]
            waiting += [node for node in nodes.values() if isinstance(node, dict)]
    return content


class _Inspector:
    """Looks through a file for what would take too much, or lead out of it.

    Parameters
    ----------
    file_size : int
        In bytes.
    """

    def __init__(self, file_size: int) -> None:
        self.file_size = file_size
        self.room = max(SMALL, PACKED * file_size)
        self.text = MOST_TEXT

    def inspect(self, file: h5py.File) -> None:
        """Refuse, as a ValueError, what is hostile."""
        import h5py

        seen = set()
        waiting = [(file, 0)]
        while waiting:
            group, depth = waiting.pop()
            for name, item in self._members(group):
                address = h5py.h5o.get_info(item.id).addr
                _require(address not in seen, f"{show(item.name)} is there twice")
                seen.add(address)
                if isinstance(item, h5py.Group):
                    _require(depth < DEEPEST, "its groups lie too deep")
                    waiting.append((item, depth + 1))
                elif isinstance(item, h5py.Dataset):
                    self._dataset(item)
                else:
                    raise ValueError(f"{show(name)} is neither a group nor an array")
            _require(len(seen) <= 8 * MOST_GROUPS, "it has too many parts")

    def _members(self, group: h5py.Group) -> Iterator[tuple[str, Any]]:
        import h5py

        for name in group:
            link = group.get(name, getlink=True)
            _require(isinstance(link, h5py.HardLink), f"{show(name)} is a link")
            yield name, group[name]

    def _dataset(self, dataset: h5py.Dataset) -> None:
        import h5py

        _require(dataset.shape is not None, f"{dataset.name} is empty")
        _require(not dataset.external and not dataset.is_virtual, "a part lies in another file")
        settings = dataset.id.get_create_plist()
        filters = {settings.get_filter(k)[0] for k in range(settings.get_nfilters())}
        _require(filters <= FILTERS, f"{dataset.name} is packed in an unknown way")
        word = h5py.check_string_dtype(dataset.dtype) is not None
        _require(word or dataset.dtype.kind in "biuf", f"{dataset.name} holds no numbers or words")
        claimed = dataset.size * dataset.dtype.itemsize
        stored = dataset.id.get_storage_size()
        limit = stored * (1032 if filters else 1)
        _require(stored <= self.file_size and claimed <= limit, f"{dataset.name} claims too much")
        chunk = math.prod(dataset.chunks or (0,)) * dataset.dtype.itemsize
        self.room -= max(claimed, chunk)
        _require(self.room >= 0, "it holds much more than a file of its size should")
        if word:
            self._words(dataset)

    def _words(self, dataset: h5py.Dataset) -> None:
        """Count the characters of words, a few at a time."""
        if dataset.ndim == 0:
            parts: Any = [()]
        else:
            per_row = max(1, dataset.size // max(1, len(dataset)))
            _require(per_row <= TEXT_AT_ONCE, f"{dataset.name} is no list of words or of pairs")
            rows = TEXT_AT_ONCE // per_row
            parts = [slice(k, k + rows) for k in range(0, len(dataset), rows)]
        for part in parts:
            words = dataset[part]
            words = [words] if dataset.ndim == 0 else words.ravel()
            self.text -= sum(map(len, words))
            _require(self.text >= 0, "it holds too many words")


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)
