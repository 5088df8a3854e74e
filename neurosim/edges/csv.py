"""Edge lists in text files."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurosim.edges.edge_file import EdgeFile
from neurosim.errors import NeurosimError
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST_LINE = 2**16
"""Bytes of a line of text."""
DELIMITERS = (",", ";", "\t", " ")
COMMENT = "#"
MOST_NAMES = 10_000_000
_NUMBER = re.compile(r"[+-]?[\d.]+([eE][+-]?\d+)?|[+-]?(nan|inf(inity)?)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class CSVEdges(EdgeFile):
    r"""Connect as a text lists: a line with the names of its columns, then one line per edge.

    The file is read in blocks when the network is built, so it may be larger than memory.
    Strengths and delays are its columns too where `Network.connect` is given their names. Fields
    may be quoted; blank lines and lines that begin with # are skipped.

    The source and target columns hold indices, from 0, within the two populations, or names of
    neurons. Where they hold names and none are given, neurons are numbered in the order in which
    their names first appear, row by row, the source before the target: `names` then lists them.

    Parameters
    ----------
    path : path-like
        Not compressed.
    source, target : str
        Names of the columns with the two ends of each edge.
    delimiter : str, optional
        Between columns: a comma, a semicolon, a tab or a blank, which stands for any number of
        blanks and tabs. Default: the one that separates the names of the columns.
    names : sequence of str, optional
        Name of each neuron of the source population in the order of indices.
    target_names : sequence of str, optional
        The same for the target population. Default: `names`.

    Raises
    ------
    NeurosimError
        If the file is missing or is not such a text. Faults further down are reported with their
        line when the network is built, and so is a file that has changed since.

    Examples
    --------
    >>> import tempfile
    >>> import neurosim as ns
    >>> path = tempfile.mkdtemp() + "/edges.csv"
    >>> with open(path, "w") as file:
    ...     _ = file.write("source,target,psp,delay\n0,1,0.5,1.5\n1,0,0.7,2\n")
    >>> net = ns.Network()
    >>> exc = net.add("exc", 2, ns.LIF())
    >>> one = net.connect(exc, exc, ns.CSVEdges(path), psp="psp", delay="delay")
    >>> ns.Simulation(net).run(10.0).stats.synapses
    2

    Neurons that have names:

    >>> with open(path, "w") as file:
    ...     _ = file.write("from\tto\tsynapses\nAVAL\tVA1\t3\nAVAR\tVA1\t2\n")
    >>> rule = ns.CSVEdges(path, "from", "to")
    >>> rule.names
    ('AVAL', 'VA1', 'AVAR')
    >>> cells = net.add("cells", len(rule.names), ns.LIF())
    >>> two = net.connect(cells, cells, rule, psp=ns.Column("synapses", 0.1))
    """

    source: str = "source"
    target: str = "target"
    delimiter: str | None = field(default=None, repr=False)
    names: tuple[str, ...] | None = field(default=None, repr=False)
    target_names: tuple[str, ...] | None = field(default=None, repr=False)
    start: int = field(init=False, repr=False, compare=False)
    """Byte at which the first edge begins."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.delimiter not in (None, *DELIMITERS):
            raise NeurosimError(
                f"CSVEdges.delimiter = {show(self.delimiter)} is none: give ',', ';', a tab or a "
                "blank"
            )
        head = _head(self.path)
        delimiter, columns, start = self._header(head)
        object.__setattr__(self, "delimiter", delimiter)
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "start", start)
        rest = head[start:]
        lines = max(rest.count(b"\n"), 1)
        estimate = (self.n_bytes - start) * lines // max(len(rest), 1)
        object.__setattr__(self, "size", estimate)
        for name in (self.source, self.target):
            self.check_column(name)
        self._set_names(rest)

    def _header(self, head: bytes) -> tuple[str, tuple[str, ...], int]:
        """Return the delimiter, the names of the columns and where the first edge begins."""
        start, found, line = 0, [], b""
        for line in head.splitlines(keepends=True) or [b""]:
            start += len(line)
            comment = line.lstrip().startswith(COMMENT.encode())
            if comment or not line.strip():
                found += [(start, line.lstrip(b"# \t"))] if comment else []
                continue
            break
        # A header that is a comment, as NumPy writes it, counts only where no other is one.
        for end, text in [(start, line), *reversed(found)]:
            for delimiter in [self.delimiter] if self.delimiter else DELIMITERS:
                names = self._split(text, delimiter)
                if self.source in names and self.target in names:
                    return delimiter, names, end
        delimiter = self.delimiter or ","
        return delimiter, self._split(line, delimiter), start

    def _split(self, line: bytes, delimiter: str) -> tuple[str, ...]:
        """Return the names of the columns."""
        try:
            names = next(split_rows([line.removeprefix(b"\xef\xbb\xbf").decode()], delimiter), [])
        except (csv.Error, ValueError):
            raise NeurosimError(
                f"{self.path} does not begin with the names of its columns: give a line such as "
                "source,target,psp,delay"
            ) from None
        twice = [name for k, name in enumerate(names) if name in names[:k]]
        if twice and {self.source, self.target} & set(names):
            raise NeurosimError(
                f"{self.path} has two columns {show(twice[0])}: give each a name of its own"
            )
        return tuple(names)

    def _set_names(self, rest: bytes) -> None:
        """Check the names of neurons that were given, or find those that the file has."""
        for what in ("names", "target_names"):
            given = getattr(self, what)
            if given is not None:
                object.__setattr__(self, what, _checked(given, f"CSVEdges.{what}"))
        if self.target_names is not None and self.names is None:
            raise NeurosimError("CSVEdges.target_names is given without names: give both")
        if self.names is None and self._holds_names(rest):
            object.__setattr__(self, "names", self._find_names())

    def _ends(self, rows: Iterable[list[str]]) -> Iterator[tuple[str, str]]:
        assert self.delimiter is not None
        source, target = (self.columns.index(name) for name in (self.source, self.target))
        for row in rows:
            if len(row) > max(source, target):  # else refused when the network is built
                yield row[source], row[target]

    def _holds_names(self, rest: bytes) -> bool:
        """Whether the first edge connects names, not numbers."""
        assert self.delimiter is not None
        lines = rest.decode("utf-8", "replace").splitlines()
        try:
            first = next(self._ends(split_rows(lines, self.delimiter)), None)
        except csv.Error:
            return False
        return first is not None and any(word and not _NUMBER.fullmatch(word) for word in first)

    def _find_names(self) -> tuple[str, ...]:
        """Return all names in the file in the order of their first appearance."""
        assert self.delimiter is not None
        found: dict[str, None] = {}
        try:
            with open(self.path, encoding="utf-8", newline="\n") as file:
                file.seek(self.start)
                for ends in self._ends(split_rows(_short_lines(file, self.path), self.delimiter)):
                    found |= dict.fromkeys(ends)
                    if len(found) > MOST_NAMES:
                        raise NeurosimError(f"{self.path} has more than {MOST_NAMES:,} names")
        except (csv.Error, UnicodeDecodeError) as error:
            raise NeurosimError(
                f"{self.path} holds no table of edges ({error}): give one in UTF-8"
            ) from None
        return tuple(found)


def split_rows(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    """Return the fields of each line, but for blank lines and comments."""
    blank = delimiter == " "
    kept = (
        " ".join(line.split("\t")).strip() if blank else line.rstrip("\r\n")
        for line in lines
        if line.strip() and not line.lstrip().startswith(COMMENT)
    )
    rows = csv.reader(kept, delimiter=delimiter, skipinitialspace=True, strict=True)
    for row in rows:
        yield [word.strip() for word in row]


def _short_lines(file: Any, path: str) -> Iterator[str]:
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise NeurosimError(
                f"{path} has a line of more than {LONGEST_LINE:,} bytes: write a line for each edge"
            )
        yield line


def _checked(given: Any, what: str) -> tuple[str, ...]:
    """Return names of neurons as a tuple of different texts."""
    names = () if isinstance(given, str) or not hasattr(given, "__iter__") else tuple(given)
    wrong = [name for name in names if not (isinstance(name, str) and name)]
    if not names or wrong:
        raise NeurosimError(f"{what} = {show(given)}: give a list of texts, one for each neuron")
    if len(set(names)) < len(names):
        twice = next(name for k, name in enumerate(names) if name in names[:k])
        raise NeurosimError(f"{what} has {show(twice)} twice: give each neuron a name of its own")
    return names


def _head(path: str) -> bytes:
    """Return the first bytes of a text."""
    try:
        with open(path, "rb") as file:
            head = file.read(LONGEST_LINE)
    except OSError as error:
        raise NeurosimError(
            f"{path} cannot be read ({error.strerror}): give a text with a list of edges"
        ) from None
    if head.startswith(b"\x1f\x8b"):
        raise NeurosimError(f"{path} is compressed: unpack it with gunzip {show(Path(path).name)}")
    if b"\0" in head:
        raise NeurosimError(f"{path} is no text: give one with a list of edges, or SonataEdges")
    if b"\n" not in head and len(head) == LONGEST_LINE:
        raise NeurosimError(
            f"{path} has a first line longer than {LONGEST_LINE:,} bytes: begin it with the names "
            "of its columns"
        )
    return head
