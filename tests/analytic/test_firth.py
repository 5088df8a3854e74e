"""Firth's penalty against its closed form for tables of two by two."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from bridge import LogisticNeuron

TABLES = pytest.mark.parametrize(
    "table",
    [[[5, 7], [9, 2]], [[12, 0], [3, 9]], [[6, 0], [0, 8]]],
    ids=["full", "zero", "diagonal"],
)


def trials_of(table):
    """Columns: trials without and with the input; rows: silent and fired."""
    cells = [(0, 0), (0, 1), (1, 0), (1, 1)]
    x = np.array([[float(column)] for _, column in cells])
    y = np.array([row for row, _ in cells])
    return x, y, np.array([table[row][column] for row, column in cells], dtype=float)


@TABLES
def test_a_saturated_fit_adds_half_a_trial_to_each_cell(table):
    """Firth 1993, section 3.1: the log-odds are those of the table with 1/2 added to each cell."""
    x, y, counts = trials_of(table)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        neuron = LogisticNeuron(firth=True, tol=1e-12).fit(x, y, counts)
    (silent0, silent1), (fired0, fired1) = np.array(table) + 0.5
    at_rest = np.log(fired0 / silent0)

    assert neuron.intercept_[0] == pytest.approx(at_rest, abs=1e-9)
    assert neuron.coef_[0, 0] == pytest.approx(np.log(fired1 / silent1) - at_rest, abs=1e-9)


@TABLES
def test_standard_errors_are_those_of_the_information_at_the_estimate(table):
    x, y, counts = trials_of(table)
    neuron = LogisticNeuron(firth=True, tol=1e-12).fit(x, y, counts)
    n = np.sum(table, axis=0)
    p = (np.array(table[1]) + 0.5) / (n + 1.0)
    variance = 1.0 / (n * p * (1.0 - p))

    assert neuron.standard_errors_**2 == pytest.approx([variance[0], variance.sum()], rel=1e-8)
    assert np.isfinite(neuron.sandwich_covariance_).all()


def test_separable_classes_get_a_finite_fit_and_are_told_apart():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(60, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        neuron = LogisticNeuron(firth=True).fit(x, x[:, 0] > 0.4)

    assert neuron.separable_
    assert neuron.converged_
    assert np.isfinite(neuron.coef_).all()
    assert np.isfinite(neuron.psp_interval_).all()


def test_tanh_has_half_the_weights_of_sigmoid():
    x, y, counts = trials_of([[5, 7], [9, 2]])
    sigmoid = LogisticNeuron(firth=True, tol=1e-12).fit(x, y, counts)
    tanh = LogisticNeuron(firth=True, tol=1e-12, activation="tanh").fit(x, y, counts)

    assert 2.0 * tanh.coef_ == pytest.approx(sigmoid.coef_, abs=1e-8)
    assert 2.0 * tanh.standard_errors_ == pytest.approx(sigmoid.standard_errors_, rel=1e-8)
    assert tanh.predict_proba(x) == pytest.approx(sigmoid.predict_proba(x), abs=1e-9)


def test_a_constant_column_and_twins_do_no_harm():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(50, 2))
    y = rng.random(50) < 0.5
    alone = LogisticNeuron(firth=True, tol=1e-10).fit(x, y)
    with pytest.warns(UserWarning, match="are constant"):
        padded = LogisticNeuron(firth=True, tol=1e-10).fit(np.column_stack([x, np.ones(50)]), y)

    assert padded.coef_[0, :2] == pytest.approx(alone.coef_[0], abs=1e-8)
