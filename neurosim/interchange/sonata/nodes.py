"""Who the neurons are: SONATA's nodes files, their tables of types, and its configurations."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.edges.sonata_types import LARGEST_TABLE, table_rows
from neurosim.errors import NeurosimError
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import h5py
    from numpy.typing import NDArray

    from neurosim.interchange.hdf5 import HDF5Reader

TYPE_ID = "node_type_id"
LABELS = ("name", "pop_name", "cell_name", "model_name", "node_type_name", "mtype", "etype")
"""Attributes of nodes or of their types that name a neuron, the first of them that there is."""
TABLES = (".csv", ".txt", ".tsv")
LARGEST_CONFIG = 2**20
"""Bytes."""
MOST_FILES = 1000
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")


@dataclass(frozen=True, eq=False)
class Nodes:
    """The neurons of a population.

    Attributes
    ----------
    ids : (n,) ndarray of int64
    names : tuple of str or None
        One per neuron; None if neither nodes nor types have a label.
    """

    ids: NDArray[np.int64]
    names: tuple[str, ...] | None


@dataclass(frozen=True)
class Config:
    """What a configuration of a simulation or a circuit names.

    Attributes
    ----------
    spikes : Path or None
        The file of spikes that the simulation writes.
    nodes : list of (Path, Path or None)
        Files of nodes, each with its table of types.
    duration, dt : float or None
        Length and step of the simulation (ms).
    """

    spikes: Path | None = None
    nodes: list[tuple[Path, Path | None]] = field(default_factory=list)
    duration: float | None = None
    dt: float | None = None


def read_config(path: Path) -> Config:
    """Read a simulation_config.json, a circuit_config.json or a config.json that names the two.

    Raises
    ------
    NeurosimError
        If the file is none of these.
    """
    content = _json(path)
    found = _nodes_of(content, path)
    if isinstance(content.get("network"), str):
        circuit = _resolve(content["network"], content, path)
        found += _nodes_of(_json(circuit), circuit)
    if isinstance(content.get("simulation"), str):
        path = _resolve(content["simulation"], content, path)
        content = _json(path)
    if len(found) > MOST_FILES:
        raise NeurosimError(f"{path} has {len(found):,} files of nodes; {MOST_FILES} is the most")
    run = _table(content.get("run"))
    spikes = _spikes_file(content, path)
    return Config(spikes, found, _number(run.get("tstop")), _number(run.get("dt")))


def _spikes_file(content: dict[str, Any], path: Path) -> Path | None:
    """Return the spikes that a simulation writes, if its configuration names them.

    The path is relative to the folder of the output or, in BMTK's configurations, to that of the
    configuration.
    """
    output = _table(content.get("output"))
    name, folder = output.get("spikes_file"), output.get("output_dir", ".")
    if not isinstance(name, str) or not isinstance(folder, str):
        return None
    beside = _resolve(name, content, path)
    if beside.is_relative_to(path.parent):
        inside = _resolve(folder, content, path) / beside.relative_to(path.parent)
    else:
        inside = beside
    return beside if beside.is_file() else inside


def named_files(paths: Iterable[str]) -> list[tuple[Path, Path | None]]:
    """Return files of nodes with their tables of types, out of any such files and configurations.

    A table serves all files of nodes that are named with it.
    """
    found: list[tuple[Path, Path | None]] = []
    files: list[Path] = []
    tables: list[Path] = []
    for path in map(Path, paths):
        if path.suffix.lower() == ".json":
            found += read_config(path).nodes
        else:
            (tables if path.suffix.lower() in TABLES else files).append(path)
    if len(tables) > 1:
        raise NeurosimError(
            f"{tables[1]} is a second table of node types: give one, or a circuit_config.json"
        )
    if tables and not files:
        raise NeurosimError(f"{tables[0]} is a table of node types: give the file of nodes, too")
    return found + [(path, tables[0] if tables else None) for path in files]


def read_all_nodes(files: Iterable[tuple[Path, Path | None]]) -> dict[str, Nodes]:
    """Return the neurons of each population in files of nodes.

    Raises
    ------
    NeurosimError
        If a file is none of nodes.
    """
    import h5py

    from neurosim.interchange.hdf5 import HDF5Reader

    found: dict[str, Nodes] = {}
    for path, table in files:
        types = {} if table is None else read_types(table)
        if not (path.is_file() and h5py.is_hdf5(path)):
            raise NeurosimError(f"{path} is no file of SONATA nodes")
        with h5py.File(path, "r") as file:
            found |= read_nodes(file, HDF5Reader(path.stat().st_size), types)
    return found


def _json(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST_CONFIG + 1)
        content = json.loads(text) if len(text) <= LARGEST_CONFIG else None
    except OSError as error:
        raise NeurosimError(f"{path} cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise NeurosimError(f"{path} is no configuration of SONATA: give one in JSON")
    return content


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> float | None:
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
    return float(value) if usable else None


def _nodes_of(content: dict[str, Any], path: Path) -> list[tuple[Path, Path | None]]:
    """Return the files of nodes that a configuration names."""
    networks = _table(content.get("networks")).get("nodes")
    found: list[tuple[Path, Path | None]] = []
    for entry in networks if isinstance(networks, list) else []:
        nodes, types = (_table(entry).get(key) for key in ("nodes_file", "node_types_file"))
        if isinstance(nodes, str):
            table = _resolve(types, content, path) if isinstance(types, str) and types else None
            found.append((_resolve(nodes, content, path), table))
    return found


def _resolve(name: str, content: dict[str, Any], path: Path) -> Path:
    """Return the path that a name with the manifest's variables stands for."""
    manifest = {
        str(key).strip("${}"): value for key, value in _table(content.get("manifest")).items()
    }
    manifest.setdefault("configdir", str(path.parent))
    for _ in range(10):
        if "$" not in name:
            break
        name = _VARIABLE.sub(lambda found: str(manifest.get(found[1], found[0])), name)
    if "$" in name or "\0" in name:
        raise NeurosimError(f"{path} has the path {show(name)}, whose variable it does not define")
    return path.parent / name


def read_nodes(file: h5py.File, reader: HDF5Reader, types: Mapping[int, str]) -> dict[str, Nodes]:
    """Return the neurons of each population of a nodes file; `types` has the names of types."""
    found = {}
    nodes = reader.group(file, "nodes")
    for name in reader.names(nodes):
        group = reader.group(nodes, name)
        type_ids = reader.numbers(group, TYPE_ID, "iu")
        ids = np.arange(len(type_ids))
        if reader.member(group, "node_id") is not None:
            ids = reader.numbers(group, "node_id", "iu").astype(np.int64)
        if len(ids) != len(type_ids):
            raise ValueError(f"{group.name} has {len(ids)} node_id and {len(type_ids)} {TYPE_ID}")
        labels = [types.get(number, "") for number in type_ids.tolist()]
        for place, label in _own_labels(group, reader, len(ids)):
            labels[place] = label
        found[name] = Nodes(ids, _names(labels, ids))
    return found


def _own_labels(group: h5py.Group, reader: HDF5Reader, size: int) -> Iterable[tuple[int, str]]:
    """Return the labels in the groups of a population, each with the place of its node."""
    groups, rows = np.zeros(size, np.int64), np.arange(size)
    if reader.member(group, "node_group_id") is not None:
        groups = reader.numbers(group, "node_group_id", "iu").astype(np.int64)
    if reader.member(group, "node_group_index") is not None:
        rows = reader.numbers(group, "node_group_index", "iu").astype(np.int64)
    if not len(groups) == len(rows) == size:
        raise ValueError(f"{group.name} has groups for {len(groups)} of {size} nodes")
    for name in group:
        if not (name.isascii() and name.isdigit()):
            continue
        words = _label_column(reader.group(group, name), reader)
        for place in np.flatnonzero(groups == int(name)).tolist():
            if 0 <= rows[place] < len(words):
                yield place, words[rows[place]]


def _label_column(group: h5py.Group, reader: HDF5Reader) -> list[str]:
    """Return the words of the first attribute that names neurons, maybe by way of a library."""
    for name in LABELS:
        words = _words(group, name, reader)
        if words is not None:
            return words
        library = reader.member(group, "@library")
        if library is None or reader.member(group, name) is None:
            continue
        known = _words(library, name, reader)
        if known is not None:
            numbers = reader.numbers(group, name, "iu").tolist()
            return [known[k] if 0 <= k < len(known) else "" for k in numbers]
    return []


def _words(group: h5py.Group, name: str, reader: HDF5Reader) -> list[str] | None:
    """Read a list of words, or return None if there is none of that name."""
    import h5py

    dataset = reader.member(group, name)
    if not isinstance(dataset, h5py.Dataset) or dataset.ndim != 1:
        return None
    if h5py.check_string_dtype(dataset.dtype) is None:
        return None
    return [bytes(word).decode() for word in reader.unpack(dataset)]


def _names(labels: list[str], ids: NDArray[np.int64]) -> tuple[str, ...] | None:
    """Return a name for each neuron: its label, with its id where others have the same label."""
    if not any(labels):
        return None
    if len(set(labels)) == len(labels):
        return tuple(labels)
    return tuple(f"{label} {k}".strip() for label, k in zip(labels, ids.tolist(), strict=True))


def read_types(path: Path) -> dict[int, str]:
    """Return the name of each type in a table of node types, empty if it has none.

    Raises
    ------
    NeurosimError
        If the file is no such table.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read(LARGEST_TABLE + 1)
    except OSError as error:
        raise NeurosimError(f"{path} cannot be read ({error.strerror})") from None
    rows = table_rows(text, TYPE_ID) if len(text) <= LARGEST_TABLE else []
    if not rows or any(len(row) != len(rows[0]) for row in rows):
        raise NeurosimError(f"{path} is no table of node types: give one with a column {TYPE_ID}")
    header = rows[0]
    label = next((header.index(name) for name in LABELS if name in header), None)
    if label is None:
        return {}
    place = header.index(TYPE_ID)
    words = ((row[place], row[label]) for row in rows[1:])
    return {int(number): word for number, word in words if number.isdigit() and word != "NULL"}
