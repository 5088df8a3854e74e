"""How well the trials determine the parameters of a trained neuron."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bridge.learning.separation import MOST_PARAMETERS
from bridge.utils import kinds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bridge.learning.objectives import MeanLoss


class Uncertainty(NamedTuple):
    """Covariances of the raw parameters (θ₀, θ₁ …).

    NaN where the data leave a parameter open; the Wald covariance also for losses that are no
    likelihood and for weighted classes, and both for losses whose slope jumps and for more than
    2000 parameters.

    Attributes
    ----------
    wald, sandwich : (n + 1, n + 1) ndarray
    open_columns : ndarray of int
        Columns whose weights the trials do not determine, though they change.
    """

    wald: NDArray[np.float64]
    sandwich: NDArray[np.float64]
    open_columns: NDArray[np.intp]

    @classmethod
    def of(
        cls,
        objective: MeanLoss,
        theta: NDArray,
        n_trials: float,
        flat: NDArray | None = None,
    ) -> Uncertainty:
        """Return what is known at a minimum.

        Parameters
        ----------
        objective : MeanLoss
        theta : (n + 1,) ndarray
            Its minimum.
        n_trials : float
            Number of trials, repetitions counted.
        flat : (n + 1, n_flat) ndarray, optional
            Orthonormal directions known to leave the objective as it is.
        """
        n, kind = len(theta), objective.loss.kind
        unknown = np.broadcast_to(np.nan, (n, n))
        nowhere = cls(unknown, unknown, np.empty(0, np.intp))
        if kind == kinds.PERCEPTRON or n > MOST_PARAMETERS:
            return nowhere
        hessian, level = objective.hessian(theta, exact=True), n * np.finfo(float).eps
        if flat is not None:  # sums over many trials leave more there than rounding
            across = np.eye(n) - flat @ flat.T
            hessian = across @ hessian @ across
        values, vectors = np.linalg.eigh(hessian)
        is_flat = np.abs(values) <= level * values[-1]
        if flat is not None:
            is_flat[np.argsort(np.abs(values))[: flat.shape[1]]] = True
        open_ = open_parameters(objective, vectors[:, is_flat])
        columns = np.setdiff1d(np.flatnonzero(open_[1:]), objective.design.constant)
        if kind == kinds.SQUARED_RELU or (values[~is_flat] < 0).any():
            return nowhere._replace(open_columns=columns)
        inverse = (vectors[:, ~is_flat] / values[~is_flat]) @ vectors[:, ~is_flat].T
        jacobian = objective.design.raw_jacobian
        wald = jacobian @ inverse @ jacobian.T / n_trials
        sandwich = inverse @ objective.score_covariance(theta) @ inverse
        sandwich = jacobian @ sandwich @ jacobian.T / n_trials
        for covariance in (wald, sandwich):
            covariance[open_] = covariance[:, open_] = np.nan
        likelihood = objective.loss.likelihood and objective.emphasis is None
        return cls(wald if likelihood else nowhere.wald, sandwich, columns)

    def unknown(self) -> Uncertainty:
        """Return NaN for all covariances: the loss has no minimum."""
        nothing = np.broadcast_to(np.nan, self.wald.shape)
        return Uncertainty(nothing, nothing, self.open_columns)


def open_parameters(objective: MeanLoss, flat: NDArray) -> NDArray[np.bool_]:
    """Which raw parameters change along flat directions, or with a constant column's weight."""
    design, jacobian = objective.design, objective.design.raw_jacobian
    constant = design.constant
    open_ = (np.abs(jacobian @ flat) > 1e-6 * np.abs(jacobian).max(axis=1, keepdims=True)).any(1)
    open_[1 + constant] = True
    open_[0] |= (design.mean[constant] != 0).any()
    return open_
