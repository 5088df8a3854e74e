"""Read lists of edges in blocks, from arrays and from SONATA files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Self

import numpy as np

from neurosim.edges.sonata_population import SOURCE_ID, TARGET_ID, SonataPopulation
from neurosim.errors import NeurosimError
from neurosim.models.column import is_per_edge
from neurosim.models.rule import checked_edges
from neurosim.utils.frozen import read_only

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from neurosim.network import Projection

BLOCK_SIZE = 2**16
"""Edges in a block of arrays or of HDF5: 2 MB with 64-bit values."""

NONE: NDArray[np.float64] = read_only(np.empty(0))
NO_INDICES: NDArray[np.int64] = np.empty(0, np.int64)


class Block(NamedTuple):
    """Consecutive edges of a list; all arrays are read-only.

    Attributes
    ----------
    sources, targets : (n,) ndarray of int64
        Indices within the two populations.
    weights, delays : (n,) or (0,) ndarray of float64
        Values in the list, if each edge has its own; delays in ms.
    """

    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float64]
    delays: NDArray[np.float64]


class Reader(ABC):
    """An open list of edges; several threads may read blocks at the same time."""

    n_blocks: int

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:  # noqa: B027 - arrays need no closing
        """Close the list."""

    @abstractmethod
    def read(self, k: int) -> Block:
        """Return block k; raise an error for edges outside the populations."""

    @abstractmethod
    def where(self, k: int, i: int) -> str:
        """Return the location of edge i of block k, as the beginning of a message."""


def edges_of(projection: Projection, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Yield the sources, then the targets of a rule as indices in the populations."""
    ends = projection.ends
    blocks = list(checked_edges(projection.rule.bind(ends), *ends.shape, rng))
    for k, ids in enumerate((ends.source_ids, ends.target_ids)):
        column = [block[k] for block in blocks]
        one = len(column) == 1
        whole = np.ascontiguousarray(column[0] if one else np.concatenate([NO_INDICES, *column]))
        yield read_only(whole if ids is None else ids[whole])


class ArrayReader(Reader):
    """Blocks of edges in arrays."""

    def __init__(
        self, projection: Projection, sources: NDArray[np.int64], targets: NDArray[np.int64]
    ) -> None:
        given = projection.weight, projection.delay
        distances = NONE
        if any(map(is_per_edge, given)):  # the values are functions of distance
            distances = read_only(projection.ends.distances(sources, targets))
        weights, delays = (
            distances if is_per_edge(values) else values if isinstance(values, np.ndarray) else NONE
            for values in given
        )
        self._arrays = Block(sources, targets, weights, delays)
        self.n_blocks = -(-len(sources) // BLOCK_SIZE)

    def read(self, k: int) -> Block:
        """Return block k."""
        return Block._make(a[k * BLOCK_SIZE : (k + 1) * BLOCK_SIZE] for a in self._arrays)

    def where(self, k: int, i: int) -> str:
        """Return an empty string: edges in arrays have no location."""
        return ""


class FileReader(Reader):
    """Base class of readers of files.

    Parameters
    ----------
    projection : Projection
        With an `EdgeFile` as its rule.

    Raises
    ------
    NeurosimError
        If the file has changed since it was described.
    """

    def __init__(self, projection: Projection) -> None:
        rule: Any = projection.rule
        rule.check_content()
        self.rule = rule
        self._ends = projection.ends
        self.names = tuple(
            given.name if is_per_edge(given) else None
            for given in (projection.weight, projection.delay)
        )

    def __exit__(self, *error: object) -> None:
        self.rule.check_unchanged()

    def neurons(
        self, k: int, ids: tuple[NDArray, NDArray], names: tuple[str, str]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return sources and targets as indices within their populations, checked."""
        ends, found = self._ends, []
        views = (ends.source, ends.source_ids), (ends.target, ends.target_ids)
        for given, name, size, view in zip(ids, names, ends.shape, views, strict=True):
            population, chosen = view
            if len(given) and not 0 <= given.min() <= given.max() < size:
                i = int(np.argmax((given < 0) | (given >= size)))
                raise NeurosimError(
                    f"{self.where(k, i)}{name} = {given[i]} is outside 0 to {size - 1}, the "
                    f"neurons of {population.name!r}"
                    + ("" if chosen is None else " that are connected")
                )
            whole = given if chosen is None else chosen[given]
            found.append(read_only(whole.astype(np.int64, copy=False)))
        return found[0], found[1]


class SonataReader(FileReader):
    """Read a population of SONATA edges.

    Weights are multiplied by the number of synapses.
    """

    def __init__(self, projection: Projection) -> None:
        super().__init__(projection)
        self._path, self._nsyns = self.rule.path, self.rule.nsyns
        self._edges = SonataPopulation(self.rule, *(name for name in self.names if name))
        self.n_blocks = -(-self._edges.size // BLOCK_SIZE)

    def __exit__(self, *error: object) -> None:
        self._edges.__exit__(*error)
        super().__exit__(*error)

    def read(self, k: int) -> Block:
        """Return block k."""
        start, edges = k * BLOCK_SIZE, self._edges
        stop = min(start + BLOCK_SIZE, edges.size)
        names = SOURCE_ID, TARGET_ID
        ids = edges.integers(names[0], start, stop), edges.integers(names[1], start, stop)
        sources, targets = self.neurons(k, ids, names)
        weight, delay = self.names
        weights = NONE
        if weight:
            weights = edges.read(start, stop, weight)
            if weight != self._nsyns:
                weights = weights * edges.counts(start, stop)
        delays = edges.read(start, stop, delay) if delay else NONE
        return Block(sources, targets, read_only(weights), read_only(delays))

    def where(self, k: int, i: int) -> str:
        """Return the location of edge i of block k, as the beginning of a message."""
        return f"{self._path}, edge {k * BLOCK_SIZE + i}: "


def refuse(reader: Reader, k: int, wrong: NDArray[np.bool_], message: str) -> NoReturn:
    """Raise an error at the first edge of block k that is wrong."""
    i = int(np.argmax(wrong))
    raise NeurosimError(f"{reader.where(k, i)}{message}")
