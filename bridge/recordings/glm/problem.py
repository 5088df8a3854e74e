"""Data shared by the fits of all neurons of a recording."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bridge.recordings.data.observation import Observation
from bridge.recordings.data.trains import BinnedTrains
from bridge.recordings.glm.covariates import Covariates
from bridge.recordings.glm.families import Family
from bridge.recordings.glm.likelihood import Evaluation, Likelihood
from bridge.recordings.glm.spike_history import HistoryBasis, SpikeHistory
from bridge.recordings.slow.drives import Drive, Drives, Stimulus
from bridge.utils.memory import require_memory


class _Start(NamedTuple):
    """Initial values of the fits of a neuron: history, drive, and the loss there."""

    past: SpikeHistory
    drive: Drive
    evaluation: Evaluation | None = None


@dataclass(frozen=True, eq=False)
class Problem:
    """A recording with the covariates of a population model.

    Attributes
    ----------
    observation : Observation
    covariates : Covariates
    history : HistoryBasis
    family : Family
    drives : Drives
    stimulus : Stimulus, optional
    reset : int, optional
        Bins after a spike in which input is lost.
    """

    observation: Observation
    covariates: Covariates
    history: HistoryBasis
    family: Family
    drives: Drives
    stimulus: Stimulus | None = None
    reset: int | None = None
    _starts: dict[int, _Start] = field(default_factory=dict)

    @property
    def trains(self) -> BinnedTrains:
        """The binned spikes."""
        return self.covariates.trains

    @property
    def longest(self) -> int:
        """Longest lag in bins."""
        return max(self.covariates.n_lags, len(self.history.values))

    def likelihood(self, index: int, kept: NDArray[np.bool_] | None = None) -> Likelihood:
        """Return the likelihood of one neuron, with its history and slow drive estimated.

        Parameters
        ----------
        index : int
        kept : (n_bins,) ndarray of bool, optional
            Bins to use, such as those of training. Default: all.
        """
        if kept is not None:
            return self._with_start(index, kept)
        if index not in self._starts:
            found = self._with_start(index, None)
            self._starts[index] = _Start(found.past, found.drive)
            return found
        past, drive, evaluation = self._starts[index]
        found = Likelihood(self.covariates, index, past, self.family, drive, self.reset)
        found.latest = evaluation
        return found

    def keep(self, likelihood: Likelihood) -> None:
        """Keep the latest evaluation of the likelihood, where fits of the neuron start."""
        start = self._starts[likelihood.index]
        self._starts[likelihood.index] = start._replace(evaluation=likelihood.latest)

    def _with_start(self, index: int, kept: NDArray[np.bool_] | None) -> Likelihood:
        """Estimate history and slow drive; return the likelihood."""
        covariates, family = self.covariates, self.family
        counted = self.observation.counted(index)
        if kept is not None:
            counted = kept if counted is None else counted & kept
        past = SpikeHistory.of(covariates, index, self.history, family, counted)
        found = Likelihood(covariates, index, past, family, reset=self.reset)
        slow = None
        if self.drives.any:
            without = np.zeros(covariates.shape)
            expected = family.mean(found.scores(past.intercept, past.weights, without))
            slow = self.drives.of_neuron(index, past.fired, expected)
        found.drive = Drive(covariates, past, slow, self.stimulus)
        return found

    def clear(self) -> None:
        """Delete cached starting points, which contain a mask of the bins for each neuron."""
        self._starts.clear()

    def check_memory(self, n_threads: int) -> None:
        """Raise an error if the fit does not fit into memory."""
        n, n_functions = self.covariates.shape
        n_bins, size = self.trains.n_bins, n * n_functions
        n_rows = self.history.values.shape[1] + 4
        if self.stimulus is not None:
            n_rows += 2 * self.stimulus.values.shape[1]
        needed = 8.0 * (5 * size**2 + 3 * n * n * n_functions**2 + n * n * self.covariates.n_lags)
        needed += 8.0 * n_threads * (n_rows * n_bins + 8 * size)
        what = f"{n:,} neurons with {n_functions} basis functions and {n_bins:,} bins"
        require_memory(needed, what, "give fewer neurons, fewer functions or fewer threads")
