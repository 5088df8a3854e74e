"""How near a fit comes to the maximum of its likelihood, in standard errors."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning

from bridge import LogisticNeuron


def maximum(x, fired, weights=1.0):
    """The maximum of the likelihood by Newton's method to rounding, and its standard errors."""
    z = np.column_stack([np.ones(len(x)), x])
    theta = np.zeros(z.shape[1])
    theta[0] = np.log(fired.mean() / (1.0 - fired.mean()))
    for _ in range(60):
        p = expit(z @ theta)
        information = (z * (weights * p * (1.0 - p))[:, np.newaxis]).T @ z
        step = np.linalg.solve(information, z.T @ (weights * (fired - p)))
        theta += step
        if np.abs(step).max() < 1e-13:
            break
    return theta, np.sqrt(np.diag(np.linalg.inv(information)))


def rare_spikes(n_bins, intercept, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n_bins, 3))
    return x, (rng.random(n_bins) < expit(intercept + x @ rng.normal(size=3) * 0.7)).astype(int)


def estimates(neuron):
    return np.append(neuron.intercept_, neuron.coef_)


def test_newtons_method_ends_at_the_rounding_of_iris_last_two_classes():
    x, y = load_iris(return_X_y=True)
    x, y = x[50:], (y[50:] == 2).astype(int)
    theta, errors = maximum(x, y)
    neuron = LogisticNeuron().fit(x, y)

    assert estimates(neuron) == pytest.approx(theta, rel=1e-9)
    assert neuron.standard_errors_ == pytest.approx(errors, rel=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_newtons_method_goes_on_where_spikes_are_rare(seed):
    x, fired = rare_spikes(300_000, -10.0, seed)
    assert 10 < fired.sum() < 100
    theta, errors = maximum(x, fired)
    neuron = LogisticNeuron().fit(x, fired)

    assert neuron.converged_
    assert (np.abs(estimates(neuron) - theta) < 1e-6 * errors).all()
    assert neuron.standard_errors_ == pytest.approx(errors, rel=1e-6)


@pytest.mark.parametrize("solver", ["accelerated", "gradient", "newton"])
@pytest.mark.parametrize("stored", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
def test_every_solver_ends_within_a_thousandth_of_a_standard_error(solver, stored):
    x, fired = rare_spikes(20_000, -6.0 if solver == "accelerated" else -3.5)
    theta, errors = maximum(x, fired)
    neuron = LogisticNeuron(solver=solver).fit(stored(x), fired)

    assert neuron.converged_
    assert neuron.history_.distance < 1e-3
    assert (np.abs(estimates(neuron) - theta) < 1e-3 * errors).all()


def test_the_distance_told_is_that_to_the_maximum():
    x, fired = rare_spikes(20_000, -4.0)
    theta, _ = maximum(x, fired)
    neuron = LogisticNeuron(solver="accelerated", tol=1e-4).fit(x, fired)
    z = np.column_stack([np.ones(len(x)), x])
    p = expit(z @ theta)
    away = np.sqrt(p * (1.0 - p)) * (z @ (estimates(neuron) - theta))

    assert 1e-3 < neuron.history_.distance < 3e-2
    assert np.sqrt(away @ away) == pytest.approx(neuron.history_.distance, rel=0.01)


def test_many_columns_are_judged_by_the_same_distance_without_their_hessian():
    """More than 2000 columns, of which 40 are not 0."""
    x, fired = rare_spikes(4000, -3.0)
    wide = np.zeros((4000, 2100))
    wide[:, :3] = x
    theta, errors = maximum(x, fired)
    with pytest.warns(UserWarning, match="are constant"):
        neuron = LogisticNeuron().fit(sparse.csr_array(wide), fired)

    assert neuron.converged_
    assert (np.abs(estimates(neuron)[:4] - theta) < 1e-3 * errors).all()


def test_a_descent_that_is_small_in_gradient_but_far_in_standard_errors_has_not_converged():
    x, fired = rare_spikes(50_000, -9.0)
    with pytest.warns(ConvergenceWarning, match="standard errors from the minimum: raise max_iter"):
        neuron = LogisticNeuron(solver="accelerated", max_iter=200).fit(x, fired)

    assert not neuron.converged_
    assert neuron.history_.gradient_norm[-1] < 1e-6
    assert neuron.history_.distance > 3e-4


def test_repetitions_count_in_the_distance():
    """A table of two cells, each counted a hundred thousand times and more."""
    x, fired = np.array([[0.0], [0.0], [1.0], [1.0]]), np.array([0, 1, 0, 1])
    counts = np.array([1e6, 300.0, 1e5, 90.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        neuron = LogisticNeuron(solver="accelerated").fit(x, fired, counts)
    theta = np.log(counts[1] / counts[0]), np.log(counts[3] / counts[2])

    errors = np.sqrt([1 / 1e6 + 1 / 300, 1 / 1e6 + 1 / 300 + 1 / 1e5 + 1 / 90])
    assert abs(neuron.intercept_[0] - theta[0]) < 1e-3 * errors[0]
    assert abs(neuron.coef_[0, 0] - (theta[1] - theta[0])) < 1e-3 * errors[1]
