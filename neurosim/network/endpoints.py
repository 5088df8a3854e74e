"""Neurons that a projection connects: whole populations, or views of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neurosim.network.edges import EdgeFile
from neurosim.network.rules import AllToAll, Explicit, OneToOne

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.network.parts import Population
    from neurosim.network.rules import Rule


class Resolved(NamedTuple):
    """A rule with strengths, delays and neurons, in the order in which it is built."""

    rule: Rule
    weight: Any
    delay: Any
    source_ids: NDArray[np.int64] | None
    target_ids: NDArray[np.int64] | None


@dataclass(frozen=True, eq=False)
class Endpoints:
    """Neurons that a projection connects.

    Attributes
    ----------
    source, target : Population
    source_ids, target_ids : (n,) ndarray of int64, or None
        None stands for the whole population in its order.
    """

    source: Population
    target: Population
    source_ids: NDArray[np.int64] | None
    target_ids: NDArray[np.int64] | None

    @property
    def sources(self) -> NDArray[np.int64]:
        """Indices of the sources within their population."""
        return np.arange(self.source.size) if self.source_ids is None else self.source_ids

    @property
    def targets(self) -> NDArray[np.int64]:
        """Indices of the targets within their population."""
        return np.arange(self.target.size) if self.target_ids is None else self.target_ids

    @property
    def shape(self) -> tuple[int, int]:
        """Number of sources and of targets."""
        return (
            self.source.size if self.source_ids is None else len(self.source_ids),
            self.target.size if self.target_ids is None else len(self.target_ids),
        )

    @property
    def n_common(self) -> int:
        """Number of neurons that are both source and target."""
        if self.source is not self.target:
            return 0
        if self.source_ids is None or self.target_ids is None:
            return min(self.shape)
        return len(np.intersect1d(self.source_ids, self.target_ids, assume_unique=True))

    def resolve(self, rule: Rule, weight: Any, delay: Any) -> Resolved:
        """Return a rule of the whole populations, or one of views whose ids ascend.

        Lists of connections are given the indices of the whole populations. Where a rule draws, the
        order of a view does not matter.
        """
        if self.source_ids is None and self.target_ids is None:
            return Resolved(rule, weight, delay, None, None)
        if isinstance(rule, EdgeFile):
            return Resolved(rule, weight, delay, self.source_ids, self.target_ids)
        if isinstance(rule, Explicit):
            listed = Explicit(self.sources[rule.sources], self.targets[rule.targets])
            return Resolved(listed, weight, delay, None, None)
        sources, targets = np.argsort(self.sources), np.argsort(self.targets)
        if isinstance(rule, OneToOne) and not (sources == targets).all():
            return Resolved(Explicit(self.sources, self.targets), weight, delay, None, None)
        if isinstance(rule, OneToOne):
            weight, delay = (_reordered(values, sources) for values in (weight, delay))
        if isinstance(rule, AllToAll):
            grid = np.ix_(sources, targets)
            weight, delay = (_reordered(values, grid) for values in (weight, delay))
        return Resolved(
            rule,
            weight,
            delay,
            _ascending(self.source_ids),
            _ascending(self.target_ids),
        )


def _reordered(values: Any, order: Any) -> Any:
    """Return an array with its values in another order; anything else as it is."""
    if not isinstance(values, np.ndarray):
        return values
    values = values[order]
    values.flags.writeable = False
    return values


def _ascending(ids: NDArray[np.int64] | None) -> NDArray[np.int64] | None:
    if ids is None:
        return None
    ids = np.sort(ids)
    ids.flags.writeable = False
    return ids
