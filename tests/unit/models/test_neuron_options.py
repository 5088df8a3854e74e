"""Options of every neuron: method, substep, tolerance, error control, initial values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

import neurosim as ns
from neurosim.experiments.run import run
from tests.toml import scenario_file


@dataclass(frozen=True, eq=False)
class Curved(ns.NeuronModel):
    """A quadratic neuron with adaptation, whose equations no method solves exactly."""

    tau_w: float = ns.parameter(50.0, "ms", 0.1, 1e3, "time constant of adaptation")
    v: ClassVar = ns.state("mV", -70.0, "membrane potential")
    w: ClassVar = ns.state("pA", 0.0, "adaptation")

    @staticmethod
    def derivatives(v, w, i, p):
        return 0.002 * (v + 70.0) * (v + 50.0) + 0.004 * (i - w), (v + 70.0 - w) / p.tau_w

    @staticmethod
    def spikes(v_before, v, w, p):
        return v > 20.0

    @staticmethod
    def reset(v, w, p):
        return -70.0, w + 20.0


class Annotated(Curved):
    method: ClassVar = "gsl"
    tolerance: ClassVar = 1e-3


class Derived(Annotated):
    error_control = "y"


@dataclass(frozen=True, eq=False)
class Decorated(Curved):
    method = "exponential_euler"
    substep = 0.05


@dataclass(frozen=True, eq=False)
class Conductance(ns.Synapse):
    g: ClassVar = ns.state("nS", 0.0, "conductance")

    @staticmethod
    def derivatives(g, p):
        return -2.0 * g

    @staticmethod
    def current(v, g, p):
        return -g * v


def _trace(neuron: ns.network.Neuron, dt: float = 0.1, **options: Any) -> np.ndarray:
    net = ns.Network()
    cell = net.add("cell", 1, neuron, **options)
    net.drive(cell, ns.SpikeTimes([2.0, 9.0]), synapse=Conductance(), weight=300.0)
    net.drive(cell, ns.ConstantCurrent(300.0))
    net.record(cell, "v")
    return ns.simulate(net, 30.0, dt=dt).traces["cell", "v"].of(0)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [ns.LIF, ns.HodgkinHuxley, Curved])
def test_each_option_of_the_integration_changes_the_numbers(kind: Any) -> None:
    traces = [
        _trace(kind(**options), dt=0.5)
        for options in (
            {},
            {"substep": 0.005},
            {"method": "adaptive"},
            {"method": "adaptive", "tolerance": 1e-9},
            {"method": "gsl", "error_control": "yp", "tolerance": 1e-7},
            {"method": "gsl", "error_control": "y", "tolerance": 1e-7},
            {"method": "gsl", "error_control": "y"},
            {"method": "exponential_euler"},
        )
    ]
    assert len({trace.tobytes() for trace in traces}) == len(traces)
    *others, euler = traces
    for trace in others:
        assert np.abs(trace - traces[0])[:20].max() < 0.01
    assert np.abs(euler - traces[0])[:20].max() > 1e-8


def test_defaults_of_a_class_are_those_of_its_subclasses() -> None:
    assert (Annotated().method, Annotated().tolerance) == ("gsl", 1e-3)
    assert (Derived().method, Derived().error_control) == ("gsl", "y")
    assert (Decorated().method, Decorated().substep) == ("exponential_euler", 0.05)
    assert (Decorated(method="rk4").method, Derived(method="rk4").method) == ("rk4", "rk4")
    assert Curved().tolerance is None
    assert _trace(Curved(method="gsl", tolerance=1e-3, error_control="y")).tobytes() == (
        _trace(Derived()).tobytes()
    )


def test_options_take_part_in_equality_and_in_the_text() -> None:
    assert Curved(method="gsl") == Curved(method="gsl") != Curved()
    start = {"w": np.array([1.0, 2.0])}
    assert Curved(initial=start) == Curved(initial=start) != Curved(initial={"w": [1.0, 3.0]})
    assert repr(Curved(method="gsl")) == "Curved(tau_w=50.0, method='gsl')"
    assert repr(Annotated()) == "Annotated(tau_w=50.0)"


@pytest.mark.parametrize("kind", [ns.LIF, ns.HodgkinHuxley, Curved])
def test_initial_values_of_the_neuron_are_overridden_by_those_of_the_population(kind: Any) -> None:
    model, state = kind(initial={"v": -62.0}), "h" if kind is ns.HodgkinHuxley else "w"
    assert _trace(model).tobytes() == _trace(kind(), v_init=-62.0).tobytes()
    assert _trace(model, v_init=-66.0).tobytes() == _trace(kind(), v_init=-66.0).tobytes()
    assert _trace(model, initial={"v": -66.0}).tobytes() == _trace(kind(), v_init=-66.0).tobytes()
    if kind is not ns.LIF:
        other = kind(initial={state: 0.5})
        assert _trace(other).tobytes() == _trace(kind(), initial={state: 0.5}).tobytes()
        assert _trace(other, initial={state: 0.1}).tobytes() == (
            _trace(kind(), initial={state: 0.1}).tobytes()
        )


def test_initial_values_differ_between_neurons() -> None:
    net = ns.Network()
    one = net.add("one", 3, Curved(initial={"v": [-60.0, -61.0, -62.0], "w": ns.Normal(9.0, 1.0)}))
    net.record(one, "v")
    net.record(one, "w")
    result = ns.simulate(net, 0.1)
    assert np.abs(result.traces["one", "v"].values[0] - [-60.0, -61.0, -62.0]).max() < 0.5
    assert len(set(result.traces["one", "w"].values[0])) == 3
    with pytest.raises(ns.NeurosimError, match=r"expected \(4,\)"):
        net.add("four", 4, one.neuron)


def test_the_resting_potential_does_not_depend_on_initial_values() -> None:
    assert Curved(initial={"v": -60.0}).v_rest == -70.0


def test_a_verified_neuron_starts_at_its_initial_values() -> None:
    found = Curved(initial={"v": -60.0, "w": 5.0}, substep=0.01).verify(300.0, 50.0)
    assert found.largest_v_error < 1e-6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "gls"}, r"Curved\.method = 'gls' is unknown: did you mean 'gsl'\?"),
        ({"method": 4}, r"Curved\.method = 4 is unknown: choose from rk4, euler, exp"),
        ({"error_control": "z"}, r"Curved\.error_control = 'z' is unknown: choose from y, yp"),
        ({"substep": 0.0}, r"Curved\.substep = 0 ms is outside 0\.0001 to 1000 ms"),
        ({"tolerance": -1.0}, r"Curved\.tolerance = -1 is outside 1e-14 to 1000"),
        ({"initial": {"u": 1.0}}, r"Curved\.initial: Curved has no state 'u': choose from v, w"),
        ({"initial": 1.0}, r"Curved\.initial = 1\.0 is not a dict"),
        ({"initial": {"w": "x"}}, r"Curved\.initial w = 'x' is not a number: give one in pA"),
        ({"initial": {"v": 1e5}}, r"Curved\.initial v = 100000 mV is outside"),
    ],
)
def test_invalid_options_are_reported(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ns.NeurosimError, match=message):
        Curved(**options)


def test_the_method_of_a_running_simulation_stays() -> None:
    net = ns.Network()
    cell = net.add("cell", 1, Curved())
    simulation = ns.Simulation(net)
    with pytest.raises(ns.NeurosimError, match="method of Curved cannot be changed"):
        simulation.set(cell, method="gsl")


def test_options_are_read_from_scenario_files_and_checkpoints(tmp_path: Any) -> None:
    net = ns.Network()
    options = {"method": "gsl", "tolerance": 1e-4, "error_control": "y"}
    cell = net.add("cell", 2, ns.HodgkinHuxley(**options, initial={"n": 0.4}), v_init=-64.0)
    net.drive(cell, ns.ConstantCurrent(700.0))
    net.record(cell, "v")
    expected = ns.simulate(net, 20.0).traces["cell", "v"].values
    path = tmp_path / "network.toml"
    path.write_text(scenario_file(net, 20.0))
    assert np.array_equal(run(str(path)).result.traces["cell", "v"].values, expected)
    simulation = ns.Simulation(net)
    simulation.run(10.0)
    simulation.save(tmp_path / "half.h5")
    restored = ns.Simulation.restore(tmp_path / "half.h5")
    assert restored.network["cell"].neuron == cell.neuron
    assert np.array_equal(restored.run(10.0).traces["cell", "v"].values, expected)
