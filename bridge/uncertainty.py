"""How well the trials determine the parameters of a trained neuron."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bridge import kinds
from bridge.separation import MOST_PARAMETERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bridge.objectives import MeanLoss


class Uncertainty(NamedTuple):
    """Covariances of the raw parameters (θ₀, θ₁ …).

    NaN where the data leave a parameter open; the Wald covariance also for losses that are no
    likelihood, and both for those whose slope jumps and for more than 2000 parameters.

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
    def of(cls, objective: MeanLoss, theta: NDArray, n_trials: float) -> Uncertainty:
        """Return what is known at a minimum.

        Parameters
        ----------
        objective : MeanLoss
        theta : (n + 1,) ndarray
            Its minimum.
        n_trials : float
            Number of trials, repetitions counted.
        """
        n, kind = len(theta), objective.loss.kind
        unknown = np.broadcast_to(np.nan, (n, n))
        nowhere = cls(unknown, unknown, np.empty(0, np.intp))
        if kind == kinds.PERCEPTRON or n > MOST_PARAMETERS:
            return nowhere
        values, vectors = np.linalg.eigh(objective.hessian(theta, exact=True))
        flat = np.abs(values) <= n * np.finfo(float).eps * values[-1]
        open_ = _open(objective, vectors[:, flat])
        columns = np.setdiff1d(np.flatnonzero(open_[1:]), objective.design.constant)
        if kind == kinds.SQUARED_RELU or (values[~flat] < 0).any():
            return nowhere._replace(open_columns=columns)
        inverse = (vectors[:, ~flat] / values[~flat]) @ vectors[:, ~flat].T
        jacobian = objective.design.raw_jacobian
        wald = jacobian @ inverse @ jacobian.T / n_trials
        sandwich = inverse @ objective.score_covariance(theta) @ inverse
        sandwich = jacobian @ sandwich @ jacobian.T / n_trials
        for covariance in (wald, sandwich):
            covariance[open_] = covariance[:, open_] = np.nan
        return cls(wald if objective.loss.likelihood else nowhere.wald, sandwich, columns)

    def unknown(self) -> Uncertainty:
        """Return the same with nothing known, for a loss without minimum."""
        nothing = np.broadcast_to(np.nan, self.wald.shape)
        return Uncertainty(nothing, nothing, self.open_columns)


def _open(objective: MeanLoss, flat: NDArray) -> NDArray[np.bool_]:
    """Which raw parameters moving along flat directions changes, or a constant column does."""
    design, jacobian = objective.design, objective.design.raw_jacobian
    constant = design.constant
    open_ = (np.abs(jacobian @ flat) > 1e-6 * np.abs(jacobian).max(axis=1, keepdims=True)).any(1)
    open_[1 + constant] = True
    open_[0] |= (design.mean[constant] != 0).any()
    return open_
