"""SONATA spikes of all layouts, and what nodes and configurations say about the neurons."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import h5py
import libsonata
import numpy as np
import pytest

import neurosim as ns
from neurosim.cli import main
from tests.unit.cli.test_commands import json_of

pytestmark = pytest.mark.usefixtures("read_here")

RANDOM = np.random.default_rng(11)
TIMES = np.sort(RANDOM.uniform(0.0, 500.0, 40))
IDS = RANDOM.integers(0, 6, 40)


def write_spikes(path: Path, populations: tuple[str, ...] = ("v1",), **attributes: object) -> Path:
    with h5py.File(path, "w") as file:
        for k, name in enumerate(populations):
            group = file.create_group(f"spikes/{name}")
            group["timestamps"], group["node_ids"] = TIMES + k, IDS.astype("u8")
            group.attrs.update(attributes)
    return path


def write_earlier(path: Path, ids: str = "gids") -> Path:
    with h5py.File(path, "w") as file:
        group = file.create_group("spikes")
        group["timestamps"], group[ids] = TIMES, IDS.astype("u8")
        group.attrs["sorting"] = "by_gid"
    return path


def write_nodes(path: Path, name: str = "v1", n: int = 8) -> Path:
    with h5py.File(path, "a") as file:
        group = file.create_group(f"nodes/{name}")
        group["node_type_id"] = 100 + np.arange(n) % 2
        group["node_group_id"], group["node_group_index"] = np.zeros(n, "u4"), np.arange(n)
        group["0/x"] = np.zeros(n)
    return path


def write_types(path: Path) -> Path:
    path.write_text('node_type_id pop_name ei\r\n100 "L5 pyr" e\r\n101 PV i\r\n')
    return path


LABELS = tuple(f"{'PV' if k % 2 else 'L5 pyr'} {k}" for k in range(8))


def assert_spikes(found: ns.Result, name: str, shift: float = 0.0) -> None:
    trains = found.spikes[name]
    order = np.lexsort((IDS, TIMES))
    assert trains.times.tobytes() == (TIMES + shift)[order].tobytes()
    assert trains.ids.tolist() == IDS[order].tolist()


@pytest.mark.parametrize("populations", [("v1",), ("v1", "lgn", "a/b")])
def test_populations_are_read_as_libsonata_reads_them(tmp_path: Path, populations):
    path = write_spikes(tmp_path / "spikes.h5", tuple(p.replace("/", "%2F") for p in populations))
    found = ns.load_spikes(path)
    assert set(found.spikes) == set(populations)
    with h5py.File(path, "r+") as file:  # libsonata wants a unit
        for group in file["spikes"].values():
            group["timestamps"].attrs["units"] = "ms"
    theirs = libsonata.SpikeReader(str(path))
    for name in populations:
        spikes = theirs[name.replace("/", "%2F")].get()
        expected = sorted(((t, k) for k, t in spikes))
        own = found.spikes[name]
        assert list(zip(own.times.tolist(), own.ids.tolist(), strict=True)) == expected


@pytest.mark.parametrize("ids", ["gids", "node_ids"])
def test_the_earlier_layout_has_no_populations(tmp_path: Path, ids: str):
    found = ns.load_spikes(write_earlier(tmp_path / "spikes.h5", ids))
    assert list(found.spikes) == ["units"]
    assert_spikes(found, "units")
    assert found.spikes["units"].recorded.tolist() == sorted(set(IDS.tolist()))


def test_whole_and_single_times_are_read(tmp_path: Path):
    for dtype in ("i4", "u2", "f4"):
        path = tmp_path / f"{dtype}.h5"
        with h5py.File(path, "w") as file:
            file["spikes/v1/timestamps"] = np.array([3, 1], dtype)
            file["spikes/v1/node_ids"] = np.array([0, 1], "u1")
        assert ns.load_spikes(path).spikes["v1"].times.tolist() == [1.0, 3.0]


def test_a_unit_serves_files_that_have_none(tmp_path: Path):
    path = write_spikes(tmp_path / "spikes.h5")
    assert ns.load_spikes(path, unit="s").spikes["v1"].times.max() == TIMES.max() * 1e3
    with h5py.File(path, "r+") as file:
        file["spikes/v1/timestamps"].attrs["units"] = "ms"
    with pytest.raises(ns.NeurosimError, match="in /spikes/v1/timestamps are in ms, not s"):
        ns.load_spikes(path, unit="s")


@pytest.mark.parametrize("earlier", [False, True])
def test_nodes_say_who_the_neurons_are(tmp_path: Path, earlier: bool):
    path = tmp_path / "spikes.h5"
    write_earlier(path) if earlier else write_spikes(path)
    nodes = [write_nodes(tmp_path / "nodes.h5"), write_types(tmp_path / "types.csv")]
    found = ns.load_spikes(path, nodes=nodes)
    assert_spikes(found, "v1")
    assert found.spikes["v1"].recorded.tolist() == list(range(8))
    assert found.spikes["v1"].names == LABELS
    unnamed = ns.load_spikes(path, nodes=nodes[0]).spikes["v1"]
    assert (len(unnamed.recorded), unnamed.names) == (8, None)


def test_other_formats_refuse_nodes(tmp_path: Path):
    nodes = write_nodes(tmp_path / "nodes.h5")
    np.save(tmp_path / "a.npy", np.array([1.0, 2.0]))
    np.save(tmp_path / "spike_times.npy", np.array([1, 2]))
    np.save(tmp_path / "spike_clusters.npy", np.array([0, 0]))
    (tmp_path / "a.csv").write_text("neuron,time_ms\n0,1.0\n")
    for path in (tmp_path, tmp_path / "a.npy", tmp_path / "a.csv"):
        with pytest.raises(ns.NeurosimError, match="nodes are for SONATA files of spikes"):
            ns.load_spikes(path, unit="ms", nodes=nodes)


def test_nodes_may_name_themselves(tmp_path: Path):
    path, nodes = write_spikes(tmp_path / "spikes.h5"), write_nodes(tmp_path / "nodes.h5")
    with h5py.File(nodes, "r+") as file:
        group = file["nodes/v1"]
        group["node_id"] = np.arange(8)[::-1]
        group["0/name"] = [f"cell {k}" for k in range(8)]
        del group["node_group_index"]
        group["node_group_index"] = [1, 0, 2, 3, 4, 5, 6, 7]
    own = ns.load_spikes(path, nodes=[nodes, write_types(tmp_path / "types.csv")]).spikes["v1"]
    assert own.names == ("cell 7", "cell 6", "cell 5", "cell 4", "cell 3", "cell 2", "cell 0",
                         "cell 1")  # fmt: skip
    with h5py.File(nodes, "r+") as file:
        group = file["nodes/v1/0"]
        del group["name"]
        group["mtype"], group["@library/mtype"] = np.arange(8) % 2, ["L4_SS", "L5_TPC"]
    own = ns.load_spikes(path, nodes=nodes).spikes["v1"]
    assert own.names[6:] == ("L4_SS 6", "L5_TPC 7")


def write_simulation(folder: Path, **output: str) -> Path:
    (folder / "network").mkdir()
    (folder / "output").mkdir()
    write_spikes(folder / "output" / "spikes.h5")
    write_nodes(folder / "network" / "v1_nodes.h5")
    write_types(folder / "network" / "v1_types.csv")
    circuit = {
        "manifest": {"$BASE_DIR": "${configdir}", "$NETWORK": "$BASE_DIR/network"},
        "networks": {
            "nodes": [
                {
                    "nodes_file": "$NETWORK/v1_nodes.h5",
                    "node_types_file": "${NETWORK}/v1_types.csv",
                }
            ],
            "edges": [{"edges_file": "none.h5"}],
        },
    }
    (folder / "circuit_config.json").write_text(json.dumps(circuit))
    simulation = {
        "manifest": {"$OUTPUT_DIR": "./output"},
        "run": {"tstop": 600.0, "dt": 0.1},
        "network": "./circuit_config.json",
        "output": {"output_dir": "$OUTPUT_DIR", "spikes_file": "spikes.h5"} | output,
    }
    path = folder / "simulation_config.json"
    path.write_text(json.dumps(simulation))
    return path


def test_a_simulation_stands_for_its_spikes(tmp_path: Path):
    path = write_simulation(tmp_path)
    found = ns.load_spikes(path)
    assert_spikes(found, "v1")
    assert found.spikes["v1"].names == LABELS
    assert (found.dt, found.duration) == (0.1, 600.0)
    for config in (path, tmp_path / "circuit_config.json"):
        named = ns.load_spikes(tmp_path / "output" / "spikes.h5", nodes=config)
        assert named.spikes["v1"].names == LABELS


@pytest.mark.parametrize("name", ["$OUTPUT_DIR/spikes.h5", "./output/spikes.h5", "spikes.h5"])
def test_spikes_lie_where_bmtk_or_libsonata_look_for_them(tmp_path: Path, name: str):
    write_simulation(tmp_path, spikes_file=name)
    both = {"network": "./circuit_config.json", "simulation": "./simulation_config.json"}
    (tmp_path / "config.json").write_text(json.dumps(both))
    found = ns.load_spikes(tmp_path / "config.json")
    assert_spikes(found, "v1")
    assert (found.spikes["v1"].names, found.duration) == (LABELS, 600.0)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ({"spikes_file": "none.h5"}, "it needs .*none.h5, which is not a file"),
        (
            {"output_dir": "$NOWHERE"},
            "has the path .*NOWHERE.* that it does not define",
        ),
    ],
)
def test_a_simulation_without_spikes_is_refused(tmp_path: Path, output: dict, message: str):
    with pytest.raises(ns.NeurosimError, match=message):
        ns.load_spikes(write_simulation(tmp_path, **output))


def test_other_files_of_sonata_are_named(tmp_path: Path):
    nodes = write_nodes(tmp_path / "nodes.h5")
    with pytest.raises(ns.NeurosimError, match="it holds nodes of SONATA, and no spikes"):
        ns.load_spikes(nodes)
    for name in ("edges", "report"):
        h5py.File(tmp_path / f"{name}.h5", "w").create_group(f"{name}/v1").file.close()
        with pytest.raises(ns.NeurosimError, match="of SONATA, and no spikes: give the spikes f"):
            ns.load_spikes(tmp_path / f"{name}.h5")
    (tmp_path / "c.json").write_text("{}")
    with pytest.raises(ns.NeurosimError, match="it names no spikes_file under output"):
        ns.load_spikes(tmp_path / "c.json")
    (tmp_path / "c.json").write_text("[" * 100_000)
    with pytest.raises(ns.NeurosimError, match="give a SONATA configuration"):
        ns.load_spikes(tmp_path / "c.json")
    spikes = write_spikes(tmp_path / "spikes.h5")
    for wrong, message in (
        (spikes, "no group nodes"),
        (write_types(tmp_path / "types.csv"), "give the file of nodes, too"),
        (tmp_path / "none.h5", "it needs .*none.h5, which is not a file"),
        ([nodes, tmp_path / "c.json"], "give a SONATA configuration"),
    ):
        with pytest.raises(ns.NeurosimError, match=message):
            ns.load_spikes(spikes, nodes=wrong)


def test_intact_files_of_another_layout_are_not_called_damaged(tmp_path: Path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["spikes/v1/times"], file["spikes/v1/cells"] = TIMES, IDS
    with pytest.raises(
        ns.NeurosimError, match="/spikes/v1 holds cells, times; SONATA stores spikes as time"
    ):
        ns.load_spikes(path)


def test_names_are_written_and_come_back(tmp_path: Path):
    path = write_spikes(tmp_path / "spikes.h5")
    nodes = [write_nodes(tmp_path / "nodes.h5"), write_types(tmp_path / "types.csv")]
    found = ns.load_spikes(path, nodes=nodes)
    written = ns.save_sonata(found, tmp_path / "out")
    assert [file.name for file in written] == ["spikes.h5", "nodes.h5"]
    theirs = libsonata.NodeStorage(str(written[1])).open_population("v1")
    assert tuple(theirs.get_attribute("name", theirs.select_all())) == LABELS
    again = ns.load_spikes(written[0], nodes=written[1])
    assert again.spikes["v1"].names == LABELS
    assert_spikes(again, "v1")


def test_the_command_takes_names_units_and_several_files(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = write_simulation(tmp_path)
    summary = json_of(capsys, "import", str(path), "--no-plot", "--json")
    assert summary["populations"]["v1"]["neurons"] == 8
    files = [tmp_path / "a.txt", tmp_path / "b.txt"]
    files[0].write_text("-0.25\n1.5\n")
    files[1].write_text("2\n3\n")
    given = [*map(str, files), "--unit", "s", "--start=-500", "--no-plot", "--json"]
    summary = json_of(capsys, "import", *given)
    assert summary["populations"]["units"]["neurons"] == 2
    assert summary["duration_ms"] == 3500.0
    files[0].write_text("0.5,1\n")
    given = ["a.txt", "--columns", "time_s,unit", "--no-plot", "--json"]
    assert json_of(capsys, "import", *given)["duration_ms"] == 500.0
    spikes, nodes = "output/spikes.h5", "network/v1_nodes.h5"
    assert main(["import", spikes, "--nodes", nodes, "--no-plot", "--out", "there"]) == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(ns.load("there/result.h5").spikes["v1"].recorded) == 8
