"""Lasso and group lasso of population models against dense, slow reference solutions."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import block_diag

from bridge.recordings import RaisedCosines, bin_trains
from bridge.recordings.data.observation import Observation
from bridge.recordings.glm.covariates import Covariates
from bridge.recordings.glm.families import Family
from bridge.recordings.glm.history_fit import PRECISION
from bridge.recordings.glm.lasso import Blocks, fit_lasso, largest_strength
from bridge.recordings.glm.problem import Problem
from bridge.recordings.glm.ridge import fit_ridge
from bridge.recordings.glm.scaled_loss import Estimate
from bridge.recordings.glm.spike_history import HistoryBasis
from bridge.recordings.slow.drives import Drives, Stimulus

N, N_BINS, TARGET = 5, 4000, 2
FAMILIES = (("bernoulli", "logit"), ("bernoulli", "cloglog"), ("poisson", "exponential"))


def spike_bins(rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw spikes; neuron 0 excites neuron 2 and neuron 1 inhibits it."""
    fired = np.zeros((N_BINS, N), dtype=bool)
    trace, coupling = np.zeros(N), np.zeros(N)
    coupling[:2] = 1.5, -1.5
    for t in range(N_BINS):
        odds = np.log(np.array([0.05, 0.1, 0.08, 0.03, 0.06]))
        odds[TARGET] += trace @ coupling
        fired[t] = rng.random(N) < 1.0 / (1.0 + np.exp(-odds))
        trace = 0.7 * trace + fired[t]
    return fired


class Data(NamedTuple):
    problem: Problem
    fired: NDArray[np.bool_]


def prepare(rng: np.random.Generator, family: tuple[str, str], n_functions: int = 3) -> Data:
    """Return a problem with a stimulus."""
    fired = spike_bins(rng)
    trains = bin_trains([np.flatnonzero(one) + 0.5 for one in fired.T], float(N_BINS))
    basis = RaisedCosines(n_functions, 12.0).matrix(1.0)
    observation = Observation.of(trains, None, None)
    drives = Drives.of(trains, observation, None, None)
    stimulus = Stimulus.of(rng.normal(size=(N_BINS, 1)))
    history = HistoryBasis(RaisedCosines(3, 12.0).matrix(1.0))
    covariates = Covariates(trains, basis)
    return Data(
        Problem(observation, covariates, history, Family.of(*family), drives, stimulus), fired
    )


def dense_columns(data: Data) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return intercept, stimulus and history columns, and those of the other neurons."""
    problem, spikes = data.problem, data.fired.astype(float)

    def filtered(train: NDArray, basis: NDArray) -> NDArray[np.float64]:
        columns = [np.convolve(train, np.append(0.0, one))[:N_BINS] for one in basis.T]
        return np.column_stack(columns)

    assert problem.stimulus is not None
    own = filtered(spikes[:, TARGET], problem.history.values)
    free = np.column_stack([np.ones(N_BINS), problem.stimulus.values, own])
    others = [k for k in range(N) if k != TARGET]
    basis = problem.covariates.basis
    return free, np.hstack([filtered(spikes[:, k], basis) for k in others])


def dense_solution(
    data: Data, strength: float, *, grouped: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weights and history, by accelerated proximal gradients on the dense design."""
    family, y = data.problem.family, data.fired[:, TARGET].astype(float)
    free, columns = dense_columns(data)
    k, first = data.problem.covariates.n_functions, free.shape[1]
    centred = columns - columns.mean(axis=0)
    groups = [slice(j, j + k) for j in range(0, columns.shape[1], k)]
    # The roots of groups are part of the penalty; those of the free columns speed it up.
    roots = [root_of(free)] + [root_of(centred[:, g]) if grouped else np.eye(k) for g in groups]
    mixing = block_diag(*(np.linalg.inv(root) for root in roots))
    X = np.hstack([free, centred]) @ mixing
    prior = np.zeros(X.shape[1])
    prior[1], prior[2:first] = 1e-6, PRECISION
    prior = mixing.T @ (prior[:, None] * mixing)
    size = k if grouped else 1

    def gradient(theta: NDArray) -> NDArray:
        score = X @ theta
        growth = np.exp(score)
        slopes = {
            "logit": growth / (1.0 + growth) - y,
            "cloglog": growth + y * growth / np.expm1(-growth),
            "exponential": growth - y,
        }
        return X.T @ slopes[family.link] + prior @ theta

    def proximal(theta: NDArray, step: float) -> NDArray:
        norms = np.linalg.norm(theta[first:].reshape(-1, size), axis=1)
        shrink = np.maximum(1.0 - step * strength * np.sqrt(size) / np.maximum(norms, 1e-300), 0.0)
        return np.append(theta[:first], theta[first:] * np.repeat(shrink, size))

    step = 1.0 / (np.linalg.eigvalsh(X.T @ X)[-1] * (0.25 if family.link == "logit" else 1.0))
    theta = ahead = np.linalg.solve(mixing, np.eye(len(prior))[0]) * family.score_of(y.mean())
    momentum, moved = 1.0, np.ones(1)
    while np.abs(moved).max() > 1e-11:
        following = proximal(ahead - step * gradient(ahead), step)
        moved = following - theta
        momentum = 1.0 if (ahead - following) @ moved > 0 else momentum
        later = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        ahead = following + (momentum - 1.0) / later * moved
        theta, momentum = following, later
    parameters = mixing @ theta
    weights = np.insert(parameters[first:].reshape(N - 1, k), TARGET, 0.0, axis=0)
    return weights, parameters[2:first]


def root_of(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the upper root of the mean products of columns."""
    return np.linalg.cholesky(columns.T @ columns / N_BINS).T


@pytest.mark.parametrize("grouped", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_fit_equals_a_dense_proximal_gradient_solution(rng, family, grouped):
    data = prepare(rng, family)
    likelihood = data.problem.likelihood(TARGET)
    blocks = Blocks.of(data.problem.covariates, grouped=grouped)
    strength = 0.2 * largest_strength(likelihood, blocks)
    found = fit_lasso(likelihood, blocks, strength, tol=1e-7)
    weights, history = dense_solution(data, strength, grouped=grouped)
    assert found.converged
    assert likelihood.past.refractory == 0
    np.testing.assert_allclose(found.weights, weights, atol=2e-6)
    np.testing.assert_allclose(found.history, history, atol=2e-6)
    assert ((found.weights == 0.0) == (weights == 0.0)).all()
    assert (found.weights[[3, 4]] == 0.0).any(), "some weights must be exactly 0"


def subgradient_error(found: Estimate, blocks: Blocks, strength: float) -> float:
    """Return the largest violation of the optimality conditions, relative to the strength."""
    worst = 0.0
    for j in range(N):
        if j == TARGET:
            continue
        w, pull = found.weights[j], found.pull[j]
        if blocks.size > 1:
            root = np.linalg.inv(blocks.roots[j])
            norm, along = np.linalg.norm(root @ w), blocks.roots[j].T @ pull
            limit = strength * np.sqrt(len(w))
            if norm > 0:
                worst = max(worst, np.abs(along - limit * (root @ w) / norm).max() / limit)
            else:
                worst = max(worst, np.linalg.norm(along) / limit - 1.0)
        else:
            active = w != 0
            worst = max(worst, np.abs(pull[active] / strength - np.sign(w[active])).max(initial=0))
            worst = max(worst, (np.abs(pull[~active]) / strength - 1.0).max(initial=0.0))
    return worst


@pytest.mark.parametrize("grouped", [True, False])
def test_optimality_conditions_hold_along_the_path(rng, grouped):
    data = prepare(rng, FAMILIES[0])
    likelihood = data.problem.likelihood(TARGET)
    blocks = Blocks.of(data.problem.covariates, grouped=grouped)
    largest, start, active = largest_strength(likelihood, blocks), None, []
    for share in (0.9, 0.4, 0.1, 0.01):
        start = fit_lasso(likelihood, blocks, share * largest, start=start, tol=1e-6)
        cold = fit_lasso(likelihood, blocks, share * largest, tol=1e-6)
        assert subgradient_error(start, blocks, share * largest) < 1e-4
        np.testing.assert_allclose(start.weights, cold.weights, atol=1e-5)
        active.append(int((start.weights != 0).sum()))
    assert active == sorted(active)
    assert active[0] < active[-1]


@pytest.mark.parametrize("grouped", [True, False])
def test_all_weights_are_0_exactly_from_the_largest_strength_on(rng, grouped):
    data = prepare(rng, FAMILIES[0])
    likelihood = data.problem.likelihood(TARGET)
    blocks = Blocks.of(data.problem.covariates, grouped=grouped)
    largest = largest_strength(likelihood, blocks, tol=1e-7)
    assert not fit_lasso(likelihood, blocks, 1.001 * largest, tol=1e-7).weights.any()
    assert fit_lasso(likelihood, blocks, 0.999 * largest, tol=1e-7).weights.any()


def test_with_one_function_the_lasso_is_a_group_lasso_of_other_strengths(rng):
    data = prepare(rng, FAMILIES[0], n_functions=1)
    covariates, likelihood = data.problem.covariates, data.problem.likelihood(TARGET)
    grouped, single = (Blocks.of(covariates, grouped=one) for one in (True, False))
    found = fit_lasso(likelihood, single, 3.0, tol=1e-8)
    assert found.weights.any()
    # strength |w| = strength/σ ‖R w‖ with the standard deviation σ = R of a column.
    _, columns = dense_columns(data)
    deviations = np.insert(columns.std(axis=0), TARGET, 1.0)
    scaled = replace(grouped, factors=1.0 / deviations)
    same = fit_lasso(likelihood, scaled, 3.0, tol=1e-8)
    np.testing.assert_allclose(same.weights, found.weights, atol=1e-7)


@pytest.mark.parametrize("grouped", [True, False])
def test_without_strength_it_is_the_ridge_without_precision(rng, grouped):
    data = prepare(rng, FAMILIES[0])
    likelihood = data.problem.likelihood(TARGET)
    blocks = Blocks.of(data.problem.covariates, grouped=grouped)
    found = fit_lasso(likelihood, blocks, 0.0, tol=1e-6)
    np.testing.assert_allclose(
        found.weights, fit_ridge(likelihood, 0.0, tol=1e-5).weights, atol=1e-4
    )


def test_a_ridge_starts_from_another_estimate(rng):
    data = prepare(rng, FAMILIES[0])
    likelihood = data.problem.likelihood(TARGET)
    previous = fit_ridge(likelihood, 10.0, tol=1e-4)
    cold, warm = (fit_ridge(likelihood, 5.0, start=start, tol=1e-4) for start in (None, previous))
    np.testing.assert_allclose(warm.weights, cold.weights, atol=1e-4)
    assert warm.evaluations < cold.evaluations
