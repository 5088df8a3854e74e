"""Connections read back from a simulation."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import neurosim as ns
from tests import tables

SPREAD = {"psp": ns.Normal(1.0, 0.2), "delay": ns.Normal(1.5, 0.75)}


def _mixed():
    """Return a network with several projections between the same populations."""
    net = ns.Network()
    a, b = net.add("a", 40, ns.LIF()), net.add("b", 30, ns.LIF())
    random = np.random.default_rng(1)
    listed = ns.Explicit(random.integers(0, 40, 90), random.integers(0, 30, 90))
    net.connect(a, b, listed, **SPREAD)
    net.connect(a, b, ns.FixedInDegree(7), **SPREAD)
    net.connect(a[3:20], b[::3], ns.FixedTotalNumber(200), **SPREAD)
    net.connect(b, a, ns.FixedInDegree(9, multapses=False), psp=-1.0)
    net.connect(b, b, ns.FixedProbability(0.2), psp=-1.0, delay=2.0)
    net.connect(b[:10], b[20:], ns.AllToAll(), psp=-np.arange(100.0).reshape(10, 10))
    return net


def _rows(net, simulation):
    """Return all connections of a simulation as `tests.tables.connections` returns them."""
    sizes = [p.size for p in net.populations]
    first = dict(zip(net.populations, np.cumsum(sizes) - sizes, strict=True))
    rows = []
    for projection in net.projections:
        found = simulation.connections(projection)
        key = found.sources.astype(np.int64) * 10**6 + found.targets
        assert (np.diff(key) >= 0).all()
        columns = (
            found.sources + first[projection.source],
            found.targets + first[projection.target],
            found.weights,
            np.rint(found.delays / 0.1),
        )
        rows.append(np.stack(columns, axis=1))
    table = np.concatenate(rows)
    return table[np.lexsort(table.T[::-1])]


@pytest.mark.parametrize("threads", [1, 3])
def test_all_connections_are_those_of_the_engine(threads) -> None:
    net = _mixed()
    simulation = ns.Simulation(net, threads=threads, seed=5)
    expected = tables.connections(net, threads=threads, seed=5)
    assert np.array_equal(_rows(net, simulation), expected)
    simulation.run(5.0)
    assert np.array_equal(_rows(net, simulation), expected)


def test_sorting_in_blocks_changes_nothing(monkeypatch) -> None:
    net = _mixed()
    at_once = _rows(net, ns.Simulation(net))
    monkeypatch.setattr("neurosim.builder.connections.SORTED_AT_ONCE", 16)
    assert np.array_equal(_rows(net, ns.Simulation(net)), at_once)


def test_weights_have_the_precision_of_the_engine(monkeypatch) -> None:
    monkeypatch.setattr("neurosim.builder.synapses.PRECISE", 100)
    net = _mixed()
    simulation = ns.Simulation(net)
    assert simulation.connections(net.projections[0]).weights.dtype == np.float32
    assert np.array_equal(_rows(net, simulation), tables.connections(net))


def test_constant_weights_kept_once_are_read_back() -> None:
    net = ns.Network()
    a = net.add("a", 200, ns.LIF())
    one = net.connect(a, a, ns.AllToAll(), psp=0.25, delay=1.0)
    two = net.connect(a, a, ns.FixedProbability(0.5), psp=0.125, delay=1.0)
    simulation = ns.Simulation(net)
    assert simulation.weights_in_common
    found = simulation.connections(one)
    assert len(found) == 40_000
    assert (found.weights == 0.25).all()
    assert (simulation.connections(two).weights == 0.125).all()


def test_plastic_connections_have_delays_and_present_weights() -> None:
    net = ns.Network()
    a = net.add("a", 20, ns.LIF())
    net.drive(a, ns.Poisson(2000.0), psp=1.5)
    plastic = net.connect(
        a, a, ns.FixedInDegree(5), psp=1.0, delay=ns.Uniform(1.0, 3.0), plasticity=ns.STDP(2.0)
    )
    static = ns.Network()
    b = static.add("a", 20, ns.LIF())
    drawn_again = static.connect(b, b, ns.FixedInDegree(5), psp=1.0, delay=ns.Uniform(1.0, 3.0))
    expected = None
    for threads in (1, 2, 3):
        simulation = ns.Simulation(net, threads=threads)
        simulation.run(200.0)
        found = simulation.connections(plastic)
        assert len(np.unique(found.weights)) > 5
        if expected is not None:
            assert np.array_equal(found.weights, expected)
        expected = found.weights
    drawn = ns.Simulation(static, seed=1).connections(drawn_again)
    shifted = ns.Simulation(net).connections(plastic)
    for name in ("sources", "targets", "delays"):
        assert np.array_equal(getattr(drawn, name), getattr(shifted, name))
    assert simulation.synapses(plastic).weights.tolist() == expected.tolist()


def test_a_matrix_and_a_frame_hold_the_same() -> None:
    net = _mixed()
    found = ns.Simulation(net).connections(net.projections[5])
    matrix = found.to_scipy()
    assert matrix.shape == (30, 30)
    assert np.array_equal(matrix.toarray()[:10, 20:], -np.arange(100.0).reshape(10, 10))
    twice = ns.Connections([0, 0, 1], [1, 1, 0], [0.5, 0.25, 2.0], shape=(2, 3)).to_scipy()
    assert twice.toarray().tolist() == [[0.0, 0.75, 0.0], [2.0, 0.0, 0.0]]
    pytest.importorskip("pandas")
    frame = found.to_dataframe()
    assert list(frame) == ["source", "target", "weight", "delay"]
    assert frame["weight"].tolist() == found.weights.tolist()


def test_a_missing_pandas_is_reported_in_a_sentence(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ns.NeurosimError, match="to_dataframe needs pandas"):
        ns.Connections([0], [0], [1.0]).to_dataframe()


def test_the_representation_of_connections_is_one_line() -> None:
    net = ns.Network()
    a, b = net.add("exc", 3, ns.LIF()), net.add("inh", 2, ns.LIF())
    projection = net.connect(a, b, ns.AllToAll(), psp=[[1.0, 2.0]] * 3, delay=1.5)
    shown = "<Connections 'exc' → 'inh': 6, weights 1 to 2 mV, delays 1.5 to 1.5 ms>"
    assert repr(ns.Simulation(net).connections(projection)) == shown
    none = net.connect(a, b, ns.FixedProbability(0.0), psp=1.0)
    found = ns.Simulation(net).connections(none)
    assert repr(found) == "<Connections 'exc' → 'inh': 0>"
    assert found.to_scipy().nnz == 0
