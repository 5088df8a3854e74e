"""Edge lists in files give the same synapse tables as the same edges in arrays."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import h5py
import libsonata
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neurosim as ns
from neurosim.builder import build
from neurosim.edges import SonataEdges, SonataPopulation
from neurosim.edges.csv_reader import CSVReader
from neurosim.engine.estimate import estimate_resources

N_SOURCE, N_TARGET = 30, 40


class Listed(NamedTuple):
    """Edges with their weights and delays."""

    sources: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    delays: np.ndarray


def edges(n: int = 500, seed: int = 1) -> Listed:
    random = np.random.default_rng(seed)
    ids = random.integers(0, N_SOURCE, n), random.integers(0, N_TARGET, n)
    return Listed(*ids, random.lognormal(0.0, 1.0, n), random.integers(1, 30, n) / 10.0)


def write_csv(path: Path, listed: Listed, delimiter: str = ",") -> Path:
    lines = [
        delimiter.join(("w", "source", "note", "delay", "target")),
        *(
            delimiter.join((repr(w), str(s), f'"a{delimiter}b"', f" {d!r}", str(t)))
            for s, t, w, d in zip(*map(np.ndarray.tolist, listed), strict=True)
        ),
    ]
    path.write_text("\r\n".join(lines) + ("\n\n" if delimiter == "," else ""))
    return path


def write_sonata(path: Path, listed: Listed, **options: object) -> Path:
    n = len(listed.sources)
    with h5py.File(path, "w") as file:
        group = file.create_group("edges/a_to_b")
        for name, ids in zip(("source", "target"), listed[:2], strict=True):
            group.create_dataset(f"{name}_node_id", data=ids.astype(np.uint64), **options)
            group[f"{name}_node_id"].attrs["node_population"] = name
        group["edge_type_id"] = 100 + np.arange(n) % 3
        group["edge_group_id"], group["edge_group_index"] = np.zeros(n, "u4"), np.arange(n)
        group.create_dataset("0/syn_weight", data=listed.weights, **options)
        group.create_dataset("0/delay", data=listed.delays, **options)
    return path


TYPES = 'edge_type_id model "type weight" delay\n100 x 0.5 1.5\n102 y NULL 2.5\n101 z 2.5 0.3\n'


class Named(NamedTuple):
    """A rule with the names of its weight and delay columns."""

    rule: ns.CSVEdges | ns.SonataEdges
    weight: str = "syn_weight"
    delay: str = "delay"


def in_csv(folder: Path, listed: Listed) -> Named:
    return Named(ns.CSVEdges(write_csv(folder / "edges.csv", listed)), "w")


def in_text_with_tabs(folder: Path, listed: Listed) -> Named:
    path = write_csv(folder / "edges.tsv", listed, "\t")
    return Named(ns.CSVEdges(path, "source", "target", "\t"), "w")


def in_sonata(folder: Path, listed: Listed) -> Named:
    return Named(ns.SonataEdges(write_sonata(folder / "edges.h5", listed), "a_to_b"))


def in_packed_sonata(folder: Path, listed: Listed) -> Named:
    packed = {"chunks": (13,), "compression": "lzf", "shuffle": True}
    return Named(ns.SonataEdges(write_sonata(folder / "edges.h5", listed, **packed), "a_to_b"))


FILES = [in_csv, in_text_with_tabs, in_sonata, in_packed_sonata]


@pytest.fixture
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurosim.edges.csv_reader.BLOCK_BYTES", 301)
    monkeypatch.setattr("neurosim.edges.readers.BLOCK_SIZE", 7)
    monkeypatch.setattr("neurosim.kernels.edge_lists.PIECE", 1024)


def populations(**options: object) -> tuple[ns.Network, ns.Population, ns.Population]:
    net = ns.Network(**options)
    return net, net.add("a", N_SOURCE, ns.LIF()), net.add("b", N_TARGET, ns.LIF())


def tables(net: ns.Network, threads: int) -> list[bytes]:
    plan = build(net, dt=0.1, seed=1, threads=threads)
    return [
        f"{array.dtype} {array.shape}".encode() + array.tobytes()
        for part in plan.threads
        for array in (*part.table, *part.plastic.tables, part.plastic.weights)
    ]


CONNECTIONS: dict[str, Callable[[ns.Network, ns.Population, ns.Population, Named], object]] = {
    "all in the file": lambda net, a, b, e: net.connect(a, b, e.rule, psp=e.weight, delay=e.delay),
    "current": lambda net, a, b, e: net.connect(
        a, b, e.rule, psp=e.weight, delay=e.delay, synapse=ns.ExpCurrent(3.0)
    ),
    "edges alone": lambda net, a, b, e: net.connect(a, b, e.rule, psp=0.5, delay=1.5),
    "delays drawn": lambda net, a, b, e: net.connect(
        a, b, e.rule, psp=e.weight, delay=ns.Normal(1.5, 0.5)
    ),
    "strengths drawn": lambda net, a, b, e: net.connect(
        a, b, e.rule, weight=ns.LogNormal(1.0, 0.5), delay=e.delay
    ),
    "plastic": lambda net, a, b, e: net.connect(
        a, b, e.rule, weight=e.weight, delay=e.delay, plasticity=ns.STDP(w_max=100.0)
    ),
    "recorded by input": lambda net, a, b, e: (
        net.connect(a, b, e.rule, psp=e.weight, delay=e.delay),
        net.record(b, "input_exc", ids=[3, 4, 17]),
    ),
    "among others": lambda net, a, b, e: (
        net.connect(a, b, ns.FixedInDegree(5), psp=ns.Normal(1.0, 0.1), delay=1.5),
        net.connect(a, b, e.rule, psp=e.weight, delay=e.delay),
        net.connect(a, a, ns.FixedProbability(0.3), psp=0.2, delay=ns.Uniform(0.5, 2.0)),
        net.connect(a, b, e.rule, psp=e.weight, delay=0.7),
        net.connect(b, a, ns.FixedOutDegree(4), psp=-1.0),
    ),
}


def pairs() -> list:
    """Return all connections from the first kind of file, and others as slow tests."""
    first = next(iter(FILES))
    return [
        pytest.param(
            write,
            connect,
            id=f"{write.__name__}-{name}",
            marks=() if write is first or name == "among others" else pytest.mark.slow,
        )
        for write in FILES
        for name, connect in CONNECTIONS.items()
    ]


@pytest.mark.parametrize(("write", "connect"), pairs())
@pytest.mark.usefixtures("_small_blocks")
def test_a_file_gives_the_same_tables_as_arrays(tmp_path: Path, write, connect) -> None:
    listed = edges()
    rule = ns.Explicit(listed.sources, listed.targets)
    nets = []
    for named in (Named(rule, listed.weights, listed.delays), write(tmp_path, listed)):
        net, a, b = populations()
        connect(net, a, b, named)
        nets.append(net)
    for threads in (1, 3):
        assert tables(nets[0], threads) == tables(nets[1], threads)


@pytest.mark.parametrize("write", FILES)
def test_a_column_converts_its_unit(tmp_path: Path, write) -> None:
    listed = edges()
    net, a, b = populations()
    rule = ns.Explicit(listed.sources, listed.targets)
    net.connect(a, b, rule, psp=listed.weights * 0.25, delay=listed.delays * 3.0)
    other, a, b = populations()
    named = write(tmp_path, listed)
    psp, delay = ns.Column(named.weight, 0.25), ns.Column(named.delay, 3.0)
    other.connect(a, b, named.rule, psp=psp, delay=delay)
    assert tables(net, 2) == tables(other, 2)


def test_a_run_from_a_file_equals_that_from_arrays(tmp_path: Path) -> None:
    listed, results = edges(), []
    arrays = Named(ns.Explicit(*listed[:2]), listed.weights, listed.delays)
    for named in (arrays, in_csv(tmp_path, listed), in_sonata(tmp_path, listed)):
        net, a, b = populations()
        net.connect(a, b, named.rule, psp=named.weight, delay=named.delay)
        net.drive(a, ns.Poisson(100.0), psp=20.0)
        for threads in (1, 2):
            result = ns.simulate(net, 100.0, threads=threads)
            spikes = result.spikes["b"]
            signs = [info.sign for info in result.populations.values()]
            results.append((spikes.times.tolist(), spikes.ids.tolist(), signs))
    assert len(results[0][0]) > 50
    assert results[0][2] == [1, 0]
    assert all(other == results[0] for other in results)


def test_an_empty_list_connects_nothing(tmp_path: Path) -> None:
    for write in FILES[:3]:
        named = write(tmp_path, edges(0))
        net, a, b = populations()
        net.connect(a, b, named.rule, psp=named.weight, delay=named.delay)
        assert ns.simulate(net, 1.0).stats.synapses == 0


def test_sonata_edges_equal_those_read_by_libsonata(tmp_path: Path) -> None:
    listed = edges()
    path = write_sonata(tmp_path / "edges.h5", listed)
    theirs = libsonata.EdgeStorage(str(path)).open_population("a_to_b")
    chosen = theirs.select_all()
    with SonataPopulation(SonataEdges(path, "a_to_b"), "syn_weight", "delay") as ours:
        n = ours.size
        assert n == theirs.size
        assert np.array_equal(ours.integers("source_node_id", 0, n), theirs.source_nodes(chosen))
        assert np.array_equal(ours.integers("target_node_id", 0, n), theirs.target_nodes(chosen))
        for name in ("syn_weight", "delay"):
            assert np.array_equal(ours.read(0, n, name), theirs.get_attribute(name, chosen))
        assert theirs.attribute_names == set(ours.attributes)


def test_missing_attributes_are_taken_from_the_edge_types(tmp_path: Path) -> None:
    listed = edges(90)
    (tmp_path / "types.csv").write_text(TYPES.replace("NULL", "4"))
    path = write_sonata(tmp_path / "edges.h5", listed)
    rule = ns.SonataEdges(path, "a_to_b", tmp_path / "types.csv")
    assert set(rule.columns) == {"syn_weight", "delay", "edge_type_id", "model", "type weight"}
    net, a, b = populations()
    net.connect(a, b, rule, weight="type weight", delay="delay")
    same, a, b = populations()
    weights = np.array([0.5, 2.5, 4.0])[np.arange(90) % 3]
    rule = ns.Explicit(listed.sources, listed.targets)
    same.connect(a, b, rule, weight=weights, delay=listed.delays)
    assert tables(net, 2) == tables(same, 2)


@pytest.fixture(params=["pyarrow", "csv"])
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parse with pyarrow, and with the csv module."""
    if request.param == "csv":
        monkeypatch.setattr(CSVReader, "_parse_numbers", lambda self, text: None)


def parsed(folder: Path, words: list[str]) -> np.ndarray:
    """Return numbers as the reader parses them."""
    path = folder / "numbers.csv"
    path.write_text("source,target,w\n" + "".join(f"0,0,{word}\n" for word in words))
    net, a, _ = populations(dale=False)
    reader = CSVReader(net.connect(a, a, ns.CSVEdges(path), weight="w"))
    with reader:
        return np.concatenate([reader.read(k).weights for k in range(reader.n_blocks)])


@pytest.mark.usefixtures("_parser")
def test_numbers_are_read_to_the_last_bit(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    digits = [str(m)[: random.integers(1, 20)] for m in random.integers(10**17, 10**18, 3000)]
    points = random.integers(0, 20, 3000)
    words = [f"{d[:p]}.{d[p:]}" if p < len(d) else d for d, p in zip(digits, points, strict=True)]
    powers = random.integers(-30, 30, 3000).tolist()
    words += [f"-{word}e{power}" for word, power in zip(words, powers, strict=True)]
    words += list(map(repr, random.lognormal(0.0, 3.0, 3000).tolist()))
    # Halfway between two doubles, and next to it.
    halves = (2 * random.integers(2**52, 2**53, 500) + 1).tolist()
    words += [f"{h // 8}.{h % 8 * 125:03d}" for h in halves]
    words += [f"{h // 8}.{h % 8 * 125 - 1:03d}" for h in halves]
    words += ["0", "-0", "00000000000000000000001.5", "+1.", ".5", "1E+2", "4.9e-324", "5e-400"]
    words += ["123456789012345678901234567890", "0.1000000000000000055511151231257827021181583404"]
    found = parsed(tmp_path, words)
    assert found.tobytes() == np.array([float(word) for word in words]).tobytes()


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=50))
def test_numbers_written_by_python_are_read_exactly(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[float]
) -> None:
    found = parsed(tmp_path_factory.mktemp("numbers"), list(map(repr, numbers)))
    assert found.tobytes() == np.array(numbers).tobytes()


@pytest.mark.parametrize("write", [in_csv, in_sonata])
def test_a_list_is_never_in_memory_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write
) -> None:
    monkeypatch.setattr("neurosim.edges.csv_reader.BLOCK_BYTES", 2**16)
    monkeypatch.setattr("neurosim.edges.readers.BLOCK_SIZE", 2**12)
    few = edges(50_000)
    named = write(tmp_path, Listed(*(np.tile(column, 6) for column in few)))
    net, a, b = populations()
    net.connect(a, b, named.rule, weight=named.weight, delay=named.delay)
    build(net, dt=0.1, seed=1, threads=1)  # compiles
    tracemalloc.start()
    plan = build(net, dt=0.1, seed=1, threads=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    table = sum(array.nbytes for array in plan.threads[0].table)
    assert plan.synapses.n_synapses == 300_000
    # One more four-byte number per edge would exceed the limit.
    assert peak < table + 1_000_000


def test_a_file_must_not_change_once_it_is_described(tmp_path: Path) -> None:
    for write in (in_csv, in_sonata):
        named = write(tmp_path, edges())
        net, a, b = populations()
        net.connect(a, b, named.rule, weight=named.weight)
        os.utime(named.rule.path, ns=(0, 0))
        with pytest.raises(ns.NeurosimError, match=r"edges\..* has changed since it was described"):
            ns.Simulation(net)
        Path(named.rule.path).unlink()
        with pytest.raises(ns.NeurosimError, match="cannot be read"):
            ns.Simulation(net)


def test_a_file_must_not_change_while_it_is_read(tmp_path: Path, monkeypatch) -> None:
    named = in_csv(tmp_path, edges())
    net, a, b = populations()
    net.connect(a, b, named.rule, weight=named.weight)
    read = CSVReader.read

    def read_and_touch(reader: CSVReader, k: int):
        os.utime(named.rule.path, ns=(0, 0))
        return read(reader, k)

    monkeypatch.setattr(CSVReader, "read", read_and_touch)
    with pytest.raises(ns.NeurosimError, match="has changed since it was described"):
        ns.Simulation(net)


@pytest.mark.parametrize("write", [in_csv, in_sonata])
def test_a_saved_simulation_identifies_its_file_by_content(tmp_path: Path, write) -> None:
    named = write(tmp_path, edges())
    net, a, b = populations()
    net.connect(a, b, named.rule, psp=named.weight, delay=named.delay)
    net.drive(a, ns.Poisson(100.0), psp=20.0)
    whole = ns.simulate(net, 60.0).spikes["b"].times.tolist()
    simulation = ns.Simulation(net)
    simulation.run(30.0)
    simulation.save(tmp_path / "checkpoint")
    os.utime(named.rule.path, ns=(0, 0))  # the same content
    result = ns.Simulation.restore(tmp_path / "checkpoint").run(30.0)
    assert result.spikes["b"].times.tolist() == whole
    write(tmp_path, edges(seed=2))
    with pytest.raises(ns.NeurosimError, match="is not the file that the network was saved with"):
        ns.Simulation.restore(tmp_path / "checkpoint")


def test_the_dry_run_reports_an_edge_file(tmp_path: Path) -> None:
    named = in_sonata(tmp_path, edges())
    net, a, b = populations()
    net.connect(a, b, named.rule, psp=named.weight, delay=named.delay, synapse=ns.ExpCurrent(3.0))
    (report,) = estimate_resources(net, 1.0, 0.1).projections
    assert report["rule"] == f"SonataEdges({tmp_path}/edges.h5, a_to_b)"
    assert report["delay"] == "column 'delay'"
    assert report["synapses"] == 500.0


def test_rules_compare_and_print_their_arguments(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "edges.csv", edges())
    rule = ns.CSVEdges(path)
    assert rule == ns.CSVEdges(str(path))
    assert rule != ns.CSVEdges(path, "target", "source")
    assert rule.with_digest().sha256 == ns.CSVEdges(path).with_digest().sha256
    assert "edges.csv" in repr(rule)
    assert 400 < rule.size < 600
