"""The passes that never make the design matrix against the design matrix."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from bridge import LogisticNeuron
from bridge.inference import SynapticKernel, bin_trains, infer_synapses
from bridge.recordings.glm import kernels
from bridge.recordings.glm.covariates import Covariates
from bridge.recordings.glm.likelihood import Likelihood, fit, prior_variance
from bridge.recordings.glm.spike_history import SpikeHistory

DURATION = 6000.0
KERNELS = (
    SynapticKernel((10.0,)),
    SynapticKernel((2.0, 20.0), (-0.5, 1.0), delay=3.0),
)


@pytest.fixture(scope="module")
def recording() -> list[np.ndarray]:
    """Five neurons at 10 to 40 Hz, the last kicked by the first."""
    rng = np.random.default_rng(3)
    trains = []
    for rate in (15.0, 40.0, 10.0, 25.0):
        fired = np.flatnonzero(rng.random(6000) < rate / 1e3)
        trains.append(fired + 0.5)
    kicked = np.unique(np.concatenate([trains[0] + 2.0, rng.integers(0, 5990, 60) + 0.5]))
    return [*trains, kicked[kicked < 6000.0]]


def design(covariates: Covariates, past: SpikeHistory) -> np.ndarray:
    """The filtered spikes of all neurons, one bin after the other; shape (n_bins, n)."""
    trains = covariates.trains
    counts = np.zeros((trains.n_bins, trains.n_neurons))
    np.add.at(counts, (trains.bins, trains.ids), 1.0)
    held = past.held if len(past.held) else np.zeros(trains.n_bins)
    state = np.zeros((len(covariates.decays), trains.n_neurons))
    rows = []
    for t in range(trains.n_bins):
        arrived = counts[t - covariates.delay] if t >= covariates.delay else 0.0
        state = (1.0 - held[t]) * (covariates.decays[:, None] * state + arrived)
        rows.append(covariates.shares @ state)
    return np.array(rows)


def parts(recording, kernel, place=4, history=50.0, reset=None) -> Likelihood:
    covariates = Covariates(bin_trains(recording, DURATION), kernel)
    return Likelihood(covariates, place, SpikeHistory.of(covariates, place, history, reset))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("reset", [None, 4.0])
def test_loss_and_gradient_are_those_of_the_design_matrix(recording, kernel, reset):
    likelihood = parts(recording, kernel, reset=reset)
    past, x = likelihood.past, design(likelihood.covariates, likelihood.past)
    rng = np.random.default_rng(1)
    weights, base = rng.normal(0.0, 0.7, 5), rng.normal(-4.0, 0.3, len(past.spikes))
    weights[4] = 0.0
    loss, by_class, gradient = likelihood.value_and_gradient(base, weights)

    fired = np.zeros(len(x))
    fired[past.fired] = 1.0
    score = np.append(base, kernels.NEVER)[past.classes] + x @ weights
    residual = expit(score) - fired
    assert loss == pytest.approx(float((np.logaddexp(0.0, score) - fired * score).sum()), rel=1e-12)
    expected = x.T @ residual
    expected[4] = 0.0
    np.testing.assert_allclose(gradient, expected, atol=1e-8)
    classes = np.bincount(past.classes, residual, len(past.base))
    np.testing.assert_allclose(by_class, classes[:-1], atol=1e-8)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("reset", [None, 4.0])
def test_squares_are_those_of_the_design_matrix(recording, kernel, reset):
    likelihood = parts(recording, kernel, reset=reset)
    x = design(likelihood.covariates, likelihood.past)
    values = np.random.default_rng(2).random(len(x))
    found = kernels.adjoint_of_squares(*likelihood._inputs, values, 5)
    np.testing.assert_allclose(found, values @ x**2, rtol=1e-10)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.slow
def test_the_covariance_comes_from_pairs_of_spikes(recording, kernel):
    likelihood = parts(recording, kernel)
    x = design(likelihood.covariates, likelihood.past)
    # What runs out at the end of the recording is counted in full: up to 100 ms of 6 s.
    np.testing.assert_allclose(likelihood.covariates.covariance, np.cov(x.T, bias=True), atol=0.01)


@pytest.mark.parametrize("reset", [None, 4.0])
def test_the_fit_is_that_of_the_logistic_neuron_on_the_design_matrix(recording, reset):
    likelihood = parts(recording, KERNELS[0], reset=reset)
    past, x = likelihood.past, design(likelihood.covariates, likelihood.past)
    possible = past.classes < len(past.spikes)
    classes = np.eye(len(past.spikes))[past.classes[possible]]
    columns = np.column_stack([x[possible][:, :4], classes[:, :-1]])
    fired = np.isin(np.flatnonzero(possible), past.fired)
    exact = LogisticNeuron(solver="newton", tol=1e-13).fit(columns, fired)
    weights = np.append(exact.coef_[0, :4], 0.0)
    base = exact.intercept_[0] + np.append(exact.coef_[0, 4:], 0.0)

    _, by_class, gradient = likelihood.value_and_gradient(base, weights)
    assert np.abs(by_class).max() < 1e-8
    assert np.abs(gradient).max() < 1e-8
    found = fit(likelihood, 0.0, tol=1e-7)
    np.testing.assert_allclose(found.weights, weights, atol=1e-8)
    assert found.intercept == pytest.approx(exact.intercept_[0], abs=1e-8)
    # The errors take weights to be correlated as the covariates are; that of the strong one, which
    # shares information with the own past that follows its kicks, is rough.
    errors = np.sqrt(found.sampling[:4])
    np.testing.assert_allclose(errors[1:], exact.standard_errors_[2:5], rtol=0.06)
    assert errors[0] == pytest.approx(exact.standard_errors_[1], rel=0.35)


def test_exponentials_are_right_to_the_last_bits():
    x = np.linspace(-700.0, 300.0, 40_001)
    values, powers = x.copy(), np.empty_like(x)
    kernels.exponentials(values, powers, powers.view(np.int64))
    np.testing.assert_allclose(values, np.exp(x), rtol=4e-16)


def test_lags_are_counted_one_by_one(recording):
    trains = bin_trains(recording, DURATION)
    counts = np.zeros((5, 5, 9), dtype=np.int32)
    kernels.count_lags(trains.ids, trains.starts, -4, 4, counts)
    first, second = trains.fired(1), trains.fired(3)
    expected = [int((second - first[:, None] == lag).sum()) for lag in range(-4, 5)]
    assert counts[1, 3].tolist() == expected


def test_the_prior_is_as_wide_as_the_weights_where_scores_are_exact():
    rng = np.random.default_rng(5)
    mixed = rng.normal(size=(40, 40))
    covariance = mixed @ mixed.T / 40 * 1e-3
    spreads = rng.uniform(2e3, 6e3, 400)
    weights = rng.normal(0.0, 0.4, (400, 40))
    noise = rng.multivariate_normal(np.zeros(40), covariance, 400)
    scores = spreads[:, None] * (weights @ covariance) + np.sqrt(spreads)[:, None] * noise
    places = rng.integers(0, 40, 400)
    found = prior_variance(scores, spreads, places, covariance)
    # 16,000 weights in 40 correlated directions: a relative error of about 3 %, here four times.
    assert found == pytest.approx(0.16, rel=0.12)


def test_results_do_not_depend_on_the_number_of_threads(recording):
    one, three = (infer_synapses(recording, DURATION, threads=n) for n in (1, 3))
    for name in ("weights", "standard_errors", "z", "intercepts", "evaluations"):
        assert getattr(one, name).tobytes() == getattr(three, name).tobytes()


def test_variances_are_those_of_the_inverse_matrices(recording):
    covariates = parts(recording, KERNELS[0]).covariates
    h = 200.0 * covariates.covariance
    for prior in (0.0, 3.0):
        inverse = np.linalg.inv(h + prior * np.eye(5))
        sampling, posterior = covariates.variances(np.diag(h), prior)
        np.testing.assert_allclose(posterior, np.diag(inverse), rtol=1e-9)
        np.testing.assert_allclose(sampling, np.diag(inverse @ h @ inverse), rtol=1e-9)
