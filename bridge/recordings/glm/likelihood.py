"""Likelihood and fit of one neuron of a recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from bridge.recordings.glm import kernels
from bridge.recordings.glm.covariates import Covariates
from bridge.recordings.glm.residuals import Flatness
from bridge.recordings.glm.spike_history import SpikeHistory
from bridge.recordings.slow.drives import NONE, Drive
from bridge.recordings.slow.smoothing import segment_sums


class Likelihood:
    """Total cross-entropy of one neuron's spikes (nats).

    The probability of a spike in bin t is σ(b + d(t) + Σⱼ wⱼ xⱼ(t)) with the intercept b of the
    class of the bin (see `SpikeHistory`) and the drive d(t).

    Parameters
    ----------
    covariates : Covariates
    index : int
        Index of the neuron; all others are inputs.
    past : SpikeHistory
    drive : Drive, optional
        Baseline and stimulus. Default: constant.
    """

    def __init__(
        self, covariates: Covariates, index: int, past: SpikeHistory, drive: Drive | None = None
    ) -> None:
        self.covariates = covariates
        self.index = index
        self.past = past
        self.drive = Drive(covariates, past) if drive is None else drive
        self.residual = np.empty(covariates.trains.n_bins)

    def value_and_gradient(
        self,
        base: NDArray[np.float64],
        weights: NDArray[np.float64],
        log_odds: NDArray[np.float64] = NONE,
    ) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        """Return the cross-entropy and its gradients (intercepts, weights).

        Parameters
        ----------
        base : (n_classes − 1,) ndarray
        weights : (n,) ndarray
        log_odds : (n_bins,) or (0,) ndarray
            Drive of each bin.
        """
        past, intercepts = self.past, np.append(base, kernels.NEVER)
        loss, by_class = kernels.forward(
            *(*self._inputs, past.fired, past.classes, intercepts),
            *(weights, log_odds, self.residual),
        )
        return loss, by_class[:-1], self.adjoint(self.residual)

    def adjoint(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return Σₜ valuesₜ xⱼ(t), 0 for the neuron itself; shape (n,)."""
        found = kernels.adjoint(*self._inputs, values, self.covariates.trains.n_neurons)
        found[self.index] = 0.0
        return found

    def information(self) -> NDArray[np.float64]:
        """Return the Fisher information on each single weight, at the last evaluation.

        Σₜ p(1 − p)(xⱼ − mean)², with weighted means proportional to the `filling` of the classes,
        minus the projection on the slow drive.
        """
        past, n_neurons = self.past, self.covariates.trains.n_neurons
        probability = self.probability()
        spread = probability * (1.0 - probability)
        squares = kernels.adjoint_of_squares(*self._inputs, spread, n_neurons)
        by_class = np.bincount(past.classes, spread, len(past.base))[:-1]
        weighted_rates = self.adjoint(spread) / (by_class @ past.filling)
        lost = weighted_rates**2 * (by_class @ past.filling**2)
        slow = self.drive.slow
        if slow is not None:
            sums = kernels.adjoint_by_segment(
                *(*self._inputs, spread, slow.spacing, len(slow.shared), n_neurons)
            )
            filled = spread * np.append(past.filling, 0.0)[past.classes]
            sums -= segment_sums(filled, slow.spacing)[:, None] * weighted_rates
            lost = lost + self.drive.information_lost(spread, sums)
        return np.maximum(squares - lost, 1e-3 * squares)

    def probability(self) -> NDArray[np.float64]:
        """Return the probability of a spike in each bin, at the last evaluation."""
        probability = self.residual.copy()
        probability[self.past.fired] += 1.0
        return probability

    @property
    def _inputs(self) -> tuple[NDArray | int, ...]:
        """First arguments of compiled functions: spikes, kernel and refractory bins."""
        shared, trains = self.covariates, self.covariates.trains
        kernel = (shared.decays, shared.shares, shared.delay)
        return trains.ids, trains.bins, trains.starts, *kernel, self.past.held


@dataclass(frozen=True, eq=False)
class Fitted:
    """Fit of one neuron.

    Attributes
    ----------
    weights : (n,) ndarray
        Weights of the synapses from all neurons.
    stimulus : (n_features,) ndarray
        Weights of the standardised stimulus.
    sampling, posterior : (n,) ndarray
        Variances of the weights; see `Covariates.variances`.
    intercept : float
        Log-odds of a spike long after the last spike, without input, averaged over the drive.
    loss : float
        Total cross-entropy (nats), without the prior.
    evaluations : int
        Number of evaluations of the gradient.
    converged : bool
    flatness : Flatness
        Residuals after the spikes of each neuron.
    """

    weights: NDArray[np.float64]
    stimulus: NDArray[np.float64]
    sampling: NDArray[np.float64]
    posterior: NDArray[np.float64]
    intercept: float
    loss: float
    evaluations: int
    converged: bool
    flatness: Flatness


def score_at_rest(likelihood: Likelihood) -> tuple[NDArray[np.float64], float]:
    """Return the gradient with respect to the weights at 0, and Σₜ p(1 − p).

    Covariates are centred.
    """
    past, drive, rates = likelihood.past, likelihood.drive, likelihood.covariates.rates
    base, weights = past.base[:-1], np.zeros(len(rates))
    log_odds = drive.log_odds(drive.start, weights)
    _, by_class, gradient = likelihood.value_and_gradient(base, weights, log_odds)
    probability = 1.0 / (1.0 + np.exp(-base))
    gradient -= rates * (past.filling @ by_class)
    gradient += drive.gradient(likelihood.residual)[1]
    gradient[likelihood.index] = 0.0
    return gradient, float((past.spikes * (1.0 - probability)).sum())


def fit(
    likelihood: Likelihood, prior_precision: float, *, tol: float = 0.01, max_iter: int = 200
) -> Fitted:
    """Minimise the cross-entropy + prior_precision/2 ‖w‖² + the penalty of the drive.

    The information on the weights is approximately κ C, where C is the covariance of the
    covariates. In coordinates in which κ C + prior is the identity matrix, a quasi-Newton method
    (L-BFGS) needs about 12 steps. The parameters of the drive are transformed in the same way.

    Parameters
    ----------
    likelihood : Likelihood
    prior_precision : float
        1/variance of the prior of a weight.
    tol : float
        Tolerance for the largest component of the gradient in these coordinates. It is the
        distance from the optimum in standard errors.
    max_iter : int
    """
    past, covariates, drive = likelihood.past, likelihood.covariates, likelihood.drive
    values, vectors = covariates.principal
    n_classes, index = len(past.spikes), likelihood.index
    curvature = past.spikes.sum() * values + prior_precision
    # Directions without data or prior keep their initial value.
    scale = np.where(curvature > 0, 1.0 / np.sqrt(np.maximum(curvature, 1e-300)), 0.0)
    base_scale = 1.0 / np.sqrt(past.spikes)
    first = n_classes + drive.size

    def parameters(point: NDArray) -> tuple[NDArray[np.float64], ...]:
        weights = vectors @ (scale * point[first:])
        weights[index] = 0.0
        mean = past.filling * (covariates.rates @ weights)
        base = past.base[:-1] + base_scale * point[:n_classes] - mean
        return base, drive.from_scaled(point[n_classes:first]), weights

    def objective(point: NDArray) -> tuple[float, NDArray[np.float64]]:
        base, driving, weights = parameters(point)
        log_odds = drive.log_odds(driving, weights)
        loss, by_class, gradient = likelihood.value_and_gradient(base, weights, log_odds)
        by_drive, through_drive = drive.gradient(likelihood.residual)
        drive_penalty, drive_slope = drive.penalty(driving)
        gradient -= covariates.rates * (past.filling @ by_class)
        gradient += through_drive + prior_precision * weights
        gradient[index] = 0.0
        penalty = 0.5 * prior_precision * (weights @ weights) + drive_penalty
        moved = drive.to_scaled(by_drive + drive_slope)
        slopes = [base_scale * by_class, moved, scale * (vectors.T @ gradient)]
        return float(loss + penalty), np.concatenate(slopes)

    start = np.zeros(first + len(values))
    # A strong prior makes the standard errors small in these coordinates.
    tol *= float(np.sqrt(1.0 - prior_precision * np.mean(scale**2)))
    options: Any = {"maxiter": max_iter, "gtol": tol, "ftol": 0.0, "maxcor": 20}
    found = minimize(objective, start, jac=True, method="L-BFGS-B", options=options)
    base, driving, weights = parameters(found.x)
    log_odds = drive.log_odds(driving, weights)
    loss = likelihood.value_and_gradient(base, weights, log_odds)[0]
    converged = bool(np.abs(found.jac).max() <= tol)
    spreads = covariates.variances(likelihood.information(), prior_precision)
    without_input = drive.log_odds(driving, np.zeros_like(weights))
    intercept = float(base[-1]) + (float(without_input.mean()) if len(without_input) else 0.0)
    gamma = driving[drive.n_knots + drive.n_shared :]
    flatness = Flatness.of(covariates.trains, likelihood.residual, likelihood.probability())
    return Fitted(
        *(weights, gamma, *spreads, intercept, loss, int(found.nfev), converged, flatness)
    )


def prior_variance(
    scores: NDArray[np.float64],
    spreads: NDArray[np.float64],
    indices: NDArray[np.intp],
    covariance: NDArray[np.float64],
) -> float:
    """Estimate the variance v of the weights from the scores.

    The method is empirical Bayes by moments.

    For weights N(0, v) the scores gⱼ at weights 0 have E[gⱼ²] = Hⱼⱼ + v (H²)ⱼⱼ to first order. The
    sum over pairs with H = κ C determines v.

    Parameters
    ----------
    scores : (n_post, n) ndarray
    spreads : (n_post,) ndarray
        κ of each neuron.
    indices : (n_post,) ndarray of int
        Index of each neuron, which is not its own input.
    covariance : (n, n) ndarray

    Returns
    -------
    float
        At least 0.001, a standard deviation of 3 % of the odds.
    """
    variances = np.diag(covariance)[indices]
    noise = spreads @ (np.trace(covariance) - variances)
    response = (spreads**2).sum() * (covariance**2).sum()
    if not response > 0:
        return 1e-3
    return max(1e-3, float((scores**2).sum() - noise) / float(response))
