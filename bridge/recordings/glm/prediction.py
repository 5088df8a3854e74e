"""Predicted scores of recorded spikes, and the time-rescaling test of a population."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.recordings.data.observation import Counts, Observation
from bridge.recordings.data.trains import BinnedTrains, bin_trains
from bridge.recordings.glm import checks, kernels
from bridge.recordings.glm.covariates import Covariates
from bridge.recordings.glm.families import Family
from bridge.recordings.glm.likelihood import Likelihood
from bridge.recordings.glm.predictive_scores import log_likelihoods, with_rare_spikes
from bridge.recordings.glm.problem import Problem
from bridge.recordings.glm.rescaling import TimeRescaling, rescale
from bridge.recordings.glm.spike_history import HistoryBasis, SpikeHistory
from bridge.recordings.slow.drives import Drive, Drives, SlowDrive
from bridge.utils.warn import warn
from neurosim import NeurosimError

if TYPE_CHECKING:
    from bridge.recordings.glm.filtered_population import FilteredPopulation
    from bridge.recordings.glm.fitted import FittedNeuron


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
    features = checks.stimulus_like(stimulus, fitted.stimulus, trains.n_bins)
    shared = fitted.history, fitted.family
    return Problem(observation, covariates, *shared, drives, features, fitted.reset)


def predicted_scores(problem: Problem, index: int, fit: FittedNeuron) -> NDArray[np.float64]:
    """Return the scores that a fit predicts, shape (n_bins,).

    Baselines and shared drives are replaced by their means. In refractory periods, spikes are rare
    instead of impossible.
    """
    covariates, slow = problem.covariates, None
    past = SpikeHistory.given(covariates, index, problem.history, fit.refractory)
    if covariates.absent is not None:
        slow = SlowDrive(problem.drives.spacing, np.empty((len(covariates.absent), 0)))
    drive = Drive(covariates, past, slow, problem.stimulus)
    estimate = replace(
        fit.estimate,
        intercept=fit.estimate.intercept + fit.mean_drive,
        drive=fit.estimate.drive[len(fit.estimate.drive) - drive.size :],
    )
    likelihood = Likelihood(covariates, index, past, fit.family, drive, problem.reset)
    scores = likelihood.scores_of(estimate, everywhere=True)
    return with_rare_spikes(scores, fit.family, fit.n_spikes, fit.refractory)


def evaluate(problem: Problem, index: int, fit: FittedNeuron) -> NDArray[np.float64]:
    """Return the log-likelihoods of a recording, see `log_likelihoods`."""
    trains, counted = problem.trains, problem.observation.counted(index)
    counted = np.ones(trains.n_bins, dtype=bool) if counted is None else counted
    scores, spikes = predicted_scores(problem, index, fit), trains.bins_by_neuron[index]
    return log_likelihoods(fit.family, scores, counted, spikes, fit.rate)


def scores(
    population: FilteredPopulation, covariates: Covariates, index: int
) -> NDArray[np.float64]:
    """Return the score of one neuron in each bin, given all spikes, shape (n_bins,).

    It is −∞ in refractory bins. `covariates` contains the spikes and gaps, with one basis
    function for each lag.
    """
    trains, family = covariates.trains, population.family_of(index)
    basis = HistoryBasis(covariates.basis, population.last_spike_only)
    past = SpikeHistory.given(covariates, index, basis, int(population.refractory[index]))
    drive = np.zeros(trains.n_bins if len(population.drive) else 0)
    if len(drive):
        known = population.drive[: trains.n_bins, index]
        drive[: len(known)] = known
    filters = population.filters[:, index]
    likelihood = Likelihood(covariates, index, past, family)
    found = likelihood.scores(
        float(population.intercept[index]), filters[index], filters, drive, everywhere=True
    )
    return np.where(found < 0.5 * kernels.NEVER, -np.inf, found)


def rescaled(
    population: FilteredPopulation, trains: BinnedTrains, epochs: Any, gaps: Any, seed: int
) -> dict[int | str, TimeRescaling]:
    """Return the time-rescaling test of each neuron; see `FilteredPopulation.rescaled`."""
    n, n_lags = len(population.intercept), population.filters.shape[2]
    if trains.n_neurons != n:
        raise NeurosimError(f"{trains.n_neurons} spike trains for {n} neurons of the model")
    observation = Observation.of(trains, epochs, None, gaps, n_lags)
    trains = observation.without_absent(trains)
    covariates = Covariates(trains, np.eye(n_lags), observation.pieces)
    found: dict[int | str, TimeRescaling] = {}
    for index, name in enumerate(trains.neurons.tolist()):
        family, counted = population.family_of(index), observation.counted(index)
        silence = family.silence(scores(population, covariates, index))
        found[name] = rescaled_neuron(trains, index, family, silence, counted, seed)
    impossible = [name for name, test in found.items() if test.n_impossible]
    if impossible:
        warn(
            f"{len(impossible)} neurons fired in bins with probability 0 "
            f"({', '.join(map(str, impossible[:5]))}): their refractory period is shorter than "
            "that of the model"
        )
    return found


def rescaled_neuron(
    trains: BinnedTrains,
    index: int,
    family: Family,
    silence: NDArray[np.float64],
    counted: NDArray[np.bool_] | None,
    seed: int,
) -> TimeRescaling:
    """Return the time-rescaling test of one neuron, from −log(probability of no spike) by bin."""
    spikes = np.bincount(trains.bins_by_neuron[index], minlength=trains.n_bins)
    if counted is not None:
        silence, spikes = silence[counted], spikes[counted]
    # Negative binomial counts are tested as spike or none.
    return rescale(spikes, silence, counts=family.name == "poisson", seed=seed + index)
