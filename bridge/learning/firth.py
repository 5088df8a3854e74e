"""The logistic neuron's likelihood with Firth's penalty, which keeps every fit finite."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

from bridge.learning.design import CHUNK
from bridge.learning.losses import CROSS_ENTROPY
from bridge.learning.objectives import MeanLoss
from bridge.utils import kinds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bridge.learning.design import StandardisedDesign
    from bridge.learning.losses import PointLoss


class FirthLoss(MeanLoss):
    """Mean cross-entropy − ln det(I)/(2 n): Jeffreys' prior, I the Fisher information of n trials.

    Takes the first-order bias from the estimates (Firth 1993, Biometrika 80:27) and makes them
    finite where the classes are separable (Heinze & Schemper 2002, Stat. Med. 21:2409). Its
    `hessian` is the Fisher information, as in their scoring. No Lipschitz constant is known.

    Parameters
    ----------
    design : StandardisedDesign
    sign : (n_trials,) ndarray
        +1 where the neuron fired, −1 where not.
    weights : (n_trials,) ndarray
        Weights of the trials, of sum 1.
    n_trials : float
        Number of trials, repetitions counted.
    loss : PointLoss
        A cross-entropy.
    """

    def __init__(
        self,
        design: StandardisedDesign,
        sign: NDArray,
        weights: NDArray,
        n_trials: float,
        loss: PointLoss = CROSS_ENTROPY,
    ) -> None:
        super().__init__(design, sign, weights, 0.0, loss)
        self.n_trials = n_trials

    @property
    def needed_at_minimum(self) -> tuple[int, ...]:
        """Modes of which the covariances need the gram: the scores have the penalty in them."""
        return (kinds.HESSIAN,)

    def value_and_gradient(self, theta: NDArray) -> tuple[float, NDArray[np.float64]]:
        """Loss and gradient."""
        sums = self.sums(theta, kinds.HESSIAN)
        factor = self._factor(sums.grams[0])
        log_det = 2.0 * np.log(np.diag(factor[0])).sum()
        gradient = sums.gradient.copy()
        for part in self._parts():
            z = self.design.rows(part.start, part.stop)
            gradient += (self.weights[part] * self._pull(z, theta, factor)) @ z
        return sums.loss - log_det / (2.0 * self.n_trials), gradient

    def score_covariance(self, theta: NDArray) -> NDArray[np.float64]:
        """Mean of gₖ gₖᵀ over the trials' gradients g, penalty included; shape (n + 1, n + 1)."""
        factor, gain = self._factor(self.hessian(theta)), self.loss.gain
        covariance = np.zeros((len(theta), len(theta)))
        for part in self._parts():
            z, sign = self.design.rows(part.start, part.stop), self.sign[part]
            score = self._pull(z, theta, factor) - gain * sign * expit(-gain * sign * (z @ theta))
            covariance += z.T @ (z * (self.weights[part] * score**2)[:, None])
        return covariance

    def _pull(self, z: NDArray, theta: NDArray, factor: Any) -> NDArray[np.float64]:
        """Slope of the penalty in the score of each row: the leverages times (p − ½)."""
        p = expit(self.loss.gain * (z @ theta))
        inside = z @ self._varying
        leverage = np.einsum("ki,ik->k", inside, cho_solve(factor, inside.T))
        bend = self.loss.gain**3 * p * (1.0 - p) * (1.0 - 2.0 * p)
        return -bend * leverage / (2.0 * self.n_trials)

    def _factor(self, information: NDArray) -> Any:
        return cho_factor(self._varying.T @ information @ self._varying, lower=True)

    @cached_property
    def _varying(self) -> NDArray[np.float64]:
        """Basis of the directions in which rows differ: the loss depends on no others."""
        values, vectors = np.linalg.eigh(self.design.gram(self.weights))
        return vectors[:, values > len(values) * np.finfo(float).eps * values[-1]]

    def _parts(self) -> list[slice]:
        return [slice(k, min(k + CHUNK, self.n_rows)) for k in range(0, self.n_rows, CHUNK)]
