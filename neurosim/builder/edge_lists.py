"""Projections with listed synapses.

Lists are read twice, in blocks, and are never held in memory as a whole.

The first pass checks every edge and counts edges by thread, source and delay. The second pass
stores the synapses. In each pass, the threads read a group of blocks in parallel. Then each thread
processes the edges onto its neurons in all of them, in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.builder.delays import Delays, delays_of, too_short
from neurosim.builder.grid import to_steps
from neurosim.edges import EdgeFile
from neurosim.edges.readers import ArrayReader, edges_of, refuse
from neurosim.errors import NeurosimError
from neurosim.kernels import Edges, count_edges
from neurosim.kernels.random_rows import ARRAY
from neurosim.models.column import MAX_DELAY, is_per_edge
from neurosim.models.distance import Redrawn
from neurosim.network.dale import EFFECT
from neurosim.network.strength import MAX_STRENGTH, negative_conductance
from neurosim.utils.frozen import read_only
from neurosim.utils.resources import available_memory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from neurosim.builder.layout import LocalPopulation
    from neurosim.builder.workers import Each
    from neurosim.edges.readers import Block, Reader
    from neurosim.network import Projection

NO_STEPS = read_only(np.empty(0, np.int64))


class Listed:
    """A projection whose synapses are listed.

    Parameters
    ----------
    projection : Projection
    targets : list of LocalPopulation
        The target population on each thread.
    dt : float
        ms.
    keys : (3,) ndarray of uint64
        Keys of the random streams of targets, weights and delays.
    sign : int
        Sign that all weights must have, +1 or −1, or 0 if not yet known.
    each : Each
        Maps a function over threads.

    Attributes
    ----------
    size : int
        Number of edges.
    delays : Delays
        The distinct delays.
    counts : list of (n_sources, n) ndarray of uint32
        For each thread, the number of synapses of each source with each delay. Columns beyond the
        delays are zero.
    n_real : list of int
        For each thread, the number of these synapses that are not onto E/I probes.
    extremes : (2,) ndarray of float64
        Smallest and largest weight if edges have different weights, else 0.
    sign : int
        Sign of all weights so far.

    Raises
    ------
    NeurosimError
        If an edge is invalid.
    """

    def __init__(
        self,
        projection: Projection,
        targets: list[LocalPopulation],
        dt: float,
        keys: NDArray[np.uint64],
        sign: int,
        each: Each,
    ) -> None:
        self._projection, self._dt, self._each, self.sign = projection, dt, each, sign
        self._seed = int(keys[0])
        self.given_delays = is_per_edge(projection.delay) or isinstance(
            projection.delay, np.ndarray
        )
        none = Delays(ARRAY, NO_STEPS, np.empty(0, np.uint64), NO_STEPS)
        self.delays = none if self.given_delays else delays_of(projection, dt)
        self._index_of = np.empty(0, np.int32)
        self.counts = [
            np.zeros((projection.source.size, max(len(self.delays.steps), 1)), np.uint32)
            for _ in targets
        ]
        self.n_real = [0 for _ in targets]
        self.extremes = np.zeros(2)
        self._firsts = [0]
        self._survey(targets, keys[2])

    @property
    def size(self) -> int:
        """Number of edges."""
        return self._firsts[-1]

    def _reader(self) -> Reader:
        rule = self._projection.rule
        if isinstance(rule, EdgeFile):
            return rule.open(self._projection)
        if isinstance(rule, Redrawn):
            from neurosim.builder.connections import drawn_pairs  # late: it needs this module

            return ArrayReader(self._projection, *drawn_pairs(self._projection, self._seed))
        rng = np.random.Generator(np.random.Philox(key=self._seed))
        return ArrayReader(self._projection, *edges_of(self._projection, rng))

    def _groups(self, reader: Reader) -> Iterator[range]:
        """Yield the blocks in groups of one block per thread."""
        n = len(self.n_real)
        for k in range(0, reader.n_blocks, n):
            yield range(k, min(k + n, reader.n_blocks))

    def _survey(self, targets: list[LocalPopulation], key: np.uint64) -> None:
        """Check and count all edges."""
        probes = [
            read_only(local.probe_index()) if len(local.probed) else NO_STEPS for local in targets
        ]
        cdf, guide = self.delays.cdf, self.delays.guide

        def count(thread: int) -> None:
            local, counts = targets[thread], self.counts[thread]
            ends = (local.start, local.stop, probes[thread])
            for first, edges in zip(firsts, blocks, strict=True):
                self.n_real[thread] += count_edges(edges, first, *ends, key, cdf, guide, counts)

        with self._reader() as reader:
            for group in self._groups(reader):
                checked = self._each(lambda k: self._checked(reader, k), group)
                blocks = [
                    self._register(reader, k, *block)
                    for k, block in zip(group, checked, strict=True)
                ]
                firsts = self._firsts[-len(group) - 1 : -1]
                list(self._each(count, range(len(targets))))

    def blocks(self) -> Iterator[list[tuple[int, Edges]]]:
        """Read the list again in groups of one block per thread.

        Yields
        ------
        list of (int, Edges)
            For consecutive blocks, the index of the first edge and the edges.
        """

        def again(k: int) -> Edges:
            block = self._read(reader, k)
            steps = to_steps(block.delays, self._dt) if self.given_delays else NO_STEPS
            return self._edges(block, steps)

        with self._reader() as reader:
            for group in self._groups(reader):
                firsts = self._firsts[group.start : group.stop]
                yield list(zip(firsts, self._each(again, group), strict=True))

    def _read(self, reader: Reader, k: int) -> Block:
        """Return block k with its delays in ms."""
        block, delay = reader.read(k), self._projection.delay
        if not is_per_edge(delay):
            return block
        return block._replace(delays=read_only(delay.convert(block.delays)))

    def _weights(self, block: Block) -> NDArray[np.float64]:
        """Return weights in the unit of the projection."""
        weight = self._projection.weight
        return read_only(weight.convert(block.weights)) if is_per_edge(weight) else (block.weights)

    def _edges(self, block: Block, steps: NDArray[np.int64]) -> Edges:
        late = read_only(self._index_of[steps].astype(np.int64)) if self.given_delays else NO_STEPS
        return Edges(block.sources, block.targets, self._weights(block), late)

    def _checked(self, reader: Reader, k: int) -> tuple[Block, NDArray[np.int64]]:
        """Check the ranges of block k; return it with its delays in steps."""
        block = self._read(reader, k)
        weight, delay = self._projection.weight, self._projection.delay
        if is_per_edge(weight) and len(block.weights):
            self._check_range(reader, k, block.weights, weight.name, -MAX_STRENGTH)
        if not self.given_delays or not len(block.delays):
            return block, NO_STEPS
        if is_per_edge(delay):
            self._check_range(reader, k, block.delays, delay.name, 0.0)
        least = self._dt * (1.0 - 1e-9)
        if not block.delays.min() >= least:
            wrong = block.delays < least
            words = too_short(self._projection, float(block.delays[wrong][0]), self._dt)
            if is_per_edge(delay):
                words += f", or raise short delays with {self._raised()}"
            refuse(reader, k, wrong, words)
        return block, to_steps(block.delays, self._dt)

    def _check_range(
        self, reader: Reader, k: int, values: NDArray[np.float64], name: str, low: float
    ) -> None:
        high = MAX_STRENGTH if low < 0.0 else MAX_DELAY
        # Written so that NaN is outside.
        if low <= values.min() and values.max() <= high and (low < 0.0 or values.min() > 0.0):
            return
        inside = (values >= low) & (values <= high) & ((low < 0.0) | (values > 0.0))
        value = values[int(np.argmin(inside))]
        if value == 0.0:
            words = (
                f"{name} = 0 ms: a spike needs at least one time step to arrive; raise short "
                f"delays with {self._raised()}"
            )
        elif low < 0.0:
            words = f"{name} = {value:g} is outside {low:g} to {high:g}"
        else:
            words = f"{name} = {value:g} is outside 0 to {high:g} ms"
        refuse(reader, k, ~inside, words)

    def _raised(self) -> str:
        """Return a hint for raising short delays to one time step."""
        delay = self._projection.delay
        assert is_per_edge(delay)
        return delay.minimum_hint(self._dt)

    def _register(self, reader: Reader, k: int, block: Block, steps: NDArray[np.int64]) -> Edges:
        """Process the parts of a block that depend on earlier blocks; return its edges."""
        self._firsts.append(self._firsts[-1] + len(block.sources))
        if len(steps):
            self._register_delays(steps)
        edges = self._edges(block, steps)
        if is_per_edge(self._projection.weight) and len(edges.weights):
            self._check_weights(reader, k, edges.weights)
        return edges

    def _register_delays(self, steps: NDArray[np.int64]) -> None:
        """Append new delays to the known ones."""
        longest = int(steps.max())
        if longest >= len(self._index_of):
            longer = np.full(longest + 1, -1, np.int32)
            longer[: len(self._index_of)] = self._index_of
            self._index_of = longer
        new = steps[self._index_of[steps] < 0]
        if not len(new):
            return
        new = np.unique(new)
        known = self.delays.steps
        self._index_of[new] = np.arange(len(known), len(known) + len(new))
        known = np.concatenate([known, new])
        self.delays = Delays(ARRAY, known, np.zeros(len(known), np.uint64), NO_STEPS)
        n_sources, width = self.counts[0].shape
        if len(known) <= width:
            return
        width = max(len(known), 2 * width)
        _check_counts(len(self.counts) * n_sources, width)
        for thread, counts in enumerate(self.counts):
            wider = np.zeros((n_sources, width), np.uint32)
            wider[:, : counts.shape[1]] = counts
            self.counts[thread] = wider

    def _check_weights(self, reader: Reader, k: int, weights: NDArray[np.float64]) -> None:
        """Check weights against Dale's law, conductances and plasticity."""
        source, plasticity = self._projection.source, self._projection.plasticity
        low, high = weights.min(), weights.max()
        if low < 0.0 and self._projection.synapse.unit == "nS":
            wrong = weights < 0.0
            refuse(reader, k, wrong, negative_conductance("weight", weights[wrong][0]))
        self.extremes = np.array([min(self.extremes[0], low), max(self.extremes[1], high)])
        if source.dale:
            if self.sign == 0 and (low < 0.0 or high > 0.0):
                self.sign = int(np.sign(weights[np.argmax(weights != 0.0)]))
            if min(low * self.sign, high * self.sign) < 0.0:
                wrong = weights * self.sign < 0.0
                effect = self.sign * (self._projection.effect or 1)
                words = (
                    f"weight = {weights[wrong][0]:g} would {EFFECT[-effect]}, other synapses "
                    f"from {source.name!r} {EFFECT[effect]}, against Dale's law: split the "
                    "population, or add it with dale=False"
                )
                refuse(reader, k, wrong, words)
        if plasticity is not None:
            least, most = plasticity.extremes
            if low < least or high > most:
                wrong = (weights < least) | (weights > most)
                words = f"weight = {weights[wrong][0]:g} is outside {plasticity.range} weight"
                refuse(reader, k, wrong, words)


def _check_counts(rows: int, delays: int) -> None:
    """Check that there is memory for counting synapses by row and delay.

    Raises
    ------
    NeurosimError
    """
    needed, there = 4 * rows * delays, available_memory()
    if there is not None and needed > there / 2:
        raise NeurosimError(
            f"To count synapses by more than {delays // 2:,} different delays takes about "
            f"{needed / 2**30:.1f} GiB; {there / 2**30:.1f} GiB are available: let delays "
            "differ less, or take a larger dt"
        )
