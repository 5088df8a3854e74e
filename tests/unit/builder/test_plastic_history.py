"""Postsynaptic spikes that no plastic synapse needs are dropped, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from neurosim.builder import plastic

DURATION = 400.0


def _net() -> tuple[ns.Network, list[ns.Projection]]:
    """Return a network in which some sources fire always, some for a time, and some never."""
    net = ns.Network(dale=False)
    always = net.add("always", 15, ns.LIF(t_ref=1.0), v_init=ns.Uniform(-70.0, -56.0))
    briefly = net.add("briefly", 9, ns.LIF())
    never = net.add("never", 4, ns.LIF())
    net.drive(always, ns.Poisson(2500.0), psp=1.2)
    net.drive(briefly, ns.Poisson([3000.0, 0.0, 3000.0], times=[0.0, 30.0, 330.0]), psp=1.5)
    rules = [
        ns.STDP(1.0, 0.05, tau_plus=3.0, tau_minus=7.0),
        ns.STDP(2.0, 0.1, tau_plus=1.0, tau_minus=40.0, mu_plus=0.3, mu_minus=0.6),
        ns.STDP(-1.0, 0.05, tau_plus=15.0),
    ]
    delay = ns.Uniform(0.3, 6.0)
    return net, [
        net.connect(
            source, always, ns.FixedProbability(0.6), weight=weight, delay=delay, plasticity=rule
        )
        for source in (always, briefly, never)
        for rule, weight in zip(rules, (0.5, 0.0, -0.4), strict=True)
    ]


def _learned(threads: int, pieces: list[float]) -> tuple[list[bytes], ns.Simulation]:
    net, projections = _net()
    simulation = ns.Simulation(net, threads=threads)
    for piece in pieces:
        result = simulation.run(piece)
    found = [a.tobytes() for t in result.spikes.values() for a in (t.times, t.ids)]
    found += [simulation.connections(p).weights.tobytes() for p in projections]
    assert len(result.spikes["always"]) > 300
    assert len(result.spikes["briefly"]) > 10
    return found, simulation


def _spikes_kept(simulation: ns.Simulation) -> int:
    return sum(int(learned.count[0]) for learned in simulation._runner.engine.plasticity)


@pytest.fixture(scope="module")
def kept() -> list[bytes]:
    """Return the bits of a run in which no spike is dropped."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("neurosim.builder.plastic.history_limit", lambda learned: 10**9)
        found, simulation = _learned(1, [DURATION])
    # Each of the nine projections keeps the spikes of its targets.
    assert _spikes_kept(simulation) == 9 * len(simulation.run(0.1).spikes["always"])
    return found


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(
    "pieces",
    [
        [50.0] * 8,
        [7.3] * 50 + [35.0],
        # One step at a time where the sources fall silent, and where they fire again.
        [25.0, *[0.1] * 100, 290.0, *[0.1] * 200, 55.0],
    ],
    ids=["few", "many", "single steps"],
)
@pytest.mark.slow
def test_dropping_them_at_every_chunk_changes_no_bit(
    kept: list[bytes], threads: int, pieces: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neurosim.builder.plastic.history_limit", lambda learned: -1)
    found, simulation = _learned(threads, pieces)
    assert found == kept
    n_spikes = len(simulation.run(0.1).spikes["always"])
    assert _spikes_kept(simulation) < 0.2 * 9 * n_spikes


def test_memory_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plastic, "LEAST_HISTORY", 0)
    net, _ = _net()
    simulation = ns.Simulation(net, threads=1)
    most = [max(_run(simulation, 100.0) for _ in range(4)) for _ in range(4)]
    n_synapses = simulation.run(0.1).stats.synapses
    assert len(simulation.run(0.1).spikes["always"]) * 9 > 4 * most[-1]
    assert most[-1] <= 1.5 * most[0]
    assert most[-1] < 3 * n_synapses + 9 * 50


def _run(simulation: ns.Simulation, duration: float) -> int:
    simulation.run(duration)
    return _spikes_kept(simulation)


def test_the_last_spike_of_each_neuron_stays() -> None:
    """Pre, post, a long silence, pre: the old postsynaptic spike still lowers the weight."""
    weights = []
    for limit in (None, -1):
        with pytest.MonkeyPatch.context() as patch:
            if limit is not None:
                patch.setattr("neurosim.builder.plastic.history_limit", lambda learned: -1)
            net = ns.Network()
            relay = ns.LIF(t_ref=0.0, v_threshold=50.0, v_peak=60.0)
            pre, post = net.add("pre", 1, relay), net.add("post", 1, relay)
            net.drive(pre, ns.SpikeTimes([5.0, 290.0]), psp=200.0)
            net.drive(post, ns.SpikeTimes([10.0, 20.0, 150.0]), psp=200.0)
            rule = ns.STDP(4.0, learning_rate=0.1, tau_plus=20.0, tau_minus=100.0)
            own = net.connect(pre, post, ns.OneToOne(), psp=2.0, delay=3.0, plasticity=rule)
            simulation = ns.Simulation(net)
            for _ in range(30):
                simulation.run(10.0)
            weights.append(float(simulation.connections(own).weights[0]))
    # Each postsynaptic spike reaches the synapse 3 ms later.
    raised = sum(np.exp(-(t + 3.0 - 5.0) / 20.0) for t in (10.0, 20.0, 150.0))
    lowered = sum(np.exp(-(290.0 - t - 3.0) / 100.0) for t in (10.0, 20.0, 150.0))
    assert weights[0] == pytest.approx(4.0 * (0.5 + 0.1 * raised - 0.1 * lowered), rel=1e-12)
    assert weights[1] == weights[0]


def test_a_checkpoint_does_not_depend_on_when_spikes_were_dropped(tmp_path: Path) -> None:
    contents = []
    for number, (threads, limit, pieces) in enumerate(
        [(1, None, [120.0]), (1, -1, [40.0, 80.0]), (3, -1, [7.0] * 10 + [50.0])]
    ):
        with pytest.MonkeyPatch.context() as patch:
            if limit is not None:
                patch.setattr("neurosim.builder.plastic.history_limit", lambda learned: -1)
            net, _ = _net()
            simulation = ns.Simulation(net, threads=threads)
            for piece in pieces:
                simulation.run(piece)
            simulation._runner.wall_s, simulation._runner.events = 0.0, {}
            simulation.save(tmp_path / f"{number}.h5")
        contents.append((tmp_path / f"{number}.h5").read_bytes())
        whole = ns.Simulation.restore(tmp_path / f"{number}.h5", threads=2).run(30.0)
        contents.append(whole.spikes["always"].times.tobytes())
    assert contents[::2] == [contents[0]] * 3
    assert contents[1::2] == [contents[1]] * 3
