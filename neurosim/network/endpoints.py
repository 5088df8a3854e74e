"""Neurons that a projection connects: whole populations, or views of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.network.rules import Resolved

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.network.parts import Population
    from neurosim.network.rules import Rule


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
        """Return a rule of the whole populations, or one of views whose ids ascend."""
        if self.source_ids is None and self.target_ids is None:
            return Resolved(rule, weight, delay, None, None)
        return rule.resolve(self, weight, delay)
