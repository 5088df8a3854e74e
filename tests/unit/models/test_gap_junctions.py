"""Gap junctions: closed form, SciPy, synchronisation, and the same bits everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

import neurosim as ns
from neurosim.models import steady_gates
from neurosim.scenario import run as run_scenario
from tests.networks import bits
from tests.processes import mpiexec

JUNCTION = ns.GapJunction()
CURRENT = 100.0
"""Current into the first of two neurons (pA)."""


def two(
    one: ns.Neuron, other: ns.Neuron, weight: float, current: float = CURRENT, **starts: Any
) -> ns.Network:
    """Return a network of two coupled neurons with recorded potentials."""
    net = ns.Network()
    a, b = net.add("a", 1, one, **starts), net.add("b", 1, other)
    net.connect(a, b, ns.AllToAll(), synapse=JUNCTION, weight=weight)
    net.drive(a, ns.ConstantCurrent(current))
    net.record(a, "v")
    net.record(b, "v")
    return net


def course(net: ns.Network, duration: float, dt: float) -> np.ndarray:
    """Return the potentials of all neurons over time."""
    traces = ns.simulate(net, duration, dt=dt).traces
    return np.column_stack([trace.values for trace in traces.values()])


def passive_pair(g: float, duration: float) -> np.ndarray:
    """Return the potentials of two coupled passive membranes in closed form."""
    slopes = np.array([[-1 / 20 - g / 250, g / 250], [g / 100, -1 / 10 - g / 100]])
    rest = np.linalg.solve(slopes, -np.array([-70 / 20 + CURRENT / 250, -70 / 10]))
    return rest + expm(slopes * duration) @ (np.array([-60.0, -70.0]) - rest)


def test_two_passive_cells_follow_the_closed_form_with_second_order() -> None:
    one, other = ns.LIF(v_threshold=0.0), ns.LIF(v_threshold=0.0, tau_m=10.0, c_m=100.0)
    errors = []
    for dt in (0.5, 0.25, 0.125):
        v = course(two(one, other, 10.0, v_init=-60.0), 20.0, dt)[-1]
        errors.append(np.abs(v - passive_pair(10.0, 20.0)).max())
    assert errors[0] < 1e-3
    orders = np.diff(np.log2(errors))
    np.testing.assert_allclose(orders, -2.0, atol=0.1)


@pytest.mark.slow
def test_two_hodgkin_huxley_neurons_agree_with_scipy() -> None:
    neuron, g, current = ns.HodgkinHuxley(), 10.0, 1500.0

    def slopes(t: float, y: np.ndarray) -> np.ndarray:
        cells = y.reshape(2, 4)
        flow = g * (cells[1, 0] - cells[0, 0])
        inputs = current + flow, -flow
        derivatives = ns.HodgkinHuxley.derivatives
        pairs = zip(cells, inputs, strict=True)
        return np.concatenate([derivatives(*cell, 0.0, i, neuron)[:4] for cell, i in pairs])

    rest = neuron.v_rest
    start = [rest, *steady_gates(rest)] * 2
    times = np.arange(1, 201) * 0.1
    solved = solve_ivp(slopes, (0.0, 20.0), start, "LSODA", times, rtol=1e-10, atol=1e-10)
    exact = solved.y[[0, 4]].T
    assert exact[:, 1].max() > 30.0  # the driven neuron makes the other one fire
    net = two(neuron, neuron, g, current)
    errors = []
    for factor in (1, 2, 4):
        v = course(net, 20.0, 0.1 / factor)
        errors.append(np.abs(v[factor - 1 :: factor] - exact).max())
    assert errors[0] < 2.0
    np.testing.assert_allclose(np.diff(np.log2(errors)), -2.0, atol=0.3)


def test_coupling_synchronises_neurons() -> None:
    spread = {}
    for weight in (0.0, 10.0):
        net = ns.Network()
        cells = net.add("cells", 6, ns.HodgkinHuxley(), v_init=np.linspace(-70.0, -50.0, 6))
        net.connect(cells, cells, ns.AllToAll(), synapse=JUNCTION, weight=weight)
        net.drive(cells, ns.ConstantCurrent(1000.0))
        trains = ns.simulate(net, 300.0).spikes["cells"]
        spread[weight] = np.ptp([trains.of(k)[-1] for k in range(6)])
    assert spread[0.0] > 4.0
    assert spread[10.0] < 0.05


def test_a_reset_does_not_distort_the_other_potential() -> None:
    """The second neuron never falls below rest, although the first one falls by 15 mV."""
    net = two(ns.LIF(t_ref=0.1), ns.LIF(), 5.0, 600.0)
    v = course(net, 50.0, 0.1)
    assert np.diff(v[:, 0]).min() < -10.0
    assert np.diff(v[:, 1]).min() > -0.2


def test_junctions_add_up_and_self_connections_have_no_effect() -> None:
    def last(*weights: float, pairs: tuple[list[int], list[int]] = ([0], [1])) -> np.ndarray:
        net = ns.Network()
        cells = net.add("cells", 2, ns.LIF())
        for weight in weights:
            rule = ns.Explicit(*pairs)
            net.connect(cells, cells, rule, synapse=JUNCTION, weight=weight)
        net.drive(cells[0], ns.ConstantCurrent(CURRENT))
        net.record(cells, "v")
        net.record(cells, "g")
        traces = ns.simulate(net, 20.0).traces
        return np.concatenate([trace.values[-1] for trace in traces.values()])

    np.testing.assert_allclose(last(2.0, 3.0), last(5.0), rtol=1e-14)
    np.testing.assert_array_equal(last(5.0, pairs=([1], [0])), last(5.0))
    np.testing.assert_allclose(last(2.5, pairs=([0, 1], [1, 0])), last(5.0), rtol=1e-14)
    np.testing.assert_array_equal(last(5.0, pairs=([0, 1, 1], [1, 1, 1])), last(5.0))
    assert last(5.0)[2:].tolist() == [5.0, 5.0]


def mixed() -> ns.Network:
    """Return a network of three models with gap junctions, synapses and noise."""
    net = ns.Network(dale=False)
    lif = net.add("lif", 31, ns.LIF(t_ref=2.0), v_init=ns.Uniform(-70.0, -56.0))
    free = net.add("free", 5, ns.LIF())
    axons = net.add("axons", 17, ns.HodgkinHuxley())
    net.connect(lif, free, ns.FixedProbability(0.3), psp=0.5)
    weight = ns.Normal(2.0, 0.5)
    net.connect(lif, lif, ns.FixedProbability(0.2), synapse=JUNCTION, weight=weight)
    net.connect(lif, axons, ns.FixedInDegree(3), synapse=JUNCTION, weight=1.0)
    net.connect(axons, lif, ns.FixedProbability(0.2), psp=1.5, delay=ns.Normal(1.5, 0.75))
    net.drive(lif, ns.Poisson(3000.0), psp=1.0)
    net.drive(axons[:4], ns.ConstantCurrent(900.0))
    for cells in (lif, free, axons):
        net.record(cells, "v")
    return net


def test_the_same_bits_on_any_number_of_threads_in_pieces_and_after_a_restore(
    tmp_path: Path,
) -> None:
    whole = ns.simulate(mixed(), 40.0, threads=1)
    assert len(whole.spikes["lif"]) > 100
    assert len(whole.spikes["axons"]) > 10
    expected = bits(whole)
    for threads in (2, 3):
        assert bits(ns.simulate(mixed(), 40.0, threads=threads)) == expected
    simulation = ns.Simulation(mixed(), threads=2)
    simulation.run(13.7)
    simulation.save(tmp_path / "state.h5")
    simulation.run(0.1)
    assert bits(ns.Simulation.restore(tmp_path / "state.h5", threads=3).run(26.3)) == expected


PROGRAM = """
import sys
from pathlib import Path
from mpi4py import MPI
import neurosim as ns
from tests.networks import bits
from tests.unit.models.test_gap_junctions import mixed

with ns.use_mpi(MPI.COMM_WORLD) as ranks:
    found = b"".join(bits(ns.simulate(mixed(), 40.0)))
    Path(sys.argv[1], str(ranks.rank)).write_bytes(found)
"""


def test_processes_on_one_machine_give_the_same_bits(tmp_path: Path) -> None:
    done = mpiexec(2, "-c", PROGRAM, str(tmp_path))
    assert done.returncode == 0, done.stderr
    whole = b"".join(bits(ns.simulate(mixed(), 40.0)))
    assert [(tmp_path / rank).read_bytes() for rank in "01"] == [whole, whole]


def test_weights_can_be_read_and_changed() -> None:
    net = two(ns.LIF(), ns.LIF(), 5.0)
    (projection,) = net.projections
    simulation = ns.Simulation(net)
    found = simulation.connections(projection)
    assert (found.sources.tolist(), found.targets.tolist()) == ([0], [0])
    assert found.weights.tolist() == [5.0]
    before = simulation.run(50.0).traces["b", "v"].values[-1, 0]
    simulation.set(projection, weights=0.0)
    after = simulation.run(200.0).traces["b", "v"].values[-1, 0]
    assert before > -69.0
    assert after == pytest.approx(-70.0, abs=0.01)


@dataclass(frozen=True, eq=False)
class Stepped(ns.NeuronModel):
    """A passive membrane that defines its own step."""

    c_m: float = ns.parameter(200.0, "pF", 1.0, 1e5, "membrane capacitance")
    v: ClassVar = ns.state("mV", -70.0, "membrane potential")

    @staticmethod
    def step(v, i, jump, dt, p):
        return v + dt * (-(v + 70.0) / 20.0 + i / p.c_m) + jump

    @staticmethod
    def spikes(v_before, v, p):
        return v > 0.0

    @staticmethod
    def reset(v, p):
        return -70.0


@pytest.mark.parametrize("neuron", [ns.LIF(), ns.HodgkinHuxley(), Stepped()])
def test_too_strong_junctions_are_refused(neuron: ns.Neuron) -> None:
    capacitance: float = neuron.c_m  # type: ignore[attr-defined]
    largest = capacitance / 0.1
    ns.simulate(two(neuron, neuron, largest, 0.0), 5.0)
    message = rf"neuron 0 of 'a' add up to .* nS, above C/dt = {largest:.4g} nS: reduce .* 0\.05 ms"
    with pytest.raises(ns.NeurosimError, match=message):
        ns.simulate(two(neuron, neuron, 2.0 * largest), 5.0)


def test_mistakes_are_reported() -> None:
    net = ns.Network()
    cells = net.add("cells", 2, ns.LIF())
    options: dict[str, Any] = {"synapse": JUNCTION, "weight": 1.0}
    with pytest.raises(ns.NeurosimError, match="no delay: leave out delay"):
        net.connect(cells, cells, ns.AllToAll(), delay=2.0, **options)
    with pytest.raises(ns.NeurosimError, match="cannot be plastic"):
        net.connect(cells, cells, ns.AllToAll(), plasticity=ns.STDP(w_max=2.0), **options)
    with pytest.raises(ns.NeurosimError, match=r"give the strength as weight \(nS\)"):
        net.connect(cells, cells, ns.AllToAll(), synapse=JUNCTION, psp=1.0)
    with pytest.raises(ns.NeurosimError, match="a conductance is positive"):
        net.connect(cells, cells, ns.AllToAll(), synapse=JUNCTION, weight=-1.0)
    with pytest.raises(ns.NeurosimError, match="it connects neurons"):
        net.drive(cells, ns.Poisson(10.0), **options)


def test_summaries_show_no_delay_and_no_sign() -> None:
    net = two(ns.LIF(), ns.LIF(), 5.0)
    assert repr(net.projections[0]).endswith("GapJunction, weight 5 nS>")
    assert "none" in str(net.summary())
    assert net.sign_of(net["a"]) == 0
    net.connect(net["a"], net["b"], ns.AllToAll(), psp=-1.0)  # no conflict with Dale's law
    assert net.sign_of(net["a"]) == -1


TOML = """
duration = 20
[populations.cells]
size = 2
neuron = "LIF"
[[connections]]
from = "cells"
to = "cells"
rule = {type = "Explicit", sources = [0], targets = [1]}
synapse = "GapJunction"
weight = 5.0
[[inputs]]
to = "cells"
ids = [0]
type = "ConstantCurrent"
amplitude = 100.0
[[recordings]]
of = "cells"
variable = "v"
"""


def test_a_scenario_file_can_use_them(tmp_path: Path) -> None:
    path = tmp_path / "pair.toml"
    path.write_text(TOML)
    v = run_scenario(str(path)).result.traces["cells", "v"].values[-1]
    expected = course(two(ns.LIF(), ns.LIF(), 5.0), 20.0, 0.1)[-1]
    np.testing.assert_array_equal(v, expected)
