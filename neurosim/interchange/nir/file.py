"""Read and write NIR files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.hdf5 import HDF5Reader
from neurosim.interchange.isolation import limit_resources, read_in_subprocess
from neurosim.utils.atomic_files import atomic_path, check_file
from neurosim.utils.checks import show
from neurosim.utils.optional import require

if TYPE_CHECKING:
    import os

READER = f"{__name__}:read_tree"
MAX_DEPTH = 40
"""Depth of nested groups: two for each nested graph."""
MAX_PARTS = 100_000
MAX_TEXT = 2**24
"""Characters of all text; a file can refer to the same text many times."""


def save_nir(graph: Any, path: str | os.PathLike[str]) -> None:
    """Write a graph to a NIR file. The file is written atomically.

    Parameters
    ----------
    graph : nir.NIRGraph
        For example from `to_nir`.
    path : path-like
        An existing file is replaced.

    Raises
    ------
    NeurosimError
        If the file cannot be written, or NIR cannot write the graph.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 3, ns.LIF(t_ref=0.0))
    >>> projection = net.connect(cells, cells, ns.AllToAll(), weight=1.0, delay=1.0)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "network.nir"
    >>> ns.save_nir(ns.to_nir(net), path)
    >>> restored = ns.from_nir(path)
    """
    nir = require("nir", "save_nir")
    image = io.BytesIO()
    try:
        nir.write(image, graph)
    except Exception as error:  # NIR does not document which
        raise NeurosimError(f"NIR cannot write {show(graph)} ({_reason(error)})") from error
    with atomic_path(path) as part:
        part.write_bytes(image.getbuffer())


def read_graph(path: str | os.PathLike[str]) -> Any:
    """Read a `nir.NIRGraph` from an untrusted file, in a subprocess.

    Raises
    ------
    NeurosimError
        If the file is missing or damaged, or holds no graph.
    """
    path = Path(path)
    check_file(path, "a file that NIR wrote")
    tree = read_in_subprocess(path, READER)
    try:
        return graph_of(tree)
    except NeurosimError as error:
        raise NeurosimError(f"{path}: {error}") from None


def graph_of(tree: dict[str, Any]) -> Any:
    """Convert the content of a file to a `nir.NIRGraph`."""
    nir = require("nir", "from_nir")
    try:
        with np.errstate(all="ignore"):  # NIR divides by strides, which may be 0
            graph = nir.dict2NIRNode(_fields(tree))
    except NeurosimError:
        raise
    except Exception as error:  # NIR does not document which
        raise NeurosimError(f"it holds no graph that NIR can read ({_reason(error)})") from error
    if not isinstance(graph, nir.NIRGraph):
        raise NeurosimError(f"it holds a single {type(graph).__name__}: give a graph")
    return graph


def read_tree(path: Path) -> dict[str, Any]:
    """Return the content of a NIR file.

    Groups become dicts, text is in lists, numbers become arrays.
    """
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
        return np.vectorize(bytes.decode, otypes=[object])(words).tolist() if words.size else []


def _reason(error: Exception) -> str:
    """Return type and message of an exception, shortened."""
    return show(f"{type(error).__name__}: {error}")[1:-1]


def _fields(tree: dict[str, Any]) -> dict[str, Any]:
    """Convert the tree of a node to its fields.

    In the tree a number is stored as an array.
    """
    fields: dict[str, Any] = {}
    for key, value in tree.items():
        inner = _fields(value) if isinstance(value, dict) else value
        fields[key] = inner[()] if isinstance(inner, np.ndarray) else inner
    kind = fields.get("type")
    if kind == "NIRGraph":
        fields["type_check"] = False  # shapes are checked when the graph is flattened
    if kind in ("CubaLIF", "CubaLI") and {"w_in", "v_leak"} <= set(fields):
        # NIR would broadcast it to any size.
        shapes = np.shape(fields["w_in"]), np.shape(fields["v_leak"])
        if np.size(fields["w_in"]) != 1 and shapes[0] != shapes[1]:
            raise NeurosimError(f"w_in of a {kind} has the shape {shapes[0]}, not {shapes[1]}")
    return fields
