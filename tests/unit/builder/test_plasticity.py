"""Plastic synapses in networks: bits, what is transmitted, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns


def _network() -> tuple[ns.Network, list]:
    net = ns.Network()
    exc = net.add("exc", 60, ns.LIF(t_ref=2.0), v_init=ns.Uniform(-70.0, -55.0))
    inh = net.add("inh", 20, ns.LIF(tau_m=10.0))
    net.drive(exc, ns.Poisson(1500.0), psp=1.2)
    net.drive(inh, ns.Poisson(900.0), psp=1.2)
    delays = ns.Normal(1.5, 0.75)
    rule = ns.STDP(1.0, learning_rate=0.05)
    weak = ns.STDP(-3.0, tau_minus=40.0, mu_plus=1.0, mu_minus=1.0)
    plastic = [
        net.connect(
            exc, exc, ns.FixedProbability(0.2), psp=ns.Normal(0.4, 0.1), delay=delays,
            plasticity=rule,
        ),
        net.connect(
            exc, inh, ns.FixedInDegree(9), synapse=ns.ExpCurrent(3.0), weight=50.0, delay=0.4,
            plasticity=ns.STDP(200.0, 0.02),
        ),
        net.connect(inh, exc, ns.FixedOutDegree(7), psp=-0.8, delay=0.9, plasticity=weak),
    ]  # fmt: skip
    net.connect(inh, inh, ns.FixedProbability(0.2), psp=-0.5)
    net.record(exc, "v", ids=[3, 40])
    return net, plastic


def _bits(simulation: ns.Simulation, result: ns.Result, plastic: list) -> list[bytes]:
    found = [a.tobytes() for t in result.spikes.values() for a in (t.times, t.ids)]
    found.append(result.traces["exc", "v"].values.tobytes())
    for projection in plastic:
        s = simulation.connections(projection)
        found += [s.sources.tobytes(), s.targets.tobytes(), s.weights.tobytes()]
    return found


@pytest.fixture(scope="module")
def reference() -> list[bytes]:
    net, plastic = _network()
    simulation = ns.Simulation(net, threads=1)
    result = simulation.run(300.0)
    assert len(result.spikes["exc"]) > 300
    assert len(result.spikes["inh"]) > 50
    return _bits(simulation, result, plastic)


@pytest.mark.parametrize("threads", [2, 3, 5])
def test_any_number_of_threads_learns_the_same_bits(reference: list[bytes], threads: int) -> None:
    net, plastic = _network()
    simulation = ns.Simulation(net, threads=threads)
    assert _bits(simulation, simulation.run(300.0), plastic) == reference


def test_many_runs_learn_the_bits_of_one(reference: list[bytes]) -> None:
    net, plastic = _network()
    simulation = ns.Simulation(net, threads=2)
    for duration in (0.1, 77.3, 120.0, 102.6):
        result = simulation.run(duration)
    assert _bits(simulation, result, plastic) == reference


def test_weights_stay_within_their_range_and_change() -> None:
    net, plastic = _network()
    simulation = ns.Simulation(net)
    simulation.run(400.0)
    for projection, most in zip(plastic, (1.0, 200.0, -3.0), strict=True):
        relative = simulation.connections(projection).weights / most
        assert ((relative >= 0.0) & (relative <= 1.0)).all()
        assert len(np.unique(relative)) > 20


def test_a_synapse_that_does_not_learn_is_the_static_one() -> None:
    def run(plasticity: ns.STDP | None) -> ns.Result:
        net = ns.Network()
        pre, post = net.add("pre", 30, ns.LIF()), net.add("post", 30, ns.LIF())
        net.drive(pre, ns.Poisson(1200.0), psp=1.5)
        net.connect(
            pre, post, ns.FixedProbability(0.5), psp=1.7, delay=ns.Normal(2.0, 0.5),
            plasticity=plasticity,
        )  # fmt: skip
        return ns.simulate(net, 200.0)

    static, frozen = run(None), run(ns.STDP(5.0, learning_rate=0.0))
    assert len(static.spikes["post"]) > 20
    assert static.spikes["post"].times.tobytes() == frozen.spikes["post"].times.tobytes()
    assert static.stats.synapses == frozen.stats.synapses
    assert static.stats.events == frozen.stats.events


def test_the_window_is_the_one_of_the_paper() -> None:
    gaps = np.array([-40.0, -10.0, -2.0, 3.0, 15.0, 60.0])
    found = []
    for gap in gaps:
        net = ns.Network()
        relay = ns.LIF(t_ref=0.0, v_threshold=50.0, v_peak=60.0)
        pre, post = net.add("pre", 1, relay), net.add("post", 1, relay)
        net.drive(pre, ns.SpikeTimes([100.0, 600.0]), psp=200.0)
        net.drive(post, ns.SpikeTimes([100.0 + gap]), psp=200.0)
        rule = ns.STDP(4.0, learning_rate=0.1, asymmetry=0.5, tau_plus=17.0, tau_minus=34.0)
        plastic = net.connect(pre, post, ns.OneToOne(), psp=2.0, delay=1.0, plasticity=rule)
        simulation = ns.Simulation(net)
        simulation.run(700.0)
        found.append(simulation.connections(plastic).weights[0] / 4.0 - 0.5)
    # The postsynaptic spike is at the synapse after the delay of 1 ms.
    late = gaps + 1.0
    # Before the last presynaptic spike, half a second later, a trace e^-15 is left of the others.
    trace = 0.5 * np.exp(-(500.0 - late) / 34.0)
    expected = np.where(late > 0, 0.1 * np.exp(-late / 17.0), -0.05 * np.exp(late / 34.0))
    assert found == pytest.approx(expected - 0.1 * trace, abs=1e-12)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda n, a: ns.STDP(0.0), r"w_max = 0: give the strongest weight"),
        (lambda n, a: ns.STDP(1.0, tau_plus=-1.0), "tau_plus = -1 ms is outside"),
        (lambda n, a: ns.STDP(np.nan), "w_max = nan"),
        (
            lambda n, a: n.connect(a, a, ns.AllToAll(), psp=2.0, plasticity=ns.STDP(1.0)),
            r"weight = 2 is outside 0 to STDP.w_max = 1",
        ),
        (
            lambda n, a: n.connect(a, a, ns.AllToAll(), psp=2.0, plasticity=ns.STDP(-3.0)),
            r"weight = 2 is outside 0 to STDP.w_max = -3",
        ),
        (
            lambda n, a: n.connect(a, a, ns.AllToAll(), psp=2.0, plasticity="stdp"),
            r"plasticity = 'stdp' is not a plasticity rule: give .*STDP",
        ),
    ],
)
def test_mistakes_are_refused_in_a_sentence(make, words) -> None:
    net = ns.Network()
    with pytest.raises(ns.NeurosimError, match=words):
        make(net, net.add("a", 3, ns.LIF()))


def test_what_cannot_be_told_is_refused() -> None:
    net = ns.Network()
    cell = net.add("cell", 3, ns.LIF())
    net.connect(cell, cell, ns.AllToAll(), psp=1.0, plasticity=ns.STDP(2.0))
    with pytest.raises(ns.NeurosimError, match="not part of this simulation"):
        ns.Simulation(net).connections(_network()[1][0])
    net.record(cell, "input_exc")
    with pytest.raises(ns.NeurosimError, match="'input_exc' of 'cell' cannot be recorded"):
        ns.simulate(net, 1.0)
