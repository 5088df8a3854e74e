"""Weights over time: the values that can be read, on any threads, in pieces, in files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from neurosim.builder import memory
from neurosim.scenario import RunOptions, find_scenario
from tests.processes import mpiexec

FILE = """
duration = 60.0

[populations.pre]
size = 4
neuron = "LIF"

[[connections]]
from = "pre"
to = "pre"
rule = "AllToAll"
weight = 1.0
delay = 2.0
dendritic_delay = 0.5
plasticity = {type = "RewardSTDP", w_max = 2.0}

[[modulations]]
from = "pre"
connection = 0
amount = 0.5

[[recordings]]
connection = 0
variable = "weight"
interval = 10.0
"""


def network() -> tuple[ns.Network, list[ns.Projection]]:
    """Return a network with two plastic projections between the same populations."""
    net = ns.Network()
    pre, post = net.add("pre", 20, ns.LIF()), net.add("post", 6, ns.LIF())
    net.drive(pre, ns.Poisson(30.0), psp=16.0)
    net.drive(post, ns.Poisson(1500.0), psp=0.9)
    delay = ns.Uniform(1.0, 3.0)
    one = net.connect(
        pre, post, ns.AllToAll(), weight=1.0, delay=delay, plasticity=ns.STDP(2.0, 0.05)
    )
    two = net.connect(
        pre, post, ns.FixedProbability(0.5), weight=1.0, delay=delay,
        plasticity=ns.RewardSTDP(2.0, a_plus=0.1),
    )  # fmt: skip
    net.modulate(post, two, amount=0.02)
    net.record(one, "weight", interval=20.0)
    net.record(two, "weight", interval=6.3)
    return net, [one, two]


def bits(result: ns.Result) -> list[bytes]:
    arrays = [a for w in result.weights.values() for a in (w.times, w.values, w.sources, w.targets)]
    arrays += [trains.times for trains in result.spikes.values()]
    return [array.tobytes() for array in arrays]


@pytest.fixture(scope="module")
def reference() -> ns.Result:
    return ns.simulate(network()[0], 200.0, threads=1)


def test_recorded_weights_are_those_that_can_be_read(reference: ns.Result) -> None:
    net, (one, two) = network()
    simulation = ns.Simulation(net)
    recorded = reference.weights["pre", "post"], reference.weights["pre", "post", 2]
    assert recorded[0].times == pytest.approx(np.arange(20.0, 201.0, 20.0))
    assert recorded[1].times == pytest.approx(np.arange(6.3, 200.0, 6.3))
    for projection, weights, pieces in ((one, recorded[0], 20.0), (two, recorded[1], 6.3)):
        simulation = ns.Simulation(network()[0])
        projection = simulation.network.projections[projection is two]
        for k in range(len(weights.times)):
            simulation.run(pieces)
            found = simulation.connections(projection)
            assert found.weights.tobytes() == weights.values[k].tobytes()
        assert np.array_equal(found.sources, weights.sources)
        assert np.array_equal(found.targets, weights.targets)
        assert np.array_equal(found.delays, weights.delays)
        assert weights.unit == "mV"
        assert np.ptp(weights.values) > 0.01


def test_bits_depend_neither_on_threads_nor_on_pieces_nor_on_checkpoints(
    reference: ns.Result, tmp_path: Path
) -> None:
    simulation = ns.Simulation(network()[0], threads=3)
    simulation.run(33.3)
    simulation.save(tmp_path / "part.h5")
    assert bits(simulation.run(166.7)) == bits(reference)
    restored = ns.Simulation.restore(tmp_path / "part.h5", threads=2)
    assert bits(restored.run(166.7)) == bits(reference)


def test_chunks_of_a_stream_hold_their_samples(reference: ns.Result) -> None:
    found: list[np.ndarray] = []
    simulation = ns.Simulation(network()[0])
    result = simulation.stream(
        25.0, lambda chunk: found.append(chunk.weights["pre", "post", 2].values), duration=200.0
    )
    assert bits(result) == bits(reference)
    assert np.concatenate(found).tobytes() == reference.weights["pre", "post", 2].values.tobytes()


PROGRAM = """
import sys
from pathlib import Path
from mpi4py import MPI
import neurosim as ns
from tests.unit.engine.test_weight_recording import bits, network

with ns.use_mpi(MPI.COMM_WORLD) as ranks:
    found = b"".join(bits(ns.simulate(network()[0], 200.0, threads=1)))
    Path(sys.argv[1], str(ranks.rank)).write_bytes(found)
"""


def test_all_processes_return_all_weights(reference: ns.Result, tmp_path: Path) -> None:
    done = mpiexec(2, "-c", PROGRAM, str(tmp_path))
    assert done.returncode == 0, done.stderr
    whole = b"".join(bits(reference))
    assert [(tmp_path / rank).read_bytes() for rank in "01"] == [whole, whole]


def test_files_keep_recorded_weights(reference: ns.Result, tmp_path: Path) -> None:
    ns.save(reference, tmp_path / "result.h5")
    loaded = ns.load(tmp_path / "result.h5")
    assert list(loaded.weights) == list(reference.weights)
    assert bits(loaded) == bits(reference)


def test_recordings_follow_changes_of_the_network() -> None:
    net, (one, _) = network()
    simulation = ns.Simulation(net)
    simulation.run(40.0)
    simulation.set(net["post"], tau_m=15.0)
    simulation.set(one, weights=1.5)
    weights = simulation.run(60.0).weights["pre", "post"]
    assert len(weights.times) == 5
    assert abs(weights.values[1].mean() - 1.0) < 0.2
    assert abs(weights.values[2].mean() - 1.5) < 0.2


def test_weights_are_a_table(reference: ns.Result) -> None:
    frame = reference.weights["pre", "post"].to_dataframe()
    assert frame.shape == (10, 120)
    assert frame.columns.names == ["source", "target"]
    assert frame.attrs["unit"] == "mV"


def test_a_scenario_file_records_and_modulates(tmp_path: Path) -> None:
    (tmp_path / "learn.toml").write_text(FILE)
    scenario = find_scenario(str(tmp_path / "learn.toml"))
    net = scenario.network(scenario.settings(), RunOptions(60.0, 0.1, 1))
    (modulation,), (recording,) = net.modulations, net.weight_recordings
    assert (modulation.amount, modulation.delay) == (0.5, 1.0)
    assert recording.interval == 10.0
    assert recording.projection is modulation.projection is net.projections[0]
    assert net.projections[0].dendritic_delay == 0.5
    (tmp_path / "wrong.toml").write_text(
        FILE.replace("connection = 0\namount", "connection = 1\namount")
    )
    with pytest.raises(ns.NeurosimError, match=r"wrong.toml:19: connection = 1: the file has 1 \["):
        find_scenario(str(tmp_path / "wrong.toml"))


def test_the_memory_is_checked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 2**24)
    net, _ = network()
    with pytest.raises(ns.NeurosimError, match=r"most of it for 'weight' of .* a longer interval"):
        ns.simulate(net, 1e6)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda n, p, s: n.record(s, "weight"),
            "do not change: read them by",
        ),
        (lambda n, p, s: n.record(p, "delay"), "only 'weight' can be recorded"),
        (lambda n, p, s: n.record(p, "weight", ids=[0]), "only 'weight' can be recorded"),
        (lambda n, p, s: n.record(p, "weight", interval=0.0), "interval = 0 ms is outside"),
        (lambda n, p, s: [n.record(p, "weight") for _ in "12"], "already recorded"),
        (lambda n, p, s: ns.Network().record(p, "weight"), "is not a projection of this network"),
    ],
)
def test_mistakes_are_refused_in_a_sentence(make, words: str) -> None:
    net = ns.Network()
    cell = net.add("cell", 3, ns.LIF())
    plastic = net.connect(cell, cell, ns.AllToAll(), psp=1.0, plasticity=ns.STDP(2.0))
    static = net.connect(cell, cell, ns.AllToAll(), psp=1.0)
    with pytest.raises(ns.NeurosimError, match=words):
        make(net, plastic, static)
