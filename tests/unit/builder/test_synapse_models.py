"""Synapses written as equations: classes of this file, as a user would write them."""

from __future__ import annotations

import linecache
import math
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import neurosim as ns
from tests.processes import mpiexec


@dataclass(frozen=True, eq=False)
class ExpConductance(ns.Synapse):
    """A conductance that jumps by its weight and decays exponentially."""

    tau: float = ns.parameter(2.0, "ms", 0.01, 1e4, "decay time constant")
    e_rev: float = ns.parameter(0.0, "mV", -200.0, 200.0, "reversal potential")
    g: ClassVar = ns.state("nS", 0.0, "conductance")

    @staticmethod
    def derivatives(g, p):
        return -g / p.tau

    @staticmethod
    def current(v, g, p):
        return g * (p.e_rev - v)


class GABA(ExpConductance):
    """Another name for the same equations."""


@dataclass(frozen=True, eq=False)
class AlphaConductance(ns.Synapse):
    """A conductance that peaks at its weight after tau."""

    tau: float = ns.parameter(2.0, "ms", 0.01, 1e4, "time to the peak")
    e_rev: float = ns.parameter(0.0, "mV", -200.0, 200.0, "reversal potential")
    g: ClassVar = ns.state("nS", 0.0, "conductance")
    rise: ClassVar = ns.state("nS/ms", 0.0, "rate of rise")

    @staticmethod
    def derivatives(g, rise, p):
        return rise - g / p.tau, -rise / p.tau

    @staticmethod
    def current(v, g, rise, p):
        return g * (p.e_rev - v)

    @staticmethod
    def arrive(g, rise, w, p):
        return g, rise + w * math.e / p.tau


def block(v, concentration):
    """Return the fraction of channels that magnesium leaves open."""
    return 1.0 / (1.0 + concentration * math.exp(-0.062 * v) / 3.57)


@dataclass(frozen=True, eq=False)
class NMDA(ns.Synapse):
    """A conductance that magnesium blocks and that saturates."""

    mg: float = ns.parameter(1.0, "", 0.0, 10.0, "concentration of magnesium (mM)")
    s: ClassVar = ns.state("", 0.0, "gating variable")

    @staticmethod
    def derivatives(s, p):
        return -s / 100.0

    @staticmethod
    def current(v, s, p):
        return -10.0 * s * block(v, p.mg) * v

    @staticmethod
    def arrive(s, w, p):
        return s + w * (1.0 - s)


@dataclass(frozen=True, eq=False)
class ExponentialCurrent(ns.Synapse):
    """The built-in `ExpCurrent` as equations, without parameters."""

    i: ClassVar = ns.state("pA", 0.0, "current")

    @staticmethod
    def derivatives(i, p):
        return -0.25 * i

    @staticmethod
    def current(v, i, p):
        return i


@dataclass(frozen=True, eq=False)
class Leaky(ns.NeuronModel):
    tau_m: float = ns.parameter(20.0, "ms", 0.1, 1e3, "membrane time constant")
    v_reset: float = ns.parameter(-70.0, "mV", -200.0, 200.0, "potential after a spike")
    t_ref: float = ns.parameter(5.0, "ms", 0.0, 1e3, "refractory period")
    v: ClassVar = ns.state("mV", -70.0, "membrane potential")

    @staticmethod
    def derivatives(v, i, p):
        return (-70.0 - v) / p.tau_m + i / 250.0

    @staticmethod
    def spikes(v_before, v, p):
        return v > -55.0

    @staticmethod
    def reset(v, p):
        return p.v_reset


class EulerLeaky(Leaky):
    method: ClassVar = "exponential_euler"


class AdaptiveLeaky(Leaky):
    method: ClassVar = "adaptive"
    tolerance: ClassVar = 1e-9


class FrozenAdaptive(AdaptiveLeaky):
    refractory: ClassVar = "freeze"


class Frozen(Leaky):
    refractory: ClassVar = "freeze"


class GSLLeaky(Leaky):
    method: ClassVar = "gsl"
    tolerance: ClassVar = 1e-9


@dataclass(frozen=True, eq=False)
class OwnStep(ns.NeuronModel):
    """A leaky neuron with a step of its own."""

    v: ClassVar = ns.state("mV", -70.0, "membrane potential")

    @staticmethod
    def step(v, i, jump, dt, p):
        return v + dt * ((-70.0 - v) / 20.0 + i / 250.0) + jump

    @staticmethod
    def spikes(v_before, v, p):
        return v > -55.0

    @staticmethod
    def reset(v, p):
        return -70.0


METHODS = [ns.LIF(), Leaky(), EulerLeaky(), AdaptiveLeaky(), GSLLeaky(), Frozen(), OwnStep()]


def driven(neuron: Any, synapse: ns.Synapse, times: list[float], weight: float) -> ns.Network:
    """Return a neuron that receives spikes at given times."""
    net = ns.Network()
    cells = net.add("cells", 1, neuron)
    net.drive(cells, ns.SpikeTimes(times), synapse=synapse, weight=weight)
    net.record(cells, "v")
    net.record(cells, "g")
    return net


def solution(synapse: Any, times: list[float], weight: float, duration: float) -> np.ndarray:
    """Return potential and states of a LIF neuron below threshold at each step of 0.1 ms."""
    kind, rows, x, start = type(synapse), [], None, 0.0

    def slopes(t: float, x: np.ndarray) -> np.ndarray:
        i = kind.current(x[0], *x[1:], synapse)
        own = np.atleast_1d(kind.derivatives(*x[1:], synapse))
        return np.array([(-70.0 - x[0]) / 20.0 + i / 250.0, *own])

    x = np.array([-70.0, *synapse.initial_states()])
    for stop in [*times, duration]:
        grid = np.arange(round(start / 0.1) + 1, round(stop / 0.1) + 1) * 0.1
        found = solve_ivp(slopes, (start, stop + 1e-9), x, "DOP853", grid, rtol=1e-11, atol=1e-11)
        x, start = found.y[:, -1].copy(), stop
        if hasattr(kind, "arrive"):
            x[1:] = kind.arrive(*x[1:], weight, synapse)
        else:
            x[1] += weight
        found.y[1:, -1] = x[1:]
        rows.append(found.y.T)
    rows[-1][-1, 1:] = np.nan  # nothing arrives at the end
    return np.concatenate(rows)


@pytest.mark.parametrize("synapse", [ExpConductance(2.0, -20.0), AlphaConductance(3.0, -50.0)])
@pytest.mark.parametrize("neuron", METHODS, ids=lambda neuron: type(neuron).__name__)
def test_potential_and_conductance_are_those_of_scipy(neuron: Any, synapse: ns.Synapse) -> None:
    times = [1.0, 4.0, 4.5, 12.0]
    result = ns.simulate(driven(neuron, synapse, times, 10.0), 30.0)
    expected = solution(synapse, times, 10.0, 30.0)
    assert expected[:, 0].max() > -65.0
    exact = type(neuron) in (AdaptiveLeaky, GSLLeaky)
    rough = {EulerLeaky: 0.1, OwnStep: 0.3}.get(type(neuron), 1e-8 if exact else 1e-5)
    v = result.traces["cells", "v"].of(0)
    assert np.abs(v - expected[:, 0]).max() < rough
    g = result.traces["cells", "g"].of(0)[:-1]
    assert np.abs(g - expected[:-1, 1]).max() < (0.2 if type(neuron) is EulerLeaky else 1e-5)


class Coarse(Leaky):
    substep: ClassVar = 1.0


class EulerCoarse(Coarse):
    method: ClassVar = "exponential_euler"


@pytest.mark.parametrize(("neuron", "order"), [(Coarse(), 4), (EulerCoarse(), 2), (OwnStep(), 1)])
def test_the_error_falls_with_the_order_of_the_method(neuron: Any, order: int) -> None:
    synapse = AlphaConductance(1.0)
    reference = solution(synapse, [1.0], 10.0, 10.0)[-1, 0]
    errors = []
    for dt in (0.05, 0.025):
        v = ns.simulate(driven(neuron, synapse, [1.0], 10.0), 10.0, dt=dt).traces["cells", "v"]
        errors.append(abs(v.of(0)[-1] - reference))
    assert math.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.15)


def test_equations_of_a_current_are_the_built_in_current() -> None:
    results = []
    for synapse in (ns.ExpCurrent(4.0), ExponentialCurrent()):
        net = ns.Network()
        cells = net.add("cells", 2, ns.LIF())
        net.drive(cells, ns.ConstantCurrent(150.0))
        net.drive(cells, ns.Poisson(1000.0), synapse=synapse, weight=60.0)
        net.drive(cells, ns.SpikeTimes([10.0, 30.0]), psp=3.0)
        net.record(cells, "v")
        results.append(ns.simulate(net, 200.0))
    built_in, own = results
    assert len(own.spikes["cells"]) > 8
    assert np.array_equal(own.spikes["cells"].times, built_in.spikes["cells"].times)
    errors = own.traces["cells", "v"].values - built_in.traces["cells", "v"].values
    assert np.abs(errors).max() < 1e-4


def network(neuron: Any = None) -> ns.Network:
    """Return a network with several receptors, plastic synapses and recorded states."""
    net = ns.Network()
    exc = net.add("exc", 24, ns.LIF() if neuron is None else neuron)
    inh = net.add("inh", 6, ns.LIF())
    ampa, gaba = ExpConductance(2.0), ExpConductance(6.0, -80.0)
    net.drive(exc, ns.Poisson(1500.0), synapse=ampa, weight=3.0)
    net.drive(inh, ns.Poisson(1500.0), psp=1.0)
    net.connect(exc, exc, ns.FixedInDegree(5), synapse=AlphaConductance(1.5), weight=2.0)
    net.connect(inh, exc, ns.FixedInDegree(2), synapse=gaba, weight=ns.Normal(4.0, 1.0), delay=1.5)
    net.connect(exc, inh, ns.FixedInDegree(5), synapse=NMDA(), weight=0.1)
    net.connect(exc, exc, ns.FixedInDegree(3), synapse=ampa, weight=1.0, plasticity=ns.STDP(3.0))
    net.connect(exc, inh, ns.FixedInDegree(5), synapse=ns.ExpCurrent(3.0), weight=20.0)
    net.record(exc, "v")
    net.record(exc, "rise")
    net.record(exc, "g", synapse=gaba, average=True)
    net.record(inh, "s", ids=[0, 5])
    return net


def assert_same(one: ns.Result, other: ns.Result) -> None:
    for name, trains in one.spikes.items():
        assert np.array_equal(trains.times, other.spikes[name].times)
        assert np.array_equal(trains.ids, other.spikes[name].ids)
    for key, trace in one.traces.items():
        assert np.array_equal(trace.values, other.traces[key].values)


@pytest.mark.parametrize("neuron", [None, Leaky(tau_m=ns.Normal(20.0, 2.0)), FrozenAdaptive()])
def test_threads_pieces_and_checkpoints_give_the_same_bits(tmp_path, neuron: Any) -> None:
    one = ns.simulate(network(neuron), 60.0, threads=1)
    assert min(len(trains) for trains in one.spikes.values()) > 10
    assert {key: trace.unit for key, trace in one.traces.items()} == {
        ("exc", "v"): "mV",
        ("exc", "rise"): "nS/ms",
        ("exc", "g_average"): "nS",
        ("inh", "s"): "",
    }
    simulation = ns.Simulation(network(neuron), threads=2)
    simulation.run(25.0)
    simulation.save(tmp_path / "state.h5")
    assert_same(one, simulation.run(35.0))
    restored = ns.Simulation.restore(tmp_path / "state.h5", threads=3)
    assert_same(one, restored.run(35.0))


def test_plain_python_gives_the_same_numbers() -> None:
    for neuron in (None, FrozenAdaptive(), OwnStep()):
        net = network(neuron)
        assert_same(ns.simulate(net, 10.0), ns.simulate(net, 10.0, debug=True))


def test_other_populations_keep_their_bits() -> None:
    results = []
    for with_own in (False, True):
        net = ns.Network()
        cells, other = net.add("cells", 50, ns.LIF()), net.add("other", 50, ns.LIF())
        net.drive(cells, ns.Poisson(2000.0), psp=1.0)
        net.connect(cells, cells, ns.FixedInDegree(5), psp=0.5)
        synapse = ExpConductance() if with_own else ns.ExpCurrent(2.0)
        net.connect(cells, other, ns.FixedInDegree(5), synapse=synapse, weight=1.0)
        net.record(cells, "v")
        results.append(ns.simulate(net, 50.0))
    one, two = results
    assert np.array_equal(one.traces["cells", "v"].values, two.traces["cells", "v"].values)


def test_hodgkin_huxley_neurons_receive_conductances() -> None:
    net = ns.Network()
    cell = net.add("cell", 2, ns.HodgkinHuxley())
    net.drive(cell, ns.SpikeTimes([5.0, 40.0]), synapse=ExpConductance(), weight=[20.0, 0.0])
    net.record(cell, "g")
    result = ns.simulate(net, 60.0)
    assert len(result.spikes["cell"]) == 2
    assert set(result.spikes["cell"].ids) == {0}
    assert result.traces["cell", "g"].of(0).max() == pytest.approx(20.0, rel=1e-6)


def test_the_synapse_decides_whether_a_weight_excites() -> None:
    net = ns.Network()
    one, two = net.add("one", 1, ns.LIF()), net.add("two", 1, ns.LIF())
    shunting = GABA(e_rev=-70.0)
    assert ExpConductance().effect_on(two.neuron) == AlphaConductance().effect_on(two.neuron) == 1
    assert NMDA().effect_on(two.neuron) == ns.ExpCurrent(1.0).effect_on(two.neuron) == 1
    assert shunting.effect_on(two.neuron) == GABA(e_rev=-80.0).effect_on(two.neuron) == -1
    net.connect(one, two, synapse=GABA(e_rev=-80.0), weight=2.0, rule=ns.AllToAll())
    assert net.sign_of(one) == -1
    net.connect(one, two, psp=-1.0, rule=ns.AllToAll())
    with pytest.raises(ns.NeurosimError, match="would excite, those to 'two' inhibit"):
        net.connect(one, two, synapse=ExpConductance(), weight=2.0, rule=ns.AllToAll())
    assert ns.Simulation(net).run(1.0).populations["one"].sign == -1


def test_parameters_and_weights_are_set_between_runs() -> None:
    net = ns.Network()
    one, two = net.add("one", 1, ns.LIF()), net.add("two", 1, ns.LIF())
    net.drive(one, ns.SpikeTimes([1.0, 21.0]), psp=20.0)
    projection = net.connect(one, two, ns.AllToAll(), synapse=ExpConductance(), weight=1.0)
    net.record(two, "g")
    simulation = ns.Simulation(net)
    simulation.run(20.0)
    simulation.set(projection, weights=3.0)
    simulation.set(two, tau_m=10.0)
    g = simulation.run(20.0).traces["two", "g"].of(0)
    assert [g[:200].max(), g[200:].max()] == pytest.approx([1.0, 3.0], rel=1e-4)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda n, c: n.record(c, "g"), r"is a state of ExpCond.* or GABA.*'ExpConductance\.g'"),
        (lambda n, c: n.record(c, "g", synapse=GABA(9.0)), "give one of them as synapse"),
        (lambda n, c: n.record(c, "h"), "cannot be recorded: .*synapses once they are connected"),
        (lambda n, c: n.record(c, "g", synapse="GABA"), "is not a synapse model"),
        (lambda n, c: n.drive(c, ns.SpikeTimes([1.0]), synapse=GABA(), psp=1.0),
         r"not proportional to its weight; give the strength as weight \(nS\)"),
        (lambda n, c: n.drive(c, ns.SpikeTimes([1.0]), synapse=GABA(), weight=-1.0),
         "weight = -1 nS: a conductance is positive, and inhibits where its reversal"),
        (lambda n, c: GABA(tau=0.0), r"GABA\.tau = 0 ms is outside"),
    ],
)  # fmt: skip
def test_wrong_values_are_refused(act, sentence: str) -> None:
    net = ns.Network()
    cells = net.add("cells", 1, ns.LIF())
    for synapse in (ExpConductance(), GABA()):
        net.drive(cells, ns.SpikeTimes([1.0]), synapse=synapse, weight=1.0)
    with pytest.raises(ns.NeurosimError, match=sentence):
        act(net, cells)
    net.record(cells, "GABA.g")
    assert ("cells", "GABA.g") in ns.simulate(net, 2.0).traces


@pytest.mark.parametrize(
    ("neuron", "act", "sentence"),
    [
        (ns.LIF(), lambda n, c: n.drive(c, ns.MembraneNoise(1.0)),
         "'cells' receives ExpConductance, .* cannot be combined with MembraneNoise"),
        (ns.LIF(), lambda n, c: n.record(c, "input_exc"),
         "'input_exc' of 'cells' cannot be recorded, as it receives ExpConductance.* state 'g'"),
    ],
)  # fmt: skip
def test_what_cannot_be_combined_is_refused(neuron: Any, act, sentence: str) -> None:
    net = ns.Network()
    cells = net.add("cells", 1, neuron)
    net.drive(cells, ns.SpikeTimes([1.0]), synapse=ExpConductance(), weight=1.0)
    act(net, cells)
    with pytest.raises(ns.NeurosimError, match=sentence):
        ns.Simulation(net)


CELL = """
from dataclasses import dataclass
from typing import ClassVar
import math
import neurosim as ns

@dataclass(frozen=True, eq=False)
class Broken(ns.Synapse):
    tau: float = ns.parameter(5.0, "ms", 0.1, 1e3, "time constant")
    g: ClassVar = ns.state("nS", 0.0)
    h: ClassVar = ns.state("nS", 0.0)

    @staticmethod
    def derivatives(g, h, p):
        {derivatives}

    @staticmethod
    def current(v, g, h, p):
        {current}

    @staticmethod
    def arrive(g, h, w, p):
        {arrive}
"""
WORKS = {
    "derivatives": "return -g / p.tau, -h",
    "current": "return -(g - h) * v",
    "arrive": "return g + w, h + w",
}
N_CELLS = iter(range(100))


def defined(text: str) -> Any:
    """Return a part of the class that a notebook cell defines."""
    name = f"<synapse-{next(N_CELLS)}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(text, name, "exec"), scope)
    return scope["Broken"]()


def run(synapse: ns.Synapse) -> ns.Result:
    net = ns.Network()
    cells = net.add("cells", 1, ns.LIF())
    net.drive(cells, ns.SpikeTimes([1.0]), synapse=synapse, weight=1.0)
    return ns.simulate(net, 3.0)


@pytest.mark.parametrize(
    ("method", "line", "sentence"),
    [
        ("derivatives", "pass", r":14: Broken\.derivatives returns nothing"),
        ("derivatives", "return -g", r"returns 1 derivative: it must return 2, for g, h"),
        ("derivatives", "return -g / p.taus, -h", r":15: .* \(AttributeError: p .*'taus'"),
        ("derivatives", "return exp(g), -h", r":15: .* uses 'exp', which is not defined"),
        (
            "current",
            "return (g,)",
            r"current returns \(.*,\) for the current: it must return a number",
        ),
        ("current", "return g, h", r"current returns 2 values: it must return 1, for the current"),
        ("current", "return math.log(g)", r":19: .* fails .* \(ValueError"),
        ("current", "print(v); return g", r":19: .* calls print: models can call abs"),
        ("arrive", "return g + w", r"arrive returns 1 value: it must return 2, for g, h"),
    ],
)
def test_a_mistake_in_a_synapse_is_told_by_line(method: str, line: str, sentence: str) -> None:
    with pytest.raises(ns.NeurosimError, match=sentence):
        run(defined(CELL.format(**WORKS | {method: line})))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("def current(v, g, h, p)", "def current(g, h, p)", r"must take \(v, g, h, p\)"),
        ("    @staticmethod\n    def current", "    def current", "is not a static method: put @"),
        ("def current", "def flow", r"has no current: add `@staticmethod def current\(v, g, h, p"),
        ("g: ClassVar = ns.state(\"nS\", 0.0)\n    h: ClassVar = ns.state(\"nS\", 0.0)", "x = 1",
         "Broken declares no state"),
        ("ns.state(\"nS\", 0.0)", "ns.state(\"nS\", 'g_0')", "starts at 'g_0', which is not a"),
        ("    h: ClassVar", "    sign: ClassVar = 2\n    h: ClassVar", "sign = 2: it must be 1 or"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_declaration_is_told(old: str, new: str, sentence: str) -> None:
    text = CELL.format(**WORKS)
    assert old in text
    with pytest.raises(ns.NeurosimError, match=sentence):
        run(defined(text.replace(old, new)))


FILE = '''
from dataclasses import dataclass
from typing import ClassVar
import neurosim as ns

@dataclass(frozen=True, eq=False)
class Decaying(ns.Synapse):
    """A conductance."""

    tau: float = ns.parameter(4.0, "ms", 0.1, 1e3, "decay time constant")
    g: ClassVar = ns.state("nS", 0.0, "conductance")

    @staticmethod
    def derivatives(g, p):
        return -g / p.tau

    @staticmethod
    def current(v, g, p):
        return -g * v
'''
SCENARIO = """
duration = 20.0
[populations.cells]
size = 2
neuron = "LIF"
[[inputs]]
to = "cells"
type = "SpikeTimes"
times = [5.0]
synapse = {type = "Decaying", tau = 3.0}
weight = 5.0
[[recordings]]
of = "cells"
variable = "Decaying.g"
"""


def test_a_synapse_of_one_file_runs_in_scenario_files(tmp_path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "decaying.py").write_text(FILE)
    (tmp_path / "my.toml").write_text(SCENARIO)
    command = [sys.executable, "-m", "neurosim", "--models", "mine/decaying.py"]
    for action in ("show", "run"):
        done = subprocess.run(
            [*command, action, "my.toml"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


PROGRAM = """
import sys
from pathlib import Path
from mpi4py import MPI
import neurosim as ns
from tests.unit.builder.test_synapse_models import network

with ns.use_mpi(MPI.COMM_WORLD) as ranks:
    result = ns.simulate(network(), 60.0)
    Path(sys.argv[1], str(ranks.rank)).write_bytes(result.traces["exc", "v"].values.tobytes())
"""


@pytest.mark.slow
def test_processes_give_the_same_bits(tmp_path) -> None:
    done = mpiexec(2, "-c", PROGRAM, str(tmp_path))
    assert done.returncode == 0, done.stderr
    whole = ns.simulate(network(), 60.0).traces["exc", "v"].values.tobytes()
    assert [(tmp_path / rank).read_bytes() for rank in "01"] == [whole, whole]
