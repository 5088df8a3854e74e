"""Fits of the spike history of a neuron without synapses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from bridge.recordings.glm import kernels
from bridge.recordings.glm.families import Family
from bridge.recordings.glm.quasi_newton import line_search

# Precision of the prior of history weights, which keeps them finite.
PRECISION = 1e-2
# Distance from the minimum (squared standard errors) at which the fit ends.
CLOSE = 1e-6

# Intercept, weights, and upper root of the information on both, with the prior.
HistoryFit = tuple[float, NDArray[np.float64], NDArray[np.float64]]


def fit_by_age(
    basis: NDArray[np.float64], bins: NDArray, spikes: NDArray, refractory: int, family: Family
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Fit the hazard by age (Newton); return intercept, weights and root of the information.

    Only the last spike acts. For long intervals this is close to the sum over spikes.
    """
    n_functions = basis.shape[1]
    rows = np.column_stack([np.vstack([basis, np.zeros(n_functions)]), np.ones(len(basis) + 1)])
    rows, bins, spikes = rows[refractory:], bins[refractory:], spikes[refractory:]
    prior = np.append(np.full(n_functions, PRECISION), 0.0)
    overall = (spikes.sum() + 0.5) / (bins.sum() + 1.0)
    theta = np.append(np.zeros(n_functions), family.score_of(min(overall, 0.999)))
    for _ in range(60):
        slope, information = _derivatives(rows @ theta, bins, spikes, family)
        gradient = rows.T @ slope + prior * theta
        hessian = (rows * information[:, None]).T @ rows + np.diag(prior + 1e-9 * spikes.sum())
        step = cho_solve(cho_factor(hessian), gradient)
        theta -= step * min(1.0, 3.0 / max(np.abs(step).max(), 1e-300))
        if np.abs(step).max() < 1e-6:
            break
    return float(theta[-1]), theta[:-1], np.linalg.cholesky(hessian).T


def _derivatives(
    score: NDArray, bins: NDArray, spikes: NDArray, family: Family
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return slope and information of the loss by age, at clipped scores."""
    clipped = np.clip(score, -30.0, 3.0)
    slope, nothing = clipped.copy(), (np.empty(0, np.int64), np.empty(0))
    kernels.replace_by_residuals(slope, len(slope), *nothing, family.code, family.dispersion)
    information = family.mean_and_information(clipped)[1]
    rewards = [kernels.at_spike(one, 1.0, family.code, family.dispersion)[1] for one in clipped]
    return bins * slope - spikes * np.array(rewards), bins * np.maximum(information, 1e-12)


def fit_sums(
    rows: NDArray[np.float64],
    silent: NDArray[np.bool_],
    fired: NDArray[np.int64],
    counts: NDArray[np.float64],
    family: Family,
    start: HistoryFit,
) -> HistoryFit:
    """Fit weights if the effects of all past spikes add up (Newton).

    The fit by age is far from the minimum if many spikes act at a time.

    Parameters
    ----------
    rows : (n_functions, n_bins) ndarray
        Spikes filtered by each basis function.
    silent : (n_bins,) ndarray of bool
        Bins in which the neuron cannot fire, and those outside of the likelihood.
    fired, counts : (n_fired,) ndarray
        Bins with spikes, and the spikes in each.
    family : Family
    start : HistoryFit
    """
    n_functions, n_bins = rows.shape
    prior = np.append(np.full(n_functions, PRECISION), 0.0)
    ridge = np.diag(prior + 1e-9 * counts.sum())

    def scores(theta: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(silent, kernels.NEVER, theta[:-1] @ rows + theta[-1])

    def evaluate(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        values = scores(theta)
        loss, total = kernels.replace_by_residuals(
            values, n_bins, fired, counts, family.code, family.dispersion
        )
        slope = np.append(rows @ values, total)
        return loss + 0.5 * float(prior @ theta**2), slope + prior * theta

    def hessian(theta: NDArray[np.float64]) -> NDArray[np.float64]:
        information = family.mean_and_information(scores(theta))[1]
        found = np.empty((n_functions + 1, n_functions + 1))
        for k, row in enumerate((*rows, np.ones(n_bins))):
            weighted = information * row
            found[k] = np.append(rows @ weighted, weighted.sum())
        return found + ridge

    rate = (counts.sum() + 0.5) / (n_bins - silent.sum() + 1.0)
    constant = np.append(np.zeros(n_functions), family.score_of(min(rate, 0.999)))
    theta = min((np.append(start[1], start[0]), constant), key=lambda one: evaluate(one)[0])
    loss, gradient = evaluate(theta)
    for _ in range(60):
        step = -cho_solve(cho_factor(hessian(theta)), gradient)
        slope = float(gradient @ step)
        found = line_search(evaluate, theta, step, loss, slope) if slope < -CLOSE else None
        if found is None:
            break
        theta, loss, gradient = found
    root = np.asarray(np.linalg.cholesky(hessian(theta)).T, dtype=float)
    return float(theta[-1]), theta[:-1], root
