"""Neurons that a projection connects: whole populations, or views of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.connection_rules import Resolved
from neurosim.models.positions import distances
from neurosim.models.profiles import Profile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.models.connection_rules import Rule
    from neurosim.models.positions import Positions


class Placed(Protocol):
    """What connection rules read of a population."""

    @property
    def name(self) -> str:
        """Name in the network."""

    @property
    def size(self) -> int:
        """Number of neurons."""

    @property
    def positions(self) -> Positions | None:
        """Positions and the borders of their space."""

    @property
    def points(self) -> NDArray[np.float64]:
        """Coordinates of the neurons."""


@dataclass(frozen=True, eq=False)
class Endpoints:
    """Neurons that a projection connects.

    Attributes
    ----------
    source, target : Population
    source_ids, target_ids : (n,) ndarray of int64, or None
        None stands for the whole population in its order.
    """

    source: Placed
    target: Placed
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

    def check_positions(self, what: str) -> None:
        """Refuse populations whose neurons have no distance from each other."""
        spaces = []
        for population in (self.source, self.target):
            if population.positions is None:
                raise NeurosimError(
                    f"{what} is a function of distance, and {population.name!r} has no positions: "
                    "give them to Network.add"
                )
            spaces.append((population.points.shape[1], population.positions.borders))
        if spaces[0] != spaces[1]:
            raise NeurosimError(
                f"{what} is a function of distance, and {self.source.name!r} and "
                f"{self.target.name!r} differ in the number of their coordinates or in their "
                "periodic borders: place both in one space"
            )

    def distances(
        self, sources: NDArray[np.int64], targets: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return distances of neurons, given by their indices within the populations."""
        assert self.source.positions is not None
        points = self.source.points[sources], self.target.points[targets]
        return distances(*points, self.source.positions.borders)

    def along_distance(self, rule: Rule, value: Any, what: str) -> Any:
        """Return a strength or a delay; a function of distance is evaluated where possible."""
        if not isinstance(value, Profile):
            return value
        self.check_positions(what)
        shape = rule.shape(*self.shape)
        if shape is None:
            return value  # evaluated when the connections are drawn
        if len(shape) > 1:
            return value(self.distances(self.sources[:, None], self.targets[None]))
        listed = (getattr(rule, name, slice(None)) for name in ("sources", "targets"))
        own = (ids[k] for ids, k in zip((self.sources, self.targets), listed, strict=True))
        return value(self.distances(*own))

    def resolve(self, rule: Rule, weight: Any, delay: Any) -> Resolved:
        """Return a rule of the whole populations, or one of views whose ids ascend."""
        if self.source_ids is None and self.target_ids is None:
            return Resolved(rule, weight, delay, None, None)
        return rule.resolve(self, weight, delay)
