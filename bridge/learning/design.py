"""Design matrix in standardised coordinates, dense or sparse."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, eigsh

from bridge.learning import loss_kinds
from bridge.learning.losses import UNIT_CURVATURE, PointLoss
from neurosim import NeurosimError
from neurosim.utils.resources import available_cores

# Most rows in one partial sum. Chunks do not depend on threads, so results are bit-identical.
CHUNK = 32_768
# Number of columns above which Gram matrices are avoided.
MANY_COLUMNS = 500


def is_sparse(matrix: Any) -> bool:
    """Return whether a matrix is a scipy sparse matrix."""
    return bool(sparse.issparse(matrix))


class Sums(NamedTuple):
    """Sums over all trials.

    Attributes
    ----------
    loss : float
    wrong : float
        Weight of misclassified trials, including those with score 0.
    longest : float
        Largest squared length of a row with weight, including the 1.
    gradient : (n + 1,) ndarray
    grams : (n_modes, n + 1, n + 1) ndarray
        Sums of z zᵀ over rows z, with the weights of each mode.
    """

    loss: float
    wrong: float
    longest: float
    gradient: NDArray[np.float64]
    grams: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StandardisedDesign(ABC):
    """Rows (1, z₁ … zₙ) of trials, with columns of mean 0 and variance 1.

    Parameters in these coordinates are (b, w₁ … wₙ). Standardisation improves the conditioning and
    does not change the fit without ridge. The data are not copied. Without an intercept columns are
    only scaled, to mean square 1, and b has no effect.

    Attributes
    ----------
    matrix : (n_trials, n) ndarray or CSR matrix
        Raw columns.
    mean, scale : (n,) ndarray
        Mean and scale of the raw columns; constant columns have infinite scale and become 0.
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
        X: Any, weights: NDArray[np.float64], threads: int | None = 1, *, intercept: bool = True
    ) -> StandardisedDesign:
        """Standardise raw columns.

        Parameters
        ----------
        X : (n_trials, n) ndarray or CSR matrix
        weights : (n_trials,) ndarray
            Weights of the trials, with sum 1.
        threads : int, optional
            None for all available cores.
        intercept : bool
            Whether rows start with a 1.
        """
        threads = available_cores() if threads is None else threads
        kind = SparseDesign if is_sparse(X) else DenseDesign
        with np.errstate(over="ignore", invalid="ignore"):
            if kind is SparseDesign:
                mean = np.asarray(X.T @ weights)
                variance = np.maximum(np.asarray(X.power(2).T @ weights) - mean**2, 0.0)
            else:
                mean, variance = _moments(X, weights, threads)
            if not intercept:
                mean, variance = np.zeros_like(mean), variance + mean**2
        return kind(X, mean, _scale(mean, variance), threads, intercept)

    def largest_eigenvalue(self, weights: NDArray) -> float:
        """Return the largest eigenvalue of `gram`.

        For many columns, this is an upper bound within 1 %.
        """
        n = 1 + self.n
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
        """1/scale, 0 for constant columns."""
        return 1.0 / self.scale

    @property
    def constant(self) -> NDArray[np.intp]:
        """Indices of constant columns."""
        return np.flatnonzero(np.isinf(self.scale))

    def scores(self, theta: NDArray) -> NDArray[np.float64]:
        """Return the scores of the trials, shape (n_trials,)."""
        raw = self.to_raw(theta)
        return np.asarray(self.matrix @ raw[1:]) + raw[0]

    def adjoint(self, slope: NDArray) -> NDArray[np.float64]:
        """Return Σ slopeₖ zₖ over rows z including the 1; shape (n + 1,)."""
        total = slope.sum() if self.intercept else 0.0
        return np.append(total, (self.matrix.T @ slope - self.mean * total) * self.inverse_scale)

    def rows(self, trials: Any) -> NDArray[np.float64]:
        """Return the rows of some trials including the 1; shape (len(trials), n + 1)."""
        raw = self.matrix[trials]
        raw = raw.toarray() if is_sparse(raw) else raw
        ones = np.full((len(raw), 1), float(self.intercept))
        return np.hstack([ones, (raw - self.mean) * self.inverse_scale])

    def chunks(self) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield all `rows` in chunks, each with the slice of its trials."""
        for first in range(0, self.matrix.shape[0], CHUNK):
            part = slice(first, first + CHUNK)
            yield part, self.rows(part)

    @property
    @abstractmethod
    def squared_rows(self) -> NDArray[np.float64]:
        """Squared lengths of the rows including the 1; shape (n_trials,)."""

    @abstractmethod
    def sums(
        self, theta: NDArray, sign: NDArray, weights: NDArray, loss: PointLoss, *modes: int
    ) -> Sums:
        """Return sums over the trials at `theta`, with a Gram matrix for each mode."""

    @abstractmethod
    def gram(self, weights: NDArray) -> NDArray[np.float64]:
        """Return Σ weightₖ zₖ zₖᵀ over rows z including the 1; shape (n + 1, n + 1)."""

    def to_raw(self, theta: NDArray) -> NDArray[np.float64]:
        """Return (intercept, coefficients) for the raw columns.

        `theta` has shape (..., n + 1).
        """
        raw = theta * np.append(1.0, self.inverse_scale)
        raw[..., 0] -= raw[..., 1:] @ self.mean
        return raw if self.intercept else raw * np.append(0.0, np.ones_like(self.mean))

    @cached_property
    def raw_jacobian(self) -> NDArray[np.float64]:
        """Matrix of the linear map `to_raw`."""
        return self.to_raw(np.eye(1 + self.n)).T


class DenseDesign(StandardisedDesign):
    """Dense design; rows are standardised on the fly."""

    def sums(
        self, theta: NDArray, sign: NDArray, weights: NDArray, loss: PointLoss, *modes: int
    ) -> Sums:
        """Return sums over the trials at `theta`, with a Gram matrix for each mode."""
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
        """Return Σ weightₖ zₖ zₖᵀ over rows z including the 1; shape (n + 1, n + 1)."""
        start, sign = np.append(1.0, np.zeros(self.n)), np.ones(len(weights))
        return self.sums(start, sign, weights, UNIT_CURVATURE, loss_kinds.HESSIAN).grams[0]

    def every(self, step: int) -> DenseDesign:
        """Return every `step`-th trial in the same coordinates."""
        return replace(self, matrix=np.ascontiguousarray(self.matrix[::step]))

    @cached_property
    def squared_rows(self) -> NDArray[np.float64]:
        """Squared lengths of the rows including the 1; shape (n_trials,)."""
        return np.concatenate([np.einsum("ki,ki->k", z, z) for _, z in self.chunks()])

    @cached_property
    def _pool(self) -> ThreadPoolExecutor | None:
        return _pool_of(self.threads, self.matrix)


class SparseDesign(StandardisedDesign):
    """Sparse design; the shift is applied to products with the matrix."""

    def sums(
        self, theta: NDArray, sign: NDArray, weights: NDArray, loss: PointLoss, *modes: int
    ) -> Sums:
        """Return sums over the trials at `theta`, with a Gram matrix for each mode."""
        from bridge.learning.kernels import pointwise, weighted

        scores, wanted = self.scores(theta), np.array(modes, dtype=np.int64)
        terms, factors = np.empty((3, len(sign))), np.empty((len(modes), len(sign)))
        pointwise(loss.kind, loss.gain, scores, sign, *terms, loss_kinds.EXACT in modes)
        total, wrong = weighted(weights, sign, scores, *terms, wanted, factors)
        grams = np.array([self.gram(factor) for factor in factors])
        longest = float(self.squared_rows[weights > 0.0].max(initial=0.0))
        return Sums(total, wrong, longest, self.adjoint(terms[1]), grams)

    def gram(self, weights: NDArray) -> NDArray[np.float64]:
        """Return Σ weightₖ zₖ zₖᵀ over rows z including the 1; shape (n + 1, n + 1)."""
        weighted = self.matrix.multiply(weights[:, None]).tocsr()
        total, raw = weights.sum(), np.asarray(self.matrix.T @ weights)
        edge = raw - self.mean * total
        square = (self.matrix.T @ weighted).toarray()
        square -= np.outer(self.mean, raw) + np.outer(edge, self.mean)
        gram = np.block([[np.atleast_2d(total), edge[None, :]], [edge[:, None], square]])
        factors = np.append(float(self.intercept), self.inverse_scale)
        return gram * factors * factors[:, None]

    @cached_property
    def squared_rows(self) -> NDArray[np.float64]:
        """Squared lengths of the rows including the 1; shape (n_trials,)."""
        shift = self.mean * self.inverse_scale
        squares = self.matrix.power(2) @ self.inverse_scale**2
        return 1.0 + squares - 2.0 * (self.matrix @ (shift * self.inverse_scale)) + shift @ shift


def _scale(mean: NDArray, variance: NDArray) -> NDArray[np.float64]:
    """Return the standard deviations of the columns, infinite for constant ones."""
    large = np.flatnonzero(~np.isfinite(variance))
    if len(large):
        raise NeurosimError(
            f"the squares of columns {large.tolist()} overflow: give these columns in other units"
        )
    # Columns that vary only by rounding errors count as constant.
    spread = np.sqrt(variance)
    return np.where(spread > 1e-12 * (np.abs(mean) + spread), spread, np.inf)


def _moments(X: NDArray, weights: NDArray, threads: int) -> tuple[NDArray, NDArray]:
    """Return weighted mean and variance of the columns, in one or two passes."""
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
    """Return the number of rows in a chunk."""
    return min(CHUNK, max(1024, 20 * CHUNK // n_columns))


def _pool_of(threads: int, matrix: NDArray) -> ThreadPoolExecutor | None:
    """Return a thread pool if there are several threads and chunks."""
    several = threads > 1 and len(matrix) > _chunk(matrix.shape[1])
    return ThreadPoolExecutor(threads) if several else None


def _in_chunks(
    work: Callable[[int, int], Any], matrix: NDArray, pool: ThreadPoolExecutor | None
) -> Iterable[Any]:
    """Yield `work(first, last)` for each chunk of rows, in order."""
    first = range(0, len(matrix), _chunk(matrix.shape[1]))
    last = [*first[1:], len(matrix)]
    return map(work, first, last) if pool is None else pool.map(work, first, last)
