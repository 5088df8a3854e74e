"""Lists of edges on their way to synapse tables: read twice, in blocks, and never held whole.

At first every edge is checked and counted by thread, source and delay; then each is put to its
place. Blocks are read by all threads at once, then every thread takes its own edges out of all of
them, in order.
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
from neurosim.network.strength import MAX_STRENGTH
from neurosim.utils.frozen import read_only
from neurosim.utils.resources import physical_memory

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
    populations : list of LocalPopulation
        Each thread's local of the targets.
    dt : float
        ms.
    keys : (3,) ndarray of uint64
        Of the random streams of targets, weights and delays.
    sign : int
        That all strengths must have, or 0: by what is known, +1 or −1.
    each : Each
        How threads are made to work.

    Attributes
    ----------
    size : int
        Number of edges.
    delays : Delays
        Those that there are.
    counts : list of (n_sources, n) ndarray of uint32
        For each thread, how many synapses each source has with each of at least these delays.
    own : list of int
        Of these, how many are not onto probes.
    extremes : (2,) ndarray of float64
        Weakest and strongest weight, where each edge has its own; else 0.
    sign : int
        Of all strengths so far, with what was known.

    Raises
    ------
    NeurosimError
        For whatever is wrong with an edge.
    """

    def __init__(
        self,
        projection: Projection,
        populations: list[LocalPopulation],
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
        none_yet = Delays(ARRAY, NO_STEPS, np.empty(0, np.uint64), NO_STEPS)
        self.delays = none_yet if self.given_delays else delays_of(projection, dt)
        self._place_of = np.empty(0, np.int32)
        self.counts = [
            np.zeros((projection.source.size, max(len(self.delays.steps), 1)), np.uint32)
            for _ in populations
        ]
        self.own = [0 for _ in populations]
        self.extremes = np.zeros(2)
        self._firsts = [0]
        self._survey(populations, keys[2])

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
        """Cut the list into as many blocks at a time as there are threads."""
        for k in range(0, reader.n_blocks, len(self.own)):
            yield range(k, min(k + len(self.own), reader.n_blocks))

    def _survey(self, populations: list[LocalPopulation], key: np.uint64) -> None:
        """Check and count all edges."""
        probes = [
            read_only(local.probe_index()) if len(local.probed) else NO_STEPS
            for local in populations
        ]
        cdf, guide = self.delays.cdf, self.delays.guide

        def count(thread: int) -> None:
            local = populations[thread]
            for first, edges in zip(firsts, blocks, strict=True):
                own = (
                    local.start,
                    local.stop,
                    probes[thread],
                    key,
                    cdf,
                    guide,
                    self.counts[thread],
                )
                self.own[thread] += count_edges(edges, first, *own)

        with self._reader() as reader:
            for group in self._groups(reader):
                checked = self._each(lambda k: self._checked(reader, k), group)
                blocks = [
                    self._notice(reader, k, *found) for k, found in zip(group, checked, strict=True)
                ]
                firsts = self._firsts[-len(group) - 1 : -1]
                list(self._each(count, range(len(populations))))

    def blocks(self) -> Iterator[list[tuple[int, Edges]]]:
        """Read the list again, as many blocks at a time as there are threads.

        Yields
        ------
        list of (int, Edges)
            The number of the first edge, and the edges, of consecutive blocks.
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
        """Return strengths in the weight's unit."""
        weight = self._projection.weight
        return read_only(weight.convert(block.weights)) if is_per_edge(weight) else (block.weights)

    def _edges(self, block: Block, steps: NDArray[np.int64]) -> Edges:
        late = read_only(self._place_of[steps].astype(np.int64)) if self.given_delays else NO_STEPS
        return Edges(block.sources, block.targets, self._weights(block), late)

    def _checked(self, reader: Reader, k: int) -> tuple[Block, NDArray[np.int64]]:
        """Return block k, whose numbers are in range, and its delays in steps."""
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
        """Return how to raise short delays to one time step."""
        delay = self._projection.delay
        assert is_per_edge(delay)
        return delay.minimum_hint(self._dt)

    def _notice(self, reader: Reader, k: int, block: Block, steps: NDArray[np.int64]) -> Edges:
        """Take in what only one block after the other can tell."""
        self._firsts.append(self._firsts[-1] + len(block.sources))
        if len(steps):
            self._notice_delays(steps)
        edges = self._edges(block, steps)
        if is_per_edge(self._projection.weight) and len(edges.weights):
            self._notice_weights(reader, k, edges.weights)
        return edges

    def _notice_delays(self, steps: NDArray[np.int64]) -> None:
        """Give delays that were not seen before the next places."""
        longest = int(steps.max())
        if longest >= len(self._place_of):
            longer = np.full(longest + 1, -1, np.int32)
            longer[: len(self._place_of)] = self._place_of
            self._place_of = longer
        new = steps[self._place_of[steps] < 0]
        if not len(new):
            return
        new = np.unique(new)
        known = self.delays.steps
        self._place_of[new] = np.arange(len(known), len(known) + len(new))
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

    def _notice_weights(self, reader: Reader, k: int, weights: NDArray[np.float64]) -> None:
        """Check signs against Dale's law, and plastic weights against their range."""
        source, plasticity = self._projection.source, self._projection.plasticity
        low, high = weights.min(), weights.max()
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
            least, most = sorted((0.0, plasticity.w_max))
            if low < least or high > most:
                wrong = (weights < least) | (weights > most)
                words = (
                    f"weight = {weights[wrong][0]:g} lies beyond 0 to STDP.w_max = "
                    f"{plasticity.w_max:g}: raise w_max, or lower the weight"
                )
                refuse(reader, k, wrong, words)


def _check_counts(rows: int, delays: int) -> None:
    """Refuse so many different delays, listed for so many rows, that they cannot be counted.

    Raises
    ------
    NeurosimError
    """
    needed, there = 4 * rows * delays, physical_memory()
    if there is not None and needed > there / 2:
        raise NeurosimError(
            f"To count synapses by more than {delays // 2:,} different delays takes about "
            f"{needed / 2**30:.1f} GiB; {there / 2**30:.1f} GiB are available: let delays "
            "differ less, or take a larger dt"
        )
