"""Neuron models written as equations: classes of this file, as a user would write them."""

from __future__ import annotations

import linecache
import math
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

import neurosim as ns

RHEOBASE = 300.0


@dataclass(frozen=True, eq=False)
class AdEx(ns.NeuronModel):
    """Adaptive exponential integrate-and-fire neuron (Brette & Gerstner 2005)."""

    c_m: float = ns.parameter(281.0, "pF", 1.0, 1e5, "membrane capacitance")
    g_l: float = ns.parameter(30.0, "nS", 0.0, 1e5, "leak conductance")
    e_l: float = ns.parameter(-70.6, "mV", -200.0, 200.0, "leak reversal potential")
    v_t: float = ns.parameter(-50.4, "mV", -200.0, 200.0, "threshold of the exponential")
    delta_t: float = ns.parameter(2.0, "mV", 0.01, 100.0, "slope factor")
    a: float = ns.parameter(4.0, "nS", -1e4, 1e4, "subthreshold adaptation")
    tau_w: float = ns.parameter(144.0, "ms", 0.1, 1e5, "adaptation time constant")
    b: float = ns.parameter(80.5, "pA", -1e5, 1e5, "spike-triggered adaptation")
    v_reset: float = ns.parameter(-70.6, "mV", -200.0, 200.0, "potential after a spike")
    v_peak: float = ns.parameter(0.0, "mV", -200.0, 200.0, "potential of the spike")
    t_ref: float = ns.parameter(2.0, "ms", 0.0, 1e3, "refractory period")

    v: ClassVar = ns.state("mV", "e_l", "membrane potential")
    w: ClassVar = ns.state("pA", 0.0, "adaptation current")
    v_max: ClassVar = "v_peak"

    @staticmethod
    def derivatives(v, w, i, p):
        exponential = p.g_l * p.delta_t * math.exp((v - p.v_t) / p.delta_t)
        dv = (-p.g_l * (v - p.e_l) + exponential - w + i) / p.c_m
        dw = (p.a * (v - p.e_l) - w) / p.tau_w
        return dv, dw

    @staticmethod
    def spikes(v_before, v, w, p):
        return v >= p.v_peak

    @staticmethod
    def reset(v, w, p):
        return p.v_reset, w + p.b


class AdaptiveAdEx(AdEx):
    method: ClassVar = "adaptive"


@dataclass(frozen=True, eq=False)
class Leaky(ns.NeuronModel):
    """A leaky integrate-and-fire neuron as equations, beside the built-in one."""

    tau_m: float = ns.parameter(20.0, "ms", 0.1, 1e3, "membrane time constant")
    c_m: float = ns.parameter(250.0, "pF", 1.0, 1e5, "membrane capacitance")
    v_rest_: float = ns.parameter(-70.0, "mV", -200.0, 200.0, "resting potential")
    v_threshold: float = ns.parameter(-55.0, "mV", -200.0, 200.0, "threshold")
    v_reset: float = ns.parameter(-70.0, "mV", -200.0, 200.0, "potential after a spike")
    t_ref: float = ns.parameter(5.0, "ms", 0.0, 1e3, "refractory period")
    v: ClassVar = ns.state("mV", "v_rest_", "membrane potential")

    @staticmethod
    def derivatives(v, i, p):
        return (p.v_rest_ - v) / p.tau_m + i / p.c_m

    @staticmethod
    def spikes(v_before, v, p):
        return v > p.v_threshold

    @staticmethod
    def reset(v, p):
        return p.v_reset


class EulerLeaky(Leaky):
    method: ClassVar = "exponential_euler"


class AdaptiveLeaky(Leaky):
    method: ClassVar = "adaptive"


@dataclass(frozen=True, eq=False)
class Izhikevich(ns.NeuronModel):
    """Izhikevich's neuron (2003) with two half steps of v, as published."""

    a: float = ns.parameter(0.02, "", 0.0, 1.0, "rate of recovery")
    b: float = ns.parameter(0.2, "", 0.0, 1.0, "sensitivity of recovery")
    c: float = ns.parameter(-65.0, "mV", -200.0, 200.0, "potential after a spike")
    d: float = ns.parameter(8.0, "", -100.0, 100.0, "jump of recovery")
    v: ClassVar = ns.state("mV", -65.0, "membrane potential")
    u: ClassVar = ns.state("mV/ms", -13.0, "recovery variable")

    @staticmethod
    def step(v, u, i, jump, dt, p):
        for _ in range(2):
            v += 0.5 * dt * (0.04 * v * v + 5.0 * v + 140.0 - u + i + jump)
        return v, u + dt * p.a * (p.b * v - u)

    @staticmethod
    def spikes(v_before, v, u, p):
        return v >= 30.0

    @staticmethod
    def reset(v, u, p):
        return p.c, u + p.d


def driven(model: ns.NeuronModel, size: int = 1, current: float = 800.0) -> ns.Network:
    net = ns.Network()
    cells = net.add("cells", size, model)
    net.drive(cells, ns.ConstantCurrent(current))
    net.record(cells, "v")
    return net


def spiking_network() -> ns.Network:
    """Two populations of models and one of LIF neurons, with noise, synapses and recordings."""
    net = ns.Network()
    adex = net.add("adex", 41, AdaptiveAdEx(b=60.0), initial={"w": ns.Normal(20.0, 5.0)})
    izhikevich = net.add("izhikevich", 23, Izhikevich())
    lif = net.add("lif", 17, ns.LIF())
    for cells in (adex, lif):
        net.drive(cells, ns.Poisson(2000.0), synapse=ns.ExpCurrent(3.0), weight=150.0)
    net.drive(izhikevich, ns.ConstantCurrent(10.0))
    net.drive(izhikevich, ns.Poisson(2000.0), psp=20.0)
    net.connect(adex, lif, ns.FixedProbability(0.3), psp=1.0, delay=1.5)
    net.connect(lif, adex, ns.FixedProbability(0.3), synapse=ns.AlphaCurrent(2.0), weight=-80.0)
    net.connect(izhikevich, adex, ns.FixedInDegree(5), psp=1.5, delay=0.7)
    net.record(adex, "v", ids=[0, 40, 7])
    net.record(adex, "w", ids=[3, 40], interval=0.5)
    net.record(izhikevich, "u")
    return net


def assert_same(one: ns.Result, other: ns.Result) -> None:
    for name, trains in one.spikes.items():
        assert np.array_equal(trains.times, other.spikes[name].times)
        assert np.array_equal(trains.ids, other.spikes[name].ids)
    for key, trace in one.traces.items():
        assert np.array_equal(trace.values, other.traces[key].values)


@pytest.mark.parametrize("model", [AdEx(), AdaptiveAdEx()])
def test_an_adex_neuron_fires_as_its_equations_say(model: AdEx) -> None:
    result = ns.simulate(driven(model), 1000.0)
    assert len(result.spikes["cells"]) == 17
    assert result.traces["cells", "v"].values.min() >= -72.0


def test_spike_times_agree_with_scipy() -> None:
    verification = AdaptiveAdEx().verify(current=800.0, duration=250.0, dt=0.1)
    assert len(verification.reference_times) == 6
    assert verification.largest_spike_shift <= 0.2
    assert verification.largest_v_error < 1e-3
    assert "6 spikes, reference 6" in str(verification)
    fine = AdaptiveAdEx().verify(current=800.0, duration=250.0, dt=0.01)
    assert fine.largest_spike_shift < 0.25 * verification.largest_spike_shift


@pytest.mark.parametrize("kind", [Leaky, EulerLeaky, AdaptiveLeaky])
def test_a_leaky_neuron_as_equations_spikes_as_the_built_in_one(kind) -> None:
    results = []
    for neuron in (kind(), ns.LIF()):
        net = ns.Network()
        cells = net.add("cells", 3, neuron)
        net.drive(cells, ns.StepCurrent([10.0, 150.0], [[301.0, 420.0, 377.0], [0.0, 0.0, 0.0]]))
        net.drive(cells, ns.SpikeTimes([21.0, 22.0]), synapse=ns.ExpCurrent(4.0), weight=200.0)
        net.drive(cells, ns.SpikeTimes([120.0]), psp=3.0)
        net.record(cells, "v")
        results.append(ns.simulate(net, 200.0))
    own, built_in = results
    assert len(built_in.spikes["cells"]) > 12
    assert np.array_equal(own.spikes["cells"].times, built_in.spikes["cells"].times)
    error = np.abs(own.traces["cells", "v"].values - built_in.traces["cells", "v"].values)
    assert error.max() < (1e-6 if kind is Leaky else 2e-3)


def test_an_own_step_is_taken_once_per_time_step() -> None:
    net = ns.Network()
    cell = net.add("cell", 1, Izhikevich())
    net.drive(cell, ns.ConstantCurrent(10.0))
    net.record(cell, "u")
    result = ns.simulate(net, 300.0, dt=1.0)
    v, u, times = -65.0, -13.0, []
    for step in range(300):
        # The current is on from the first step.
        v, u = Izhikevich.step(v, u, 10.0, 0.0, 1.0, Izhikevich())
        if v >= 30.0:
            v, u = -65.0, u + 8.0
            times.append(step + 1.0)
    assert len(times) > 3
    assert result.spikes["cell"].times.tolist() == times
    assert result.traces["cell", "u"].values[-1, 0] == pytest.approx(u, abs=1e-9)


@pytest.mark.parametrize("threads", [2, 3, 5])
def test_threads_and_pieces_give_the_same_bits(threads: int) -> None:
    one = ns.simulate(spiking_network(), 60.0, threads=1)
    assert min(len(trains) for trains in one.spikes.values()) > 10
    simulation = ns.Simulation(spiking_network(), threads=threads)
    for duration in (0.1, 30.0, 29.9):
        result = simulation.run(duration)
    assert_same(one, result)


def test_a_checkpoint_continues_with_the_same_bits(tmp_path) -> None:
    whole = ns.simulate(spiking_network(), 60.0)
    simulation = ns.Simulation(spiking_network(), threads=2)
    simulation.run(25.0)
    simulation.save(tmp_path / "state.h5")
    restored = ns.Simulation.restore(tmp_path / "state.h5", threads=3)
    assert_same(whole, restored.run(35.0))


def test_a_checkpoint_names_the_class_it_needs(tmp_path, monkeypatch) -> None:
    simulation = ns.Simulation(driven(AdEx()))
    simulation.save(tmp_path / "state.h5")
    address = f"{AdEx.__module__}:AdEx"
    monkeypatch.delitem(ns.NeuronModel.registry, address)
    with pytest.raises(ns.NeurosimError, match="AdEx, which is not defined here: import the"):
        ns.Simulation.restore(tmp_path / "state.h5")
    monkeypatch.setitem(ns.NeuronModel.registry, address, AdaptiveAdEx)
    with pytest.raises(ns.NeurosimError, match=r"code of AdEx .* has changed .* neuron model AdEx"):
        ns.Simulation.restore(tmp_path / "state.h5")


def test_plain_python_gives_the_same_numbers(capsys) -> None:
    net = driven(AdaptiveAdEx(), size=2)
    assert_same(ns.simulate(net, 40.0), ns.simulate(net, 40.0, debug=True))
    net = driven(Izhikevich(), size=2, current=8.0)
    assert_same(ns.simulate(net, 40.0), ns.simulate(net, 40.0, debug=True))


def test_an_error_in_plain_python_is_the_users_own() -> None:
    @dataclass(frozen=True, eq=False)
    class Fails(Leaky):
        @staticmethod
        def derivatives(v, i, p):
            if v > -65.0:
                return [][0]
            return 0.1

    with pytest.raises(ns.NeurosimError, match="contains a list"):
        ns.simulate(driven(Fails()), 100.0)

    @dataclass(frozen=True, eq=False)
    class Divides(Leaky):
        @staticmethod
        def derivatives(v, i, p):
            return 0.1 / (1.0 if v < -65.0 else 0.0)

    with pytest.raises(ZeroDivisionError):
        ns.simulate(driven(Divides()), 100.0, debug=True)


def test_parameters_may_differ_between_neurons() -> None:
    currents = np.array([280.0, 400.0, 520.0, 760.0])
    thresholds = np.array([-58.0, -55.0, -52.0, -50.0])
    refractory = np.array([0.0, 2.0, 5.0, 10.0])
    model = Leaky(v_threshold=thresholds, t_ref=refractory)
    net = ns.Network()
    cells = net.add("cells", 4, model)
    net.drive(cells, ns.StepCurrent([0.1], [currents]))
    result = ns.simulate(net, 100.0, threads=2)
    for k in range(4):
        alone = ns.Network()
        cell = alone.add("cell", 1, Leaky(v_threshold=thresholds[k], t_ref=refractory[k]))
        alone.drive(cell, ns.StepCurrent([0.1], [currents[k]]))
        expected = ns.simulate(alone, 100.0).spikes["cell"].times
        assert len(expected) > 2
        assert np.array_equal(result.spikes["cells"].of(k), expected)


SOME_DIFFER = {
    "step": (ns.Izhikevich, {"c_m": 1.5}, {"c": [-65.0, -50.0], "d": [8.0, 2.0]}, 30.0),
    "scheme of the paper": (
        ns.Izhikevich,
        {"consistent_integration": False},
        {"a": [0.02, 0.1]},
        10.0,
    ),
    "fixed steps": (ns.HodgkinHuxleyTraub, {"t_ref": 3.0}, {"g_l": [10.0, 12.0]}, 600.0),
    "adaptive steps": (ns.AdEx, {"t_ref": 2.0}, {"b": [80.0, 0.0]}, 900.0),
    "several refractory periods": (ns.AdEx, {"b": 0.0}, {"t_ref": [0.0, 5.0]}, 900.0),
    "exact": (ns.MAT2, {}, {"alpha_1": [37.0, 10.0]}, 900.0),
}
"""Class, parameters of all neurons, parameters that differ between them, current (pA)."""


@pytest.mark.parametrize("name", SOME_DIFFER)
def test_some_parameters_may_differ_between_neurons(name: str) -> None:
    kind, shared, differing, current = SOME_DIFFER[name]

    def run(size: int, values: dict[str, object]) -> ns.Result:
        net = ns.Network()
        cells = net.add("cells", size, kind(**shared, **values))
        net.drive(cells, ns.ConstantCurrent(current))
        net.record(cells, "v")
        return ns.simulate(net, 100.0)

    together = run(2, differing)
    for k in range(2):
        alone = run(1, {key: values[k] for key, values in differing.items()})
        assert len(alone.spikes["cells"]) > 2
        expected = alone.traces["cells", "v"].values[:, 0]
        assert np.array_equal(together.traces["cells", "v"].values[:, k], expected)


def test_distributions_of_parameters_are_drawn_by_the_seed() -> None:
    net = driven(Leaky(v_threshold=ns.Normal(-55.0, 2.0)), size=30, current=400.0)
    first, again = (ns.simulate(net, 100.0, threads=k).spikes["cells"] for k in (1, 3))
    assert np.array_equal(first.times, again.times)
    assert len(np.unique(first.counts())) > 1
    other = ns.simulate(net, 100.0, seed=2).spikes["cells"]
    assert not np.array_equal(first.counts(), other.counts())


def test_refractory_kinds_differ_as_documented() -> None:
    @dataclass(frozen=True, eq=False)
    class Counter(ns.NeuronModel):
        """v grows by 1 mV per ms and w by 1 per ms; a spike at v >= 0 sets v to -10 mV."""

        v_reset: float = ns.parameter(-10.0, "mV")
        t_ref: float = ns.parameter(4.0, "ms", 0.0, 100.0)
        v: ClassVar = ns.state("mV", -10.0)
        w: ClassVar = ns.state("", 0.0)
        substep: ClassVar = 1.0

        @staticmethod
        def derivatives(v, w, i, p):
            return 1.0, 1.0

        @staticmethod
        def spikes(v_before, v, w, p):
            return v >= -1e-9

        @staticmethod
        def reset(v, w, p):
            return p.v_reset, w

    class Ignores(Counter):
        refractory: ClassVar = "ignore"

    class Freezes(Counter):
        refractory: ClassVar = "freeze"

    found = {}
    for kind in (Counter, Ignores, Freezes):
        net = ns.Network()
        cell = net.add("cell", 1, kind())
        net.record(cell, "w")
        result = ns.simulate(net, 40.0, dt=1.0)
        found[kind.__name__] = (result.spikes["cell"].times.tolist(),
                                float(result.traces["cell", "w"].values[-1, 0]))  # fmt: skip
    # Ten steps from reset to threshold, and four steps held in between unless ignored.
    assert found["Counter"] == ([10.0, 24.0, 38.0], 40.0)
    assert found["Ignores"] == ([10.0, 20.0, 30.0, 40.0], 40.0)
    assert found["Freezes"] == ([10.0, 24.0, 38.0], 40.0 - 4.0 - 4.0 - 2.0)


def test_initial_states_and_potentials_are_set() -> None:
    net = ns.Network()
    cells = net.add(
        "cells", 3, AdEx(), v_init=[-60.0, -65.0, -70.0], initial={"w": [0.0, 5.0, 9.0]}
    )
    net.record(cells, "v")
    net.record(cells, "w")
    traces = ns.simulate(net, 0.1).traces
    assert traces["cells", "v"].values[0] == pytest.approx([-60.0, -65.0, -70.0], abs=0.2)
    assert traces["cells", "w"].values[0] == pytest.approx([0.0, 5.0, 9.0], abs=0.1)
    assert traces["cells", "w"].unit == "pA"


def defined(body: str, name: str = "Broken") -> ns.NeuronModel:
    """Define a model in a cell of its own, as a notebook does."""
    cell = textwrap.dedent(body)
    file = f"<cell-{abs(hash(cell))}>"
    linecache.cache[file] = (len(cell), None, cell.splitlines(keepends=True), file)
    names = {"ns": ns, "math": math, "np": np, "ClassVar": ClassVar, "dataclass": dataclass}
    names |= {"__name__": "cells", "text": "no number", "RHEOBASE": RHEOBASE}
    exec(compile(cell, file, "exec", dont_inherit=True), names)
    sys.modules.setdefault("cells", type(sys)("cells"))
    return names[name]()


CELL = """
@dataclass(frozen=True, eq=False)
class Broken(ns.NeuronModel):
    tau_m: float = ns.parameter(20.0, "ms", 0.1, 1e3, "time constant")
    v: ClassVar = ns.state("mV", -70.0)
    w: ClassVar = ns.state("pA", 0.0)

    @staticmethod
    def derivatives(v, w, i, p):
        {derivatives}

    @staticmethod
    def spikes(v_before, v, w, p):
        {spikes}

    @staticmethod
    def reset(v, w, p):
        {reset}
"""
WORKS = {
    "derivatives": "return (-70.0 - v) / p.tau_m + 0.01 * (i - RHEOBASE), -w",
    "spikes": "return v > -55.0",
    "reset": "return -70.0, w",
}


def test_a_model_of_a_notebook_cell_works() -> None:
    result = ns.simulate(driven(defined(CELL.format(**WORKS)), current=800.0), 100.0)
    assert len(result.spikes["cells"]) > 1


@pytest.mark.parametrize(
    ("method", "line", "sentence"),
    [
        ("derivatives", "pass", r":9: Broken\.derivatives returns nothing"),
        ("derivatives", "return -v", r"returns 1 derivative: it must return 2, for v, w"),
        ("derivatives", "return -v, -w, 0.0", r"returns 3 derivatives: it must return 2"),
        ("derivatives", "return np.exp(v), -w", r":10: .* uses numpy\.exp: .* such as math\.exp"),
        ("derivatives", "return text, -w", r":10: .* uses the global 'text', a str"),
        ("derivatives", "return missing, -w", r":10: .* uses 'missing', which is not defined"),
        ("derivatives", "return -v / p.tau, -w", r":10: .* \(AttributeError: p .*'tau'"),
        ("derivatives", "return math.log(v), -w", r":10: .* fails .* \(ValueError"),
        ("derivatives", "return float('nan'), -w", r"returns nan for v at the initial state"),
        ("derivatives", "return [-v, -w]", r":10: .* contains a list"),
        ("derivatives", "print(v); return -v, -w", r":10: .* calls print: models can call abs"),
        ("derivatives", "import math; return -v, -w", r":10: .* contains an import"),
        ("derivatives", "return math.expo(v), -w", r":10: .* math\.expo, which does not exist"),
        ("derivatives", "return 1 / (v + 70.0), -w", r":10: .* \(ZeroDivisionError"),
        ("spikes", "return v + 55.0", r"spikes returns -15\.0: it must return True or False"),
        ("reset", "return -70.0", r"reset returns 1 value: it must return 2, for v, w"),
        ("reset", "return None, w", r"reset returns None for v: it must return a number"),
    ],
)
def test_a_mistake_in_a_model_is_told_by_line(method: str, line: str, sentence: str) -> None:
    model = defined(CELL.format(**WORKS | {method: line}))
    with pytest.raises(ns.NeurosimError, match=sentence):
        ns.simulate(driven(model), 10.0)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("def spikes(v_before, v, w, p)", "def spikes(v, p)", r"must take \(v_before, v, w, p\)"),
        ("    @staticmethod\n    def reset", "    def reset", "is not a static method: put @"),
        ("def reset", "def set_back", r"has no reset: add `@staticmethod def reset\(v, w"),
        ('v: ClassVar = ns.state("mV", -70.0)\n    w: ClassVar = ns.state("pA", 0.0)', "x = 1",
         "declares no state"),
        ('"mV", -70.0', '"mV", "e_l"', r"starts at 'e_l', which is not a parameter"),
        ("    w: ClassVar", '    method: ClassVar = "rk5"\n    w: ClassVar', "'rk5' is unknown"),
        ("    w: ClassVar", '    v_max: ClassVar = "top"\n    w: ClassVar', "'top' is not"),
        ("    w: ClassVar", '    t_ref: float = ns.parameter(1.0, "ms")\n    w: ClassVar',
         "has no parameter v_reset"),
        ("20.0, \"ms\"", "0.02, \"ms\"", r"tau_m = 0\.02 ms is outside 0\.1 to 1000 ms.* mean 20"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_declaration_is_told(old: str, new: str, sentence: str) -> None:
    text = CELL.format(**WORKS)
    assert old in text
    with pytest.raises(ns.NeurosimError, match=sentence):
        ns.simulate(driven(defined(text.replace(old, new))), 10.0)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: AdEx(c_m=math.nan), "AdEx.c_m = nan is not finite"),
        (lambda: AdEx(tau_w=[1.0, -2.0]), r"AdEx\.tau_w = -2 ms is outside"),
        (lambda: driven(AdEx(b=[1.0, 2.0]), 3), "has 2 values for 3 neurons"),
        (lambda: ns.Network().add("c", 1, AdEx(), initial={"u": 1.0}), "has no state 'u'"),
        (lambda: ns.Network().add("c", 2, AdEx(), initial={"w": [1.0]}), "1 values for 2"),
        (lambda: ns.Network().add("c", 2, ns.LIF(), initial={"w": 1.0}), "LIF has no state 'w'"),
        (lambda: ns.Network().add("c", 1, AdEx), "is not a neuron model"),
        (lambda: Izhikevich().verify(), "defines its step: only derivatives can be verified"),
    ],
)
def test_wrong_values_are_refused(build, sentence: str) -> None:
    with pytest.raises(ns.NeurosimError, match=sentence):
        build()


def test_what_is_not_a_state_cannot_be_recorded() -> None:
    net = ns.Network()
    cells = net.add("cells", 1, AdEx())
    with pytest.raises(ns.NeurosimError, match="'u' cannot be recorded"):
        net.record(cells, "u")


FILE = """
import math
from dataclasses import dataclass
from typing import ClassVar
import neurosim as ns

@dataclass(frozen=True, eq=False)
class Ramp(ns.NeuronModel):
    v: ClassVar = ns.state("mV", 0.0)
    @staticmethod
    def derivatives(v, i, p):
        return {slope}
    @staticmethod
    def spikes(v_before, v, p):
        return v > 1e9
    @staticmethod
    def reset(v, p):
        return 0.0

net = ns.Network()
cell = net.add("cell", 1, Ramp())
net.record(cell, "v")
print(round(float(ns.simulate(net, 10.0).traces["cell", "v"].values[-1, 0]), 9))
"""


def test_after_an_edit_the_new_equations_run(tmp_path) -> None:
    found = []
    for slope in ("1.0", "2.0"):
        (tmp_path / "ramp.py").write_text(FILE.format(slope=slope))
        command = [sys.executable, "ramp.py"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        found.append(float(done.stdout))
    assert found == [10.0, 20.0]


@pytest.mark.parametrize("substep", [0.1, 0.05])
@pytest.mark.parametrize("method", ["euler", "exponential_euler", "rk4"])
def test_conductances_decay_exactly_in_unstable_steps(method: str, substep: float) -> None:
    net = ns.Network(dale=False)
    cell = net.add("cell", 1, ns.LIF(method=method, substep=substep))
    synapse = ns.ExpConductance(tau=5.0, e_rev=-80.0)
    net.drive(cell, ns.SpikeTimes([1.0]), synapse=synapse, weight=9000.0)
    net.record(cell, "g")
    trace = ns.simulate(net, 5.0, dt=0.1).traces["cell", "g"]
    after = trace.times > 1.0
    expected = 9000.0 * np.exp(-(trace.times[after] - 1.0) / synapse.tau)
    assert trace.values[after, 0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", [ns.AdEx, ns.EIF])
def test_exponential_spikes_survive_very_large_conductances(kind: type) -> None:
    counts = []
    for weight in (5e3, 8e3, 2e4, 1e5):
        net = ns.Network(dale=False)
        cell = net.add("cell", 1, kind(method="rk4", t_ref=0.0))
        synapse = ns.ExpConductance(tau=10.0, e_rev=0.0)
        net.drive(cell, ns.SpikeTimes([1.0]), synapse=synapse, weight=weight)
        net.record(cell, "v")
        result = ns.simulate(net, 20.0, dt=0.1)
        v = result.traces["cell", "v"].values
        assert v.min() > -71.0
        assert v.max() < 0.0
        counts.append(len(result.spikes["cell"]))
    assert counts == sorted(counts)
