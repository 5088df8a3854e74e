"""Cross-validation, predictions and scores of population models."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit, gammaln, xlogy

import neurosim as ns
from bridge import PopulationGLM, time_rescaling_test
from bridge.recordings import PredictiveScores, RaisedCosines
from bridge.recordings.glm.cross_validation import Folds
from bridge.recordings.glm.families import Family
from bridge.recordings.glm.predictive_scores import log_likelihoods
from bridge.recordings.glm.prior import MOST_NEURONS

N_BINS = 12_000
BASIS = RaisedCosines(3, 15.0)


def recording(rng: np.random.Generator, n: int = 4) -> list[NDArray[np.float64]]:
    """Draw trains of which the first excites the second and the last inhibits the first."""
    coupling = np.zeros((n, n))
    coupling[0, 1], coupling[-1, 0] = 1.2, -2.0
    fired, trace, base = np.zeros((N_BINS, n), dtype=bool), np.zeros(n), rng.uniform(-4, -2.5, n)
    for t in range(N_BINS):
        score = base + trace @ coupling - 5.0 * fired[max(t - 2, 0) : t].any(axis=0)
        fired[t] = rng.random(n) < expit(score)
        trace = 0.8 * trace + fired[t]
    return [np.flatnonzero(one) + 0.5 for one in fired.T]


def counts_of(trains: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.array([np.bincount(one.astype(int), minlength=N_BINS) for one in trains]).T


def sums(family: str, mean: NDArray, spikes: NDArray, rate: float) -> PredictiveScores:
    one = Family.of(family, None)
    scores = np.array([one.score_of(p) for p in mean])
    found = log_likelihoods(one, scores, np.ones(len(mean), bool), spikes, rate)
    return PredictiveScores(*found[:, None])


def test_bits_per_spike_of_two_rates():
    # Half of the bins hold two spikes, half of them one, as expected.
    mean = np.tile([2.0, 1.0], 50)
    found = sums("poisson", mean, np.repeat(np.arange(100), mean.astype(int)), 1.5)
    assert found.bits_per_spike[0] == pytest.approx(0.081704, abs=1e-6)
    assert found.mean == found.bits_per_spike[0]
    assert found.deviance_explained[0] == pytest.approx(1.0, abs=1e-12)
    counts = mean
    model, constant = (
        (xlogy(counts, level) - level - gammaln(counts + 1)).sum() for level in (mean, 1.5)
    )
    assert found.mcfadden[0] == pytest.approx(1.0 - model / constant, rel=1e-12)


def test_deviance_and_mcfadden_agree_for_single_spikes():
    found = sums("bernoulli", np.array([0.9, 0.2, 0.3, 0.4]), np.array([0, 3]), 0.5)
    model = np.log(0.9 * 0.8 * 0.7 * 0.4)
    assert found.log_likelihood[0] == pytest.approx(model, rel=1e-12)
    assert found.constant[0] == pytest.approx(4 * np.log(0.5), rel=1e-12)
    assert found.deviance_explained[0] == pytest.approx(1 - model / (4 * np.log(0.5)), rel=1e-12)
    assert found.mcfadden[0] == pytest.approx(found.deviance_explained[0], rel=1e-12)


def test_the_mean_is_weighted_by_spikes_and_ignores_other_neurons():
    found = PredictiveScores(
        *np.array([[-10.0, -3.0, np.nan], [-12.0, -4.0, np.nan], [0, 0, np.nan], [9, 1, np.nan]])
    )
    weighted = np.nansum(found.bits_per_spike * found.spikes) / 10.0
    assert found.mean == pytest.approx(weighted, rel=1e-12)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_predictions_follow_from_the_filters(rng):
    trains, others = recording(rng), recording(rng)
    glm = PopulationGLM(BASIS).fit(trains, N_BINS)
    counts, filters = counts_of(others), glm.filters_
    score = np.tile(glm.intercept_, (N_BINS, 1))
    refractory = np.zeros(score.shape, dtype=bool)
    for i in range(4):
        for j in range(4):
            score[:, i] += np.convolve(counts[:, j], np.append(0.0, filters[j, i]))[:N_BINS]
        course = np.append(0.0, np.ones(glm.refractory_[i]))
        refractory[:, i] = np.convolve(counts[:, i], course)[:N_BINS] > 0
    # Spikes in the refractory period are as rare as half a spike in the fitted recording.
    bins = counts_of(trains).sum(axis=0) * glm.refractory_
    probability = np.where(refractory, 0.5 / (bins + 1.0), expit(score))
    predicted = glm.predict(others, N_BINS)
    np.testing.assert_allclose(predicted, 1e3 * probability, rtol=1e-9, atol=1e-12)

    # The score in terms of these probabilities.
    found = glm.evaluate(others, N_BINS)
    p = predicted[:, 2] / 1e3
    likelihood = xlogy(counts[:, 2], p) + xlogy(1 - counts[:, 2], 1 - p)
    assert found.log_likelihood[2] == pytest.approx(likelihood.sum(), rel=1e-9)
    rate = len(trains[2]) / N_BINS
    constant = len(others[2]) * np.log(rate) + (N_BINS - len(others[2])) * np.log1p(-rate)
    assert found.constant[2] == pytest.approx(constant, rel=1e-9)
    assert found.spikes[2] == len(others[2])
    assert glm.score(others, N_BINS) == found.mean


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_held_out_predictions_equal_those_of_a_fit_without_the_block(rng):
    trains = recording(rng)
    glm = PopulationGLM(BASIS, strength=5.0, tol=1e-4).fit(trains, N_BINS)
    held_out = list(glm._held_out(5))
    assert [one.index for one in held_out] == [0, 1, 2, 3]
    assert all(one.counted.all() for one in held_out)
    # The last of five blocks: the fit to the first 80 %, without the margin.
    last = 4 * N_BINS // 5
    without = PopulationGLM(BASIS, strength=5.0, tol=1e-4)
    without.fit(trains, N_BINS, epochs=[[0.0, last - 15.0]])
    predicted = without.predict(trains, N_BINS) / 1e3
    for one in held_out:
        # Fits of held-out blocks stop at 0.05 standard errors.
        mean = -np.expm1(-one.silence[last:])
        np.testing.assert_allclose(one.mean[last:], mean, rtol=1e-9)
        expected = predicted[last:, one.index]
        possible = expected > 1e-100
        np.testing.assert_allclose(mean[possible], expected[possible], rtol=0.02)
        # Spikes within the refractory period are rare, but possible.
        assert (mean[~possible] > 0.0).all()
        assert (mean[~possible] < 0.01).all()
    assert glm.evaluate().bits_per_spike[1] == pytest.approx(
        PredictiveScores(*held_out[1].sums[:, None]).bits_per_spike[0]
    )
    rates = glm.predict()
    np.testing.assert_array_equal(rates, 1e3 * np.array([one.mean for one in held_out]).T)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_rates_are_cross_validated_in_the_bins_and_neurons_of_the_fit(rng):
    trains = [np.sort(np.append(one, one[::7])) for one in recording(rng)]
    epochs = [[1000.0, 5000.0], [6000.0, 12_000.0]]
    glm = PopulationGLM(BASIS, family="negative_binomial")
    glm.fit(trains, N_BINS, epochs=epochs, neurons=[0, 2])
    rates, counted = glm.predict(), np.zeros(N_BINS, dtype=bool)
    counted[1000:5000], counted[6000:] = True, True
    assert np.isnan(rates[:, [1, 3]]).all()
    assert (np.isfinite(rates[:, [0, 2]]) == counted[:, None]).all()
    mean = 1e3 * counts_of(trains)[counted][:, [0, 2]].mean(axis=0)
    assert rates[counted][:, [0, 2]].mean(axis=0) == pytest.approx(mean, rel=0.05)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_number_of_blocks_can_be_chosen(rng):
    trains = recording(rng)
    glm = PopulationGLM(BASIS, strength=5.0, tol=1e-4).fit(trains, N_BINS)
    without = PopulationGLM(BASIS, strength=5.0, tol=1e-4)
    without.fit(trains, N_BINS, epochs=[[0.0, N_BINS / 2 - 15.0]])
    second = slice(N_BINS // 2, None)
    expected = without.predict(trains, N_BINS)[second]
    possible = expected > 1e-9
    found = glm.predict(n_folds=2)[second]
    np.testing.assert_allclose(found[possible], expected[possible], rtol=0.02)
    assert glm.score(n_folds=2) < glm.score(n_folds=10)
    with pytest.raises(ns.NeurosimError, match="n_folds = 1 is below 2"):
        glm.predict(n_folds=1)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_another_recording_needs_its_spikes(rng):
    glm = PopulationGLM(BASIS).fit(recording(rng), N_BINS)
    with pytest.raises(ns.NeurosimError, match="stimulus without spikes: give the spikes"):
        glm.predict(stimulus=np.zeros(N_BINS))
    with pytest.raises(ns.NeurosimError, match="epochs without spikes"):
        glm.score(epochs=[[0.0, 1000.0]])


def test_training_leaves_out_the_block_and_its_surroundings(rng):
    trains = recording(rng)
    glm = PopulationGLM(BASIS).fit(trains, N_BINS, epochs=[[1000.0, 5000.0], [6000.0, 12_000.0]])
    folds, seen = Folds(glm._problem_), np.zeros(N_BINS, dtype=int)
    for fold in range(len(folds)):
        likelihood, tested = folds.of_neuron(0, fold)
        assert likelihood is not None
        train = likelihood.past.counted
        near = np.convolve(tested, np.ones(31), mode="same") > 0
        assert not (train & near).any()
        assert train.sum() >= 10_000 - 2000 - 2 * 15
        seen += tested
    expected = np.zeros(N_BINS)
    expected[1000:5000], expected[6000:] = 1, 1
    assert (seen == expected).all()


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("penalty", ["ridge", "group_lasso", "lasso"])
def test_cross_validation_chooses_the_strength_that_predicts_best(rng, penalty):
    trains = recording(rng)
    glm = PopulationGLM(BASIS, penalty=penalty, strength="cv").fit(trains, N_BINS)
    assert glm.strength_ == glm.cv_strengths_[np.argmax(glm.cv_scores_)]
    assert (np.diff(glm.cv_strengths_) < 0).all()
    assert (glm.cv_errors_ > 0).all()
    # Held-out data flatter less than those of the fit.
    assert 0.0 < glm.score() < glm.score(trains, N_BINS)
    # At the strongest lasso, all predictions are those without synapses.
    if penalty != "ridge":
        alone = PopulationGLM(BASIS, penalty=penalty, strength=1e9).fit(trains, N_BINS)
        assert not np.nan_to_num(alone.coupling_).any()
        assert alone.score() < glm.score()


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("penalty", ["group_lasso", "lasso"])
def test_results_do_not_depend_on_the_number_of_threads(rng, penalty):
    trains = recording(rng)
    one, two = (
        PopulationGLM(BASIS, penalty=penalty, threads=n).fit(trains, N_BINS) for n in (1, 2)
    )
    assert one.coupling_.tobytes() == two.coupling_.tobytes()
    assert one.cv_scores_.tobytes() == two.cv_scores_.tobytes()
    assert one.score() == two.score()


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("penalty", ["group_lasso", "lasso"])
def test_estimates_without_bias_do_not_depend_on_the_penalty(rng, penalty):
    trains = recording(rng)
    options = {"standard_errors": "exact", "tol": 1e-4}
    plain = PopulationGLM(BASIS, strength=1e-3, **options).fit(trains, N_BINS)
    found = PopulationGLM(BASIS, penalty=penalty, strength=8.0, **options).fit(trains, N_BINS)
    others = ~np.eye(4, dtype=bool)
    errors = plain.filter_errors_[others][:, 1:10]
    shrunk = np.abs(found.filters_ - plain.filters_)[others][:, 1:10] / errors
    unbiased = np.abs(found.unbiased_filters_ - plain.unbiased_filters_)[others][:, 1:10] / errors
    assert shrunk.max() > 0.5
    assert unbiased.max() < 0.25 * shrunk.max()


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
def test_counts_are_cross_validated_too(rng, family):
    trains = [np.sort(np.append(one, one[::7])) for one in recording(rng)]
    glm = PopulationGLM(BASIS, family=family, penalty="group_lasso").fit(trains, N_BINS)
    assert glm.evaluate().spikes.tolist() == [len(one) for one in trains]
    assert np.isfinite(glm.score())
    assert glm.predict(trains, N_BINS).mean(axis=0) == pytest.approx(glm.rates_, rel=0.05)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_stimulus_is_standardised_as_in_the_fit(rng):
    trains, stimulus = recording(rng), rng.normal(3.0, 2.0, N_BINS)
    glm = PopulationGLM(BASIS).fit(trains, N_BINS, stimulus=stimulus)
    half = [one[one < 6000.0] for one in trains]
    whole = glm.predict(trains, N_BINS, stimulus=stimulus)
    part = glm.predict(half, 6000.0, stimulus=stimulus[:6000])
    np.testing.assert_allclose(part, whole[:6000], rtol=1e-12)
    with pytest.raises(ns.NeurosimError, match="fitted with a stimulus"):
        glm.predict(trains, N_BINS)
    with pytest.raises(ns.NeurosimError, match="1 features of the fit"):
        glm.predict(trains, N_BINS, stimulus=np.ones((N_BINS, 2)))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_held_out_blocks_are_tested_by_time_rescaling(rng):
    trains = recording(rng)
    glm = PopulationGLM(BASIS, baseline=1000.0).fit(trains, N_BINS)
    found = glm.rescaled(seed=3)
    assert list(found) == [0, 1, 2, 3]
    fired = counts_of(trains)[:, 1]
    one = list(glm._held_out(5, only=4))[1]
    assert one.counted.mean() == pytest.approx(0.2, abs=0.01)
    direct = time_rescaling_test(fired, -np.expm1(-one.silence), counted=one.counted, seed=4)
    np.testing.assert_allclose(found[1].intervals, direct.intervals, rtol=1e-9)
    # The model is correct up to its basis: each test of four passes with 95 %.
    assert sum(test.p_value > 1e-3 for test in found.values()) >= 3


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_gaps_and_absent_neurons_of_other_recordings(rng):
    trains = recording(rng)
    glm = PopulationGLM(BASIS).fit(trains, N_BINS)
    whole = glm.predict(trains, N_BINS)
    broken = glm.predict(trains, N_BINS, gaps=[[6000.0, 6000.0]])
    differ = np.flatnonzero((~np.isclose(broken, whole, rtol=1e-12, atol=0.0)).any(axis=1))
    assert differ.min() >= 6000
    assert differ.max() < 6015
    counted = glm.evaluate(trains, N_BINS, gaps=[[6000.0, 6000.0]]).spikes
    lost = [((one > 6000.0) & (one < 6015.0)).sum() for one in trains]
    assert counted.tolist() == [len(one) - k for one, k in zip(trains, lost, strict=True)]
    absent = {3: [[0.0, 6000.0]]}
    known = [*trains[:3], trains[3][trains[3] < 6000.0]]
    found = glm.predict(known, N_BINS, presence=absent)
    # The mean input replaces that of the absent neuron, the strongest of the first one.
    lone = glm.predict([*trains[:3], known[3]], N_BINS)
    mean = glm.filters_[3, 0].sum() * len(known[3]) / 6000.0
    ratio = np.log(found[9000:, 0] / (1e3 - found[9000:, 0])) - np.log(
        lone[9000:, 0] / (1e3 - lone[9000:, 0])
    )
    assert np.nanmedian(ratio) == pytest.approx(mean, rel=1e-6)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_random_subset_of_many_neurons_chooses_the_strength(rng):
    n = MOST_NEURONS + 5
    trains = [np.flatnonzero(rng.random(2000) < 0.03) + 0.5 for _ in range(n)]
    glm = PopulationGLM(RaisedCosines(2, 10.0), penalty="lasso").fit(trains, 2000.0)
    again = PopulationGLM(RaisedCosines(2, 10.0), penalty="lasso").fit(trains, 2000.0)
    assert glm.strength_ == again.strength_
    # Independent neurons are predicted best with few or no couplings.
    assert (np.nan_to_num(glm.coupling_) != 0).mean() < 0.1


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_bad_data_are_refused_in_a_sentence(rng):
    trains = recording(rng)
    with pytest.raises(ns.NeurosimError, match="too few for cross-validation"):
        PopulationGLM(BASIS, penalty="lasso").fit([one[one < 140] for one in trains], 140.0)
    glm = PopulationGLM(BASIS).fit(trains, N_BINS)
    with pytest.raises(ns.NeurosimError, match="of the same neurons"):
        glm.predict(trains[:3], N_BINS)
    with pytest.raises(ns.NeurosimError, match="without stimulus"):
        glm.score(trains, N_BINS, stimulus=np.ones(N_BINS))
    silent = [np.empty(0), *trains[1:]]
    assert np.isnan(glm.evaluate(silent, N_BINS).bits_per_spike[0])
    assert np.isfinite(glm.score(silent, N_BINS))
