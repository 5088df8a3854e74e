"""Fit of one neuron with a ridge penalty."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bridge.recordings.glm.likelihood import Curvature, Likelihood
from bridge.recordings.glm.quasi_newton import Change, Objective, minimise
from bridge.recordings.glm.scaled_loss import Estimate, ScaledLoss

# Gradient (in standard errors) below which rounding errors of the loss can end the line search.
ROUNDED = 1e-3


class RidgeLoss:
    """Penalised loss in coordinates in which its curvature is close to the identity.

    The information on the weights is approximately J C, with the information J on the intercept at
    a constant rate and the covariance C of the columns. For other parameters see `ScaledLoss`.

    Input of variance v = w'Cw raises the mean of exp(input) by a factor of exp(v/2). The intercept
    is therefore its coordinate minus v/2: a step in the weights does not change the rate, which
    saves evaluations.

    Parameters
    ----------
    likelihood : Likelihood
    precision : float
        Of the prior of the weights.
    """

    def __init__(self, likelihood: Likelihood, precision: float) -> None:
        self.loss, self.precision = ScaledLoss(likelihood), precision
        past, family = likelihood.past, likelihood.family
        values, self._vectors = likelihood.covariates.principal
        curvature = past.information(family) * values + precision
        # Directions without data or prior keep their initial value.
        self.inverse = np.sqrt(curvature)
        self.scale = np.divide(1.0, self.inverse, where=curvature > 0, out=0.0 * curvature)
        # Probabilities above a half fall with the variance of the input; they are left alone.
        saturation = 1.0 if family.counts else max(0.0, 1.0 - 2.0 * past.rate)
        self._variances = saturation * values * self.scale**2
        self._intercept = np.append(past.root[:, -1], np.zeros(likelihood.drive.size))

    @property
    def shrinkage(self) -> float:
        """Standard errors of weights with the prior, relative to those of the data alone."""
        return float(np.sqrt(max(0.0, 1.0 - self.precision * np.mean(self.scale**2))))

    def start(self, previous: Estimate | None) -> NDArray[np.float64]:
        """Return the initial point: that of a previous estimate, or no synapses."""
        size = self.loss.size
        point = np.zeros(size + len(self.scale))
        if previous is not None:
            point[size:] = self.inverse * (self._vectors.T @ previous.weights.ravel())
            point[:size] = previous.point + self._lowered(point[size:])
        return point

    def split(self, point: NDArray[np.float64]) -> tuple[NDArray, NDArray[np.float64]]:
        """Return the coordinates of the other parameters, and the weights."""
        likelihood, size = self.loss.likelihood, self.loss.size
        weights = (self._vectors @ (self.scale * point[size:])).reshape(likelihood.mean.shape)
        weights[likelihood.index] = 0.0
        return point[:size] - self._lowered(point[size:]), weights

    def _lowered(self, along: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return by how much the other coordinates are lowered, because of the intercept."""
        return 0.5 * float(self._variances @ along**2) * self._intercept

    def by_weight(self, point: NDArray, gradient: NDArray) -> NDArray[np.float64]:
        """Convert a gradient with respect to a point to one with respect to the weights."""
        size = self.loss.size
        along = gradient[size:] + self._through_intercept(point, gradient[:size])
        return (self._vectors @ (self.inverse * along)).reshape(self.loss.likelihood.mean.shape)

    def _through_intercept(self, point: NDArray, by_others: NDArray) -> NDArray[np.float64]:
        """Return the part of the gradient along the weights that is due to the lower intercept."""
        slope = float(self._intercept @ by_others)
        return slope * self._variances * point[self.loss.size :]

    def changes_from(self, known: Curvature | None) -> list[Change]:
        """Convert the changes of a fit with another precision to these coordinates."""
        if known is None:
            return []
        found, size = [], self.loss.size
        for step, change in known.changes:
            moved, slope = known.scale * step[size:], known.inverse * change[size:]
            slope += (self.precision - known.precision) * moved
            step = np.concatenate([step[:size], self.inverse * moved])
            found.append((step, np.concatenate([change[:size], self.scale * slope])))
        return found

    def value_and_gradient(self, point: NDArray) -> tuple[float, NDArray[np.float64]]:
        """Return the penalised loss and its gradient."""
        others, weights = self.split(point)
        loss, by_others, by_weight = self.loss.value_and_gradient(others, weights)
        by_weight = by_weight + self.precision * weights
        along = self.scale * (self._vectors.T @ by_weight.ravel())
        along -= self._through_intercept(point, by_others)
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
    found = minimise(
        ridge.value_and_gradient,
        ridge.start(start),
        tol=tol,
        max_iter=max_iter,
        changes=ridge.changes_from(likelihood.curvature),
    )
    likelihood.curvature = Curvature(found.changes, ridge.scale, ridge.inverse, precision)
    if tol < np.abs(found.gradient).max() < ROUNDED:
        origin = _differences_from(ridge, found.x, found.gradient)
        found = minimise(origin, found.x, tol=tol, max_iter=max_iter)
    others, weights = ridge.split(found.x)
    converged = bool(np.abs(found.gradient).max() <= tol)
    pull = precision * weights - ridge.by_weight(found.x, found.gradient)
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
