"""Weights of classes, fits without intercept, the label that means a spike, and tables."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import check_estimator
from statsmodels.api import GLM, add_constant
from statsmodels.genmod.families import Binomial

from bridge import LogisticNeuron, to_spiking
from neurosim import NeurosimError

RNG = np.random.default_rng(0)
X = RNG.normal([1.0, 0.0, -2.0], 1.0, (600, 3))
Y = RNG.random(600) < expit(X @ [1.0, -1.0, 0.5] - 1.0)
STORED = pytest.mark.parametrize("stored", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])


@pytest.mark.filterwarnings("ignore")  # the checks fit separable and constant data on purpose
@pytest.mark.parametrize("options", [{"fit_intercept": False}, {"class_weight": "balanced"}])
def test_options_keep_the_contract_of_scikit_learn(options):
    # A plane through the origin has no side for all trials (scikit-learn's own fits fail, too).
    through = {"check_class_weight_classifiers": "asks for a constant prediction"}
    expected = {} if options.get("fit_intercept", True) else through
    check_estimator(LogisticNeuron(**options), on_skip=None, expected_failed_checks=expected)


@STORED
@pytest.mark.parametrize("solver", ["newton", "accelerated", "gradient"])
@pytest.mark.parametrize("weights", ["balanced", {False: 0.5, True: 3.0}])
def test_weights_of_classes_are_those_of_scikit_learn(stored, solver, weights):
    neuron = LogisticNeuron(class_weight=weights, solver=solver, tol=1e-8).fit(stored(X), Y)
    theirs = LogisticRegression(C=np.inf, class_weight=weights, tol=1e-10, max_iter=1000)
    theirs.fit(X, Y)

    assert neuron.coef_ == pytest.approx(theirs.coef_, abs=1e-4)
    assert neuron.intercept_ == pytest.approx(theirs.intercept_, abs=1e-4)


def test_the_sandwich_takes_the_weights_of_classes_for_no_repetitions(rng: np.random.Generator):
    """Against statsmodels' robust errors of weights of variance; repetitions are repeated rows."""
    counts = rng.integers(0, 3, 600)
    neuron = LogisticNeuron(class_weight="balanced").fit(X, Y, counts)
    x, y = np.repeat(X, counts, axis=0), np.repeat(Y, counts)
    factors = np.where(y, len(y) / (2 * y.sum()), len(y) / (2 * (~y).sum()))
    model = GLM(y.astype(int), add_constant(x), family=Binomial(), var_weights=factors)
    theirs = model.fit(tol=1e-14, cov_type="HC0")
    repeated = LogisticNeuron(class_weight="balanced").fit(x, y)

    assert np.append(neuron.intercept_, neuron.coef_) == pytest.approx(theirs.params, rel=1e-8)
    assert np.sqrt(np.diag(neuron.sandwich_covariance_)) == pytest.approx(theirs.bse, rel=1e-6)
    assert neuron.sandwich_covariance_ == pytest.approx(repeated.sandwich_covariance_, rel=1e-8)
    assert np.isnan(neuron.standard_errors_).all()


@STORED
@pytest.mark.parametrize("solver", ["newton", "accelerated", "gradient"])
def test_a_fit_without_intercept_is_that_of_statsmodels(stored, solver):
    columns = np.column_stack([X, np.ones(600)])  # a column of ones is an intercept
    theirs = GLM(Y.astype(int), columns, family=Binomial()).fit(tol=1e-14, cov_type="HC0")
    wald = GLM(Y.astype(int), columns, family=Binomial()).fit(tol=1e-14).bse
    neuron = LogisticNeuron(fit_intercept=False, solver=solver, tol=1e-9)
    neuron.fit(stored(columns), Y)

    assert neuron.intercept_ == 0.0
    assert neuron.coef_[0] == pytest.approx(theirs.params, rel=1e-5)
    assert neuron.standard_errors_ == pytest.approx([0.0, *wald], rel=1e-5)
    robust = np.sqrt(np.diag(neuron.sandwich_covariance_))
    assert robust == pytest.approx([0.0, *theirs.bse], rel=1e-5)
    assert (neuron.history_.trajectory[:, 0] == 0.0).all()
    assert neuron.predict_proba(stored(columns))[:, 1] == pytest.approx(
        expit(columns @ theirs.params)
    )


@STORED
def test_stochastic_descent_leaves_an_intercept_that_is_not_wanted_at_0(stored):
    neuron = LogisticNeuron(fit_intercept=False, solver="stochastic", tol=3e-3, batch_size=32)
    neuron.fit(stored(X), Y)
    best = LogisticNeuron(fit_intercept=False).fit(X, Y)

    assert neuron.intercept_ == 0.0
    assert (np.abs(neuron.coef_[0] - best.coef_[0]) < best.standard_errors_[1:]).all()


def test_firths_penalty_without_intercept_adds_half_a_trial_to_each_cell():
    """Firth 1993, section 3.1, of two groups with a column each."""
    group = np.repeat([0, 1], [14, 9])
    fired = np.r_[np.repeat([0, 1], [5, 9]), np.repeat([0, 1], [7, 2])]
    neuron = LogisticNeuron(firth=True, fit_intercept=False)
    neuron.fit(np.column_stack([group == 0, group == 1]), fired)

    assert neuron.coef_[0] == pytest.approx(np.log([9.5 / 5.5, 2.5 / 7.5]), abs=1e-8)


def test_columns_of_zeros_alone_have_no_weight_without_intercept():
    with pytest.warns(UserWarning, match=r"columns \[3\] are 0 in every trial"):
        neuron = LogisticNeuron(fit_intercept=False).fit(np.column_stack([X, np.zeros(600)]), Y)

    assert neuron.coef_[0, 3] == 0.0
    assert np.isfinite(neuron.standard_errors_[:4]).all()


def test_separable_classes_are_found_without_intercept():
    with pytest.warns(UserWarning, match="the classes are separable"):
        neuron = LogisticNeuron(fit_intercept=False).fit(X, X @ [1.0, 2.0, 3.0] > 0)
    assert neuron.separable_
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Of a plane through the origin they are not.
        assert not LogisticNeuron(fit_intercept=False).fit(X[:, :1], X[:, 0] > 0.7).separable_


def test_logarithms_of_probabilities_do_not_drown():
    neuron = LogisticNeuron().fit(X, Y)
    far = 1e3 * np.sign(neuron.coef_)
    logs = neuron.predict_log_proba(np.vstack([X, far]))

    assert logs[:-1] == pytest.approx(np.log(neuron.predict_proba(X)))
    assert logs[-1, 0] == pytest.approx(-neuron.decision_function(far)[0])
    step = LogisticNeuron(loss="perceptron", activation="step", solver="gradient", max_iter=3)
    with pytest.warns(UserWarning, match="are misclassified"):
        step.fit(X, Y)
    assert set(np.unique(step.predict_log_proba(X))) == {-np.inf, 0.0}


def test_the_label_that_means_a_spike_can_be_named():
    words = np.where(Y, "fired", "silent")
    neuron = LogisticNeuron(pos_label="fired").fit(X, words)
    numbers = LogisticNeuron().fit(X, Y)

    assert neuron.classes_.tolist() == ["fired", "silent"]  # sorted, as scikit-learn asks
    assert neuron.pos_label_ == "fired"
    assert neuron.coef_.tolist() == numbers.coef_.tolist()
    assert neuron.predict_proba(X)[:, 0].tolist() == numbers.predict_proba(X)[:, 1].tolist()
    assert neuron.predict_log_proba(X)[:, 0] == pytest.approx(np.log(neuron.predict_proba(X)[:, 0]))
    assert neuron.decision_function(X).tolist() == (-numbers.decision_function(X)).tolist()
    assert (neuron.predict(X) == np.where(numbers.predict(X), "fired", "silent")).all()
    assert to_spiking(neuron).psps == pytest.approx(to_spiking(numbers).psps)
    options = {"scoring": "roc_auc", "error_score": "raise"}
    scores = cross_val_score(neuron, X, words, **options)
    assert scores == pytest.approx(cross_val_score(numbers, X, Y, **options))


@pytest.mark.parametrize(("label", "labels"), [(0, [0, 1]), (-1, [-1, 1]), (False, [False, True])])
def test_the_smaller_number_may_mean_a_spike(label, labels):
    neuron = LogisticNeuron(pos_label=label).fit(X, np.where(Y, *labels))
    assert neuron.coef_ == pytest.approx(LogisticNeuron().fit(X, Y).coef_)


def test_tables_go_in_and_come_out():
    names = ["apical", "basal", "soma"]
    table = pd.DataFrame(X, columns=names, index=np.arange(600) + 7)
    label = pd.Series(np.where(Y, "fired", "silent"), index=table.index, dtype="category")
    weights = pd.Series(np.ones(600), index=table.index)
    neuron = LogisticNeuron(pos_label="fired").fit(table, label, weights)
    found = neuron.summary()

    assert neuron.feature_names_in_.tolist() == names
    assert found.index.tolist() == ["intercept", *names]
    assert found.weight.tolist() == [*neuron.intercept_, *neuron.coef_[0]]
    assert found.standard_error.tolist() == neuron.standard_errors_.tolist()
    assert (found.upper - found.lower).to_numpy() == pytest.approx(
        3.92 * found.standard_error, 1e-3
    )
    assert found.psp[1:].tolist() == neuron.psp_.tolist()
    assert (
        found[["psp_lower", "psp_upper"]].to_numpy()[1:].tolist() == neuron.psp_interval_.tolist()
    )
    assert np.isnan(found.psp["intercept"])
    assert LogisticNeuron().fit(X, ~Y).summary().psp.isna().all()  # fires at rest
    assert LogisticNeuron().fit(X, Y).summary().index.tolist() == ["intercept", "x0", "x1", "x2"]


def test_a_summary_without_pandas_is_refused(monkeypatch):
    neuron = LogisticNeuron().fit(X, Y)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(NeurosimError, match="install pandas"):
        neuron.summary()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"class_weight": "even"}, "class_weight = 'even' is unknown"),
        ({"class_weight": {2: 1.0}}, r"the label 2, which is not in"),
        ({"class_weight": {True: -1.0}}, r"class_weight = -1.0 for True is not a finite number"),
        ({"class_weight": {True: "x"}}, r"class_weight = 'x' for True is not a finite number"),
        ({"class_weight": "balanced", "firth": True}, "give class_weight=None, or firth=False"),
        ({"pos_label": "fired"}, r"pos_label = 'fired' is not one of the labels \[False, True\]"),
        ({"ridge": "much"}, "ridge = 'much' is not a number"),
        ({"tol": None}, "tol = None is not a number"),
    ],
)
def test_options_without_meaning_are_refused(options, message):
    with pytest.raises(NeurosimError, match=message):
        LogisticNeuron(**options).fit(X, Y)
