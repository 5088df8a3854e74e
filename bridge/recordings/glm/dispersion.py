"""Dispersion of negative binomial counts."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from bridge.recordings.glm.families import Family
from bridge.recordings.glm.likelihood import Likelihood
from bridge.recordings.glm.scaled_loss import Estimate

# Range of the dispersion: less is a Poisson distribution, and more does not occur.
LEAST, MOST = 1e-4, 10.0


def with_most_likely_dispersion(likelihood: Likelihood, estimate: Estimate) -> Family:
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
