"""Files of NIR graphs: written whole or not at all, and read with suspicion."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.common import import_optional
from neurosim.interchange.load import read_in_subprocess
from neurosim.utils.atomic_files import atomic_path, check_file
from neurosim.utils.checks import show

if TYPE_CHECKING:
    import os


def write_graph(graph: Any, path: str | os.PathLike[str]) -> None:
    """Write a graph of NIR to a file, whole or not at all.

    Parameters
    ----------
    graph : nir.NIRGraph
    path : path-like

    Raises
    ------
    NeurosimError
        Where the file cannot be written, or NIR cannot write the graph.
    """
    nir = import_optional("nir")
    image = io.BytesIO()
    try:
        nir.write(image, graph)
    except Exception as error:  # NIR does not say what it raises
        raise NeurosimError(f"NIR cannot write {show(graph)} ({_reason(error)})") from error
    with atomic_path(path) as part:
        part.write_bytes(image.getbuffer())


def read_graph(path: str | os.PathLike[str]) -> Any:
    """Read a graph from a NIR file that may be damaged.

    The file is parsed in a subprocess with limits on memory and time. This is no sandbox.

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
    import_optional("nir")
    path = Path(path)
    check_file(path, "a file that NIR wrote")
    with read_in_subprocess(path, "neurosim.interchange.nir.reader") as (told, answer):
        return receive(told, answer)


def receive(told: dict[str, Any], answer: IO[bytes]) -> Any:
    """Make a graph of what the process that reads files answers.

    Raises
    ------
    NeurosimError
        Where that is no graph.
    """
    nir = import_optional("nir")
    arrays = []
    for kind, shape in told["arrays"]:
        dtype = np.dtype(kind)
        n = int(np.prod(shape, dtype=np.int64))
        values = np.frombuffer(answer.read(n * dtype.itemsize), dtype)
        if len(values) != n:
            raise NeurosimError("its reader did not survive it: the file is damaged")
        arrays.append(values.reshape(shape)[()])
    try:
        with np.errstate(all="ignore"):  # NIR divides by strides that may be 0
            graph = nir.dict2NIRNode(_content(told["content"], arrays))
    except NeurosimError:
        raise
    except Exception as error:  # whatever NIR makes of a damaged file
        raise NeurosimError(f"it holds no graph that NIR can read ({_reason(error)})") from error
    if not isinstance(graph, nir.NIRGraph):
        raise NeurosimError(f"it holds a lone {type(graph).__name__}: give a graph")
    return graph


def _reason(error: Exception) -> str:
    return show(f"{type(error).__name__}: {error}")[1:-1]


def _content(tree: dict[str, Any], arrays: list[Any]) -> dict[str, Any]:
    """Return a tree as NIR wants it, with its arrays."""
    found: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            found[key] = _content(value, arrays)
        else:
            found[key] = value[0] if isinstance(value, list) else arrays[value]
    kind = found.get("type")
    if kind == "NIRGraph":
        found["type_check"] = False  # shapes are looked at when the graph is wired
    if kind in ("CubaLIF", "CubaLI") and {"w_in", "v_leak"} <= set(found):
        # NIR would stretch it to any size.
        shapes = np.shape(found["w_in"]), np.shape(found["v_leak"])
        if np.size(found["w_in"]) != 1 and shapes[0] != shapes[1]:
            raise NeurosimError(f"w_in of a {kind} has the shape {shapes[0]}, not {shapes[1]}")
    return found
