"""LogisticNeuron as an estimator: contract, refusals, and what it says of bad data."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils.estimator_checks import check_estimator

from bridge import LogisticNeuron, SeparableDataWarning, to_logistic, to_spiking
from bridge.learning.design import StandardisedDesign
from bridge.learning.objectives import MeanLoss
from bridge.learning.separation import has_minimum_near, separating_plane
from neurosim import NeurosimError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 3))
Y = RNG.random(400) < 1.0 / (1.0 + np.exp(1.0 - X @ [2.0, -1.0, 0.5]))


# Trials taken in a random order, as by scikit-learn's own SGDClassifier.
ORDERED = {
    f"check_sample_weight_equivalence_on_{kind}_data": "depends on the order of the trials"
    for kind in ("dense", "sparse")
}


@pytest.mark.filterwarnings("ignore")  # the checks fit separable and constant data on purpose
@pytest.mark.parametrize(
    "solver",
    [
        "auto",
        "newton",
        *(
            pytest.param(s, marks=pytest.mark.slow)
            for s in ("accelerated", "gradient", "stochastic")
        ),
    ],
)
def test_neuron_keeps_the_contract_of_scikit_learn(solver):
    neuron = LogisticNeuron(solver=solver, max_iter=100 if solver == "stochastic" else 1000)
    expected = ORDERED if solver == "stochastic" else None
    check_estimator(neuron, on_skip=None, expected_failed_checks=expected)


def test_psps_are_weights_over_the_intercept_times_the_gap():
    neuron = LogisticNeuron(threshold_distance=20.0).fit(X, Y)

    assert neuron.psp_ == pytest.approx(-20.0 * neuron.coef_[0] / neuron.intercept_[0])
    assert neuron.psp_interval_.mean(axis=1) == pytest.approx(neuron.psp_)
    assert to_spiking(neuron).psps == pytest.approx(neuron.psp_ * 15.0 / 20.0)


def test_delta_method_equals_the_slope_of_the_ratio():
    neuron = LogisticNeuron(solver="newton", tol=1e-10).fit(X, Y)
    theta = np.append(neuron.intercept_, neuron.coef_)

    def psp(shifted):
        return -15.0 * shifted[1:] / shifted[0]

    steps = 1e-6 * np.eye(4)
    jacobian = np.stack([(psp(theta + h) - psp(theta - h)) / 2e-6 for h in steps], axis=1)
    variance = np.diag(jacobian @ neuron.sandwich_covariance_ @ jacobian.T)

    assert neuron.psp_standard_errors_ == pytest.approx(np.sqrt(variance), rel=1e-6)


def test_fitted_neuron_comes_back_from_millivolts():
    neuron = LogisticNeuron().fit(X, Y)
    back = to_logistic(to_spiking(neuron, noise="escape"))

    assert back.probability(X) == pytest.approx(neuron.predict_proba(X)[:, 1], rel=1e-12)


def test_history_starts_at_the_entropy_of_the_labels_and_ends_below_tol():
    history = LogisticNeuron(tol=1e-8).fit(X, Y).history_
    share = Y.mean()
    entropy = -share * np.log(share) - (1 - share) * np.log(1 - share)

    assert history.loss[0] == pytest.approx(entropy)
    assert history.loss[-1] < entropy
    assert history.gradient_norm[-1] <= 1e-8


def test_labels_may_be_words():
    words = np.where(Y, "spike", "none")
    neuron = LogisticNeuron().fit(X, words)

    assert neuron.classes_.tolist() == ["none", "spike"]
    assert set(neuron.predict(X)) == {"none", "spike"}


def test_separable_data_are_told_and_get_a_finite_fit_without_intervals():
    with pytest.warns(SeparableDataWarning, match="no maximum-likelihood fit exists"):
        neuron = LogisticNeuron().fit(X, X[:, 0] > 0.5)

    assert neuron.separable_
    assert np.isfinite(neuron.coef_).all()
    assert np.abs(neuron.coef_[0, 0]) > 5 * np.abs(neuron.coef_[0, 1:]).max()
    assert np.isnan(neuron.psp_interval_).all()
    assert np.isnan(neuron.standard_errors_).all()


def test_fewer_trials_than_synapses_are_separable_and_said_to_be_few(rng: np.random.Generator):
    with pytest.warns(SeparableDataWarning, match="8 trials are few for 12 synapses"):
        LogisticNeuron().fit(rng.normal(size=(8, 12)), [0, 1] * 4)


def test_classes_that_touch_in_one_trial_are_still_separable():
    x = np.array([[0.0], [1.0], [2.0], [2.0], [3.0], [4.0]])
    with pytest.warns(SeparableDataWarning):
        assert LogisticNeuron().fit(x, [0, 0, 0, 1, 1, 1]).separable_


@pytest.mark.parametrize("solver", ["accelerated", "newton"])
def test_input_that_silences_always_is_found_as_separation(solver):
    silencer = (np.arange(400) % 7 == 0).astype(float)
    fired = Y & (silencer == 0)
    with pytest.warns(SeparableDataWarning):
        neuron = LogisticNeuron(solver=solver).fit(np.column_stack([X, silencer]), fired)

    assert neuron.separable_


def test_one_crossing_trial_ends_separability():
    x = np.linspace(-1, 1, 50)[:, None]
    y = x[:, 0] > 0
    y[0] = True
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not LogisticNeuron(solver="newton").fit(x, y).separable_


def test_proof_of_a_minimum_and_linear_programme_agree():
    for trial in range(40):
        rng = np.random.default_rng(trial)
        x = rng.normal(size=(12, 2))
        sign = np.where(rng.random(12) < 0.5, 1.0, -1.0)
        weights = np.full(12, 1.0 / 12.0)
        dense = MeanLoss(StandardisedDesign.of(x, weights), sign, weights)
        thin = MeanLoss(StandardisedDesign.of(sparse.csr_array(x), weights), sign, weights)
        theta = np.zeros(3)
        for _ in range(30):
            step = np.linalg.lstsq(dense.hessian(theta), dense.value_and_gradient(theta)[1])[0]
            theta = theta - step / max(1.0, np.abs(step).max())

        separable = separating_plane(dense) is not None
        assert separable == (separating_plane(thin) is not None)
        assert separable != has_minimum_near(dense, theta)
        assert separable != has_minimum_near(thin, theta)


def test_a_ridge_makes_separable_data_fit_without_complaint():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        neuron = LogisticNeuron(ridge=0.01).fit(X, X[:, 0] > 0.5)

    assert np.isfinite(neuron.psp_interval_).all()


def test_column_that_never_changes_is_told_and_gets_no_weight():
    with pytest.warns(UserWarning, match=r"columns \[3\] are constant"):
        neuron = LogisticNeuron().fit(np.column_stack([X, np.full(400, 0.1)]), Y)

    assert neuron.coef_[0, 3] == 0.0
    assert neuron.coef_[0, :3] == pytest.approx(LogisticNeuron().fit(X, Y).coef_[0])
    assert np.isnan(neuron.standard_errors_[[0, 4]]).all()
    assert np.isfinite(neuron.standard_errors_[1:4]).all()


def test_column_of_zeros_leaves_the_other_intervals_alone():
    with pytest.warns(UserWarning, match="are constant"):
        neuron = LogisticNeuron().fit(np.column_stack([X, np.zeros(400)]), Y)

    assert neuron.psp_interval_[:3] == pytest.approx(LogisticNeuron().fit(X, Y).psp_interval_)
    assert np.isnan(neuron.psp_interval_[3]).all()


def test_twin_columns_share_their_weight_and_have_no_interval_of_their_own():
    with pytest.warns(UserWarning, match=r"do not determine the weights of columns \[0, 3\]"):
        neuron = LogisticNeuron().fit(np.column_stack([X, X[:, 0]]), Y)

    assert neuron.coef_[0, 0] == pytest.approx(neuron.coef_[0, 3])
    assert np.isnan(neuron.psp_interval_[[0, 3]]).all()
    assert np.isfinite(neuron.psp_interval_[1:3]).all()


def test_stopping_early_is_told():
    with pytest.warns(ConvergenceWarning, match="stopped after 2 steps"):
        neuron = LogisticNeuron(max_iter=2).fit(X, Y)

    assert not neuron.converged_


def test_neuron_that_fires_at_rest_has_no_psps():
    neuron = LogisticNeuron().fit(X, ~Y)

    with pytest.raises(NeurosimError, match=r"not below 0.*to_spiking\(neuron, beta"):
        _ = neuron.psp_
    assert not hasattr(neuron, "psp_interval_")
    assert "LogisticNeuron" in neuron._repr_html_()


def test_nothing_is_told_before_the_fit():
    for name in ("psp_", "psp_interval_", "standard_errors_"):
        with pytest.raises(NotFittedError):
            getattr(LogisticNeuron(), name)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"solver": "adam"}, "solver = 'adam' is unknown"),
        ({"ridge": -1.0}, "ridge = -1"),
        ({"tol": 0.0}, "tol = 0 "),
        ({"threshold_distance": np.nan}, "threshold_distance = nan"),
        ({"max_iter": 0}, "max_iter = 0 is below 1"),
    ],
)
def test_parameters_out_of_range_are_refused(parameters, message):
    with pytest.raises(NeurosimError, match=message):
        LogisticNeuron(**parameters).fit(X, Y)


@pytest.mark.parametrize(
    ("trials", "labels", "message"),
    [
        (X, np.zeros(400), r"one class only, \[0\.0\]"),
        (X, np.arange(400) % 3, "Only binary classification"),
        (np.where(X > 2, np.nan, X), Y, "Input X contains NaN: remove such trials"),
        (X[:10], Y, "inconsistent numbers of samples"),
    ],
)
def test_bad_trials_are_refused_in_a_sentence(trials, labels, message):
    with pytest.raises(NeurosimError, match=message):
        LogisticNeuron().fit(trials, labels)


@pytest.mark.parametrize("weights", [-np.ones(400), np.full(400, np.nan), np.ones(3)])
def test_bad_weights_are_refused_in_a_sentence(weights):
    with pytest.raises(NeurosimError, match="sample_weight must hold a finite number from 0"):
        LogisticNeuron().fit(X, Y, weights)


def test_an_activation_without_a_probability_is_refused_in_a_sentence():
    with pytest.raises(NeurosimError, match="'linear' gives no firing probability"):
        LogisticNeuron(activation="linear", loss="squared").fit(X, Y)


def test_too_few_trials_for_firths_penalty_are_told(rng: np.random.Generator):
    few = rng.normal(size=(5, 8))
    with pytest.warns(UserWarning, match="5 trials are few for 8 synapses"):
        neuron = LogisticNeuron(firth=True).fit(few, [0, 1, 0, 1, 1])

    assert np.isnan(neuron.standard_errors_).all()
