"""Edge lists in text as other tools write them: other delimiters, quotes, comments, names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from tests.tables import connections

ROWS = [("0", "1", "0.5"), ("1", "2", "0.123456789012345678"), ("2", "0", "1e-3")]
NAMED = [("AVAL", "VA1", "3"), ("AVAR", "VA1", "2"), ("VA1", "AVAL", "1.5"), ("AVAL", "VA1", "4")]


def built(rule: object, n_source: int = 3, n_target: int = 3) -> list[list[float]]:
    """Return source, target and weight of every synapse, the two ends as indices."""
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


@pytest.mark.parametrize("bytes_at_once", [5, 2**21])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_ordinary_tables_are_read(
    tmp_path: Path, monkeypatch, text: str, bytes_at_once: int
) -> None:
    monkeypatch.setattr("neurosim.edges.text.BLOCK_BYTES", bytes_at_once)
    rule = ns.CSVEdges(write(tmp_path / "e.txt", text))
    assert rule.names is None
    assert built(rule) == in_order(ROWS)


@pytest.mark.parametrize("bytes_at_once", [5, 2**21])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", " "])
def test_names_are_numbered_as_they_first_appear(
    tmp_path: Path, monkeypatch, delimiter: str, bytes_at_once: int
) -> None:
    monkeypatch.setattr("neurosim.edges.text.BLOCK_BYTES", bytes_at_once)
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
    "unknown": ({"names": ["a"]}, "line 2: target = 'b' is no given name of a neuron"),
    "twice": ({"names": ["a", "b", "a"]}, "CSVEdges.names has 'a' twice"),
    "no list": ({"names": "ab"}, "CSVEdges.names = 'ab': give a list of texts"),
    "numbers": ({"names": [1, 2]}, "CSVEdges.names = "),
    "targets alone": ({"target_names": ["b"]}, "target_names is given without names"),
    "delimiter": ({"delimiter": "|"}, "CSVEdges.delimiter = '|' is none: give"),
}


@pytest.mark.parametrize(("options", "told"), REFUSED.values(), ids=REFUSED)
def test_wrong_names_are_refused(tmp_path: Path, options: dict, told: str) -> None:
    path = write(tmp_path / "e.csv", lines(",", [("a", "b", "1")]))
    with pytest.raises(ns.NeurosimError, match=told):
        built(ns.CSVEdges(path, **options))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("a,b", "line 3: it does not have a field for each of the 3 columns"),
        ("a,b,1,2", "line 3: it does not have a field for each of the 3 columns"),
        ("a,b,strong", "line 3: w = 'strong' is no finite number"),
        ("a,b,nan", "line 3: w = 'nan' is no finite number"),
        ("a,b,1_0", "line 3: w = '1_0' is no finite number"),
        ('a,"b"c,1', "holds no table of edges"),
    ],
)
def test_a_wrong_line_with_names_is_told(tmp_path: Path, row: str, told: str) -> None:
    path = write(tmp_path / "e.csv", lines(",", [("a", "b", "1")]) + row + "\n")
    with pytest.raises(ns.NeurosimError, match=told):
        built(ns.CSVEdges(path))


def test_more_names_than_neurons_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "e.csv", lines(",", NAMED))
    with pytest.raises(ns.NeurosimError, match="line 2: target = 1 is outside 0 to 0, the neurons"):
        built(ns.CSVEdges(path), 3, 1)
