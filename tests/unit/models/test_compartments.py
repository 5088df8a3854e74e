"""Neurons with several compartments: closed forms, SciPy, errors, and the same bits everywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy.integrate import DOP853, solve_ivp
from scipy.linalg import expm

import neurosim as ns
from neurosim.scenario import RunOptions, find_scenario, run_scenario
from tests.networks import bits

PASSIVE = ns.TwoCompartment(v_threshold=np.inf)
SPIKES = [2.0, 9.0, 9.5, 30.0]
DENDRITE = {"compartment": "dendrite"}


@dataclass(frozen=True, eq=False)
class Cable(ns.NeuronModel):
    """A soma and two dendrites in a row, with equal parameters; adapts by w."""

    c_m: float = ns.parameter(100.0, "pF", 1.0, 1e5, "capacitance")
    g_l: float = ns.parameter(5.0, "nS", 0.0, 1e5, "leak conductance")
    g_c: float = ns.parameter(10.0, "nS", 0.0, 1e5, "coupling")
    v: ClassVar = ns.state("mV", -70.0, "soma")
    w: ClassVar = ns.state("pA", 0.0, "adaptation current")
    v_near: ClassVar = ns.state("mV", -70.0, "first dendrite", compartment="near")
    v_far: ClassVar = ns.state("mV", -70.0, "second dendrite", compartment="far")

    @staticmethod
    def derivatives(v, w, v_near, v_far, i, i_near, i_far, p):
        one, two = p.g_c * (v_near - v), p.g_c * (v_far - v_near)
        dv = (p.g_l * (-70.0 - v) + one - w + i) / p.c_m
        dv_near = (p.g_l * (-70.0 - v_near) - one + two + i_near) / p.c_m
        dv_far = (p.g_l * (-70.0 - v_far) - two + i_far) / p.c_m
        return dv, -w / 50.0, dv_near, dv_far

    @staticmethod
    def spikes(v_before, v, w, v_near, v_far, p):
        return v > -50.0

    @staticmethod
    def reset(v, w, v_near, v_far, p):
        return -70.0, w + 20.0, v_near, v_far


def traces(net: ns.Network, duration: float, *names: str, dt: float = 0.1) -> np.ndarray:
    """Return recorded variables of the first neuron of the first population, as columns."""
    cell = net.populations[0]
    for name in names:
        net.record(cell, name, ids=[0])
    found = ns.simulate(net, duration, dt=dt).traces
    return np.column_stack([found[cell.name, name].values[:, 0] for name in names])


def single(neuron: ns.Neuron = PASSIVE) -> tuple[ns.Network, ns.Population]:
    """Return a network of one neuron."""
    net = ns.Network(dale=False)
    return net, net.add("cell", 1, neuron)


def matrix(p: Any = PASSIVE) -> np.ndarray:
    """Return the matrix of the equations of the two potentials."""
    return np.array(
        [
            [-(p.g_l + p.g_c) / p.c_m, p.g_c / p.c_m],
            [p.g_c / p.c_dendrite, -(p.g_dendrite + p.g_c) / p.c_dendrite],
        ]
    )


@pytest.mark.parametrize("here", ["soma", "dendrite"])
def test_a_constant_current_is_attenuated_as_in_the_closed_form(here: str) -> None:
    neuron = ns.TwoCompartment(
        v_threshold=np.inf, g_l=4.0, g_dendrite=8.0, g_c=20.0, c_dendrite=60.0
    )
    net, cell = single(neuron)
    net.drive(cell, ns.ConstantCurrent(100.0), compartment=here)
    v, v_dendrite = traces(net, 600.0, "v", "v_dendrite")[-1] + 70.0
    far, near, leak = (v, v_dendrite, 4.0) if here == "dendrite" else (v_dendrite, v, 8.0)
    assert far / near == pytest.approx(20.0 / (20.0 + leak), rel=1e-6)
    other = 12.0 - leak
    assert near == pytest.approx(100.0 / (other + 20.0 * leak / (20.0 + leak)), rel=1e-6)


def test_delta_synapses_move_the_dendrite_and_the_propagator_does_the_rest() -> None:
    net, cell = single()
    net.drive(cell, ns.SpikeTimes([5.0]), weight=8.0, **DENDRITE)
    found = traces(net, 40.0, "v", "v_dendrite")
    after = np.arange(351) * 0.1
    wanted = np.array([expm(matrix() * t) @ [0.0, 8.0] for t in after])
    np.testing.assert_allclose(found[49:] + 70.0, wanted, atol=1e-11)
    np.testing.assert_array_equal(found[:49], -70.0)


def reference(synapses: list[tuple[str, Callable[..., float]]], times: np.ndarray) -> np.ndarray:
    """Return the passive potentials with synaptic currents as functions of time and potential."""

    def slopes(t: float, y: np.ndarray) -> np.ndarray:
        i = {"soma": 0.0, "dendrite": 0.0}
        for here, current in synapses:
            i[here] += current(t, y[0 if here == "soma" else 1])
        return np.array(ns.TwoCompartment.derivatives(*y, *i.values(), PASSIVE))

    y, found = np.array([-70.0, -70.0]), [np.empty((0, 2))]
    for start, stop in zip([0.0, *SPIKES], [*SPIKES, times[-1]], strict=True):
        at = times[(times > start + 1e-9) & (times <= stop + 1e-9)]
        solved = solve_ivp(slopes, (start, stop), y, "DOP853", at, rtol=1e-11, atol=1e-12)
        found.append(solved.y.T)
        y = solved.y[:, -1]
    return np.concatenate(found)


def exponential(t: float, tau: float) -> float:
    """Return the sum of exponential kernels after the spikes that have arrived."""
    return sum(np.exp(-(t - s) / tau) for s in SPIKES if t > s)


def alpha(t: float, tau: float) -> float:
    """Return the sum of alpha functions after the spikes that have arrived."""
    return sum((t - s) / tau * np.exp(1.0 - (t - s) / tau) for s in SPIKES if t > s)


CASES: list[tuple[ns.Synapse, float, Callable[..., float]]] = [
    (ns.ExpCurrent(3.0), 90.0, lambda t, v: 90.0 * exponential(t, 3.0)),
    (ns.AlphaCurrent(2.0), 90.0, lambda t, v: 90.0 * alpha(t, 2.0)),
    (ns.ExpConductance(4.0), 2.0, lambda t, v: -2.0 * exponential(t, 4.0) * v),
]


@pytest.mark.parametrize(
    ("method", "tolerance"),
    [
        ("exact", 1e-7),
        ("rk4", 1e-6),
        ("exponential_euler", 2e-2),
        ("adaptive", 1e-4),
        ("gsl", 1e-4),
    ],
)
def test_synapses_on_both_compartments_agree_with_scipy(method: str, tolerance: float) -> None:
    net, cell = single(ns.TwoCompartment(v_threshold=np.inf, method=method))
    spikes, synapses = ns.SpikeTimes(SPIKES), CASES[: 2 if method == "exact" else 3]
    for synapse, weight, _ in synapses:
        net.drive(cell, spikes, synapse=synapse, weight=weight, **DENDRITE)
    net.drive(cell, spikes, synapse=ns.ExpCurrent(5.0), weight=30.0)
    net.drive(cell, ns.StepCurrent([9.5], [[40.0]]), **DENDRITE)
    wanted = reference(
        [
            *(("dendrite", current) for *_, current in synapses),
            ("soma", lambda t, v: 30.0 * exponential(t, 5.0)),
            ("dendrite", lambda t, v: 40.0 * (t > 9.5)),
        ],
        np.arange(1, 501) * 0.1,
    )
    error = np.abs(traces(net, 50.0, "v", "v_dendrite") - wanted).max()
    assert np.ptp(wanted, axis=0).min() > 3.0
    assert error < tolerance, error


def test_spikes_agree_with_located_events() -> None:
    """The time of a spike is the end of its step, so errors are below one step."""
    neuron, current, dt = ns.TwoCompartment(t_ref=1.0), 600.0, 0.01
    net, cell = single(neuron)
    net.drive(cell, ns.ConstantCurrent(current), **DENDRITE)
    net.record(cell, "v_dendrite")
    result = ns.simulate(net, 60.0, dt=dt)
    y, now, held_until, times = np.array([-70.0, -70.0]), 0.0, 0.0, []
    while now < 60.0:
        held = now < held_until
        stop = min(held_until, 60.0) if held else 60.0

        def slopes(t: float, y: np.ndarray, held: bool = held) -> np.ndarray:
            found = np.array(neuron.derivatives(*y, 0.0, current, neuron))
            return found * [0.0, 1.0] if held else found

        solver = DOP853(slopes, now, y, stop, rtol=1e-10, atol=1e-10, max_step=0.2)
        while solver.status == "running":
            solver.step()
            y, now = solver.y, solver.t
            if not held and y[0] > neuron.v_threshold:
                course, low, high = solver.dense_output(), solver.t_old, solver.t
                for _ in range(60):
                    middle = 0.5 * (low + high)
                    above = course(middle)[0] > neuron.v_threshold
                    low, high = (low, middle) if above else (middle, high)
                y, now = np.array([neuron.v_reset, course(high)[1]]), high
                held_until = now + neuron.t_ref
                times.append(now)
                break
    found = result.spikes["cell"].times
    assert len(found) == len(times) > 5
    late = found - np.array(times)
    assert (late >= -1e-9).all()
    assert (late <= dt * (1.0 + np.arange(len(times)))).all()
    last = result.traces["cell", "v_dendrite"].values[-1, 0]
    assert last == pytest.approx(y[1], abs=0.2)


def test_a_spike_does_not_reset_the_dendrite() -> None:
    net, cell = single(ns.TwoCompartment())
    net.drive(cell, ns.SpikeTimes([5.0]), weight=20.0)
    found = traces(net, 8.0, "v", "v_dendrite")  # reset in the step of arrival
    np.testing.assert_allclose(found, -70.0, atol=1e-12)
    net, cell = single(ns.TwoCompartment())
    net.drive(cell, ns.SpikeTimes([5.0]), weight=40.0, **DENDRITE)
    result_v, result_d = traces(net, 30.0, "v", "v_dendrite").T
    assert result_d[49] == -30.0
    assert np.diff(result_d[50:]).max() < 0.0 < np.diff(result_v).max()


def test_three_compartments_and_other_states_agree_with_scipy() -> None:
    net, cell = single(Cable())
    synapse = ns.ExpConductance(3.0, name="ampa")
    net.drive(cell, ns.SpikeTimes([5.0]), synapse=synapse, weight=8.0, compartment="far")
    net.drive(cell, ns.ConstantCurrent(50.0), compartment="near")
    net.drive(cell, ns.ConstantCurrent(-20.0))

    def slopes(t: float, y: np.ndarray) -> tuple[float, ...]:
        g = 8.0 * np.exp(-(t - 5.0) / 3.0) if t > 5.0 else 0.0
        return Cable.derivatives(*y, -20.0, 50.0, -g * y[3], Cable())

    y, times = np.array([-70.0, 0.0, -70.0, -70.0]), np.arange(1, 301) * 0.1
    found = traces(net, 30.0, "v", "v_near", "v_far")
    one = solve_ivp(slopes, (0.0, 5.0), y, "DOP853", times[:50], rtol=1e-11, atol=1e-11)
    two = solve_ivp(slopes, (5.0, 30.0), one.y[:, -1], "DOP853", times[50:], rtol=1e-11, atol=1e-11)
    wanted = np.concatenate([one.y.T, two.y.T])[:, [0, 2, 3]]
    assert wanted[:, 2].max() > wanted[:, 0].max() + 5.0
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_gap_junctions_couple_dendrites() -> None:
    g, slow = 5.0, []
    for dt in (0.2, 0.1):
        net = ns.Network()
        a, b = net.add("a", 1, PASSIVE), net.add("b", 1, PASSIVE)
        net.connect(a, b, ns.AllToAll(), synapse=ns.GapJunction(), weight=g, **DENDRITE)
        net.connect(a, b, ns.AllToAll(), synapse=ns.GapJunction(), weight=0.5 * g)
        net.drive(a, ns.ConstantCurrent(100.0))
        for cell in (a, b):
            net.record(cell, "v")
            net.record(cell, "v_dendrite")
        recorded = ns.simulate(net, 30.0, dt=dt).traces
        slopes = np.zeros((4, 4))
        slopes[:2, :2] = slopes[2:, 2:] = matrix()
        for k, conductance in ((0, 0.5 * g), (1, g)):
            rate = conductance / 125.0
            slopes[[k, k + 2], [k, k + 2]] -= rate
            slopes[[k, k + 2], [k + 2, k]] += rate
        final = np.linalg.solve(slopes, [-100.0 / 125.0, 0.0, 0.0, 0.0])
        wanted = final - expm(30.0 * slopes) @ final - 70.0
        found = [recorded[c, s].values[-1, 0] for c in "ab" for s in ("v", "v_dendrite")]
        slow.append(np.abs(found - wanted).max())
        assert wanted[2:].min() > -69.0
    assert slow[0] < 1e-3
    assert slow[0] / slow[1] == pytest.approx(4.0, rel=0.1)


def busy(**options: Any) -> ns.Network:
    """Return a network with every kind of input to dendrites."""
    net = ns.Network(dale=False)
    thresholds = ns.Normal(-55.0, 1.0)
    cells = net.add("cells", 13, ns.TwoCompartment(v_threshold=thresholds, **options))
    net.drive(cells, ns.Poisson(2000.0), weight=2.0, **DENDRITE)
    net.drive(cells, ns.Poisson(400.0), synapse=ns.ExpConductance(4.0), weight=3.0, **DENDRITE)
    net.drive(cells[2:9], ns.OrnsteinUhlenbeckCurrent(50.0, 80.0, 5.0), **DENDRITE)
    net.drive(cells, ns.StepCurrent([3.0, 20.0], np.full((2, 13), 150.0)), **DENDRITE)
    net.drive(cells[4:], ns.ConstantCurrent(60.0))
    junctions = {"synapse": ns.GapJunction(), "weight": 0.5}
    net.connect(cells, cells, ns.FixedProbability(0.2), **junctions, **DENDRITE)
    net.connect(cells, cells, ns.FixedProbability(0.2), **junctions)
    rule = ns.FixedInDegree(4)
    plastic = {"plasticity": ns.STDP(w_max=200.0)}
    net.connect(
        cells, cells, rule, synapse=ns.AlphaCurrent(2.0), weight=60.0, **plastic, **DENDRITE
    )
    net.connect(cells, cells, rule, synapse=ns.ExpCurrent(5.0), weight=-40.0)
    for name in ("v", "v_dendrite"):
        net.record(cells, name, interval=0.5)
    return net


@pytest.mark.slow
@pytest.mark.parametrize("method", ["exact", "gsl"])
def test_threads_pieces_and_restores_change_no_bit(method: str, tmp_path: Path) -> None:
    whole = ns.simulate(busy(method=method), 60.0, threads=1)
    assert len(whole.spikes["cells"]) > 20
    simulation = ns.Simulation(busy(method=method), threads=3)
    simulation.run(0.1)
    simulation.run(21.4)
    simulation.save(tmp_path / "state.h5")
    assert bits(simulation.run(38.5)) == bits(whole)
    restored = ns.Simulation.restore(tmp_path / "state.h5", threads=2)
    assert bits(restored.run(38.5)) == bits(whole)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["exact", "adaptive"])
def test_plain_python_equals_compiled_code(method: str) -> None:
    one, two = (ns.Simulation(busy(method=method), debug=debug) for debug in (False, True))
    first, second = one.run(6.0), two.run(6.0)
    for key, trace in first.traces.items():
        np.testing.assert_allclose(trace.values, second.traces[key].values, rtol=1e-9)


def test_synaptic_states_are_recorded_by_compartment() -> None:
    net, cell = single()
    synapse = ns.ExpConductance(2.0)
    net.drive(cell, ns.SpikeTimes([1.0]), synapse=synapse, weight=1.0)
    net.drive(cell, ns.SpikeTimes([1.0]), synapse=synapse, weight=3.0, **DENDRITE)
    net.drive(cell, ns.SpikeTimes([1.0]), synapse=ns.ExpCurrent(2.0), weight=5.0, **DENDRITE)
    net.record(cell, "dendrite.g")
    net.record(cell, "i")
    found = ns.simulate(net, 1.0).traces
    assert found["cell", "dendrite.g"].values[-1] == 3.0
    assert found["cell", "i"].values[-1] == 5.0


def test_live_and_generated_currents_reach_the_dendrite() -> None:
    net, cell = single()
    live = net.drive(cell, ns.LiveCurrent(), **DENDRITE)
    net.drive(cell, ns.SinusoidalCurrent(30.0, 50.0), **DENDRITE)
    net.record(cell, "v_dendrite")
    net.record(cell, "v")
    simulation = ns.Simulation(net)
    result = simulation.stream(10.0, lambda chunk: chunk.inject(live, 50.0), duration=20.0)
    found = np.column_stack([trace.values for trace in result.traces.values()]).T
    t, decay = np.arange(1, 201) * 0.1, matrix()

    def slopes(t: float, y: np.ndarray) -> np.ndarray:
        # The sine is constant in each step, and so late by half a step on average.
        sine = 30.0 * np.sin(2.0 * np.pi * (t - 0.05) / 20.0)
        return decay @ y + [0.0, (sine + 50.0 * (t > 10.0)) / 125.0]

    wanted = solve_ivp(slopes, (0.0, 20.0), [0.0, 0.0], "DOP853", t, max_step=0.05).y - 70.0
    np.testing.assert_allclose(found, wanted[::-1], atol=2e-3)


@pytest.mark.parametrize(
    "synapse", [ns.DeltaSynapse(), ns.ExpCurrent(2.0), ns.AlphaCurrent(2.0), ns.ExpConductance(2.0)]
)
def test_psp_of_dendritic_synapses_is_the_peak_at_the_soma(synapse: ns.Synapse) -> None:
    net, cell = single()
    net.drive(cell, ns.SpikeTimes([1.0]), synapse=synapse, psp=0.01, **DENDRITE)
    v = traces(net, 40.0, "v")
    assert v.max() + 70.0 == pytest.approx(0.01, rel=2e-3)


@pytest.mark.slow
def test_extreme_input_ends_in_a_sentence_or_finite_numbers() -> None:
    for options in ({"synapse": ns.ExpConductance(5.0), "weight": 1e6}, {"weight": 1e6}):
        net, cell = single(ns.TwoCompartment())
        net.drive(cell, ns.SpikeTimes([1.0, 2.0]), **options, **DENDRITE)
        net.drive(cell, ns.ConstantCurrent(1e6), **DENDRITE)
        assert np.isfinite(traces(net, 20.0, "v", "v_dendrite")).all()


def test_wrong_compartments_are_refused() -> None:
    net, cell = single()
    lif = net.add("lif", 1, ns.LIF())
    current, spikes = ns.ConstantCurrent(1.0), ns.SpikeTimes([1.0])
    with pytest.raises(ns.NeurosimError, match=r"'dendrit' is unknown: did you mean 'dendrite'"):
        net.drive(cell, current, compartment="dendrit")
    with pytest.raises(ns.NeurosimError, match=r"'lif' is of LIF, which has only a soma"):
        net.drive(lif, spikes, weight=1.0, **DENDRITE)
    with pytest.raises(ns.NeurosimError, match=r"'lif' is of LIF, which has only a soma"):
        net.connect(lif, cell, ns.AllToAll(), synapse=ns.GapJunction(), weight=1.0, **DENDRITE)
    with pytest.raises(ns.NeurosimError, match=r"compartment = 3 is unknown"):
        net.drive(cell, current, compartment=3)  # type: ignore[arg-type]
    net.drive(cell, current, **DENDRITE)
    net.record(cell, "i_syn")
    with pytest.raises(ns.NeurosimError, match=r"'i_syn' of 'cell' cannot be recorded"):
        ns.simulate(net, 1.0)
    net, cell = single()
    net.connect(cell, cell, ns.AllToAll(), synapse=ns.GapJunction(), weight=1.0, **DENDRITE)
    pair = net.add("pair", 2, PASSIVE)
    net.connect(pair, pair, ns.AllToAll(), synapse=ns.GapJunction(), weight=1e6, **DENDRITE)
    with pytest.raises(ns.NeurosimError, match=r"of 'pair' on its dendrite add up to .* C/dt"):
        ns.simulate(net, 1.0)


def declared(**states: Any) -> type[ns.NeuronModel]:
    """Return a model class with these states and without equations."""
    kind = type("Declared", (ns.NeuronModel,), states)
    return dataclass(frozen=True, eq=False)(kind)


@pytest.mark.parametrize(
    ("states", "message"),
    [
        ({"v": ns.state("mV", compartment="x")}, "v is the potential of the soma: leave out"),
        ({"v": ns.state("mV"), "u": ns.state("mV", compartment="a b")}, "is not a name"),
        ({"v": ns.state("mV"), "u": ns.state("mV", compartment="soma")}, "second potential of"),
        ({"v": ns.state("mV"), "u": ns.state("pA", compartment="d")}, "a potential in pA"),
        (
            {"v": ns.state("mV"), "u": ns.state("mV", compartment="d"), "i_d": ns.state("pA")},
            "i_d has the name of the current",
        ),
    ],
)
def test_wrong_declarations_are_refused(states: dict[str, Any], message: str) -> None:
    with pytest.raises(ns.NeurosimError, match=message):
        declared(**states)()


def test_wrong_arguments_of_equations_are_named() -> None:
    @dataclass(frozen=True, eq=False)
    class Forgetful(Cable):
        @staticmethod
        def derivatives(v, w, v_near, v_far, i, p):  # type: ignore[override]
            return 0.0, 0.0, 0.0, 0.0

    net, _ = single(Forgetful())
    with pytest.raises(ns.NeurosimError, match="i_near"):
        ns.simulate(net, 1.0)


FILE = """
duration = 20
[populations.cell]
size = 2
neuron = {type = "TwoCompartment", g_c = 20.0}
[[inputs]]
to = "cell"
type = "ConstantCurrent"
amplitude = 500
compartment = "dendrite"
[[inputs]]
to = "cell"
type = "SpikeTimes"
times = [5.0]
weight = 4.0
compartment = "dendrite"
[[connections]]
from = "cell"
to = "cell"
rule = {type = "AllToAll"}
synapse = {type = "ExpCurrent", tau = 2.0}
weight = 50.0
compartment = "dendrite"
[[recordings]]
of = "cell"
variable = "v_dendrite"
"""


def test_a_scenario_file_names_compartments(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text(FILE)
    scenario = find_scenario(str(tmp_path / "my.toml"))
    options = RunOptions(scenario.duration, scenario.dt, scenario.seed)
    found = run_scenario(scenario, scenario.settings(), options).result
    net = ns.Network()
    cell = net.add("cell", 2, ns.TwoCompartment(g_c=20.0))
    net.drive(cell, ns.ConstantCurrent(500.0), **DENDRITE)
    net.drive(cell, ns.SpikeTimes([5.0]), weight=4.0, **DENDRITE)
    synapse = ns.ExpCurrent(2.0, compartment="dendrite")
    net.connect(cell, cell, ns.AllToAll(), synapse=synapse, weight=50.0)
    net.record(cell, "v_dendrite")
    assert len(found.spikes["cell"]) > 1
    assert bits(found) == bits(ns.simulate(net, 20.0, dt=scenario.dt, seed=scenario.seed))
    shown = str(net.summary())
    assert "cell (dendrite)" in shown
    assert "compartment='dendrite'" in shown
