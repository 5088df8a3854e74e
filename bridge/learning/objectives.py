"""What a neuron minimises in training: the mean loss of its trials."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bridge.learning.losses import CROSS_ENTROPY
from bridge.utils import kinds

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from bridge.learning.design import StandardisedDesign, Sums
    from bridge.learning.losses import PointLoss


class MeanLoss:
    """Mean loss of a neuron over its trials + ridge/2 ‖w‖².

    Parameters
    ----------
    design : StandardisedDesign
    sign : (n_trials,) ndarray
        +1 where the neuron fired, −1 where not.
    weights : (n_trials,) ndarray
        Weights of the trials, of sum 1.
    ridge : float
        Penalty on the standardised coefficients; the intercept is free.
    loss : PointLoss
    emphasis : (n_trials,) ndarray, optional
        Factors among the weights that are no repetitions, as those of classes.

    Attributes
    ----------
    ahead : tuple of int
        Modes of `bridge.utils.kinds` for which every pass over the data also sums the Gram matrix,
        for a solver that needs it at the same point.
    """

    def __init__(
        self,
        design: StandardisedDesign,
        sign: NDArray,
        weights: NDArray,
        ridge: float = 0.0,
        loss: PointLoss = CROSS_ENTROPY,
        emphasis: NDArray | None = None,
    ) -> None:
        self.design = design
        self.sign = sign
        self.weights = weights
        self.ridge = ridge
        self.loss = loss
        self.emphasis = emphasis
        self.ahead: tuple[int, ...] = ()
        self._seen: tuple[NDArray, tuple[int, ...], Sums] | None = None

    @property
    def n_rows(self) -> int:
        """Number of trials."""
        return len(self.sign)

    @property
    def needed_at_minimum(self) -> tuple[int, ...]:
        """Modes of which the covariances need the gram, to be summed in the last pass."""
        usual = self.loss.convex and self.emphasis is None
        return (kinds.HESSIAN, kinds.SCORES) if usual else (kinds.HESSIAN,)

    @cached_property
    def lipschitz(self) -> float:
        """λ_max(ZᵀWZ) times the greatest curvature of a trial's loss, + ridge."""
        return self.loss.bound * self.design.largest_eigenvalue(self.weights) + self.ridge

    def value_and_gradient(self, theta: NDArray) -> tuple[float, NDArray[np.float64]]:
        """Loss and gradient."""
        sums = self.sums(theta)
        gradient = sums.gradient.copy()
        gradient[1:] += self.ridge * theta[1:]
        return sums.loss + 0.5 * self.ridge * (theta[1:] @ theta[1:]), gradient

    def hessian(self, theta: NDArray, *, exact: bool = False) -> NDArray[np.float64]:
        """Gauss-Newton part of the Hessian, all of it if the loss is convex or `exact`.

        Shape (n + 1, n + 1).
        """
        exact = exact and not self.loss.convex
        hessian = self._gram(theta, kinds.EXACT if exact else kinds.HESSIAN).copy()
        hessian[np.diag_indices_from(hessian)] += np.append(
            0.0, np.full(len(theta) - 1, self.ridge)
        )
        return hessian

    def curvature(self, theta: NDArray) -> Callable[[NDArray], NDArray[np.float64]]:
        """Return the product of `hessian` with a vector, without the matrix."""
        from bridge.learning.kernels import pointwise

        design, points = self.design, np.empty((3, self.n_rows))
        pointwise(self.loss.kind, self.loss.gain, design.scores(theta), self.sign, *points, False)
        curvatures = self.weights * points[2]

        def product(vector: NDArray) -> NDArray[np.float64]:
            vector = vector.ravel()
            penalty = self.ridge * np.append(0.0, vector[1:])
            return design.adjoint(curvatures * design.scores(vector)) + penalty

        return product

    def score_covariance(self, theta: NDArray) -> NDArray[np.float64]:
        """Mean of gₖ gₖᵀ over the trials' gradients g; shape (n + 1, n + 1).

        A trial counts as often as it is repeated, its gradient with the emphasis that it has.
        """
        if self.emphasis is None:
            return self._gram(theta, kinds.SCORES)
        weights = self.weights * self.emphasis
        return self.design.sums(theta, self.sign, weights, self.loss, kinds.SCORES).grams[0]

    def without(self, trials: NDArray[np.bool_], *, ridge: float | None = None) -> MeanLoss:
        """Return the objective of all other trials, in the same coordinates; or another ridge."""
        weights = np.where(trials, 0.0, self.weights) if trials.any() else self.weights
        ridge = self.ridge if ridge is None else ridge
        return MeanLoss(self.design, self.sign, weights, ridge, self.loss, self.emphasis)

    def separates(self, theta: NDArray) -> bool:
        """Return whether the score of every trial lies on the side of its class."""
        return self.sums(theta).wrong == 0.0

    def sums(self, theta: NDArray, *modes: int) -> Sums:
        """Sums over the trials; see `StandardisedDesign.sums`. Those seen last are remembered."""
        seen = self._seen
        if seen and set(modes) <= set(seen[1]) and np.array_equal(theta, seen[0]):
            return seen[2]
        modes = modes or self.ahead
        sums = self.design.sums(theta, self.sign, self.weights, self.loss, *modes)
        self._seen = (np.array(theta), modes, sums)
        return sums

    def _gram(self, theta: NDArray, mode: int) -> NDArray[np.float64]:
        sums = self.sums(theta, mode)
        assert self._seen is not None
        return sums.grams[self._seen[1].index(mode)]


class Perceptron(MeanLoss):
    """The perceptron criterion, which keeps the point with the fewest errors that it has seen.

    Where the classes are not separable Rosenblatt's rule wanders for ever: the weights in the
    pocket are the ones to use (Gallant 1990, IEEE Trans. Neural Netw. 1:179).

    Attributes
    ----------
    pocket : (n + 1,) ndarray
    fewest : float
        Weight of the trials on the wrong side there.
    """

    pocket: NDArray[np.float64]
    fewest: float = np.inf

    @property
    def lipschitz(self) -> float:
        """1, for none exists: from 0 the steps' size changes the weights' scale alone."""
        return 1.0

    def value_and_gradient(self, theta: NDArray) -> tuple[float, NDArray[np.float64]]:
        """Loss and gradient."""
        sums = self.sums(theta)
        if sums.wrong < self.fewest:
            self.fewest, self.pocket = sums.wrong, np.array(theta)
        return sums.loss, sums.gradient
