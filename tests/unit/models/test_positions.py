"""Positions, functions of distance, and connections that depend on them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import neurosim as ns
from neurosim.engine.checkpoint import pack, unpack
from neurosim.scenario import RunOptions, find_scenario
from tests import tables


def _distance(one, other, borders=None):
    """Return the shortest distance over all images of a periodic space."""
    shifts = [(0,)] * len(one) if borders is None else [(-b, 0, b) for b in borders]
    return min(
        math.dist(one, [x + s for x, s in zip(other, shift, strict=True)])
        for shift in itertools.product(*shifts)
    )


def test_a_grid_begins_at_zero_with_its_last_coordinate_fastest() -> None:
    exc = ns.Network().add("exc", 6, ns.LIF(), positions=ns.Grid((2, 3), (5.0, 10.0)))
    assert exc.points.tolist() == [[5.0 * i, 10.0 * j] for i in range(2) for j in range(3)]


def test_random_positions_fill_their_extent_and_follow_from_their_seed() -> None:
    net = ns.Network()
    one = net.add("one", 5000, ns.LIF(), positions=ns.RandomPositions((2.0, 10.0), seed=3))
    two = net.add("two", 5000, ns.LIF(), positions=ns.RandomPositions((2.0, 10.0), seed=4))
    assert one.points.mean(axis=0) == pytest.approx([1.0, 5.0], rel=0.03)
    assert one.points.min() >= 0.0
    assert (one.points.max(axis=0) <= [2.0, 10.0]).all()
    assert not np.array_equal(one.points, two.points)
    assert np.array_equal(one.points, ns.RandomPositions((2.0, 10.0), seed=3).points(5000))


@pytest.mark.parametrize(
    ("profile", "function"),
    [
        (ns.Linear(0.5, -0.25), lambda d: 0.5 - 0.25 * d),
        (ns.Gaussian(2.0, 3.0), lambda d: 2.0 * math.exp(-d * d / 18.0)),
        (ns.ExponentialDecay(2.0, 3.0), lambda d: 2.0 * math.exp(-d / 3.0)),
    ],
)
def test_functions_of_distance(profile, function) -> None:
    for distance in (0.0, 1.0, 4.5):
        assert float(profile(distance)) == pytest.approx(function(distance))
        assert float(profile.scaled(-2.0)(distance)) == pytest.approx(-2.0 * function(distance))


SPACES = [
    (ns.Grid((4, 5), 2.0), None),
    (ns.Grid((4, 5), 2.0, periodic=True), (8.0, 10.0)),
    (ns.RandomPositions((8.0, 10.0), periodic=True), (8.0, 10.0)),
    (ns.Points(np.arange(20.0), periods=20.0), (20.0,)),
    (np.random.default_rng(1).normal(size=(20, 3)), None),
]


@pytest.mark.parametrize(("positions", "borders"), SPACES)
@pytest.mark.parametrize("rule", ["all", "one", "explicit"])
def test_strengths_and_delays_are_those_at_the_distance(positions, borders, rule) -> None:
    net = ns.Network()
    exc = net.add("exc", 20, ns.LIF(), positions=positions)
    source, target = exc[[7, 2, 11, 3]], exc[[1, 19, 11, 4]]
    chosen = {
        "all": ns.AllToAll(),
        "one": ns.OneToOne(),
        "explicit": ns.Explicit([0, 3, 3], [1, 0, 2]),
    }[rule]
    weight, delay = ns.ExponentialDecay(2.0, 4.0), ns.Linear(1.0, 0.25)
    projection = net.connect(source, target, chosen, psp=weight, delay=delay)
    found = ns.Simulation(net, threads=2).connections(projection)
    assert len(found) == {"all": 16, "one": 4, "explicit": 3}[rule]
    for s, t, w, d in zip(*found.columns().values(), strict=True):
        distance = _distance(exc.points[s], exc.points[t], borders)
        assert w == pytest.approx(2.0 * math.exp(-distance / 4.0))
        assert d == pytest.approx(1.0 + 0.25 * distance, abs=0.05 + 1e-9)


@pytest.mark.parametrize(("positions", "borders"), SPACES)
def test_pairs_are_connected_with_the_probability_at_their_distance(positions, borders) -> None:
    """Counts of many seeds are within five standard deviations for every pair."""
    net = ns.Network()
    exc = net.add("exc", 20, ns.LIF(), positions=positions)
    profile = ns.Gaussian(0.9, 3.0)
    rule = ns.DistanceProbability(profile, autapses=False)
    projection = net.connect(exc[:10], exc[5:], rule, psp=0.1)
    drawn = rule.bind(projection.ends)
    counts, n = np.zeros((10, 15)), 2000
    for seed in range(n):
        for sources, targets in drawn.edges(10, 15, np.random.default_rng(seed)):
            counts[sources, targets] += 1
    for s, t in itertools.product(range(10), range(15)):
        p = float(profile(_distance(exc.points[s], exc.points[5 + t], borders)))
        p = p if s != 5 + t else 0.0
        assert abs(counts[s, t] - n * p) <= 5.0 * math.sqrt(n * p * (1.0 - p)) + 1e-9


def _sheet(**options):
    net = ns.Network()
    exc = net.add("exc", 400, ns.LIF(), positions=ns.Grid((20, 20), 0.1, periodic=True))
    inh = net.add("inh", 100, ns.LIF(), positions=ns.RandomPositions((2.0, 2.0), periodic=True))
    net.drive(exc, ns.Poisson(2000.0), psp=1.0)
    near, far = ns.Gaussian(0.3, 0.3), ns.ExponentialDecay(0.2, 0.5)
    delay = ns.Linear(0.5, 1.0)
    net.connect(exc, inh, ns.DistanceProbability(near), psp=ns.Gaussian(1.0, 1.0), delay=delay)
    net.connect(inh, exc, ns.DistanceProbability(far), psp=ns.Normal(-1.0, 0.1), delay=delay)
    net.connect(exc, exc, ns.DistanceProbability(near, autapses=False), psp=0.2, **options)
    return net


def test_drawn_connections_have_the_values_at_their_distance() -> None:
    net = _sheet()
    exc, inh = net.populations
    found = ns.Simulation(net).connections(net.projections[0])
    assert len(found) > 1000
    for s, t, w, d in list(zip(*found.columns().values(), strict=True))[::97]:
        distance = _distance(exc.points[s], inh.points[t], (2.0, 2.0))
        assert w == pytest.approx(math.exp(-distance * distance / 2.0))
        assert d == pytest.approx(0.5 + distance, abs=0.05 + 1e-9)


@pytest.mark.parametrize(
    "rule",
    [
        ns.FixedProbability(0.3),
        ns.FixedInDegree(7, autapses=False, multapses=False),
        ns.FixedOutDegree(7),
        ns.FixedTotalNumber(300, autapses=False),
    ],
    ids=repr,
)
def test_any_rule_has_strengths_and_delays_of_distance(rule) -> None:
    net = ns.Network()
    exc = net.add("exc", 60, ns.LIF(), positions=ns.RandomPositions((3.0, 3.0)))
    source, target = exc[5:45], exc[::2]
    far = ns.ExponentialDecay(2.0, 1.0)
    projection = net.connect(source, target, rule, psp=far, delay=ns.Linear(1.0, 1.0))
    found = ns.Simulation(net, threads=2).connections(projection)
    again = ns.Simulation(unpack(pack(net)), threads=1).network.projections[0]
    assert again.rule == projection.rule
    plain = ns.Network()
    a, b = plain.add("a", 40, ns.LIF()), plain.add("b", 30, ns.LIF())
    plain.connect(a, b, rule, psp=1.0)
    assert len(found) == pytest.approx(len(tables.connections(plain)), rel=0.2)
    assert set(found.sources) <= set(source.ids)
    assert set(found.targets) <= set(target.ids)
    if not rule.autapses:
        assert (found.sources != found.targets).all()
    if isinstance(rule, ns.FixedInDegree):
        assert (np.bincount(found.targets)[target.ids] == 7).all()
    for s, t, w, d in zip(*found.columns().values(), strict=True):
        distance = _distance(exc.points[s], exc.points[t])
        assert w == pytest.approx(2.0 * math.exp(-distance))
        assert d == pytest.approx(1.0 + distance, abs=0.05 + 1e-9)


def test_the_network_is_the_same_on_any_threads_and_after_a_checkpoint(tmp_path) -> None:
    expected = ns.simulate(_sheet(plasticity=ns.STDP(1.0)), 60.0).spikes["inh"]
    assert len(expected) > 20
    other = ns.simulate(_sheet(plasticity=ns.STDP(1.0)), 60.0, threads=3).spikes["inh"]
    assert np.array_equal(other.times, expected.times)
    simulation = ns.Simulation(_sheet(plasticity=ns.STDP(1.0)), threads=2)
    simulation.run(30.0)
    simulation.save(tmp_path / "state.h5")
    restored = ns.Simulation.restore(tmp_path / "state.h5").run(30.0).spikes["inh"]
    assert np.array_equal(restored.times, expected.times)
    again = unpack(pack(_sheet()))
    for one, two in zip(_sheet().populations, again.populations, strict=True):
        assert np.array_equal(one.points, two.points)
        assert one.positions == two.positions


def test_drawing_in_blocks_and_the_expected_number(monkeypatch) -> None:
    net = _sheet()
    n = ns.Simulation(net).run(0.1).stats.synapses
    expected = sum(
        p.rule.bind(p.ends).expected_synapses(*p.ends.shape, n_common=p.ends.n_common)
        for p in net.projections
    )
    assert n == pytest.approx(expected, rel=0.05)
    monkeypatch.setattr("neurosim.models.distance.PAIRS_AT_ONCE", 2000)
    monkeypatch.setattr("neurosim.models.distance.PAIRS_SAMPLED", 4000)
    again = ns.Simulation(_sheet()).run(0.1).stats.synapses
    assert again == n


def test_delays_may_be_a_matrix() -> None:
    net = ns.Network()
    a, b = net.add("a", 3, ns.LIF()), net.add("b", 2, ns.LIF())
    net.connect(a, b, ns.AllToAll(), psp=1.0, delay=[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert tables.connections(net)[:, 3].tolist() == [10, 20, 30, 40, 50, 60]


def _invalid_calls():
    net = ns.Network(dale=False)
    plain = net.add("plain", 4, ns.LIF())
    flat = net.add("flat", 4, ns.LIF(), positions=ns.Grid((2, 2)))
    long = net.add("long", 4, ns.LIF(), positions=[0.0, 1.0, 2.0, 3.0])
    near = ns.Gaussian(0.5, 1.0)
    rule = ns.DistanceProbability(near)
    return [
        (lambda: net.connect(plain, flat, rule, psp=1.0), "'plain' has no positions"),
        (lambda: net.connect(flat, long, rule, psp=1.0), "differ in the number of coord"),
        (
            lambda: net.connect(flat, flat, ns.AllToAll(), psp=1.0, delay=ns.Linear(0.0, 1.0)),
            "0 ms",
        ),
        (lambda: net.connect(plain, plain, ns.AllToAll(), psp=near), "no positions"),
        (lambda: ns.DistanceProbability(0.1), "is not a function of distance: give"),
        (lambda: ns.DistanceProbability(ns.Linear(1.5, 0.0)), "above 1 at distance 0"),
        (lambda: net.add("x", 5, ns.LIF(), positions=ns.Grid((2, 2))), "4 points for 5 neurons"),
        (lambda: net.add("x", 5, ns.LIF(), positions=[[0.0, 1.0]]), "1 rows for 5 neurons"),
        (lambda: net.add("x", 5, ns.LIF(), positions=np.ones((5, 4))), r"shape \(5, 4\)"),
        (lambda: ns.Grid((2, 2), (1.0, 1.0, 1.0)), "Grid.spacing"),
        (lambda: ns.Grid((2, 0)), "Grid.shape = 0 is outside"),
        (lambda: ns.RandomPositions((1.0, 0.0)), "must be above 0"),
        (lambda: plain.points, "'plain' has no positions"),
    ]


def test_invalid_arguments_are_refused() -> None:
    for make, words in _invalid_calls():
        with pytest.raises(ns.NeurosimError, match=words):
            make()


def test_drawn_delays_shorter_than_a_step_are_refused() -> None:
    net = ns.Network()
    exc = net.add("exc", 9, ns.LIF(), positions=ns.Grid((3, 3)))
    rule = ns.DistanceProbability(ns.Linear(1.0, 0.0))
    net.connect(exc, exc, rule, psp=1.0, delay=ns.Linear(0.01, 1.0))
    with pytest.raises(ns.NeurosimError, match=r"a function of at least 0\.1 ms"):
        ns.Simulation(net)


TOML = """
duration = 20.0
[populations.exc]
size = 16
neuron = "LIF"
positions = {type = "Grid", shape = [4, 4], spacing = 0.5, periodic = true}
[[connections]]
from = "exc"
to = "exc"
rule = {type = "DistanceProbability", profile = {type = "Gaussian", peak = 0.9, sd = 0.5}}
psp = {type = "ExponentialDecay", peak = 0.5, length = 1.0}
delay = {type = "Linear", intercept = 1.0, slope = 0.5}
"""


def test_a_scenario_file_has_positions_and_functions_of_distance(tmp_path) -> None:
    (tmp_path / "my.toml").write_text(TOML, encoding="utf-8")
    scenario = find_scenario(str(tmp_path / "my.toml"))
    options = RunOptions(scenario.duration, scenario.dt, scenario.seed)
    net = scenario.network(scenario.settings(), options)
    assert net["exc"].positions == ns.Grid((4, 4), 0.5, periodic=True)
    assert net.projections[0].rule == ns.DistanceProbability(ns.Gaussian(0.9, 0.5))
    assert net.projections[0].delay == ns.Linear(1.0, 0.5)
