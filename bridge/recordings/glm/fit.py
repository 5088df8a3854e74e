"""Fit of one neuron with a ridge penalty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize

from bridge.recordings.glm.likelihood import Likelihood
from bridge.recordings.glm.spike_history import PRECISION

# Gradient (in standard errors) below which rounding errors of the loss can end the line search.
ROUNDED = 1e-3

Objective = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]


@dataclass(frozen=True, eq=False)
class Estimate:
    """Parameters that minimise the penalised loss of one neuron.

    Attributes
    ----------
    intercept : float
    history : (n_history,) ndarray
    weights : (n, n_functions) ndarray
    drive : (n_drive,) ndarray
        Parameters of the drive.
    loss : float
        Loss (nats) without penalty.
    evaluations : int
        Number of evaluations of the gradient.
    converged : bool
    """

    intercept: float
    history: NDArray[np.float64]
    weights: NDArray[np.float64]
    drive: NDArray[np.float64]
    loss: float
    evaluations: int
    converged: bool


class Coordinates:
    """Coordinates in which the curvature of the penalised loss is close to the identity.

    The information on the weights is approximately N C, with N spikes and the covariance C of the
    columns. The history and the intercept have coordinates of their own (see `SpikeHistory`), as
    has the drive. Columns are centred, so that the intercept hardly depends on the weights.

    Parameters
    ----------
    likelihood : Likelihood
    precision : float
        Of the prior of the weights.
    """

    def __init__(self, likelihood: Likelihood, precision: float) -> None:
        self.likelihood, self.precision = likelihood, precision
        values, self._vectors = likelihood.covariates.principal
        curvature = likelihood.past.counts.sum() * values + precision
        # Directions without data or prior keep their initial value.
        self._scale = np.where(curvature > 0, 1.0 / np.sqrt(np.maximum(curvature, 1e-300)), 0.0)
        n_history = likelihood.past.n_weights + 1
        self._edges = (n_history, n_history + likelihood.drive.size)
        self.size = self._edges[1] + len(values)

    @property
    def shrinkage(self) -> float:
        """Standard errors of weights with the prior, relative to those of the data alone."""
        return float(np.sqrt(max(0.0, 1.0 - self.precision * np.mean(self._scale**2))))

    def parameters(self, point: NDArray) -> tuple[float, NDArray, NDArray, NDArray]:
        """Return intercept, history, drive and weights."""
        likelihood, (first, second) = self.likelihood, self._edges
        weights = (self._vectors @ (self._scale * point[second:])).reshape(likelihood.mean.shape)
        weights[likelihood.index] = 0.0
        history, intercept = likelihood.past.from_scaled(point[:first])
        intercept -= float((likelihood.mean * weights).sum())
        return intercept, history, likelihood.drive.from_scaled(point[first:second]), weights

    def objective(self, point: NDArray) -> tuple[float, NDArray[np.float64]]:
        """Return the penalised loss and its gradient."""
        likelihood, drive = self.likelihood, self.likelihood.drive
        intercept, history, driving, weights = self.parameters(point)
        log_odds = drive.log_odds(driving, weights)
        loss, total, by_history, by_weight = likelihood.value_and_gradient(
            intercept, history, weights, log_odds
        )
        by_drive, through_drive = drive.gradient(likelihood.residual)
        drive_penalty, drive_slope = drive.penalty(driving)
        by_history = by_history + PRECISION * history
        by_weight = by_weight - total * likelihood.mean + through_drive + self.precision * weights
        by_weight[likelihood.index] = 0.0
        penalty = PRECISION * (history @ history) + self.precision * (weights**2).sum()
        parts = [
            likelihood.past.to_scaled(np.append(by_history, total)),
            drive.to_scaled(by_drive + drive_slope),
            self._scale * (self._vectors.T @ by_weight.ravel()),
        ]
        return float(loss + 0.5 * penalty + drive_penalty), np.concatenate(parts)


def fit(
    likelihood: Likelihood,
    precision: float,
    *,
    tol: float = 0.01,
    max_iter: int = 200,
) -> Estimate:
    """Minimise loss + precision/2 ‖w‖² + the penalties of history and drive (L-BFGS).

    Parameters
    ----------
    likelihood : Likelihood
    precision : float
        1/variance of the prior of a weight.
    tol : float
        Tolerance for the largest component of the gradient in `Coordinates`, which is the distance
        from the optimum in standard errors.
    max_iter : int
    """
    coordinates = Coordinates(likelihood, precision)
    # A strong prior makes the standard errors small in these coordinates.
    tol *= max(coordinates.shrinkage, 1e-3)
    options: Any = {"maxiter": max_iter, "maxfun": 2 * max_iter, "gtol": tol, "ftol": 0.0}
    options["maxcor"] = 20

    def minimum(objective: Objective, start: NDArray[np.float64]) -> OptimizeResult:
        return minimize(objective, start, jac=True, method="L-BFGS-B", options=options)

    found = minimum(coordinates.objective, np.zeros(coordinates.size))
    evaluations = int(found.nfev)
    if tol < np.abs(found.jac).max() < ROUNDED and evaluations < max_iter:
        found = minimum(_differences_from(coordinates, found.x, found.jac), found.x)
        evaluations += int(found.nfev)
    intercept, history, driving, weights = coordinates.parameters(found.x)
    log_odds = likelihood.drive.log_odds(driving, weights)
    loss, *_ = likelihood.value_and_gradient(intercept, history, weights, log_odds)
    converged = bool(np.abs(found.jac).max() <= tol)
    return Estimate(intercept, history, weights, driving, loss, evaluations, converged)


def _differences_from(
    coordinates: Coordinates, origin: NDArray[np.float64], slope: NDArray[np.float64]
) -> Objective:
    """Return the objective minus that at `origin`, integrated from the gradient.

    Close to the minimum, differences of the loss are smaller than its rounding errors. The
    trapezoidal rule is exact to third order.
    """

    def objective(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        gradient = coordinates.objective(point)[1]
        return 0.5 * float((gradient + slope) @ (point - origin)), gradient

    return objective
