"""Population GLMs against an explicit design matrix, other packages and closed forms."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bridge.recordings import NoHistory, PopulationGLM, RaisedCosines, Steps, bin_trains
from bridge.recordings.glm import history_fit, scaled_loss
from bridge.recordings.glm.covariates import Covariates, upper_root
from bridge.recordings.glm.families import Family
from bridge.recordings.glm.history_fit import PRECISION
from bridge.recordings.glm.likelihood import Likelihood
from bridge.recordings.glm.ridge import RidgeLoss, fit_ridge
from bridge.recordings.glm.scaled_loss import Estimate
from bridge.recordings.glm.spike_history import HistoryBasis, SpikeHistory
from bridge.recordings.glm.uncertainty import uncertainty
from tests import naive_glm as naive

N_BINS, TARGET, DISPERSION = 5000, 1, 0.7
COUPLING, HISTORY = RaisedCosines(4, 20.0), RaisedCosines(3, 12.0)
MODELS = naive.MODELS | {("negative_binomial", "exponential"): naive.negative_binomial(DISPERSION)}
REFERENCES: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "glm" / "references.json").read_text()
)

Bins = list[np.ndarray]


@pytest.fixture(scope="module")
def spikes() -> Bins:
    """Four neurons, some of whose bins hold two spikes; the first makes the second fire."""
    rng = np.random.default_rng(11)
    found = []
    for rate in (0.04, 0.03, 0.06, 0.02):
        found.append(np.flatnonzero(rng.random(N_BINS - 4) < rate))
    found[1] = np.sort(np.append(found[1], found[0][::2] + 2))
    return [np.sort(np.append(bins, bins[:6])) for bins in found]


def times(spikes: Bins) -> Bins:
    """Spike times (ms) at the ends of the bins."""
    return [bins + 1.0 for bins in spikes]


def family_of(key: tuple[str, str]) -> Family:
    """Return a family with the dispersion of the reference."""
    return Family(*key, dispersion=DISPERSION if key[0] == "negative_binomial" else 0.0)


def likelihood_of(
    spikes: Bins,
    key: tuple[str, str],
    counted: np.ndarray | None = None,
    pieces: np.ndarray | None = None,
) -> Likelihood:
    """Return the likelihood of the target without drives."""
    trains = bin_trains(times(spikes), float(N_BINS), counts=True)
    covariates = Covariates(trains, COUPLING.matrix(1.0), pieces)
    history, family = HistoryBasis(HISTORY.matrix(1.0)), family_of(key)
    past = SpikeHistory.of(covariates, TARGET, history, family, counted)
    return Likelihood(covariates, TARGET, past, family)


def dense(spikes: Bins, key: tuple[str, str]) -> tuple[np.ndarray, np.ndarray, list[slice]]:
    """Return columns, with the intercept last, responses, and the slice of each source."""
    counts = naive.counts(spikes, N_BINS)
    own = naive.raised_cosines(3, 12)
    columns, slices = naive.design(counts, naive.raised_cosines(4, 20), TARGET, own)
    y = counts[:, TARGET]
    y = np.minimum(y, 1.0) if key[0] == "bernoulli" else y
    return naive.with_intercept(columns), y, slices


def packed(slices: list[slice], history: np.ndarray, weights: np.ndarray, b: float) -> np.ndarray:
    """Return all parameters in the order of the dense columns."""
    found = np.zeros(slices[-1].stop + 1)
    for source, place in enumerate(slices):
        found[place] = history if source == TARGET else weights[source]
    found[-1] = b
    return found


def rows_of(likelihood: Likelihood) -> np.ndarray:
    """Return a mask of the bins in which the neuron can fire and which count."""
    refractory, own = likelihood.past.refractory, likelihood.covariates.trains.fired(TARGET)
    mask = np.ones(N_BINS + refractory + 1, dtype=bool)
    for after in range(1, refractory + 1):
        mask[own + after] = False
    counted = likelihood.past.counted
    return mask[:N_BINS] if counted is None else mask[:N_BINS] & counted


def ridge_of(slices: list[slice], precision: float) -> np.ndarray:
    """Return the precisions of all parameters but the intercept."""
    found = np.full(slices[-1].stop, precision)
    found[slices[TARGET]] = PRECISION
    return found


def test_raised_cosines_have_their_reference_values():
    expected = [(1, 0.511455, 0), (0.647972, 1, 0.358561), (0.217313, 0.933321, 0.797212)]
    np.testing.assert_allclose(RaisedCosines(3, 8.0).matrix(1.0)[:3], expected, atol=5e-7)
    for n, length, offset in ((4, 20, 1.0), (6, 50, 1.0), (3, 30, 5.0)):
        found = RaisedCosines(n, float(length), offset).matrix(1.0)
        np.testing.assert_allclose(found, naive.raised_cosines(n, length, offset), atol=1e-12)


def test_products_of_columns_have_their_reference_values():
    basis = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
    covariates = Covariates(bin_trains([[1.0, 4.0], [3.0]], 6.0), basis)
    found = covariates.products.reshape(4, 4)
    assert np.diag(found).tolist() == [2.5, 1.5, 1.25, 1.25]
    assert found[0, 3] == 1.0
    np.testing.assert_allclose(found, found.T)
    assert (6.0 * covariates.mean).ravel().tolist() == [3.0, 2.0, 1.5, 1.5]


def test_products_of_columns_are_those_of_the_design_matrix(spikes):
    covariates = likelihood_of(spikes, ("poisson", "exponential")).covariates
    columns = naive.filtered(naive.counts(spikes, N_BINS), naive.raised_cosines(4, 20))
    expected = columns.T @ columns
    found = covariates.products.reshape(expected.shape)
    np.testing.assert_allclose(found, expected, atol=1e-10 * expected.max())
    np.testing.assert_allclose(covariates.mean.ravel(), columns.mean(axis=0), rtol=1e-10)


@pytest.mark.parametrize("key", MODELS)
def test_loss_and_derivatives_are_those_of_the_design_matrix(rng, spikes, key):
    likelihood, model = likelihood_of(spikes, key), MODELS[key]
    columns, y, slices = dense(spikes, key)
    weights, history = rng.normal(0.0, 0.7, (4, 4)), rng.normal(-0.5, 0.5, 3)
    weights[TARGET], b = 0.0, -3.0
    loss, total, by_history, by_weight = likelihood.value_and_gradient(b, history, weights)

    rows = rows_of(likelihood)
    columns, y = columns[rows], y[rows]
    theta = packed(slices, history, weights, b)
    expected, gradient, _ = naive.value_and_derivatives(model, columns, y, theta)
    assert loss == pytest.approx(expected, rel=1e-12)
    found = packed(slices, by_history, by_weight, total)
    np.testing.assert_allclose(found, gradient, atol=1e-10 * np.abs(gradient).max())

    scores = likelihood.scores(b, history, weights)
    information = likelihood.family.mean_and_information(scores)[1]
    weight = np.zeros(N_BINS)
    weight[rows] = model.weight(columns @ theta)
    np.testing.assert_allclose(information, weight, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("key", MODELS)
def test_fits_are_those_of_newtons_method(spikes, key):
    likelihood, precision = likelihood_of(spikes, key), 0.5
    columns, y, slices = dense(spikes, key)
    rows = rows_of(likelihood)
    columns, y = columns[rows, :-1], y[rows]
    expected = naive.newton(MODELS[key], columns, y, ridge_of(slices, precision))
    found = fit_ridge(likelihood, precision, tol=1e-8, max_iter=500)
    theta = packed(slices, found.history, found.weights, found.intercept)
    np.testing.assert_allclose(theta, expected.parameters, atol=1e-8)
    assert found.loss == pytest.approx(expected.loss, rel=1e-10)


@pytest.mark.parametrize("key", MODELS)
def test_the_gradient_of_a_ridge_is_the_slope_of_its_loss(rng, spikes, key):
    ridge = RidgeLoss(likelihood_of(spikes, key), 0.5)
    point = 0.3 * rng.standard_normal(len(ridge.start(None)))
    gradient = ridge.value_and_gradient(point)[1]
    for _ in range(5):
        direction = rng.standard_normal(len(point))
        ahead, behind = (
            ridge.value_and_gradient(point + step * direction)[0] for step in (1e-5, -1e-5)
        )
        assert (ahead - behind) / 2e-5 == pytest.approx(gradient @ direction, rel=1e-6)


def test_a_fit_learns_the_curvature_from_one_with_another_ridge(spikes):
    strong, weak = 5.0, 0.5
    alone = fit_ridge(likelihood_of(spikes, ("bernoulli", "logit")), weak, tol=1e-9)
    likelihood = likelihood_of(spikes, ("bernoulli", "logit"))
    start = fit_ridge(likelihood, strong, tol=1e-9)
    assert likelihood.curvature.changes
    later = fit_ridge(likelihood, weak, start=start, tol=1e-9)
    likelihood.curvature = None
    likelihood.latest = None
    forgetful = fit_ridge(likelihood, weak, start=start, tol=1e-9)
    np.testing.assert_allclose(later.weights, alone.weights, atol=1e-8)
    assert later.evaluations < forgetful.evaluations < alone.evaluations


@pytest.mark.parametrize("key", MODELS)
def test_covariances_are_those_of_the_dense_information(spikes, key):
    likelihood, precision, model = likelihood_of(spikes, key), 0.5, MODELS[key]
    columns, _, slices = dense(spikes, key)
    columns = columns[rows_of(likelihood)]
    estimate = fit_ridge(likelihood, precision, tol=1e-8, max_iter=500)
    theta = packed(slices, estimate.history, estimate.weights, estimate.intercept)
    information = model.weight(columns @ theta)
    h = (columns * information[:, None]).T @ columns
    prior = np.append(ridge_of(slices, 0.0), 0.0)
    covariance = np.linalg.inv(h + np.diag(prior))

    scores = likelihood.scores(estimate.intercept, estimate.history, estimate.weights)
    weights = likelihood.family.mean_and_information(scores)[1]
    found = uncertainty(likelihood, estimate, weights, exact=True)
    for source, place in enumerate(slices):
        block = found.dense_covariance if source == TARGET else found.covariance[source]
        np.testing.assert_allclose(block, covariance[place, place], rtol=1e-6, atol=1e-9)
    assert found.intercept_error == pytest.approx(np.sqrt(covariance[-1, -1]), rel=1e-6)
    penalty = np.append(ridge_of(slices, precision), 0.0)
    penalty[slices[TARGET]] = 0.0
    debiased = theta + covariance @ (penalty * theta)
    theta = packed(slices, found.dense, found.weights, debiased[-1])
    np.testing.assert_allclose(theta, debiased, atol=1e-6)


def test_fast_covariances_are_close_to_exact_ones(spikes):
    likelihood, precision = likelihood_of(spikes, ("bernoulli", "logit")), 0.5
    estimate = fit_ridge(likelihood, precision)
    scores = likelihood.scores(estimate.intercept, estimate.history, estimate.weights)
    information = likelihood.family.mean_and_information(scores)[1]
    exact, fast = (
        uncertainty(likelihood, estimate, information, exact=one) for one in (True, False)
    )
    # The strong coupling from neuron 0 concentrates information in the bins after its spikes.
    for source in (2, 3):
        errors = [np.sqrt(np.diag(one.covariance[source])) for one in (fast, exact)]
        np.testing.assert_allclose(*errors, rtol=0.15)
    errors = [np.sqrt(np.diag(one.dense_covariance)) for one in (fast, exact)]
    np.testing.assert_allclose(*errors, rtol=0.15)


def test_products_of_single_spikes_end_with_the_recording():
    # The last spike is followed by one bin; the rest of the products is due to pairs of spikes.
    covariates = Covariates(bin_trains([[1.0, 9.0], [2.0]], 10.0), COUPLING.matrix(1.0)[:4])
    pairs = np.einsum("jkjm->jkm", covariates.products) - covariates.single_products
    np.testing.assert_allclose(pairs, 0.0, atol=1e-12)
    assert covariates.single_products[0, 0, 0] > covariates.single_products[1, 0, 0]


def test_a_refractory_neuron_is_fitted_without_its_refractory_bins(spikes):
    apart = spikes[TARGET][np.append(True, np.diff(spikes[TARGET]) > 3)]
    refractory = [apart if k == TARGET else bins for k, bins in enumerate(spikes)]
    key = ("bernoulli", "logit")
    likelihood = likelihood_of(refractory, key)
    assert likelihood.past.refractory == 3
    columns, y, slices = dense(refractory, key)
    rows = rows_of(likelihood)
    expected = naive.newton(MODELS[key], columns[rows, :-1], y[rows], ridge_of(slices, 1.0))
    found = fit_ridge(likelihood, 1.0, tol=1e-8, max_iter=500)
    theta = packed(slices, found.history, found.weights, found.intercept)
    np.testing.assert_allclose(theta, expected.parameters, atol=1e-8)


def test_bins_outside_of_epochs_are_inputs_only(spikes):
    key = ("poisson", "exponential")
    glm = PopulationGLM(
        COUPLING, history_basis=HISTORY, family=key[0], strength=0.5, tol=1e-8, threads=1
    )
    fitted = quietly(glm, spikes, epochs=[(500.0, 1800.0), (2300.0, 4100.0)])
    columns, y, slices = dense(spikes, key)
    rows = np.zeros(N_BINS, dtype=bool)
    rows[500:1800], rows[2300:4100] = True, True
    rows &= can_fire(fitted, spikes)
    expected = naive.newton(MODELS[key], columns[rows, :-1], y[rows], ridge_of(slices, 0.5))
    compare(fitted, slices, expected.parameters)


def test_filters_do_not_cross_gaps(spikes):
    key = ("poisson", "exponential")
    glm = PopulationGLM(
        COUPLING, history_basis=HISTORY, family=key[0], strength=0.5, tol=1e-8, threads=1
    )
    fitted = quietly(glm, spikes, gaps=[(1500.0, 2200.0), (3000.0, 3000.0)])
    counts, pieces = naive.counts(spikes, N_BINS), ((0, 1500), (2200, 3000), (3000, N_BINS))
    own, coupling = naive.raised_cosines(3, 12), naive.raised_cosines(4, 20)
    parts, responses = [], []
    for first, last in pieces:
        part, slices = naive.design(counts[first:last], coupling, TARGET, own)
        # The 20 bins after a gap lack earlier spikes.
        skipped = 20 if first else 0
        allowed = can_fire(fitted, spikes)[first:last]
        allowed[:skipped] = False
        parts.append(part[allowed])
        responses.append(counts[first:last, TARGET][allowed])
    columns, y = np.vstack(parts), np.concatenate(responses)
    expected = naive.newton(MODELS[key], columns, y, ridge_of(slices, 0.5))
    compare(fitted, slices, expected.parameters)


def test_absent_neurons_count_while_they_are_present(spikes):
    key = ("poisson", "exponential")
    glm = PopulationGLM(
        COUPLING, history_basis=HISTORY, family=key[0], strength=0.5, tol=1e-8, threads=1
    )
    present = [None, [(0.0, 3200.0)], None, None]
    fitted = quietly(glm, spikes, presence=present)
    seen = [bins[bins < 3200] if k == TARGET else bins for k, bins in enumerate(spikes)]
    columns, y, slices = dense(seen, key)
    rows = can_fire(fitted, seen) & (np.arange(N_BINS) < 3200)
    expected = naive.newton(MODELS[key], columns[rows, :-1], y[rows], ridge_of(slices, 0.5))
    compare(fitted, slices, expected.parameters)


def test_absent_inputs_are_replaced_by_their_mean(spikes):
    key = ("poisson", "exponential")
    glm = PopulationGLM(
        COUPLING, history_basis=HISTORY, family=key[0], strength=0.5, tol=1e-8, threads=1
    )
    fitted = quietly(glm, spikes, presence=[[(0.0, 3000.0)], None, None, None])
    seen = [bins[bins < 3000] if k == 0 else bins for k, bins in enumerate(spikes)]
    columns, y, slices = dense(seen, key)
    # Presence is resolved in segments of 200 bins and interpolated between their midpoints.
    middles = 200.0 * np.arange(25) + 99.5
    absent = np.interp(np.arange(N_BINS), middles, np.arange(25) >= 15)
    area = naive.raised_cosines(4, 20).sum(axis=0)
    columns[:, slices[0]] += absent[:, None] * (len(seen[0]) / 3000) * area
    rows = can_fire(fitted, seen)
    expected = naive.newton(MODELS[key], columns[rows, :-1], y[rows], ridge_of(slices, 0.5))
    compare(fitted, slices, expected.parameters)


def test_a_stimulus_is_a_column_of_its_own(rng, spikes):
    key = ("bernoulli", "cloglog")
    stimulus = rng.normal(3.0, 2.0, (N_BINS, 2))
    glm = PopulationGLM(
        *(COUPLING,), history_basis=HISTORY, link=key[1], strength=0.5, tol=1e-8, threads=1
    )
    fitted = quietly(glm, spikes, stimulus=stimulus)
    columns, y, slices = dense(spikes, key)
    scaled = (stimulus - stimulus.mean(axis=0)) / stimulus.std(axis=0)
    rows = can_fire(fitted, spikes)
    ridge = np.append(ridge_of(slices, 0.5), [1e-6, 1e-6])
    expected = naive.newton(MODELS[key], np.hstack([columns[:, :-1], scaled])[rows], y[rows], ridge)
    np.testing.assert_allclose(fitted.stimulus_[:, TARGET], expected.parameters[-3:-1], atol=1e-8)
    kept = np.delete(expected.parameters, [-3, -2])
    compare(fitted, slices, kept)


def quietly(glm: PopulationGLM, spikes: Bins, **options: Any) -> PopulationGLM:
    """Fit the target; warnings have their own tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return glm.fit(times(spikes), float(N_BINS), neurons=[TARGET], **options)


def can_fire(fitted: PopulationGLM, spikes: Bins) -> np.ndarray:
    """Return a mask of the bins after the refractory period of the target."""
    mask = np.ones(N_BINS + 100, dtype=bool)
    for after in range(1, int(fitted.refractory_[TARGET]) + 1):
        mask[spikes[TARGET] + after] = False
    return mask[:N_BINS]


def compare(fitted: PopulationGLM, slices: list[slice], expected: np.ndarray) -> None:
    """Compare the fit of the target with dense parameters."""
    found = packed(
        slices, fitted.history_[TARGET], fitted.coupling_[:, TARGET], fitted.intercept_[TARGET]
    )
    np.testing.assert_allclose(found, expected, atol=1e-8)


@pytest.mark.parametrize(
    ("family", "link", "weight", "error"),
    [
        ("bernoulli", "logit", 1.053661, 0.125133),
        ("bernoulli", "cloglog", 1.023134, None),
        ("poisson", "exponential", 0.993252, 0.120185),
    ],
)
def test_one_covariate_has_its_closed_form(rng, family, link, weight, error):
    # 90 of 1,000 bins after a spike of the other neuron hold a spike, 300 of 9,000 others.
    order = rng.permutation(np.arange(1, 10_000))
    after, others = order[:1000], np.append(0, order[1000:])
    fired = np.sort(np.concatenate([after[:90], others[:300]]))
    glm = PopulationGLM(
        *(Steps((0.0, 1.0)),),
        history_basis=NoHistory(),
        family=family,
        link=link,
        strength=0.0,
        standard_errors="exact",
        tol=1e-7,
        threads=1,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        glm.fit([np.sort(after) * 1.0, fired + 1.0], 10_000.0, neurons=[1])
    assert glm.coupling_[0, 1, 0] == pytest.approx(weight, abs=1e-6)
    if link == "logit":
        assert glm.intercept_[1] == pytest.approx(-3.367296, abs=1e-6)
    if error is not None:
        assert glm.filter_errors_[0, 1, 0] == pytest.approx(error, abs=1e-6)


@pytest.mark.parametrize("case", REFERENCES["cases"])
def test_fits_and_errors_are_those_of_other_packages(monkeypatch, case):
    # The packages have no prior of the history.
    for module in (scaled_loss, history_fit):
        monkeypatch.setattr(module, "PRECISION", 0.0)
    monkeypatch.setattr("bridge.recordings.glm.uncertainty.PRECISION", 0.0)
    expected, key = REFERENCES["cases"][case], tuple(case.partition(",")[0].split())
    trains = bin_trains([np.array(b) + 1.0 for b in REFERENCES["bins"]], 6000.0, counts=True)
    (n, length), (n_own, own_length) = REFERENCES["coupling"], REFERENCES["history"]
    covariates = Covariates(trains, RaisedCosines(n, float(length)).matrix(1.0))
    history = HistoryBasis(RaisedCosines(n_own, float(own_length)).matrix(1.0))
    family = Family(*key, dispersion=REFERENCES["alpha"] if key[0] != "poisson" else 0.0)
    target = REFERENCES["target"]
    past = SpikeHistory.of(covariates, target, history, family)
    assert past.refractory == 0
    likelihood = Likelihood(covariates, target, past, family)
    ridge = REFERENCES["ridge"] if "ridge" in case else 0.0
    if ridge:
        monkeypatch.setattr(scaled_loss, "PRECISION", ridge)
    found = fit_ridge(likelihood, ridge, tol=1e-8, max_iter=500)
    theta = np.concatenate([found.history, found.weights[1:].ravel(), [found.intercept]])
    np.testing.assert_allclose(theta, expected["coefficients"], atol=1e-6)
    if "standard_errors" in expected:
        errors = errors_of(likelihood, found)
        np.testing.assert_allclose(errors, expected["standard_errors"], rtol=1e-6)


def errors_of(likelihood: Likelihood, found: Estimate) -> np.ndarray:
    """Return the standard errors of history, weights and intercept."""
    scores = likelihood.scores(found.intercept, found.history, found.weights)
    information = likelihood.family.mean_and_information(scores)[1]
    spread = uncertainty(likelihood, found, information, exact=True)
    own = np.sqrt(np.diag(spread.dense_covariance))
    others = [np.sqrt(np.diag(block)) for block in spread.covariance[1:]]
    return np.concatenate([own, *others, [spread.intercept_error]])


def test_roots_of_blocks_that_rounding_made_indefinite():
    blocks = np.array([[[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, -1e-6]], np.eye(3)])
    roots = upper_root(blocks)
    np.testing.assert_allclose(roots.transpose(0, 2, 1) @ roots, blocks, atol=2e-6)
    np.testing.assert_array_equal(roots, np.triu(roots))
