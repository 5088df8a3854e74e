"""Spike history: effect of the past spikes of a neuron on its firing probability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from bridge.recordings.glm import kernels
from bridge.recordings.glm.covariates import Covariates
from bridge.recordings.glm.families import Family
from bridge.recordings.glm.filter_kernels import add_filters
from bridge.recordings.glm.history_fit import fit_by_age, fit_sums

# Mean number of spikes within the history filter above which their effects are summed.
OVERLAPPING = 1.5
# Largest probability of a spike whose score is computed.
HIGHEST = 1.0 - 1e-9
# Spikes expected during the refractory period without refractoriness, at which it is accepted.
EVIDENCE = 5.0
# Longest refractory period that is found (ms).
LONGEST_REFRACTORY = 5.0


@dataclass(frozen=True, eq=False)
class HistoryBasis:
    """Basis functions (n_lags, n_functions), and whether only the last spike acts."""

    values: NDArray[np.float64]
    last_spike_only: bool = False


@dataclass(frozen=True, eq=False)
class SpikeHistory:
    """Spikes of a neuron in the likelihood, and their effect on itself.

    Attributes
    ----------
    fired : (n_fired,) ndarray of int64
        Bins of the spikes in the likelihood.
    counts : (n_fired,) ndarray
        Spikes in each of them.
    counted : (n_bins,) ndarray of bool, optional
        Bins in the likelihood; None for all.
    n_counted : int
        Number of these bins.
    basis : HistoryBasis
    reach : (n_spikes,) ndarray of int32
        Longest lag at which each spike acts.
    refractory : int
        Bins after a spike in which the neuron never fires.
    intercept : float
    weights : (n_functions,) ndarray
        Estimates without synapses.
    root : (n_functions + 1, n_functions + 1) ndarray
        Upper root of the information on the weights and the intercept, with the prior.
    """

    fired: NDArray[np.int64]
    counts: NDArray[np.float64]
    counted: NDArray[np.bool_] | None
    n_counted: int
    basis: HistoryBasis
    reach: NDArray[np.int32]
    refractory: int
    intercept: float
    weights: NDArray[np.float64]
    root: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        covariates: Covariates,
        index: int,
        basis: HistoryBasis,
        family: Family,
        counted: NDArray[np.bool_] | None = None,
    ) -> SpikeHistory:
        """Estimate the history of the neuron at `index` without synapses.

        Parameters
        ----------
        covariates : Covariates
        index : int
        basis : HistoryBasis
        family : Family
        counted : (n_bins,) ndarray of bool, optional
            Bins in the likelihood. Default: all.
        """
        trains, n_lags = covariates.trains, len(basis.values)
        unique, counts, reach = _spikes_of(covariates, index, basis)
        fired = unique
        if counted is not None:
            fired, counts = fired[counted[fired]], counts[counted[fired]]
        counts = counts if family.counts else np.ones(len(fired))
        ages = np.minimum(np.diff(unique, prepend=-(2**40)) - 1, n_lags)
        kept = slice(None) if counted is None else counted[unique]
        spikes = np.bincount(ages[kept], counts, minlength=n_lags + 1)
        bins = _bins_by_age(unique, trains.n_bins, n_lags, counted)
        refractory = _refractory(bins, spikes, trains.width)
        start = fit_by_age(basis.values, bins, spikes, refractory, family)
        n_counted = int(bins.sum())
        acting = n_lags * counts.sum() / max(bins[:n_lags].sum(), 1)
        if acting > OVERLAPPING and not basis.last_spike_only:
            fields = reach, basis.values, refractory, trains.n_bins
            rows, silent = _filtered(trains.bins_by_neuron[index], *fields)
            if counted is not None:
                silent |= ~counted
            start = fit_sums(rows, silent, fired, counts, family, start)
        return cls(fired, counts, counted, n_counted, basis, reach, refractory, *start)

    @classmethod
    def given(
        cls, covariates: Covariates, index: int, basis: HistoryBasis, refractory: int
    ) -> SpikeHistory:
        """Return the spikes of the neuron at `index` with a known refractory period, not fitted."""
        fired, counts, reach = _spikes_of(covariates, index, basis)
        n_bins, n_functions = covariates.trains.n_bins, basis.values.shape[1]
        nothing = 0.0, np.zeros(n_functions), np.eye(n_functions + 1)
        return cls(fired, counts, None, n_bins, basis, reach, refractory, *nothing)

    def constant_log_likelihood(self, family: Family) -> float:
        """Return the log-likelihood (nats) of the spikes at a constant rate."""
        mean = np.array([self.rate])
        silent = self.n_counted - len(self.fired)
        at_spikes = family.log_likelihood(np.broadcast_to(mean, self.counts.shape), self.counts)
        at_silence = silent * family.log_likelihood(mean, np.zeros(1))[0] if silent else 0.0
        return float(at_silence + at_spikes.sum())

    @property
    def rate(self) -> float:
        """Mean spikes per bin of the likelihood."""
        return float(self.counts.sum()) / self.n_counted

    def information(self, family: Family) -> float:
        """Return the Fisher information on the intercept at a constant rate."""
        rate = self.rate if family.counts else min(self.rate, HIGHEST)
        if rate <= 0.0:
            return 0.0
        score = np.array([family.score_of(rate)])
        return self.n_counted * float(family.mean_and_information(score)[1][0])

    @property
    def n_weights(self) -> int:
        """Number of history weights."""
        return len(self.weights)

    def filter_of(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the effect 1, 2, … bins after a spike; the neuron is silent in refractory bins."""
        found = self.basis.values @ weights
        found[: self.refractory] = kernels.NEVER
        return found

    def from_scaled(self, point: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
        """Convert a point in coordinates of unit curvature to weights and intercept."""
        found = solve_triangular(self.root, point)
        return self.weights + found[:-1], self.intercept + float(found[-1])

    def to_scaled(self, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert a gradient to these coordinates."""
        return solve_triangular(self.root, gradient, trans="T")


def _spikes_of(
    covariates: Covariates, index: int, basis: HistoryBasis
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int32]]:
    """Return the bins with spikes, the spikes in each, and the longest lag of each spike."""
    trains = covariates.trains
    bins = trains.bins_by_neuron[index].astype(np.int64)
    fired, counts = np.unique(bins, return_counts=True)
    reach = covariates.reach_of(bins, len(basis.values))
    if basis.last_spike_only:
        following = np.append(bins, 2**60)[np.searchsorted(bins, bins, side="right")]
        reach = np.minimum(reach, following - bins).astype(np.int32)
    return fired, counts.astype(float), reach


def _filtered(
    bins: NDArray[np.int32],
    reach: NDArray[np.int32],
    basis: NDArray[np.float64],
    refractory: int,
    n_bins: int,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the spikes filtered by each basis function, and which bins are refractory."""
    n_lags, n_functions = basis.shape
    rows, ids = np.zeros((n_functions + 1, n_bins + n_lags)), np.zeros(len(bins), np.int32)
    blocked = (np.arange(n_lags) < refractory).astype(float)
    for function, row in zip((*basis.T, blocked), rows, strict=True):
        add_filters(ids, bins, reach, function[None].copy(), row)
    return rows[:-1, :n_bins], rows[-1, :n_bins] > 0.0


def _bins_by_age(
    fired: NDArray[np.int64], n_bins: int, n_lags: int, counted: NDArray[np.bool_] | None
) -> NDArray[np.int64]:
    """Return the number of bins 1, 2, … n_lags bins after the last spike, and of all later ones."""
    if counted is None:
        intervals = np.diff(fired, append=n_bins - 1)
        lasting = np.bincount(np.minimum(intervals, n_lags), minlength=n_lags + 1)
        found = len(fired) - np.append(0, np.cumsum(lasting))[1 : n_lags + 1]
        return np.append(found, n_bins - found.sum())
    last = np.full(n_bins + 1, -(2**40))
    last[fired + 1] = fired
    age = np.arange(n_bins) - np.maximum.accumulate(last)[:-1]
    return np.bincount(np.minimum(age - 1, n_lags)[counted], minlength=n_lags + 1)


def _refractory(bins: NDArray, spikes: NDArray, width: float) -> int:
    """Return the number of bins after a spike in which a neuron never fires."""
    most = min(len(bins) - 1, round(LONGEST_REFRACTORY / width))
    fired = np.flatnonzero(spikes[:most])
    silent = int(fired[0]) if len(fired) else most
    expected = np.cumsum(bins[:silent]) * (spikes.sum() / max(bins.sum(), 1))
    return silent if silent and expected[-1] >= EVIDENCE else 0
