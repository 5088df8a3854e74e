"""Fit of one neuron with a ridge penalty."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bridge.recordings.glm.likelihood import Likelihood
from bridge.recordings.glm.quasi_newton import Objective, minimise
from bridge.recordings.glm.scaled_loss import Estimate, ScaledLoss

# Gradient (in standard errors) below which rounding errors of the loss can end the line search.
ROUNDED = 1e-3


class RidgeLoss:
    """Penalised loss in coordinates in which its curvature is close to the identity.

    The information on the weights is approximately J C, with the information J on the intercept at
    a constant rate and the covariance C of the columns. For other parameters see `ScaledLoss`.

    Parameters
    ----------
    likelihood : Likelihood
    precision : float
        Of the prior of the weights.
    """

    def __init__(self, likelihood: Likelihood, precision: float) -> None:
        self.loss, self.precision = ScaledLoss(likelihood), precision
        values, self._vectors = likelihood.covariates.principal
        curvature = likelihood.past.information(likelihood.family) * values + precision
        # Directions without data or prior keep their initial value.
        self._scale = np.where(curvature > 0, 1.0 / np.sqrt(np.maximum(curvature, 1e-300)), 0.0)

    @property
    def shrinkage(self) -> float:
        """Standard errors of weights with the prior, relative to those of the data alone."""
        return float(np.sqrt(max(0.0, 1.0 - self.precision * np.mean(self._scale**2))))

    def start(self, previous: Estimate | None) -> NDArray[np.float64]:
        """Return the initial point: that of a previous estimate, or no synapses."""
        size = self.loss.size
        point = np.zeros(size + len(self._scale))
        if previous is not None:
            inverse = np.divide(1.0, self._scale, where=self._scale > 0, out=0.0 * self._scale)
            point[:size] = previous.point
            point[size:] = inverse * (self._vectors.T @ previous.weights.ravel())
        return point

    def split(self, point: NDArray[np.float64]) -> tuple[NDArray, NDArray[np.float64]]:
        """Return the coordinates of the other parameters, and the weights."""
        likelihood, size = self.loss.likelihood, self.loss.size
        weights = (self._vectors @ (self._scale * point[size:])).reshape(likelihood.mean.shape)
        weights[likelihood.index] = 0.0
        return point[:size], weights

    def by_weight(self, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert a gradient with respect to a point to one with respect to the weights."""
        along = np.divide(gradient[self.loss.size :], self._scale, where=self._scale > 0,
                          out=np.zeros_like(self._scale))  # fmt: skip
        return (self._vectors @ along).reshape(self.loss.likelihood.mean.shape)

    def value_and_gradient(self, point: NDArray) -> tuple[float, NDArray[np.float64]]:
        """Return the penalised loss and its gradient."""
        others, weights = self.split(point)
        loss, by_others, by_weight = self.loss.value_and_gradient(others, weights)
        by_weight = by_weight + self.precision * weights
        along = self._scale * (self._vectors.T @ by_weight.ravel())
        penalty = 0.5 * self.precision * float((weights**2).sum())
        return loss + penalty, np.concatenate([by_others, along])


def fit_ridge(
    likelihood: Likelihood,
    precision: float,
    *,
    start: Estimate | None = None,
    tol: float = 0.01,
    max_iter: int = 200,
) -> Estimate:
    """Minimise loss + precision/2 ‖w‖² + the penalties of history and drive (L-BFGS).

    Parameters
    ----------
    likelihood : Likelihood
    precision : float
        1/variance of the prior of a weight.
    start : Estimate, optional
        Estimate of the same likelihood with another precision.
    tol : float
        Tolerance for the largest component of the gradient in the coordinates of `RidgeLoss`, which
        is the distance from the optimum in standard errors.
    max_iter : int
    """
    ridge = RidgeLoss(likelihood, precision)
    # A strong prior makes the standard errors small in these coordinates.
    tol *= max(ridge.shrinkage, 1e-3)
    found = minimise(ridge.value_and_gradient, ridge.start(start), tol=tol, max_iter=max_iter)
    if tol < np.abs(found.gradient).max() < ROUNDED:
        origin = _differences_from(ridge, found.x, found.gradient)
        found = minimise(origin, found.x, tol=tol, max_iter=max_iter)
    others, weights = ridge.split(found.x)
    converged = bool(np.abs(found.gradient).max() <= tol)
    pull = precision * weights - ridge.by_weight(found.gradient)
    return ridge.loss.estimate(others, weights, pull, converged=converged)


def _differences_from(
    ridge: RidgeLoss, origin: NDArray[np.float64], slope: NDArray[np.float64]
) -> Objective:
    """Return the loss minus that at `origin`, integrated from the gradient.

    Close to the minimum, differences of the loss are smaller than its rounding errors. The
    trapezoidal rule is exact to third order.
    """

    def objective(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        gradient = ridge.value_and_gradient(point)[1]
        return 0.5 * float((gradient + slope) @ (point - origin)), gradient

    return objective
