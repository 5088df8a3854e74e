"""Epochs, presence and stimuli in the inference of synapses, and its warnings."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.special import expit

import neurosim as ns
from bridge import PopulationGLM
from bridge.inference import Connectome, SynapticKernel, infer_synapses
from bridge.recordings import PairTests

HALF, DURATION = 40_000, 80_000.0
PLAIN = {"shared": None, "baseline": None, "ridge": 0.1, "tol": 1e-4}
"""Options that leave out everything that depends on the whole recording."""


def simulated(rng: np.random.Generator, n_bins: int, drive: np.ndarray | float = 0.0) -> list:
    """Four neurons at 20 Hz; the first excites the last with weight 1.5, the second inhibits it."""
    decay = np.exp(-0.1)
    first, second, third = (rng.random(n_bins) < 0.02 * np.exp(np.add(drive, np.zeros(n_bins)))
                            for _ in range(3))  # fmt: skip
    x = [lfilter([0.0, 1.0], [1.0, -decay], one.astype(float)) for one in (first, second)]
    last = rng.random(n_bins) < expit(-3.9 + drive + 1.5 * x[0] - 1.0 * x[1])
    return [np.flatnonzero(one) + 1.0 for one in (first, second, third, last)]


def messages(call, *arguments, **options) -> tuple[str, Connectome]:
    """Return the warnings of a call, joined, and its result."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = call(*arguments, **options)
    return " ".join(str(each.message) for each in caught), found


@pytest.fixture(scope="module")
def trains() -> list[np.ndarray]:
    return simulated(np.random.default_rng(11), int(DURATION))


def first_half(trains: list[np.ndarray]) -> list[np.ndarray]:
    return [train[train <= HALF] for train in trains]


def test_an_epoch_counts_as_the_recording_of_it_would(trains):
    expected = infer_synapses(first_half(trains), float(HALF), **PLAIN)
    for epochs in (
        [(0.0, HALF)],
        [(20_000.0, HALF), (0.0, 20_000.0)],
        SimpleNamespace(start=np.array([0.0]), end=np.array([HALF / 1e3])),
    ):
        found = infer_synapses(trains, DURATION, epochs=epochs, **PLAIN)
        np.testing.assert_allclose(found.weights, expected.weights, atol=1e-4)
        np.testing.assert_allclose(found.z, expected.z, rtol=0.05)
        np.testing.assert_allclose(found.cross_entropy, expected.cross_entropy, rtol=1e-6)


def test_rates_are_those_of_the_fitted_time(trains):
    late = [one + DURATION for one in trains]
    glm = PopulationGLM(threads=1).fit(
        late,
        2 * DURATION,
        epochs=[(DURATION, 2 * DURATION)],
        presence={3: (DURATION, 2 * DURATION)},
    )
    expected = [len(one) / DURATION * 1e3 for one in trains]
    np.testing.assert_allclose(glm.rates_, expected, rtol=1e-12)


def test_spikes_between_epochs_are_inputs_and_history_but_not_outcomes(trains):
    found = infer_synapses(trains, DURATION, epochs=[(0.0, HALF)], **PLAIN)
    moved = [np.concatenate([train[train <= HALF], train[train > HALF] + 0.4]) for train in trains]
    other = infer_synapses([np.minimum(one, DURATION) for one in moved], DURATION,
                           epochs=[(0.0, HALF)], **PLAIN)  # fmt: skip
    np.testing.assert_allclose(other.weights, found.weights, atol=1e-4)


def test_a_neuron_is_fitted_in_the_time_it_is_present(trains):
    expected = infer_synapses(first_half(trains), float(HALF), **PLAIN)
    absent = [*trains[:3], first_half(trains)[3]]
    for presence in ({3: [(0.0, HALF)]}, [None, None, None, [(0.0, HALF)]]):
        found = infer_synapses(absent, DURATION, presence=presence, **PLAIN)
        np.testing.assert_allclose(found.weights[:, 3], expected.weights[:, 3], atol=1e-4)
        assert found.rates[3] == pytest.approx(expected.rates[3])
    naive = infer_synapses(absent, DURATION, **PLAIN)
    assert naive.rates[3] == pytest.approx(found.rates[3] / 2.0)


def test_the_input_of_an_absent_neuron_is_taken_to_be_its_mean(trains):
    whole = infer_synapses(trains, DURATION, **PLAIN)
    absent = [first_half(trains)[0], *trains[1:]]
    known = infer_synapses(absent, DURATION, presence={0: [(0.0, HALF)]}, **PLAIN)
    naive = infer_synapses(absent, DURATION, **PLAIN)
    # Half the spikes remain, so the error of the weight, 0.05, grows by about 1.4.
    assert known.weights[0, 3] == pytest.approx(1.5, abs=0.3)
    assert known.intercepts[3] == pytest.approx(whole.intercepts[3], abs=0.1)
    assert known.cross_entropy[3] < naive.cross_entropy[3]


def test_spikes_of_absent_neurons_are_left_out_and_said(trains):
    with pytest.warns(UserWarning, match=r"\d+ spikes lie .*outside the presence of their neurons"):
        found = infer_synapses(trains, DURATION, presence={0: [(0.0, HALF)]}, **PLAIN)
    absent = [first_half(trains)[0], *trains[1:]]
    expected = infer_synapses(absent, DURATION, presence={0: [(0.0, HALF)]}, **PLAIN)
    assert found.weights.tobytes() == expected.weights.tobytes()


def test_too_few_spikes_in_the_epochs_are_too_few(trains):
    with pytest.warns(UserWarning, match=r"neurons that fired fewer than 10 times \(2\)"):
        infer_synapses(
            [*trains[:2], trains[2][trains[2] > HALF], trains[3]],
            *(DURATION,),
            epochs=[(0.0, HALF)],
        )


def test_a_given_stimulus_takes_shared_input_away():
    rng = np.random.default_rng(3)
    # Shared input that changes within 30 ms, too fast for the drives.
    drive = 0.8 * lfilter([0.25], [1.0, -0.97], rng.normal(size=int(DURATION)))
    trains = simulated(rng, int(DURATION), drive)
    said, blind = messages(infer_synapses, trains, DURATION)
    assert "the shared input as stimulus" in said
    features = np.column_stack([drive, rng.normal(size=len(drive)), np.ones(len(drive))])
    for stimulus in (drive, 100.0 - 7.0 * drive, features):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = infer_synapses(trains, DURATION, stimulus=stimulus)
        absent = np.ones((4, 4), dtype=bool)
        absent[[0, 1], 3] = False
        # 10 of N(0, 1): an error rate of 1e-3.
        assert np.nanmax(np.abs(found.z[absent])) < 3.9
        assert np.argwhere(found.called()).tolist() == [[0, 3], [1, 3]]
    assert np.nanmax(np.abs(blind.z[absent])) > 5.0
    # Weights of the standardised stimulus: its spread is its effect on the log-odds, of which the
    # slow drives account for a part.
    np.testing.assert_allclose(found.stimulus_weights[0], drive.std(), rtol=0.15)
    assert np.abs(found.stimulus_weights[1]).max() < 0.1


def test_names_are_carried_through(trains):
    named = dict(zip(["exc a", "inh", "c", "d"], trains, strict=True))
    found = infer_synapses(named, DURATION, presence={"inh": [(0.0, DURATION)]}, neurons=["d"])
    assert found.neurons.tolist() == ["exc a", "inh", "c", "d"]
    assert np.argwhere(found.called()).tolist() == [[0, 3], [1, 3]]
    assert found.signs[:2, 3].tolist() == [1, -1]


def test_a_wrong_kernel_is_said_where_it_can_make_false_calls():
    rng = np.random.default_rng(5)
    kernel = SynapticKernel((5.0,), delay=15.0)
    decay = np.exp(-1.0 / 5.0)
    sources = [(rng.random(60_000) < 0.02).astype(float) for _ in range(2)]
    x = [lfilter([0.0] * 15 + [1.0], [1.0, -decay], one) for one in sources]
    targets = [rng.random(60_000) < expit(-4.2 + 2.0 * one) for one in x]
    trains = [np.flatnonzero(one) + 1.0 for one in (*sources, *targets)]
    said, found = messages(infer_synapses, trains, 60_000.0, kernel=SynapticKernel())
    assert re.search(r"not flat for \d+ of 12 pairs .*kernel of 10 ms", said)
    assert found.misfits()[[0, 1], [2, 3]].all()
    said, right = messages(infer_synapses, trains, 60_000.0, kernel=kernel)
    assert said == ""
    assert right.cross_entropy.sum() < found.cross_entropy.sum()


@pytest.fixture(scope="module")
def found(trains):
    return infer_synapses(trains, DURATION)


@pytest.mark.parametrize(("mean", "sd"), [(0.0, 1.0), (0.0, 4.0), (1.68, 0.93), (5.0, 1.0)])
@pytest.mark.parametrize("n_true", [0, 20])
def test_the_null_spread_is_that_of_absent_pairs_whatever_its_size(found, mean, sd, n_true):
    rng = np.random.default_rng(1)
    z = rng.normal(mean, sd, (20, 20))
    truth = np.zeros((20, 20), dtype=bool)
    truth[np.arange(n_true), (np.arange(n_true) + 1) % 20] = True
    z[truth] += 18.0 * max(sd, mean)
    np.fill_diagonal(z, np.nan)
    other = replace(found, z=z, weights=z, distant=np.empty((20, 20, 0)))
    spread = max(1.0, np.hypot(mean, sd))
    # 380 scores: the estimate has a standard error of 9 % for a normal null spread about 0; one
    # about another mean is overestimated by up to half.
    assert 0.7 * spread < other.null_sd < 1.6 * spread
    called = other.called(0.01)
    assert called[truth].all()
    assert (called & ~truth).sum() <= 3


def test_the_null_spread_of_few_neurons_comes_from_lags_no_synapse_reaches():
    # Two neurons with rates that change together within a second, which no drive follows.
    rng = np.random.default_rng(2)
    rate = 0.02 * np.exp(1.2 * np.sin(2 * np.pi * np.arange(200_000) / 1000.0))
    trains = [np.flatnonzero(rng.random(200_000) < rate) + 1.0 for _ in range(2)]
    said, found = messages(infer_synapses, trains, 200_000.0)
    assert "times the expected standard" in said
    assert found.null_sd > 3.0
    assert np.nanmin(np.abs(found.z)) > 5.0
    assert not found.called().any()


# Whether the fit of twelve spikes converges depends on the last bits, and so on the processor.
@pytest.mark.filterwarnings("ignore:the fit of .* did not converge:UserWarning")
def test_a_null_spread_that_cannot_be_estimated_is_said():
    few = [np.arange(12.0) * 900.0 + 5.0, np.arange(12.0) * 901.0 + 300.0]
    with pytest.warns(UserWarning, match="cannot be estimated from so few pairs and spikes"):
        found = infer_synapses(few, 11_000.0)
    assert found.null_sd == 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": [(5.0, 3.0)]}, "epochs: give pairs of start and stop in ms"),
        ({"epochs": [1.0, 2.0, 3.0]}, "epochs: give pairs of start and stop in ms"),
        ({"epochs": [(1e6, 2e6)]}, "epochs: no bin of 1 ms lies within the intervals"),
        ({"epochs": [(0.2, 0.7)]}, "epochs: no bin of 1 ms lies within the intervals"),
        ({"epochs": "all"}, "epochs: give pairs of start and stop in ms"),
        ({"presence": {9: [(0.0, 5.0)]}}, "not among the 4 recorded: 9"),
        ({"presence": [None]}, "intervals for each of the 4 neurons"),
        ({"presence": {1: [(0.0, np.nan)]}}, "presence of neuron 1: give pairs of start and stop"),
        (
            {"stimulus": np.zeros(5)},
            r"stimulus of shape \(5,\): give one row for each of the 80000",
        ),
        ({"stimulus": np.full(80_000, np.nan)}, "values that are not finite"),
        ({"stimulus": ["a"] * 80_000}, "stimulus must be an array of real numbers"),
        ({"shared": 0.0}, "shared = 0 ms is not a finite number above 0 ms"),
        ({"baseline": -1.0}, "baseline = -1 ms is not a finite number above 0 ms"),
    ],
)
def test_bad_options_are_refused_in_a_sentence(trains, options, message):
    with pytest.raises(ns.NeurosimError, match=message):
        infer_synapses(trains, DURATION, **options)


def test_a_prior_of_the_stimulus_shrinks_its_weights(trains):
    rng = np.random.default_rng(4)
    features = rng.normal(size=(int(DURATION), 5))
    free, tied = (
        PopulationGLM(stimulus_strength=strength).fit(trains, DURATION, stimulus=features)
        for strength in (0.0, 1e6)
    )
    assert np.abs(free.stimulus_).max() > 1e-3
    assert np.abs(tied.stimulus_).max() < 1e-3
    # With a strong prior the error is that of the prior.
    np.testing.assert_allclose(tied.stimulus_errors_, 1e-3, rtol=0.01)
    with pytest.raises(ns.NeurosimError, match="stimulus_strength = -1"):
        PopulationGLM(stimulus_strength=-1.0).fit(trains, DURATION)


def test_the_false_discovery_rate_is_the_nominal_one_where_many_couplings_exist():
    rng = np.random.default_rng(8)
    false = calls = 0
    for _ in range(20):
        truth = rng.random((60, 60)) < 0.4
        z = rng.normal(size=(60, 60)) + 5.0 * truth
        np.fill_diagonal(z, np.nan)
        tests = PairTests(z=z)
        assert tests.absent_fraction == pytest.approx(0.6, abs=0.06)
        called = tests.called(0.02)
        false, calls = false + int((called & ~truth).sum()), calls + int(called.sum())
    # About 28,000 calls of which 2 % are false: three standard errors are 0.3 %.
    assert false / calls == pytest.approx(0.02, abs=0.004)
    assert PairTests(z=z[:5, :5]).absent_fraction == 1.0
