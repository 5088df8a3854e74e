"""Dispersion of negative binomial counts."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from bridge.recordings.glm.families import Family
from bridge.recordings.glm.likelihood import Likelihood
from bridge.recordings.glm.penalties import Penalty
from bridge.recordings.glm.scaled_loss import Estimate

# Range of the dispersion: less is a Poisson distribution, and more does not occur.
LEAST, MOST = 1e-4, 10.0
# Largest number of alternations between weights and dispersion.
ROUNDS = 10


def fit_with_dispersion(
    likelihood: Likelihood,
    penalty: Penalty,
    strength: float,
    *,
    start: Estimate | None = None,
    tol: float,
) -> Estimate:
    """Fit one neuron, and set the family of its likelihood to the most likely dispersion.

    Weights and dispersion are fitted in turn. Other families are fitted once.
    """
    found = penalty.fit(likelihood, strength, start=start, tol=tol)
    if likelihood.family.name != "negative_binomial":
        return found
    for _ in range(ROUNDS):
        last = likelihood.family.dispersion
        likelihood.family = _most_likely(likelihood, found)
        found = penalty.fit(likelihood, strength, start=found, tol=tol)
        if abs(math.log(likelihood.family.dispersion / last)) < tol:
            break
    return found


def _most_likely(likelihood: Likelihood, estimate: Estimate) -> Family:
    """Return the family with the dispersion of maximum likelihood, given the weights."""
    past, family = likelihood.past, likelihood.family
    log_odds = likelihood.drive.log_odds(estimate.drive, estimate.weights)
    scores = likelihood.scores(estimate.intercept, estimate.history, estimate.weights, log_odds)
    mean, counts = family.mean(scores), np.zeros(len(scores))
    counts[past.fired] = past.counts

    def loss(log_dispersion: float) -> float:
        return _loss(replace(family, dispersion=math.exp(log_dispersion)), mean, counts, past.fired)

    bounds = math.log(LEAST), math.log(MOST)
    options: Any = {"xatol": 1e-3}
    best = minimize_scalar(loss, bounds=bounds, method="bounded", options=options)
    return replace(family, dispersion=math.exp(float(best.x)))


def _loss(
    family: Family, mean: NDArray[np.float64], counts: NDArray[np.float64], fired: NDArray[np.int64]
) -> float:
    """Return the negative log-likelihood; only bins with spikes need more than a logarithm."""
    at_spikes = family.log_likelihood(mean[fired], counts[fired]).sum()
    silent = (
        np.log1p(family.dispersion * mean).sum() - np.log1p(family.dispersion * mean[fired]).sum()
    )
    return float(silent / family.dispersion - at_spikes)
