"""Loss of one neuron in coordinates in which it has unit curvature, and its minimum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.recordings.glm.history_fit import PRECISION
from bridge.recordings.glm.likelihood import Evaluation, Likelihood


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
    point : (n_history + 1 + n_drive,) ndarray
        History, intercept and drive in the coordinates of `ScaledLoss`, to start other fits.
    pull : (n, n_functions) ndarray
        Gradient of the penalty of the weights, or minus that of the loss, which is the same at the
        minimum.
    """

    intercept: float
    history: NDArray[np.float64]
    weights: NDArray[np.float64]
    drive: NDArray[np.float64]
    loss: float
    evaluations: int
    converged: bool
    point: NDArray[np.float64]
    pull: NDArray[np.float64]


class ScaledLoss:
    """Loss of one neuron, with the priors of history and drive.

    History, intercept and drive have coordinates in which the curvature is close to the identity
    (see `SpikeHistory` and `Drive`). Columns are centred, so that the intercept hardly depends on
    the weights.

    Attributes
    ----------
    likelihood : Likelihood
    size : int
        Number of coordinates.
    evaluations : int
    """

    def __init__(self, likelihood: Likelihood) -> None:
        self.likelihood, self.evaluations = likelihood, 0
        self._n_history = likelihood.past.n_weights + 1
        self.size = self._n_history + likelihood.drive.size

    def parameters(
        self, point: NDArray[np.float64], weights: NDArray[np.float64]
    ) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        """Return intercept, history and parameters of the drive."""
        likelihood = self.likelihood
        history, intercept = likelihood.past.from_scaled(point[: self._n_history])
        intercept -= float((likelihood.mean * weights).sum())
        return intercept, history, likelihood.drive.from_scaled(point[self._n_history :])

    def value_and_gradient(
        self, point: NDArray[np.float64], weights: NDArray[np.float64]
    ) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        """Return the loss and its gradients with respect to the coordinates and the weights.

        The latest evaluation of the likelihood is kept: other fits of it often start there.
        """
        latest = self.likelihood.latest
        if latest is not None and latest.is_at(self.likelihood.family, point, weights):
            return latest.value, latest.by_point, latest.by_weight
        self.evaluations += 1
        likelihood, drive = self.likelihood, self.likelihood.drive
        intercept, history, driving = self.parameters(point, weights)
        log_odds = drive.log_odds(driving, weights)
        loss, total, by_history, by_weight = likelihood.value_and_gradient(
            intercept, history, weights, log_odds
        )
        by_drive, through_drive = drive.gradient(likelihood.residual)
        drive_penalty, drive_slope = drive.penalty(driving)
        by_weight = by_weight - total * likelihood.mean + through_drive
        by_weight[likelihood.index] = 0.0
        by_history = by_history + PRECISION * history
        by_point = [
            likelihood.past.to_scaled(np.append(by_history, total)),
            drive.to_scaled(by_drive + drive_slope),
        ]
        value = float(loss + 0.5 * PRECISION * (history @ history) + drive_penalty)
        found = value, np.concatenate(by_point), by_weight
        likelihood.latest = Evaluation(likelihood.family, point.copy(), weights, loss, *found)
        return found

    def estimate(
        self,
        point: NDArray[np.float64],
        weights: NDArray[np.float64],
        pull: NDArray[np.float64],
        *,
        converged: bool,
    ) -> Estimate:
        """Return the parameters of a minimum, with the gradient of the penalty there."""
        intercept, history, driving = self.parameters(point, weights)
        self.value_and_gradient(point, weights)
        assert self.likelihood.latest is not None
        found = intercept, history, weights, driving, self.likelihood.latest.loss
        return Estimate(*found, self.evaluations, converged, point, pull)
