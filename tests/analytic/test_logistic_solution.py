"""The fit against scikit-learn's, finite differences and the information matrix."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from statsmodels.api import Logit, add_constant

from bridge import LogisticNeuron, SeparableDataWarning
from bridge.learning.design import StandardisedDesign
from bridge.learning.losses import LOSSES
from bridge.learning.objectives import MeanLoss


def breast_cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return X[:, [0, 1, 4, 5, 8]], y


def iris():
    X, y = load_iris(return_X_y=True)
    return X[50:], y[50:] - 1


def wine():
    X, y = load_wine(return_X_y=True)
    return X[:, [1, 2, 4]], (y == 1).astype(int)


def diabetes():
    X, y = load_diabetes(return_X_y=True, scaled=False)
    return X[:, [0, 1, 2, 3, 8]], (y > 140).astype(int)


def digits():
    """Fours and nines by six of their pixels, which are counts from 0 to 16."""
    X, y = load_digits(return_X_y=True)
    chosen = (y == 4) | (y == 9)
    return X[chosen][:, [2, 19, 20, 21, 42, 52]], (y[chosen] == 9).astype(int)


DATA = pytest.mark.parametrize("data", [breast_cancer, iris, wine, diabetes, digits])


@pytest.mark.parametrize("solver", ["accelerated", "newton"])
@DATA
def test_fit_equals_the_unregularised_solution_of_scikit_learn(data, solver):
    X, y = data()
    ours = LogisticNeuron(solver=solver, tol=1e-11, max_iter=100_000).fit(X, y)
    # Standardised, scikit-learn's solver reaches rounding; on raw columns it stops short of 1e-6.
    scaler = StandardScaler().fit(X)
    theirs = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=500)
    theirs.fit(scaler.transform(X), y)
    coef = theirs.coef_ / scaler.scale_

    assert ours.converged_
    assert not ours.separable_
    assert ours.coef_ == pytest.approx(coef, rel=1e-6)
    assert ours.intercept_ == pytest.approx(theirs.intercept_ - coef @ scaler.mean_, rel=1e-6)


@DATA
def test_plain_gradient_descent_ends_at_the_same_minimum(data):
    X, y = data()
    options = {"ridge": 0.01, "tol": 1e-9, "max_iter": 100_000}
    plain = LogisticNeuron(solver="gradient", **options).fit(X, y)
    fast = LogisticNeuron(solver="accelerated", **options).fit(X, y)

    assert plain.coef_ == pytest.approx(fast.coef_, rel=1e-5)
    assert fast.n_iter_ < plain.n_iter_


def test_ridge_is_scikit_learns_on_standardised_columns():
    X, y = breast_cancer()
    X = StandardScaler().fit_transform(X)
    theirs = LogisticRegression(C=1.0 / (0.02 * len(y)), tol=1e-12, solver="newton-cholesky")
    ours = LogisticNeuron(ridge=0.02, tol=1e-11).fit(X, y)

    assert ours.coef_ == pytest.approx(theirs.fit(X, y).coef_, rel=1e-6)


@DATA
@pytest.mark.parametrize("loss", LOSSES.values(), ids=["-".join(key) for key in LOSSES])
def test_gradient_equals_finite_differences(data, loss):
    X, y = data()
    weights = np.random.default_rng(0).random(len(y))
    weights /= weights.sum()
    objective = MeanLoss(StandardisedDesign.of(X, weights), 2.0 * y - 1.0, weights, 0.3, loss)
    theta = np.random.default_rng(1).normal(size=X.shape[1] + 1)
    steps = 1e-6 * np.eye(len(theta))
    slopes = [
        (objective.value_and_gradient(theta + h)[0] - objective.value_and_gradient(theta - h)[0])
        / 2e-6
        for h in steps
    ]

    assert objective.value_and_gradient(theta)[1] == pytest.approx(np.array(slopes), abs=1e-6)


@DATA
def test_estimates_and_standard_errors_equal_those_of_statsmodels(data):
    X, y = data()
    ours = LogisticNeuron(tol=1e-11).fit(X, y)
    model = Logit(y, add_constant(X))
    # Newton's method begun at our estimate, for on raw columns it may stop short from afar.
    start = np.append(ours.intercept_, ours.coef_)
    theirs = model.fit(start, method="newton", tol=1e-12, disp=0)
    robust = model.fit(start, method="newton", tol=1e-12, disp=0, cov_type="HC0")

    assert start == pytest.approx(theirs.params, rel=1e-6)
    assert ours.standard_errors_ == pytest.approx(theirs.bse, rel=1e-6)
    assert np.sqrt(np.diag(ours.sandwich_covariance_)) == pytest.approx(robust.bse, rel=1e-6)
    assert -len(y) * ours.history_.loss[-1] == pytest.approx(theirs.llf, rel=1e-10)


def test_acceleration_needs_twenty_times_fewer_steps_on_recorded_tumours():
    X, y = load_breast_cancer(return_X_y=True)
    options = {"ridge": 1e-3, "tol": 1e-6, "max_iter": 100_000}
    plain = LogisticNeuron(solver="gradient", **options).fit(X, y)
    fast = LogisticNeuron(solver="accelerated", **options).fit(X, y)

    assert plain.converged_
    assert fast.converged_
    assert 20 * fast.n_iter_ <= plain.n_iter_


@pytest.mark.parametrize("solver", ["newton", "accelerated"])
def test_setosa_is_told_to_be_separable_from_the_other_irises(solver):
    X, y = load_iris(return_X_y=True)
    with pytest.warns(SeparableDataWarning, match="the classes are separable, so that no maximum"):
        neuron = LogisticNeuron(solver=solver).fit(X, y == 0)

    assert neuron.separable_
    assert np.isnan(neuron.standard_errors_).all()


@DATA
def test_no_curvature_exceeds_the_lipschitz_constant(data):
    X, y = data()
    weights = np.full(len(y), 1.0 / len(y))
    loss = MeanLoss(StandardisedDesign.of(X, weights), 2.0 * y - 1.0, weights, ridge=0.3)
    at_zero = np.linalg.eigvalsh(loss.hessian(np.zeros(X.shape[1] + 1)))

    # The bound is sharp where all probabilities are 1/2, but for the intercept, which has no ridge.
    assert at_zero[-1] <= loss.lipschitz * (1 + 1e-12)
    assert at_zero[-1] >= loss.lipschitz - 0.3


@DATA
def test_standard_errors_are_the_inverse_information_and_the_sandwich(data):
    X, y = data()
    neuron = LogisticNeuron(solver="newton", tol=1e-11).fit(X, y)
    Z = np.column_stack([np.ones(len(y)), X])
    p = expit(Z @ np.append(neuron.intercept_, neuron.coef_))
    wald = np.linalg.inv((Z * (p * (1 - p))[:, None]).T @ Z)
    sandwich = wald @ ((Z * ((y - p) ** 2)[:, None]).T @ Z) @ wald

    assert neuron.standard_errors_ == pytest.approx(np.sqrt(np.diag(wald)), rel=1e-6)
    # Entries of raw columns differ in size by their units: compare as correlations.
    scale = np.sqrt(np.outer(np.diag(wald), np.diag(wald)))
    assert neuron.covariance_ / scale == pytest.approx(wald / scale, abs=1e-6)
    assert neuron.sandwich_covariance_ / scale == pytest.approx(sandwich / scale, abs=1e-6)


def test_sparse_and_dense_trials_give_one_fit():
    rng = np.random.default_rng(3)
    X = rng.poisson(0.3, (600, 8)).astype(float)
    y = rng.random(600) < expit(X @ np.linspace(-1, 2, 8) - 1)
    dense = LogisticNeuron(tol=1e-10).fit(X, y)
    thin = LogisticNeuron(tol=1e-10).fit(sparse.csr_array(X), y)

    assert thin.coef_ == pytest.approx(dense.coef_, rel=1e-9)
    assert thin.covariance_ == pytest.approx(dense.covariance_, rel=1e-8)
    assert thin.psp_interval_ == pytest.approx(dense.psp_interval_, rel=1e-8)
    assert (thin.predict(sparse.csr_array(X)) == dense.predict(X)).all()


def test_weights_count_as_repeated_trials():
    X, y = iris()
    counts = np.random.default_rng(2).integers(0, 4, len(y))
    weighted = LogisticNeuron(solver="newton", tol=1e-11).fit(X, y, sample_weight=counts)
    repeated = LogisticNeuron(solver="newton", tol=1e-11)
    repeated.fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))

    assert weighted.coef_ == pytest.approx(repeated.coef_, rel=1e-8)
    assert weighted.standard_errors_ == pytest.approx(repeated.standard_errors_, rel=1e-7)
    assert weighted.psp_standard_errors_ == pytest.approx(repeated.psp_standard_errors_, rel=1e-7)


def test_columns_in_other_units_give_the_same_probabilities():
    X, y = diabetes()
    units = np.array([1e-6, 1e3, 1.0, 1e6, 1e-3])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = LogisticNeuron(ridge=0.01, tol=1e-10).fit(X, y)
        second = LogisticNeuron(ridge=0.01, tol=1e-10).fit(X * units, y)

    assert second.predict_proba(X * units) == pytest.approx(first.predict_proba(X), abs=1e-9)
