"""Invalid edge files raise an error of one message, with the line or edge number."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import h5py
import numpy as np
import pytest

import neurosim as ns
from neurosim.bench.machine import peak_memory
from neurosim.cli import main
from neurosim.edges.csv_reader import BLOCK_BYTES
from tests.conftest import Registry
from tests.fuzz import fuzz_count, mutants
from tests.unit.edges.test_edge_files import edges, populations, write_csv, write_sonata

HEAD = "source,target,psp,delay\n"
GOOD = "0,1,0.5,1.5\n"


def refusal(act: Callable[[], object]) -> str:
    """Return the message of the error that `act` raises."""
    with pytest.raises(ns.NeurosimError) as refused:
        act()
    message = str(refused.value)
    assert "\n" not in message
    assert not message.endswith(".")
    return message


def build(rule: object, *, threads: int = 1, **options: object) -> None:
    net, a, b = populations()
    net.connect(a, b, rule, **({"psp": "psp", "delay": "delay"} | options))
    ns.Simulation(net, threads=threads)


def in_text(path: Path, text: str | bytes, **options: object) -> str:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return refusal(lambda: build(ns.CSVEdges(path), **options))


HEADS = {
    "missing": (None, "e.csv cannot be read (No such file or directory): give"),
    "gzip": (gzip.compress(HEAD.encode()), "e.csv is compressed: unpack it with gunzip 'e.csv'"),
    "binary": (b"\x89HDF\r\n\x1a\n\0\0", "e.csv is not a text file"),
    "empty": ("", "e.csv has no column 'source': there are none"),
    "no names": ("0,1,0.5\n", "e.csv has no column 'source': choose from 0, 1, 0.5"),
    "misspelt": ("sourse,target\n", "e.csv has no column 'source': did you mean 'sourse'?"),
    "colons": ("source:target\n", "e.csv has no column 'source': did you mean 'source:target'"),
    "twice": ("source,target,source\n", "e.csv has two columns 'source'"),
    "endless": ("a" * 2**17, "e.csv has a first line longer than 65,536 bytes"),
    "no UTF-8": (b"source,target,\xff\n", "e.csv does not begin with the names of its columns"),
    "open quote": ('source,"target\n', "e.csv does not begin with the names of its columns"),
}


@pytest.mark.parametrize(("text", "message"), HEADS.values(), ids=HEADS)
def test_an_invalid_header_is_refused_at_once(tmp_path: Path, text, message: str) -> None:
    path = tmp_path / "e.csv"
    if text is not None:
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    assert message in refusal(lambda: ns.CSVEdges(path))


LINES = {
    "fraction": ("0.5,1,1,1", "line 3: source = '0.5' is not a non-negative integer"),
    "negative": ("0,-1,1,1", "line 3: target = '-1' is not a non-negative integer"),
    "huge index": ("0,9999999999999999999,1,1", "line 3: target = '9999999999999999999' is not"),
    "source beyond": ("30,1,1,1", "line 3: source = 30 is outside 0 to 29, the neurons of 'a'"),
    "target beyond": ("1,40,1,1", "line 3: target = 40 is outside 0 to 39, the neurons of 'b'"),
    "word": ("0,1,strong,1", "line 3: psp = 'strong' is not a finite number"),
    "nothing": ("0,1,,1", "line 3: psp = '' is not a finite number"),
    "nan": ("0,1,nan,1", "line 3: psp = 'nan' is not a finite number"),
    "infinite": ("0,1,1e999,1", "line 3: psp = inf is outside -1e+09 to 1e+09"),
    "too strong": ("0,1,-2e9,1", "line 3: psp = -2e+09 is outside -1e+09 to 1e+09"),
    "underscore": ("0,1,1_0,1", "line 3: psp = '1_0' is not a finite number"),
    "other digits": ("0,1,٣,1", "line 3: psp = '٣' is not a finite number"),
    "open quote": ('0,1,"1,1', "line 3: not a row of a table (unexpected end of data)"),
    "sign": ("0,1,-0.5,1", "line 3: weight = -0.5 would inhibit, other synapses from 'a' excite"),
    "no delay": ("0,1,1,0", "line 3: delay = 0 ms: a spike needs at least one time step"),
    "before": ("0,1,1,-1", "line 3: delay = -1 is outside 0 to 100000 ms"),
    "too late": ("0,1,1,1e6", "line 3: delay = 1e+06 is outside 0 to 100000 ms"),
    "too short": ("0,1,1,0.04", "line 3: Delay 0.04 ms from 'a' to 'b' is below the time step"),
    "few fields": ("0,1,1", "line 3: expected 4 fields, one for each column, found 3"),
    "many fields": ("0,1,1,1,1", "line 3: expected 4 fields, one for each column, found 5"),
}


@pytest.mark.parametrize(("line", "message"), LINES.values(), ids=LINES)
@pytest.mark.parametrize("threads", [1, 2])
def test_an_invalid_line_is_refused_with_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, message: str, threads: int
) -> None:
    monkeypatch.setattr("neurosim.edges.csv_reader.BLOCK_BYTES", 17)
    text = HEAD + GOOD + f"{line}\n" + 3 * GOOD
    assert f"e.csv, {message}" in in_text(tmp_path / "e.csv", text, threads=threads)


def test_line_numbers_count_blank_lines_and_earlier_blocks(tmp_path: Path) -> None:
    text = HEAD + "\n  \r\n" + GOOD * (BLOCK_BYTES // len(GOOD) + 5) + "\n99,0,1,1"
    message = in_text(tmp_path / "e.csv", text)
    assert f"line {text.count(chr(10)) + 1}: source = 99" in message


def test_a_line_that_is_too_long_is_refused(tmp_path: Path) -> None:
    message = in_text(tmp_path / "e.csv", HEAD + GOOD + "0" * (2 * BLOCK_BYTES))
    assert "e.csv has a line of more than 65,536 bytes" in message


OPTIONS = {
    "no such column": ({"psp": "pps"}, "e.csv has no column 'pps': did you mean 'psp'?"),
    "an array": ({"delay": [1.0]}, "delay is an array, but the connections are in a file"),
    "one for two": ({"delay": "psp"}, "column 'psp' is used twice"),
    "none": ({"psp": None}, "Give the strength as psp (mV) or as weight (mV)"),
    "both": ({"weight": "psp"}, "Give the strength as psp (mV) or as weight (mV)"),
    "plastic": (
        {"plasticity": ns.STDP(w_max=0.3)},
        "line 2: weight = 0.5 is outside 0 to STDP.w_max = 0.3",
    ),
}


@pytest.mark.parametrize(("options", "message"), OPTIONS.values(), ids=OPTIONS)
def test_invalid_columns_are_refused(tmp_path: Path, options: dict, message: str) -> None:
    assert message in in_text(tmp_path / "e.csv", HEAD + GOOD, **options)


@dataclass(frozen=True, eq=False)
class Conductance(ns.Synapse):
    """A conductance that decays within 5 ms."""

    g: ClassVar = ns.state("nS", 0.0, "conductance")

    @staticmethod
    def derivatives(g, p):
        return -g / 5.0

    @staticmethod
    def current(v, g, p):
        return g * (-80.0 - v)


def test_negative_conductances_are_refused(tmp_path: Path) -> None:
    options = {"psp": None, "weight": "psp", "synapse": Conductance()}
    message = in_text(tmp_path / "e.csv", HEAD + GOOD + "0,0,-0.5,1\n", **options)
    assert "e.csv, line 3: weight = -0.5 nS: a conductance is positive, and inhibits" in message


def test_a_column_needs_a_file() -> None:
    net, a, b = populations()
    message = refusal(lambda: net.connect(a, b, ns.AllToAll(), psp="psp"))
    assert "psp = 'psp' is not a number" in message
    column = ns.Column("psp")
    message = refusal(lambda: net.connect(a, b, ns.AllToAll(), psp=column))
    assert "is a column of a file: use CSVEdges or SonataEdges as the rule" in message


@pytest.mark.parametrize("file_first", [True, False])
def test_dales_law_holds_between_files_and_other_rules(tmp_path: Path, file_first: bool) -> None:
    path = tmp_path / "e.csv"
    path.write_text(HEAD + "0,0,0,1\n" + GOOD.replace("0.5", "-0.5"))
    net, a, b = populations()
    acts = [
        lambda: net.connect(a, b, ns.CSVEdges(path), psp="psp"),
        lambda: net.connect(a, a, ns.OneToOne(), psp=1.0),
    ]
    for act in acts if file_first else reversed(acts):
        act()
    message = refusal(lambda: ns.Simulation(net))
    assert "line 3: weight = -0.5 would inhibit, other synapses from 'a' excite" in message
    free, a, b = populations(dale=False)
    free.connect(a, b, ns.CSVEdges(path), psp="psp")
    free.connect(a, a, ns.OneToOne(), psp=1.0)
    assert ns.simulate(free, 1.0).populations["a"].sign == 0


def test_dales_law_holds_between_files(tmp_path: Path) -> None:
    net, a, b = populations()
    for name, psp in (("e.csv", "0.5"), ("i.csv", "-0.5")):
        (tmp_path / name).write_text(HEAD + GOOD.replace("0.5", psp))
        net.connect(a, b, ns.CSVEdges(tmp_path / name), psp="psp")
    assert "i.csv, line 2: weight = -0.5 would inhibit" in refusal(lambda: ns.Simulation(net))


@pytest.mark.parametrize("path", [3, "a\0b", None])
def test_invalid_paths_are_refused(path: object) -> None:
    assert "CSVEdges.path = " in refusal(lambda: ns.CSVEdges(path))


def test_directories_and_devices_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # opening it would block forever
    for path in (tmp_path, tmp_path / "pipe", "/dev/zero"):
        assert "is not a regular file" in refusal(lambda path=path: ns.CSVEdges(path))


def test_the_command_prints_the_message_and_exits_with_2(
    tmp_path: Path, toys: Registry, capsys
) -> None:
    toys.add("listed", network=lambda settings, options: ns.CSVEdges(tmp_path / "none.csv"))
    assert main(["run", "listed", "--out", str(tmp_path / "out")]) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"neurosim: {tmp_path}/none.csv cannot be read")
    assert message.count("\n") == 1


def test_a_scenario_file_cannot_name_files_outside_its_folder(tmp_path: Path, capsys) -> None:
    path = tmp_path / "my.toml"
    rule = '{type = "CSVEdges", path = "/etc/passwd", source = "root"}'
    path.write_text(
        "duration = 1.0\n[populations.a]\nsize = 2\nneuron = 'LIF'\n"
        f'[[connections]]\nfrom = "a"\nto = "a"\nrule = {rule}\npsp = 1.0\n'
    )
    assert main(["run", str(path), "--out", str(tmp_path / "out")]) == 2
    message = capsys.readouterr().err
    assert "my.toml:8: path = '/etc/passwd' is outside the folder of the scenario file" in message


Change = Callable[[h5py.Group], object]


def put(name: str, values: object, **options: object) -> Change:
    def change(group: h5py.Group) -> None:
        if name in group:
            del group[name]
        group.create_dataset(name, data=values, **options)

    return change


def put_at(name: str, k: int, value: float) -> Change:
    def change(group: h5py.Group) -> None:
        group[name][k] = value

    return change


def link(name: str, to: object) -> Change:
    def change(group: h5py.Group) -> None:
        del group[name]
        group[name] = to

    return change


def claim(group: h5py.Group) -> None:
    for name in list(group):
        del group[name]
    for name in ("source_node_id", "target_node_id", "0/syn_weight", "0/delay"):
        group.create_dataset(name, (2**40,), "u4", chunks=(2**20,), compression="gzip")


def elsewhere(group: h5py.Group) -> None:
    del group["0/delay"]
    group.create_dataset("0/delay", (90,), "f8", external=[("/etc/hostname", 0, 720)])


def virtual(group: h5py.Group) -> None:
    del group["0/delay"]
    layout = h5py.VirtualLayout((90,), "f8")
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", (90,))
    group.create_virtual_dataset("0/delay", layout)


SONATA = {
    "no sources": (lambda g: g.__delitem__("source_node_id"), "it has no /edges/a_to_b/source_n"),
    "no weights": (lambda g: g.__delitem__("0/syn_weight"), "has no column 'syn_weight'"),
    "fractions": (put("source_node_id", np.zeros(90)), "is not a 1-dimensional array of int"),
    "words": (put("source_node_id", "words"), "is not a 1-dimensional array of integers"),
    "table": (put("source_node_id", np.zeros((9, 9), int)), "is not a 1-dimensional array"),
    "group": (lambda g: (g.__delitem__("target_node_id"), g.create_group("target_node_id")),
              "target_node_id is not a dataset"),
    "fewer": (put("target_node_id", np.zeros(89, int)), "has 89 values for 90 edges"),
    "fewer weights": (put("0/syn_weight", np.ones(89)), "has 89 values for 90 edges"),
    "beyond": (put_at("target_node_id", 7, 40), "edge 7: target_node_id = 40 is outside 0 to 39"),
    "far beyond": (put_at("source_node_id", 89, 2**64 - 1),
                   "edge 89: source_node_id = 18446744073709551615 is outside 0 to 29"),
    "nan": (put_at("0/syn_weight", 3, np.nan), "edge 3: syn_weight = nan is outside -1e+09 to"),
    "both signs": (put_at("0/syn_weight", 3, -1.0), "edge 3: weight = -1 would inhibit"),
    "no delay": (put_at("0/delay", 89, 0.0),
                 "edge 89: delay = 0 ms: a spike needs at least one time step to arrive; raise "
                 'short delays with delay=Column("delay", minimum=0.1)'),
    "groups": (put_at("edge_group_id", 5, 1), "edge 5: its edge group 1 has no 'syn_weight'"),
    "index": (put_at("edge_group_index", 5, 90),
              "has 90 values, and edge_group_index names row 90"),
    "circular link": (link("0/delay", h5py.SoftLink("/edges/a_to_b/0/delay")),
                         "/edges/a_to_b/0/delay is a link, and at most 16 links in a row are"),
    "broken link": (link("0/delay", h5py.SoftLink("/edges/a_to_b/0/late")),
                        "it has no /edges/a_to_b/0/delay, or a broken link"),
    "external link": (link("source_node_id", h5py.ExternalLink("other.h5", "/x")),
                      "/edges/a_to_b/source_node_id is a link to another file"),
    "external storage": (elsewhere, "/edges/a_to_b/0/delay lies in another file"),
    "virtual": (virtual, "/edges/a_to_b/0/delay lies in another file"),
    "terabytes": (claim, "claims 4398046511104 bytes and holds 0"),
    "large chunks": (put("0/delay", np.ones(90), chunks=(90,), maxshape=(None,), scaleoffset=3),
                     "is compressed with filter [6]; gzip and LZF are"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), SONATA.values(), ids=SONATA)
def test_an_invalid_sonata_file_is_refused(tmp_path: Path, change: Change, message: str) -> None:
    path = write_sonata(tmp_path / "edges.h5", edges(90))
    with h5py.File(path, "r+") as file:
        change(file["edges/a_to_b"])
    message = refusal(lambda: build(ns.SonataEdges(path, "a_to_b"), psp="syn_weight"))
    assert message in message
    assert str(path) in message


def test_truncated_and_foreign_files_are_refused(tmp_path: Path) -> None:
    path = write_sonata(tmp_path / "edges.h5", edges(90))
    message = refusal(lambda: ns.SonataEdges(path, "b_to_a"))
    assert "edges.h5 has no edge population 'b_to_a': did you mean 'a_to_b'?" in message
    for name in ("", 3, "../edges/a_to_b", "."):
        refusal(lambda name=name: ns.SonataEdges(path, name))
    whole = path.read_bytes()
    for kept in range(0, len(whole), 97):
        path.write_bytes(whole[:kept])
        message = refusal(lambda: build(ns.SonataEdges(path, "a_to_b"), psp="syn_weight"))
        assert (
            "edges.h5 is not an HDF5 file" in message or "has no readable SONATA edges" in message
        )
    message = refusal(lambda: ns.SonataEdges(write_csv(tmp_path / "e.csv", edges()), "a_to_b"))
    assert "e.csv is not an HDF5 file: give a SONATA file with edges, or use CSVEdges" in message
    message = refusal(lambda: ns.SonataEdges(tmp_path / "none.h5", "a_to_b"))
    assert "none.h5 cannot be read (No such file or directory)" in message
    h5py.File(tmp_path / "empty.h5", "w").close()
    assert "it has no /edges" in refusal(lambda: ns.SonataEdges(tmp_path / "empty.h5", "a_to_b"))


TABLES = {
    "missing": (None, "types.csv cannot be read (No such file or directory)"),
    "empty": ("", "types.csv is not a table of edge types"),
    "no ids": ("id w\n100 1\n", "types.csv is not a table of edge types"),
    "ragged": ("edge_type_id w\n100 1\n101\n", "types.csv is not a table of edge types"),
    "word for id": ("edge_type_id w\nx 1\n", "types.csv is not a table of edge types"),
    "no type 102": ("edge_type_id w\n100 1\n101 1\n", "edge 2: edge_type_id = 102 is not in"),
    "no types": ("edge_type_id w\n", "edge 0: edge_type_id = 100 is not in"),
    "no weight": ("edge_type_id w\n100 NULL\n101 1\n102 1\n", "edge 0: w = nan is outside"),
}


@pytest.mark.parametrize(("text", "message"), TABLES.values(), ids=TABLES)
def test_an_invalid_table_of_edge_types_is_refused(
    tmp_path: Path, text: str | None, message: str
) -> None:
    path = write_sonata(tmp_path / "edges.h5", edges(90))
    types = tmp_path / "types.csv"
    if text is not None:
        types.write_text(text)
    message = refusal(lambda: build(ns.SonataEdges(path, "a_to_b", types), psp="w"))
    assert message in message


def test_too_many_different_delays_are_refused_before_memory_is_allocated(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text(HEAD + "".join(f"0,0,1,{k / 10}\n" for k in range(1, 60_000)))
    net = ns.Network()
    cells = net.add("cells", 2_000_000, ns.LIF())
    net.connect(cells, cells, ns.CSVEdges(path), psp="psp", delay="delay")
    message = refusal(lambda: ns.Simulation(net, threads=1))
    assert "different delays takes about" in message
    assert "let delays differ less, or take a larger dt" in message


def outcome(rule: Callable[[], object], psp: str) -> str:
    try:
        build(rule(), psp=psp)
    except ns.NeurosimError as error:
        return "two lines" if "\n" in str(error) else "refused"
    return "read"


@pytest.mark.parametrize("kind", ["csv", "types", "sonata", "packed"])
def test_damaged_files_are_read_or_refused(tmp_path: Path, kind: str) -> None:
    listed = edges(60)
    csv, path = write_csv(tmp_path / "e.csv", listed), tmp_path / "edges.h5"
    packed = {"chunks": (16,), "compression": "gzip"} if kind == "packed" else {}
    write_sonata(path, listed, **packed)
    types = tmp_path / "types.csv"
    rows = "".join(f"{k} x 0.5\n" for k in range(100, 400))
    types.write_text(f'edge_type_id "a name" w\n{rows}')
    psp = {"csv": "w", "types": "w"}.get(kind, "syn_weight")
    damaged = {"csv": csv, "types": types}.get(kind, path)

    def rule() -> object:
        if kind == "csv":
            return ns.CSVEdges(csv)
        return ns.SonataEdges(path, "a_to_b", types if kind == "types" else None)

    assert outcome(rule, psp) == "read"
    outcomes, before = [], peak_memory()
    for data in mutants(damaged.read_bytes(), fuzz_count(60), seed=1):
        damaged.write_bytes(data)
        outcomes.append(outcome(rule, psp))
    # Both outcomes must occur: the damage reaches beyond the first bytes.
    assert 0 < outcomes.count("read") < len(outcomes)
    assert set(outcomes) == {"read", "refused"}
    if before is not None:
        assert peak_memory() - before < 2**30
