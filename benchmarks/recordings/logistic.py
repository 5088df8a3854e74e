"""Spikes drawn from a known population GLM, so that filters and intervals have a truth."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

IN_DEGREE = 3
"""Mean number of connections onto a neuron."""
RATES = (3.0, 15.0)
"""Range of rates without input (Hz)."""
STRENGTH = 0.6
"""Mean peak of coupling filters (log-odds)."""


@dataclass(frozen=True, eq=False)
class Truth:
    """Weights of a population GLM with Bernoulli spikes and bins of 1 ms.

    Attributes
    ----------
    coupling : (n_source, n_target, K) ndarray
        0 on the diagonal.
    history : (n, K_h) ndarray
    intercept : (n,) ndarray
    """

    coupling: NDArray[np.float64]
    history: NDArray[np.float64]
    intercept: NDArray[np.float64]


def draw_truth(n: int, n_coupling: int, n_history: int, seed: int) -> Truth:
    """Draw sparse coupling, mostly excitatory, and a history of relative refractoriness."""
    rng = np.random.default_rng([seed, n, 3])
    exists = rng.random((n, n)) < IN_DEGREE / n
    np.fill_diagonal(exists, False)
    sign = np.where(np.arange(n) < round(0.8 * n), 1.0, -3.0)
    shape = rng.gamma(4.0, 0.25, (n, n, n_coupling)) * np.linspace(1.0, 0.0, n_coupling + 1)[:-1]
    coupling = STRENGTH * (exists * sign[:, None])[:, :, None] * shape
    decay = -3.0 * 0.4 ** np.arange(n_history)
    history = decay + rng.normal(0.0, 0.2, (n, n_history))
    rates = RATES[0] * (RATES[1] / RATES[0]) ** rng.random(n)
    return Truth(coupling, history, logit(1e-3 * rates))


def draw_spikes(
    truth: Truth,
    coupling: NDArray[np.float64],
    history: NDArray[np.float64],
    n_bins: int,
    seed: int,
) -> list[NDArray[np.float64]]:
    """Return the spike times of each neuron (ms), for bases of shapes (L, K) and (L_h, K_h)."""
    n, length = len(truth.intercept), max(len(coupling), len(history))
    filters = np.zeros((n, n, length))
    filters[:, :, : len(coupling)] = truth.coupling @ coupling.T
    filters[np.arange(n), np.arange(n)] = 0.0
    filters[np.arange(n), np.arange(n), : len(history)] += truth.history @ history.T
    rng = np.random.default_rng([seed, n, 4])
    by_source = np.ascontiguousarray(filters.transpose(0, 2, 1))
    bins, ids = _simulate(by_source, truth.intercept, n_bins, rng)
    return [bins[ids == neuron] + 1.0 for neuron in range(n)]


@numba.njit(cache=True)
def _simulate(filters, intercept, n_bins, rng):
    """Add filters of shape (n_source, L, n_target) to a ring of predictors after each spike."""
    n, length = filters.shape[:2]
    ahead = np.zeros((length, n))
    bins, ids = [], []
    for t in range(n_bins):
        now = ahead[t % length]
        fired = [0][:0]
        for i in range(n):
            if rng.random() < 1.0 / (1.0 + np.exp(-intercept[i] - now[i])):
                fired.append(i)
        now[:] = 0.0
        for j in fired:
            bins.append(t)
            ids.append(j)
            for lag in range(length):
                ahead[(t + 1 + lag) % length] += filters[j, lag]
    return np.array(bins), np.array(ids)
