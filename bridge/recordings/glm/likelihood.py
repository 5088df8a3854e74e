"""Likelihood of one neuron of a recording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bridge.recordings.glm import kernels
from bridge.recordings.glm.covariates import Covariates
from bridge.recordings.glm.families import Family
from bridge.recordings.glm.filter_kernels import add_filters, sums_after
from bridge.recordings.glm.grouped_spikes import GroupedSpikes
from bridge.recordings.glm.quasi_newton import Change
from bridge.recordings.glm.spike_history import SpikeHistory
from bridge.recordings.slow.drives import NONE, Drive

if TYPE_CHECKING:
    from bridge.recordings.glm.scaled_loss import Estimate

# Rounding error of coordinates and weights.
ROUNDING = 1e-13


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Loss of one neuron at a point, see `ScaledLoss`.

    Attributes
    ----------
    family : Family
    point, weights : ndarray
        Where the loss was evaluated.
    loss : float
        Loss (nats) without priors.
    value, by_point, by_weight
        Loss with priors, and its gradients.
    """

    family: Family
    point: NDArray[np.float64]
    weights: NDArray[np.float64]
    loss: float
    value: float
    by_point: NDArray[np.float64]
    by_weight: NDArray[np.float64]

    def is_at(self, family: Family, point: NDArray, weights: NDArray) -> bool:
        """Return whether the loss was evaluated here, up to rounding errors."""
        pairs = ((point, self.point), (weights, self.weights))
        return family == self.family and all(
            np.allclose(*pair, rtol=ROUNDING, atol=ROUNDING) for pair in pairs
        )


class Curvature(NamedTuple):
    """Curvature of a loss with a ridge along the steps of a fit, see `RidgeLoss`.

    Attributes
    ----------
    changes : list of (step, change of the gradient)
    scale, inverse : ndarray
        Length of a unit step along each principal component of the columns, and its inverse.
    precision : float
    """

    changes: list[Change]
    scale: NDArray[np.float64]
    inverse: NDArray[np.float64]
    precision: float


class Likelihood:
    """Negative log-likelihood of one neuron's spikes (nats).

    The score of bin t is η = b + d(t) + Σₗ h(l) n(t − l) + Σⱼₖ wⱼₖ xⱼₖ(t) with the intercept b, the
    drive d, the spike history h (see `SpikeHistory`), and the filtered spikes of other neurons.

    Parameters
    ----------
    covariates : Covariates
    index : int
        Index of the neuron; all others are inputs.
    past : SpikeHistory
    family : Family
    drive : Drive, optional
        Baseline, shared drives and stimulus. Default: constant.
    reset : int, optional
        Bins after a spike in which input is lost; a spike also cancels earlier input. Default:
        no reset.

    Attributes
    ----------
    latest : Evaluation, optional
    curvature : Curvature, optional
        From the latest fit with a ridge; the next one starts with it.
    """

    def __init__(
        self,
        covariates: Covariates,
        index: int,
        past: SpikeHistory,
        family: Family,
        drive: Drive | None = None,
        reset: int | None = None,
    ) -> None:
        self.covariates, self.index, self.past, self.family = covariates, index, past, family
        self.drive = Drive(covariates, past) if drive is None else drive
        self.n_bins = covariates.trains.n_bins
        self.mean, self._spikes = covariates.mean, covariates.spikes
        if reset:
            reach = self._reach_with(reset)
            self.mean = self._mean_of(reach)
            self._spikes = GroupedSpikes.of(
                covariates.trains, reach, covariates.n_lags, grouped=False
            )
        fired = covariates.trains.bins_by_neuron[index]
        self._past_spikes = np.zeros(len(fired), np.int32), fired, past.reach
        self._values = np.zeros(max(self._spikes.size, self.n_bins + len(past.basis.values) + 1))
        self.latest: Evaluation | None = None
        self.curvature: Curvature | None = None
        self._outside = None if past.counted is None else ~past.counted

    def value_and_gradient(
        self,
        intercept: float,
        history: NDArray[np.float64],
        weights: NDArray[np.float64],
        log_odds: NDArray[np.float64] = NONE,
    ) -> tuple[float, float, NDArray[np.float64], NDArray[np.float64]]:
        """Return the loss and its gradient (intercept, history, weights).

        Parameters
        ----------
        intercept : float
        history : (n_history,) ndarray
        weights : (n, n_functions) ndarray
        log_odds : (n_bins,) or (0,) ndarray
            Drive of each bin.
        """
        self._set_scores(intercept, history, weights, log_odds)
        past, code, dispersion = self.past, self.family.code, self.family.dispersion
        loss, total = kernels.replace_by_residuals(
            self._values, self.n_bins, past.fired, past.counts, code, dispersion
        )
        return loss, total, *self.adjoint(self._values)

    @property
    def residual(self) -> NDArray[np.float64]:
        """Derivative of the loss with respect to the score of each bin, at the last evaluation."""
        return self._values[: self.n_bins]

    def scores(
        self,
        intercept: float,
        history: NDArray[np.float64],
        weights: NDArray[np.float64],
        log_odds: NDArray[np.float64] = NONE,
        *,
        everywhere: bool = False,
    ) -> NDArray[np.float64]:
        """Return the score of each bin.

        It is `kernels.NEVER` or less where the neuron cannot fire and, unless `everywhere`, outside
        of the likelihood.
        """
        self._set_scores(intercept, history, weights, log_odds, everywhere=everywhere)
        return self._values[: self.n_bins].copy()

    def scores_of(self, estimate: Estimate, *, everywhere: bool = False) -> NDArray[np.float64]:
        """Return the score of each bin according to an estimate, with its drive."""
        drive = self.drive.log_odds(estimate.drive, estimate.weights)
        parameters = estimate.intercept, estimate.history, estimate.weights
        return self.scores(*parameters, drive, everywhere=everywhere)

    def adjoint(self, values: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
        """Return Σₜ valuesₜ xₜ for the history and the columns, 0 for the neuron itself."""
        past, basis = self.past, self.covariates.basis
        others, history = self.sums_after(values)
        return past.basis.values.T @ history, others @ basis

    def sums_after(self, values: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
        """Return sums of values by lag after the spikes of the other neurons, and of this one."""
        if values is not self._values:
            self._values[: self.n_bins], self._values[self.n_bins :] = values, 0.0
        others = self._spikes.sums_after(self._values)
        others[self.index] = 0.0
        history = np.zeros((1, len(self.past.basis.values)))
        sums_after(*self._past_spikes, self._values, history)
        return others, history[0]

    def rows(self) -> Iterator[NDArray[np.float64]]:
        """Yield the spikes of each neuron filtered by each basis function, (n_bins,) each.

        They are 0 for this neuron.
        """
        for neuron, function in np.ndindex(self.mean.shape):
            filters = np.zeros((len(self.mean), self.covariates.n_lags))
            if neuron != self.index:
                filters[neuron] = self.covariates.basis[:, function]
            self._values[:] = 0.0
            self._spikes.add_filters(filters, self._values)
            yield self._values[: self.n_bins]

    def history_rows(self) -> Iterator[NDArray[np.float64]]:
        """Yield the spikes of this neuron filtered by each basis function, (n_bins,) each."""
        for function in self.past.basis.values.T:
            self._values[:] = 0.0
            add_filters(*self._past_spikes, function[None].copy(), self._values)
            yield self._values[: self.n_bins]

    def _set_scores(
        self,
        intercept: float,
        history: NDArray,
        weights: NDArray,
        log_odds: NDArray,
        *,
        everywhere: bool = False,
    ) -> None:
        """Compute the scores in `_values`, see `scores`."""
        values = self._values
        values[: self.n_bins] = log_odds + intercept if len(log_odds) else intercept
        filters = weights @ self.covariates.basis.T
        filters[self.index] = 0.0
        if filters.any():
            self._spikes.add_filters(filters, values)
        add_filters(*self._past_spikes, self.past.filter_of(history)[None], values)
        if not everywhere and self._outside is not None:
            values[: self.n_bins][self._outside] = kernels.NEVER
        values[self.n_bins :] = 0.0

    def _reach_with(self, reset: int) -> NDArray[np.int32]:
        """Return the longest lag at which each spike acts if spikes of this neuron cancel input."""
        trains, covariates = self.covariates.trains, self.covariates
        fired = trains.fired(self.index)
        acting = covariates.basis.any(axis=1)
        arrival = trains.bins + 1 + int(np.argmax(acting))
        before = np.append(-(2**40), fired)[np.searchsorted(fired, arrival)]
        following = np.append(fired, 2**40)[np.searchsorted(fired, arrival)]
        reach = np.minimum(covariates.reach, following - trains.bins)
        return np.where(arrival - before <= reset, 0, reach).astype(np.int32)

    def _mean_of(self, reach: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return the mean of the columns if spikes act up to `reach`, shape (n, n_functions)."""
        covariates, trains = self.covariates, self.covariates.trains
        areas = np.vstack([np.zeros(covariates.n_functions), np.cumsum(covariates.basis, axis=0)])
        found = [np.bincount(trains.ids, area[reach], trains.n_neurons) for area in areas.T]
        return np.column_stack(found) / covariates.n_bins
