"""The same seed gives the same bits, however the work is cut up."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns
from tests.networks import bits, everything


@pytest.fixture(scope="module")
def reference() -> ns.Result:
    return ns.simulate(everything(), 100.0, threads=1)


@pytest.mark.parametrize("threads", [2, 3, 5])
def test_any_number_of_threads_gives_the_samebits(reference: ns.Result, threads: int) -> None:
    assert all(len(trains) > 100 for trains in reference.spikes.values())
    assert bits(ns.simulate(everything(), 100.0, threads=threads)) == bits(reference)


def test_weights_stored_in_32_bits_give_the_same_bits_on_any_number_of_threads(monkeypatch) -> None:
    monkeypatch.setattr("neurosim.builder.synapses.PRECISE", 0)
    one = bits(ns.simulate(everything(), 100.0, threads=1))
    assert one == bits(ns.simulate(everything(), 100.0, threads=3))


@pytest.mark.parametrize("threads", [1, 2])
def test_ten_runs_give_the_bits_of_one(reference: ns.Result, threads: int) -> None:
    simulation = ns.Simulation(everything(), threads=threads)
    for duration in (0.1, 7.3, 20.0, 0.6, 12.0, 1.0, 9.0, 25.0, 24.9, 0.1):
        result = simulation.run(duration)
    assert bits(result) == bits(reference)


def test_another_seed_gives_otherbits(reference: ns.Result) -> None:
    assert bits(ns.simulate(everything(), 100.0, seed=2)) != bits(reference)


def test_recording_changes_nothing(reference: ns.Result) -> None:
    bare = everything()
    bare._recordings.clear()
    result = ns.simulate(bare, 100.0)
    for name, trains in reference.spikes.items():
        assert np.array_equal(trains.times, result.spikes[name].times)
        assert np.array_equal(trains.ids, result.spikes[name].ids)
