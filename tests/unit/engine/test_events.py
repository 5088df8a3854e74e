"""Synaptic events count transmitted spikes, and do not depend on recordings."""

from __future__ import annotations

import pytest

import neurosim as ns

PROBED = ("i_exc", "i_inh", "input_exc", "input_inh")


def _recurrent(synapse: ns.DeltaSynapse | ns.ExpCurrent, *, spread: bool) -> ns.Network:
    net = ns.Network()
    exc = net.add("exc", 60, ns.LIF(tau_m=10.0), v_init=ns.Uniform(-70.0, -56.0))
    inh = net.add("inh", 20, ns.LIF(tau_m=10.0))
    delay = ns.Normal(1.5, 0.75) if spread else 1.5
    for target in (exc, inh):
        psp = ns.Normal(0.5, 0.05) if spread else 0.5
        net.connect(exc, target, ns.FixedInDegree(20), synapse=synapse, psp=psp, delay=delay)
        net.connect(inh, target, ns.FixedProbability(0.4), synapse=synapse, psp=-0.5, delay=delay)
        net.connect(
            exc, target, ns.Explicit([0, 1, 1], [3, 3, 4]), synapse=synapse, psp=0.5, delay=2.5
        )
        net.drive(target, ns.Poisson(6000.0), synapse=synapse, psp=0.4)
    return net


def _events(net: ns.Network, threads: int, pieces: tuple[float, ...]) -> list[int]:
    simulation = ns.Simulation(net, threads=threads)
    return [simulation.run(piece).stats.events for piece in pieces]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("spread", [False, True], ids=["shared weights", "individual weights"])
@pytest.mark.parametrize("synapse", [ns.DeltaSynapse(), ns.ExpCurrent(3.0)], ids=["delta", "exp"])
def test_separate_recording_of_excitation_and_inhibition_changes_no_count(
    synapse: ns.DeltaSynapse | ns.ExpCurrent,
    spread: bool,
    threads: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("neurosim.builder.weights.WORTH_SORTING", 0)
    pieces = (20.0, 0.1, 1.7, 28.2)
    plain = _events(_recurrent(synapse, spread=spread), threads, pieces)
    assert plain[0] > 1000
    assert plain[-1] > plain[0]
    for ids in ([3], None):
        net = _recurrent(synapse, spread=spread)
        for variable in PROBED:
            net.record(net["exc"], variable, ids=ids)
        net.record(net["inh"], "input_inh")
        assert _events(net, threads, pieces) == plain


@pytest.mark.parametrize("record", [False, True])
def test_three_spikes_through_ten_synapses_are_thirty_events(record: bool, tmp_path) -> None:
    net = ns.Network()
    a, b = net.add("a", 1, ns.LIF()), net.add("b", 10, ns.LIF())
    net.drive(a, ns.SpikeTimes([1.0, 10.0, 20.0]), psp=20.0)
    net.connect(a, b, ns.AllToAll(), psp=1.0, delay=3.0)
    if record:
        net.record(b, "input_exc")
    assert ns.simulate(net, 30.0).stats.events == 30
    # The third spike has not arrived when the state is saved.
    simulation = ns.Simulation(net)
    assert simulation.run(22.0).stats.events == 20
    simulation.save(tmp_path / "state.h5")
    assert ns.Simulation.restore(tmp_path / "state.h5").run(8.0).stats.events == 30
