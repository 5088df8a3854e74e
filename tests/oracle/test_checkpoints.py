"""A restored simulation continues with the same bits, on any number of threads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from tests.networks import bits, everything, learning


def _halves(net: ns.Network, path: Path, threads: tuple[int, int], first: float) -> list[bytes]:
    before = ns.Simulation(net, threads=threads[0])
    before.run(first)
    before.save(path)
    return _ended(ns.Simulation.restore(path, threads=threads[1]), 80.0 - first)


def _ended(simulation: ns.Simulation, duration: float) -> list[bytes]:
    """Return the bits of a result and of the plastic weights."""
    result = simulation.run(duration)
    assert all(len(trains) > 20 for trains in result.spikes.values())
    learned = [
        simulation.connections(projection).weights.tobytes()
        for projection in simulation.network.projections
        if projection.plasticity
    ]
    return [*bits(result), *learned, result.stats.events.to_bytes(8)]


@pytest.mark.parametrize("threads", [(1, 1), (1, 3), (3, 1), (2, 5)])
@pytest.mark.parametrize("network", [everything, learning])
def test_a_restored_simulation_continues_with_the_same_bits(
    tmp_path: Path, network: Callable[[], ns.Network], threads: tuple[int, int]
) -> None:
    whole = _ended(ns.Simulation(network(), threads=1), 80.0)
    assert _halves(network(), tmp_path / "state.h5", threads, 33.3) == whole


@pytest.mark.parametrize("first", [0.1, 1.7, 79.9])
def test_wherever_it_was_saved(tmp_path: Path, first: float) -> None:
    whole = _ended(ns.Simulation(everything(), threads=1), 80.0)
    assert _halves(everything(), tmp_path / "state.h5", (2, 3), first) == whole


def test_with_weights_of_32_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurosim.builder.synapses.PRECISE", 0)
    whole = _ended(ns.Simulation(everything(), threads=2), 80.0)
    assert _halves(everything(), tmp_path / "state.h5", (2, 3), 33.3) == whole


def test_before_anything_was_simulated(tmp_path: Path) -> None:
    whole = _ended(ns.Simulation(learning(), threads=1), 80.0)
    ns.Simulation(learning()).save(tmp_path / "state.h5")
    assert _ended(ns.Simulation.restore(tmp_path / "state.h5"), 80.0) == whole


def test_a_file_does_not_depend_on_threads(tmp_path: Path) -> None:
    for threads in (1, 4):
        simulation = ns.Simulation(learning(), threads=threads)
        simulation.run(20.0)
        simulation._runner.wall_s = 0.0
        simulation.save(tmp_path / f"{threads}.h5")
    assert (tmp_path / "1.h5").read_bytes() == (tmp_path / "4.h5").read_bytes()


def test_pending_live_input_arrives(tmp_path: Path) -> None:
    def feed(chunk: ns.Chunk) -> None:
        k = round(chunk.stop)
        current, spikes = net.drives[-2:]
        chunk.inject(current, [40.0 * k, -5.0 * k])
        chunk.send(spikes, [1, 5, 5, 36], k + np.array([7.0, 0.3, 11.5, 0.3]))

    net = learning()
    whole = ns.Simulation(net, threads=1)
    whole.stream(5.0, feed, duration=40.0)
    before = ns.Simulation(net, threads=3)
    before.stream(5.0, feed, duration=20.0)
    before.save(tmp_path / "state.h5")
    after = ns.Simulation.restore(tmp_path / "state.h5", threads=2)
    net = after.network
    after.stream(5.0, feed, duration=20.0)
    assert _ended(after, 40.0) == _ended(whole, 40.0)


def test_a_restored_simulation_can_be_saved_again(tmp_path: Path) -> None:
    whole = _ended(ns.Simulation(learning(), threads=1), 80.0)
    simulation = ns.Simulation(learning(), threads=2)
    for k in range(7):
        simulation.run(10.0)
        simulation.save(tmp_path / f"{k}.h5")
        simulation = ns.Simulation.restore(tmp_path / f"{k}.h5", threads=1 + k % 3)
    assert simulation.time == 70.0
    assert _ended(simulation, 10.0) == whole
