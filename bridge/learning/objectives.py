"""Objectives of training.

These are the mean loss over trials, the penalised likelihood and the perceptron criterion.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

from bridge.learning import loss_kinds
from bridge.learning.design import StandardisedDesign, Sums
from bridge.learning.losses import CROSS_ENTROPY, PointLoss


@dataclass(eq=False)
class MeanLoss:
    """Mean loss of a neuron over trials + ridge/2 ‖w‖².

    Attributes
    ----------
    design : StandardisedDesign
    sign : (n_trials,) ndarray
        +1 if the neuron fired, −1 otherwise.
    weights : (n_trials,) ndarray
        Weights of the trials, with sum 1.
    ridge : float
        Penalty on the standardised coefficients; the intercept is not penalised.
    loss : PointLoss
    emphasis : (n_trials,) ndarray, optional
        Factors of the weights that are not repetitions, such as class weights.
    n_trials : float
        Number of trials including repetitions.
    precomputed : tuple of int
        Modes of `bridge.learning.loss_kinds` whose Gram matrices are summed in every pass over the
        data, for solvers that need them at the same point.
    """

    design: StandardisedDesign
    sign: NDArray[np.float64]
    weights: NDArray[np.float64]
    ridge: float = 0.0
    loss: PointLoss = CROSS_ENTROPY
    emphasis: NDArray[np.float64] | None = None
    n_trials: float = 1.0
    precomputed: tuple[int, ...] = ()
    _last: tuple[NDArray, tuple[int, ...], Sums] | None = field(default=None, init=False)

    @property
    def n_rows(self) -> int:
        """Number of trials."""
        return len(self.sign)

    @cached_property
    def _penalty(self) -> NDArray[np.float64]:
        """Ridge on each parameter."""
        return np.append(0.0, np.full(self.design.n, self.ridge))

    @property
    def needed_at_minimum(self) -> tuple[int, ...]:
        """Modes whose Gram matrices the covariances need, to be summed in the last pass."""
        usual = self.loss.convex and self.emphasis is None
        return (loss_kinds.HESSIAN, loss_kinds.SCORES) if usual else (loss_kinds.HESSIAN,)

    @cached_property
    def lipschitz(self) -> float:
        """λ_max(ZᵀWZ) times the largest curvature of a trial's loss, plus the ridge."""
        return self.loss.bound * self.design.largest_eigenvalue(self.weights) + self.ridge

    def value_and_gradient(self, theta: NDArray) -> tuple[float, NDArray[np.float64]]:
        """Return loss and gradient."""
        sums = self.sums(theta)
        gradient = sums.gradient + self._penalty * theta
        return sums.loss + 0.5 * self.ridge * (theta[1:] @ theta[1:]), gradient

    def hessian(self, theta: NDArray, *, exact: bool = False) -> NDArray[np.float64]:
        """Return the Gauss-Newton part of the Hessian, or all of it if convex or `exact`.

        Shape (n + 1, n + 1).
        """
        exact = exact and not self.loss.convex
        hessian = self._gram(theta, loss_kinds.EXACT if exact else loss_kinds.HESSIAN).copy()
        hessian[np.diag_indices_from(hessian)] += self._penalty
        return hessian

    def curvature(self, theta: NDArray) -> Callable[[NDArray], NDArray[np.float64]]:
        """Return the product of `hessian` with a vector as a function, without the matrix."""
        from bridge.learning.kernels import pointwise

        design, points = self.design, np.empty((3, self.n_rows))
        pointwise(self.loss.kind, self.loss.gain, design.scores(theta), self.sign, *points, False)
        curvatures = self.weights * points[2]

        def product(vector: NDArray) -> NDArray[np.float64]:
            vector = vector.ravel()
            return design.adjoint(curvatures * design.scores(vector)) + self._penalty * vector

        return product

    def score_covariance(self, theta: NDArray) -> NDArray[np.float64]:
        """Return the mean of gₖ gₖᵀ over the trials' gradients g; shape (n + 1, n + 1).

        Repetitions weight the trials, the emphasis their gradients.
        """
        if self.emphasis is None:
            return self._gram(theta, loss_kinds.SCORES)
        weights = self.weights * self.emphasis
        return self.design.sums(theta, self.sign, weights, self.loss, loss_kinds.SCORES).grams[0]

    def without(self, trials: NDArray[np.bool_], *, ridge: float | None = None) -> MeanLoss:
        """Return the objective of all other trials, optionally with another ridge."""
        weights = np.where(trials, 0.0, self.weights) if trials.any() else self.weights
        ridge = self.ridge if ridge is None else ridge
        return replace(self, weights=weights, ridge=ridge, precomputed=())

    def separates(self, theta: NDArray) -> bool:
        """Return whether every trial is classified correctly."""
        return self.sums(theta).wrong == 0.0

    def sums(self, theta: NDArray, *modes: int) -> Sums:
        """Return sums over the trials; see `StandardisedDesign.sums`.

        The last sums are cached.
        """
        last = self._last
        if last and set(modes) <= set(last[1]) and np.array_equal(theta, last[0]):
            return last[2]
        modes = modes or self.precomputed
        sums = self.design.sums(theta, self.sign, self.weights, self.loss, *modes)
        self._last = (np.array(theta), modes, sums)
        return sums

    def _gram(self, theta: NDArray, mode: int) -> NDArray[np.float64]:
        """Return the Gram matrix of one mode."""
        sums = self.sums(theta, mode)
        assert self._last is not None
        return sums.grams[self._last[1].index(mode)]


class Perceptron(MeanLoss):
    """Perceptron criterion, storing the parameters with the fewest errors so far.

    If the classes are not separable, Rosenblatt's rule does not converge and the stored parameters
    are used (pocket algorithm, Gallant 1990, IEEE Trans. Neural Netw. 1:179).

    Attributes
    ----------
    pocket : (n + 1,) ndarray
        Parameters with the fewest errors so far.
    fewest : float
        Total weight of the trials that these parameters misclassify.
    """

    pocket: NDArray[np.float64]
    fewest: float = np.inf

    @property
    def lipschitz(self) -> float:
        """1, by convention: no Lipschitz constant exists, and the step only scales θ."""
        return 1.0

    def value_and_gradient(self, theta: NDArray) -> tuple[float, NDArray[np.float64]]:
        """Return loss and gradient."""
        sums = self.sums(theta)
        if sums.wrong < self.fewest:
            self.fewest, self.pocket = sums.wrong, np.array(theta)
        return sums.loss, sums.gradient


class FirthLoss(MeanLoss):
    """Mean cross-entropy − ln det(I)/(2 n), with the Fisher information I of n trials.

    Jeffreys' prior removes the first-order bias of the estimates (Firth 1993, Biometrika 80:27) and
    makes them finite for separable classes (Heinze & Schemper 2002, Stat. Med. 21:2409). `hessian`
    is the Fisher information, as in Fisher scoring. No Lipschitz constant is known. The loss is the
    cross-entropy, without ridge and emphasis.
    """

    @property
    def needed_at_minimum(self) -> tuple[int, ...]:
        """Modes whose Gram matrices the covariances need; the penalty changes the scores."""
        return (loss_kinds.HESSIAN,)

    def value_and_gradient(self, theta: NDArray) -> tuple[float, NDArray[np.float64]]:
        """Return loss and gradient."""
        sums = self.sums(theta, loss_kinds.HESSIAN)
        factor = self._factor(sums.grams[0])
        log_det = 2.0 * np.log(np.diag(factor[0])).sum()
        gradient = sums.gradient.copy()
        for part, z in self.design.chunks():
            gradient += (self.weights[part] * self._penalty_slope(z, theta, factor)) @ z
        return sums.loss - log_det / (2.0 * self.n_trials), gradient

    def score_covariance(self, theta: NDArray) -> NDArray[np.float64]:
        """Return the mean of gₖ gₖᵀ over the penalised gradients g; shape (n + 1, n + 1)."""
        factor, gain = self._factor(self.hessian(theta)), self.loss.gain
        covariance = np.zeros((len(theta), len(theta)))
        for part, z in self.design.chunks():
            signed = gain * self.sign[part]
            score = self._penalty_slope(z, theta, factor) - signed * expit(-signed * (z @ theta))
            covariance += z.T @ (z * (self.weights[part] * score**2)[:, None])
        return covariance

    def _penalty_slope(self, z: NDArray, theta: NDArray, factor: Any) -> NDArray[np.float64]:
        """Return the derivative of the penalty with respect to the score of each row."""
        p = expit(self.loss.gain * (z @ theta))
        varying = z @ self._varying
        leverage = np.einsum("ki,ik->k", varying, cho_solve(factor, varying.T))
        third = self.loss.gain**3 * p * (1.0 - p) * (1.0 - 2.0 * p)
        return -third * leverage / (2.0 * self.n_trials)

    def _factor(self, information: NDArray) -> Any:
        """Return the Cholesky factor of the information in the directions that vary."""
        return cho_factor(self._varying.T @ information @ self._varying, lower=True)

    @cached_property
    def _varying(self) -> NDArray[np.float64]:
        """Basis of the directions in which rows differ, on which the loss depends."""
        values, vectors = np.linalg.eigh(self.design.gram(self.weights))
        return vectors[:, values > len(values) * np.finfo(float).eps * values[-1]]
