"""Connection rule: the edges listed in a text file."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurosim.edges.csv_reader import COMMENT, MAX_LINE_BYTES, CSVReader, short_lines, splitter
from neurosim.edges.edge_file import EdgeFile
from neurosim.errors import NeurosimError
from neurosim.utils.checks import show
from neurosim.utils.frozen import set_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from neurosim.network import Projection

DELIMITERS = (",", ";", "\t", " ")
MAX_NAMES = 10_000_000
_NUMBER = re.compile(r"[+-]?[\d.]+([eE][+-]?\d+)?|[+-]?(nan|inf(inity)?)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class CSVEdges(EdgeFile):
    r"""Connect neurons as listed in a text file with a header and one line per edge.

    The file is read in blocks when the network is built, so it may be larger than memory.
    Strengths and delays are read from columns if their names are passed to `Network.connect`.
    Fields may be quoted. Blank lines and lines that start with # are skipped.

    The source and target columns hold indices, from 0, within the two populations, or names of
    neurons. If they hold names and `names` is not given, neurons are numbered in order of first
    appearance, row by row, the source before the target, and `names` lists them.

    Parameters
    ----------
    path : path-like
        Uncompressed text file.
    source, target : str
        Names of the columns with the two ends of each edge.
    delimiter : str, optional
        Comma, semicolon, tab or space. A space stands for any number of spaces and tabs. Default:
        the delimiter of the header.
    names : sequence of str, optional
        Name of each neuron of the source population, in order of index.
    target_names : sequence of str, optional
        Name of each neuron of the target population. Default: `names`.

    Raises
    ------
    NeurosimError
        If the file is missing or has no valid header. Errors in later lines, and a file that has
        changed in the meantime, are reported with the line number when the network is built.

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

    Neurons with names:

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
    """Offset of the first edge (bytes)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.delimiter not in (None, *DELIMITERS):
            raise NeurosimError(
                f"CSVEdges.delimiter = {show(self.delimiter)} is not supported: choose ',', ';', "
                "a tab or a blank"
            )
        head = _head(self.path)
        delimiter, columns, start = self._header(head)
        rest = head[start:]
        lines = max(rest.count(b"\n"), 1)
        size = (self.n_bytes - start) * lines // max(len(rest), 1)
        set_fields(self, delimiter=delimiter, columns=columns, start=start, size=size)
        for name in (self.source, self.target):
            self.check_column(name)
        for label in ("names", "target_names"):
            set_fields(self, **{label: _checked_names(getattr(self, label), f"CSVEdges.{label}")})
        if self.target_names is not None and self.names is None:
            raise NeurosimError("CSVEdges.target_names is given without names: give both")
        if self.names is None and self._holds_names(rest):
            set_fields(self, names=self._find_names())

    def open(self, projection: Projection) -> CSVReader:
        """Return a reader of the edges of a projection."""
        return CSVReader(projection)

    def _header(self, head: bytes) -> tuple[str, tuple[str, ...], int]:
        """Return the delimiter, the column names and the offset (bytes) of the first edge."""
        start, comments, line = 0, [], b""
        for line in head.splitlines(keepends=True) or [b""]:
            start += len(line)
            comment = line.lstrip().startswith(COMMENT)
            if comment:
                comments.append((start, line.lstrip(b"# \t")))
            elif line.strip():
                break
        # A commented header, as NumPy writes it, counts only if there is no other one.
        for end, text in [(start, line), *reversed(comments)]:
            for delimiter in [self.delimiter] if self.delimiter else DELIMITERS:
                names = self._split(text, delimiter)
                if self.source in names and self.target in names:
                    return delimiter, names, end
        delimiter = self.delimiter or ","
        return delimiter, self._split(line, delimiter), start

    def _split(self, line: bytes, delimiter: str) -> tuple[str, ...]:
        """Return the names of the columns in a header."""
        try:
            names = splitter(delimiter)(line.removeprefix(b"\xef\xbb\xbf").decode())
        except (csv.Error, ValueError):
            raise NeurosimError(
                f"{self.path} does not begin with the names of its columns: add a header such as "
                "source,target,psp,delay"
            ) from None
        twice = [name for k, name in enumerate(names) if name in names[:k]]
        if twice and {self.source, self.target} & set(names):
            raise NeurosimError(f"{self.path} has two columns {show(twice[0])}: rename one of them")
        return tuple(names)

    def _ends(self, lines: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield the source and target fields of each line."""
        assert self.delimiter is not None
        source, target = (self.columns.index(name) for name in (self.source, self.target))
        for row in map(splitter(self.delimiter), lines):
            if len(row) > max(source, target):  # shorter rows are reported at build time
                yield row[source], row[target]

    def _holds_names(self, rest: bytes) -> bool:
        """Whether the first edge connects names, not numbers."""
        try:
            first = next(self._ends(rest.decode("utf-8", "replace").splitlines()), ())
        except csv.Error:
            return False
        return any(word and not _NUMBER.fullmatch(word) for word in first)

    def _find_names(self) -> tuple[str, ...]:
        """Return all names in the file in order of first appearance."""
        found: dict[str, None] = {}
        try:
            with open(self.path, encoding="utf-8", newline="\n") as file:
                file.seek(self.start)
                for ends in self._ends(short_lines(file, self.path)):
                    found |= dict.fromkeys(ends)
                    if len(found) > MAX_NAMES:
                        raise NeurosimError(
                            f"{self.path} has more than {MAX_NAMES:,} names of neurons: use indices"
                        )
        except (csv.Error, UnicodeDecodeError) as error:
            raise NeurosimError(
                f"{self.path} is not a valid table of edges in UTF-8 ({error})"
            ) from None
        return tuple(found)


def _checked_names(given: Any, label: str) -> tuple[str, ...] | None:
    """Return names of neurons as a tuple of distinct strings; None stays None."""
    if given is None:
        return None
    names = () if isinstance(given, str) or not hasattr(given, "__iter__") else tuple(given)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise NeurosimError(f"{label} = {show(given)}: give a list of strings, one for each neuron")
    if len(set(names)) < len(names):
        twice = next(name for k, name in enumerate(names) if name in names[:k])
        raise NeurosimError(f"{label} contains {show(twice)} twice: names must be unique")
    return names


def _head(path: str) -> bytes:
    """Return the first bytes of a text file."""
    try:
        with open(path, "rb") as file:
            head = file.read(MAX_LINE_BYTES)
    except OSError as error:
        raise NeurosimError(
            f"{path} cannot be read ({error.strerror}): give a text file with a list of edges"
        ) from None
    if head.startswith(b"\x1f\x8b"):
        raise NeurosimError(f"{path} is compressed: unpack it with gunzip {show(Path(path).name)}")
    if b"\0" in head:
        raise NeurosimError(f"{path} is not a text file: give a CSV file, or use SonataEdges")
    if b"\n" not in head and len(head) == MAX_LINE_BYTES:
        raise NeurosimError(
            f"{path} has a first line longer than {MAX_LINE_BYTES:,} bytes: add a header with the "
            "names of the columns"
        )
    return head
