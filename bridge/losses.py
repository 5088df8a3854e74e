"""What the logistic neuron minimises, and the data in the coordinates in which it does so."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.special import expit

if TYPE_CHECKING:
    from numpy.typing import NDArray


def is_sparse(matrix: Any) -> bool:
    """Return whether a matrix is one of scipy's sparse kinds."""
    return bool(sparse.issparse(matrix))


@dataclass(frozen=True, eq=False)
class StandardisedDesign:
    """Trials by synapses, each column shifted to mean 0 and scaled to variance 1, after a 1.

    The parameters in these coordinates are (b, w₁ … wₙ). The shift changes the intercept alone,
    so the fit without ridge is that of the raw columns; only the descent is better conditioned.
    Sparse matrices stay sparse: their shift is applied to the products.

    Attributes
    ----------
    matrix : (n_trials, n) ndarray or CSR matrix
        Columns over their scale, shifted already if dense.
    shift : (n,) ndarray
        Still to be subtracted from the columns of `matrix`.
    mean, scale : (n,) ndarray
        Of the raw columns; the scale of a constant column is infinite, which makes it a 0.
    """

    matrix: Any
    shift: NDArray[np.float64]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def of(cls, X: Any, weights: NDArray[np.float64]) -> StandardisedDesign:
        """Return the design of raw columns.

        Parameters
        ----------
        X : (n_trials, n) ndarray or CSR matrix
        weights : (n_trials,) ndarray
            Weights of the trials, of sum 1.
        """
        mean = np.asarray(X.T @ weights)
        if is_sparse(X):
            variance = np.maximum(np.asarray(X.power(2).T @ weights) - mean**2, 0.0)
        else:
            variance = weights @ (X - mean) ** 2
        # A column with less spread than rounding gives to a constant is one.
        rounding = 1e-12 * (np.abs(mean) + np.sqrt(variance))
        scale = np.where(np.sqrt(variance) > rounding, np.sqrt(variance), np.inf)
        if is_sparse(X):
            return cls(sparse.csr_matrix(X.multiply(1.0 / scale)), mean / scale, mean, scale)
        return cls((X - mean) / scale, np.zeros_like(mean), mean, scale)

    @property
    def constant(self) -> NDArray[np.intp]:
        """Indices of the columns that never change."""
        return np.flatnonzero(np.isinf(self.scale))

    def dot(self, theta: NDArray) -> NDArray[np.float64]:
        """Scores of the trials, shape (n_trials,)."""
        return self.matrix @ theta[1:] + (theta[0] - self.shift @ theta[1:])

    def adjoint(self, residual: NDArray) -> NDArray[np.float64]:
        """Sum of the rows, the 1 included, weighted by `residual`; shape (n + 1,)."""
        total = residual.sum()
        return np.append(total, self.matrix.T @ residual - self.shift * total)

    def gram(self, weights: NDArray) -> NDArray[np.float64]:
        """Σ weightₖ zₖ zₖᵀ over the rows z, the 1 included; shape (n + 1, n + 1)."""
        total, raw = weights.sum(), np.asarray(self.matrix.T @ weights)
        if is_sparse(self.matrix):
            square = (self.matrix.T @ self.matrix.multiply(weights[:, None]).tocsr()).toarray()
        else:
            square = self.matrix.T @ (self.matrix * weights[:, None])
        edge = raw - self.shift * total
        square = square - np.outer(self.shift, raw) - np.outer(edge, self.shift)
        return np.block([[np.atleast_2d(total), edge[None, :]], [edge[:, None], square]])

    def to_raw(self, theta: NDArray) -> NDArray[np.float64]:
        """Return (intercept, coefficients) for the raw columns; shape (n + 1,)."""
        return self.raw_jacobian @ theta

    @cached_property
    def raw_jacobian(self) -> NDArray[np.float64]:
        """Matrix of the linear map `to_raw`."""
        jacobian = np.diag(np.append(1.0, 1.0 / self.scale))
        jacobian[0, 1:] = -self.mean / self.scale
        return jacobian


class CrossEntropy:
    """Mean cross-entropy of a logistic neuron (nats per trial) + ridge/2 ‖w‖².

    Parameters
    ----------
    design : StandardisedDesign
    sign : (n_trials,) ndarray
        +1 where the neuron fired, −1 where not.
    weights : (n_trials,) ndarray
        Weights of the trials, of sum 1.
    ridge : float
        Penalty on the standardised coefficients; the intercept is free.
    """

    def __init__(
        self, design: StandardisedDesign, sign: NDArray, weights: NDArray, ridge: float = 0.0
    ) -> None:
        self.design = design
        self.sign = sign
        self.weights = weights
        self.ridge = ridge

    @cached_property
    def lipschitz(self) -> float:
        """λ_max(ZᵀWZ)/4 + ridge, as σ′ ≤ 1/4."""
        return float(np.linalg.eigvalsh(self.design.gram(self.weights))[-1]) / 4.0 + self.ridge

    def value_and_gradient(self, theta: NDArray) -> tuple[float, NDArray[np.float64]]:
        """Loss and gradient; log(1 + e^{−m}) of the margin m is taken without overflow."""
        margin = self.sign * self.design.dot(theta)
        # A sum and no dot product: threads of the BLAS that wait for a busy core cost more than it.
        loss = np.sum(self.weights * np.logaddexp(0.0, -margin))
        gradient = self.design.adjoint(-self.weights * self.sign * expit(-margin))
        gradient[1:] += self.ridge * theta[1:]
        return float(loss + 0.5 * self.ridge * (theta[1:] @ theta[1:])), gradient

    def hessian(self, theta: NDArray) -> NDArray[np.float64]:
        """ZᵀW p(1 − p) Z + ridge, shape (n + 1, n + 1)."""
        margin = self.design.dot(theta)
        hessian = self.design.gram(self.weights * expit(margin) * expit(-margin))
        hessian[np.diag_indices_from(hessian)] += np.append(
            0.0, np.full(len(theta) - 1, self.ridge)
        )
        return hessian

    def score_covariance(self, theta: NDArray) -> NDArray[np.float64]:
        """Mean of gₖ gₖᵀ over the trials' gradients g; shape (n + 1, n + 1)."""
        residual = expit(-self.sign * self.design.dot(theta))
        return self.design.gram(self.weights * residual**2)
