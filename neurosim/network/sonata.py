"""Edge lists in SONATA's HDF5 files, with defaults by type of edge in a table beside them."""

from __future__ import annotations

import csv
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.hdf5 import ERRORS, check_stored, reason, require
from neurosim.network.checks import nearest_name, show
from neurosim.network.edges import EdgeFile, check_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    import h5py
    from numpy.typing import NDArray

LARGEST_CHUNK = 2**25
"""Bytes of a compressed piece of an HDF5 file, which is unpacked as a whole."""
LARGEST_TABLE = 2**24
"""Bytes of a table of types of edges, which is read as a whole."""
FILTERS = (1, 2, 3, 32000)
"""Numbers of deflate, shuffle, fletcher32 and LZF."""
TYPE_ID = "edge_type_id"


@dataclass(frozen=True)
class SonataEdges(EdgeFile):
    """The connections that a population of edges in a SONATA file lists.

    The file is read in blocks when the network is built, so that it may be larger than memory.
    Strengths and delays are read from it too where `Network.connect` is given the names of
    attributes, such as "syn_weight" and "delay": those in group 0 of the population, one for each
    edge, else those of the edge's type in the table `edge_types`.

    Parameters
    ----------
    path : path-like
        HDF5; contiguous, or in chunks that may be packed with gzip or LZF.
    population : str
        Name of the group under /edges.
    edge_types : path-like, optional
        Table with a column edge_type_id, its columns separated by spaces.

    Raises
    ------
    NeurosimError
        Where a file is missing, or is none of SONATA. What is wrong with a single edge is told,
        with its number, when the network is built; so is a file that has changed since.

    References
    ----------
    K. Dai et al., *The SONATA data format for efficient description of large-scale network
    models*, PLoS Comput. Biol. 16, e1007696 (2020).
    """

    population: str
    edge_types: str | None = None

    paths: ClassVar[tuple[str, ...]] = ("path", "edge_types")

    def __post_init__(self) -> None:
        check_text(self.population, "SonataEdges.population")
        super().__post_init__()
        names = () if self.edge_types is None else _Types(self.edge_types).names
        with OpenEdges(self) as edges:
            own = tuple(edges.attributes)
            object.__setattr__(self, "size", edges.size)
        object.__setattr__(self, "columns", own + tuple(n for n in names if n not in own))


class OpenEdges:
    """A population of edges, open to be read.

    Parameters
    ----------
    rule : SonataEdges
    names : str
        Of the attributes that are wanted.

    Attributes
    ----------
    size : int
        Number of edges.
    attributes : dict of str to Dataset
        Those that each edge has of its own.

    Raises
    ------
    NeurosimError
        Where the file is damaged or foreign.
    """

    def __init__(self, rule: SonataEdges, *names: str) -> None:
        self._path, self._population = rule.path, rule.population
        self._bytes = rule.n_bytes
        self._file: Any = None
        with _telling(self._path):
            self._open()
        by_type = [name for name in names if name not in self.attributes]
        self._types: _Types | None = None
        if by_type and rule.edge_types:
            try:
                self._types = _Types(rule.edge_types, by_type)
            except NeurosimError:
                self.__exit__()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    def _open(self) -> None:
        import h5py

        if not h5py.is_hdf5(self._path):
            raise NeurosimError(
                f"{self._path} is no HDF5 file: give one with edges of SONATA, or CSVEdges"
            )
        self._file = h5py.File(self._path, "r")
        try:
            self._find()
        except BaseException:
            self._file.close()
            raise

    def _find(self) -> None:
        """Find the datasets of the population, and check that they are what they should be."""
        import h5py

        edges = self._hard(self._file, "edges", h5py.Group)
        if "/" in self._population or self._population not in list(edges):
            raise NeurosimError(
                f"{self._path} has no edges {show(self._population)}: "
                f"{nearest_name(self._population, list(edges)[:20])}"
            )
        group = self._hard(edges, self._population, h5py.Group)
        self.sources = self._column(group, "source_node_id", None, "iu")
        self.size = len(self.sources)
        self.targets = self._column(group, "target_node_id", self.size, "iu")
        self.fixed = {
            name: self._column(group, name, self.size, "iu")
            for name in (TYPE_ID, "edge_group_id", "edge_group_index")
            if name in group
        }
        self.attributes: dict[str, h5py.Dataset] = {}
        if "0" in group:
            own = self._hard(group, "0", h5py.Group)
            for name in own:
                found = self._hard(own, name, h5py.HLObject)
                if isinstance(found, h5py.Dataset) and found.dtype.kind in "iuf":
                    self.attributes[name] = self._column(own, name, self.size, "iuf")

    def _hard(self, group: h5py.Group, name: str, kind: type) -> Any:
        """Return a member of a group that lies there itself, and not by way of a link."""
        import h5py

        link = group.get(name, getlink=True)
        where = f"{group.name.rstrip('/')}/{name}"
        require(link is not None, f"it has no {where}")
        require(isinstance(link, h5py.HardLink), f"{where} is a link to another place")
        found = group[name]
        require(isinstance(found, kind), f"{where} is no {kind.__name__.lower()}")
        return found

    def _column(self, group: h5py.Group, name: str, size: int | None, kinds: str) -> h5py.Dataset:
        """Return a dataset after a check of its type and of its size."""
        import h5py

        found: h5py.Dataset = self._hard(group, name, h5py.Dataset)
        fits = found.dtype.kind in kinds and found.ndim == 1 and found.dtype.itemsize <= 16
        numbers = "numbers" if "f" in kinds else "whole numbers"
        require(fits, f"{found.name} is no 1-dimensional array of {numbers}")
        if size is not None:
            require(len(found) == size, f"{found.name} has {len(found)} values for {size} edges")
        plist = found.id.get_create_plist()
        filters = [plist.get_filter(k)[0] for k in range(plist.get_nfilters())]
        unknown = [number for number in filters if number not in FILTERS]
        require(not unknown, f"{found.name} is packed by filter {unknown}, not by gzip or LZF")
        check_stored(found, self._bytes)
        chunk = found.chunks[0] * found.dtype.itemsize if found.chunks else 0
        require(chunk <= LARGEST_CHUNK, f"{found.name} is in chunks of {chunk:,} bytes")
        # The chunk that a block ends in is kept for the next.
        access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
        access.set_chunk_cache(521, chunk, 1.0)
        return h5py.Dataset(h5py.h5d.open(group.id, name.encode(), access))

    def read(self, first: int, last: int, name: str | None) -> NDArray[np.float64]:
        """Return an attribute of the edges first … last − 1."""
        if name in self.attributes:
            with _telling(self._path):
                return self.attributes[name][first:last].astype(np.float64)
        if self._types is None or TYPE_ID not in self.fixed:
            raise NeurosimError(f"{self._path} has no {TYPE_ID} that would tell {show(name)}")
        return self._types.look_up(name, self.integers(TYPE_ID, first, last), self._path, first)

    def integers(self, name: str, first: int, last: int) -> NDArray:
        """Return sources, targets, types or groups of the edges first … last − 1."""
        found = {"source_node_id": self.sources, "target_node_id": self.targets} | self.fixed
        with _telling(self._path):
            return found[name][first:last]

    def check_groups(self, first: int, last: int) -> None:
        """Refuse edges whose attributes lie elsewhere than at their own number in group 0."""
        orders = {"edge_group_id": 0, "edge_group_index": np.arange(first, last)}
        for name, order in orders.items():
            if name in self.fixed and (self.integers(name, first, last) != order).any():
                raise NeurosimError(
                    f"{self._path}: the {name} of its edges are not those of one group 0 in "
                    "order: write the edges of each group to a population of its own"
                )


class _Types:
    """A table of types of edges; only the columns that are named are read."""

    def __init__(self, path: str, names: list[str] | None = None) -> None:
        self._path = path
        try:
            with open(path, newline="", encoding="utf-8") as file:
                text = file.read(LARGEST_TABLE + 1)
            rows = csv.reader(text.splitlines(), delimiter=" ", skipinitialspace=True)
            self.names = next(rows, [])
            if len(text) > LARGEST_TABLE or TYPE_ID not in self.names:
                raise ValueError
            if names is not None:
                self._read([row for row in rows if row], names)
        except OSError as error:
            raise NeurosimError(
                f"{path} cannot be read ({error.strerror}): give a table of types of edges"
            ) from None
        except (ValueError, csv.Error):
            raise NeurosimError(
                f"{path} is no table of types of edges: give one with a column {TYPE_ID}, columns "
                "separated by spaces"
            ) from None

    def _read(self, rows: list[list[str]], names: list[str]) -> None:
        place = self.names.index(TYPE_ID)
        if any(len(row) != len(self.names) for row in rows):
            raise ValueError
        ids = np.array([int(row[place]) for row in rows], np.int64)
        order = np.argsort(ids, kind="stable")
        self._ids = ids[order]
        self._values = {
            name: np.array([self._number(row, name) for row in rows])[order] for name in names
        }

    def _number(self, row: list[str], name: str) -> float:
        value = row[self.names.index(name)]
        try:
            return float(value)
        except ValueError:
            return np.nan  # an edge of this type then has none, and is refused

    def look_up(
        self, name: str | None, types: NDArray, path: str, first: int
    ) -> NDArray[np.float64]:
        """Return an attribute of edges of these types; `first` is the number of the first."""
        assert name is not None
        if not len(types):
            return np.empty(0)
        types = types.astype(np.int64, copy=False)
        place = np.searchsorted(self._ids, types).clip(max=max(len(self._ids) - 1, 0))
        unknown = self._ids[place] != types if len(self._ids) else np.ones(len(types), bool)
        if unknown.any():
            k = int(np.argmax(unknown))
            raise NeurosimError(
                f"{path}, edge {first + k}: {TYPE_ID} = {types[k]} is not in {self._path}"
            )
        return self._values[name][place]


@contextmanager
def _telling(path: str) -> Iterator[None]:
    """Turn what h5py raises for a damaged file into one sentence."""
    try:
        yield
    except NeurosimError:
        raise
    except ERRORS as error:
        raise NeurosimError(
            f"{path} holds no edges of SONATA that can be read ({reason(error)}): write it anew"
        ) from error
