"""Slow drives, smoothing and residual checks against dense references."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.special import expit

from bridge.inference import bin_trains
from bridge.recordings import Family, RaisedCosines, Steps
from bridge.recordings.glm import kernels
from bridge.recordings.glm.covariates import Covariates
from bridge.recordings.glm.likelihood import Likelihood
from bridge.recordings.glm.spike_history import HistoryBasis, SpikeHistory
from bridge.recordings.slow.drives import Drive, SlowDrive, Stimulus
from bridge.recordings.slow.shared import SharedCounts, SharedDrive, SharedDrives
from bridge.recordings.slow.smoothing import (
    LEVEL_PRECISION,
    PlainCounts,
    banded_product,
    difference_prior,
    smooth,
    smooth_at,
)

N_BINS, SPACING = 3030, 100


def dense_interpolation(n_bins: int, spacing: int) -> np.ndarray:
    """Matrix from knots, in the middle of segments, to bins."""
    n_knots = -(-n_bins // spacing)
    knots = np.arange(n_knots) * spacing + 0.5 * (spacing - 1)
    return np.stack([np.interp(np.arange(n_bins), knots, row) for row in np.eye(n_knots)], axis=1)


@pytest.mark.parametrize(("n_bins", "spacing"), [(1000, 100), (1003, 7), (50, 60), (37, 1)])
def test_interpolation_is_linear_between_the_middles_of_segments(n_bins, spacing):
    dense = dense_interpolation(n_bins, spacing)
    rng = np.random.default_rng(1)
    knots, values, residual = rng.normal(size=dense.shape[1]), np.empty(n_bins), rng.random(n_bins)
    kernels.interpolate(knots, spacing, values)
    np.testing.assert_allclose(values, dense @ knots, atol=1e-12)
    found = kernels.adjoint_of_interpolate(residual, spacing, len(knots))
    np.testing.assert_allclose(found, residual @ dense, atol=1e-11)


@pytest.fixture(scope="module")
def covariates() -> Covariates:
    """Four neurons at 15 to 40 Hz, the second absent for a third of the time."""
    rng = np.random.default_rng(3)
    rates = (0.02, 0.04, 0.015, 0.03)
    trains = [np.flatnonzero(rng.random(N_BINS) < rate) + 0.5 for rate in rates]
    trains[1] = trains[1][trains[1] < 2000.0]
    absent = np.zeros((-(-N_BINS // SPACING), 4))
    absent[20:, 1] = 1.0
    observed = np.array([N_BINS, 2000, N_BINS, N_BINS], dtype=float)
    basis = RaisedCosines(3, 40.0).matrix(1.0)
    return Covariates(bin_trains(trains, float(N_BINS)), basis, None, None, absent, observed)


@pytest.fixture(scope="module")
def likelihood(covariates) -> Likelihood:
    """The last neuron with a shared drive, a baseline and a stimulus of two features."""
    rng = np.random.default_rng(5)
    family = Family.of("bernoulli", "logit")
    history = HistoryBasis(Steps((0.0, 5.0, 20.0, 50.0)).matrix(1.0), last_spike_only=True)
    past = SpikeHistory.of(covariates, 3, history, family)
    found = Likelihood(covariates, 3, past, family)
    expected = expit(found.scores(past.intercept, past.weights, np.zeros((4, 3))))
    shared = np.cumsum(rng.normal(size=(-(-N_BINS // SPACING), 1)), axis=0)
    slow = SlowDrive.of(past.fired, expected, SPACING, 0.2 * (shared - shared.mean()), 5)
    stimulus = Stimulus.of(rng.normal(size=(N_BINS, 2)))
    found.drive = Drive(covariates, past, slow, stimulus)
    return found


def filtered(covariates: Covariates) -> np.ndarray:
    """The filtered spikes, shape (n_bins, n, n_functions)."""
    trains = covariates.trains
    counts = np.zeros((trains.n_bins, trains.n_neurons))
    np.add.at(counts, (trains.bins, trains.ids), 1.0)
    functions = np.vstack([np.zeros(covariates.n_functions), covariates.basis]).T
    columns = [[np.convolve(one, f)[: trains.n_bins] for f in functions] for one in counts.T]
    return np.array(columns).transpose(2, 0, 1)


@pytest.mark.slow
def test_the_drive_is_that_of_the_dense_design(likelihood):
    drive, covariates, past = likelihood.drive, likelihood.covariates, likelihood.past
    rng = np.random.default_rng(7)
    course, gains, gamma = rng.normal(size=drive.n_knots), np.array([0.7]), np.array([0.3, -0.2])
    weights, history = rng.normal(0.0, 0.5, (4, 3)), rng.normal(0.0, 0.5, past.n_weights)
    weights[3] = 0.0
    segments = dense_interpolation(len(drive.slow.shared), 5) @ course + drive.slow.shared @ gains
    by_bin = dense_interpolation(N_BINS, SPACING) @ segments + drive.stimulus.values @ gamma
    # The second neuron's input is its mean while it is absent.
    mean = covariates.rates[1] * (covariates.area @ weights[1])
    by_bin += dense_interpolation(N_BINS, SPACING) @ covariates.absent[:, 1] * mean
    log_odds = drive.log_odds(np.concatenate([course, gains, gamma]), weights)
    np.testing.assert_allclose(log_odds, by_bin, atol=1e-11)

    loss, *_ = likelihood.value_and_gradient(-3.5, history, weights, log_odds)
    fired = np.zeros(N_BINS)
    fired[past.fired] = 1.0
    own = np.array([row.copy() for row in likelihood.history_rows()]).T
    score = -3.5 + by_bin + own @ history + np.einsum("tjk,jk->t", filtered(covariates), weights)
    assert loss == pytest.approx(float((np.logaddexp(0.0, score) - fired * score).sum()), rel=1e-12)


@pytest.mark.slow
def test_gradients_of_the_drive_are_those_of_finite_differences(likelihood):
    drive, past = likelihood.drive, likelihood.past
    rng = np.random.default_rng(9)
    point, weights = rng.normal(0.0, 0.3, drive.size), rng.normal(0.0, 0.5, (4, 3))
    weights[3] = 0.0
    rest = past.intercept, past.weights

    def loss(point: np.ndarray, weights: np.ndarray) -> float:
        parameters = drive.from_scaled(point)
        log_odds = drive.log_odds(parameters, weights)
        value = likelihood.value_and_gradient(*rest, weights, log_odds)[0]
        return value + drive.penalty(parameters)[0]

    parameters = drive.from_scaled(point)
    log_odds = drive.log_odds(parameters, weights)
    gradient = likelihood.value_and_gradient(*rest, weights, log_odds)[3]
    by_drive, by_weight = drive.gradient(likelihood.residual)
    by_drive = drive.to_scaled(by_drive + drive.penalty(parameters)[1])
    by_weight = (gradient + by_weight)[:3].ravel()
    for k, step in enumerate(1e-5 * np.eye(drive.size)):
        slope = (loss(point + step, weights) - loss(point - step, weights)) / 2e-5
        assert by_drive[k] == pytest.approx(slope, abs=1e-4)
    for k, step in enumerate(1e-5 * np.eye(12).reshape(12, 4, 3)[:9]):
        slope = (loss(point, weights + step) - loss(point, weights - step)) / 2e-5
        assert by_weight[k] == pytest.approx(slope, abs=1e-4)


def test_smoothing_is_the_mode_and_evidence_of_the_dense_posterior():
    rng = np.random.default_rng(2)
    expected = rng.uniform(1.0, 4.0, 40)
    spikes = rng.poisson(expected * np.exp(np.sin(np.arange(40) / 6.0))).astype(float)
    found = smooth(PlainCounts(spikes, expected), 40)
    difference = np.diff(np.eye(40), 2, axis=0)
    prior = difference.T @ difference * 10.0 ** (-2.0 * found.log_sd) + LEVEL_PRECISION * np.eye(40)
    bands = difference_prior(40, found.log_sd)
    vector = rng.normal(size=40)
    np.testing.assert_allclose(banded_product(bands, vector), prior @ vector, rtol=1e-9)
    rates = expected * np.exp(found.course)
    np.testing.assert_allclose(rates - spikes + prior @ found.course, 0.0, atol=1e-2)
    loss = rates.sum() - spikes @ found.course + 0.5 * found.course @ prior @ found.course
    _, prior_size = np.linalg.slogdet(prior)
    _, posterior_size = np.linalg.slogdet(prior + np.diag(rates))
    assert found.evidence == pytest.approx(0.5 * (prior_size - posterior_size) - loss, abs=0.05)
    for log_sd in (found.log_sd - 0.3, found.log_sd + 0.3):
        other = smooth_at(PlainCounts(spikes, expected), log_sd, found.course)
        assert other.evidence < found.evidence


def test_a_constant_rate_gets_a_straight_course():
    rng = np.random.default_rng(4)
    spikes = rng.poisson(2.0, 300).astype(float)
    course = smooth(PlainCounts(spikes, np.full(300, spikes.mean())), 300).course
    assert np.abs(np.diff(course, 2)).max() < 1e-4


@pytest.mark.parametrize("signs", [[1, 1, 1, 1, 1, 1], [1, 1, 1, -1, -1, -1]])
def test_a_shared_drive_is_found_without_the_neuron_it_drives(signs, monkeypatch):
    rng = np.random.default_rng(6)
    course = 0.7 * np.sin(np.arange(600) / 9.0)
    rates = 2.0 * np.exp(np.multiply.outer(course, np.array(signs, dtype=float)))
    spikes, bins = rng.poisson(rates).astype(float), np.full(rates.shape, 200.0)
    found = SharedDrives.of(spikes, bins)
    assert len(found.drives) == 1
    drive = found.for_neuron(0)[:, 0]
    assert np.corrcoef(drive, course)[0, 1] > 0.95
    changed = spikes.copy()
    changed[:, 0] = rng.permutation(changed[:, 0])
    counts, one = found.drives[0].counts, found.drives[0].smooth
    others = SharedDrive(SharedCounts(changed, counts.expected, counts.gains), one)
    np.testing.assert_array_equal(SharedDrives([others], bins).for_neuron(0)[:, 0], drive)
    # The step that is taken for many neurons comes close to the new fit.
    monkeypatch.setattr("bridge.recordings.slow.shared.REFINED", 0)
    step = found.for_neuron(0)[:, 0]
    assert np.abs(step - drive).max() < 0.05
    assert np.abs(drive - one.course + one.course.mean()).max() > 0.1


def test_independent_neurons_share_no_drive():
    rng = np.random.default_rng(8)
    spikes = rng.poisson(1.5, (500, 12)).astype(float)
    assert SharedDrives.of(spikes, np.full(spikes.shape, 200.0)).drives == []


def test_residuals_after_spikes_are_summed_one_by_one(covariates):
    trains, rng = covariates.trains, np.random.default_rng(1)
    residual, probability = rng.normal(size=N_BINS), rng.random(N_BINS)
    edges = np.array([1, 3, 20, 90])
    sums = np.cumsum(residual), np.cumsum(probability)
    found = kernels.residuals_after(trains.ids, trains.bins, *sums, edges, 4)
    for j in range(4):
        for b, (low, high) in enumerate(pairwise(edges)):
            covered = np.zeros(N_BINS)
            for t in trains.bins[trains.ids == j]:
                covered[t + low : t + high] += 1.0
            expected = covered @ residual, covered @ probability, covered**2 @ probability
            np.testing.assert_allclose([one[j, b] for one in found], expected, atol=1e-9)


def test_a_drive_without_spikes_is_the_loss_of_the_rates():
    # A closed form: one segment of half the bins at twice the rate of the other.
    spikes = np.array([[40.0, 40.0], [20.0, 20.0]])
    counts = SharedCounts(spikes, np.full((2, 2), 30.0), np.ones(2))
    course = np.log(spikes[:, 0] / 30.0)
    slope, curvature = counts.derivatives(course)
    np.testing.assert_allclose(slope, 0.0, atol=1e-12)
    np.testing.assert_allclose(curvature, spikes.sum(axis=1))
    fitted, scale = SharedCounts(spikes, np.full((2, 2), 30.0), np.full(2, 0.5)).with_gains_for(
        2.0 * course
    )
    np.testing.assert_allclose(scale * fitted.gains, 0.5, rtol=0.01)
