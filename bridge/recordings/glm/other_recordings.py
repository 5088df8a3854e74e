"""Predictions of a fitted model for other recordings of the same neurons."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.recordings.data.observation import Counts, Observation
from bridge.recordings.data.trains import bin_trains
from bridge.recordings.glm import checks
from bridge.recordings.glm.covariates import Covariates
from bridge.recordings.glm.fitted import FittedNeuron
from bridge.recordings.glm.likelihood import Likelihood
from bridge.recordings.glm.predictive_scores import log_likelihoods, with_rare_spikes
from bridge.recordings.glm.problem import Problem
from bridge.recordings.glm.spike_history import SpikeHistory
from bridge.recordings.slow.drives import NONE, Drive, Drives, SlowDrive
from neurosim import NeurosimError


def require_none(**options: Any) -> None:
    """Raise an error for keywords that describe another recording, whose spikes are missing."""
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise NeurosimError(
            f"{', '.join(given)} without spikes: give the spikes of the recording, or no arguments "
            "for the recording of the fit"
        )


def problem_like(
    fitted: Problem,
    spikes: Any,
    duration: float | None,
    *,
    epochs: Any = None,
    gaps: Any = None,
    presence: Any = None,
    stimulus: ArrayLike | None = None,
) -> Problem:
    """Prepare another recording of the same neurons; arguments as in `PopulationGLM.fit`."""
    width = fitted.trains.width
    trains = bin_trains(spikes, duration, width, counts=fitted.family.counts, fewest=1)
    checks.require_same_neurons(trains, fitted.trains)
    observation = Observation.of(trains, epochs, presence, gaps, fitted.longest)
    trains = observation.without_absent(trains)
    drives = Drives.of(trains, observation, None, None)
    present = Counts.of(trains, observation).present
    covariates = Covariates(
        trains, fitted.covariates.basis, observation.pieces, None, drives.absent, present
    )
    features = checks.require_same_features(stimulus, fitted.stimulus, trains.n_bins)
    return Problem(
        *(observation, covariates, fitted.history, fitted.family, drives),
        None if fitted.stimulus is None else replace(fitted.stimulus, values=features),
        fitted.reset,
    )


def predicted_scores(problem: Problem, index: int, fit: FittedNeuron) -> NDArray[np.float64]:
    """Return the scores that a fit predicts, shape (n_bins,).

    Baselines and shared drives are replaced by their means. In refractory periods, spikes are rare
    instead of impossible.
    """
    covariates, estimate = problem.covariates, fit.estimate
    past = SpikeHistory.given(covariates, index, problem.history, fit.refractory)
    log_odds = NONE
    if covariates.absent is not None:
        nothing = np.empty((len(covariates.absent), 0))
        drive = Drive(covariates, past, SlowDrive(problem.drives.spacing, nothing))
        log_odds = drive.log_odds(NONE, estimate.weights)
    if problem.stimulus is not None:
        features = problem.stimulus.values
        driven = features @ estimate.drive[len(estimate.drive) - features.shape[1] :]
        log_odds = log_odds + driven if len(log_odds) else driven
    likelihood = Likelihood(covariates, index, past, fit.family, reset=problem.reset)
    intercept = estimate.intercept + fit.mean_drive
    scores = likelihood.scores(
        intercept, estimate.history, estimate.weights, log_odds, everywhere=True
    )
    return with_rare_spikes(scores, fit.family, fit.n_spikes, fit.refractory)


def evaluate(problem: Problem, index: int, fit: FittedNeuron) -> NDArray[np.float64]:
    """Return the log-likelihoods of a recording, see `log_likelihoods`."""
    trains, counted = problem.trains, problem.observation.counted(index)
    counted = np.ones(trains.n_bins, dtype=bool) if counted is None else counted
    scores, spikes = predicted_scores(problem, index, fit), trains.bins[trains.ids == index]
    return log_likelihoods(fit.family, scores, counted, spikes, fit.rate)
