"""Training: same bits on any threads, its record, its progress, and what is refused or said."""

from __future__ import annotations

import warnings
from contextlib import contextmanager

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit
from sklearn.utils.estimator_checks import check_estimator

from bridge import LogisticNeuron, SeparableDataWarning, to_spiking
from bridge.learning.losses import LOSSES
from neurosim import NeurosimError
from neurosim.utils.progress import no_report

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 3))
Y = RNG.random(400) < expit(X @ [2.0, -1.0, 0.5] - 1.0)
MANY = RNG.normal(size=(70_000, 4))
FIRED = RNG.random(70_000) < expit(MANY @ [1.0, -1.0, 0.5, 0.2] - 1.0)
SMOOTH = [key for key in LOSSES if key[0] != "perceptron"]


@pytest.mark.parametrize("solver", ["newton", "accelerated"])
def test_bits_do_not_depend_on_the_number_of_threads(solver):
    fits = [LogisticNeuron(solver=solver, threads=k).fit(MANY, FIRED) for k in (1, 2, 5)]

    for neuron in fits[1:]:
        assert neuron.coef_.tolist() == fits[0].coef_.tolist()
        assert neuron.covariance_.tolist() == fits[0].covariance_.tolist()
        assert neuron.sandwich_covariance_.tolist() == fits[0].sandwich_covariance_.tolist()
        assert neuron.history_.loss.tolist() == fits[0].history_.loss.tolist()


def test_many_trials_are_begun_on_samples_and_end_at_the_same_minimum():
    neuron = LogisticNeuron(tol=1e-9).fit(MANY, FIRED)
    slow = LogisticNeuron(solver="accelerated", tol=1e-9).fit(MANY, FIRED)
    history = neuron.history_

    assert neuron.coef_ == pytest.approx(slow.coef_, abs=1e-7)
    assert history.gradient_norm[1] < 0.1 * history.gradient_norm[0]
    # The first step is that found on a tenth of the trials, whose rows are counted.
    assert 70_000 + 7_000 < history.rows[1] < 2 * 70_000
    assert (np.diff(history.rows[1:]) == 70_000).all()


@pytest.mark.parametrize("where", [slice(0, 10), slice(None, None, 10)])
def test_trials_whose_sample_misleads_are_fitted_all_the_same(where):
    """Trials of one class first, and every tenth trial with another meaning."""
    fired = FIRED.copy()
    fired[where] = ~fired[where] if where.step else True
    neuron = LogisticNeuron(tol=1e-9).fit(MANY, fired)
    slow = LogisticNeuron(solver="accelerated", tol=1e-9).fit(MANY, fired)

    assert neuron.coef_ == pytest.approx(slow.coef_, abs=1e-7)


@pytest.mark.parametrize("solver", ["newton", "accelerated", "gradient", "stochastic"])
def test_history_leads_in_raw_parameters_from_the_share_that_fired_to_the_fit(solver):
    neuron = LogisticNeuron(solver=solver, tol=1e-2).fit(3.0 * X + 5.0, Y)
    history, share = neuron.history_, Y.mean()

    assert history.trajectory[0] == pytest.approx([np.log(share / (1 - share)), 0, 0, 0], abs=1e-12)
    assert history.trajectory[-1] == pytest.approx(np.append(neuron.intercept_, neuron.coef_))
    assert history.theta == pytest.approx(history.trajectory[-1])
    assert history.rows[0] == history.trajectory_rows[0] == 0
    assert history.rows[-1] == history.trajectory_rows[-1]
    assert len(history.rows) == len(history.loss) == neuron.n_iter_ + 1
    losses = np.logaddexp(0.0, np.where(Y, -1.0, 1.0) * (history.trajectory @ design().T).T[:, -1])
    assert history.loss[-1] == pytest.approx(losses.mean())


def design():
    return np.column_stack([np.ones(400), 3.0 * X + 5.0])


@pytest.mark.parametrize(("loss", "activation"), SMOOTH)
@pytest.mark.parametrize("stored", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
def test_every_solver_finds_the_same_minimum_of_counts(loss, activation, stored):
    rng = np.random.default_rng(6)
    counts = rng.poisson(1.0, (500, 3))
    fired = rng.random(500) < expit(counts @ [1.0, -0.8, 0.6] - 1.0)
    repeats = rng.integers(0, 3, 500)
    options = {"loss": loss, "activation": activation, "tol": 1e-8}
    fits = [
        LogisticNeuron(solver=solver, **options).fit(stored(counts), fired, repeats)
        for solver in ("newton", "accelerated", "gradient")
    ]
    rows = np.repeat(np.arange(500), repeats)
    fits.append(LogisticNeuron(**options).fit(counts[rows], fired[rows]))

    for neuron in fits[1:]:
        assert neuron.coef_ == pytest.approx(fits[0].coef_, abs=1e-5)
        assert np.diag(neuron.sandwich_covariance_) == pytest.approx(
            np.diag(fits[0].sandwich_covariance_), rel=1e-4, nan_ok=True
        )


@pytest.mark.filterwarnings("ignore")  # the checks fit separable and constant data on purpose
@pytest.mark.parametrize(("loss", "activation"), LOSSES)
@pytest.mark.slow
def test_every_loss_keeps_the_contract_of_scikit_learn(loss, activation):
    # The squared error is not convex: in another order it may end in another minimum, and with
    # extreme weights of the classes in one where the neuron is saturated.
    checks = {
        "relu": "check_sample_weight_equivalence_on_sparse_data",
        "sigmoid": "check_class_weight_classifiers",
        "tanh": "check_class_weight_classifiers",
    }
    check = checks.get(activation) if loss == "squared" else None
    expected = {check: "more than one minimum"} if check else {}
    neuron = LogisticNeuron(loss=loss, activation=activation, max_iter=100)
    check_estimator(neuron, on_skip=None, expected_failed_checks=expected)


def test_tanh_is_the_sigmoid_of_twice_the_score():
    sigmoid = LogisticNeuron(tol=1e-10).fit(X, Y)
    tanh = LogisticNeuron(activation="tanh", tol=1e-10).fit(X, Y)

    assert 2.0 * tanh.coef_ == pytest.approx(sigmoid.coef_, abs=1e-8)
    assert tanh.predict_proba(X) == pytest.approx(sigmoid.predict_proba(X), abs=1e-9)
    assert tanh.psp_interval_ == pytest.approx(sigmoid.psp_interval_, rel=1e-6)
    assert to_spiking(tanh, noise="escape").firing_probability(X) == pytest.approx(
        sigmoid.predict_proba(X)[:, 1], abs=1e-9
    )


def test_sandwich_of_the_squared_error_holds_the_spread_of_repeated_fits():
    """Of 300 fits the variance is known to √(2/300) = 8 %: four of that are allowed."""
    rng = np.random.default_rng(3)
    weights, estimates, said = np.array([1.0, -1.0]), [], []
    for _ in range(300):
        x = rng.normal(size=(1500, 2))
        neuron = LogisticNeuron(loss="squared", tol=1e-9)
        neuron.fit(x, rng.random(1500) < expit(x @ weights - 0.5))
        estimates.append(np.append(neuron.intercept_, neuron.coef_))
        said.append(np.diag(neuron.sandwich_covariance_))

    assert np.mean(said, axis=0) == pytest.approx(np.var(estimates, axis=0), rel=4 * 0.082)
    assert np.isnan(neuron.covariance_).all()


def test_relu_fires_with_its_clipped_score_and_no_interval():
    neuron = LogisticNeuron(loss="squared", activation="relu").fit(X, Y)
    score = X @ neuron.coef_[0] + neuron.intercept_[0]

    assert neuron.predict_proba(X)[:, 1] == pytest.approx(np.clip(score, 0.0, 1.0))
    assert (neuron.predict(X) == (score > 0.5)).all()
    assert np.isnan(neuron.standard_errors_).all()
    with pytest.raises(NeurosimError, match="'relu' is not logistic"):
        to_spiking(neuron)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_squared_error_that_falls_for_ever_is_told_and_gets_a_ridge(activation):
    x = np.linspace(-1.0, 1.0, 60)[:, None]
    options = {"loss": "squared", "activation": activation}
    with pytest.warns(SeparableDataWarning, match="the classes are separable"):
        assert LogisticNeuron(**options).fit(x, x[:, 0] > 0.1).separable_

    stray = x[:, 0] > 0.1
    stray[:3] = True
    with pytest.warns(SeparableDataWarning, match="loss decreases with growing weights"):
        neuron = LogisticNeuron(**options).fit(x, stray)
    assert not neuron.separable_
    assert np.isnan(neuron.sandwich_covariance_).all()


def test_too_few_trials_that_overlap_leave_weights_open_and_say_so():
    x = np.array([[0.0, 1.0, 2.0], [0.0, 1.0, 2.0], [1.0, 0.0, 5.0], [1.0, 0.0, 5.0]])
    with pytest.warns(UserWarning, match=r"do not determine the weights of columns \[0, 1, 2\]"):
        neuron = LogisticNeuron().fit(x, [0, 1, 0, 1])

    assert np.isnan(neuron.standard_errors_).all()


def test_a_descent_that_stops_early_is_not_taken_for_separable_by_a_long_programme(monkeypatch):
    def never(objective):
        raise AssertionError("the linear programme was asked")

    monkeypatch.setattr("bridge.learning.separation.separating_plane", never)
    assert not LogisticNeuron(tol=0.2).fit(X, Y).separable_


@pytest.mark.parametrize(("progress", "shown"), [(True, True), (False, False), (None, False)])
def test_the_completed_fraction_is_reported_on_request(monkeypatch, progress, shown):
    fractions = []

    @contextmanager
    def bar(total, *, show, **options):
        assert (total, show) == (1.0, progress)
        yield fractions.append if show else no_report

    monkeypatch.setattr("bridge.learning.training.progress_bar", bar)
    LogisticNeuron(progress=progress, solver="gradient").fit(X, Y)
    assert fractions == sorted(fractions)
    assert (len(fractions) > 1) == shown
    assert fractions[-1:] == [1.0] * shown


def test_share_of_the_way_grows_to_one():
    from bridge import accelerated_descent
    from bridge.learning.design import StandardisedDesign
    from bridge.learning.objectives import MeanLoss

    weights, shares = np.full(400, 1 / 400), []
    objective = MeanLoss(StandardisedDesign.of(X, weights), np.where(Y, 1.0, -1.0), weights)
    accelerated_descent(objective, np.zeros(4), callback=shares.append)

    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert (np.diff(shares) >= 0).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"loss": "squared", "firth": True}, "'squared' is not: give loss='cross-entropy'"),
        ({"firth": True, "ridge": 0.1}, "are two penalties"),
        ({"firth": True, "solver": "stochastic"}, "give solver='newton'"),
        ({"loss": "perceptron"}, "give loss='cross-entropy' or 'squared'"),
        (
            {"loss": "perceptron", "activation": "step", "solver": "newton"},
            "whose slope is discontinuous",
        ),
        ({"loss": "perceptron", "activation": "step", "ridge": 0.1}, "give ridge=0"),
        ({"threads": 0}, "threads = 0 is below 1"),
        ({"threads": 1.5}, "threads = 1.5 is not a whole number"),
        ({"solver": "stochastic", "random_state": "x"}, "random_state = 'x' is not a seed"),
        ({"max_iter": True}, "max_iter = True is not a whole number"),
    ],
)
def test_parameters_at_odds_are_refused_in_a_sentence(parameters, message):
    with pytest.raises(NeurosimError, match=message):
        LogisticNeuron(**parameters).fit(X, Y)


def test_long_lists_of_columns_are_cut():
    with pytest.warns(UserWarning, match=r"columns \[3, 4, .*, 12\] and 10 more are constant"):
        LogisticNeuron().fit(np.column_stack([X, np.ones((400, 20))]), Y)


def test_many_columns_are_trained_without_their_covariance():
    random = np.random.default_rng(1)
    x = sparse.csr_array(random.random((300, 2500)) * (random.random((300, 2500)) < 0.05))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        neuron = LogisticNeuron(ridge=0.01).fit(x, np.arange(300) % 2)

    assert neuron.converged_
    assert neuron.covariance_.shape == (2501, 2501)
    assert np.isnan(neuron.standard_errors_).all()


def test_newtons_method_refuses_columns_whose_products_no_memory_holds():
    x = sparse.eye_array(4, 30_000, format="csr")
    with (
        pytest.warns(UserWarning, match="are constant"),
        pytest.raises(NeurosimError, match="7 GB for 30000 columns: give solver='accelerated'"),
    ):
        LogisticNeuron(solver="newton").fit(x, [0, 1, 0, 1])
