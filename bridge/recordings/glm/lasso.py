"""Fits of one neuron with a lasso or a group lasso."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bridge.recordings.glm.covariates import Covariates
from bridge.recordings.glm.lasso_kernels import descend
from bridge.recordings.glm.likelihood import Likelihood
from bridge.recordings.glm.scaled_loss import Estimate, ScaledLoss

# Range of the curvature of the loss, relative to spikes × covariance of the columns.
FLATTEST, STEEPEST = 1e-2, 1e6
# Number of previous values below the largest of which a step must remain.
MEMORY = 5
# Smallest accepted decrease, relative to the squared length of a step.
DECREASE = 1e-3
# Variance of a block, relative to 1, below which it has no data.
EMPTY = 1e-8


@dataclass(frozen=True, eq=False)
class Blocks:
    """Blocks of columns, in coordinates in which each has unit covariance.

    Weights are `roots` · coordinates. A block is a neuron for the group lasso and a column for the
    lasso.

    Attributes
    ----------
    roots : (n, n_functions, n_functions) ndarray
    size : int
        Columns of a block.
    covariance : (n · n_functions, n · n_functions) ndarray
    curvatures : (n_blocks,) ndarray
        Largest eigenvalue of each diagonal block of the covariance; 0 for blocks without data.
    factors : (n_blocks,) ndarray
        Penalty of unit coordinates at strength 1.
    """

    roots: NDArray[np.float64]
    size: int
    covariance: NDArray[np.float64]
    curvatures: NDArray[np.float64]
    factors: NDArray[np.float64]

    @classmethod
    def of(cls, covariates: Covariates, *, grouped: bool) -> Blocks:
        """Return the neurons if `grouped`, else single columns, as blocks."""
        n, n_functions = covariates.shape
        if grouped:
            size, roots = n_functions, covariates.roots
            factors = np.full(n, np.sqrt(n_functions))
        else:
            size = 1
            diagonal = np.einsum("jkjk->jk", covariates.products) / covariates.n_bins
            deviations = np.sqrt(np.maximum(diagonal - covariates.mean**2, 0.0))
            varies = deviations > 0
            factors = np.divide(1.0, deviations, where=varies, out=np.ones_like(deviations))
            roots = factors[:, :, None] * np.eye(n_functions)
            factors = factors.ravel()
        shape = (n, n_functions, n, n_functions)
        found = roots.transpose(0, 2, 1)[:, None] @ (
            covariates.covariance.reshape(shape).transpose(0, 2, 1, 3) @ roots[None]
        )
        covariance = np.ascontiguousarray(found.transpose(0, 2, 1, 3)).reshape(n * n_functions, -1)
        parts = covariance.reshape(len(factors), size, len(factors), size)
        largest = np.linalg.eigvalsh(np.einsum("jkjl->jkl", parts))[:, -1]
        return cls(roots, size, covariance, np.where(largest > EMPTY, largest, 0.0), factors)

    def without(self, index: int) -> Blocks:
        """Return blocks in which the columns of a neuron do not move."""
        curvatures = self.curvatures.copy()
        curvatures.reshape(len(self.roots), -1)[index] = 0.0
        return replace(self, curvatures=curvatures)

    def weights(self, point: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weights at a point."""
        return (self.roots @ point.reshape(*self.roots.shape[:2], 1))[:, :, 0]

    def point(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the coordinates of weights."""
        moves = np.abs(weights).sum(axis=1) > 0
        found = np.zeros_like(weights)
        found[moves] = np.linalg.solve(self.roots[moves], weights[moves][:, :, None])[:, :, 0]
        return found.ravel()

    def gradient(self, by_weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert a gradient with respect to the weights to these coordinates."""
        return (self.roots.transpose(0, 2, 1) @ by_weight[:, :, None])[:, :, 0].ravel()

    def norms(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the norm of each block, 0 for blocks that do not move."""
        return np.linalg.norm(values.reshape(-1, self.size), axis=1) * (self.curvatures > 0)

    def largest_strength(self, gradient: NDArray[np.float64]) -> float:
        """Return the smallest strength at which all weights are 0, for the gradient at 0."""
        norms = self.norms(gradient)
        return float(np.divide(norms, self.factors, where=norms > 0, out=norms).max(initial=0.0))


@dataclass(frozen=True, eq=False)
class _State:
    """A point with the loss and its gradients: other parameters, then coordinates of weights."""

    others: NDArray[np.float64]
    point: NDArray[np.float64]
    loss: float
    by_others: NDArray[np.float64]
    by_point: NDArray[np.float64]
    by_weight: NDArray[np.float64]


class _Fit:
    """Proximal Newton fit of one neuron in the metric spikes × covariance, which is fixed.

    Each step minimises the penalised loss with the curvature scale × metric. The scale is the
    curvature along the last step (Wright, Nowak & Figueiredo 2009, IEEE Trans. Signal Process.
    57:2479), and doubles if the loss does not decrease. Gradients are exact.
    """

    def __init__(self, likelihood: Likelihood, blocks: Blocks) -> None:
        self.loss, self.blocks = ScaledLoss(likelihood), blocks.without(likelihood.index)
        self.n_spikes, self.scale = max(float(likelihood.past.counts.sum()), 1.0), 1.0

    def at(self, others: NDArray, point: NDArray) -> _State:
        """Evaluate the loss."""
        loss, by_others, by_weight = self.loss.value_and_gradient(
            others, self.blocks.weights(point)
        )
        gradient = self.blocks.gradient(by_weight)
        return _State(others, point, loss, by_others, gradient, by_weight)

    def violation(self, state: _State, penalties: NDArray[np.float64]) -> float:
        """Return the largest violation of the optimality conditions in standard errors."""
        blocks, norms = self.blocks, self.blocks.norms(state.point)
        pull = np.divide(penalties, norms, where=norms > 0, out=np.zeros_like(norms))
        active = blocks.norms(state.by_point + np.repeat(pull, blocks.size) * state.point)
        inactive = np.maximum(blocks.norms(state.by_point) - penalties, 0.0)
        largest = float(np.where(norms > 0, active, inactive).max(initial=0.0))
        return max(largest / np.sqrt(self.n_spikes), float(np.abs(state.by_others).max()))

    def minimise(
        self, state: _State, strength: float, tol: float, max_iter: int
    ) -> tuple[_State, bool]:
        """Return the minimum with this strength, and whether it was found."""
        # At an infinite strength all weights are 0.
        penalties = np.minimum(strength, 1e200) * self.blocks.factors
        recent = deque([self._objective(state, penalties)], maxlen=MEMORY)
        for _ in range(max_iter):
            if self.violation(state, penalties) <= tol:
                return state, True
            following = self._step(state, penalties, max(recent), tol)
            if following is None:
                break
            state = following
            recent.append(self._objective(state, penalties))
        return state, self.violation(state, penalties) <= tol

    def _step(self, state: _State, penalties: NDArray, highest: float, tol: float) -> _State | None:
        """Return the next point, None if none is lower."""
        blocks, rounding = self.blocks, 1e-13 * abs(highest)
        while self.scale <= STEEPEST:
            curvature = self.scale * self.n_spikes
            point, bent = descend(
                *(blocks.covariance, blocks.curvatures, blocks.size, curvature),
                *(state.by_point, penalties, state.point, 0.05 * tol, 500),
            )
            others = state.others - state.by_others / self.scale
            moved, shift = point - state.point, others - state.others
            length = float(moved @ bent) / self.scale + float(shift @ shift)
            found = self.at(others, point)
            least = highest - DECREASE * self.scale * length + rounding
            if self._objective(found, penalties) <= least:
                if length > 0:
                    along = moved @ (found.by_point - state.by_point)
                    along += shift @ (found.by_others - state.by_others)
                    self.scale = float(np.clip(along / length, FLATTEST, STEEPEST / 4))
                return found
            self.scale *= 2.0
        self.scale = 1.0
        return None

    def _objective(self, state: _State, penalties: NDArray[np.float64]) -> float:
        """Return the penalised loss."""
        return state.loss + float(penalties @ self.blocks.norms(state.point))

    def start(self, previous: Estimate | None) -> _State:
        """Return the initial point: that of a previous estimate, or no synapses."""
        if previous is not None:
            return self.at(previous.point, self.blocks.point(previous.weights))
        return self.at(np.zeros(self.loss.size), np.zeros(len(self.blocks.covariance)))


def fit_lasso(
    likelihood: Likelihood,
    blocks: Blocks,
    strength: float,
    *,
    start: Estimate | None = None,
    tol: float = 0.01,
    max_iter: int = 500,
) -> Estimate:
    """Minimise loss + strength Σ ‖wⱼ‖ over blocks + the penalties of history and drive.

    Spike history, intercept and drive are not penalised.

    Parameters
    ----------
    likelihood : Likelihood
    blocks : Blocks
    strength : float
        Infinite for no synapses.
    start : Estimate, optional
        Estimate of the same likelihood with another strength. Default: a path of decreasing
        strengths from the one at which all weights are 0.
    tol : float
        Tolerance for the optimality conditions in standard errors.
    max_iter : int
    """
    fit = _Fit(likelihood, blocks)
    state = fit.start(start)
    if start is None:
        state, _ = fit.minimise(state, np.inf, tol, max_iter)
        largest = fit.blocks.largest_strength(state.by_point)
        halvings = np.log2(largest / strength) if 0 < strength < largest else 0.0
        for power in range(1, int(np.ceil(halvings))):
            state, _ = fit.minimise(state, largest / 2.0**power, max(tol, 0.3), max_iter)
    state, converged = fit.minimise(state, strength, tol, max_iter)
    weights = fit.blocks.weights(state.point)
    return fit.loss.estimate(state.others, weights, -state.by_weight, converged=converged)


def largest_strength(likelihood: Likelihood, blocks: Blocks, tol: float = 0.01) -> float:
    """Return the smallest strength at which all weights of a neuron are 0."""
    found = fit_lasso(likelihood, blocks, np.inf, tol=tol)
    moving = blocks.without(likelihood.index)
    return moving.largest_strength(moving.gradient(-found.pull))
