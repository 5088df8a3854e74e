"""Averages and sums over neurons as recordings."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns


def _network(**options):
    net = ns.Network()
    exc, inh = net.add("exc", 37, ns.LIF()), net.add("inh", 8, ns.LIF(v_rest=-65.0))
    net.drive(exc, ns.Poisson(2000.0), psp=1.0)
    synapse = ns.ExpCurrent(3.0)
    net.connect(exc, inh, ns.FixedInDegree(9), psp=1.0, synapse=synapse)
    net.connect(inh, exc, ns.FixedProbability(0.5), psp=-1.0, synapse=synapse)
    for part, variable in ((exc, "v"), (inh, "i_syn"), (exc[[5, 2, 30]], "i_inh")):
        net.record(part, variable, **options)
    return net


@pytest.mark.parametrize("interval", [None, 0.7])
def test_an_average_and_a_sum_are_those_of_the_single_neurons(interval) -> None:
    single = ns.simulate(_network(interval=interval), 60.0).traces
    average = ns.simulate(_network(interval=interval, average=True), 60.0).traces
    total = ns.simulate(_network(interval=interval, sum=True), 60.0).traces
    for (population, variable), trace in single.items():
        mean = average[population, f"{variable}_average"]
        assert mean.values.shape == (len(trace.times), 1)
        assert mean.unit == trace.unit
        assert np.array_equal(mean.times, trace.times)
        assert mean.values[:, 0] == pytest.approx(trace.values.mean(axis=1), rel=1e-13)
        summed = total[population, f"{variable}_sum"].values[:, 0]
        assert summed == pytest.approx(trace.values.sum(axis=1), rel=1e-13)


def test_an_average_has_the_same_bits_on_any_threads_in_pieces_and_restored(
    tmp_path, monkeypatch
) -> None:
    def values(result):
        return {key: trace.values.tobytes() for key, trace in result.traces.items()}

    expected = values(ns.simulate(_network(average=True), 60.0))
    assert values(ns.simulate(_network(average=True), 60.0, threads=3)) == expected
    monkeypatch.setattr("neurosim.engine.advance.MAX_SAMPLES", 500)  # chunks of ten steps
    simulation = ns.Simulation(_network(average=True), threads=2)
    simulation.run(20.1)
    simulation.save(tmp_path / "state.h5")
    result = ns.Simulation.restore(tmp_path / "state.h5", threads=3).run(39.9)
    assert values(result) == expected
    ns.save(result, tmp_path / "result.h5")
    assert values(ns.load(tmp_path / "result.h5")) == expected


def test_single_neurons_and_their_average_are_recorded_side_by_side() -> None:
    net = _network(average=True)
    net.record(net["exc"], "v", ids=[3])
    net.record(net["exc"], "v", sum=True)
    traces = ns.simulate(net, 5.0).traces
    assert traces["exc", "v"].ids.tolist() == [3]
    assert traces["exc", "v_sum"].values == pytest.approx(37 * traces["exc", "v_average"].values)
    assert traces["exc", "v_average"].spikes is None


def test_mistakes_are_refused_in_a_sentence() -> None:
    net = _network(average=True)
    exc = net["exc"]
    for options, words in [
        ({"variable": "spikes", "average": True}, "Spikes have no average"),
        ({"variable": "v", "average": True}, "'v_average' of 'exc' is already recorded"),
        ({"variable": "v", "average": True, "sum": True}, "make two recordings"),
        ({"variable": "v", "average": 2}, "average = 2 is neither True nor False"),
    ]:
        with pytest.raises(ns.NeurosimError, match=words):
            net.record(exc, **options)
