"""Neurons connected by a projection: whole populations or views."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.positions import distances
from neurosim.models.profiles import Profile
from neurosim.models.rule import Resolved

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.models.positions import Positions
    from neurosim.models.rule import Rule


class HasPositions(Protocol):
    """The attributes of a population that connection rules use."""

    @property
    def name(self) -> str:
        """Name in the network."""

    @property
    def size(self) -> int:
        """Number of neurons."""

    @property
    def positions(self) -> Positions | None:
        """Positions and periodic boundaries."""

    @property
    def points(self) -> NDArray[np.float64]:
        """Coordinates of the neurons."""


@dataclass(frozen=True, eq=False)
class Endpoints:
    """Neurons connected by a projection.

    Attributes
    ----------
    source, target : Population
    source_ids, target_ids : (n,) ndarray of int64, or None
        None: the whole population, in order.
    """

    source: HasPositions
    target: HasPositions
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
        """Number of neurons that are both sources and targets."""
        if self.source is not self.target:
            return 0
        if self.source_ids is None or self.target_ids is None:
            return min(self.shape)
        return len(np.intersect1d(self.source_ids, self.target_ids, assume_unique=True))

    def check_positions(self, name: str) -> None:
        """Raise an error if populations lack positions, or their spaces differ."""
        spaces = []
        for population in (self.source, self.target):
            if population.positions is None:
                raise NeurosimError(
                    f"{name} is a function of distance, but {population.name!r} has no positions: "
                    "pass positions to Network.add"
                )
            spaces.append((population.points.shape[1], population.positions.borders))
        if spaces[0] != spaces[1]:
            raise NeurosimError(
                f"{name} is a function of distance, but {self.source.name!r} and "
                f"{self.target.name!r} differ in the number of coordinates or in periodic borders: "
                "give both the same space"
            )

    def distances(
        self, sources: NDArray[np.int64], targets: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return distances between neurons with given indices within the populations."""
        assert self.source.positions is not None
        points = self.source.points[sources], self.target.points[targets]
        return distances(*points, self.source.positions.borders)

    def evaluate_profile(self, rule: Rule, value: Any, label: str) -> Any:
        """Return a strength or delay; evaluate a function of distance if possible."""
        if not isinstance(value, Profile):
            return value
        self.check_positions(label)
        shape = rule.shape(*self.shape)
        if shape is None:
            return value  # evaluated when the connections are drawn
        if len(shape) > 1:
            return value(self.distances(self.sources[:, None], self.targets[None]))
        listed = (getattr(rule, name, slice(None)) for name in ("sources", "targets"))
        ids = (all_[k] for all_, k in zip((self.sources, self.targets), listed, strict=True))
        return value(self.distances(*ids))

    def resolve(self, rule: Rule, weight: Any, delay: Any) -> Resolved:
        """Return a rule for whole populations or for views with ascending ids."""
        if self.source_ids is None and self.target_ids is None:
            return Resolved(rule, weight, delay, None, None)
        return rule.resolve(self, weight, delay)
