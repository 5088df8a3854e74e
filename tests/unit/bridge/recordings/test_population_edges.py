"""Difficult recordings: population models answer, or raise or warn in one sentence."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import neurosim as ns
from bridge.recordings import NoHistory, PopulationGLM, RaisedCosines

DURATION = 20_000.0
FAMILIES = (
    {"link": "logit"},
    {"link": "cloglog"},
    {"family": "poisson", "link": "exponential"},
    {"family": "poisson", "link": "softplus"},
    {"family": "negative_binomial"},
)
LATE = "after the end of the recording"


@pytest.fixture
def trains(rng) -> list[np.ndarray]:
    """Four independent neurons at 10 Hz."""
    return poisson(rng, 4, DURATION, 10.0)


def poisson(rng: np.random.Generator, n: int, duration: float, rate: float) -> list[np.ndarray]:
    """Spike times of neurons that fire at most once per ms."""
    return [np.flatnonzero(rng.random(round(duration)) < 1e-3 * rate) + 1.0 for _ in range(n)]


def fit(trains: Any, options: dict[str, Any] | None = None, **recording: Any) -> PopulationGLM:
    """Fit; every warning is an error unless it is expected."""
    recording = {"duration": DURATION} | recording
    return PopulationGLM(**{"threads": 1} | (options or {})).fit(trains, **recording)


def check(glm: PopulationGLM, fitted: int) -> None:
    """Check that the first neurons have finite results, and that no synapse is called."""
    assert np.isfinite(glm.intercept_[:fitted]).all()
    assert np.isfinite(glm.filters_[:fitted, :fitted]).all()
    assert not glm.called().any()


@pytest.mark.parametrize("family", FAMILIES)
def test_two_spikes_in_a_bin(trains, family):
    trains[0] = np.sort(np.append(trains[0], trains[0][:30]))
    if "family" in family:
        glm = fit(trains, family)
    else:
        with pytest.warns(UserWarning, match="30 spikes share a bin of 1 ms"):
            glm = fit(trains, family)
    check(glm, 4)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_silent_cell(trains, family):
    with pytest.warns(UserWarning, match=r"neurons that fired fewer than 10 times \(4\)"):
        glm = fit([*trains, np.empty(0)], family)
    check(glm, 4)
    assert np.isnan(glm.intercept_[4])


@pytest.mark.parametrize("family", FAMILIES)
def test_a_cell_that_never_stops(trains, family):
    with pytest.warns(UserWarning, match=r"are silent in fewer than 10 bins \(4\) are not fitted"):
        glm = fit([*trains, np.arange(1.0, DURATION + 1.0)], family)
    check(glm, 4)
    assert np.isnan(glm.intercept_[4])
    assert glm.rates_[4] == 1000.0
    alone = fit(trains, family)
    np.testing.assert_allclose(glm.coupling_[:4, :4], alone.coupling_, atol=0.05)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_cell_that_never_stops_once_it_has_started(trains, family):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of its fit, which can have no minimum
        glm = fit([*trains, np.arange(10_000.0, DURATION + 1.0)], family)
    assert np.isfinite(glm.coupling_[:, :4]).all()
    assert np.isfinite(glm.log_likelihood_).all()
    assert not glm.called()[:4, :4].any()


def test_cells_that_all_never_stop(trains):
    with pytest.raises(ns.NeurosimError, match="all neurons are silent in fewer than 10 of 20,000"):
        fit([np.arange(1.0, DURATION + 1.0)] * 3)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("probability", [0.1, 0.3, 0.9])
def test_independent_cells_that_fire_in_many_bins(rng, family, probability):
    trains = poisson(rng, 4, DURATION, 1e3 * probability)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "neurons .* fire in more than half of the bins")
        warnings.filterwarnings("ignore", "the standard deviation of z")
        glm = fit(trains, family)
    check(glm, 4)
    assert glm.converged_.all()
    assert glm.evaluations_.max() <= 12  # with a start far from the minimum, 40 to 600


def test_cells_that_fire_in_most_bins_are_named(rng):
    trains = [*poisson(rng, 2, DURATION, 10.0), *poisson(rng, 1, DURATION, 900.0)]
    with pytest.warns(
        UserWarning, match=r"neurons \(2\) fire in more than half of the bins of 1 ms"
    ):
        fit(trains)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_cell_with_a_single_burst(trains, family):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        glm = fit([*trains, np.arange(500.0, 700.0)], family)
    assert glm.converged_.all()
    assert glm.evaluations_.max() <= 30  # it was 144 where it converged
    assert not glm.called()[:4, :4].any()


@pytest.mark.parametrize("family", FAMILIES)
def test_no_coupling_is_called_from_a_cell_with_few_spikes(trains, family):
    """Two of its spikes happen to precede those of another neuron."""
    chance = trains[0][[20, 40]] + 2.0
    chance = np.setdiff1d(chance, trains[1])
    trains[1] = np.union1d(trains[1], chance)
    with pytest.warns(UserWarning, match="fired fewer than 10 times"):
        glm = fit([*trains, trains[0][[20, 40]]], family)
    assert not glm.called()[4].any()


@pytest.mark.parametrize("family", FAMILIES)
def test_duplicated_cells(trains, family):
    with pytest.warns(UserWarning, match=r"fire almost only together \(0 and 4\)"):
        glm = fit([*trains, trains[0]], family)
    check(glm, 5)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_cell_that_always_follows_another_one(trains, family):
    follower = trains[0][trains[0] < DURATION - 3.0] + 3.0
    glm = fit([*trains, follower], family)
    assert glm.called()[0, 4]
    assert np.isfinite(glm.filter_errors_).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_one_neuron(trains, family):
    glm = fit(trains[:1], family)
    check(glm, 1)
    assert glm.coupling_.shape == (1, 1, 6)


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_ten_seconds_of_many_cells(rng, family):
    trains = poisson(rng, 40, 10_000.0, 5.0)
    with pytest.warns(UserWarning, match="have fewer spikes than the 234 weights"):
        glm = fit(trains, {"family": family}, duration=10_000.0)
    assert glm.converged_.all()
    assert np.isfinite(glm.filter_errors_).all()
    # Without synapses, each of the few calls is false.
    assert glm.called().sum() <= 4


def test_gaps_with_spikes_in_them(trains):
    with pytest.warns(UserWarning, match="spikes lie in gaps"):
        glm = fit(trains, gaps=[(5000.0, 6000.0), (19_000.0, DURATION)])
    check(glm, 4)
    # Intervals of pynapple are in seconds.
    seconds = SimpleNamespace(start=np.array([5.0, 19.0]), end=np.array([6.0, 20.0]))
    with pytest.warns(UserWarning, match="spikes lie in gaps"):
        other = fit(trains, gaps=seconds)
    np.testing.assert_array_equal(other.coupling_, glm.coupling_)


def test_recordings_that_were_joined(trains):
    check(fit(trains, gaps=[(9000.0, 9000.0)]), 4)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"gaps": [(0.0, DURATION)]}, "gaps cover the whole recording"),
        ({"gaps": [(600.0, 500.0)]}, "each start not after its stop"),
        ({"epochs": [(3e5, 4e5)]}, "lie outside the recording of 20000 ms"),
        ({"epochs": [(100.0, 130.0)]}, "no neuron fired at least 10 times"),
        ({"epochs": [(np.nan, 130.0)]}, "pairs of start and stop"),
        ({"presence": [[(0.0, 0.5)], None, None, None]}, "no bin of 1 ms lies within"),
        ({"neurons": [17]}, "neurons not among the 4 recorded: 17"),
        ({"neurons": []}, "none given"),
        ({"duration": None}, "duration is missing"),
        ({"stimulus": np.ones(50)}, "give one row for each of the 20000 bins"),
        ({"stimulus": np.full(20_000, np.nan)}, "not finite"),
        ({"stimulus": "light"}, "array of real numbers"),
    ],
)
def test_recordings_that_cannot_be_used(trains, changed, message):
    with pytest.raises(ns.NeurosimError, match=message) as caught:
        fit(trains, **changed)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda train: train[::-1], "are not in order"),
        (lambda train: train - 5000.0, "times are counted from the start"),
        (lambda train: train + 5000.0, LATE),
        (lambda train: np.insert(train, 3, np.nan), "not finite"),
    ],
)
def test_spike_times_that_cannot_be_right(trains, spoil, message):
    with pytest.raises(ns.NeurosimError, match=message):
        fit([spoil(trains[0]), *trains[1:]])


def test_times_in_seconds(trains):
    with pytest.raises(ns.NeurosimError, match="in seconds"):
        fit([train / 1e3 for train in trains], duration=DURATION / 1e3)


@pytest.mark.parametrize("nothing", [[], [np.empty(0)] * 3])
def test_no_spikes(nothing):
    with pytest.raises(ns.NeurosimError, match=r"spike trains|no neuron fired"):
        fit(nothing)


def test_stimuli_without_information(rng, trains):
    values = rng.normal(size=20_000)
    for stimulus in (np.ones(20_000), np.column_stack([values, values])):
        glm = fit(trains, stimulus=stimulus)
        check(glm, 4)
        assert np.isfinite(glm.stimulus_).all()


def test_a_recording_shorter_than_the_filters(rng):
    trains = poisson(rng, 3, 40.0, 500.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        glm = fit(trains, duration=40.0)
    assert np.isfinite(glm.coupling_).all()
    assert not glm.called().any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strength": -1.0}, "strength = -1"),
        ({"strength": np.nan}, "strength = nan"),
        ({"strength": "strong"}, "'strong' is unknown"),
        ({"penalty": "none"}, "'none' is unknown"),
        ({"family": "gamma"}, "'gamma' is unknown"),
        ({"family": "poisson", "link": "logit"}, "'logit' is unknown"),
        ({"tol": 0.0}, "tol = 0"),
        ({"threads": 0}, "threads"),
        ({"basis": 3}, "must be a basis"),
        ({"basis": RaisedCosines(60, 50.0)}, "too many functions for 50 bins"),
        ({"basis": RaisedCosines(6, 1e6)}, "give a length"),
        ({"bin_width": 0.0}, "bin_width = 0 ms"),
        ({"reset": -1.0}, "reset = -1 ms"),
        ({"standard_errors": "robust"}, "'robust' is unknown"),
    ],
)
def test_options_that_are_out_of_range(trains, options, message):
    with pytest.raises(ns.NeurosimError, match=message):
        fit(trains, options)


@pytest.mark.parametrize("strength", [0.0, 1e12])
def test_extreme_penalties(trains, strength):
    glm = fit(trains, {"strength": strength, "history_basis": NoHistory()})
    check(glm, 4)
    assert glm.converged_.all()


def test_results_do_not_depend_on_the_number_of_threads(trains):
    one, three = (fit(trains, {"threads": n, "shared": 200.0}) for n in (1, 3))
    for name in ("coupling_", "history_", "intercept_", "filter_errors_", "amplitudes_"):
        assert getattr(one, name).tobytes() == getattr(three, name).tobytes()
