"""NaN or infinity in a network stops the run with a sentence that says where."""

from __future__ import annotations

import numpy as np
import pytest

import neurosim as ns


def _net() -> ns.Network:
    net = ns.Network()
    exc = net.add("exc", 40, ns.LIF())
    squid = net.add("squid", 20, ns.HodgkinHuxley())
    for cells in (exc, squid):
        net.drive(cells, ns.Poisson(500.0), synapse=ns.AlphaCurrent(2.0), weight=100.0)
        net.drive(cells, ns.ConstantCurrent(100.0), ids=[3])
    net.record(exc, "input_exc", ids=[5, 7])
    return net


def _spoil(simulation: ns.Simulation, field: str, population: int, neuron: int, value: float):
    """Put a value into the state of a neuron, on whichever thread it is."""
    engine = simulation._runner.engine
    for thread, (part, state) in enumerate(zip(engine.plan.threads, engine._states, strict=True)):
        local = engine.plan.layout.threads[thread].populations[population]
        if not local.start <= neuron < local.stop:
            continue
        place = neuron - local.start
        if field == "v":
            state.v[local.first + place] = value
        elif field == "states":
            state.states[part.models.first_state[population] + 4 * place + 2] = value
        else:
            port = part.neurons.ports[part.neurons.groups[population].first_port]
            name = {"synaptic": "state", "rise": "rise"}[field]
            state.synaptic[port[name] + place] = value


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    ("field", "population", "neuron", "words"),
    [
        ("v", 0, 31, "membrane potential of neuron 31 of 'exc'"),
        ("synaptic", 0, 7, "of neuron 7 of 'exc'"),
        ("rise", 0, 0, "of neuron 0 of 'exc'"),
        ("v", 1, 19, "of neuron 19 of 'squid'"),
        ("synaptic", 1, 4, "of neuron 4 of 'squid'"),
        ("states", 1, 11, "of neuron 11 of 'squid'"),
    ],
)
def test_what_is_not_finite_is_found(
    field: str, population: int, neuron: int, words: str, value: float, threads: int
) -> None:
    if (field, value, population) == ("v", np.inf, 0):
        value = -np.inf  # an infinite potential is above the threshold, and is reset
    simulation = ns.Simulation(_net(), threads=threads)
    simulation.run(20.0)
    _spoil(simulation, field, population, neuron, value)
    with pytest.raises(ns.NeurosimError, match=rf"{words} became .* between 20 and 30 ms: its inp"):
        simulation.run(10.0)
    # It does not go away.
    with pytest.raises(ns.NeurosimError, match="between 30 and 35 ms"):
        simulation.run(5.0)


def test_a_recorded_neuron_tells_the_step() -> None:
    net = _net()
    net.record(net["exc"], "v", ids=[30, 31], interval=0.5)
    simulation = ns.Simulation(net)
    simulation.run(20.3)
    _spoil(simulation, "v", 0, 31, np.nan)
    with pytest.raises(ns.NeurosimError, match=r"neuron 31 of 'exc' became nan by 20\.5 ms"):
        simulation.run(10.0)


def test_a_stream_is_stopped_too() -> None:
    simulation = ns.Simulation(_net())

    def on_chunk(chunk: ns.Chunk) -> None:
        if chunk.stop > 9.0:
            _spoil(simulation, "v", 0, 2, np.nan)

    with pytest.raises(ns.NeurosimError, match="neuron 2 of 'exc' became nan between 10 and 15 ms"):
        simulation.stream(5.0, on_chunk)


def test_the_largest_numbers_that_are_allowed_are_finite() -> None:
    net = ns.Network(dale=False)
    neuron = ns.LIF(v_threshold=200.0, v_peak=200.0, tau_m=1000.0, c_m=1.0, t_ref=0.0)
    cells = net.add("cells", 10, neuron, v_init=-1e4)
    for synapse in (ns.DeltaSynapse(), ns.ExpCurrent(0.01), ns.AlphaCurrent(0.01)):
        for sign in (1.0, -1.0):
            net.drive(cells, ns.Poisson(1e5), synapse=synapse, psp=sign * 1e9)
            net.connect(cells, cells, ns.AllToAll(), synapse=synapse, psp=sign * 1e9)
    net.drive(cells, ns.ConstantCurrent(1e9))
    net.drive(cells, ns.MembraneNoise(1e3))
    net.record(cells, "v")
    result = ns.simulate(net, 20.0)
    assert np.isfinite(result.traces["cells", "v"].values).all()


def test_a_live_current_that_is_not_a_number_is_refused() -> None:
    net = ns.Network()
    drive = net.drive(net.add("cells", 3, ns.LIF()), ns.LiveCurrent())

    def on_chunk(chunk: ns.Chunk) -> None:
        chunk.inject(drive, [0.0, np.nan, 0.0])

    with pytest.raises(ns.NeurosimError, match=r"LiveCurrent\.amplitude holds nan"):
        ns.Simulation(net).stream(5.0, on_chunk, duration=20.0)
