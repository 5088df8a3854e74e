"""Fits of all neurons of a recording, in parallel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from bridge.recordings.glm.cross_validation import Choice, choose_strength
from bridge.recordings.glm.families import Family
from bridge.recordings.glm.likelihood import Likelihood
from bridge.recordings.glm.parallel import in_parallel
from bridge.recordings.glm.penalties import Penalty
from bridge.recordings.glm.prior import MOST_NEURONS, prior_precision
from bridge.recordings.glm.problem import Problem
from bridge.recordings.glm.residuals import Flatness
from bridge.recordings.glm.ridge import fit_ridge
from bridge.recordings.glm.scaled_loss import Estimate
from bridge.recordings.glm.uncertainty import Uncertainty, uncertainty
from bridge.recordings.slow.drives import Drive
from neurosim.utils.progress import progress_bar
from neurosim.utils.resources import available_cores

# Precision of the weak ridge for unbiased estimates, relative to that of the prior.
WEAK = 0.1
WEAKEST = 1.0
# Tolerance of this fit (standard errors), which a Newton step follows.
COARSE = 0.3
# Cost of cross-validation of a neuron relative to a fit, for the time left.
PATH_COST = 25


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
    rate : float
        Mean spikes per bin of the likelihood.
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
    rate: float


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
) -> tuple[list[FittedNeuron], float, Choice]:
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

    Returns
    -------
    neurons : list of FittedNeuron
    strength : float
        Strength of the penalty.
    choice : Choice
        Its cross-validation, empty without one.
    """
    problem.check_memory(threads or available_cores())
    cross_validated = strength == "cv" or (strength == "auto" and penalty != "ridge")
    cost = PATH_COST * min(len(indices), MOST_NEURONS) if cross_validated else 0
    unit = "" if cross_validated else "neurons"
    bar = progress_bar(cost + len(indices), show=progress, unit=unit, text="fitting")
    # Neurons are fitted in parallel, so BLAS uses one thread.
    with threadpool_limits(limits=1, user_api="blas"), bar as report:
        problem.covariates.prepare()
        method, choice = Penalty.of(penalty, problem.covariates), Choice(*np.empty((3, 0)))
        if cross_validated:
            choice = choose_strength(
                *(problem, indices, method), threads=threads, report=lambda f: report(f * cost)
            )
            strength = choice.best
        elif strength == "auto":
            strength = prior_precision(problem, indices, threads)
        value = float(strength)
        precision = value
        if penalty != "ridge" and value > 0:
            precision = prior_precision(problem, indices, threads)
        # Weaker priors let the weights of separable spikes diverge.
        weak = max(WEAK * precision, min(precision, WEAKEST))

        def one(index: int) -> FittedNeuron:
            likelihood = problem.likelihood(index)
            return fit_neuron(likelihood, method, value, weak, tol=tol, exact=exact)

        found = in_parallel(one, indices, threads, lambda done: report(cost + done))
        problem.clear()
        return found, value, choice


def fit_neuron(
    likelihood: Likelihood,
    penalty: Penalty,
    strength: float,
    precision: float,
    *,
    tol: float,
    exact: bool | None = None,
) -> FittedNeuron:
    """Fit one neuron, with its uncertainty and residuals.

    Uncertainty and residuals are those of a second fit with a weak ridge of this precision, for
    which the bias of the penalty is so small that one Newton step removes it.
    """
    found = penalty.fit(likelihood, strength, tol=tol)
    past, family, drive = likelihood.past, likelihood.family, likelihood.drive
    weak = found
    if precision > 0 and precision != strength:
        weak = fit_ridge(likelihood, precision, start=found, tol=max(tol, COARSE))
    # Arrays as large as the recording are reused: new memory costs as much as a pass over them.
    residual = likelihood.scores_of(weak)
    mean, information = family.mean_and_information(residual)
    residual[:] = mean
    residual[past.fired] -= past.counts
    flatness = Flatness.of(likelihood.covariates.trains, residual, mean)
    del residual, mean
    without = drive.log_odds(found.drive, np.zeros_like(found.weights))
    return FittedNeuron(
        family,
        drive,
        found,
        uncertainty(likelihood, weak, information, exact=exact),
        flatness,
        past.refractory,
        float(past.counts.sum()),
        family.constant(past.counts) - found.loss,
        past.constant_log_likelihood(family),
        float(without.mean()) if len(without) else 0.0,
        past.rate,
    )
