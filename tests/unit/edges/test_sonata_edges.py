"""SONATA edges as other tools write them: synapses per edge, edge groups, arrays of any shape."""

from __future__ import annotations

import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest

import neurosim as ns
from tests.tables import connections
from tests.unit.edges.test_edge_files import N_SOURCE, edges, populations, write_sonata

N_EDGES = 200
TYPES = "edge_type_id target_query syn_weight nsyns delay\r\n100 pop_name=='Exc' 0.5 4 1.5\r\n"


def built(rule: object, **options: object) -> np.ndarray:
    """Return source, target, weight and delay in steps of every synapse."""
    net, a, b = populations()
    net.connect(a, b, rule, **({"weight": "syn_weight", "delay": "delay"} | options))
    return connections(net)


def expected(listed: object, weights: np.ndarray, delays: np.ndarray | float) -> np.ndarray:
    """Return the expected table."""
    steps = np.rint(np.broadcast_to(delays, len(weights)) / 0.1)
    rows = np.stack([listed.sources, N_SOURCE + listed.targets, weights, steps], axis=1)
    return rows[np.lexsort(rows.T[::-1])]


def many(listed: object) -> object:
    """Return edges whose delays are on the grid of 0.1 ms."""
    return listed._replace(delays=np.rint(listed.delays * 10.0) / 10.0)


@pytest.fixture
def listed() -> object:
    return many(edges(N_EDGES))


def counts() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 12, N_EDGES)


@pytest.mark.parametrize("dtype", ["u2", "i8", "f4"])
def test_weights_are_multiplied_by_the_number_of_synapses(
    tmp_path: Path, listed, dtype: str
) -> None:
    path = write_sonata(tmp_path / "edges.h5", listed)
    with h5py.File(path, "r+") as file:
        file["edges/a_to_b/0/nsyns"] = counts().astype(dtype)
    rule = ns.SonataEdges(path, "a_to_b")
    whole = expected(listed, listed.weights * counts(), listed.delays)
    assert np.array_equal(built(rule), whole)
    doubled = built(rule, weight=ns.Column("syn_weight", 2.0))
    assert np.array_equal(doubled[:, 2], 2.0 * whole[:, 2])
    single = ns.SonataEdges(path, "a_to_b", nsyns=None)
    assert np.array_equal(built(single), expected(listed, listed.weights, listed.delays))
    each = built(rule, weight=ns.Column("nsyns", 0.5))
    assert np.array_equal(each, expected(listed, 0.5 * counts(), listed.delays))


def test_the_number_of_synapses_may_have_another_name(tmp_path: Path, listed) -> None:
    path = write_sonata(tmp_path / "edges.h5", listed)
    with h5py.File(path, "r+") as file:
        file["edges/a_to_b/0/n"] = counts()
    rule = ns.SonataEdges(path, "a_to_b", nsyns="n")
    assert np.array_equal(built(rule), expected(listed, listed.weights * counts(), listed.delays))
    with pytest.raises(ns.NeurosimError, match=r"SonataEdges.nsyns = 'm': .* no such attribute"):
        ns.SonataEdges(path, "a_to_b", nsyns="m")


def test_edge_types_give_weight_and_number_of_synapses(tmp_path: Path, listed) -> None:
    path, types = write_sonata(tmp_path / "edges.h5", listed), tmp_path / "types.csv"
    with h5py.File(path, "r+") as file:
        del file["edges/a_to_b/0/syn_weight"], file["edges/a_to_b/edge_type_id"]
        file["edges/a_to_b/edge_type_id"] = 100 + np.arange(N_EDGES) % 2
        file["edges/a_to_b/0/delay"][:] = 0.0
    types.write_text(TYPES + "101 * 2.5 NULL NULL \r\n")
    found = built(ns.SonataEdges(path, "a_to_b", types), delay=1.0)
    weights = np.where(np.arange(N_EDGES) % 2, 2.5, 0.5 * 4)
    assert np.array_equal(found, expected(listed, weights, 1.0))


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_edge_types_may_be_separated_otherwise(tmp_path: Path, listed, delimiter: str) -> None:
    path, types = write_sonata(tmp_path / "edges.h5", listed), tmp_path / "types.csv"
    rows = ("edge_type_id w", "100 1.5", "101 2.5", "102 3.5")
    types.write_text("".join(row.replace(" ", delimiter) + "\n" for row in rows))
    found = built(ns.SonataEdges(path, "a_to_b", types), weight="w")
    assert np.array_equal(found, expected(listed, 1.5 + np.arange(N_EDGES) % 3, listed.delays))


def test_a_strength_given_for_edges_of_several_synapses_warns(tmp_path: Path, listed) -> None:
    path = write_sonata(tmp_path / "edges.h5", listed)
    with h5py.File(path, "r+") as file:
        file["edges/a_to_b/0/nsyns"] = counts()
    message = r"stand for several synapses each \(nsyns\), and psp = 0.5 is the strength of a whole"
    net, a, b = populations()
    with pytest.warns(UserWarning, match=message) as warned:
        net.connect(a, b, ns.SonataEdges(path, "a_to_b"), psp=0.5)
    assert warned[0].filename == __file__
    with h5py.File(path, "r+") as file:
        file["edges/a_to_b/0/nsyns"][:] = 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net.connect(a, b, ns.SonataEdges(path, "a_to_b"), psp=0.5)
        net.connect(a, b, ns.SonataEdges(path, "a_to_b", nsyns=None), psp=0.5)


def split_into_groups(path: Path, listed: object, groups: np.ndarray) -> None:
    """Move the attributes of edges to edge groups, each in random order."""
    random = np.random.default_rng(5)
    with h5py.File(path, "r+") as file:
        population = file["edges/a_to_b"]
        del population["0"]
        index = np.empty(N_EDGES, np.int64)
        for number in np.unique(groups):
            members = np.flatnonzero(groups == number)
            order = random.permutation(len(members))
            index[members] = order
            rows = np.empty(len(members), np.int64)
            rows[order] = members
            population[f"{number}/syn_weight"] = listed.weights[rows]
            population[f"{number}/delay"] = listed.delays[rows]
            population[f"{number}/dist"] = np.zeros((len(members), 3))
        population["edge_group_id"][:] = groups
        population["edge_group_index"][:] = index


@pytest.mark.parametrize("n_groups", [1, 2, 3])
def test_edges_find_their_values_in_their_group(
    tmp_path: Path, monkeypatch, listed, n_groups: int
) -> None:
    monkeypatch.setattr("neurosim.edges.readers.BLOCK_SIZE", 7)
    path = write_sonata(tmp_path / "edges.h5", listed)
    split_into_groups(path, listed, np.random.default_rng(7).integers(0, n_groups, N_EDGES))
    rule = ns.SonataEdges(path, "a_to_b")
    assert {"syn_weight", "delay"} <= set(rule.columns)
    assert np.array_equal(built(rule), expected(listed, listed.weights, listed.delays))


def test_a_group_without_an_attribute_takes_that_of_the_type(tmp_path: Path, listed) -> None:
    path, types = write_sonata(tmp_path / "edges.h5", listed), tmp_path / "types.csv"
    groups = np.arange(N_EDGES) % 2
    split_into_groups(path, listed, groups)
    with h5py.File(path, "r+") as file:
        del file["edges/a_to_b/1/syn_weight"]
    with pytest.raises(ns.NeurosimError, match=r"edge 1: its edge group 1 has no 'syn_weight': gi"):
        built(ns.SonataEdges(path, "a_to_b"))
    types.write_text("edge_type_id syn_weight\n100 7\n101 8\n102 9\n")
    weights = np.where(groups == 0, listed.weights, 7.0 + np.arange(N_EDGES) % 3)
    found = built(ns.SonataEdges(path, "a_to_b", types))
    assert np.array_equal(found, expected(listed, weights, listed.delays))


def test_rows_far_apart_are_read_one_by_one(tmp_path: Path, monkeypatch, listed) -> None:
    monkeypatch.setattr("neurosim.edges.readers.BLOCK_SIZE", 7)
    monkeypatch.setattr("neurosim.edges.sonata_population.MAX_SPREAD", 1)
    path = write_sonata(tmp_path / "edges.h5", listed)
    split_into_groups(path, listed, np.zeros(N_EDGES, int))
    with h5py.File(path, "r+") as file:
        file["edges/a_to_b/edge_group_index"][3] = file["edges/a_to_b/edge_group_index"][4]
    weights = listed.weights.copy()
    delays = listed.delays.copy()
    weights[3], delays[3] = weights[4], delays[4]
    found = built(ns.SonataEdges(path, "a_to_b"))
    assert np.array_equal(found, expected(listed, weights, delays))


def test_members_that_are_not_numbers_per_edge_are_ignored(tmp_path: Path, listed) -> None:
    path = write_sonata(tmp_path / "edges.h5", listed)
    with h5py.File(path, "r+") as file:
        group = file["edges/a_to_b/0"]
        group["positions"] = np.zeros((N_EDGES, 3))
        group["version"], group["few"], group["words"] = 3, np.zeros(5), ["a"] * N_EDGES
        group["dynamics_params/tau"] = np.ones(N_EDGES)
        group["weight"] = h5py.SoftLink("/edges/a_to_b/0/syn_weight")
    rule = ns.SonataEdges(path, "a_to_b")
    whole = expected(listed, listed.weights, listed.delays)
    assert np.array_equal(built(rule), whole)
    assert np.array_equal(built(rule, weight="weight"), whole)
    assert not {"positions", "version", "words", "dynamics_params"} & set(rule.columns)
    with pytest.raises(ns.NeurosimError, match="few has 5 values for 200 edges"):
        built(rule, weight="few")


@pytest.mark.parametrize("minimum", [0.1, 0.75])
def test_short_delays_can_be_raised(tmp_path: Path, listed, minimum: float) -> None:
    short = listed._replace(delays=np.where(np.arange(N_EDGES) % 3, 0.0015, listed.delays))
    short.delays[::7] = 0.0
    path = write_sonata(tmp_path / "edges.h5", short)
    rule = ns.SonataEdges(path, "a_to_b")
    for delay in ("delay", ns.Column("delay", 0.5)):
        with pytest.raises(ns.NeurosimError, match=r'delays with delay=Column\("delay".*minimum=0'):
            built(rule, delay=delay)
    found = built(rule, delay=ns.Column("delay", minimum=minimum))
    raised = np.maximum(short.delays, minimum)
    assert np.array_equal(found, expected(short, short.weights, raised))
    with pytest.raises(ns.NeurosimError, match="has a minimum, which only delays may have"):
        built(rule, weight=ns.Column("syn_weight", minimum=0.1))
    with h5py.File(path, "r+") as file:
        file["edges/a_to_b/0/delay"][4] = -1.0
    with pytest.raises(ns.NeurosimError, match="edge 4: delay = -1 is outside 0 to 100000 ms"):
        built(ns.SonataEdges(path, "a_to_b"), delay=ns.Column("delay", minimum=0.1))
