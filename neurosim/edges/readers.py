"""Lists of edges, a block at a time: out of arrays and SONATA's HDF5."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Protocol, Self

import numpy as np

from neurosim.edges import SonataPopulation
from neurosim.errors import NeurosimError
from neurosim.models.column import is_per_edge
from neurosim.models.connection_rules import checked_edges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from neurosim.network import Projection

BLOCK_SIZE = 2**16
"""Edges in a block of arrays or of HDF5: 2 MB where all is 64 bits wide."""

NONE: NDArray[np.float64] = np.empty(0)
NONE.flags.writeable = False
NO_INDICES: NDArray[np.int64] = np.empty(0, np.int64)


class Block(NamedTuple):
    """Consecutive edges of a list; all arrays are read-only.

    Attributes
    ----------
    sources, targets : (n,) ndarray of int64
        Indices within the two populations.
    weights, delays : (n,) or (0,) ndarray of float64
        As listed, where each edge has its own; delays in ms.
    """

    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float64]
    delays: NDArray[np.float64]


class Reader(Protocol):
    """A list of edges that is open to be read; several threads may read blocks at once."""

    n_blocks: int

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def read(self, k: int) -> Block:
        """Return block k; edges outside the populations are refused."""

    def where(self, k: int, i: int) -> str:
        """Return where edge i of block k is, to begin a sentence with."""


def read_only(array: NDArray) -> NDArray:
    """Return the array, which cannot be written to any more."""
    array.flags.writeable = False
    return array


def edges_of(projection: Projection, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Yield sources, then targets of the edges of a rule, within their populations."""
    ends = projection.ends
    blocks = list(checked_edges(projection.rule.bind(ends), *ends.shape, rng))
    for k, ids in enumerate((ends.source_ids, ends.target_ids)):
        column = [block[k] for block in blocks]
        one = len(column) == 1
        whole = np.ascontiguousarray(column[0] if one else np.concatenate([NO_INDICES, *column]))
        yield read_only((whole if ids is None else ids[whole]).view())


class ArrayReader:
    """Blocks of edges, given by indices within the populations."""

    def __init__(
        self, projection: Projection, sources: NDArray[np.int64], targets: NDArray[np.int64]
    ) -> None:
        given = projection.weight, projection.delay
        distances = NONE
        if any(map(is_per_edge, given)):  # their values are functions of distance
            distances = read_only(projection.ends.distances(sources, targets))
        weights, delays = (
            distances if is_per_edge(own) else own if isinstance(own, np.ndarray) else NONE
            for own in given
        )
        self._arrays = Block(sources, targets, weights, delays)
        self.n_blocks = -(-len(sources) // BLOCK_SIZE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def read(self, k: int) -> Block:
        """Return block k."""
        part = slice(k * BLOCK_SIZE, (k + 1) * BLOCK_SIZE)
        sources, targets, weights, delays = self._arrays
        return Block(sources[part], targets[part], weights[part], delays[part])

    def where(self, k: int, i: int) -> str:
        """Return nothing: an array has no lines."""
        return ""


class FileReader(ABC):
    """What readers of files have in common.

    Parameters
    ----------
    projection : Projection
        With an `EdgeFile`.

    Raises
    ------
    NeurosimError
        Where the file is not the one that was described.
    """

    n_blocks: int

    def __init__(self, projection: Projection) -> None:
        rule: Any = projection.rule
        rule.check_content()
        self.rule = rule
        self._ends = projection.ends
        self.names = tuple(
            given.name if is_per_edge(given) else None
            for given in (projection.weight, projection.delay)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.rule.check_unchanged()

    @abstractmethod
    def where(self, k: int, i: int) -> str:
        """Return where edge i of block k is, to begin a sentence with."""

    def neurons(
        self, k: int, ids: tuple[NDArray, NDArray], names: tuple[str, str]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return sources and targets within their populations; refuse those that there are not."""
        ends, found = self._ends, []
        for own, chosen, size, population, name in zip(
            ids,
            (ends.source_ids, ends.target_ids),
            ends.shape,
            (ends.source, ends.target),
            names,
            strict=True,
        ):
            if len(own) and not 0 <= own.min() <= own.max() < size:
                i = int(np.argmax((own < 0) | (own >= size)))
                raise NeurosimError(
                    f"{self.where(k, i)}{name} = {own[i]} is outside 0 to {size - 1}, the neurons "
                    f"of {population.name!r}" + ("" if chosen is None else " that are connected")
                )
            whole = own if chosen is None else chosen[own]
            found.append(read_only(whole.astype(np.int64, copy=False)))
        return found[0], found[1]


class SonataReader(FileReader):
    """Read a population of SONATA edges in blocks; an edge weighs as much as its synapses."""

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
        first, edges = k * BLOCK_SIZE, self._edges
        last = min(first + BLOCK_SIZE, edges.size)
        names = "source_node_id", "target_node_id"
        ids = edges.integers(names[0], first, last), edges.integers(names[1], first, last)
        sources, targets = self.neurons(k, ids, names)
        weight, delay = self.names
        weights = NONE
        if weight:
            weights = edges.read(first, last, weight)
            if weight != self._nsyns:
                weights = weights * edges.counts(first, last)
        delays = edges.read(first, last, delay) if delay else NONE
        return Block(sources, targets, read_only(weights), read_only(delays))

    def where(self, k: int, i: int) -> str:
        """Return where edge i of block k is, to begin a sentence with."""
        return f"{self._path}, edge {k * BLOCK_SIZE + i}: "


def refuse(reader: Reader, k: int, wrong: NDArray[np.bool_], words: str) -> NoReturn:
    """Refuse the first edge of block k that is wrong; "{}" in `words` stands for its place."""
    i = int(np.argmax(wrong))
    raise NeurosimError(f"{reader.where(k, i)}{words}")
