"""The projections of a network as the kernels want them, the same for every thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.build.delays import DelayTable, delays_of
from neurosim.build.listed import Listed
from neurosim.build.streams import stream_key
from neurosim.build.weights import common_weights, is_listed, weight_array
from neurosim.kernels import rows as c
from neurosim.network import (
    AllToAll,
    Column,
    EdgeFile,
    Explicit,
    FixedInDegree,
    FixedOutDegree,
    FixedProbability,
    FixedTotalNumber,
    OneToOne,
)
from neurosim.network.dale import common_sign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neurosim.build.layout import Layout
    from neurosim.build.workers import Each
    from neurosim.network import Network, Population, Projection
    from neurosim.network.dale import Weight


def row_kind(projection: Projection) -> int:
    """Return how the kernels make rows of a projection's targets."""
    rule = projection.rule
    if isinstance(rule, AllToAll) or (isinstance(rule, FixedProbability) and rule.p == 1.0):
        return c.ALL
    if is_listed(projection):
        return c.LISTED
    kinds = {
        OneToOne: c.ONE,
        FixedProbability: c.PROBABILITY,
        FixedOutDegree: c.OUT_DEGREE,
        FixedTotalNumber: c.OUT_DEGREE,
        FixedInDegree: c.IN_DEGREE,
    }
    return kinds[type(rule)]


def _out_degrees(projection: Projection, key: np.uint64) -> NDArray[np.int64]:
    """Return the out-degree of every source.

    Synapses in a fixed total number, each with a source and a target of its own drawing, have
    multinomial out-degrees, and given these, independent targets.
    """
    ends, rule = projection.ends, projection.rule
    n, n_targets = ends.shape
    if isinstance(rule, FixedOutDegree):
        return np.full(n, rule.n, np.int64)
    if not isinstance(rule, FixedTotalNumber):
        return np.empty(0, np.int64)
    shares = np.full(n, 1.0 / n)
    if not rule.autapses and 0 < ends.n_common < n:
        # Sources that are targets, too, have one target less to choose.
        choices = n_targets - np.isin(ends.sources, ends.targets).astype(float)
        shares = choices / choices.sum()
    generator = np.random.Generator(np.random.Philox(key=int(key)))
    return generator.multinomial(rule.n, shares)


def expected_synapses(projection: Projection) -> float:
    """Return how many synapses a projection has, in the mean where that is random.

    For a file of text it is an estimate.
    """
    rule, (n, m) = projection.rule, projection.ends.shape
    if isinstance(rule, (AllToAll, FixedProbability)):
        pairs = n * m - (not rule.autapses) * projection.ends.n_common
        return pairs * getattr(rule, "p", 1.0)
    if isinstance(rule, OneToOne):
        return n
    if isinstance(rule, Explicit):
        return len(rule.sources)
    if isinstance(rule, EdgeFile):
        return rule.size
    if isinstance(rule, FixedTotalNumber):
        return rule.n
    return rule.n * (m if isinstance(rule, FixedInDegree) else n)


def known_weights(network: Network, source: Population) -> list[Weight]:
    """Return those weights from a population that are no file's; of plastic ones the strongest."""
    own = [p for p in network.projections if p.source is source]
    return [
        p.plasticity.w_max if p.plasticity is not None else p.weight
        for p in own
        if p.plasticity is not None or not isinstance(p.weight, Column)
    ]


class Projections:
    """Projections of a network as the kernels want them, the same for every thread.

    Parameters
    ----------
    network : Network
    layout : Layout
    dt : float
        ms.
    seed : int
    chosen : sequence of int, optional
        Which of the projections; all that are not plastic if not given. The random numbers of each
        are its own, whichever are chosen.
    own : range, optional
        The threads of this process; all if not given.
    each : Each
        How threads are made to work.

    Attributes
    ----------
    listed : dict of int to Listed
        Those of the projections whose synapses are listed.

    Raises
    ------
    NeurosimError
        For whatever is wrong with a file of edges: all of it is read.
    """

    def __init__(
        self,
        network: Network,
        layout: Layout,
        dt: float,
        seed: int,
        chosen: Sequence[int] | None = None,
        *,
        own: range | None = None,
        each: Each = map,
    ) -> None:
        self.layout, self._dt = layout, dt
        self.own = range(len(layout.threads)) if own is None else own
        if chosen is None:
            chosen = [k for k, p in enumerate(network.projections) if p.plasticity is None]
        order = sorted(chosen, key=lambda k: self._source(network, k))
        self.projections = tuple(network.projections[k] for k in order)
        sources = [self._source(network, k) for k in order]
        n_populations = len(layout.populations)
        self.first_rule = np.searchsorted(sources, np.arange(n_populations + 1))
        self.n_sources = np.diff(layout.first_id)
        self.keys = np.array(
            [[stream_key(seed, p, k) for p in ("targets", "weights", "delays")] for k in order],
            np.uint64,
        ).reshape(-1, 3)
        self.listed = self._survey(network, each)
        self.expected = [
            self.listed[p].size if p in self.listed else expected_synapses(projection)
            for p, projection in enumerate(self.projections)
        ]
        self.delays = DelayTable(
            [
                self.listed[p].delays if p in self.listed else delays_of(projection, dt)
                for p, projection in enumerate(self.projections)
            ]
        )
        self._set_columns()
        degrees = [
            _out_degrees(p, stream_key(seed, "degrees", k))
            for p, k in zip(self.projections, order, strict=True)
        ]
        self.degree_places = np.cumsum([0, *map(len, degrees)])[:-1]
        self.degrees = np.concatenate([np.empty(0, np.int64), *degrees])
        arrays = [weight_array(p) for p in self.projections]
        self.weight_places = np.cumsum([0, *map(len, arrays)])[:-1]
        self.weights = np.concatenate([np.empty(0), *arrays])

    def _survey(self, network: Network, each: Each) -> dict[int, Listed]:
        """Read and check all lists of edges, and count what is in them."""
        signs: dict[Population, int] = {}
        listed = {}
        for p, projection in enumerate(self.projections):
            if not is_listed(projection):
                continue
            source, target = projection.source, self.layout.index(projection.target)
            if source not in signs:
                signs[source] = common_sign(known_weights(network, source))
            shares = [self.layout.threads[thread].shares[target] for thread in self.own]
            key = self.keys[p, c.KEY_DELAYS]
            listed[p] = Listed(projection, shares, self._dt, key, signs[source], each)
            signs[source] = listed[p].sign
        return listed

    def found_weights(self) -> dict[Projection, NDArray[np.float64]]:
        """Return weakest and strongest weight of those projections that have theirs in a file."""
        return {
            self.projections[p]: own.extremes
            for p, own in self.listed.items()
            if isinstance(self.projections[p].weight, Column)
        }

    def _set_columns(self) -> None:
        """Give every delay, or every delay with each of the common weights, a column."""
        delays = self.delays
        segments = int(self.layout.first_id[-1]) * len(delays.delays)
        self.common = common_weights(
            self.projections, self.first_rule, segments, sum(self.expected)
        )
        width = self.common.width if self.common else 1
        self.column_delays = np.repeat(delays.delays, width)
        self.columns = delays.columns * width
        if self.common:
            self.columns += np.repeat(self.common.places, delays.lengths)

    def _source(self, network: Network, k: int) -> int:
        return self.layout.index(network.projections[k].source)
