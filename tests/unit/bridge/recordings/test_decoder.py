"""Decoders of classes and stimuli, against closed forms, statsmodels and naive loops."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import log_softmax, softmax
from scipy.stats import chi2, norm
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import check_estimator

import bridge
from bridge import LogisticDecoder, LogisticNeuron, StimulusDecoder
from bridge.recordings import RaisedCosines
from bridge.recordings.decoding.decoding import Decoding
from neurosim import NeurosimError


def poisson_trials(rng, n_trials: int, n_classes: int = 3, n_neurons: int = 5):
    """Return log rates, classes and counts of independent Poisson neurons."""
    log_rates = rng.normal(1.0, 0.4, (n_classes, n_neurons))
    classes = rng.integers(0, n_classes, n_trials)
    return log_rates, classes, rng.poisson(np.exp(log_rates[classes]))


@pytest.mark.filterwarnings("ignore")  # the checks fit separable and constant data on purpose
@pytest.mark.parametrize(
    "estimator", [LogisticDecoder(), LogisticDecoder(ridge=0.0), StimulusDecoder()], ids=repr
)
def test_decoders_keep_the_contract_of_scikit_learn(estimator) -> None:
    check_estimator(estimator, on_skip=None)


def test_two_classes_are_decoded_by_a_logistic_neuron(rng) -> None:
    _, classes, counts = poisson_trials(rng, 400, 2)
    decoder = LogisticDecoder(ridge=0.02).fit(counts, classes)
    neuron = LogisticNeuron(ridge=0.02).fit(counts, classes)
    assert np.array_equal(decoder.coef_, neuron.coef_)
    assert np.array_equal(decoder.standard_errors_, [neuron.standard_errors_])
    assert decoder.predict_proba(counts) == pytest.approx(neuron.predict_proba(counts), abs=1e-12)
    assert np.array_equal(decoder.predict(counts), neuron.predict(counts))


def test_three_classes_agree_with_statsmodels(rng) -> None:
    _, classes, counts = poisson_trials(rng, 1500)
    decoder = LogisticDecoder(ridge=0.0, tol=1e-10).fit(counts, classes)
    design = sm.add_constant(counts.astype(float))
    other = sm.MNLogit(classes, design).fit(method="newton", disp=False, tol=1e-12)
    # Its scores are relative to the first class; ours have the sum 0.
    relative = np.vstack([np.zeros(design.shape[1]), other.params.T])
    centred = relative - relative.mean(axis=0)
    assert decoder.intercept_ == pytest.approx(centred[:, 0], abs=1e-6)
    assert decoder.coef_ == pytest.approx(centred[:, 1:], abs=1e-6)
    from_relative = np.kron((np.eye(3) - 1.0 / 3.0)[:, 1:], np.eye(design.shape[1]))
    covariance = from_relative @ other.cov_params() @ from_relative.T
    errors = np.sqrt(np.diag(covariance)).reshape(3, -1)
    assert decoder.standard_errors_ == pytest.approx(errors, rel=1e-6)


def test_the_penalised_gradient_is_zero_and_errors_follow_from_the_hessian(rng) -> None:
    _, classes, counts = poisson_trials(rng, 300)
    ridge, n = 0.05, len(classes)
    decoder = LogisticDecoder(ridge=ridge, tol=1e-10).fit(counts, classes)
    mean, scale = counts.mean(axis=0), counts.std(axis=0)
    design = np.column_stack([np.ones(n), (counts - mean) / scale])
    theta = np.column_stack([decoder.intercept_ + decoder.coef_ @ mean, decoder.coef_ * scale])
    penalty = np.append(0.0, np.full(5, ridge))
    probability = softmax(design @ theta.T, axis=1)
    residual = probability - (classes[:, np.newaxis] == np.arange(3))
    assert np.abs(residual.T @ design / n + penalty * theta).max() < 1e-7

    def loss(flat: np.ndarray) -> float:
        scores = design @ flat.reshape(3, 6).T
        fit = -log_softmax(scores, axis=1)[np.arange(n), classes].sum()
        return fit + 0.5 * n * (penalty * flat.reshape(3, 6) ** 2).sum()

    step, size = 1e-3, theta.size
    at = theta.ravel()
    hessian = np.empty((size, size))
    for i, e in enumerate(step * np.eye(size)):
        for j, f in enumerate(step * np.eye(size)):
            corners = loss(at + e + f) - loss(at + e - f) - loss(at - e + f) + loss(at - e - f)
            hessian[i, j] = corners / (4.0 * step**2)
    # The common constant of all scores is not a parameter.
    project = np.kron(np.eye(3) - 1.0 / 3.0, np.eye(6))
    covariance = np.linalg.pinv(project @ hessian @ project, rcond=1e-9)
    weights = np.sqrt(np.diag(covariance)).reshape(3, 6)[:, 1:] / scale
    assert decoder.standard_errors_[:, 1:] == pytest.approx(weights, rel=1e-4)


def test_the_decoder_of_poisson_neurons_is_the_exact_posterior() -> None:
    # 19 comparisons, each of which fails by chance for 1 in 10,000 seeds.
    rng = np.random.default_rng(3)
    log_rates, classes, counts = poisson_trials(rng, 20_000)
    decoder = LogisticDecoder(ridge=0.0).fit(counts, classes)
    expected = np.column_stack([-np.exp(log_rates).sum(axis=1), log_rates])
    expected -= expected.mean(axis=0)
    found = np.column_stack([decoder.intercept_, decoder.coef_])
    assert np.abs((found - expected) / decoder.standard_errors_).max() < norm.isf(0.5e-4)
    exact = softmax(counts @ log_rates.T - np.exp(log_rates).sum(axis=1), axis=1)
    rows = np.arange(len(classes))
    gain = np.log(decoder.predict_proba(counts)[rows, classes] / exact[rows, classes]).sum()
    assert 0.0 < 2.0 * gain < chi2.isf(1e-4, 12)


def test_standard_errors_cover_the_weights() -> None:
    # 300 data sets of 15 weights: a coverage of 95 % lies in 93 to 97 % (over 5 standard errors,
    # even if only the data sets were independent and each had 3 independent weights).
    rng = np.random.default_rng(4)
    log_rates = rng.normal(1.0, 0.4, (3, 5))
    inside = []
    for _ in range(300):
        classes = rng.integers(0, 3, 250)
        counts = rng.poisson(np.exp(log_rates[classes]))
        decoder = LogisticDecoder(ridge=0.0).fit(counts, classes)
        error = decoder.coef_ - (log_rates - log_rates.mean(axis=0))
        inside.append(np.abs(error) < 1.96 * decoder.standard_errors_[:, 1:])
    assert 0.93 < np.mean(inside) < 0.97


def test_every_trial_is_decoded_by_a_fit_to_other_blocks(rng) -> None:
    _, classes, counts = poisson_trials(rng, 200)
    labels = np.array(["a", "b", "c"])[classes]
    decoding = LogisticDecoder().cross_validate(counts, labels, n_folds=4, margin=3)
    for train, test in bridge.blocked_folds(200, 4, margin=3):
        fitted = LogisticDecoder().fit(counts[train], labels[train])
        assert np.array_equal(decoding.probability[test], fitted.predict_proba(counts[test]))
        base = np.bincount(classes[train]) / len(train)
        assert decoding.base[test] == pytest.approx(np.tile(base, (len(test), 1)))
    rows = np.arange(200)
    gain = np.log2(decoding.probability[rows, classes] / decoding.base[rows, classes])
    assert decoding.bits_per_trial.value == pytest.approx(gain.mean())
    assert decoding.accuracy.value == (decoding.decoded == classes).mean()
    assert decoding.confusion.sum() == 200
    assert np.trace(decoding.confusion) == (decoding.decoded == classes).sum()
    low, high = decoding.confusion_interval
    fraction = decoding.confusion / decoding.confusion.sum(axis=1, keepdims=True)
    assert ((low <= fraction) & (fraction <= high)).all()


def test_ridge_can_be_chosen_by_blocked_cross_validation(rng) -> None:
    _, classes, counts = poisson_trials(rng, 200)
    folds = bridge.blocked_folds(200, 4)
    search = GridSearchCV(
        LogisticDecoder(), {"ridge": [1e-3, 1e-1, 10.0]}, cv=folds, scoring="neg_log_loss"
    ).fit(counts, classes)
    assert search.best_params_["ridge"] < 10.0


def test_shuffled_labels_are_decoded_at_chance(rng) -> None:
    # Fails for 1 in 1000 seeds.
    _, classes, counts = poisson_trials(rng, 2000)
    decoding = LogisticDecoder().cross_validate(counts, rng.permutation(classes))
    assert abs(decoding.accuracy.value - 1 / 3) < norm.isf(0.5e-3) * np.sqrt(2 / 9 / 2000)
    assert decoding.bits_per_trial.value < 0.0
    assert decoding.bits_per_trial.high > -0.02


def test_intervals_account_for_dependent_blocks() -> None:
    # Coverage of a nominal 95 % in 1000 data sets: within 92.5 to 97.5 %, 3.6 standard errors.
    rng = np.random.default_rng(5)
    covered = naive = 0
    blocks = np.repeat(np.arange(60), 20)
    for _ in range(1000):
        chance = np.repeat(rng.beta(4.0, 2.0, 60), 20)
        correct = rng.random(1200) < chance
        ones = np.ones(1200)
        with_blocks = bridge.agreement(correct, ones, blocks)
        without = bridge.agreement(correct, ones)
        covered += with_blocks.low <= 2 / 3 <= with_blocks.high
        naive += without.low <= 2 / 3 <= without.high
    assert 925 <= covered <= 975
    assert naive < 750


def test_counts_in_windows_are_those_of_a_loop(rng) -> None:
    duration, trains = 5000.0, [np.sort(rng.uniform(0.0, 5000.0, n)) for n in (300, 0, 40)]
    trains[0] = np.sort(np.append(trains[0], trains[0][:20]))  # two spikes in a bin both count
    onsets = np.sort(rng.integers(100, 4800, 30)).astype(float)
    found = bridge.trial_counts(trains, onsets, window=(-50.0, 100.0), n_bins=3, duration=duration)
    expected = [
        [
            np.count_nonzero((train > onset + start) & (train <= onset + start + 50.0))
            for train in trains
            for start in (-50.0, 0.0, 50.0)
        ]
        for onset in onsets
    ]
    assert np.array_equal(found, expected)


def test_one_neuron_is_decoded() -> None:
    assert bridge.trial_counts([[1.0, 5.0]], [0.0], window=(0.0, 4.0), duration=9.0) == [[1.0]]
    assert bridge.filtered_counts([[1.0, 3.0]], duration=4.0).tolist() == [[1], [0], [1], [0]]


def test_filtered_counts_are_sums_over_lags(rng) -> None:
    counts = rng.poisson(0.3, (3, 400))
    kernel = rng.normal(size=(7, 2))
    found = bridge.filtered_counts(counts, kernel)
    for k, train in enumerate(counts):
        lags = bridge.lagged(train, 7, before=0.0)
        assert found[:, 2 * k : 2 * k + 2] == pytest.approx(lags @ kernel, abs=1e-12)
        raw = bridge.filtered_counts(counts, 7)[:, 7 * k : 7 * k + 7]
        assert np.array_equal(raw, lags)
    basis = RaisedCosines(3, 12.0)
    by_basis = bridge.filtered_counts(counts, basis, bin_width=2.0)
    assert np.array_equal(by_basis, bridge.filtered_counts(counts, basis.matrix(2.0)))


def test_a_time_varying_class_is_decoded_from_filtered_spikes(rng) -> None:
    state = np.repeat(rng.integers(0, 2, 60), 200)
    counts = rng.poisson(np.where(state == 1, 0.06, 0.02), (8, len(state)))
    kernel = np.exp(-np.arange(60) / 20.0)
    features = bridge.filtered_counts(counts, kernel)
    decoding = LogisticDecoder().cross_validate(features, state, margin=60)
    assert decoding.accuracy.value > 0.75
    independent = LogisticDecoder().cross_validate(features, state)
    width = decoding.accuracy.high - decoding.accuracy.low
    assert width > 3.0 * (independent.accuracy.high - independent.accuracy.low)


def test_a_stimulus_is_decoded_up_to_noise(rng) -> None:
    stimulus = rng.uniform(-3.0, 3.0, 3000)
    centres = np.linspace(-3.0, 3.0, 9)
    rates = 20.0 * np.exp(-0.5 * (stimulus[:, np.newaxis] - centres) ** 2)
    decoding = StimulusDecoder(16).cross_validate(rng.poisson(rates), stimulus)
    # Fisher information of dense Gaussian tuning curves of width 1 and spacing 0.75:
    # 20·sqrt(2π)/0.75 = 66.8, so the standard deviation is at least 0.122.
    assert 0.122 < np.sqrt(np.mean(decoding.residual**2)) < 0.25
    assert decoding.error.low < decoding.error.value < decoding.error.high
    assert decoding.r2 > 0.98


def test_circular_stimuli_have_no_edge(rng) -> None:
    direction = rng.uniform(-180.0, 540.0, 3000)
    preferred = np.arange(0.0, 360.0, 30.0)
    tuning = np.cos(np.radians(direction[:, np.newaxis] - preferred))
    counts = rng.poisson(8.0 * np.exp(2.0 * (tuning - 1.0)))
    decoding = StimulusDecoder(12, period=360.0).cross_validate(counts, direction)
    near = np.abs(np.mod(direction + 20.0, 360.0) - 20.0) < 20.0
    assert np.abs(decoding.residual).max() <= 180.0
    error = np.abs(decoding.residual)
    assert error[near].mean() < 1.3 * error[~near].mean()
    assert 0.0 <= decoding.estimate.min() <= decoding.estimate.max() <= 360.0


def test_a_stimulus_of_few_values_has_a_bin_for_each(rng) -> None:
    stimulus = rng.choice([0.0, 1.0, 10.0], 300)
    counts = rng.poisson(2.0 + stimulus)[:, np.newaxis]
    decoder = StimulusDecoder(8).fit(counts, stimulus)
    assert decoder.values_.tolist() == [0.0, 1.0, 10.0]
    assert decoder.posterior(counts).shape == (300, 3)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda x, y: LogisticDecoder(ridge=-1.0).fit(x, y), "ridge = -1 is not a finite number"),
        (lambda x, y: LogisticDecoder().fit(x, 0 * y), "one class only, .0.: give two or more"),
        (lambda x, y: LogisticDecoder().fit(x * np.nan, y), "contains NaN: remove such trials"),
        (lambda x, y: LogisticDecoder().predict(x), "has not been fitted: call its fit first"),
        (lambda x, y: LogisticDecoder().to_spiking(), "has not been fitted: call its fit first"),
        (lambda x, y: LogisticDecoder().cross_validate(x, np.sort(y)),
         "class 0 occurs only in trials 0 to 8, which are left out together: shuffle"),
        (lambda x, y: LogisticDecoder().cross_validate(x, y, blocks=[1]), "one label for each"),
        (lambda x, y: StimulusDecoder(1).fit(x, y), "n_bins = 1 is below 2"),
        (lambda x, y: StimulusDecoder(period=0.0).fit(x, y), "period = 0 is not a finite number"),
        (lambda x, y: StimulusDecoder().fit(x, 0.0 * y), "in one bin: give a stimulus that varies"),
        (lambda x, y: bridge.trial_counts([[1.0], [2.0]], [95.0], duration=100.0),
         "the window of trial 0, 95 to 295 ms, extends beyond the recording of 100 ms"),
        (lambda x, y: bridge.trial_counts([[1.0], [99.0]], [5.0], window=(0, 10), n_bins=3,
                                          duration=100.0), "must be a whole number"),
        (lambda x, y: bridge.filtered_counts([[1.0], [99.0]], [np.nan], duration=100.0),
         "kernel has shape .* give finite numbers"),
        (lambda x, y: bridge.filtered_counts([[1.0], [99.0]], 0, duration=100.0), "kernel = 0"),
        (lambda x, y: bridge.bits_per_trial([0, 2], [[0.5, 0.5]] * 2), "from 0 to 1"),
    ],
)  # fmt: skip
def test_bad_data_is_answered_in_a_sentence(act, sentence: str, rng) -> None:
    counts = rng.poisson(3.0, (45, 2)).astype(float)
    classes = np.repeat([0, 1, 1, 1, 1], 9)
    with pytest.raises(NeurosimError, match=sentence):
        act(counts, rng.permutation(classes))


def test_figures_state_what_was_decoded(rng) -> None:
    _, classes, counts = poisson_trials(rng, 200)
    decoding = LogisticDecoder().cross_validate(counts, classes)
    assert isinstance(decoding, Decoding)
    figure = decoding.plot()
    assert "of trials are decoded correctly (chance" in figure.get_suptitle()
    assert len(figure.axes[0].texts) == 9
    stimulus = StimulusDecoder(4).cross_validate(counts, rng.normal(size=200))
    assert [axes.get_xlabel() for axes in stimulus.plot().axes[:2]] == ["stimulus", "stimulus"]
