"""Fits of all neurons of a recording, in parallel."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from bridge.recordings.glm.dispersion import fit_with_dispersion
from bridge.recordings.glm.families import Family
from bridge.recordings.glm.fit import Estimate
from bridge.recordings.glm.likelihood import Likelihood
from bridge.recordings.glm.problem import Problem
from bridge.recordings.glm.residuals import Flatness
from bridge.recordings.glm.uncertainty import Uncertainty, uncertainty
from bridge.recordings.slow.drives import Drive
from neurosim.utils.progress import no_report, progress_bar
from neurosim.utils.resources import available_cores

# Smallest variance of the prior of the weights: a standard deviation of 3 % of the odds.
LEAST_VARIANCE = 1e-3

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class FittedNeuron:
    """Fit of one neuron.

    Attributes
    ----------
    family : Family
        With the dispersion of the neuron.
    drive : Drive
    estimate : Estimate
    uncertainty : Uncertainty
    flatness : Flatness
        Residuals after the spikes of each neuron.
    refractory : int
        Bins after a spike in which the neuron never fires.
    n_spikes : float
        Spikes in the likelihood.
    log_likelihood, constant : float
        Log-likelihood (nats) of the fit, and of a constant rate.
    mean_drive : float
        Mean of the drive (score), without input of absent neurons.
    """

    family: Family
    drive: Drive
    estimate: Estimate
    uncertainty: Uncertainty
    flatness: Flatness
    refractory: int
    n_spikes: float
    log_likelihood: float
    constant: float
    mean_drive: float


def fit_neurons(
    problem: Problem,
    indices: NDArray[np.intp],
    precision: float | None,
    *,
    tol: float,
    exact: bool | None = None,
    threads: int | None = None,
    progress: bool | None = None,
) -> tuple[list[FittedNeuron], float]:
    """Fit the neurons at `indices`; return the fits and the precision of the prior.

    Parameters
    ----------
    problem : Problem
    indices : (n_post,) ndarray of int
    precision : float, optional
        Of the prior of the weights. Default: estimated from the data.
    tol : float
        See `fit`.
    exact : bool, optional
        See `uncertainty`.
    threads, progress
        See `PopulationGLM`.
    """
    problem.check_memory(threads or available_cores())
    bar = progress_bar(len(indices), show=progress, unit="neurons", text="fitting")
    # Neurons are fitted in parallel, so BLAS uses one thread.
    with threadpool_limits(limits=1, user_api="blas"), bar as report:
        covariates = problem.covariates
        if precision is None:
            at_rest = in_parallel(
                lambda one: score_at_rest(problem.likelihood(one)), indices, threads
            )
            scores, sizes = (np.array(part) for part in zip(*at_rest, strict=True))
            precision = 1.0 / prior_variance(
                scores, sizes, indices, covariates.covariance, covariates.n_functions
            )
        # Cached before threads use them.
        _ = covariates.principal, covariates.precision, covariates.roots, covariates.reach

        def one(index: int) -> FittedNeuron:
            return fit_neuron(problem.likelihood(index), precision, tol=tol, exact=exact)

        return in_parallel(one, indices, threads, report), precision


def fit_neuron(
    likelihood: Likelihood, precision: float, *, tol: float, exact: bool | None = None
) -> FittedNeuron:
    """Fit one neuron, with its uncertainty and residuals."""
    found = fit_with_dispersion(likelihood, precision, tol=tol)
    past, family, drive = likelihood.past, likelihood.family, likelihood.drive
    log_odds = drive.log_odds(found.drive, found.weights)
    scores = likelihood.scores(found.intercept, found.history, found.weights, log_odds)
    information = likelihood.information_at(scores)
    certain = uncertainty(likelihood, found, information, precision, exact=exact)
    without = drive.log_odds(found.drive, np.zeros_like(found.weights))
    return FittedNeuron(
        family,
        drive,
        found,
        certain,
        _flatness(likelihood, found, certain),
        past.refractory,
        float(past.counts.sum()),
        family.constant(past.counts) - found.loss,
        past.constant_log_likelihood(family),
        float(without.mean()) if len(without) else 0.0,
    )


def _flatness(likelihood: Likelihood, found: Estimate, certain: Uncertainty) -> Flatness:
    """Return the residuals of the unbiased weights: shrinkage alone makes residuals uneven."""
    past, drive = likelihood.past, likelihood.drive
    log_odds = drive.log_odds(found.drive, certain.weights)
    scores = likelihood.scores(found.intercept, found.history, certain.weights, log_odds)
    mean = likelihood.family.mean(scores)
    observed = np.zeros(len(mean))
    observed[past.fired] = past.counts
    mean *= observed.sum() / mean.sum()
    return Flatness.of(likelihood.covariates.trains, mean - observed, mean)


def score_at_rest(likelihood: Likelihood) -> tuple[NDArray[np.float64], float]:
    """Return the gradient with respect to the weights at 0, and the total information.

    Columns are centred.
    """
    past, drive = likelihood.past, likelihood.drive
    weights = np.zeros_like(likelihood.mean)
    log_odds = drive.log_odds(drive.start, weights)
    _, total, _, gradient = likelihood.value_and_gradient(
        past.intercept, past.weights, weights, log_odds
    )
    gradient = gradient - total * likelihood.mean + drive.gradient(likelihood.residual)[1]
    gradient[likelihood.index] = 0.0
    scores = likelihood.scores(past.intercept, past.weights, weights, log_odds)
    return gradient.ravel(), float(likelihood.information_at(scores).sum())


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
        Index of each neuron, which is not its own input.
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
    own = variances.reshape(-1, n_functions).sum(axis=1)
    noise = sizes @ (variances.sum() - own[indices])
    response = (sizes**2).sum() * (covariance**2).sum()
    if not response > 0:
        return LEAST_VARIANCE
    return max(LEAST_VARIANCE, float((scores**2).sum() - noise) / float(response))


def in_parallel(
    work: Callable[[int], T],
    indices: Iterable[int],
    threads: int | None,
    report: Callable[[float], object] = no_report,
) -> list[T]:
    """Return the results for all indices in order; Ctrl-C cancels pending work."""
    pool = ThreadPoolExecutor(threads or available_cores())
    try:
        found = []
        for result in pool.map(work, [int(index) for index in indices]):
            found.append(result)
            report(len(found))
        return found
    finally:
        pool.shutdown(cancel_futures=True)
