"""Read an edge population of a SONATA file in blocks."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from neurosim.edges.sonata_types import TYPE_ID, EdgeTypes
from neurosim.errors import NeurosimError
from neurosim.utils.checks import show, suggest
from neurosim.utils.hdf5 import ERRORS, check_stored, follow, reason, require

if TYPE_CHECKING:
    from collections.abc import Iterator

    import h5py
    from numpy.typing import NDArray

    from neurosim.edges.sonata import SonataEdges

MAX_CHUNK_BYTES = 2**25
"""Maximum size (bytes) of a compressed chunk, which is unpacked as a whole."""
FILTERS = (1, 2, 3, 32000)
"""HDF5 filter ids of deflate, shuffle, fletcher32 and LZF."""
SOURCE_ID, TARGET_ID = "source_node_id", "target_node_id"
GROUP_ID, GROUP_INDEX = "edge_group_id", "edge_group_index"
MAX_SPREAD = 16
"""A range of rows is read as a whole if it has at most this many rows per wanted row."""


class SonataPopulation:
    """An open edge population.

    Parameters
    ----------
    rule : SonataEdges
    names : str
        Attributes to read.

    Attributes
    ----------
    size : int
        Number of edges.
    attributes : dict of str to dict of str to Group
        Edge groups that contain an attribute, by their number, for each numeric attribute.

    Raises
    ------
    NeurosimError
        If the file cannot be read as SONATA edges.
    """

    def __init__(self, rule: SonataEdges, *names: str) -> None:
        self._path, self._population = rule.path, rule.population
        self._bytes, self._nsyns = rule.n_bytes, rule.nsyns
        if self._nsyns is not None and names and self._nsyns in rule.columns:
            names = (*names, self._nsyns)
        with ExitStack() as stack:
            with _reporting(self._path):
                self._file = stack.enter_context(self._open())
                self._find()
                self._columns = {
                    name: {
                        int(group): self._column(parent, name, self._rows(group), "iuf")
                        for group, parent in self.attributes.get(name, {}).items()
                    }
                    for name in names
                }
            self._types: EdgeTypes | None = None
            if names and rule.edge_types:
                self._types = EdgeTypes(rule.edge_types, names)
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _open(self) -> h5py.File:
        import h5py

        if not h5py.is_hdf5(self._path):
            raise NeurosimError(
                f"{self._path} is not an HDF5 file: give a SONATA file with edges, or use CSVEdges"
            )
        return h5py.File(self._path, "r")

    def _find(self) -> None:
        """Find the datasets of the population; check their types and sizes."""
        import h5py

        edges = self._member(self._file, "edges", h5py.Group)
        if "/" in self._population or self._population not in list(edges):
            raise NeurosimError(
                f"{self._path} has no edge population {show(self._population)}: "
                f"{suggest(self._population, edges)}"
            )
        group = self._member(edges, self._population, h5py.Group)
        sources = self._column(group, SOURCE_ID, None, "iu")
        self.size = len(sources)
        self._integers = {SOURCE_ID: sources}
        for name in (TARGET_ID, TYPE_ID, GROUP_ID, GROUP_INDEX):
            if name == TARGET_ID or name in group:
                self._integers[name] = self._column(group, name, self.size, "iu")
        self._groups = [name for name in group if name.isascii() and name.isdigit()]
        self.attributes: dict[str, dict[str, h5py.Group]] = {}
        for name in self._groups:
            edge_group = self._member(group, name, h5py.Group)
            for attribute in edge_group:
                if _is_column(edge_group, attribute):
                    self.attributes.setdefault(attribute, {})[name] = edge_group

    def _rows(self, group: str) -> int | None:
        """Return the number of rows of an edge group; None if it depends on the edges."""
        return self.size if self._groups == [group] else None

    def _member(self, group: h5py.Group, name: str, kind: type) -> Any:
        """Return a member of a group; follow soft links within the file only."""
        try:
            found = follow(group, name)
        except NeurosimError as error:
            raise NeurosimError(f"{self._path}: {error}") from None
        where = f"{group.name.rstrip('/')}/{name}"
        require(found is not None, f"it has no {where}, or a broken link")
        require(isinstance(found, kind), f"{where} is not a {kind.__name__.lower()}")
        return found

    def _column(self, group: h5py.Group, name: str, size: int | None, kinds: str) -> h5py.Dataset:
        """Return a dataset after checking its type and size."""
        import h5py

        found: h5py.Dataset = self._member(group, name, h5py.Dataset)
        fits = found.dtype.kind in kinds and found.ndim == 1 and found.dtype.itemsize <= 16
        numbers = "numbers" if "f" in kinds else "integers"
        require(fits, f"{found.name} is not a 1-dimensional array of {numbers}")
        if size is not None:
            require(len(found) == size, f"{found.name} has {len(found)} values for {size} edges")
        plist = found.id.get_create_plist()
        filters = [plist.get_filter(k)[0] for k in range(plist.get_nfilters())]
        unknown = [number for number in filters if number not in FILTERS]
        require(
            not unknown,
            f"{found.name} is compressed with filter {unknown}; gzip and LZF are supported",
        )
        check_stored(found, self._bytes)
        chunk = found.chunks[0] * found.dtype.itemsize if found.chunks else 0
        require(chunk <= MAX_CHUNK_BYTES, f"{found.name} has chunks of {chunk:,} bytes")
        # Cache the chunk in which a block ends for the next block.
        access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
        access.set_chunk_cache(521, chunk, 1.0)
        return h5py.Dataset(h5py.h5d.open(self._file.id, found.name.encode(), access))

    def read(self, start: int, stop: int, name: str) -> NDArray[np.float64]:
        """Return an attribute of edges `start` to `stop` − 1, shape (stop − start,).

        Raises
        ------
        NeurosimError
            If an edge has no such attribute.
        """
        values, known = self._values(start, stop, name)
        if not known.all():
            self._refuse(start + int(np.argmin(known)), name)
        return values

    def counts(self, start: int, stop: int) -> NDArray[np.float64]:
        """Return the number of synapses of edges `start` to `stop` − 1; default 1."""
        if self._nsyns not in self._columns:
            return np.ones(stop - start)
        values, known = self._values(start, stop, self._nsyns)
        return np.where(known & ~np.isnan(values), values, 1.0)

    def _values(
        self, start: int, stop: int, name: str
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return an attribute of edges and a mask of the edges that have it."""
        with _reporting(self._path):
            columns = self._columns[name]
            values, known = self._in_groups(start, stop, columns)
        if known.all() or TYPE_ID not in self._integers:
            return values, known
        if self._types is None or name not in self._types:
            return values, known
        types = self.integers(TYPE_ID, start, stop).astype(np.int64, copy=False)
        by_type, listed = self._types.look_up(name, types)
        return np.where(known, values, by_type), known | listed

    def _in_groups(
        self, start: int, stop: int, columns: dict[int, h5py.Dataset]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return values stored in edge groups and a mask of the edges that have one."""
        values, known = np.full(stop - start, np.nan), np.zeros(stop - start, bool)
        rows = np.arange(start, stop)
        if GROUP_INDEX in self._integers:
            rows = self.integers(GROUP_INDEX, start, stop).astype(np.int64, copy=False)
        groups = np.zeros(stop - start, np.int64)
        if GROUP_ID in self._integers:
            groups = self.integers(GROUP_ID, start, stop)
        for number, column in columns.items():
            members = groups == number
            values[members] = _gather(column, rows[members])
            known |= members
        return values, known

    def integers(self, name: str, start: int, stop: int) -> NDArray:
        """Return sources, targets, types or groups of the edges start to stop − 1."""
        with _reporting(self._path):
            return self._integers[name][start:stop]

    def _refuse(self, edge: int, name: str) -> None:
        """Raise the error for an edge without an attribute."""
        where = f"{self._path}, edge {edge}"
        if self._types is None or name not in self._types:
            has_groups = GROUP_ID in self._integers
            group = self.integers(GROUP_ID, edge, edge + 1)[0] if has_groups else 0
            raise NeurosimError(
                f"{where}: its edge group {group} has no {show(name)}: give edge_types with this "
                "column, or a number instead"
            )
        if TYPE_ID not in self._integers:
            raise NeurosimError(
                f"{self._path} has no {TYPE_ID} to look up {show(name)}: add it to the file"
            )
        unknown = self.integers(TYPE_ID, edge, edge + 1)[0]
        raise NeurosimError(f"{where}: {TYPE_ID} = {unknown} is not in {self._types.path}")


def _is_column(group: h5py.Group, name: str) -> bool:
    """Whether a member of an edge group may hold one number per edge.

    Links are checked later.
    """
    import h5py

    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        return True
    found = group[name]
    return isinstance(found, h5py.Dataset) and found.dtype.kind in "iuf" and found.ndim == 1


def _gather(column: h5py.Dataset, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the values in some rows of a dataset."""
    if not len(rows):
        return np.empty(0)
    low, high = int(rows.min()), int(rows.max()) + 1
    beyond = low if low < 0 else high - 1
    require(
        low >= 0 and high <= len(column),
        f"{column.name} has {len(column)} values, and {GROUP_INDEX} names row {beyond}",
    )
    if high - low <= MAX_SPREAD * len(rows):
        block = column[low:high]
        in_order = high - low == len(rows) and bool((np.diff(rows) == 1).all())
        return (block if in_order else block[rows - low]).astype(np.float64)
    distinct, inverse = np.unique(rows, return_inverse=True)
    return column[distinct].astype(np.float64)[inverse]


@contextmanager
def _reporting(path: str) -> Iterator[None]:
    """Turn exceptions of h5py for a damaged file into one message."""
    try:
        yield
    except NeurosimError:
        raise
    except ERRORS as error:
        raise NeurosimError(
            f"{path} has no readable SONATA edges ({reason(error)}): write the file again"
        ) from error
