"""Covariance of estimates, and distance from the minimum in standard errors."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.sparse.linalg import LinearOperator, cg

from bridge.learning import loss_kinds
from bridge.learning.objectives import MeanLoss
from bridge.learning.separation import MOST_PARAMETERS, open_parameters, separable_trials


class Uncertainty(NamedTuple):
    """Covariances of the raw parameters (θ₀, θ₁ …).

    NaN for undetermined parameters. The Wald covariance is also NaN for losses that are not a
    likelihood and for class weights; both are NaN for losses with kinks and for more than 2000
    parameters.

    Attributes
    ----------
    wald, sandwich : (n + 1, n + 1) ndarray
    open_columns : ndarray of int
        Columns that vary but whose weights are undetermined.
    """

    wald: NDArray[np.float64]
    sandwich: NDArray[np.float64]
    open_columns: NDArray[np.intp]

    @classmethod
    def of(cls, objective: MeanLoss, theta: NDArray, flat: NDArray | None = None) -> Uncertainty:
        """Return the covariances at a minimum.

        Parameters
        ----------
        objective : MeanLoss
        theta : (n + 1,) ndarray
            Minimum.
        flat : (n + 1, n_flat) ndarray, optional
            Orthonormal directions in which the objective is constant.
        """
        n, kind = len(theta), objective.loss.kind
        unknown = np.broadcast_to(np.nan, (n, n))
        nowhere = cls(unknown, unknown, np.empty(0, np.intp))
        if kind == loss_kinds.PERCEPTRON or n > MOST_PARAMETERS:
            return nowhere
        hessian, level = objective.hessian(theta, exact=True), n * np.finfo(float).eps
        if flat is not None:  # sums over many trials are not exactly 0 there
            across = np.eye(n) - flat @ flat.T
            hessian = across @ hessian @ across
        values, vectors = np.linalg.eigh(hessian)
        is_flat = np.abs(values) <= level * values[-1]
        if flat is not None:
            is_flat[np.argsort(np.abs(values))[: flat.shape[1]]] = True
        open_ = open_parameters(objective.design, vectors[:, is_flat])
        columns = np.setdiff1d(np.flatnonzero(open_[1:]), objective.design.constant)
        if kind == loss_kinds.SQUARED_RELU or (values[~is_flat] < 0).any():
            return nowhere._replace(open_columns=columns)
        inverse = (vectors[:, ~is_flat] / values[~is_flat]) @ vectors[:, ~is_flat].T
        jacobian = objective.design.raw_jacobian
        wald = jacobian @ inverse @ jacobian.T / objective.n_trials
        sandwich = inverse @ objective.score_covariance(theta) @ inverse
        sandwich = jacobian @ sandwich @ jacobian.T / objective.n_trials
        for covariance in (wald, sandwich):
            covariance[open_] = covariance[:, open_] = np.nan
        likelihood = objective.loss.likelihood and objective.emphasis is None
        return cls(wald if likelihood else nowhere.wald, sandwich, columns)

    def unknown(self) -> Uncertainty:
        """Return NaN for all covariances, for a loss without minimum."""
        nothing = np.broadcast_to(np.nan, self.wald.shape)
        return Uncertainty(nothing, nothing, self.open_columns)


class DistanceToMinimum:
    """Distance of a point from the minimum of a neuron's loss in standard errors.

    With gradient g and Hessian H of the mean loss over n trials, the distance is √(n gᵀH⁻¹g). It
    bounds the distance of every linear combination of the parameters from its value at the minimum,
    in standard errors of that combination. For the squared error it is divided by the standard
    deviation of the residuals.

    Parameters
    ----------
    objective : MeanLoss
    bounded : bool
        Whether a penalty guarantees a minimum. If there is none, the distance is 0, so that the
        optimisation stops.

    Attributes
    ----------
    certain : (n_trials,) ndarray of bool or None
        Separable trials found.
    decreases : bool
        Whether the squared error decreases with growing weights.
    """

    certain: NDArray[np.bool_] | None = None
    decreases: bool = False

    def __init__(self, objective: MeanLoss, *, bounded: bool) -> None:
        self.objective = objective
        self._bounded = bounded
        self._known = bounded or objective.loss.kind != loss_kinds.CROSS_ENTROPY

    def __call__(self, theta: NDArray, gradient: NDArray) -> float:
        """Return the distance of `theta`, where the loss has this gradient."""
        objective = self.objective
        if not self._known and len(theta) <= MOST_PARAMETERS:
            self.test_separation(theta)
        self.test_decrease(theta)
        if self.certain is not None or self.decreases:
            return 0.0
        squared = objective.n_trials * float(gradient @ self._newton_step(theta, gradient))
        if objective.loss.kind in (loss_kinds.SQUARED, loss_kinds.SQUARED_RELU):
            squared /= max(2.0 * objective.sums(theta).loss, np.finfo(float).tiny)
        return math.sqrt(max(squared, 0.0))

    def test_separation(self, theta: NDArray) -> None:
        """Test whether a minimum exists, once per optimisation."""
        if not self._known:
            self._known = True
            self.certain = separable_trials(self.objective, theta)

    def test_decrease(self, theta: NDArray) -> None:
        """Test whether the squared error is smaller for twice the parameters."""
        objective = self.objective
        if objective.loss.kind == loss_kinds.SQUARED and not self._bounded:
            further = objective.value_and_gradient(2.0 * theta)[0]
            self.decreases |= further < objective.value_and_gradient(theta)[0] - 1e-12

    def _newton_step(self, theta: NDArray, gradient: NDArray) -> NDArray[np.float64]:
        """Return H⁻¹g, by conjugate gradients if H is large."""
        objective, n = self.objective, len(theta)
        if n > MOST_PARAMETERS:
            operator = LinearOperator((n, n), matvec=objective.curvature(theta), dtype=np.float64)
            return cg(operator, gradient, rtol=1e-2, maxiter=100)[0]
        hessian = objective.hessian(theta)
        try:
            return cho_solve(cho_factor(hessian), gradient)
        except LinAlgError:  # flat in some direction
            return np.linalg.lstsq(hessian, gradient, rcond=None)[0]
