"""Cross-validation in blocks of time: out-of-fold predictions and the strength of the penalty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from bridge.learning.features import blocked_folds
from bridge.recordings.glm.likelihood import Likelihood
from bridge.recordings.glm.parallel import in_parallel
from bridge.recordings.glm.penalties import Penalty
from bridge.recordings.glm.predictive_scores import (
    PredictiveScores,
    log_likelihoods,
    with_rare_spikes,
)
from bridge.recordings.glm.prior import some_of
from bridge.recordings.glm.problem import Problem
from bridge.recordings.glm.scaled_loss import Estimate
from bridge.utils.checks import as_integer
from neurosim import NeurosimError
from neurosim.utils.progress import no_report
from neurosim.utils.resources import available_cores

N_FOLDS = 5
# Tolerance (standard errors) of fits from which only predictions are needed.
COARSE = 0.05


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Predictions of one neuron for blocks of the recording, each fitted without the block.

    Attributes
    ----------
    index : int
        Index of the neuron.
    mean : (n_bins,) ndarray
        Expected spikes of each bin, NaN where not counted.
    silence : (n_bins,) ndarray
        −log(probability of no spike) of each bin, 0 where not counted.
    counted : (n_bins,) ndarray of bool
        Bins with a prediction, which are in the likelihood of the neuron.
    sums : (4,) ndarray
        See `log_likelihoods`.
    """

    index: int
    mean: NDArray[np.float64]
    silence: NDArray[np.float64]
    counted: NDArray[np.bool_]
    sums: NDArray[np.float64]


class Choice(NamedTuple):
    """Cross-validated scores of strengths of the penalty.

    Attributes
    ----------
    strengths : (n_strengths,) ndarray
    scores : (n_strengths,) ndarray
        Bits per spike of held-out blocks, averaged over blocks.
    errors : (n_strengths,) ndarray
        Standard errors of the scores over blocks.
    """

    strengths: NDArray[np.float64]
    scores: NDArray[np.float64]
    errors: NDArray[np.float64]

    @property
    def best(self) -> float:
        """The strength with the highest score."""
        return float(self.strengths[np.argmax(self.scores)])


class Folds:
    """Contiguous blocks of time with about the same number of bins in the likelihood.

    Bins closer to a block than the longest lag are not used for training.
    """

    def __init__(self, problem: Problem, n_folds: int = N_FOLDS) -> None:
        self.problem = problem
        counted = problem.observation.counted_by_all
        n_bins = problem.trains.n_bins
        bins = np.arange(n_bins) if counted is None else np.flatnonzero(counted)
        if len(bins) < 2 * n_folds * problem.longest:
            raise NeurosimError(
                f"{len(bins):,} bins are too few for cross-validation in {n_folds} blocks with "
                f"lags of up to {problem.longest:,} bins: give a longer recording or shorter "
                "filters"
            )
        self._masks = np.zeros((n_folds, 2, n_bins), dtype=bool)
        split = blocked_folds(len(bins), n_folds, margin=problem.longest)
        for masks, (train, test) in zip(self._masks, split, strict=True):
            masks[0, bins[train]], masks[1, bins[test]] = True, True

    def __len__(self) -> int:
        return len(self._masks)

    def of_neuron(self, index: int, fold: int) -> tuple[Likelihood | None, NDArray[np.bool_]]:
        """Return the likelihood without a block, and a mask of the bins of the block.

        The likelihood is None, and no bin counts, if the neuron fires only within the block.
        """
        problem, (train, test) = self.problem, self._masks[fold]
        counted = problem.observation.counted(index)
        if counted is not None:
            train, test = train & counted, test & counted
        if not train[problem.trains.fired(index)].any():
            return None, np.zeros_like(test)
        return problem.likelihood(index, kept=train), test


def held_out(
    problem: Problem,
    indices: NDArray[np.intp],
    penalty: Penalty,
    strength: float,
    *,
    n_folds: int = N_FOLDS,
    only: int | None = None,
    threads: int | None = None,
    report: Callable[[float], object] = no_report,
) -> Iterator[HeldOut]:
    """Yield predictions of held-out blocks, one neuron after the other.

    Parameters
    ----------
    problem : Problem
    indices : (n_post,) ndarray of int
    penalty : Penalty
    strength : float
    n_folds : int
    only : int, optional
        Block to predict. Default: all.
    threads : int, optional
    report : callable
        Called with the number of finished neurons.
    """
    folds = Folds(problem, as_integer(n_folds, "n_folds", 2))
    # Predictions are large: only those of some neurons are in memory.
    size = threads or available_cores()
    for first in range(0, len(indices), size):
        part = indices[first : first + size]
        with threadpool_limits(limits=1, user_api="blas"):
            found = in_parallel(
                lambda index: _held_out(folds, index, penalty, strength, only), part, threads
            )
        report(first + len(part))
        yield from found


def choose_strength(
    problem: Problem,
    indices: NDArray[np.intp],
    penalty: Penalty,
    *,
    threads: int | None = None,
    report: Callable[[float], object] = no_report,
) -> Choice:
    """Return the scores of strengths for all neurons together.

    Of many neurons some are used, see `some_of`.

    Parameters
    ----------
    problem : Problem
    indices : (n_post,) ndarray of int
    penalty : Penalty
    threads : int, optional
    report : callable
        Called with the fraction that is finished.
    """
    indices = some_of(indices)
    strengths, folds = penalty.grid(problem, indices, threads), Folds(problem)
    n_jobs = len(folds) * len(indices)

    def one(job: int) -> NDArray[np.float64]:
        fold, which = divmod(job, len(indices))
        return _path(folds, int(indices[which]), fold, penalty, strengths)

    found = in_parallel(one, range(n_jobs), threads, lambda done: report(done / n_jobs))
    sums = np.array(found).reshape(len(folds), len(indices), len(strengths), 4).sum(axis=1)
    # A block without spikes has no score.
    sums = sums[sums[:, 0, 3] > 0]
    bits = PredictiveScores(*np.moveaxis(sums, 2, 0)).bits_per_spike
    errors = bits.std(axis=0, ddof=1) / np.sqrt(len(bits)) if len(bits) > 1 else bits[0] + np.nan
    return Choice(strengths, bits.mean(axis=0), errors)


def _path(
    folds: Folds, index: int, fold: int, penalty: Penalty, strengths: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the log-likelihoods of a held-out block, shape (n_strengths, 4)."""
    likelihood, tested = folds.of_neuron(index, fold)
    found = np.zeros((len(strengths), 4))
    if likelihood is None:
        return found
    estimate: Estimate | None = None
    for row, strength in zip(found, strengths, strict=True):
        estimate = penalty.fit(likelihood, float(strength), start=estimate, tol=COARSE)
        row[:] = _tested(likelihood, _scores(likelihood, estimate), tested)
    return found


def _held_out(
    folds: Folds, index: int, penalty: Penalty, strength: float, only: int | None
) -> HeldOut:
    """Return the predictions of held-out blocks of one neuron."""
    n_bins, sums = folds.problem.trains.n_bins, np.zeros(4)
    mean, silence, counted = np.full(n_bins, np.nan), np.zeros(n_bins), np.zeros(n_bins, bool)
    for fold in range(len(folds)) if only is None else (only,):
        likelihood, tested = folds.of_neuron(index, fold)
        if likelihood is not None:
            estimate = penalty.fit(likelihood, strength, tol=COARSE)
            scores = _scores(likelihood, estimate)
            sums += _tested(likelihood, scores, tested)
            mean[tested] = likelihood.family.mean(scores[tested])
            silence[tested] = likelihood.family.silence(scores[tested])
            counted |= tested
    return HeldOut(index, mean, silence, counted, sums)


def _scores(likelihood: Likelihood, estimate: Estimate) -> NDArray[np.float64]:
    """Return the scores of all bins, also of those not in the likelihood."""
    found, past = likelihood.scores_of(estimate, everywhere=True), likelihood.past
    n_spikes = float(past.counts.sum())
    return with_rare_spikes(found, likelihood.family, n_spikes, past.refractory)


def _tested(
    likelihood: Likelihood, scores: NDArray[np.float64], tested: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the log-likelihoods of the bins `tested`."""
    trains, index = likelihood.covariates.trains, likelihood.index
    spikes, rate = trains.bins_by_neuron[index], likelihood.past.rate
    return log_likelihoods(likelihood.family, scores, tested, spikes, rate)
