"""Trials by synapses in the coordinates in which a neuron is trained, dense or sparse."""

from __future__ import annotations

from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, eigsh

from bridge.learning.losses import UNIT_CURVATURE
from bridge.utils import kinds
from neurosim import NeurosimError
from neurosim.utils.resources import available_cores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from bridge.learning.losses import PointLoss

CHUNK = 32_768
"""Most rows whose sums are taken in one go, on whatever thread: bits do not depend on threads."""


MANY_COLUMNS = 500
"""From there on their products with each other are avoided."""


def is_sparse(matrix: Any) -> bool:
    """Return whether a matrix is one of scipy's sparse kinds."""
    return bool(sparse.issparse(matrix))


class Sums(NamedTuple):
    """Sums over all trials.

    Attributes
    ----------
    loss : float
    wrong : float
        Weight of the trials on the wrong side of the score 0, or on it.
    longest : float
        Greatest squared length of a row that has a weight, the 1 included.
    gradient : (n + 1,) ndarray
    grams : (n_modes, n + 1, n + 1) ndarray
        Of each row with itself, times what each mode names.
    """

    loss: float
    wrong: float
    longest: float
    gradient: NDArray[np.float64]
    grams: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StandardisedDesign(ABC):
    """Trials by synapses, each column shifted to mean 0 and scaled to variance 1, after a 1.

    The parameters in these coordinates are (b, w₁ … wₙ). The shift changes the intercept alone,
    so the fit without ridge is that of the raw columns; only the descent is better conditioned.
    No second copy of the data is made. Without an intercept columns are not shifted, their scale is
    the root of their mean square, and b is a parameter on which nothing depends.

    Attributes
    ----------
    matrix : (n_trials, n) ndarray or CSR matrix
        The raw columns.
    mean, scale : (n,) ndarray
        Of the raw columns; the scale of a constant column is infinite, which makes it a 0.
    threads : int
    intercept : bool
    """

    matrix: Any
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    threads: int = 1
    intercept: bool = True

    @staticmethod
    def of(
        X: Any,
        weights: NDArray[np.float64],
        threads: int | None = 1,
        *,
        intercept: bool = True,
    ) -> StandardisedDesign:
        """Return the design of raw columns.

        Parameters
        ----------
        X : (n_trials, n) ndarray or CSR matrix
        weights : (n_trials,) ndarray
            Weights of the trials, of sum 1.
        threads : int, optional
            All cores this process may use if None.
        intercept : bool
            Whether the rows begin with a 1.
        """
        threads = available_cores() if threads is None else threads
        kind = SparseDesign if is_sparse(X) else DenseDesign
        with np.errstate(over="ignore", invalid="ignore"):
            if is_sparse(X):
                mean = np.asarray(X.T @ weights)
                variance = np.maximum(np.asarray(X.power(2).T @ weights) - mean**2, 0.0)
            else:
                mean, variance = _moments(X, weights, threads)
            if not intercept:
                mean, variance = np.zeros_like(mean), variance + mean**2
        return kind(X, mean, _scale(mean, variance), threads, intercept)

    def largest_eigenvalue(self, weights: NDArray) -> float:
        """Largest eigenvalue of `gram(weights)`, of many columns to 1 % and from above."""
        n = 1 + len(self.mean)
        if n <= MANY_COLUMNS:
            return float(np.linalg.eigvalsh(self.gram(weights))[-1])

        def product(theta: NDArray) -> NDArray[np.float64]:
            return self.adjoint(weights * self.scores(theta.ravel()))

        gram = LinearOperator((n, n), matvec=product, dtype=np.float64)
        found = eigsh(gram, k=1, v0=np.ones(n), tol=1e-3, return_eigenvectors=False)
        return 1.01 * float(found[0])

    @property
    def n(self) -> int:
        """Number of columns."""
        return len(self.mean)

    @cached_property
    def inverse_scale(self) -> NDArray[np.float64]:
        """1/scale, 0 for a constant column."""
        return 1.0 / self.scale

    @property
    def constant(self) -> NDArray[np.intp]:
        """Indices of the columns that never change."""
        return np.flatnonzero(np.isinf(self.scale))

    def scores(self, theta: NDArray) -> NDArray[np.float64]:
        """Scores of the trials, shape (n_trials,)."""
        raw = self.to_raw(theta)
        return np.asarray(self.matrix @ raw[1:]) + raw[0]

    def adjoint(self, slope: NDArray) -> NDArray[np.float64]:
        """Sum of the rows, the 1 included, times a number for each trial; shape (n + 1,)."""
        total = slope.sum() if self.intercept else 0.0
        return np.append(total, (self.matrix.T @ slope - self.mean * total) * self.inverse_scale)

    def rows(self, first: int = 0, last: int | None = None) -> NDArray[np.float64]:
        """Rows `first` to `last`, the 1 in front; shape (last − first, n + 1)."""
        part = self.matrix[first:last]
        part = part.toarray() if is_sparse(part) else part
        ones = np.full((len(part), 1), float(self.intercept))
        return np.hstack([ones, (part - self.mean) * self.inverse_scale])

    @abstractmethod
    def squared_rows(self) -> NDArray[np.float64]:
        """Squared lengths of the rows, the 1 included; shape (n_trials,)."""

    @abstractmethod
    def sums(
        self, theta: NDArray, sign: NDArray, weights: NDArray, loss: PointLoss, *modes: int
    ) -> Sums:
        """Sums over the trials at `theta`, with a gram for each mode of `bridge.utils.kinds`."""

    @abstractmethod
    def gram(self, weights: NDArray) -> NDArray[np.float64]:
        """Σ weightₖ zₖ zₖᵀ over the rows z, the 1 included; shape (n + 1, n + 1)."""

    def to_raw(self, theta: NDArray) -> NDArray[np.float64]:
        """Return (intercept, coefficients) for the raw columns, for `theta` of (..., n + 1)."""
        raw = theta * np.append(1.0, self.inverse_scale)
        raw[..., 0] -= raw[..., 1:] @ self.mean
        return raw if self.intercept else raw * np.append(0.0, np.ones_like(self.mean))

    @cached_property
    def raw_jacobian(self) -> NDArray[np.float64]:
        """Matrix of the linear map `to_raw`."""
        return self.to_raw(np.eye(1 + len(self.mean))).T


class DenseDesign(StandardisedDesign):
    """Trials by synapses as an array; its rows are standardised on the fly."""

    def sums(
        self, theta: NDArray, sign: NDArray, weights: NDArray, loss: PointLoss, *modes: int
    ) -> Sums:
        """Sums over the trials at `theta`, with a gram for each mode of `bridge.utils.kinds`."""
        from bridge.learning.kernels import dense_sums

        n, wanted = len(theta), np.array(modes, dtype=np.int64)

        def work(first: int, last: int) -> Sums:
            gradient, grams = np.zeros(n), np.zeros((len(modes), n, n))
            loss_sum, wrong, longest = dense_sums(
                self.matrix, self.mean, self.inverse_scale, theta, loss.kind, loss.gain, sign,
                weights, wanted, first, last, gradient, grams,
            )  # fmt: skip
            return Sums(loss_sum, wrong, longest, gradient, grams)

        total, wrong, longest = 0.0, 0.0, 0.0
        gradient, grams = np.zeros(n), np.zeros((len(modes), n, n))
        for part in _in_chunks(work, self.matrix, self._pool):
            total, wrong = total + part.loss, wrong + part.wrong
            longest = max(longest, part.longest)
            gradient += part.gradient
            grams += part.grams
        if not self.intercept:
            gradient[0], grams[:, :, 0] = 0.0, 0.0
        lower = np.tril(grams)
        grams = lower + np.tril(grams, -1).transpose(0, 2, 1)
        return Sums(total, wrong, longest, gradient, grams)

    def gram(self, weights: NDArray) -> NDArray[np.float64]:
        """Σ weightₖ zₖ zₖᵀ over the rows z, the 1 included; shape (n + 1, n + 1)."""
        start, sign = np.ones(1 + len(self.mean)), np.ones(len(weights))
        start[1:] = 0.0
        return self.sums(start, sign, weights, UNIT_CURVATURE, kinds.HESSIAN).grams[0]

    def every(self, step: int) -> DenseDesign:
        """Every so many-th trial, in the same coordinates."""
        matrix = np.ascontiguousarray(self.matrix[::step])
        return DenseDesign(matrix, self.mean, self.scale, self.threads, self.intercept)

    def squared_rows(self) -> NDArray[np.float64]:
        """Squared lengths of the rows, the 1 included; shape (n_trials,)."""
        chunks = (self.rows(k, k + CHUNK) for k in range(0, self.matrix.shape[0], CHUNK))
        return np.concatenate([np.einsum("ki,ki->k", z, z) for z in chunks])

    @cached_property
    def _pool(self) -> ThreadPoolExecutor | None:
        return _pool_of(self.threads, self.matrix)


class SparseDesign(StandardisedDesign):
    """Trials by synapses as a sparse matrix: the shift is applied to its products."""

    def sums(
        self, theta: NDArray, sign: NDArray, weights: NDArray, loss: PointLoss, *modes: int
    ) -> Sums:
        """Sums over the trials at `theta`, with a gram for each mode of `bridge.utils.kinds`."""
        from bridge.learning.kernels import pointwise, weighted

        scores, wanted = self.scores(theta), np.array(modes, dtype=np.int64)
        terms, factors = np.empty((3, len(sign))), np.empty((len(modes), len(sign)))
        pointwise(loss.kind, loss.gain, scores, sign, *terms, kinds.EXACT in modes)
        total, wrong = weighted(weights, sign, scores, *terms, wanted, factors)
        grams = np.array([self.gram(factor) for factor in factors])
        longest = float(self._squared_rows[weights > 0.0].max(initial=0.0))
        return Sums(total, wrong, longest, self.adjoint(terms[1]), grams)

    def gram(self, weights: NDArray) -> NDArray[np.float64]:
        """Σ weightₖ zₖ zₖᵀ over the rows z, the 1 included; shape (n + 1, n + 1)."""
        weighted = self.matrix.multiply(weights[:, None]).tocsr()
        total, raw = weights.sum(), np.asarray(self.matrix.T @ weights)
        edge = raw - self.mean * total
        square = (self.matrix.T @ weighted).toarray()
        square -= np.outer(self.mean, raw) + np.outer(edge, self.mean)
        gram = np.block([[np.atleast_2d(total), edge[None, :]], [edge[:, None], square]])
        factors = np.append(float(self.intercept), self.inverse_scale)
        return gram * factors * factors[:, None]

    def squared_rows(self) -> NDArray[np.float64]:
        """Squared lengths of the rows, the 1 included; shape (n_trials,)."""
        return self._squared_rows

    @cached_property
    def _squared_rows(self) -> NDArray[np.float64]:
        shift = self.mean * self.inverse_scale
        squares = self.matrix.power(2) @ self.inverse_scale**2
        return 1.0 + squares - 2.0 * (self.matrix @ (shift * self.inverse_scale)) + shift @ shift


def _scale(mean: NDArray, variance: NDArray) -> NDArray[np.float64]:
    large = np.flatnonzero(~np.isfinite(variance))
    if len(large):
        raise NeurosimError(
            f"columns {large.tolist()} hold values whose squares are too large for a computer: "
            "give them in other units"
        )
    # A column with less spread than rounding gives to a constant is one.
    spread = np.sqrt(variance)
    return np.where(spread > 1e-12 * (np.abs(mean) + spread), spread, np.inf)


def _moments(X: NDArray, weights: NDArray, threads: int) -> tuple[NDArray, NDArray]:
    """Weighted mean and variance of the columns, taken about the first row and, if far, again."""
    from bridge.learning.kernels import dense_moments

    def about(centre: NDArray) -> NDArray[np.float64]:
        def work(first: int, last: int) -> NDArray[np.float64]:
            found = np.zeros((2, X.shape[1]))
            dense_moments(X, centre, weights, first, last, *found)
            return found

        return sum(_in_chunks(work, X, pool), np.zeros((2, X.shape[1])))

    pool, mean = _pool_of(threads, X), X[0].astype(float)
    for _ in range(2):
        away, square = about(mean)
        variance = np.maximum(square - away**2, 0.0)
        mean = mean + away
        if (away**2 <= 1e4 * variance).all():
            break
    return mean, variance


def _chunk(n_columns: int) -> int:
    return min(CHUNK, max(1024, 20 * CHUNK // n_columns))


def _pool_of(threads: int, matrix: NDArray) -> ThreadPoolExecutor | None:
    several = threads > 1 and len(matrix) > _chunk(matrix.shape[1])
    return ThreadPoolExecutor(threads) if several else None


def _in_chunks(
    work: Callable[[int, int], Any], matrix: NDArray, pool: ThreadPoolExecutor | None
) -> Iterable[Any]:
    """What `work(first, last)` gives for each chunk of rows, in order."""
    first = range(0, len(matrix), _chunk(matrix.shape[1]))
    last = [*first[1:], len(matrix)]
    return map(work, first, last) if pool is None else pool.map(work, first, last)
