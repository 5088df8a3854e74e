"""Stochastic descent: its steps, its cost, and where it ends."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning

from bridge import LogisticNeuron, stochastic_descent
from bridge.learning.design import StandardisedDesign
from bridge.learning.losses import LOSSES, find_loss
from bridge.learning.objectives import MeanLoss
from bridge.learning.stochastic import expected_smoothness
from neurosim import NeurosimError

RNG = np.random.default_rng(0)
X = RNG.poisson(1.0, (600, 4)).astype(float)
Y = RNG.random(600) < expit(X @ [1.0, -1.0, 0.5, 0.8] - 1.0)
SIGN = np.where(Y, 1.0, -1.0)
WEIGHTS = RNG.integers(1, 4, 600) / 1200.0
WEIGHTS /= WEIGHTS.sum()
EACH = pytest.mark.parametrize("loss", LOSSES.values(), ids=["-".join(key) for key in LOSSES])


def objective(loss=LOSSES["cross-entropy", "sigmoid"], stored=np.asarray, ridge=0.0):
    return MeanLoss(StandardisedDesign.of(stored(X), WEIGHTS), SIGN, WEIGHTS, ridge, loss)


def naive_epoch(mean_loss, theta, order, size, rate):
    """Each batch a MeanLoss of its own rows."""
    z, n = mean_loss.design.rows(slice(None)), len(order)
    path = [theta]
    for step in range(-(-n // size)):
        rows = order[step * size : (step + 1) * size]
        score, gradient = z[rows] @ theta, np.zeros(len(theta))
        for k, row in enumerate(rows):
            shift = 1e-6 * np.array([-1.0, 1.0])
            values = [one_loss(mean_loss.loss, score[k] + h, SIGN[row]) for h in shift]
            slope = (values[1] - values[0]) / 2e-6
            gradient += n / len(rows) * WEIGHTS[row] * slope * z[row]
        gradient[1:] += mean_loss.ridge * theta[1:]
        theta = theta - rate(step) * gradient
        path.append(theta)
    return np.array(path)


def one_loss(loss, score, sign):
    if loss.name == "perceptron":
        return max(0.0, -sign * score)
    value = loss.activation(score)
    if loss.name == "squared":
        low = -1.0 if loss.activation.name == "tanh" else 0.0
        return 0.5 * (value - (1.0 if sign > 0 else low)) ** 2
    return np.logaddexp(0.0, -sign * loss.gain * score)


@EACH
@pytest.mark.parametrize("stored", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("size", [1, 7])
def test_an_epoch_takes_the_steps_of_the_naive_one(loss, stored, size):
    ridge = 0.0 if loss.name == "perceptron" else 0.1
    mean_loss, start = objective(loss, stored, ridge), np.full(5, 0.01)
    found = stochastic_descent(mean_loss, start, batch_size=size, seed=3, tol=1e-9, max_iter=1)
    first = 1.0 if loss.name == "perceptron" else 1.0 / expected_smoothness(mean_loss, size)

    def rate(step):
        if loss.name == "perceptron":
            return 1.0
        return first / (1.0 + step * np.sqrt(size) / 600.0) ** 0.75

    order = np.random.default_rng(3).permutation(600)
    assert found.trajectory == pytest.approx(
        naive_epoch(mean_loss, start, order, size, rate), rel=1e-6, abs=1e-8
    )


@pytest.mark.parametrize(("size", "tol"), [(1, 3e-3), (32, 2e-3), (600, 1e-5)])
def test_it_ends_near_the_maximum_of_the_likelihood(size, tol):
    best = LogisticNeuron(tol=1e-10).fit(X, Y)
    neuron = LogisticNeuron(solver="stochastic", batch_size=size, tol=tol, max_iter=300).fit(X, Y)

    assert neuron.converged_
    assert neuron.history_.gradient_norm[-1] <= tol < neuron.history_.gradient_norm[-2]
    assert neuron.coef_ == pytest.approx(best.coef_, abs=20 * tol)


def test_one_batch_of_all_trials_begins_with_the_step_of_gradient_descent():
    options = {"tol": 1e-9, "max_iter": 1}
    with pytest.warns(ConvergenceWarning):
        plain = LogisticNeuron(solver="gradient", **options).fit(X, Y)
    with pytest.warns(ConvergenceWarning):
        batch = LogisticNeuron(solver="stochastic", batch_size=600, **options).fit(X, Y)

    assert batch.history_.trajectory == pytest.approx(plain.history_.trajectory, abs=1e-12)


def test_cost_counts_the_rows_of_the_steps_and_the_path_is_thinned():
    found = stochastic_descent(objective(), np.zeros(5), batch_size=7, tol=1e-9, max_iter=20)
    steps = -(-600 // 7)

    assert found.rows.tolist() == (600 * np.arange(21)).tolist()
    assert found.n_iter == 20
    assert found.trajectory_steps[0] == found.trajectory_rows[0] == 0
    assert found.trajectory_steps[-1] == 20 * steps
    assert found.trajectory_rows[-1] == 20 * 600
    assert 500 <= len(found.trajectory) <= 1001
    epochs, within = np.divmod(found.trajectory_steps, steps)
    assert (found.trajectory_rows == epochs * 600 + 7 * within).all()
    assert found.trajectory[-1] == pytest.approx(found.theta)


def test_the_path_does_not_depend_on_how_it_is_thinned():
    """More points are kept of a shorter descent; those that both keep are the same."""
    short = stochastic_descent(objective(), np.zeros(5), tol=1e-9, max_iter=1)
    long = stochastic_descent(objective(), np.zeros(5), tol=1e-9, max_iter=3)
    common, of_short, of_long = np.intersect1d(
        short.trajectory_steps, long.trajectory_steps, return_indices=True
    )

    assert len(common) >= 300
    assert (short.trajectory[of_short] == long.trajectory[of_long]).all()


def test_same_seed_same_bits():
    def fit(seed):
        with pytest.warns(ConvergenceWarning, match="3 epochs.*raise tol or max_iter"):
            neuron = LogisticNeuron(solver="stochastic", random_state=seed, max_iter=3).fit(X, Y)
        return neuron.coef_.tolist()

    assert fit(1) == fit(1)
    assert fit(1) != fit(2)
    assert fit(np.random.default_rng(1)) == fit(np.random.default_rng(1))


@pytest.mark.parametrize("solver", ["auto", "gradient", "stochastic"])
def test_perceptron_separates_what_is_separable(solver, rng: np.random.Generator):
    x = rng.normal(size=(200, 2))
    side = x @ [2.0, -1.0] - 0.3
    x, y = x[np.abs(side) > 0.3], side[np.abs(side) > 0.3] > 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        neuron = LogisticNeuron(loss="perceptron", activation="step", solver=solver).fit(x, y)

    assert neuron.converged_
    assert neuron.separable_
    assert (neuron.predict(x) == y).all()
    assert set(neuron.predict_proba(x)[:, 1]) == {0.0, 1.0}
    assert np.isnan(neuron.standard_errors_).all()
    assert np.isnan(neuron.covariance_).all()


def test_perceptron_of_classes_that_overlap_keeps_the_fewest_errors_and_says_so():
    options = {"loss": "perceptron", "activation": "step", "max_iter": 50}
    with pytest.warns(ConvergenceWarning, match=r"% of the trials .* misclassified after 50 steps"):
        short = LogisticNeuron(**options).fit(X, Y)
    with pytest.warns(ConvergenceWarning, match="fewest errors are kept"):
        long = LogisticNeuron(**options | {"max_iter": 500}).fit(X, Y)

    assert long.score(X, Y) >= short.score(X, Y) > 0.7
    assert not long.converged_


def test_classes_balanced_about_their_plane_are_not_taken_for_solved():
    """Of the exclusive or the criterion's slope is 0 at the start, where nothing is told apart."""
    x, y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), [0, 1, 1, 0]
    with pytest.warns(ConvergenceWarning, match="are misclassified"):
        assert not LogisticNeuron(loss="perceptron", activation="step").fit(x, y).converged_


@pytest.mark.parametrize("size", [0, 2.5, True])
def test_batches_are_of_one_trial_or_more(size):
    with pytest.raises(NeurosimError, match="batch_size"):
        LogisticNeuron(solver="stochastic", batch_size=size).fit(X, Y)


def test_expected_smoothness_goes_from_the_roughest_trial_to_the_mean():
    mean_loss = objective(find_loss("squared", "tanh"), ridge=0.2)
    roughest = 600 * (WEIGHTS * (mean_loss.design.rows(slice(None)) ** 2).sum(axis=1)).max()

    assert expected_smoothness(mean_loss, 1) == pytest.approx(mean_loss.loss.bound * roughest + 0.2)
    assert expected_smoothness(mean_loss, 600) == pytest.approx(mean_loss.lipschitz)
    between = [expected_smoothness(mean_loss, b) for b in (1, 2, 10, 100, 600)]
    assert (np.diff(between) < 0).all()
