"""Readers of SONATA neurons: node files, node types and configurations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from neurosim.edges.sonata_types import read_table
from neurosim.errors import NeurosimError
from neurosim.interchange.hdf5 import HDF5Reader
from neurosim.utils.atomic_files import read_json
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    NodeFile = tuple[Path, Path | None]
    """A file of nodes and its table of types."""

TYPE_ID = "node_type_id"
LABELS = ("name", "pop_name", "cell_name", "model_name", "node_type_name", "mtype", "etype")
"""Attributes of nodes or their types that name a neuron, in order of preference."""
TABLES = (".csv", ".txt", ".tsv")
MAX_CONFIG = 2**20
"""Size of a configuration (bytes)."""
MAX_FILES = 1000


@dataclass(frozen=True, eq=False)
class Nodes:
    """The neurons of a population.

    Attributes
    ----------
    ids : (n,) ndarray of int64
    names : sequence of str or None
        One per neuron; None if neither nodes nor types have a label.
    """

    ids: NDArray[np.int64]
    names: tuple[str, ...] | None


class Config:
    """Configuration of a simulation or a circuit.

    Paths may contain the variables of its manifest.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    spikes : Path or None
        The file of spikes that the simulation writes.
    nodes : list of (Path, Path or None)
        Files of nodes, each with its table of types.
    duration, dt : float or None
        Duration and step of the simulation (ms).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        wanted = "a SONATA configuration"
        self._content = read_json(path, wanted, f"give {wanted}", largest=MAX_CONFIG)
        manifest = self._table("manifest").items()
        self._variables = {"configdir": str(path.parent)}
        self._variables |= {str(key).strip("${}"): str(value) for key, value in manifest}
        self.spikes, self.nodes = self._find_spikes(), self._find_nodes()
        self.duration, self.dt = self._number("tstop"), self._number("dt")

    def part(self, key: str) -> Config | None:
        """Return the configuration named by a key, or None."""
        path = self._resolve(self._content.get(key))
        return None if path is None else Config(path)

    def _table(self, key: str) -> dict[str, Any]:
        """Return a table, empty if it is missing."""
        value = self._content.get(key)
        return value if isinstance(value, dict) else {}

    def _resolve(self, name: Any) -> Path | None:
        """Return the path for a name, with its variables replaced.

        The result is None if it is not a name.
        """
        if not isinstance(name, str) or not name:
            return None
        for _ in range(10):
            name = Template(name).safe_substitute(self._variables)
        if "$" in name or "\0" in name:
            raise NeurosimError(
                f"{self.path} has the path {show(name)} with a variable that it does not define"
            )
        return self.path.parent / name

    def _find_nodes(self) -> list[NodeFile]:
        """Return the files of nodes."""
        entries = self._table("networks").get("nodes")
        found = []
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict) and (nodes := self._resolve(entry.get("nodes_file"))):
                found.append((nodes, self._resolve(entry.get("node_types_file"))))
        if len(found) > MAX_FILES:
            raise NeurosimError(
                f"{self.path} has {len(found):,} files of nodes; the maximum is {MAX_FILES}"
            )
        return found

    def _find_spikes(self) -> Path | None:
        """Return the spike file, in the output folder or (BMTK) next to the configuration."""
        output, parent = self._table("output"), self.path.parent
        beside = self._resolve(output.get("spikes_file"))
        folder = self._resolve(output.get("output_dir"))
        if beside is None or folder is None or beside.is_file():
            return beside
        return folder / beside.relative_to(parent) if beside.is_relative_to(parent) else beside

    def _number(self, key: str) -> float | None:
        """Return a positive number of the table run, or None."""
        value = self._table("run").get(key)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
            return float(value)
        return None


def read_config(path: Path) -> Config:
    """Read simulation_config.json, circuit_config.json, or a file that names both.

    Such a file is usually called config.json.

    Raises
    ------
    NeurosimError
        If the file is none of these.
    """
    config = Config(path)
    circuit, simulation = config.part("network"), config.part("simulation")
    nodes = config.nodes + (circuit.nodes if circuit else [])
    config = simulation or config
    config.nodes = nodes
    return config


def find_node_files(paths: Iterable[str]) -> list[NodeFile]:
    """Return the node files among node files, type tables and configurations.

    A table applies to all files of nodes that are listed with it.
    """
    found: list[NodeFile] = []
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


def read_nodes(files: Iterable[NodeFile]) -> dict[str, Nodes]:
    """Return the neurons of each population in files of nodes.

    Raises
    ------
    NeurosimError
        If a file is not one of nodes, or a table not one of their types.
    """
    found: dict[str, Nodes] = {}
    for path, table in files:
        types = {} if table is None else _read_types(table)
        if not h5py.is_hdf5(path):
            raise NeurosimError(f"{path} is not a file of SONATA nodes")
        with h5py.File(path, "r") as file:
            reader = HDF5Reader(path.stat().st_size)
            nodes = reader.group(file, "nodes")
            for name in reader.names(nodes):
                found[name] = _read_population(reader.group(nodes, name), reader, types)
    return found


def _read_population(group: h5py.Group, reader: HDF5Reader, types: dict[int, str]) -> Nodes:
    """Return the neurons of a population, labelled by themselves or by their types."""
    type_ids = reader.numbers(group, TYPE_ID, "iu")
    size = len(type_ids)

    def column(name: str, default: NDArray[np.int64]) -> NDArray[np.int64]:
        if reader.member(group, name) is None:
            return default
        values = reader.numbers(group, name, "iu").astype(np.int64)
        if len(values) != size:
            raise ValueError(f"{group.name} has {len(values)} {name} and {size} {TYPE_ID}")
        return values

    ids = column("node_id", np.arange(size))
    groups = column("node_group_id", np.zeros(size, np.int64))
    rows = column("node_group_index", np.arange(size))
    labels = [types.get(number, "") for number in type_ids.tolist()]
    for name in group:
        if not (name.isascii() and name.isdigit()):
            continue
        words = _labels(reader.group(group, name), reader)
        for k in np.flatnonzero((groups == int(name)) & (rows >= 0) & (rows < len(words))).tolist():
            labels[k] = words[rows[k]]
    if not any(labels):
        return Nodes(ids, None)
    if len(set(labels)) < len(labels):  # add ids, as labels are not unique
        labels = [f"{label} {k}".strip() for label, k in zip(labels, ids.tolist(), strict=True)]
    return Nodes(ids, tuple(labels))


def _labels(group: h5py.Group, reader: HDF5Reader) -> list[str]:
    """Return the values of the first attribute that names neurons.

    The values are stored directly or in a library.
    """
    for name in LABELS:
        column = reader.column(group, name)
        if isinstance(column, list):
            return column
        library = reader.member(group, "@library")
        if library is None or column is None:
            continue
        known = reader.column(library, name)
        if isinstance(known, list):
            numbers = reader.numbers(group, name, "iu").tolist()
            return [known[k] if 0 <= k < len(known) else "" for k in numbers]
    return []


def _read_types(path: Path) -> dict[int, str]:
    """Return the name of each type in a table of node types, empty if it has none."""
    header, *rows = read_table(path, TYPE_ID, "node types")
    label = next((header.index(name) for name in LABELS if name in header), None)
    if label is None:
        return {}
    pairs = ((row[header.index(TYPE_ID)], row[label]) for row in rows)
    return {int(number): word for number, word in pairs if number.isdigit() and word != "NULL"}
