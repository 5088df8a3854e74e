"""Edge lists as other tools write them: other delimiters, quotes, comments, names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from neurosim.edges.csv_reader import CSVReader
from tests.tables import connections

ROWS = [("0", "1", "0.5"), ("1", "2", "0.123456789012345678"), ("2", "0", "1e-3")]
NAMED = [("AVAL", "VA1", "3"), ("AVAR", "VA1", "2"), ("VA1", "AVAL", "1.5"), ("AVAL", "VA1", "4")]


def built(rule: object, n_source: int = 3, n_target: int = 3) -> list[list[float]]:
    """Return source index, target index and weight of every synapse."""
    net = ns.Network()
    a, b = net.add("a", n_source, ns.LIF()), net.add("b", n_target, ns.LIF())
    net.connect(a, b, rule, weight="w")
    found = connections(net)[:, :3]
    found[:, 1] -= n_source
    return found.tolist()


def in_order(rows: list) -> list[list[float]]:
    table = np.array(rows, float)
    return table[np.lexsort(table.T[::-1])].tolist()


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def lines(delimiter: str, rows: list, head: str = "source target w") -> str:
    return "\n".join(delimiter.join(row) for row in [head.split(), *rows]) + "\n"


QUOTED = [tuple(f'"{word}"' for word in row) for row in ROWS]
FLOATS = [(f"{s}.0", f"{t}.00", w) for s, t, w in ROWS]
TEXTS = {
    "commas": lines(",", ROWS),
    "semicolons": lines(";", ROWS),
    "tabs": lines("\t", ROWS),
    "blanks": lines(" ", ROWS),
    "many blanks": "  " + lines("   ", ROWS).replace("\n", "  \r\n "),
    "blanks and tabs": lines(" \t ", ROWS),
    "quoted": lines(",", QUOTED),
    "quoted with blanks": lines(" , ", QUOTED),
    "quoted between blanks": lines(" ", QUOTED),
    "all quoted": lines(",", QUOTED, '"source" "target" "w"'),
    "indices as floats": lines(",", FLOATS),
    "comments": "# made by hand\n#\n" + lines(",", ROWS).replace("1,2", "# 9,9,9\n  # and\n1,2"),
    "header as a comment": "# from NumPy\n# " + lines(" ", ROWS),
    "marked": "\ufeff" + lines(",", ROWS),
    "blank lines": "\n" + lines("\t", ROWS).replace("\n", "\n\n"),
    "no end": lines(",", ROWS).rstrip("\n"),
    "more columns": lines(",", [(*row, '"a, b"') for row in ROWS], "source target w note"),
    "words between blanks": lines(" ", [('"a b"', *row) for row in ROWS], "note source target w"),
}


@pytest.mark.parametrize("parser", ["pyarrow", "csv"])
@pytest.mark.parametrize("block_bytes", [5, 2**21])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_ordinary_tables_are_read(
    tmp_path: Path, monkeypatch, text: str, block_bytes: int, parser: str
) -> None:
    if parser == "csv":
        monkeypatch.setattr(CSVReader, "_parse_numbers", lambda self, text: None)
    monkeypatch.setattr("neurosim.edges.csv_reader.BLOCK_BYTES", block_bytes)
    rule = ns.CSVEdges(write(tmp_path / "e.txt", text))
    assert rule.names is None
    assert built(rule) == in_order(ROWS)


@pytest.mark.parametrize("block_bytes", [5, 2**21])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", " "])
def test_names_are_numbered_in_order_of_appearance(
    tmp_path: Path, monkeypatch, delimiter: str, block_bytes: int
) -> None:
    monkeypatch.setattr("neurosim.edges.csv_reader.BLOCK_BYTES", block_bytes)
    path = write(tmp_path / "e.tsv", "# worm\n" + lines(delimiter, NAMED, "From To w"))
    rule = ns.CSVEdges(path, "From", "To")
    assert rule.names == ("AVAL", "VA1", "AVAR")
    expected = in_order([(0, 1, 3), (2, 1, 2), (1, 0, 1.5), (0, 1, 4)])
    assert built(rule) == expected
    assert built(rule.with_digest()) == expected


def test_names_may_be_given(tmp_path: Path) -> None:
    rows = [("b", "y", "1"), ("c,d", "x", "2"), ("10", "x", "4")]
    path = tmp_path / "e.csv"
    write(path, lines(",", [(f'"{s}"', t, w) for s, t, w in rows]))
    rule = ns.CSVEdges(path, names=["10", "a", "b", "c,d"], target_names=["x", "y"])
    assert built(rule, 4, 2) == in_order([(2, 1, 1), (3, 0, 2), (0, 0, 4)])
    one = ns.CSVEdges(path, names=["x", "y", "b", "c,d", "10"])
    assert built(one, 5, 5) == in_order([(2, 1, 1), (3, 0, 2), (4, 0, 4)])
    numbers = write(tmp_path / "ids.csv", lines(",", [("120", "7", "1"), ("7", "120", "2")]))
    assert built(ns.CSVEdges(numbers, names=["7", "120"]), 2, 2) == [[0, 1, 2], [1, 0, 1]]


REFUSED = {
    "unknown": ({"names": ["a"]}, "line 2: target = 'b' is not one of the given names"),
    "twice": ({"names": ["a", "b", "a"]}, "CSVEdges.names contains 'a' twice"),
    "no list": ({"names": "ab"}, "CSVEdges.names = 'ab': give a list of strings"),
    "numbers": ({"names": [1, 2]}, "CSVEdges.names = "),
    "targets alone": ({"target_names": ["b"]}, "target_names is given without names"),
    "delimiter": ({"delimiter": "|"}, "CSVEdges.delimiter = '|' is not supported: choose"),
}


@pytest.mark.parametrize(("options", "message"), REFUSED.values(), ids=REFUSED)
def test_invalid_names_are_refused(tmp_path: Path, options: dict, message: str) -> None:
    path = write(tmp_path / "e.csv", lines(",", [("a", "b", "1")]))
    with pytest.raises(ns.NeurosimError, match=message):
        built(ns.CSVEdges(path, **options))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a,b", "line 3: expected 3 fields, one for each column, found 2"),
        ("a,b,1,2", "line 3: expected 3 fields, one for each column, found 4"),
        ("a,b,strong", "line 3: w = 'strong' is not a finite number"),
        ("a,b,nan", "line 3: w = 'nan' is not a finite number"),
        ("a,b,1_0", "line 3: w = '1_0' is not a finite number"),
        ('a,"b"c,1', "is not a valid table of edges"),
    ],
)
def test_an_invalid_line_with_names_is_refused(tmp_path: Path, row: str, message: str) -> None:
    path = write(tmp_path / "e.csv", lines(",", [("a", "b", "1")]) + row + "\n")
    with pytest.raises(ns.NeurosimError, match=message):
        built(ns.CSVEdges(path))


def test_more_names_than_neurons_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "e.csv", lines(",", NAMED))
    with pytest.raises(ns.NeurosimError, match="line 2: target = 1 is outside 0 to 0, the neurons"):
        built(ns.CSVEdges(path), 3, 1)
