"""A logistic neuron with filters and its spiking twin have one score, in millivolts."""

from __future__ import annotations

import numpy as np
import pytest

import bridge
import neurosim as ns
from bridge import FilteredNeuron, LogisticUnit, connect_filter

BINS = 400
SIGNAL = np.random.default_rng(5).normal(size=BINS)
HEARD = np.array([0.3, 1.2, -0.5])
OWN = np.array([-3.0, 0.8, -1.0, 0.4])
OTHER = np.array([0.0, 1.5, -0.7])


def unit(intercept: float, coupled: bool = False) -> LogisticUnit:
    return LogisticUnit(intercept, np.concatenate([HEARD, OWN, OTHER if coupled else []]))


def fired_bins(result: ns.Result, name: str, neuron: int, width: float = 1.0) -> np.ndarray:
    fired = np.zeros(BINS)
    fired[np.round(result.spikes[name].of(neuron) / width).astype(int) - 1] = 1.0
    return fired


def largest_difference(
    result: ns.Result,
    twin: FilteredNeuron,
    logistic: LogisticUnit,
    neuron: int,
    other: np.ndarray | None = None,
) -> float:
    """Return by how much potential and score differ at most, as scores, where it did not fire."""
    fired = fired_bins(result, "twin", neuron, twin.width)
    X = [bridge.lagged(SIGNAL, len(HEARD)), bridge.spike_history(fired, len(OWN))]
    if other is not None:
        X.append(bridge.spike_history(other, len(OTHER)))
    v = result.traces["twin", "v"].of(neuron)
    score = twin.beta * (v - result.populations["twin"].v_threshold)
    off = np.abs(score - logistic.score(np.hstack(X)))
    assert 20 < fired.sum() < BINS - 20
    return float(off[fired == 0].max())


@pytest.mark.parametrize(
    ("intercept", "beta", "width"),
    [(-1.0, None, 1.0), (-1.0, 0.3, 0.1), (0.0, 0.1, 1.0), (0.4, 0.5, 2.0)],
)
def test_potential_is_the_score_of_the_same_spikes(intercept, beta, width):
    logistic = unit(intercept)
    twin = FilteredNeuron.of(logistic, history=len(OWN), beta=beta, width=width)
    net = ns.Network()
    cells = twin.add_to(net, "twin", SIGNAL, size=5)
    net.record(cells, "v")
    result = ns.simulate(net, BINS * width, dt=width)
    for neuron in range(5):
        assert largest_difference(result, twin, logistic, neuron) < 1e-9


def test_coupled_neurons_hear_each_other_pair_by_pair():
    logistic = unit(-1.5, coupled=True)
    twin = FilteredNeuron.of(logistic, history=len(OWN), coupling=len(OTHER))
    lone = FilteredNeuron.of(unit(-1.5), history=len(OWN))
    net = ns.Network()
    cells, others = (
        one.add_to(net, name, SIGNAL, size=3) for one, name in ((twin, "twin"), (lone, "other"))
    )
    connect_filter(net, others, cells, twin.coupling)
    net.record(cells, "v")
    result = ns.simulate(net, BINS, dt=1.0)
    trains = [fired_bins(result, "other", neuron) for neuron in range(3)]
    assert (trains[0] != trains[1]).any()
    for neuron, other in enumerate(trains):
        assert largest_difference(result, twin, logistic, neuron, other) < 1e-9
    assert largest_difference(result, twin, logistic, 0, trains[1]) > 0.5


def test_spikes_that_are_given_move_the_potential_as_own_spikes_do():
    """The filter alone: a neuron that sits 45 mV below the threshold and hears one spike."""
    quiet = FilteredNeuron.of(LogisticUnit(-45.0, OWN), history=len(OWN), beta=1.0)
    source = FilteredNeuron.of(LogisticUnit(-300.0, [400.0]), history=0)
    net = ns.Network()
    flash = np.zeros(12)
    flash[3] = 2.0
    fires = source.add_to(net, "fires", flash)
    hears = quiet.add_to(net, "hears", [])
    connect_filter(net, fires, hears, quiet.history)
    net.record(hears, "v")
    result = ns.simulate(net, 12.0, dt=1.0)
    assert result.spikes["fires"].times.tolist() == [4.0]
    moved = result.traces["hears", "v"].of(0) + 70.0
    assert moved[4 : 4 + len(OWN)] == pytest.approx(OWN - 30.0)
    assert moved[:4] == pytest.approx(-30.0 * np.ones(4))


def test_filters_are_cut_from_the_weights_in_their_order():
    twin = FilteredNeuron.of(unit(-3.0, coupled=True), history=4, coupling=3)
    assert twin.beta == pytest.approx(0.2)
    np.testing.assert_allclose(twin.signal, HEARD / 0.2)
    np.testing.assert_allclose(twin.history, OWN / 0.2)
    np.testing.assert_allclose(twin.coupling, OTHER / 0.2)


def test_coupling_to_several_neurons():
    second = np.array([0.9, -0.4])
    logistic = LogisticUnit(-1.5, np.concatenate([HEARD, OWN, OTHER, second]))
    twin = FilteredNeuron.of(logistic, history=4, coupling=[3, 2])
    lone = FilteredNeuron.of(unit(-1.5), history=len(OWN))
    net = ns.Network()
    cells = twin.add_to(net, "twin", SIGNAL)
    for name, psps in zip("ab", twin.coupling, strict=True):
        connect_filter(net, lone.add_to(net, name, SIGNAL), cells, psps)
    net.record(cells, "v")
    result = ns.simulate(net, BINS, dt=1.0)
    a, b = (bridge.spike_history(fired_bins(result, name, 0), 3) for name in "ab")
    fired = fired_bins(result, "twin", 0)
    X = [bridge.lagged(SIGNAL, 3), bridge.spike_history(fired, 4), a, b[:, :2]]
    score = twin.beta * (result.traces["twin", "v"].of(0) + 55.0)
    silent = fired == 0
    np.testing.assert_allclose(score[silent], logistic.score(np.hstack(X))[silent], atol=1e-9)


def test_filters_between_all_pairs():
    """Source j fires once, in bin j; the potential of target i is its filter, at later lags."""
    rng = np.random.default_rng(2)
    filters = rng.normal(size=(2, 3, 4))
    quiet = FilteredNeuron.of(LogisticUnit(-45.0, []), history=0, beta=1.0)
    net = ns.Network()
    sources = net.add("sources", 2, ns.LIF(), dale=False)
    net.drive(sources, ns.SpikeTimes([[1.0], [7.0]]), psp=20.0)
    targets = quiet.add_to(net, "targets", [], size=3)
    connect_filter(net, sources, targets, filters)
    net.record(targets, "v")
    result = ns.simulate(net, 12.0, dt=1.0)
    assert result.spikes["sources"].times.tolist() == [1.0, 7.0]
    moved = result.traces["targets", "v"].values + 70.0 + 30.0
    np.testing.assert_allclose(moved[1:5], filters[0].T)
    np.testing.assert_allclose(moved[7:11], filters[1].T)
    with pytest.raises(ns.NeurosimError, match=r"psps has shape \(2, 2, 4\)"):
        connect_filter(net, sources, targets, filters[:, :2])
    with pytest.raises(ns.NeurosimError, match="2 sources and 3 targets"):
        connect_filter(net, sources, targets, filters[0, 0])


def test_a_fitted_neuron_is_taken_as_it_is():
    fired = (SIGNAL + np.random.default_rng(1).normal(size=BINS) > 1.0).astype(int)
    X = np.hstack([bridge.lagged(SIGNAL, 2), bridge.spike_history(fired, 3)])
    neuron = bridge.LogisticNeuron().fit(X, fired)
    twin = FilteredNeuron.of(neuron, history=3)
    np.testing.assert_allclose(np.concatenate([twin.signal, twin.history]), neuron.psp_)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"history": 8}, "do not fit a logistic neuron of 7 weights"),
        ({"history": -1}, "do not fit"),
        (
            {"history": 4, "width": 0.5, "neuron": ns.LIF(tau_m=0.1, t_ref=0.0)},
            "a bin must be at least 0.921 ms long",
        ),
        ({"history": 1, "coupling": [3, 5]}, r"coupling = \[3, 5\] do not fit"),
        ({"history": 1, "coupling": [2.5]}, "coupling = 2.5 is not a whole number"),
        ({"history": 4, "width": np.nan}, "width = nan ms"),
        ({"history": 4, "neuron": ns.LIF()}, "too short for LIF.tau_m = 20 ms"),
        ({"history": 4, "neuron": ns.LIF(tau_m=0.1)}, "give t_ref = 0"),
        (
            {"history": 4, "neuron": ns.LIF(tau_m=0.1, t_ref=0.0, v_reset=-75.0)},
            "v_reset = v_rest = -70 mV",
        ),
    ],
)
def test_what_is_no_twin_is_refused(options, words):
    with pytest.raises(ns.NeurosimError, match=words):
        FilteredNeuron.of(unit(-1.0), **options)


def test_a_neuron_that_fires_at_rest_needs_a_slope():
    with pytest.raises(ns.NeurosimError, match="give beta"):
        FilteredNeuron.of(unit(0.2), history=4)


def test_signals_and_filters_must_be_finite_vectors():
    twin = FilteredNeuron.of(unit(-1.0), history=4)
    net = ns.Network()
    with pytest.raises(ns.NeurosimError, match="signal must be a 1-D array"):
        twin.add_to(net, "twin", [0.0, np.nan])
    cells = twin.add_to(net, "twin", SIGNAL)
    with pytest.raises(ns.NeurosimError, match="psps must be a 1-D array of finite numbers in mV"):
        connect_filter(net, cells, cells, [np.inf])
