"""Results: creation, pickling, copies, and memory shared between pieces of a run."""

from __future__ import annotations

import copy
import os
import pickle
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import joblib
import numpy as np
import pytest

import bridge
import neurosim as ns
from neurosim.scenario import run

UNIT = bridge.SpikingUnit(ns.LIF(), (5.0, -3.0), bridge.EscapeNoise(1.0))


def network() -> ns.Network:
    net = ns.Network()
    cells = net.add("cells", 20, ns.LIF())
    net.drive(cells, ns.Poisson(3000.0), psp=1.0)
    net.connect(cells, cells, ns.FixedProbability(0.2), psp=0.3, plasticity=ns.STDP(w_max=2.0))
    net.record(cells, "v", ids=[7, 3], interval=0.5)
    net.record(cells, "i_syn", ids=[1])
    return net


def simulated(seed: int = 1) -> ns.Result:
    return ns.simulate(network(), 60.0, seed=seed)


def assert_same(one: ns.Result, other: ns.Result) -> None:
    assert (one.dt, one.duration, one.seed) == (other.dt, other.duration, other.seed)
    assert vars(one.populations["cells"]) == vars(other.populations["cells"])
    for name, trains in one.spikes.items():
        for field in ("times", "ids", "recorded"):
            assert np.array_equal(getattr(trains, field), getattr(other.spikes[name], field))
    assert list(one.traces) == list(other.traces)
    for key, trace in one.traces.items():
        assert np.array_equal(trace.values, other.traces[key].values)
        assert np.array_equal(trace.with_spikes(), other.traces[key].with_spikes())


def copies(value):
    return [
        pickle.loads(pickle.dumps(value)),
        pickle.loads(pickle.dumps(value, protocol=2)),
        copy.copy(value),
        copy.deepcopy(value),
    ]


def test_a_result_can_be_pickled_and_copied_and_stays_read_only() -> None:
    result = simulated()
    for other in copies(result):
        assert_same(result, other)
        with pytest.raises(ValueError, match="read-only"):
            other.spikes["cells"].times[0] = 1.0
        with pytest.raises(TypeError):
            other.spikes["cells"] = None


def test_a_result_comes_back_from_another_process(tmp_path) -> None:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        assert_same(pool.submit(simulated, 4).result(), simulated(4))
    joblib.dump(simulated(4), tmp_path / "result")
    assert_same(joblib.load(tmp_path / "result"), simulated(4))


def test_a_simulation_can_be_copied_and_both_copies_continue_alike() -> None:
    simulation = ns.Simulation(network())
    simulation.run(30.0)
    others = [*copies(simulation)[:2], copy.deepcopy(simulation)]
    result = simulation.run(30.0)
    assert_same(result, simulated())
    for other in others:
        assert_same(other.run(30.0), result)


@pytest.mark.parametrize(
    "make",
    [
        network,
        lambda: simulated().spikes["cells"],
        lambda: simulated().traces["cells", "v"],
        lambda: simulated().stats,
        lambda: simulated().populations["cells"],
        lambda: ns.Interrupted(simulated()),
        lambda: bridge.to_logistic(UNIT),
        lambda: UNIT,
        lambda: run("vote"),
        lambda: run("fi-curve").scenario,
        lambda: run("psp-summation").comparison,
    ],
)
def test_public_objects_can_be_pickled_and_copied(make) -> None:
    value = make()
    for other in copies(value):
        assert type(other) is type(value)


def test_a_copied_comparison_has_the_same_table_and_figures() -> None:
    comparison = run("psp-summation").comparison
    for other in copies(comparison):
        assert other.rows == comparison.rows
        assert list(other.figures()) == list(comparison.figures())


def test_a_run_in_pieces_stores_nothing_twice() -> None:
    """Results share memory: many pieces need no more memory than one run."""
    simulation = ns.Simulation(network())
    whole = simulation.run(100.0)
    for _ in range(5):
        simulation.run(0.5)
    pieces = [simulation.run(0.5) for _ in range(5)]
    for name in ("times", "ids"):
        arrays = [getattr(piece.spikes["cells"], name) for piece in pieces]
        assert all(np.shares_memory(arrays[0], array) for array in arrays[1:])
    values = [piece.traces["cells", "v"].values for piece in pieces]
    assert all(np.shares_memory(values[0], array) for array in values[1:])
    assert_same(whole, ns.simulate(network(), 100.0))
    assert_same(pieces[-1], ns.simulate(network(), 105.0))


def test_spike_trains_made_by_hand_are_sorted_and_checked() -> None:
    times, ids, recorded = np.array([3.0, 1.0, 3.0]), np.array([1, 0, 0]), np.array([2, 0, 1])
    trains = ns.SpikeTrains(times, ids, recorded)
    assert trains.times.tolist() == [1.0, 3.0, 3.0]
    assert trains.ids.tolist() == [0, 0, 1]
    assert trains.counts().tolist() == [2, 1, 0]
    times[0] = 9.0  # the caller's arrays stay writeable
    assert ns.SpikeTrains([1.0], [4.0], [4]).ids.dtype == np.int64
    assert ns.SpikeTrains([-2.0, 1.0], [0, 0], [0]).counts().tolist() == [2]
    for arguments, sentence in (
        (([1.0, 2.0], [0], [0]), "2 times and 1 ids"),
        (([1.0], [3], [0, 1]), "ids contains 3, which is not in `recorded`"),
        (([np.nan], [0], [0]), "times contains values that are not finite"),
        (([1.0], [0.5], [0]), "ids contains non-integer numbers"),
        (([[1.0]], [0], [0]), "times is not a 1-D array of numbers"),
        ((["a"], [0], [0]), "times is not a 1-D array of numbers"),
    ):
        with pytest.raises(ns.NeurosimError, match=sentence):
            ns.SpikeTrains(*arguments)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda net: ns.simulate(net, "100"), "duration = '100' is not a number"),
        (lambda net: ns.simulate(net, None), "duration = None is not a number"),
        (lambda net: ns.simulate(net, True), "duration = True is not a number"),
        (lambda net: ns.simulate(net, float("nan")), "duration = nan is not finite"),
        (lambda net: ns.simulate(net, -1.0), "duration = -1 ms is not a positive multiple"),
        (lambda net: ns.simulate(net, 1.0, dt="0.1"), "dt = '0.1' is not a number"),
        (lambda net: ns.simulate(net, 1.0, dt=True), "dt = True is not a number"),
        (lambda net: ns.simulate("net", 1.0), "network = 'net' is not a Network"),
        (lambda net: ns.simulate(net.populations[0], 1.0), "is not a Network"),
        (lambda net: ns.Simulation(None), "network = None is not a Network"),
        (lambda net: ns.Simulation(net).run("1"), "duration = '1' is not a number"),
        (lambda net: ns.simulate(net, 1.0, threads="2"), "threads = '2' is not"),
        (lambda net: ns.simulate(net, 1.0, seed="2"), "seed = '2' is not"),
        (lambda net: ns.simulate(net, 1.0, progress="yes"), "progress = 'yes' is neither"),
    ],
)
def test_wrong_arguments_are_refused_in_a_sentence(call, sentence: str) -> None:
    with pytest.raises(ns.NeurosimError, match=sentence):
        call(network())


def test_a_float32_is_the_decimal_that_it_prints() -> None:
    net = ns.Network()
    cell = net.add("cell", 1, ns.LIF(t_ref=np.float32(5.3), tau_m=np.float16(20.0)))
    # 4.9 + 10.1 mV reach the threshold of 15 mV exactly and do not exceed it.
    net.drive(cell, ns.SpikeTimes(np.array([10.0], np.float32)), psp=np.array([4.9], np.float32))
    net.drive(cell, ns.SpikeTimes(np.array([10.0], np.float32)), psp=np.float32(10.1))
    result = ns.simulate(net, np.float32(100.0), dt=np.float32(0.1))
    assert result.dt == 0.1
    assert len(result.spikes["cell"]) == 0


def test_messages_show_the_digits_that_matter() -> None:
    with pytest.raises(ns.NeurosimError, match=r"the nearest one is 99\.999999 ms"):
        ns.simulate(network(), 100.0, dt=0.33333333)


def test_memory_that_is_allocated_already_needs_no_more(monkeypatch) -> None:
    net = ns.Network()
    net.record(net.add("cells", 1, ns.LIF()), "v")
    simulation = ns.Simulation(net)
    for duration in (100.0, 1.0):  # allocates half as much again, for 150 ms
        simulation.run(duration)
    monkeypatch.setattr("neurosim.builder.memory.available_memory", lambda: 0)
    assert simulation.run(49.0).duration == 150.0
    with pytest.raises(ns.NeurosimError, match=r"need about 0\.0 GiB, .*; 0\.0 GiB are available"):
        simulation.run(0.1)


def test_recordings_too_large_for_memory_are_refused_before_the_run(monkeypatch) -> None:
    monkeypatch.setattr("neurosim.builder.memory.available_memory", lambda: 2**20)
    net = ns.Network()
    cells = net.add("cells", 10, ns.LIF())
    net.record(cells, "v")
    ns.simulate(net, 100.0)
    simulation = ns.Simulation(net)
    simulation.run(100.0)
    for too_long in (lambda: ns.simulate(net, 2000.0), lambda: simulation.run(1950.0)):
        with pytest.raises(ns.NeurosimError, match="most of it for 'v' of 'cells'"):
            too_long()
    assert simulation.run(10.0).duration == pytest.approx(110.0)


def test_ctrl_c_in_a_loop_of_runs_ends_the_loop() -> None:
    seen = []
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()

    def loop() -> None:
        for seed in range(3):
            seen.append(seed)
            ns.simulate(network(), 1e7, seed=seed)

    with pytest.raises(KeyboardInterrupt) as stop:
        loop()
    assert seen == [0]
    assert isinstance(stop.value, ns.Interrupted)
    assert 0.0 < stop.value.result.duration < 1e7
