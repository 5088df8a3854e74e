"""How far a descent still is from the minimum, in the unit that matters: standard errors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.sparse.linalg import LinearOperator, cg

from bridge.learning.separation import MOST_PARAMETERS, find_separation
from bridge.utils import kinds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bridge.learning.objectives import MeanLoss
    from bridge.learning.separation import Separation


class DistanceToMinimum:
    """Distance of a point from the minimum of a neuron's loss, in standard errors.

    With the gradient g and the Hessian H of the mean loss over n trials, the distance is
    √(n gᵀH⁻¹g): it bounds the distance of every combination of the parameters from its value at the
    minimum, in units of that combination's standard error. For the squared error, whose curvature
    is no information, it is divided by the residuals' standard deviation.

    Parameters
    ----------
    objective : MeanLoss
    n_trials : float
        Number of trials, repetitions counted.
    bounded : bool
        Whether a penalty makes sure that a minimum exists. Where none does, the descent would never
        come near it: once that is found the distance is 0.

    Attributes
    ----------
    separation : Separation or None
        Trials found to be told apart without error, which raises the likelihood for ever.
    falls : bool
        Whether a squared error was found to fall as the weights grow.
    """

    separation: Separation | None = None
    falls: bool = False

    def __init__(self, objective: MeanLoss, n_trials: float, *, bounded: bool) -> None:
        self.objective = objective
        self.n_trials = n_trials
        self._bounded = bounded
        self._known = bounded or objective.loss.kind != kinds.CROSS_ENTROPY

    def __call__(self, theta: NDArray, gradient: NDArray) -> float:
        """Return the distance from `theta`, at which the loss has this gradient."""
        objective = self.objective
        if not self._known and len(theta) <= MOST_PARAMETERS:
            self.look_for_separation(theta)
        self.look_for_fall(theta)
        if self.separation is not None or self.falls:
            return 0.0
        squared = self.n_trials * max(float(gradient @ self._newton_step(theta, gradient)), 0.0)
        if objective.loss.kind in (kinds.SQUARED, kinds.SQUARED_RELU):
            squared /= max(2.0 * objective.sums(theta).loss, np.finfo(float).tiny)
        return math.sqrt(squared)

    def look_for_separation(self, theta: NDArray) -> None:
        """Decide whether a minimum exists, once for the whole descent."""
        if not self._known:
            self._known = True
            self.separation = find_separation(self.objective, theta)

    def look_for_fall(self, theta: NDArray) -> None:
        """Note whether a squared error is less where all parameters are twice as large."""
        objective = self.objective
        if objective.loss.kind == kinds.SQUARED and not self._bounded:
            further = objective.value_and_gradient(2.0 * theta)[0]
            self.falls |= further < objective.value_and_gradient(theta)[0] - 1e-12

    def _newton_step(self, theta: NDArray, gradient: NDArray) -> NDArray[np.float64]:
        """Return H⁻¹g, by conjugate gradients where H is too large."""
        objective, n = self.objective, len(theta)
        if n > MOST_PARAMETERS:
            operator = LinearOperator((n, n), matvec=objective.curvature(theta), dtype=np.float64)
            return cg(operator, gradient, rtol=1e-2, maxiter=100)[0]
        hessian = objective.hessian(theta)
        try:
            return cho_solve(cho_factor(hessian), gradient)
        except LinAlgError:  # flat in some direction
            return np.linalg.lstsq(hessian, gradient, rcond=None)[0]
