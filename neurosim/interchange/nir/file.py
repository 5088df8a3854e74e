"""Read and write NIR files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.common import import_optional
from neurosim.interchange.isolation import read_in_subprocess
from neurosim.utils.atomic_files import atomic_path, check_file
from neurosim.utils.checks import show

if TYPE_CHECKING:
    import os

READER = "neurosim.interchange.nir.reader:read_tree"


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
    nir = import_optional("nir")
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
    nir = import_optional("nir")
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


def _reason(error: Exception) -> str:
    """Return type and message of an exception, shortened."""
    return show(f"{type(error).__name__}: {error}")[1:-1]


def _fields(tree: dict[str, Any]) -> dict[str, Any]:
    """Convert the tree of a node to its fields.

    In the tree a string is stored as a list of one element, a number as an array.
    """
    fields: dict[str, Any] = {
        key: _fields(value)
        if isinstance(value, dict)
        else value[0]
        if isinstance(value, list)
        else value[()]
        for key, value in tree.items()
    }
    kind = fields.get("type")
    if kind == "NIRGraph":
        fields["type_check"] = False  # shapes are checked when the graph is flattened
    if kind in ("CubaLIF", "CubaLI") and {"w_in", "v_leak"} <= set(fields):
        # NIR would broadcast it to any size.
        shapes = np.shape(fields["w_in"]), np.shape(fields["v_leak"])
        if np.size(fields["w_in"]) != 1 and shapes[0] != shapes[1]:
            raise NeurosimError(f"w_in of a {kind} has the shape {shapes[0]}, not {shapes[1]}")
    return fields
