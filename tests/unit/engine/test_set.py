"""Parameters and weights changed between runs."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns


def _bits(result):
    found = [trains.times.tobytes() + trains.ids.tobytes() for trains in result.spikes.values()]
    return found + [trace.values.tobytes() for trace in result.traces.values()]


def _cell(**options):
    net = ns.Network()
    cell = net.add("cell", 3, ns.LIF(**options))
    net.drive(cell, ns.ConstantCurrent(300.0))
    net.record(cell, "v")
    return net, cell


def test_a_new_threshold_acts_from_the_next_step_on() -> None:
    net, cell = _cell(v_threshold=-20.0)
    simulation = ns.Simulation(net)
    before = simulation.run(200.0).traces["cell", "v"].values[-1]
    assert before == pytest.approx(-70.0 + 24.0, abs=0.01)
    simulation.set(cell, v_threshold=-50.0)
    result = simulation.run(50.0)
    trains = result.spikes["cell"]
    assert trains.times[:3].tolist() == pytest.approx([200.1] * 3)
    # From reset, 24 mV · (1 − exp(−t/20 ms)) crosses 20 mV.
    interval = 5.0 + 20.0 * np.log(24.0 / 4.0)
    assert np.diff(trains.of(0))[0] == pytest.approx(interval, abs=0.11)
    assert simulation.network["cell"].neuron.v_threshold == -50.0
    assert cell.neuron.v_threshold == -20.0


def test_a_new_resting_potential_does_not_change_the_potential() -> None:
    net, cell = _cell()
    simulation = ns.Simulation(net)
    simulation.run(10.0)
    simulation.set(cell, v_rest=-60.0, v_reset=-65.0)
    values = simulation.run(1.0).traces["cell", "v"].values[:, 0]
    assert abs(np.diff(values)).max() < 0.2


@pytest.mark.parametrize("threads", [2, 3])
def test_a_change_gives_the_same_bits_on_any_threads_and_after_a_restore(threads, tmp_path) -> None:
    def carry_out(threads, *, restore=False):
        net, exc, (static, plastic) = _network()
        simulation = ns.Simulation(net, threads=threads)
        simulation.run(50.0)
        weights = simulation.connections(static).weights
        simulation.set(static, weights=weights * 1.5)
        simulation.set(plastic, weights=np.linspace(0.1, 1.9, len(simulation.connections(plastic))))
        simulation.set(exc, t_ref=2.0, v_threshold=-56.0)
        simulation.run(50.0)
        if restore:
            simulation.save(tmp_path / "state.h5")
            simulation = ns.Simulation.restore(tmp_path / "state.h5", threads=threads)
            static, plastic = simulation.network.projections[:2]
        result = simulation.run(50.0)
        found = [simulation.connections(p).weights.tobytes() for p in (static, plastic)]
        return _bits(result) + found

    assert carry_out(1) == carry_out(threads)
    assert carry_out(1) == carry_out(threads, restore=True)


def _network():
    net = ns.Network()
    exc, inh = net.add("exc", 40, ns.LIF()), net.add("inh", 10, ns.LIF())
    net.drive(exc, ns.Poisson(2000.0), psp=1.0)
    spread = {"delay": ns.Uniform(0.5, 2.0)}
    static = net.connect(exc, inh, ns.FixedInDegree(20), psp=ns.Normal(1.0, 0.1), **spread)
    plastic = net.connect(exc, exc, ns.FixedInDegree(5), psp=1.0, plasticity=ns.STDP(2.0))
    net.connect(inh, exc, ns.FixedProbability(0.5), psp=-1.0)
    net.record(inh, "v", ids=[0, 3])
    return net, exc, (static, plastic)


def test_setting_present_values_changes_no_bit() -> None:
    net, exc, projections = _network()
    expected = ns.simulate(net, 100.0)
    simulation = ns.Simulation(net, threads=2)
    simulation.run(50.0)
    for projection in projections:
        simulation.set(projection, weights=simulation.connections(projection).weights)
    simulation.set(exc, v_threshold=-55.0)
    assert _bits(simulation.run(50.0)) == _bits(expected)


def test_new_weights_are_in_the_order_of_connections() -> None:
    net = ns.Network()
    a, b = net.add("a", 3, ns.LIF()), net.add("b", 4, ns.LIF())
    net.drive(a, ns.SpikeTimes([[10.0], [30.0], [50.0]]), psp=20.0)
    projection = net.connect(a, b, ns.AllToAll(), psp=1.0, delay=1.0)
    net.record(b, "v")
    simulation = ns.Simulation(net)
    weights = np.arange(12.0) / 4.0
    simulation.set(projection, weights=weights)
    found = simulation.connections(projection)
    assert found.weights.tolist() == weights.tolist()
    values = simulation.run(20.0).traces["b", "v"].values
    assert values[109] - values[108] == pytest.approx(weights[:4])
    simulation.set(projection, weights=2.0)
    values = simulation.run(20.0).traces["b", "v"].values
    assert values[309] - values[308] == pytest.approx(np.full(4, 2.0), abs=0.02)
    assert len(simulation.connections(projection)) == 12
    assert net.projections[0].weight == 1.0


def test_unused_delays_may_disappear_with_new_weights() -> None:
    net = ns.Network()
    a = net.add("a", 30, ns.LIF())
    net.drive(a, ns.Poisson(2000.0), psp=1.5)
    far = net.connect(a, a, ns.FixedInDegree(3), psp=1.0, delay=ns.Normal(2.0, 1.0))
    expected = ns.simulate(net, 60.0)
    simulation = ns.Simulation(net)
    simulation.run(30.0)
    max_delay = simulation._runner.engine.plan.max_delay
    simulation.set(far, weights=simulation.connections(far).weights)
    assert simulation._runner.engine.plan.max_delay < max_delay
    assert _bits(simulation.run(30.0)) == _bits(expected)


def test_plastic_weights_are_set() -> None:
    net, _, (_, plastic) = _network()
    simulation = ns.Simulation(net, threads=3)
    weights = np.linspace(0.0, 2.0, 200)
    simulation.set(plastic, weights=weights)
    assert simulation.connections(plastic).weights.tolist() == weights.tolist()
    simulation.set(plastic, weights=0.5)
    assert (simulation.connections(plastic).weights == 0.5).all()


def test_live_drives_still_work_after_a_change() -> None:
    net = ns.Network()
    cell = net.add("cell", 2, ns.LIF(v_threshold=0.0))
    current = net.drive(cell, ns.LiveCurrent())
    net.record(cell, "v")
    simulation = ns.Simulation(net)
    simulation.stream(10.0, lambda chunk: chunk.inject(current, 100.0), duration=10.0)
    simulation.set(cell, v_threshold=-10.0)
    simulation.stream(10.0, lambda chunk: chunk.inject(current, 250.0), duration=200.0)
    result = simulation.run(10.0)
    assert result.traces["cell", "v"].values[-1] == pytest.approx([-50.0] * 2, abs=0.01)


def test_parameters_of_some_neurons_of_a_model_are_set() -> None:
    from tests.unit.builder.test_models import AdEx

    net = ns.Network()
    cell = net.add("cell", 4, AdEx())
    net.drive(cell, ns.ConstantCurrent(800.0))
    simulation = ns.Simulation(net)
    simulation.set(cell[1:3], b=[0.0, 300.0])
    counts = simulation.run(300.0).spikes["cell"].counts()
    assert counts[0] == counts[3]
    assert counts[1] > counts[0] > counts[2]


def test_thresholds_of_some_neurons_of_a_population_are_set() -> None:
    found = []
    for threads in (1, 3):
        net, exc, _ = _network()
        simulation = ns.Simulation(net, threads=threads)
        simulation.run(50.0)
        simulation.set(exc[:10], v_threshold=np.linspace(-60.0, -51.0, 10), t_ref=2.0)
        simulation.set(exc[5:], v_rest=-69.0)
        found.append(_bits(simulation.run(100.0)))
    assert found[0] == found[1]
    neuron = simulation.network["exc"].neuron
    assert neuron.v_threshold[:11].tolist() == [*np.linspace(-60.0, -51.0, 10), -55.0]
    assert neuron.t_ref[:11].tolist() == [2.0] * 10 + [5.0]
    counts = simulation.run(400.0).spikes["exc"].counts()
    assert counts[0] > 1.5 * counts[9]


def _refused():
    net, exc, (static, plastic) = _network()
    simulation = ns.Simulation(net)
    other = ns.Network().add("exc", 40, ns.LIF())
    return [
        (simulation, exc, {}, "Nothing is set"),
        (simulation, exc, {"v_treshold": -50.0}, "did you mean 'v_threshold'"),
        (simulation, exc, {"v_threshold": -0.05}, "did you mean -50"),
        (simulation, exc[:3], {"tau_m": ns.Normal(10.0, 1.0)}, "give a number, or an array"),
        (simulation, exc, {"v": 1e5}, r"^v of population 'exc' = 100000 mV is outside"),
        (simulation, exc, {"v": [1.0, 2.0]}, r"^v of population 'exc' has shape \(2,\)"),
        (simulation, exc, {"v": None}, r"^v of population 'exc' = None is not a number"),
        (
            simulation,
            exc[:3],
            {"v": [1.0, 2.0]},
            r"^v of some neurons = \[1.0, 2.0\] for 3 neurons",
        ),
        (simulation, other, {"tau_m": 10.0}, "belongs to another network"),
        (simulation, static, {"delay": 1.0}, "delay cannot be set"),
        (
            simulation,
            static,
            {"weights": [1.0, 2.0]},
            r"weights has shape \(2,\); expected \(200,\)",
        ),
        (simulation, static, {"weights": -1.0}, "against Dale's law"),
        (simulation, static, {"weights": ns.Normal(1.0, 0.1)}, "give a number, or one for each"),
        (simulation, plastic, {"weights": 3.0}, "STDP.w_max"),
        (simulation, 7, {"weights": 3.0}, "is not a population"),
    ]


def test_mistakes_are_refused_in_one_sentence() -> None:
    for simulation, part, values, words in _refused():
        with pytest.raises(ns.NeurosimError, match=words):
            simulation.set(part, **values)


@pytest.mark.parametrize(
    ("add", "words"),
    [
        (lambda net, cell: net.record(cell, "i_syn"), "Recording of 'i_syn' of 'cell'"),
        (lambda net, cell: net.drive(cell, ns.ConstantCurrent(1.0)), "Drive"),
        (lambda net, cell: net.connect(cell, cell, ns.AllToAll(), psp=1.0), "Projection 'cell'"),
        (lambda net, _: net.add("other", 1, ns.LIF()), "Population 'other'"),
    ],
)
def test_parts_added_after_the_simulation_are_refused(add, words) -> None:
    net, cell = _cell()
    simulation = ns.Simulation(net)
    simulation.run(5.0)
    add(net, cell)
    for run in (simulation.run, lambda t: simulation.stream(1.0, print, duration=t)):
        with pytest.raises(ns.NeurosimError, match=f"{words}.* was added after the simulation"):
            run(5.0)
    assert ns.Simulation(net).run(5.0).duration == 5.0


def test_a_new_potential_decays_from_there() -> None:
    net = ns.Network()
    cell = net.add("cell", 4, ns.LIF(v_rest=ns.Uniform(-72.0, -68.0)))
    net.record(cell, "v")
    simulation = ns.Simulation(net)
    simulation.run(10.0)
    simulation.set(cell[[3, 1]], v=[-60.0, -65.0])
    values = simulation.run(20.0).traces["cell", "v"].values
    rest = simulation.parameters(cell)["v_rest"]
    decay = np.exp(-20.0 / 20.0)
    expected = rest + np.array([0.0, -65.0 - rest[1], 0.0, -60.0 - rest[3]]) * decay
    np.testing.assert_allclose(values[-1], expected, rtol=0.0, atol=1e-9)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_states_set_at_time_0_are_initial_states(threads: int) -> None:
    new = {"m": np.linspace(0.1, 0.5, 7), "n": 0.4}

    def network(**options: object) -> ns.Network:
        net = ns.Network()
        net.add("other", 5, ns.HodgkinHuxley())
        cell = net.add("cell", 7, ns.HodgkinHuxley(), **options)
        for state in ("v", "m", "n"):
            net.record(cell, state)
        return net

    simulation = ns.Simulation(network(), threads=threads)
    simulation.set(simulation.network["cell"][2:], m=new["m"][2:])
    simulation.set(simulation.network["cell"][:2], m=new["m"][:2])
    simulation.set(simulation.network["cell"], n=0.4)
    expected = ns.simulate(network(initial=new), 20.0)
    assert _bits(simulation.run(20.0)) == _bits(expected)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"v": 1e6}, "mV"),
        ({"v": [-60.0, -61.0, -62.0, -63.0]}, "4"),
        ({"w": 0.0}, "LIF has no parameter 'w'"),
        ({"v": float("nan")}, "nan"),
    ],
)
def test_states_that_make_no_sense_are_refused(values, message) -> None:
    net, cell = _cell()
    simulation = ns.Simulation(net)
    with pytest.raises(ns.NeurosimError, match=message):
        simulation.set(cell, **values)
