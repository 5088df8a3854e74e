"""A population with filters: simulated, and as a network in the engine."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import neurosim as ns
from bridge.recordings import FilteredPopulation, bin_trains
from bridge.recordings.glm.covariates import Covariates
from bridge.recordings.glm.families import Family
from bridge.recordings.glm.prediction import scores

LINKS = [
    Family("bernoulli", "logit"),
    Family("bernoulli", "cloglog"),
    Family("poisson", "exponential"),
    Family("poisson", "softplus"),
    Family("negative_binomial", "exponential", 0.7),
]


def population(rng, family=LINKS[0], n=6, n_lags=12, n_bins=4000, **options) -> FilteredPopulation:
    """Neurons at about 20 Hz with random filters, refractory periods and drives."""
    filters = rng.normal(0.0, 0.8, (n, n, n_lags)) * np.exp(-np.arange(n_lags) / 4.0)
    filters[np.arange(n), np.arange(n)] -= 2.0 * np.exp(-np.arange(n_lags) / 4.0)
    given = {
        "refractory": rng.integers(0, 4, n),
        "drive": rng.normal(0.0, 0.8, (n_bins, n)),
        "family": family,
    }
    return FilteredPopulation(filters, rng.normal(-4.0, 0.3, n), **(given | options))


def dense_scores(model: FilteredPopulation, counts: np.ndarray) -> np.ndarray:
    """Return the scores of all bins from the sum over all lags, given counts (n_bins, n)."""
    scores = model.intercept + np.zeros(counts.shape)
    scores[: len(model.drive)] += model.drive[: len(counts)]
    for lag in range(1, model.filters.shape[2] + 1):
        scores[lag:] += counts[:-lag] @ model.filters[:, :, lag - 1]
    return scores


def counts_of(trains: ns.SpikeTrains, width: float, n_bins: int, n: int) -> np.ndarray:
    bins = np.rint(trains.times / width).astype(int) - 1
    return np.bincount(bins * n + trains.ids, minlength=n_bins * n).reshape(n_bins, n)


@pytest.mark.parametrize("family", LINKS[:2])
@pytest.mark.parametrize("width", [0.5, 1.0, 3.0])
def test_the_network_fires_the_same_spikes(rng, family, width):
    model = population(rng, family, bin_width=width)
    duration = 6000 * width  # beyond the drive of 4000 bins
    trains = model.simulate(duration, seed=3)
    network = model.to_network(beta=0.4)
    result = ns.simulate(network, duration, dt=width, seed=3).spikes["neurons"]
    assert len(trains) > 500
    np.testing.assert_array_equal(trains.ids, result.ids)
    np.testing.assert_allclose(trains.times, result.times, rtol=1e-12)


@pytest.mark.parametrize("family", LINKS)
def test_the_potential_of_the_network_is_the_score(rng, family):
    model, beta = population(rng, family, refractory=None), 0.3
    network = model.to_network(beta=beta)
    network.record(network["neurons"], "v")
    result = ns.simulate(network, 3000.0, dt=1.0)
    counts = counts_of(result.spikes["neurons"], 1.0, 3000, 6)
    scores = dense_scores(model, counts)
    shift = np.log(0.7) if family.dispersion else 0.0
    values = beta * (result.traces["neurons", "v"].values + 55.0) - shift
    silent = counts == 0
    assert counts.sum() > 300
    np.testing.assert_allclose(values[silent], scores[silent], atol=1e-9)


@pytest.mark.parametrize("family", LINKS)
def test_without_coupling_the_network_fires_where_a_count_is_not_zero(rng, family):
    model = population(rng, family, n_lags=0, n_bins=8000, refractory=None)
    counts = counts_of(model.simulate(8000.0, seed=5), 1.0, 8000, 6)
    result = ns.simulate(model.to_network(), 8000.0, dt=1.0, seed=5)
    np.testing.assert_array_equal(counts > 0, counts_of(result.spikes["neurons"], 1.0, 8000, 6) > 0)
    assert counts.max() == 1 if family.name == "bernoulli" else counts.max() > 1


@pytest.mark.parametrize("width", [0.1, 1.0])
def test_refractory_bins_are_never_filled(width):
    model = FilteredPopulation(np.zeros((3, 3, 1)), [5.0] * 3, width, refractory=[0, 1, 4])
    trains = model.simulate(1000 * width)
    shortest = [np.diff(times).min() / width for times in trains.by_neuron()]
    np.testing.assert_allclose(shortest, [1.0, 2.0, 5.0])


def test_dispersions_of_single_neurons():
    family, n_bins = Family("negative_binomial", "exponential", 1.0), 400_000
    options = {"family": family, "dispersion": [0.2, 3.0], "rates": [1e4] * 2}
    model = FilteredPopulation(np.zeros((2, 2, 0)), [-1.0, -1.0], **options)
    counts = counts_of(model.simulate(n_bins), 1.0, n_bins, 2)
    mean = np.exp(-1.0)
    # Standard errors of about 0.001 and 0.01.
    np.testing.assert_allclose(counts.var(axis=0), mean + np.array([0.2, 3.0]) * mean**2, rtol=0.05)
    with pytest.raises(ns.NeurosimError, match=r"dispersions from 0\.2 to 3: the neurons"):
        model.to_network()


def test_only_the_last_spike_can_act():
    """The neuron fires every second bin, unless effects of earlier spikes add up."""
    filters = np.zeros((1, 1, 6))
    filters[0, 0] = [-40.0, 40.0, 40.0, -40.0, -40.0, -40.0]
    model = FilteredPopulation(filters, [-20.0], last_spike_only=True, drive=[[40.0]])
    assert model.simulate(12.0).times.tolist() == [1.0, 3.0, 5.0, 7.0, 9.0, 11.0]
    summed = FilteredPopulation(filters, [-20.0], drive=[[40.0]])
    assert summed.simulate(12.0).times.tolist() == [1.0, 3.0]
    with pytest.raises(ns.NeurosimError, match="only the last one acts"):
        model.to_network()


def test_copies_fire_independently_with_the_probabilities_of_the_population(rng):
    names = ("a", "b")
    model = population(rng, LINKS[-1], n=2, dispersion=[0.5, 0.9], names=names, rates=[10.0, 20.0])
    copies = model.repeated(3)
    assert copies.names == ("a.1", "b.1", "a.2", "b.2", "a.3", "b.3")
    assert copies.rates.tolist() == [10.0, 20.0] * 3
    spikes = rng.integers(0, 2, (model.filters.shape[2] + 5, 6))
    once, thrice = (dense_scores(one, spikes[:, : len(one.intercept)]) for one in (model, copies))
    np.testing.assert_allclose(thrice[:, :2], once, rtol=1e-12)
    for first in (2, 4):  # a copy depends on its own spikes alone
        own = dense_scores(model, spikes[:, first : first + 2])
        np.testing.assert_allclose(thrice[:, first : first + 2], own, rtol=1e-12)
    for name in ("refractory", "dispersion"):
        np.testing.assert_array_equal(getattr(copies, name), np.tile(getattr(model, name), 3))
    counts = copies.simulate(4000.0, seed=1).counts().reshape(3, 2)
    assert len(np.unique(counts[:, 0])) > 1
    with pytest.raises(ns.NeurosimError, match="n = 0 is below 1"):
        model.repeated(0)


def test_spikes_depend_on_the_seed_alone(rng):
    model = population(rng)
    long, short = model.simulate(5000.0, seed=7), model.simulate(2500.0, seed=7)
    np.testing.assert_array_equal(long.times[long.times <= 2500.0], short.times)
    assert len(model.simulate(2500.0, seed=8)) != len(short)
    assert (short.t_stop, short.dt) == (2500.0, 1.0)
    assert bin_trains(short).n_bins == 2500


@pytest.mark.parametrize("refractory", [0, 4])
def test_activity_that_runs_away_stops_the_simulation(refractory):
    filters = np.full((4, 4, 5), 3.0)
    options = {"rates": [5.0] * 4, "names": "abcd", "refractory": [refractory] * 4}
    model = FilteredPopulation(filters, [-5.0] * 4, **options)
    with pytest.warns(UserWarning, match=r"stopped at \d+ of 1e\+06 ms .* 4 of 4 neurons, neuron"):
        trains = model.simulate(1e6)
    assert trains.t_stop <= 10_000.0
    # Counts are not bounded by 1: an exponential link.
    poisson = FilteredPopulation(filters, [-5.0] * 4, family=Family("poisson", "exponential"))
    with pytest.warns(UserWarning, match="runs away"):
        assert poisson.simulate(1e6).t_stop <= 10_000.0


def test_neurons_with_high_rates_do_not_run_away():
    model = FilteredPopulation(np.zeros((2, 2, 1)), [3.0, -1.0], bin_width=20.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trains = model.simulate(400_000.0)
    assert trains.counts()[0] > 18_000


@pytest.mark.parametrize("family", LINKS)
def test_predicted_scores_are_sums_over_lags(rng, family):
    model = population(rng, family, n_bins=800)
    trains = bin_trains(model.simulate(1000.0), counts=family.counts)
    covariates = Covariates(trains, np.eye(12))
    found = np.stack([scores(model, covariates, index) for index in range(6)], axis=1)
    counts = np.zeros((1000, 6))
    np.add.at(counts, (trains.bins, trains.ids), 1.0)
    expected = dense_scores(model, counts)
    for index, bins in enumerate(model.refractory):
        for lag in range(1, bins + 1):
            expected[lag:, index][counts[:-lag, index] > 0] = -np.inf
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("family", LINKS)
def test_own_spikes_pass_the_rescaling_test_and_others_fail(rng, family):
    model = population(rng, family, n_bins=20_000, refractory=None)
    trains = model.simulate(20_000.0)
    # 6 neurons fail in 5 % each: more than two in 0.2 % of runs.
    assert sum(not test.passed for test in model.rescaled(trains).values()) <= 2
    late = model.rescaled(trains, epochs=[(10_000.0, 20_000.0)], gaps=[(4000.0, 4000.0)])
    assert sum(not test.passed for test in late.values()) <= 2
    exchanged = trains.by_neuron()[::-1]
    wrong = model.rescaled(exchanged, 20_000.0)
    assert sum(not test.passed for test in wrong.values()) >= 3
    with pytest.raises(ns.NeurosimError, match="2 spike trains for 6 neurons"):
        model.rescaled(exchanged[:2], 20_000.0)


def test_spikes_in_the_refractory_period_are_reported():
    model = FilteredPopulation(np.zeros((2, 2, 3)), [-2.0, -2.0], refractory=[4, 0])
    trains = [[10.0, 13.0, 40.0], [20.0, 21.0]]
    with pytest.warns(UserWarning, match=r"1 neurons fired in bins with probability 0 \(0\)"):
        found = model.rescaled(trains, 50.0)
    assert (found[0].n_impossible, found[1].n_impossible) == (1, 0)


def test_gaps_cut_filters_and_the_bins_after_them(rng):
    """Spikes beyond a gap change neither scores nor tests of the rest."""
    model = population(rng, refractory=None, drive=None)
    trains = model.simulate(6000.0).by_neuron()
    gap = [(2000.0, 3000.0)]
    cut = [times[(times <= 2000.0) | (times > 3000.0)] for times in trains]
    with pytest.warns(UserWarning, match="79 spikes lie in gaps"):
        ignored = model.rescaled(trains, 6000.0, gaps=gap)
    removed = model.rescaled(cut, 6000.0, gaps=gap)
    for one, other in zip(ignored.values(), removed.values(), strict=True):
        np.testing.assert_array_equal(one.intervals, other.intervals)


def test_the_last_spike_alone_is_predicted():
    filters = np.zeros((1, 1, 6))
    filters[0, 0] = [-40.0, 40.0, 40.0, -40.0, -40.0, -40.0]
    model = FilteredPopulation(filters, [-20.0], last_spike_only=True)
    trains = bin_trains([[1.0, 3.0]], 10.0, fewest=1)
    found = scores(model, Covariates(trains, np.eye(6)), 0)
    effect = [0, -40, 40, -40, 40, 40, -40, -40, -40, 0]
    np.testing.assert_allclose(found, -20.0 + np.array(effect))


def test_the_default_slope_puts_the_mean_intercept_at_rest():
    model = FilteredPopulation(np.full((2, 2, 1), -0.5), [-2.0, -4.0])
    network = model.to_network()
    network.record(network["neurons"], "v")
    first = ns.simulate(network, 1.0, dt=1.0, seed=2).traces["neurons", "v"].values[0]
    assert first == pytest.approx([-65.0, -75.0])
    with pytest.raises(ns.NeurosimError, match="mean intercept is 1, not below 0"):
        FilteredPopulation(np.zeros((1, 1, 1)), [1.0]).to_network()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"filters": np.zeros((2, 3, 4))}, r"filters has shape \(2, 3, 4\)"),
        ({"filters": np.full((2, 2, 1), np.nan)}, "must hold finite numbers"),
        ({"intercept": [[0.0]]}, "intercept must be a 1-D array"),
        ({"bin_width": 0.0}, "bin_width = 0 ms"),
        ({"refractory": [1.5, 0.0]}, "give whole numbers of bins"),
        ({"refractory": [-1, 0]}, "refractory from -1 to 0"),
        ({"drive": np.zeros((5, 3))}, r"drive has shape \(5, 3\)"),
        ({"names": ("a",)}, "1 names for 2 neurons"),
        ({"rates": [1.0]}, "rates has shape"),
        ({"family": LINKS[-1], "dispersion": [0.0, 1.0]}, "dispersion of 0 is not above 0"),
    ],
)
def test_what_does_not_fit_is_refused(changes, words):
    given = {"filters": np.zeros((2, 2, 3)), "intercept": [-1.0, -2.0]}
    with pytest.raises(ns.NeurosimError, match=words):
        FilteredPopulation(**(given | changes))
    with pytest.raises(ns.NeurosimError, match="duration"):
        FilteredPopulation(**given).simulate(np.nan)
