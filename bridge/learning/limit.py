"""The fit that the likelihood tends to where some weights grow without end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bridge.learning.descent import newton
from bridge.learning.separation import unvarying
from bridge.learning.uncertainty import open_parameters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bridge.learning.objectives import MeanLoss
    from bridge.learning.separation import Separation


@dataclass(frozen=True, eq=False)
class Limit:
    """What is left to estimate once some trials are certain.

    Attributes
    ----------
    rest : MeanLoss
        The loss of the trials that are left; it has a minimum.
    flat : (n + 1, n_flat) ndarray
        Directions of the parameters, in standardised columns, on which it does not depend.
    unbounded : (n + 1,) ndarray of bool
        Raw parameters that change along them, and do not in the loss of all trials.
    certain : MeanLoss
        The loss of the certain trials, with a ridge of one over all trials' weight.
    """

    rest: MeanLoss
    flat: NDArray[np.float64]
    unbounded: NDArray[np.bool_]
    certain: MeanLoss

    @classmethod
    def of(cls, objective: MeanLoss, separation: Separation, n_trials: float) -> Limit:
        """Return the limit of a loss of which some trials become certain."""
        rest = objective.without(separation.certain)
        certain = objective.without(~separation.certain, ridge=1.0 / n_trials)
        flat = unvarying(rest)
        open_before = open_parameters(objective, unvarying(objective))
        unbounded = open_parameters(objective, flat) & ~open_before
        return cls(rest, flat, unbounded, certain)

    @property
    def columns(self) -> NDArray[np.intp]:
        """Columns without a finite best weight."""
        return np.flatnonzero(self.unbounded[1:])

    @property
    def is_empty(self) -> bool:
        """Whether the rest determines no parameter at all."""
        design = self.rest.design
        open_ = open_parameters(self.rest, self.flat)
        return bool(open_[1:].all() and (open_[0] or not design.intercept))

    @property
    def fraction(self) -> float:
        """Weight of the certain trials, of 1."""
        return float(self.certain.weights.sum())

    def complete(self, theta: NDArray) -> NDArray[np.float64]:
        """Return the minimum of the rest with weights, large but finite, for the certain trials."""
        inner = AlongDirections(self.certain, theta, self.flat)
        return inner.point(newton(inner, np.zeros(self.flat.shape[1]), tol=1e-10).theta)


@dataclass(frozen=True, eq=False)
class AlongDirections:
    """A loss as a function of the way gone from a point in some directions."""

    loss: MeanLoss
    start: NDArray[np.float64]
    directions: NDArray[np.float64]

    @property
    def lipschitz(self) -> float:
        """That of the loss."""
        return self.loss.lipschitz

    def point(self, way: NDArray) -> NDArray[np.float64]:
        """Return where a way leads."""
        return self.start + self.directions @ way

    def value_and_gradient(self, way: NDArray) -> tuple[float, NDArray[np.float64]]:
        """Loss and gradient."""
        value, gradient = self.loss.value_and_gradient(self.point(way))
        return value, self.directions.T @ gradient

    def hessian(self, way: NDArray) -> NDArray[np.float64]:
        """Matrix of second derivatives."""
        return self.directions.T @ self.loss.hessian(self.point(way)) @ self.directions
