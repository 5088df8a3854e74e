"""Penalties of the coupling between neurons, and fits of one neuron with them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from bridge.recordings.glm.covariates import Covariates
from bridge.recordings.glm.families import Family
from bridge.recordings.glm.lasso import Blocks, fit_lasso, largest_strength
from bridge.recordings.glm.likelihood import Likelihood
from bridge.recordings.glm.parallel import in_parallel
from bridge.recordings.glm.prior import prior_precision
from bridge.recordings.glm.problem import Problem
from bridge.recordings.glm.ridge import fit_ridge
from bridge.recordings.glm.scaled_loss import Estimate

PENALTIES = ("ridge", "group_lasso", "lasso")
# Strengths to choose from, relative to the empirical-Bayes precision of a ridge, and to the
# smallest strength of a lasso at which all weights are 0.
RIDGE_GRID = np.logspace(2.0, -2.0, 9)
LASSO_GRID = np.logspace(0.0, -2.0, 9)
# Range of the dispersion: less is a Poisson distribution, and more does not occur.
LEAST, MOST = 1e-4, 10.0
# Largest number of alternations between weights and dispersion.
ROUNDS = 10


@dataclass(frozen=True, eq=False)
class Penalty:
    """Penalty of the weights, to be multiplied by a strength.

    Attributes
    ----------
    blocks : Blocks, optional
        Blocks of weights whose norms are added. Default: ½ Σ w², a ridge.
    """

    blocks: Blocks | None = None

    @classmethod
    def of(cls, name: str, covariates: Covariates) -> Penalty:
        """Return a penalty by name."""
        if name == "ridge":
            return cls()
        return cls(Blocks.of(covariates, grouped=name == "group_lasso"))

    def fit(
        self,
        likelihood: Likelihood,
        strength: float,
        *,
        start: Estimate | None = None,
        tol: float,
    ) -> Estimate:
        """Fit one neuron, and set the family of its likelihood to the most likely dispersion.

        Weights and dispersion of negative binomial counts are fitted in turn. `start` is an
        estimate with another strength.
        """
        found = self._fit_weights(likelihood, strength, start, tol)
        if likelihood.family.name != "negative_binomial":
            return found
        for _ in range(ROUNDS):
            last = likelihood.family.dispersion
            likelihood.family = _with_most_likely_dispersion(likelihood, found)
            found = self._fit_weights(likelihood, strength, found, tol)
            if abs(math.log(likelihood.family.dispersion / last)) < tol:
                break
        return found

    def _fit_weights(
        self, likelihood: Likelihood, strength: float, start: Estimate | None, tol: float
    ) -> Estimate:
        """Fit one neuron with its present dispersion."""
        if self.blocks is None:
            return fit_ridge(likelihood, strength, start=start, tol=tol)
        return fit_lasso(likelihood, self.blocks, strength, start=start, tol=tol)

    def grid(
        self, problem: Problem, indices: NDArray[np.intp], threads: int | None
    ) -> NDArray[np.float64]:
        """Return strengths to choose from for these neurons, the strongest first."""
        blocks = self.blocks
        if blocks is None:
            return prior_precision(problem, indices, threads) * RIDGE_GRID

        def largest(index: int) -> float:
            return largest_strength(problem.likelihood(index), blocks)

        return max(in_parallel(largest, indices, threads)) * LASSO_GRID


def _with_most_likely_dispersion(likelihood: Likelihood, estimate: Estimate) -> Family:
    """Return the family with the dispersion of maximum likelihood, given the weights."""
    past, family = likelihood.past, likelihood.family
    mean, counts = family.mean(likelihood.scores_of(estimate)), past.counts
    fired = mean[past.fired]

    def loss(log_dispersion: float) -> float:
        trial = replace(family, dispersion=math.exp(log_dispersion))
        # Only bins with spikes need more than a logarithm.
        silent = np.log1p(trial.dispersion * mean).sum() - np.log1p(trial.dispersion * fired).sum()
        at_spikes = trial.log_likelihood(fired, counts).sum()
        return float(silent / trial.dispersion - at_spikes)

    bounds = math.log(LEAST), math.log(MOST)
    options: Any = {"xatol": 1e-3}
    best = minimize_scalar(loss, bounds=bounds, method="bounded", options=options)
    return replace(family, dispersion=math.exp(float(best.x)))
