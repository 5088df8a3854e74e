"""What goes into the inference of synapses, what comes out, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import neo
import numpy as np
import pytest
import quantities as pq
from scipy.signal import lfilter
from scipy.special import expit

import neurosim as ns
from bridge.inference import (
    Correlograms,
    SynapticKernel,
    bin_trains,
    cross_correlation_z,
    existence_auc,
    infer_synapses,
    membrane_beta,
    score_connectome,
)
from bridge.neuron.rates import siegert_rate

DURATION = 20_000.0


@pytest.fixture(scope="module")
def trains() -> list[np.ndarray]:
    """Three neurons; the first makes the second fire 1 to 6 ms later every other time."""
    rng = np.random.default_rng(7)
    first = np.cumsum(rng.uniform(20.0, 120.0, 260))
    second = first[::2] + rng.uniform(1.0, 6.0, 130)
    third = np.cumsum(rng.uniform(20.0, 150.0, 220))
    return [np.round(train[train < 19_990.0], 1) for train in (first, second, third)]


def test_every_make_of_spike_trains_gives_the_same(trains):
    times, ids = np.concatenate(trains), np.repeat([0, 1, 2], [len(train) for train in trains])
    order = np.argsort(times, kind="stable")
    simulated = ns.SpikeTrains(times[order], ids[order], np.arange(3))
    in_seconds = [
        neo.SpikeTrain((train + 500.0) / 1e3 * pq.s, t_start=0.5 * pq.s, t_stop=20.5 * pq.s)
        for train in trains
    ]
    expected = infer_synapses(trains, DURATION)
    for spikes, duration in (
        (simulated, DURATION),
        ((times[order], ids[order]), DURATION),
        (in_seconds, None),
        (tuple(trains), DURATION),
        (bin_trains(trains, DURATION), None),
    ):
        found = infer_synapses(spikes, duration)
        assert found.weights.tobytes() == expected.weights.tobytes()
        assert found.z.tobytes() == expected.z.tobytes()


def test_a_bin_holds_the_spikes_up_to_its_end():
    binned = bin_trains([[0.0, 1.1], [0.3, 1.0001, 10.0]], 10.0)
    assert binned.bins.tolist() == [0, 0, 1, 1, 9]
    assert binned.ids.tolist() == [0, 1, 0, 1, 1]
    assert binned.n_bins == 10


def test_neurons_keep_their_names(trains):
    names = np.repeat([7, 3, 12], [len(train) for train in trains])
    times = np.concatenate(trains)
    order = np.argsort(times, kind="stable")
    found = infer_synapses((times[order], names[order]), DURATION, neurons=[3])
    assert found.neurons.tolist() == [3, 7, 12]
    assert found.called()[1, 0]
    assert np.isfinite(found.weights).any(axis=0).tolist() == [True, False, False]


def test_the_one_synapse_is_called_and_no_other(trains):
    found = infer_synapses(trains, DURATION)
    assert np.argwhere(found.called()).tolist() == [[0, 1]]
    assert found.signs[0, 1] == 1
    assert found.interval[0, 1, 0] < found.weights[0, 1] < found.interval[0, 1, 1]
    assert np.isnan(np.diag(found.weights)).all()
    np.testing.assert_allclose(found.psps(0.5), 2.0 * found.weights)
    assert np.nanargmax(cross_correlation_z(trains, DURATION)) == 1
    assert np.nanargmax(cross_correlation_z(trains, DURATION, expectation="slow")) == 1


def test_a_neuron_with_too_few_spikes_is_said_and_left_open(trains):
    with pytest.warns(UserWarning, match=r"neurons that fired fewer than 10 times \(3, 4\)"):
        found = infer_synapses([*trains, np.array([5000.0]), np.empty(0)], DURATION)
    assert np.isnan(found.weights[:, 3:]).all()
    assert np.isfinite(found.weights[3, :3]).all()  # its output is estimated, but not tested
    assert not found.called(0.5)[3].any()
    assert np.isnan(found.weights[4]).all()
    assert not found.called()[:, 3:].any()
    assert np.isnan(cross_correlation_z([*trains, np.empty(0)], DURATION)[3]).all()


def test_two_spikes_in_a_bin_are_said(trains):
    doubled = [np.sort(np.append(trains[0], trains[0][:3] + 0.05)), *trains[1:]]
    with pytest.warns(UserWarning, match=r"3 spikes share a bin of 1 ms .*neuron 0: 3"):
        infer_synapses(doubled, DURATION)


def test_the_kernel_that_made_the_spikes_has_the_smallest_cross_entropy():
    rng = np.random.default_rng(4)
    first = (rng.random(60_000) < 0.02).astype(float)
    heard = lfilter([0.0, 1.0], [1.0, -np.exp(-1.0 / 8.0)], first)
    second = rng.random(60_000) < expit(3.0 * heard - 5.0)
    made = [np.flatnonzero(fired) + 0.5 for fired in (first, second)]
    losses = {
        tau: infer_synapses(made, 60_000.0, kernel=SynapticKernel((tau,))).cross_entropy[1]
        for tau in (2.0, 8.0, 30.0)
    }
    # Twice the difference is about χ² of one degree: an error rate of 1e-4.
    assert losses[8.0] < min(losses[2.0], losses[30.0]) - 7.5


def test_a_strong_ridge_ranks_as_cross_correlation_through_the_kernel_does(trains):
    strong = infer_synapses(trains, DURATION, kernel=SynapticKernel(), ridge=1e9)
    weak = infer_synapses(trains, DURATION, kernel=SynapticKernel(), ridge=1e-9)
    assert strong.z[0, 1] > 5.0
    # The bias of the ridge is removed by one Newton step from weights of 0, which is too long.
    assert 0.0 < weak.weights[0, 1] < strong.weights[0, 1]
    assert strong.cross_entropy[1] > weak.cross_entropy[1]


def test_the_baseline_counts_against_what_the_rates_make_likely():
    # 100 spikes each in 10,000 bins; of the second, 40 come 3 ms after one of the first.
    first = np.arange(100) * 100.0 + 20.5
    second = np.append(first[:40] + 3.0, first[40:] + 60.0)
    z = cross_correlation_z([first, second], 10_000.0, window=(1.0, 5.0))
    assert z[0, 1] == pytest.approx((40 - 5.0) / np.sqrt(5.0))
    counted = Correlograms.of([first, second], 10_000.0)
    assert counted.counts[0, 1, counted.lags == 3] == 40
    assert counted.counts[1, 0, counted.lags == -3] == 40
    assert counted.z((1.0, 5.0))[0, 1] == pytest.approx(z[0, 1])


def test_the_slow_expectation_takes_a_flat_correlogram_for_what_it_is():
    rng = np.random.default_rng(2)
    flat = [np.flatnonzero(rng.random(100_000) < 0.02) + 0.5 for _ in range(2)]
    slow = cross_correlation_z(flat, 100_000.0, expectation="slow")
    assert np.nanmax(np.abs(slow)) < 5.0  # 2 of N(0, 1): an error rate of 1e-6


def test_the_kernel_has_peak_1_and_its_area():
    kernel = SynapticKernel((2.0, 20.0), (-1.0, 1.0), delay=2.0)
    lags = np.arange(0.0, 300.0, 0.01)
    assert kernel.values(lags).max() == pytest.approx(1.0, abs=1e-4)
    assert kernel.values(lags).sum() * 0.01 == pytest.approx(kernel.area, rel=1e-3)
    assert kernel.values(-1.0) == 0.0
    assert kernel.delay_bins(0.5) == 4
    assert SynapticKernel(delay=0.0).delay_bins(1.0) == 1


def test_log_odds_per_mv_are_the_slope_of_the_rate():
    neuron, kernel = ns.LIF(), SynapticKernel((10.0,))
    rate = float(siegert_rate(-60.0, 3.0, neuron, dt=0.1))
    more = float(siegert_rate(-59.99, 3.0, neuron, dt=0.1))
    found = membrane_beta(rate, neuron, 3.0, kernel)
    assert found == pytest.approx(2.0 * np.log(more / rate) / 0.01, rel=1e-2)


def test_scores_of_a_perfect_and_of_a_chance_connectome(trains):
    found = infer_synapses(trains, DURATION)
    truth = np.zeros((3, 3))
    truth[0, 1] = 2.0
    measures = score_connectome(found, truth)
    assert measures["auc_existence"].value == 1.0
    assert measures["found"].value == measures["sign_accuracy"].value == 1.0
    assert measures["false_calls"].value == 0.0
    assert measures["log_odds_per_mv"].value == pytest.approx(found.weights[0, 1] / 2.0)
    with pytest.raises(ns.NeurosimError, match=r"give finite PSPs in mV, shape \(3, 3\)"):
        score_connectome(found, np.zeros((2, 3)))
    with pytest.raises(ns.NeurosimError, match="an AUC needs pairs with and without"):
        existence_auc(found.z, np.zeros((3, 3)))


GOOD = [np.arange(20.0) * 40 + 3.0, np.arange(20.0) * 41 + 5.0]


def neo_train(stop: float) -> neo.SpikeTrain:
    return neo.SpikeTrain(GOOD[0] * pq.ms, t_stop=stop * pq.ms)


@pytest.mark.parametrize(
    ("spikes", "options", "message"),
    [
        ([[5.0, 3.0], GOOD[1]], {}, "neuron 0 are not in order, 3 ms comes after 5 ms: sort"),
        ([GOOD[0], [-1.0, 3.0]], {}, "neuron 1 has a spike at -1 ms"),
        ([GOOD[0], [1.0, np.nan, 3.0]], {}, "neuron 1 has a spike at nan ms"),
        ([GOOD[0], [1.0, np.inf]], {}, "neuron 1 has a spike at inf ms"),
        ([GOOD[0], [1.0, 2000.0]], {}, "2000 ms, after the end of the recording at 1000 ms"),
        ([GOOD[0], ["a"]], {}, "the train of neuron 1 must be an array of real numbers"),
        ([GOOD[0], np.ones((2, 2))], {}, r"the train of neuron 1 has shape \(2, 2\)"),
        ([GOOD[0]], {}, "1 spike train: give those of at least 2"),
        ([], {}, "0 spike train"),
        (3.0, {}, "float is not a set of spike trains"),
        ("abc", {}, "read files with neurosim.load_spikes"),
        (([1.0, 2.0], [0]), {}, r"times \(2,\) and ids \(1,\) must be of one length"),
        (([2.0, 1.0, 3.0], [0, 0, 1]), {}, "spike times of neuron 0 are not in order"),
        (GOOD, {"duration": None}, "duration is missing"),
        (GOOD, {"duration": np.nan}, "duration = nan ms"),
        (GOOD, {"duration": 1e6}, "are the times in seconds"),
        (
            [np.arange(20.0) / 4, np.arange(9.0)],
            {"duration": 10.0},
            "are times and duration in seconds",
        ),
        (GOOD, {"bin_width": 0.0}, "bin_width = 0 ms"),
        (GOOD, {"bin_width": 900.0}, "less than two bins"),
        (GOOD, {"bin_width": 1e-9}, r"GiB, but .* GiB are available"),
        (GOOD, {"neurons": [5]}, "neurons not among the 2 recorded: 5"),
        (GOOD, {"ridge": -1.0}, "ridge = -1"),
        (GOOD, {"tol": 0.0}, "tol = 0 standard errors"),
        (GOOD, {"threads": 0}, "threads = 0"),
        (GOOD, {"history": -1.0}, "history = -1 ms is outside 0 to 10000 ms"),
        (GOOD, {"reset": np.nan}, "reset = nan ms is outside 0 to 1000 ms"),
        ([[1.0], [2.0]], {"duration": 100.0}, "no neuron fired at least 10 times"),
        ([neo_train(900.0), neo_train(1000.0)], {}, "the Neo trains cover different spans"),
    ],
)
def test_bad_recordings_are_refused_in_a_sentence(spikes, options, message):
    with pytest.raises(ns.NeurosimError, match=message):
        infer_synapses(spikes, **({"duration": 1000.0} | options))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SynapticKernel((0.0,)), "one to eight finite times above 0 ms"),
        (lambda: SynapticKernel((1.0, 2.0), (1.0,)), "for each of the 2 time constants"),
        (lambda: SynapticKernel((1.0,), (-1.0,)), "never positive in sum"),
        (lambda: SynapticKernel(delay=-1.0), "delay = -1 ms"),
        (lambda: cross_correlation_z(GOOD, 1000.0, window=(5.0, 1.0)), "give the lower one first"),
        (lambda: Correlograms.of(GOOD, 1000.0).z((1.0, 99.0)), "is not within the lags counted"),
        (lambda: Correlograms.of(GOOD, 1000.0).z(expectation="no"), "give one of rate, slow"),
        (lambda: infer_synapses(GOOD, 1000.0).called(2.0), "fdr = 2 is outside 0 to 1"),
        (lambda: infer_synapses(GOOD, 1000.0).psps(-1.0), "one number above 0 per mV"),
        (lambda: membrane_beta(500.0, ns.LIF(), 3.0, SynapticKernel()), "above 0 and below 190"),
    ],
)
def test_mistakes_are_refused_in_a_sentence(call, message):
    with pytest.raises(ns.NeurosimError, match=message):
        call()


def test_progress_counts_the_neurons_fitted(trains, monkeypatch):
    said: list[float] = []

    @contextmanager
    def bar(total: float, **options: object) -> Iterator[Callable[[float], None]]:
        assert (total, options["show"], options["unit"]) == (3, True, "neurons")
        yield said.append

    monkeypatch.setattr("bridge.recordings.glm.fitted.progress_bar", bar)
    infer_synapses(trains, DURATION, progress=True)
    assert said == [1, 2, 3]
