"""Plasticity rules of users: written in plain Python, compiled, run as plain Python, refused."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

import neurosim as ns
from neurosim.kernels import advance

SCALE = 2.0


def saturating(w: float) -> float:
    return 1.0 - w * w


@dataclass(frozen=True)
class Triplet(ns.Plasticity):
    """Triplet rule in the manner of Pfister & Gerstner (2006), bounded softly from above."""

    w_max: float = ns.parameter(help="strongest weight")
    a_plus: float = ns.parameter(0.02, "", 0.0, 1.0, "potentiation of pairs and triplets")
    a_minus: float = ns.parameter(0.03, "", 0.0, 1.0, "depression of pairs and triplets")
    tau: float = ns.parameter(17.0, "ms", 0.1, 1e4, "time constant of fast traces")
    r1: ClassVar = ns.trace("pre", "tau")
    o1: ClassVar = ns.trace("post", 34.0)
    r2: ClassVar = ns.trace("pre", 101.0, "slow presynaptic trace")
    o2: ClassVar = ns.trace("post", 125.0)

    @staticmethod
    def on_pre(w, r1, o1, r2, o2, p):
        return w - p.a_minus * o1 * (1.0 + 0.5 * r2)

    @staticmethod
    def on_post(w, r1, o1, r2, o2, p):
        return w + p.a_plus * r1 * (1.0 + SCALE * o2) * saturating(w)


@dataclass(frozen=True)
class Decay(ns.Plasticity):
    """Every spike of either side takes a fixed fraction off: a rule without traces."""

    w_max: float = ns.parameter(help="strongest weight")

    @staticmethod
    def on_pre(w, p):
        return 0.9 * w

    @staticmethod
    def on_post(w, p):
        return 0.98 * w


def oracle(rule: Triplet, pre: np.ndarray, post: np.ndarray, delay: float, w: float) -> list[float]:
    """Return the weight after each presynaptic spike, event by event; times in ms."""
    taus = {"r1": rule.tau, "o1": 34.0, "r2": 101.0, "o2": 125.0}
    traces, now = dict.fromkeys(taus, 0.0), 0.0
    events = sorted([(t + delay, 0) for t in post] + [(t, 1) for t in pre])
    found, w = [], w / rule.w_max
    k = 0
    while k < len(events):
        together = [e for e in events[k:] if e[0] - events[k][0] < 1e-6]
        k += len(together)
        for name, tau in taus.items():
            traces[name] *= math.exp(-(together[0][0] - now) / tau)
        now, before = together[0][0], dict(traces)
        for _, is_pre in together:  # the postsynaptic spike first
            own = (w, *(before[name] for name in taus), rule)
            w = min(max((Triplet.on_pre if is_pre else Triplet.on_post)(*own), 0.0), 1.0)
            for name in ("r1", "r2") if is_pre else ("o1", "o2"):
                traces[name] += 1.0
            if is_pre:
                found.append(w * rule.w_max)
    return found


def pair(rule: ns.Plasticity, delay: float = 1.3, weight: float = 1.0) -> ns.Network:
    """Return two neurons that fire when told to, and a plastic synapse between them."""
    net = ns.Network()
    a, b = net.add("a", 1, ns.LIF(t_ref=0.0)), net.add("b", 1, ns.LIF(t_ref=0.0))
    rng = np.random.default_rng(7)
    for neuron, n in ((a, 60), (b, 80)):
        times = np.unique(np.round(rng.uniform(1.0, 400.0, n), 1))
        net.drive(neuron, ns.SpikeTimes(times), psp=30.0)
    net.connect(a, b, ns.OneToOne(), weight=weight, delay=delay, plasticity=rule)
    return net


def network(rule: ns.Plasticity) -> ns.Network:
    net = ns.Network(dale=False)
    n = net.add("n", 30, ns.LIF(t_ref=1.0), v_init=ns.Uniform(-70.0, -56.0))
    net.drive(n, ns.Poisson(2500.0), psp=1.2)
    delay = ns.Uniform(0.3, 3.0)
    net.connect(n, n, ns.FixedProbability(0.3), weight=0.4, delay=delay, plasticity=rule)
    net.connect(
        n, n, ns.FixedProbability(0.3), weight=0.4, delay=delay, plasticity=ns.STDP(1.0, 0.05)
    )
    return net


def weights(simulation: ns.Simulation) -> list[bytes]:
    projections = simulation.network.projections
    return [simulation.connections(p).weights.tobytes() for p in projections]


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("delay", [1.3, 0.1])
def test_a_rule_gives_the_weights_of_its_equations(delay: float, debug: bool) -> None:
    rule = Triplet(2.0)
    simulation = ns.Simulation(pair(rule, delay), debug=debug)
    result = simulation.run(420.0)
    pre, post = result.spikes["a"].times, result.spikes["b"].times
    assert min(len(pre), len(post)) > 40
    arrived = pre[pre + delay < 419.9]
    found = simulation.connections(simulation.network.projections[0]).weights
    expected = oracle(rule, arrived, post, delay, 1.0)[-1]
    assert found == pytest.approx([expected], rel=1e-12)
    assert abs(expected - 1.0) > 0.01


@pytest.mark.parametrize("kind", [ns.RestrictedSTDP, ns.RewardSTDP, ns.Clopath])
def test_plain_python_gives_the_same_bits(kind: type[ns.Plasticity]) -> None:
    """Of rules with states, signals and weights between spikes, and potentials."""
    found = []
    for debug in (False, True):
        net = pair(kind(2.0), delay=1.3)
        if kind is ns.RewardSTDP:
            net.modulate(net["b"], net.projections[0])
        simulation = ns.Simulation(net, debug=debug)
        simulation.run(420.0)
        found += weights(simulation)
    assert found[0] == found[1] != np.array([1.0]).tobytes()


def test_bits_depend_neither_on_threads_nor_on_pieces_nor_on_checkpoints(tmp_path: Path) -> None:
    found = []
    for threads, pieces in ((1, [300.0]), (3, [77.7, 222.3])):
        simulation = ns.Simulation(network(Triplet(1.0)), threads=threads)
        for piece in pieces:
            simulation.run(piece)
        found.append(weights(simulation))
    first = ns.Simulation(network(Triplet(1.0)), threads=2)
    first.run(120.0)
    first.save(tmp_path / "half.h5")
    restored = ns.Simulation.restore(tmp_path / "half.h5", threads=3)
    restored.run(180.0)
    assert found[0] == found[1] == weights(restored)


def test_spikes_that_no_synapse_needs_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = ns.Simulation(network(Triplet(1.0)))
    with monkeypatch.context() as patch:
        patch.setattr("neurosim.builder.plastic.history_limit", lambda learned: 10**9)
        kept.run(400.0)
    monkeypatch.setattr("neurosim.builder.plastic.history_limit", lambda learned: 0)
    dropped = ns.Simulation(network(Triplet(1.0)))
    for _ in range(20):
        dropped.run(20.0)
    count = [int(s._runner.engine.plasticity[0].count[0]) for s in (kept, dropped)]
    assert count[1] < 0.5 * count[0]
    assert weights(kept) == weights(dropped)


def test_a_rule_needs_no_traces() -> None:
    simulation = ns.Simulation(pair(Decay(2.0), delay=0.1))
    result = simulation.run(420.0)
    pre, post = (result.spikes[name].times for name in "ab")
    used = (post + 0.1 <= pre[-1] + 1e-6).sum()
    found = simulation.connections(simulation.network.projections[0]).weights[0]
    assert found == pytest.approx(0.9 ** len(pre) * 0.98**used, rel=1e-12)


def test_the_time_loop_is_not_compiled_anew() -> None:
    ns.simulate(network(Decay(1.0)), 5.0)
    assert len(getattr(advance, "overloads", [0])) == 1


def test_an_error_in_plain_python_reaches_the_caller() -> None:
    @dataclass(frozen=True)
    class Fails(ns.Plasticity):
        w_max: float = ns.parameter(help="strongest weight")
        x: ClassVar = ns.trace("pre", 10.0)

        @staticmethod
        def on_pre(w, x, p):
            return w + 0.0 * math.sqrt(1.5 - x)

        @staticmethod
        def on_post(w, x, p):
            return w

    with pytest.raises(ValueError, match="math domain error"):
        ns.simulate(pair(Fails(2.0)), 420.0, debug=True)


def _mistakes() -> dict[str, tuple[type[ns.Plasticity], str]]:
    @dataclass(frozen=True)
    class Base(ns.Plasticity, abstract=True):
        w_max: float = ns.parameter(help="strongest weight")
        tau: float = ns.parameter(20.0, "ms", 0.1, 1e4, "time constant")
        x: ClassVar = ns.trace("pre", "tau")

        @staticmethod
        def on_pre(w, x, p):
            return w

        @staticmethod
        def on_post(w, x, p):
            return w

    @dataclass(frozen=True)
    class NumPy(Base):
        @staticmethod
        def on_post(w, x, p):
            return w + np.exp(-x)

    @dataclass(frozen=True)
    class Arguments(Base):
        @staticmethod
        def on_post(w, p):
            return w

    @dataclass(frozen=True)
    class Nothing(Base):
        @staticmethod
        def on_pre(w, x, p):
            w = w + x

    @dataclass(frozen=True)
    class Parameter(Base):
        @staticmethod
        def on_pre(w, x, p):
            return w + p.rate

    @dataclass(frozen=True)
    class Pair(Base):
        @staticmethod
        def on_pre(w, x, p):
            return w, x

    @dataclass(frozen=True)
    class NotANumber(Base):
        @staticmethod
        def on_pre(w, x, p):
            return w * math.inf - math.inf

    @dataclass(frozen=True)
    class Unknown(Base):
        y: ClassVar = ns.trace("post", "tau_y")

    @dataclass(frozen=True)
    class Side(Base):
        y: ClassVar = ns.trace("both", 10.0)

    @dataclass(frozen=True)
    class Bound(Base):
        def on_pre(self, w, x, p):
            return w

    @dataclass(frozen=True)
    class Reset(Base):
        y: ClassVar = ns.trace("post", 10.0, reset=True)

    @dataclass(frozen=True)
    class Initial(Base):
        c: ClassVar = ns.state("", "c_0")

    @dataclass(frozen=True)
    class Signals(Base):
        m: ClassVar = ns.signal(10.0)
        n: ClassVar = ns.signal(20.0)

    @dataclass(frozen=True)
    class States(Base):
        c: ClassVar = ns.state()

        @staticmethod
        def on_pre(w, x, c, p):
            return w

        @staticmethod
        def on_post(w, x, c, p):
            return w, c

    @dataclass(frozen=True)
    class Inactive(Base):
        u: ClassVar = ns.potential()

    @dataclass(frozen=True)
    class Mixed(Base):
        u: ClassVar = ns.potential()
        y: ClassVar = ns.trace("post", 10.0)

    @dataclass(frozen=True)
    class Active(Base):
        u: ClassVar = ns.potential(10.0)

        @staticmethod
        def on_pre(w, x, u, p):
            return w

        @staticmethod
        def on_post(w, x, u, p):
            return w

        @staticmethod
        def active(u, p):
            return u

    @dataclass(frozen=True)
    class Scale(Base):
        scale: ClassVar[str] = "w_0"

    return {
        "reset": (Reset, "Reset.y is a trace of 'post': reset and initial are options of traces"),
        "initial": (Initial, "Initial.c starts at 'c_0', which is not a parameter"),
        "signals": (Signals, "Signals has the signals m, n: a rule has one at most"),
        "states": (States, r"returns 1 value: it must return 2, for the new relative weight, c"),
        "inactive": (Inactive, r"Inactive has no method active: .*def active\(u, p\)"),
        "mixed": (Mixed, "Mixed has potentials and traces of 'post'"),
        "active": (Active, r"Active.active returns -60.0: it must return True or False"),
        "scale": (Scale, "Scale has no parameter w_0, the unit of its weights"),
        "numpy": (NumPy, r"NumPy.on_post uses numpy.exp"),
        "arguments": (
            Arguments,
            r"\(w, p\): with the declared traces it must take \(w, x, p\)",
        ),
        "nothing": (Nothing, r"Nothing.on_pre returns nothing: end it with a return"),
        "parameter": (Parameter, r"fails with w = 0.5 and traces of 1 .*no attribute 'rate'"),
        "pair": (Pair, r"returns 2 values: it must return 1, for the new relative weight"),
        "nan": (
            NotANumber,
            r"returns nan for the new relative weight with w = 0.5 and traces of 1",
        ),
        "time constant": (Unknown, r"Unknown.y decays with 'tau_y', which is not a parameter"),
        "side": (Side, r"Side.y is a trace of 'both': it must be of 'pre' or 'post'"),
        "method": (Bound, r"Bound.on_pre is not a static method: put @staticmethod above it"),
    }


DECLARATIONS = (
    "time constant", "side", "reset", "initial", "signals", "inactive", "mixed", "scale",
)  # fmt: skip
"""Mistakes in declarations, whose messages have no line number."""


@pytest.mark.parametrize("name", _mistakes())
def test_mistakes_are_refused_in_a_sentence(name: str) -> None:
    rule, message = _mistakes()[name]
    with pytest.raises(ns.NeurosimError, match=message) as refused:
        ns.Simulation(pair(rule(2.0)))
    if name not in DECLARATIONS:
        assert Path(__file__).name in str(refused.value)


def test_weights_beyond_the_range_of_a_rule_are_refused() -> None:
    with pytest.raises(ns.NeurosimError, match=r"is outside 0 to Decay.w_max = 0.5"):
        pair(Decay(0.5))
