"""Trials that some columns tell apart without error: what the other weights are then."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.optimize import linprog
from scipy.special import expit
from statsmodels.api import GLM, add_constant
from statsmodels.genmod.families import Binomial

from bridge import LogisticNeuron, SeparableDataWarning, spike_history
from bridge.learning.design import StandardisedDesign
from bridge.learning.objectives import MeanLoss
from bridge.learning.separation import separable_trials


def refractory(n_bins=20_000, dead=3):
    """A stimulus and six bins of spike history, for a neuron that is silent three bins long."""
    rng = np.random.default_rng(0)
    stimulus, fired, last = rng.normal(size=n_bins), np.zeros(n_bins, int), -dead - 1
    chance, probability = rng.random(n_bins), expit(-3.0 + 0.8 * stimulus)
    for k in range(n_bins):
        if k - last > dead and chance[k] < probability[k]:
            fired[k], last = 1, k
    return np.column_stack([stimulus, spike_history(fired, 6)]), fired


HISTORY, FIRED = refractory()
KEPT = HISTORY[:, 1:4].sum(axis=1) == 0
FINITE = [0, 4, 5, 6]


def reference(columns, fired):
    """Estimates and standard errors of statsmodels."""
    fit = GLM(fired, add_constant(columns), family=Binomial()).fit(tol=1e-14)
    return fit.params, fit.bse


@pytest.mark.parametrize("solver", ["newton", "accelerated"])
@pytest.mark.parametrize("stored", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
def test_refractory_bins_cost_the_other_columns_nothing(solver, stored):
    with pytest.warns(SeparableDataWarning, match=r"columns \[1, 2, 3\].*firth=True") as told:
        neuron = LogisticNeuron(solver=solver).fit(stored(HISTORY), FIRED)
    params, errors = reference(HISTORY[KEPT][:, FINITE], FIRED[KEPT])
    alone = LogisticNeuron().fit(HISTORY[KEPT][:, FINITE], FIRED[KEPT])
    own = np.append(0, 1 + np.array(FINITE))
    near = 3e-4 if solver == "accelerated" else 1e-7

    assert len(told) == 1
    assert told[0].filename == __file__
    assert neuron.unbounded_columns_.tolist() == [1, 2, 3]
    assert neuron.separable_
    assert neuron.converged_
    assert (np.abs(np.append(neuron.intercept_, neuron.coef_)[own] - params) < near * errors).all()
    assert neuron.standard_errors_[own] == pytest.approx(errors, rel=0.1 * near)
    assert neuron.psp_interval_[FINITE] == pytest.approx(alone.psp_interval_, rel=10.0 * near)
    assert np.isnan(neuron.standard_errors_[2:5]).all()
    assert np.isnan(neuron.psp_interval_[1:4]).all()
    # The refractory bins are all but certain, and the others as without them.
    probability = neuron.predict_proba(stored(HISTORY))[:, 1]
    assert probability[~KEPT].max() < 0.01
    assert probability[KEPT] == pytest.approx(
        alone.predict_proba(HISTORY[KEPT][:, FINITE])[:, 1], abs=1e-4
    )


def test_what_firths_penalty_gives_instead_is_as_told():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        neuron = LogisticNeuron(firth=True).fit(HISTORY, FIRED)

    params, errors = reference(HISTORY[KEPT][:, FINITE], FIRED[KEPT])
    assert np.isfinite(neuron.standard_errors_).all()
    assert np.append(neuron.intercept_, neuron.coef_[0, FINITE]) == pytest.approx(
        params, abs=0.2 * errors.max()
    )


@pytest.mark.parametrize("always", [0, 1])
def test_a_rare_input_that_always_tells_leaves_the_others_their_errors(always):
    rng = np.random.default_rng(1)
    x = np.column_stack([rng.normal(size=5000), np.arange(5000) < 4])
    fired = (rng.random(5000) < expit(-1.0 + 0.7 * x[:, 0])).astype(int)
    fired[:4] = always
    with pytest.warns(SeparableDataWarning, match=r"\[1\]"):
        neuron = LogisticNeuron().fit(x, fired)
    params, errors = reference(x[4:, :1], fired[4:])

    assert [neuron.intercept_[0], neuron.coef_[0, 0]] == pytest.approx(params, rel=1e-8)
    assert neuron.standard_errors_[:2] == pytest.approx(errors, rel=1e-8)
    assert np.isnan(neuron.standard_errors_[2])
    assert (neuron.coef_[0, 1] > 3.0) == always


def test_columns_are_named_by_the_names_of_a_table():
    names = ["stimulus", *(f"lag {k}" for k in range(1, 7))]
    with pytest.warns(SeparableDataWarning, match=r"columns \['lag 1', 'lag 2', 'lag 3'\]"):
        LogisticNeuron().fit(pd.DataFrame(HISTORY, columns=names), FIRED)


def test_a_reference_group_without_spikes_leaves_no_dummy_an_estimate_but_the_stimulus():
    rng = np.random.default_rng(2)
    group, x = rng.integers(0, 3, 3000), rng.normal(size=3000)
    fired = (rng.random(3000) < expit(0.5 * x - 0.5)) & (group > 0)
    table = np.column_stack([x, group == 1, group == 2])
    with pytest.warns(SeparableDataWarning, match=r"\[1, 2\] and the intercept"):
        neuron = LogisticNeuron().fit(table, fired)
    params, errors = reference(table[group > 0][:, :2], fired[group > 0])

    assert neuron.coef_[0, 0] == pytest.approx(params[1], rel=1e-8)
    assert neuron.standard_errors_[1] == pytest.approx(errors[1], rel=1e-8)
    assert np.isnan(neuron.standard_errors_[[0, 2, 3]]).all()
    # What the data do tell of the dummies is their difference.
    assert neuron.coef_[0, 1] - neuron.coef_[0, 2] == pytest.approx(params[2], abs=1e-8)


def test_a_column_that_is_open_beside_one_without_bound_gets_the_warning_of_its_own():
    both = np.column_stack([HISTORY, HISTORY[:, 5]])
    with (
        pytest.warns(SeparableDataWarning, match=r"\[1, 2, 3\]"),
        pytest.warns(UserWarning, match=r"do not determine the weights of columns \[5, 7\]"),
    ):
        neuron = LogisticNeuron().fit(both, FIRED)

    assert neuron.unbounded_columns_.tolist() == [1, 2, 3]
    assert np.isfinite(neuron.standard_errors_[[0, 1, 5, 7]]).all()


def test_the_squared_error_has_no_finite_best_weights_there_either():
    with pytest.warns(SeparableDataWarning, match=r"columns \[1, 2, 3\].*a ridge gives finite"):
        neuron = LogisticNeuron(loss="squared").fit(HISTORY, FIRED)
    alone = LogisticNeuron(loss="squared").fit(HISTORY[KEPT][:, FINITE], FIRED[KEPT])

    assert neuron.coef_[0, FINITE] == pytest.approx(alone.coef_[0], abs=1e-5)
    assert neuron.psp_interval_[FINITE] == pytest.approx(alone.psp_interval_, rel=1e-4)


@cache
def tables():
    """Small tables, their signs, and which trials are certain: in some, all or none of them."""
    found = []
    for seed in range(24):
        rng = np.random.default_rng(seed)
        n, k = rng.integers(6, 20), rng.integers(1, 5)
        kinds = (rng.integers(0, 3, (n, k)), rng.random((n, k)) < 0.2, rng.normal(size=(n, k)))
        x, sign = kinds[seed % 3].astype(float), np.where(rng.random(n) < 0.5, 1.0, -1.0)
        if seed % 2:
            sign[x[:, 0] > x[:, 0].mean() + 0.5] = 1.0
        if abs(sign.sum()) < n:
            found.append((x, sign, certain_trials(x, sign)))
    return found


def certain_trials(x, sign):
    """Trials for which some plane with none on its wrong side has a margin, one by one."""
    rows = np.column_stack([np.ones(len(x)), x]) * sign[:, np.newaxis]
    none_wrong = {"A_ub": -rows, "b_ub": np.zeros(len(rows)), "bounds": (-1.0, 1.0)}
    return np.array([-linprog(-row, **none_wrong).fun > 1e-6 for row in rows])


def test_the_trials_found_to_be_certain_are_those_of_linear_programmes():
    kinds = set()
    for x, sign, wanted in tables():
        weights = np.full(len(sign), 1.0 / len(sign))
        objective = MeanLoss(StandardisedDesign.of(x, weights), sign, weights)
        found = separable_trials(objective, np.zeros(x.shape[1] + 1))
        kinds.add("none" if found is None else "all" if wanted.all() else "some")
        assert (wanted == (False if found is None else found)).all()
    assert kinds == {"none", "some", "all"}


def test_a_linear_programme_decides_where_newtons_method_does_not(monkeypatch):
    monkeypatch.setattr("bridge.learning.separation._by_newton", lambda objective, theta: None)
    for x, sign, wanted in tables():
        weights = np.full(len(sign), 1.0 / len(sign))
        for stored in (np.asarray, sparse.csr_array):
            objective = MeanLoss(StandardisedDesign.of(stored(x), weights), sign, weights)
            found = separable_trials(objective, np.zeros(x.shape[1] + 1))
            assert (wanted == (False if found is None else found)).all()
