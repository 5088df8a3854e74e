"""Fits of all neurons of a recording, in parallel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from bridge.recordings.glm.cross_validation import MOST_NEURONS, Choice, choose_strength
from bridge.recordings.glm.dispersion import fit_with_dispersion
from bridge.recordings.glm.families import Family
from bridge.recordings.glm.likelihood import Likelihood
from bridge.recordings.glm.parallel import in_parallel
from bridge.recordings.glm.penalties import Penalty, penalty_of
from bridge.recordings.glm.prior import prior_precision
from bridge.recordings.glm.problem import Problem
from bridge.recordings.glm.residuals import Flatness
from bridge.recordings.glm.scaled_loss import Estimate
from bridge.recordings.glm.uncertainty import Uncertainty, uncertainty
from bridge.recordings.slow.drives import Drive
from neurosim.utils.progress import progress_bar
from neurosim.utils.resources import available_cores

# Cost of cross-validation of a neuron relative to a fit, for the time left.
PATH_COST = 25
# p-value below which residuals can be uneven, see `PairTests.misfits`.
UNEVEN = 1e-3


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
    flat_p_values : (n,) ndarray
        p-values of flat residuals.
    refractory : int
        Bins after a spike in which the neuron never fires.
    n_spikes : float
        Spikes in the likelihood.
    log_likelihood, constant : float
        Log-likelihood (nats) of the fit, and of a constant rate.
    mean_drive : float
        Mean of the drive (score), without input of absent neurons.
    rate : float
        Mean spikes per bin of the likelihood.
    """

    family: Family
    drive: Drive
    estimate: Estimate
    uncertainty: Uncertainty
    flatness: Flatness
    flat_p_values: NDArray[np.float64]
    refractory: int
    n_spikes: float
    log_likelihood: float
    constant: float
    mean_drive: float
    rate: float


@dataclass(frozen=True, eq=False)
class Fits:
    """Fits of several neurons.

    Attributes
    ----------
    neurons : list of FittedNeuron
    strength : float
        Strength of the penalty.
    choice : Choice, optional
        Its cross-validation.
    """

    neurons: list[FittedNeuron]
    strength: float
    choice: Choice | None

    @property
    def cross_validation(self) -> tuple[NDArray[np.float64], ...]:
        """Strengths, scores and their errors; empty without cross-validation."""
        one = self.choice
        return (np.empty(0),) * 3 if one is None else (one.strengths, one.scores, one.errors)


def fit_neurons(
    problem: Problem,
    indices: NDArray[np.intp],
    penalty: str,
    strength: float | str,
    *,
    tol: float,
    exact: bool | None = None,
    threads: int | None = None,
    progress: bool | None = None,
) -> Fits:
    """Fit the neurons at `indices`.

    Parameters
    ----------
    problem : Problem
    indices : (n_post,) ndarray of int
    penalty, strength
        See `PopulationGLM`.
    tol : float
        See `fit_ridge`.
    exact : bool, optional
        See `uncertainty`.
    threads, progress
        See `PopulationGLM`.
    """
    problem.check_memory(threads or available_cores())
    cross_validated = strength == "cv" or (strength == "auto" and penalty != "ridge")
    cost = PATH_COST * min(len(indices), MOST_NEURONS) if cross_validated else 0
    unit = "" if cross_validated else "neurons"
    bar = progress_bar(cost + len(indices), show=progress, unit=unit, text="fitting")
    # Neurons are fitted in parallel, so BLAS uses one thread.
    with threadpool_limits(limits=1, user_api="blas"), bar as report:
        problem.covariates.prepare()
        method, choice = penalty_of(penalty, problem.covariates), None
        if cross_validated:
            choice = choose_strength(
                *(problem, indices, method), threads=threads, report=lambda f: report(f * cost)
            )
            strength = choice.best
        elif strength == "auto":
            strength = prior_precision(problem, indices, threads)
        value = float(strength)

        def one(index: int) -> FittedNeuron:
            return fit_neuron(problem.likelihood(index), method, value, tol=tol, exact=exact)

        found = in_parallel(one, indices, threads, lambda done: report(cost + done))
        return Fits(found, value, choice)


def fit_neuron(
    likelihood: Likelihood,
    penalty: Penalty,
    strength: float,
    *,
    tol: float,
    exact: bool | None = None,
) -> FittedNeuron:
    """Fit one neuron, with its uncertainty and residuals."""
    found = fit_with_dispersion(likelihood, penalty, strength, tol=tol)
    past, family, drive = likelihood.past, likelihood.family, likelihood.drive
    log_odds = drive.log_odds(found.drive, found.weights)
    scores = likelihood.scores(found.intercept, found.history, found.weights, log_odds)
    certain = uncertainty(likelihood, found, likelihood.information_at(scores), exact=exact)
    flatness = _flatness(likelihood, scores)
    without = drive.log_odds(found.drive, np.zeros_like(found.weights))
    return FittedNeuron(
        family,
        drive,
        found,
        certain,
        flatness,
        _flat_p_values(likelihood, found, certain, flatness),
        past.refractory,
        float(past.counts.sum()),
        family.constant(past.counts) - found.loss,
        past.constant_log_likelihood(family),
        float(without.mean()) if len(without) else 0.0,
        past.rate,
    )


def _flatness(likelihood: Likelihood, scores: NDArray[np.float64]) -> Flatness:
    """Return the residuals at these scores, with the observed number of spikes."""
    past, mean = likelihood.past, likelihood.family.mean(scores)
    observed = np.zeros(len(mean))
    observed[past.fired] = past.counts
    mean *= observed.sum() / max(mean.sum(), 1e-300)
    return Flatness.of(likelihood.covariates.trains, mean - observed, mean)


def _flat_p_values(
    likelihood: Likelihood, found: Estimate, certain: Uncertainty, flatness: Flatness
) -> NDArray[np.float64]:
    """Return p-values of flat residuals, with or without the bias of the penalty.

    The penalty makes residuals after a strong synapse uneven, and few spikes those of unbiased
    weights. Of the two, the flatter ones count.
    """
    p_values = flatness.p_values
    if not (p_values < UNEVEN).any():
        return p_values
    log_odds = likelihood.drive.log_odds(found.drive, certain.weights)
    scores = likelihood.scores(found.intercept, found.history, certain.weights, log_odds)
    return np.fmax(p_values, _flatness(likelihood, scores).p_values)
