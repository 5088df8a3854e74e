"""Variance of the weights of a recording, estimated from the data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bridge.recordings.glm.parallel import in_parallel
from bridge.recordings.glm.problem import Problem
from bridge.recordings.glm.scaled_loss import ScaledLoss

# Largest number of neurons for which the strength of a penalty is chosen.
MOST_NEURONS = 20
# Smallest variance of the prior of the weights: a standard deviation of 3 % of the odds.
LEAST_VARIANCE = 1e-3


def some_of(indices: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return at most `MOST_NEURONS` of the indices, drawn at random but the same in every call."""
    if len(indices) <= MOST_NEURONS:
        return indices
    return np.sort(np.random.default_rng(0).permutation(indices)[:MOST_NEURONS])


def prior_precision(problem: Problem, indices: NDArray[np.intp], threads: int | None) -> float:
    """Return 1/variance of the weights onto the neurons at `indices` (empirical Bayes).

    Of many neurons some are used, see `some_of`.
    """
    indices = some_of(indices)
    found = in_parallel(lambda one: score_at_zero(problem, one), indices, threads)
    scores, sizes = (np.array(part) for part in zip(*found, strict=True))
    covariates = problem.covariates
    return 1.0 / prior_variance(
        scores, sizes, indices, covariates.covariance, covariates.n_functions
    )


def score_at_zero(problem: Problem, index: int) -> tuple[NDArray[np.float64], float]:
    """Return the gradient with respect to the weights at 0, and the total information.

    Columns are centred. Fits start there, so the evaluation is kept.
    """
    likelihood = problem.likelihood(index)
    loss, weights = ScaledLoss(likelihood), np.zeros_like(likelihood.mean)
    point = np.zeros(loss.size)
    gradient = loss.value_and_gradient(point, weights)[2]
    problem.keep(likelihood)
    scores = likelihood.scores_of(loss.estimate(point, weights, gradient, converged=False))
    return gradient.ravel(), float(likelihood.family.mean_and_information(scores)[1].sum())


def prior_variance(
    scores: NDArray[np.float64],
    sizes: NDArray[np.float64],
    indices: NDArray[np.intp],
    covariance: NDArray[np.float64],
    n_functions: int = 1,
) -> float:
    """Estimate the variance v of the weights from the scores.

    The method is empirical Bayes by moments. For weights N(0, v) the scores g at weights 0 have
    E[gₖ²] = Hₖₖ + v (H²)ₖₖ to first order. The sum over all of them with H = size · C determines v.

    Parameters
    ----------
    scores : (n_post, n · n_functions) ndarray
    sizes : (n_post,) ndarray
        Total information on the score of each neuron.
    indices : (n_post,) ndarray of int
        Index of each neuron; a neuron is not an input to itself.
    covariance : (n · n_functions, n · n_functions) ndarray
        C.
    n_functions : int
        Columns of each neuron.

    Returns
    -------
    float
        At least `LEAST_VARIANCE`.
    """
    # The scores of the neuron itself are 0.
    variances = np.diag(covariance)
    by_neuron = variances.reshape(-1, n_functions).sum(axis=1)
    noise = sizes @ (variances.sum() - by_neuron[indices])
    response = (sizes**2).sum() * (covariance**2).sum()
    if not response > 0:
        return LEAST_VARIANCE
    return max(LEAST_VARIANCE, float((scores**2).sum() - noise) / float(response))
