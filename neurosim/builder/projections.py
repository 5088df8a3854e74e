"""The projections of a network as the kernels want them, the same for every thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.builder.delays import DelayTable, delays_of
from neurosim.builder.edge_lists import Listed
from neurosim.builder.streams import generator, stream_key
from neurosim.builder.weights import common_weights, is_listed, weight_array
from neurosim.kernels import random_rows as c
from neurosim.models.column import is_per_edge
from neurosim.network.dale import common_effect, effect_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neurosim.builder.layout import Layout
    from neurosim.builder.workers import Each
    from neurosim.network import Network, Population, Projection


ROW_KINDS = {
    "all": c.ALL,
    "one": c.ONE,
    "probability": c.PROBABILITY,
    "in-degree": c.IN_DEGREE,
    "out-degree": c.OUT_DEGREE,
    "listed": c.LISTED,
}
"""What kernels call the ways to make rows of a projection's targets."""


def expected_synapses(projection: Projection) -> float:
    """Return how many synapses a projection has, in the mean where that is random."""
    ends = projection.ends
    return projection.rule.bind(ends).expected_synapses(*ends.shape, n_common=ends.n_common)


def known_sign(network: Network, source: Population) -> int:
    """Return the effect of the synapses from a population that no file lists, as `common_sign`."""
    own = [p for p in network.projections if p.source is source]
    return common_effect(
        effect_of(p, None if p.plasticity is None else p.plasticity.w_max)
        for p in own
        if p.plasticity is not None or not is_per_edge(p.weight)
    )


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
            p.rule.out_degrees(p.ends, generator(seed, "degrees", k))
            for p, k in zip(self.projections, order, strict=True)
        ]
        self.first_degrees = np.cumsum([0, *map(len, degrees)])[:-1]
        self.degrees = np.concatenate([np.empty(0, np.int64), *degrees])
        arrays = [weight_array(p) for p in self.projections]
        self.first_weights = np.cumsum([0, *map(len, arrays)])[:-1]
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
                signs[source] = known_sign(network, source)
            populations = [self.layout.threads[thread].populations[target] for thread in self.own]
            sign = signs[source] * projection.effect
            listed[p] = Listed(projection, populations, self._dt, self.keys[p], sign, each)
            signs[source] = listed[p].sign * projection.effect or signs[source]
        return listed

    def found_weights(self) -> dict[Projection, NDArray[np.float64]]:
        """Return weakest and strongest weight of those projections that have theirs in a file."""
        return {
            self.projections[p]: own.extremes
            for p, own in self.listed.items()
            if is_per_edge(self.projections[p].weight)
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
