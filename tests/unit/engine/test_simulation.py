"""Simulation: consecutive runs, threads, interruption, recording, invalid input."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest

import neurosim as ns


def _net(size: int = 20) -> ns.Network:
    net = ns.Network()
    cells = net.add("cells", size, ns.LIF())
    net.drive(cells, ns.ConstantCurrent(np.linspace(150.0, 400.0, size)))
    return net


def test_a_run_continues_where_the_last_one_stopped() -> None:
    simulation = ns.Simulation(_net())
    assert simulation.time == 0.0
    simulation.run(30.0)
    result = simulation.run(70.0)
    assert simulation.time == result.duration == 100.0
    assert np.array_equal(
        result.spikes["cells"].times, ns.simulate(_net(), 100.0).spikes["cells"].times
    )


def test_spikes_are_ordered_by_time_then_neuron_and_belong_to_the_grid() -> None:
    trains = ns.simulate(_net(), 200.0).spikes["cells"]
    assert len(trains) > 50
    assert np.array_equal(np.lexsort((trains.ids, trains.times)), np.arange(len(trains)))
    steps = trains.times / 0.1
    assert np.abs(steps - np.rint(steps)).max() < 1e-9


def test_results_are_read_only() -> None:
    result = ns.simulate(_net(), 100.0)
    with pytest.raises(ValueError, match="read-only"):
        result.spikes["cells"].times[0] = 1.0
    with pytest.raises(TypeError):
        result.spikes["cells"] = None  # type: ignore[index]


def test_only_the_chosen_neurons_spikes_are_kept() -> None:
    net = _net()
    net.record(net["cells"], "spikes", ids=[19, 1])
    trains = ns.simulate(net, 100.0).spikes["cells"]
    assert trains.recorded.tolist() == [1, 19]
    assert set(trains.ids) == {19}
    full = ns.simulate(_net(), 100.0).spikes["cells"]
    assert np.array_equal(trains.times, full.of(19))
    assert np.array_equal(trains.counts(), [0, len(full.of(19))])


def test_traces_hold_the_membrane_potential_and_figures_the_action_potential() -> None:
    net = _net()
    net.record(net["cells"], "v", ids=[19, 2], interval=0.5)
    fine = _net()
    fine.record(fine["cells"], "v")
    coarse = ns.simulate(net, 60.0)
    every = ns.simulate(fine, 60.0).traces["cells", "v"]
    trace = coarse.traces["cells", "v"]
    assert trace.times == pytest.approx(np.arange(1, 121) * 0.5)
    assert trace.ids.tolist() == [19, 2]
    fired = coarse.spikes["cells"].of(19)
    drawn = np.flatnonzero(trace.with_spikes(19) == 30.0)
    assert np.array_equal(drawn, np.ceil(np.round(fired / 0.5, 6)).astype(int) - 1)
    assert np.array_equal(trace.with_spikes()[:, 0], trace.with_spikes(19))
    assert np.array_equal(trace.values, every.values[4::5, [19, 2]])
    assert every.values.max() <= -55.0
    assert np.array_equal(trace.of(2), every.of(2)[4::5])


def test_excitatory_and_inhibitory_currents_add_up_to_the_synaptic_current() -> None:
    net = ns.Network()
    cells = net.add("cells", 4, ns.LIF())
    for times, weight in (([3.0, 9.0], 120.0), ([4.0, 9.0], -80.0)):
        net.drive(cells, ns.SpikeTimes(times), synapse=ns.ExpCurrent(2.0), weight=weight)
    for variable in ("i_syn", "i_exc", "i_inh", "input_exc", "input_inh"):
        net.record(cells, variable, ids=[3, 1])
    traces = ns.simulate(net, 20.0, threads=2).traces
    i_syn, i_exc, i_inh, e, i = (
        traces["cells", v].values[:, 0]
        for v in ("i_syn", "i_exc", "i_inh", "input_exc", "input_inh")
    )
    assert i_exc.max() == pytest.approx(120.0 * (1.0 + np.exp(-3.0)))
    assert i_inh.min() == pytest.approx(-80.0 * (1.0 + np.exp(-2.5)))
    assert i_syn == pytest.approx(i_exc + i_inh, abs=1e-10)
    assert np.flatnonzero(e).tolist() == [29, 89]
    assert np.flatnonzero(i).tolist() == [39, 89]
    assert e[89] == 120.0
    assert i[89] == -80.0


def test_ctrl_c_ends_a_run_cleanly_with_what_was_recorded() -> None:
    simulation = ns.Simulation(_net())
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt, match="stopped by Ctrl-C at") as stop:
        simulation.run(1e7)
    result = stop.value.result
    assert result.stats.interrupted
    assert 0.0 < result.duration < 1e7
    assert result.spikes["cells"].times[-1] <= result.duration
    again = simulation.run(10.0)
    assert not again.stats.interrupted
    assert again.duration == pytest.approx(result.duration + 10.0)


def test_the_progress_bar_goes_to_stderr(capfd) -> None:
    ns.simulate(_net(), 50.0, progress=True)
    assert capfd.readouterr().out == ""


def test_stats_report_size_and_speed() -> None:
    net = _net()
    net.connect(net["cells"], net["cells"], ns.FixedInDegree(5), psp=0.1)
    stats = ns.simulate(net, 100.0, threads=2).stats
    assert (stats.neurons, stats.synapses, stats.threads) == (20, 100, 2)
    assert stats.real_time_factor == pytest.approx(stats.wall_s / 0.1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"duration": -5.0}, r"duration = -5 ms .* multiple of the time step"),
        ({"duration": 0.25}, r"duration = 0.25 ms .* nearest one is 0.2 ms"),
        ({"duration": float("nan")}, "duration = nan is not finite"),
        ({"dt": 0.0}, "dt = 0 ms is outside 0.001 to 10 ms"),
        ({"dt": 1e-4}, "did you mean 0.1"),
        ({"dt": "0.1"}, "dt = '0.1' is not a number"),
        ({"seed": -1}, "seed = -1 is not an integer from 0"),
        ({"seed": 1.5}, "seed = 1.5"),
        ({"threads": 0}, "threads = 0 is outside 1 to"),
        ({"threads": 2.5}, "threads = 2.5 is not a whole number"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(arguments, words) -> None:
    with pytest.raises(ns.NeurosimError, match=words) as caught:
        ns.simulate(_net(), **({"duration": 10.0} | arguments))
    assert "\n" not in str(caught.value)


def test_times_off_the_grid_are_refused() -> None:
    net = ns.Network()
    cell = net.add("cell", 1, ns.LIF())
    net.connect(cell, cell, ns.AllToAll(), psp=1.0, delay=0.2)
    with pytest.raises(ns.NeurosimError, match=r"0\.2 ms .* below the time step dt = 0\.5 ms"):
        ns.simulate(net, 10.0, dt=0.5)
    net = ns.Network()
    cell = net.add("cell", 1, ns.LIF())
    net.drive(cell, ns.SpikeTimes([0.0]), psp=1.0)
    with pytest.raises(ns.NeurosimError, match="before the first step is over"):
        ns.simulate(net, 10.0)
    with pytest.raises(ns.NeurosimError, match="no population"):
        ns.simulate(ns.Network(), 10.0)


def test_more_threads_than_neurons_change_nothing() -> None:
    one = ns.simulate(_net(3), 100.0, threads=1)
    many = ns.simulate(_net(3), 100.0, threads=8)
    assert np.array_equal(one.spikes["cells"].times, many.spikes["cells"].times)


def test_a_network_beyond_this_machines_memory_is_refused_with_the_estimate() -> None:
    net = ns.Network()
    cells = net.add("cells", 2_000_000, ns.LIF())
    net.connect(cells, cells, ns.FixedInDegree(1_000_000), psp=0.1)
    with pytest.raises(ns.NeurosimError, match=r"needs about \d+\.\d GiB for 2e\+12 synapses"):
        ns.Simulation(net)


def test_synapses_of_a_small_network_add_up_in_64_bits() -> None:
    net = ns.Network()
    source = net.add("source", 2, ns.LIF())
    target = net.add("target", 2, ns.LIF())
    net.drive(source, ns.SpikeTimes([1.0]), psp=20.0)
    # 4.9 + 10.1 mV is exactly the threshold in 64 bits, and above it in 32.
    net.connect(source, target, ns.AllToAll(), psp=[[4.9, 4.9], [10.1, 10.2]])
    spikes = ns.simulate(net, 10.0).spikes
    assert len(spikes["source"]) == 2
    assert spikes["target"].ids.tolist() == [1]
