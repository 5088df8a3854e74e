"""Exact propagators of linear models against a Runge-Kutta method of order 8."""

from __future__ import annotations

import importlib
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy.integrate import DOP853

import neurosim as ns
from neurosim.models.declare import states_of

DT = 0.1


@dataclass(frozen=True, eq=False)
class Resonator(ns.NeuronModel):
    """A linear neuron in which every state drives the others, with a held potential."""

    tau_m: float = ns.parameter(5.0, "ms", 0.1, 1e3, "membrane time constant")
    c_m: float = ns.parameter(100.0, "pF", 1.0, 1e5, "membrane capacitance")
    pull: float = ns.parameter(40.0, "nS", -1e3, 1e3, "coupling of v to w")
    v_threshold: float = ns.parameter(-58.0, "mV", -200.0, 200.0, "threshold")
    v_reset: float = ns.parameter(-68.0, "mV", -200.0, 200.0, "potential after a spike")
    t_ref: float = ns.parameter(1.5, "ms", 0.0, 1e3, "refractory period")
    v: ClassVar = ns.state("mV", -65.0, "membrane potential")
    w: ClassVar = ns.state("pA", 3.0, "resonant current")
    u: ClassVar = ns.state("pA", -1.0, "follower of w")
    method = "exact"

    @staticmethod
    def derivatives(v, w, u, i, p):
        dv = (-65.0 - v) / p.tau_m + (i - w + 0.5 * u) / p.c_m
        return dv, (p.pull * (v + 65.0) - w) / 8.0, 0.2 * (w - u)

    @staticmethod
    def spikes(v_before, v, w, u, p):
        return v > p.v_threshold

    @staticmethod
    def reset(v, w, u, p):
        return p.v_reset, w + 20.0, u


@dataclass(frozen=True, eq=False)
class Biexponential(ns.Synapse):
    """A current that rises and decays exponentially, as equations."""

    tau: float = ns.parameter(5.0, "ms", 0.01, 1e4, "decay time constant")
    flow: ClassVar = ns.state("pA", 0.0, "current")
    rise: ClassVar = ns.state("pA/ms", 0.0, "rate of rise")

    @staticmethod
    def derivatives(flow, rise, p):
        return rise - flow / p.tau, -rise

    @staticmethod
    def current(v, flow, rise, p):
        return flow

    @staticmethod
    def arrive(flow, rise, w, p):
        return flow, rise + w


@dataclass(frozen=True, eq=False)
class Conductance(ns.Synapse):
    """An exponential conductance with a reversal potential of 0 mV."""

    tau: float = ns.parameter(2.0, "ms", 0.01, 1e4, "decay time constant")
    g: ClassVar = ns.state("nS", 0.0, "conductance")

    @staticmethod
    def derivatives(g, p):
        return -g / p.tau

    @staticmethod
    def current(v, g, p):
        return -g * v


@dataclass(frozen=True, eq=False)
class Switched(ns.NeuronModel):
    """A linear neuron in which a parameter decides whether one state drives another."""

    coupled: float = ns.parameter(0.0, "", 0.0, 1.0, "whether w drives v")
    v: ClassVar = ns.state("mV", -65.0, "membrane potential")
    w: ClassVar = ns.state("mV", 5.0, "another state")
    method = "exact"

    @staticmethod
    def derivatives(v, w, i, p):
        if p.coupled > 0.0:
            return w - (v + 65.0) / 10.0 + i, -w
        return i - (v + 65.0) / 10.0, -w

    @staticmethod
    def spikes(v_before, v, w, p):
        return v > 0.0

    @staticmethod
    def reset(v, w, p):
        return -65.0, w


JUMPS = {"a_eta_1": 30.0, "a_eta_2": -5.0, "a_eta_3": 15.0, "a_gamma_2": 4.0, "a_gamma_3": 1.0}
# All time constants are equal in one case: the textbook propagators divide zero by zero there.
MODELS = {
    "resonator": (Resonator(), 250.0),
    "MAT2": (ns.MAT2(), 450.0),
    "AMAT2": (ns.AMAT2(beta=0.3, tau_m=5.0, tau_v=5.0), 350.0),
    **{f"GLIF{level}": (ns.GLIF.of_level(level), 200.0) for level in range(1, 6)},
    # So narrow a threshold that the neuron spikes as soon as V exceeds it.
    "GIF": (ns.GIF(v_threshold=-50.0, delta_v=1e-3, lambda_0=1e5, **JUMPS), 250.0),
    "GLIF singular": (ns.GLIF.of_level(5, decay_v=9.43 / 58.72), 200.0),
}
SYNAPSES = {
    "exponential": (ns.ExpCurrent(5.0), 600.0),
    "alpha": (ns.AlphaCurrent(5.0), 600.0),
    "equations": (Biexponential(), 600.0),
}
ARRIVALS = np.arange(10.0, 90.0, 7.3).round(1)


def _synaptic(synapse: ns.Synapse, weight: float) -> tuple[Any, Any, Any]:
    """Return the derivatives of two variables, the jump on arrival, and the current."""
    tau: Any = synapse.tau  # type: ignore[attr-defined]
    if isinstance(synapse, ns.ExpCurrent):
        return lambda y: (-y[0] / tau, 0.0), (weight, 0.0), lambda y: y[0]
    decay = tau if isinstance(synapse, ns.AlphaCurrent) else 1.0
    jump = weight * math.e / tau if isinstance(synapse, ns.AlphaCurrent) else weight
    return lambda y: (y[1] - y[0] / tau, -y[1] / decay), (0.0, jump), lambda y: y[0]


def reference(
    neuron: Any, injected: float, synapse: ns.Synapse, weight: float, duration: float
) -> tuple[list[float], np.ndarray]:
    """Return spike times and states at the end of each step.

    Each time step is integrated by DOP853; spikes are looked for at its end.
    """
    kind, n = type(neuron), len(states_of(type(neuron)))
    fires = getattr(kind, "spikes", lambda before, *state: kind.hazard(*state) > 100.0)
    flow, jump, current = _synaptic(synapse, weight)
    start = [neuron.initial_of(name, np.empty(0)) for name in states_of(kind)]
    y, held, spikes, course = np.array([*map(float, start), 0.0, 0.0]), 0, [], []
    arriving = np.rint((ARRIVALS + 1.0) / DT).astype(int) - 1
    for step in range(round(duration / DT)):
        is_held = held > step
        before = y[0]

        def slopes(t: float, y: np.ndarray, is_held: bool = is_held) -> list[float]:
            own = list(kind.derivatives(*y[:n], injected + current(y[n:]), neuron))
            if is_held and kind.refractory == "clamp":
                own[0] = 0.0
            if is_held and kind.refractory == "freeze":
                own = [0.0] * n
            return [*own, *flow(y[n:])]

        solver = DOP853(slopes, 0.0, y, DT, rtol=1e-10, atol=1e-11, first_step=DT)
        while solver.status == "running":
            solver.step()
        y = solver.y
        if not is_held and fires(before, *y[:n], neuron):
            extra = [before] if "v_before" in kind.signatures["reset"] else []
            y[:n] = kind.reset(*extra, *y[:n], neuron)
            spikes.append((step + 1) * DT)
            held = step + 1 + math.floor(neuron.t_ref / DT + 0.5 + 1e-6)
        if step in arriving:
            y[n:] += jump
        course.append(y[:n].copy())
    return spikes, np.array(course)


def _simulated(
    neuron: Any,
    injected: float,
    synapse: ns.Synapse,
    weight: float,
    duration: float,
    **options: Any,
) -> tuple[np.ndarray, np.ndarray]:
    net = ns.Network(dale=False)
    cell = net.add("cell", 1, neuron)
    net.drive(cell, ns.ConstantCurrent(injected))
    net.drive(cell, ns.SpikeTimes(ARRIVALS), synapse=synapse, weight=weight, delay=1.0)
    names = list(states_of(type(neuron)))
    for name in names:
        net.record(cell, name)
    result = ns.simulate(net, duration, dt=DT, **options)
    course = np.stack([result.traces["cell", name].of(0) for name in names], axis=1)
    return result.spikes["cell"].times, course


CASES = [(model, "alpha") for model in MODELS]
CASES += [("resonator", "exponential"), ("resonator", "equations")]


@pytest.mark.parametrize(("model", "synapse"), CASES)
def test_states_equal_those_of_an_integrator_of_eighth_order(model: str, synapse: str) -> None:
    case = (*MODELS[model], *SYNAPSES[synapse], 60.0)
    times, course = _simulated(*case)
    expected, states = reference(*case)
    assert len(expected) > 2
    assert times == pytest.approx(expected, abs=1e-9)
    assert np.abs(course - states).max() < 1e-8


def test_plain_python_gives_the_same_bits() -> None:
    case = (Resonator(), 250.0, ns.AlphaCurrent(2.0), 600.0, 30.0)
    compiled, plain = _simulated(*case), _simulated(*case, debug=True)
    assert compiled[1].tobytes() == plain[1].tobytes()


def test_parameters_that_differ_give_the_same_bits_as_equal_ones() -> None:
    net = ns.Network()
    taus = np.array([4.0, 9.0, 4.0])
    cells = net.add("cells", 3, ns.AMAT2(tau_m=taus, beta=0.2))
    alone = [net.add(f"cell{k}", 1, ns.AMAT2(tau_m=t, beta=0.2)) for k, t in enumerate(taus)]
    for population in (cells, *alone):
        net.drive(population, ns.ConstantCurrent(700.0))
        net.drive(population, ns.SpikeTimes(ARRIVALS), synapse=ns.ExpCurrent(3.0), weight=90.0)
        net.record(population, "v")
    traces = ns.simulate(net, 100.0).traces
    for k in range(3):
        assert traces["cells", "v"].of(k).tobytes() == traces[f"cell{k}", "v"].of(0).tobytes()


def test_a_matrix_of_another_form_is_refused() -> None:
    net = ns.Network()
    cells = net.add("cells", 2, Switched(coupled=np.array([0.0, 1.0])))
    net.drive(cells, ns.ConstantCurrent(1.0))
    with pytest.raises(ns.NeurosimError, match="in some neurons than in the first one: write it"):
        ns.simulate(net, 1.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "neuron", [ns.GLIF.of_level(5), ns.GIF(v_threshold=-55.0, lambda_0=50.0), ns.MAT2()]
)
def test_conductances_are_integrated_by_the_runge_kutta_method(neuron: Any) -> None:
    case = (200.0, Conductance(), 12.0, 60.0)
    kept = _simulated(neuron, *case)
    chosen = _simulated(type(neuron)(**_parameters(neuron), method="rk4"), *case)
    assert kept[1].tobytes() == chosen[1].tobytes()


def _parameters(neuron: Any) -> dict[str, Any]:
    return {name: getattr(neuron, name) for name in neuron.declared_parameters()}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("-v * v / p.tau", "it contains a product of states"),
        ("1.0 / v", "it divides by a state"),
        ("math.exp(v / p.tau)", "it compares states, or takes a function of them"),
        ("-max(v, 0.0)", "it compares states, or takes a function of them"),
        ("v ** 2", "it compares states, or takes a function of them"),
    ],
)
def test_equations_that_are_not_linear_are_refused(
    line: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bent.py").write_text(SOURCE.format(line=line))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "bent", raising=False)
    net = ns.Network()
    net.add("cell", 1, importlib.import_module("bent").Bent())
    with pytest.raises(ns.NeurosimError, match=f"Bent has no exact solution.*{reason}.*rk4"):
        ns.simulate(net, 1.0)


SOURCE = """
from dataclasses import dataclass
from typing import ClassVar
import math
import neurosim as ns

@dataclass(frozen=True, eq=False)
class Bent(ns.NeuronModel):
    tau: float = ns.parameter(5.0, "ms", 0.1, 1e3, "time constant")
    v: ClassVar = ns.state("mV", -65.0, "membrane potential")
    method = "exact"

    @staticmethod
    def derivatives(v, i, p):
        return {line}

    @staticmethod
    def spikes(v_before, v, p):
        return v > 0.0

    @staticmethod
    def reset(v, p):
        return -65.0
"""


def test_threads_without_neurons_of_a_population_with_parameters_per_neuron():
    net = ns.Network()
    cell = net.add("cell", 1, ns.MAT2(tau_m=[5.0]))
    net.drive(cell, ns.ConstantCurrent(700.0))
    one, two = (ns.simulate(net, 30.0, threads=threads).spikes["cell"].times for threads in (1, 2))
    assert len(one) == 3
    assert (one == two).all()
