"""Penalties of the coupling between neurons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from bridge.recordings.glm.covariates import Covariates
from bridge.recordings.glm.lasso import Blocks, fit_lasso, largest_strength
from bridge.recordings.glm.likelihood import Likelihood
from bridge.recordings.glm.parallel import in_parallel
from bridge.recordings.glm.prior import prior_precision
from bridge.recordings.glm.problem import Problem
from bridge.recordings.glm.ridge import fit_ridge
from bridge.recordings.glm.scaled_loss import Estimate

PenaltyName = Literal["ridge", "group_lasso", "lasso"]
PENALTIES: tuple[PenaltyName, ...] = ("ridge", "group_lasso", "lasso")
# Strengths to choose from, relative to the empirical-Bayes precision of a ridge, and to the
# smallest strength of a lasso at which all weights are 0.
RIDGE_GRID = np.logspace(2.0, -2.0, 9)
LASSO_GRID = np.logspace(0.0, -2.0, 9)


class Penalty(Protocol):
    """A penalty of the weights, to be multiplied by a strength."""

    def fit(
        self,
        likelihood: Likelihood,
        strength: float,
        *,
        start: Estimate | None = None,
        tol: float = 0.01,
    ) -> Estimate:
        """Fit one neuron; `start` is an estimate with another strength."""

    def grid(
        self, problem: Problem, indices: NDArray[np.intp], threads: int | None
    ) -> NDArray[np.float64]:
        """Return strengths to choose from for these neurons, the strongest first."""


class Ridge:
    """½ strength Σ w²."""

    def fit(
        self,
        likelihood: Likelihood,
        strength: float,
        *,
        start: Estimate | None = None,
        tol: float = 0.01,
    ) -> Estimate:
        """Fit one neuron; `start` is an estimate with another strength."""
        return fit_ridge(likelihood, strength, start=start, tol=tol)

    def grid(
        self, problem: Problem, indices: NDArray[np.intp], threads: int | None
    ) -> NDArray[np.float64]:
        """Return strengths around the empirical-Bayes precision, the strongest first."""
        return prior_precision(problem, indices, threads) * RIDGE_GRID


@dataclass(frozen=True, eq=False)
class Lasso:
    """The sum of the norms of blocks of weights, see `Blocks`."""

    blocks: Blocks

    def fit(
        self,
        likelihood: Likelihood,
        strength: float,
        *,
        start: Estimate | None = None,
        tol: float = 0.01,
    ) -> Estimate:
        """Fit one neuron; `start` is an estimate with another strength."""
        return fit_lasso(likelihood, self.blocks, strength, start=start, tol=tol)

    def grid(
        self, problem: Problem, indices: NDArray[np.intp], threads: int | None
    ) -> NDArray[np.float64]:
        """Return strengths from the one at which all weights are 0."""

        def largest(index: int) -> float:
            return largest_strength(problem.likelihood(index), self.blocks)

        return max(in_parallel(largest, indices, threads)) * LASSO_GRID


def penalty_of(name: str, covariates: Covariates) -> Penalty:
    """Return a penalty by name."""
    if name == "ridge":
        return Ridge()
    return Lasso(Blocks.of(covariates, grouped=name == "group_lasso"))
