"""Every rule makes the connections that it promises, the same on any number of threads."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

import neurosim as ns
from tests.tables import connections


def _net(rule, n_source=30, n_target=40, *, within=False, **options):
    net = ns.Network()
    a = net.add("a", n_source, ns.LIF())
    b = a if within else net.add("b", n_target, ns.LIF())
    net.connect(a, b, rule, **({"psp": 1.0} | options))
    return net


RULES = [
    ns.AllToAll(),
    ns.FixedProbability(0.3),
    ns.FixedInDegree(7),
    ns.FixedInDegree(7, multapses=False),
    ns.FixedOutDegree(9),
    ns.FixedOutDegree(9, multapses=False),
    ns.FixedTotalNumber(500),
    ns.Explicit([3, 3, 0, 29, 3], [1, 1, 39, 0, 2]),
]


@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("within", [False, True])
def test_a_rule_gives_the_same_synapses_on_any_number_of_threads(rule, within) -> None:
    options = {"psp": ns.Normal(1.0, 0.2), "delay": ns.Normal(1.5, 0.75)}
    net = _net(rule, 40, within=within, **options)
    one = connections(net)
    assert len(one) > 0
    for threads in (2, 3, 7):
        assert np.array_equal(one, connections(net, threads=threads))


def test_all_to_all_connects_every_pair_once() -> None:
    pairs = connections(_net(ns.AllToAll()))[:, :2]
    assert np.array_equal(pairs, [(s, 30 + t) for s in range(30) for t in range(40)])


def test_one_to_one_connects_equal_indices() -> None:
    pairs = connections(_net(ns.OneToOne(), 30, 30))[:, :2]
    assert np.array_equal(pairs, [(k, 30 + k) for k in range(30)])


@pytest.mark.parametrize("multapses", [True, False])
def test_fixed_in_degree_gives_each_target_its_number_of_sources(multapses) -> None:
    pairs = connections(_net(ns.FixedInDegree(7, multapses=multapses)))[:, :2].astype(int)
    assert np.array_equal(np.bincount(pairs[:, 1])[30:], np.full(40, 7))
    assert (len(np.unique(pairs, axis=0)) == len(pairs)) == (not multapses)


@pytest.mark.parametrize("multapses", [True, False])
def test_fixed_out_degree_gives_each_source_its_number_of_targets(multapses) -> None:
    pairs = connections(_net(ns.FixedOutDegree(9, multapses=multapses)))[:, :2].astype(int)
    assert np.array_equal(np.bincount(pairs[:, 0]), np.full(30, 9))
    assert (len(np.unique(pairs, axis=0)) == len(pairs)) == (not multapses)


def test_fixed_total_number_makes_that_many() -> None:
    assert len(connections(_net(ns.FixedTotalNumber(1234)), threads=3)) == 1234


@pytest.mark.parametrize(
    "rule",
    [
        ns.AllToAll(autapses=False),
        ns.FixedProbability(0.5, autapses=False),
        ns.FixedInDegree(29, autapses=False, multapses=False),
        ns.FixedOutDegree(20, autapses=False),
        ns.FixedTotalNumber(900, autapses=False),
    ],
    ids=repr,
)
def test_no_neuron_reaches_itself_without_autapses(rule) -> None:
    pairs = connections(_net(rule, within=True))[:, :2]
    assert len(pairs) > 100
    assert np.all(pairs[:, 0] != pairs[:, 1])


@pytest.mark.parametrize(("p", "n"), [(0.0, 0), (1.0, 1200)])
def test_probability_zero_connects_nothing_and_one_connects_all(p, n) -> None:
    assert len(connections(_net(ns.FixedProbability(p)))) == n


def test_given_weights_and_delays_stay_with_their_synapses() -> None:
    random = np.random.default_rng(1)
    sources, targets = random.integers(0, 30, 200), random.integers(0, 40, 200)
    weights, delays = random.integers(1, 100, 200) / 8.0, random.integers(1, 30, 200)
    rule = ns.Explicit(sources, targets)
    found = connections(_net(rule, weight=weights, psp=None, delay=delays * 0.1), threads=2)
    expected = np.stack([sources, targets + 30, weights, delays], axis=1)
    assert np.array_equal(found, expected[np.lexsort(expected.T[::-1])])


def test_a_sparse_matrix_holds_connections_and_strengths() -> None:
    matrix = scipy.sparse.random(30, 40, 0.2, random_state=1)
    found = connections(_net(None, psp=matrix))
    entries = matrix.tocoo()
    expected = np.stack([entries.row, entries.col + 30, entries.data], axis=1)
    assert np.array_equal(found[:, :3], expected[np.lexsort(expected.T[::-1])])


def test_a_matrix_of_weights_fits_all_to_all() -> None:
    weights = np.arange(1.0, 1201.0).reshape(30, 40)
    found = connections(_net(ns.AllToAll(), psp=weights), threads=2)
    assert np.array_equal(found[:, 2].reshape(30, 40), weights)


def test_many_listed_in_degrees_are_turned_round_in_blocks(monkeypatch) -> None:
    net = _net(ns.FixedInDegree(7), psp=ns.Normal(1.0, 0.2), delay=ns.Normal(1.5, 0.75))
    at_once = connections(net, threads=2)
    monkeypatch.setattr("neurosim.builder.random_rows.LISTED_AT_ONCE", 32)
    assert np.array_equal(at_once, connections(net, threads=2))


def test_listed_and_drawn_rows_mix_in_any_blocks_on_any_number_of_threads(monkeypatch) -> None:
    random = np.random.default_rng(1)
    net = ns.Network()
    a, b = net.add("a", 40, ns.LIF()), net.add("b", 30, ns.LIF())
    listed = ns.Explicit(random.integers(0, 40, 90), random.integers(0, 30, 90))
    spread = {"psp": ns.Normal(1.0, 0.2), "delay": ns.Normal(1.5, 0.75)}
    net.connect(a, b, listed, **spread)
    net.connect(a, b, ns.FixedInDegree(7), **spread)
    net.connect(b, a, ns.FixedInDegree(9, multapses=False), psp=-1.0)
    net.connect(b, b, ns.FixedProbability(0.2), psp=-1.0)
    at_once = connections(net)
    assert len(at_once) > 90 + 7 * 30 + 9 * 40
    monkeypatch.setattr("neurosim.builder.random_rows.LISTED_AT_ONCE", 40)
    for threads in (1, 2, 3):
        assert np.array_equal(at_once, connections(net, threads=threads))
