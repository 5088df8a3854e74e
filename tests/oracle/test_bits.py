"""The same seed gives the same bits, however the work is cut up."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns


def _network() -> ns.Network:
    """Every source of randomness and every rule at once."""
    net = ns.Network()
    exc = net.add("exc", 83, ns.LIF(t_ref=2.0), v_init=ns.Normal(-62.0, 4.0))
    inh = net.add("inh", 21, ns.LIF(tau_m=10.0, t_ref=1.0), v_init=ns.Uniform(-70.0, -56.0))
    soft = net.add("soft", 43, ns.LIF(t_ref=1.0, escape=ns.EscapeRate(2.0, 5.0)))
    exp, alpha = ns.ExpCurrent(2.0), ns.AlphaCurrent(1.5)
    spread = ns.Normal(1.5, 0.75)
    net.connect(exc, exc, ns.FixedProbability(0.2, autapses=False), psp=0.8, delay=spread)
    net.connect(exc, inh, ns.FixedInDegree(30), synapse=exp, psp=ns.Normal(0.9, 0.3), delay=spread)
    net.connect(inh, exc, ns.FixedTotalNumber(700), synapse=alpha, psp=-1.2, delay=0.4)
    net.connect(
        inh, inh, ns.FixedOutDegree(9, multapses=False), psp=ns.LogNormal(-1.0, 0.5), delay=0.7
    )
    net.drive(exc, ns.Poisson(900.0), synapse=exp, psp=1.1)
    net.drive(inh, ns.Poisson(np.linspace(200.0, 900.0, 21)), psp=1.3)
    net.drive(exc, ns.MembraneNoise(2.0))
    net.connect(exc, soft, ns.FixedInDegree(20), psp=1.5, delay=spread)
    net.connect(soft, inh, ns.FixedProbability(0.2), psp=0.4, delay=0.9)
    for variable in ("v", "i_exc", "i_inh", "i_syn", "input_exc", "input_inh"):
        net.record(exc, variable, ids=[5, 40, 82], interval=0.3)
    return net


def _bits(result: ns.Result) -> list[bytes]:
    spikes = [a.tobytes() for t in result.spikes.values() for a in (t.times, t.ids)]
    return spikes + [t.values.tobytes() for t in result.traces.values()]


@pytest.fixture(scope="module")
def reference() -> ns.Result:
    return ns.simulate(_network(), 100.0, threads=1)


@pytest.mark.parametrize("threads", [2, 3, 5])
def test_any_number_of_threads_gives_the_same_bits(reference: ns.Result, threads: int) -> None:
    assert all(len(trains) > 100 for trains in reference.spikes.values())
    assert _bits(ns.simulate(_network(), 100.0, threads=threads)) == _bits(reference)


def test_weights_stored_in_32_bits_give_the_same_bits_on_any_number_of_threads(monkeypatch) -> None:
    monkeypatch.setattr("neurosim.build.synapses.PRECISE", 0)
    one = _bits(ns.simulate(_network(), 100.0, threads=1))
    assert one == _bits(ns.simulate(_network(), 100.0, threads=3))


@pytest.mark.parametrize("threads", [1, 2])
def test_ten_runs_give_the_bits_of_one(reference: ns.Result, threads: int) -> None:
    simulation = ns.Simulation(_network(), threads=threads)
    for duration in (0.1, 7.3, 20.0, 0.6, 12.0, 1.0, 9.0, 25.0, 24.9, 0.1):
        result = simulation.run(duration)
    assert _bits(result) == _bits(reference)


def test_another_seed_gives_other_bits(reference: ns.Result) -> None:
    assert _bits(ns.simulate(_network(), 100.0, seed=2)) != _bits(reference)


def test_recording_changes_nothing(reference: ns.Result) -> None:
    silent = _network()
    bare = ns.Network()
    for name in ("populations", "projections", "drives"):
        setattr(bare, f"_{name}", list(getattr(silent, name)))
    result = ns.simulate(bare, 100.0)
    for name, trains in reference.spikes.items():
        assert np.array_equal(trains.times, result.spikes[name].times)
        assert np.array_equal(trains.ids, result.spikes[name].ids)
