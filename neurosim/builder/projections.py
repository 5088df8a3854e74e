"""Tables of the projections of a network that all threads share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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

    from neurosim.builder.context import BuildContext
    from neurosim.network import Network, Population, Projection


ROW_KINDS = {
    "all": c.ALL,
    "one": c.ONE,
    "probability": c.PROBABILITY,
    "in-degree": c.IN_DEGREE,
    "out-degree": c.OUT_DEGREE,
    "listed": c.LISTED,
}
"""Kind of rule for each value of `Rule.rows`."""


def expected_synapses(projection: Projection) -> float:
    """Return the number of synapses of a projection, or its mean if it is random."""
    ends = projection.ends
    return projection.rule.bind(ends).expected_synapses(*ends.shape, n_common=ends.n_common)


def known_sign(network: Network, source: Population) -> int:
    """Return the common sign of synapses from a population that are not in files."""
    return common_effect(
        effect_of(p, None if p.plasticity is None else p.plasticity.unit_weight)
        for p in network.projections
        if p.source is source and (p.plasticity is not None or not is_per_edge(p.weight))
    )


class Projections:
    """Tables of the projections of a network that all threads share.

    Parameters
    ----------
    context : BuildContext
    chosen : sequence of int, optional
        Indices of projections. Default: all static ones. The random numbers of a projection do not
        depend on the choice.
    share_weights : bool
        Whether synapses of a row with equal weights may share them.

    Attributes
    ----------
    layout : Layout
    listed : dict of int to Listed
        Projections with listed synapses.

    Raises
    ------
    NeurosimError
        If an edge list is invalid. Files are read completely.
    """

    def __init__(
        self,
        context: BuildContext,
        chosen: Sequence[int] | None = None,
        *,
        share_weights: bool = True,
    ) -> None:
        self.context, self.layout = context, context.layout
        network, layout, seed = context.network, context.layout, context.seed
        if chosen is None:
            chosen = [k for k, p in enumerate(network.projections) if p.mechanism == "static"]
        order = sorted(chosen, key=lambda k: layout.index(network.projections[k].source))
        self.projections = tuple(network.projections[k] for k in order)
        sources = [layout.index(p.source) for p in self.projections]
        n_populations = len(layout.populations)
        self.first_rule = np.searchsorted(sources, np.arange(n_populations + 1))
        self.n_sources = np.diff(layout.first_id)
        self.keys = np.array(
            [[stream_key(seed, p, k) for p in ("targets", "weights", "delays")] for k in order],
            np.uint64,
        ).reshape(-1, 3)
        self.listed = self._survey()
        self.expected = [
            self.listed[p].size if p in self.listed else expected_synapses(projection)
            for p, projection in enumerate(self.projections)
        ]
        self.delays = DelayTable(
            [
                self.listed[p].delays if p in self.listed else delays_of(projection, context.dt)
                for p, projection in enumerate(self.projections)
            ]
        )
        self._set_columns(share_weights)
        degrees = [
            p.rule.out_degrees(p.ends, generator(seed, "degrees", k))
            for p, k in zip(self.projections, order, strict=True)
        ]
        self.first_degrees = np.cumsum([0, *map(len, degrees)])[:-1]
        self.degrees = np.concatenate([np.empty(0, np.int64), *degrees])
        arrays = [weight_array(p) for p in self.projections]
        self.first_weights = np.cumsum([0, *map(len, arrays)])[:-1]
        self.weights = np.concatenate([np.empty(0), *arrays])

    def _survey(self) -> dict[int, Listed]:
        """Read and check all edge lists, and count their synapses."""
        context, listed = self.context, {}
        signs: dict[Population, int] = {}
        for p, projection in enumerate(self.projections):
            if not is_listed(projection):
                continue
            source, target = projection.source, projection.target
            if source not in signs:
                signs[source] = known_sign(context.network, source)
            targets = [context.part(thread, target) for thread in context.local_threads]
            sign = signs[source] * projection.effect
            listed[p] = Listed(projection, targets, context.dt, self.keys[p], sign, context.each)
            signs[source] = listed[p].sign * projection.effect or signs[source]
        return listed

    @property
    def plasticity(self) -> Any:
        """Rule of the first projection."""
        return self.projections[0].plasticity

    def found_weights(self) -> dict[Projection, NDArray[np.float64]]:
        """Return the extreme weights of projections with weights in a file."""
        return {
            self.projections[p]: listed.extremes
            for p, listed in self.listed.items()
            if is_per_edge(self.projections[p].weight)
        }

    def _set_columns(self, share_weights: bool) -> None:
        """Assign columns to delays, or to pairs of delay and common weight."""
        delays = self.delays
        segments = int(self.layout.first_id[-1]) * len(delays.delays)
        self.common = None
        if share_weights:
            self.common = common_weights(
                self.projections, self.first_rule, segments, sum(self.expected)
            )
        width = self.common.width if self.common else 1
        self.column_delays = np.repeat(delays.delays, width)
        self.columns = delays.columns * width
        if self.common:
            self.columns += np.repeat(self.common.index, delays.lengths)
