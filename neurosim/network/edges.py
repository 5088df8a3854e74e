"""Edge lists in files: connections too many to be listed in memory, and what goes with each."""

from __future__ import annotations

import csv
import hashlib
import os
import stat
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self

from neurosim.errors import NeurosimError
from neurosim.network.checks import check_number, nearest_name, show

LONGEST_LINE = 2**16
"""Bytes of a line of text."""
LARGEST_FACTOR = 1e24
"""Largest factor of a column: times the strongest weight it is still finite in 32 bits."""
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}


@dataclass(frozen=True)
class Column:
    r"""One value for each edge of a file, out of a column or a dataset of that name.

    Where `Network.connect` is given a name as psp, weight or delay, it becomes one of these.

    Parameters
    ----------
    name : str
    factor : float
        By which the values in the file are multiplied, to come to mV, pA or ms.

    Examples
    --------
    A file with delays in seconds:

    >>> import tempfile
    >>> import neurosim as ns
    >>> path = tempfile.mkdtemp() + "/edges.csv"
    >>> with open(path, "w") as file:
    ...     _ = file.write("source,target,delay_s\n0,1,0.002\n")
    >>> net = ns.Network()
    >>> exc = net.add("exc", 2, ns.LIF())
    >>> one = net.connect(exc, exc, ns.CSVEdges(path), psp=0.5, delay=ns.Column("delay_s", 1e3))
    >>> ns.Simulation(net).run(1.0).stats.synapses
    1
    """

    name: str
    factor: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise NeurosimError(f"Column.name = {show(self.name)} is no text: give a column's name")
        factor = check_number(self.factor, "Column.factor", "", -LARGEST_FACTOR, LARGEST_FACTOR)
        object.__setattr__(self, "factor", factor)

    def scaled(self, factor: float) -> Column:
        """Return the column of `factor` times the values."""
        return Column(self.name, self.factor * factor)


@dataclass(frozen=True)
class EdgeFile:
    """What lists of edges in files have in common: they must not change once they are described.

    Parameters
    ----------
    path : path-like
    sha256 : str, optional
        Digest of the content, by which a saved description knows its files again.
    """

    path: str
    sha256: str | None = field(default=None, kw_only=True)
    columns: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """Names of what is there for each edge."""
    size: int = field(init=False, repr=False, compare=False)
    """Number of edges; of a text an estimate, as only its head has been read."""
    _stamps: dict[str, tuple[int, ...]] = field(init=False, repr=False, compare=False)

    paths: ClassVar[tuple[str, ...]] = ("path",)
    """Fields that name files."""

    def __post_init__(self) -> None:
        stamps = {}
        for name in self.paths:
            given = getattr(self, name)
            if given is None and name != "path":
                continue
            what = f"{type(self).__name__}.{name}"
            if not isinstance(given, (str, os.PathLike)) or "\0" in os.fsdecode(given):
                raise NeurosimError(f"{what} = {show(given)} is no path: give one of a file")
            path = os.path.abspath(os.fsdecode(given))
            object.__setattr__(self, name, path)
            stamps[path] = _stamp(path)
        object.__setattr__(self, "_stamps", stamps)

    @property
    def n_bytes(self) -> int:
        """Size of the file."""
        return self._stamps[self.path][0]

    def check_column(self, name: str) -> None:
        """Refuse a name that the file has no column of."""
        if name not in self.columns:
            raise NeurosimError(
                f"{self.path} has no column {show(name)}: {nearest_name(name, self.columns)}"
            )

    def check_unchanged(self) -> None:
        """Refuse a file that is not the one that was described, by its size and its time.

        Raises
        ------
        NeurosimError
        """
        for path, stamp in self._stamps.items():
            if _stamp(path) != stamp:
                raise NeurosimError(
                    f"{path} has changed since it was described: describe the network again"
                )

    def check_content(self) -> None:
        """Refuse files whose content is not what a saved description says it was.

        Raises
        ------
        NeurosimError
        """
        self.check_unchanged()
        if self.sha256 is not None and self.sha256 != self._digest():
            raise NeurosimError(
                f"{self.path} is not the file that the network was saved with: put that one back"
            )

    def sealed(self) -> Self:
        """Return the same with the digest of its content, to be saved.

        Raises
        ------
        NeurosimError
            Where a file has changed since it was described.
        """
        if self.sha256 is not None:
            return self
        self.check_unchanged()
        return replace(self, sha256=self._digest())

    def _digest(self) -> str:
        whole = hashlib.sha256()
        for path in self._stamps:
            with open(path, "rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").digest())
        return whole.hexdigest()


def _stamp(path: str) -> tuple[int, ...]:
    """Return what tells whether a file is still the same: its size (bytes) and its time (ns)."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise NeurosimError(
            f"{path} cannot be read ({error.strerror}): give a file with a list of edges"
        ) from None
    if not stat.S_ISREG(status.st_mode):
        raise NeurosimError(f"{path} is no file: give one with a list of edges")
    return status.st_size, status.st_mtime_ns


@dataclass(frozen=True)
class CSVEdges(EdgeFile):
    r"""The connections that a text lists: a line with the names of its columns, then one each.

    The file is read in blocks when the network is built, so that it may be larger than memory;
    only its first lines are looked at before. Strengths and delays are its columns too where
    `Network.connect` is given their names.

    Parameters
    ----------
    path : path-like
        Not compressed.
    source, target : str
        Names of the columns with the indices, from 0, within the two populations.
    delimiter : str
        Between columns: a comma, a semicolon or a tab.

    Raises
    ------
    NeurosimError
        Where the file is missing, or is no such text. What is wrong further down is told, with its
        line, when the network is built; so is a file that has changed since.

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
    """

    source: str = "source"
    target: str = "target"
    delimiter: str = ","
    start: int = field(init=False, repr=False, compare=False)
    """Byte at which the first edge begins."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.delimiter not in DELIMITERS:
            raise NeurosimError(
                f"CSVEdges.delimiter = {show(self.delimiter)} is none: give ',', ';' or a tab"
            )
        head = _head(self.path)
        first, end, rest = head.partition(b"\n")
        object.__setattr__(self, "columns", self._names(first))
        object.__setattr__(self, "start", len(first) + len(end))
        lines = max(rest.count(b"\n"), 1)
        estimate = (self.n_bytes - self.start) * lines // max(len(rest), 1)
        object.__setattr__(self, "size", estimate)
        for name in (self.source, self.target):
            self.check_column(name)

    def _names(self, line: bytes) -> tuple[str, ...]:
        """Return the names of the columns."""
        try:
            text = line.removeprefix(b"\xef\xbb\xbf").decode()
            (names,) = csv.reader([text.rstrip("\r")], delimiter=self.delimiter, strict=True)
        except (csv.Error, ValueError):
            raise NeurosimError(
                f"{self.path} does not begin with the names of its columns: give a line such as "
                "source,target,psp,delay"
            ) from None
        names = [name.strip() for name in names]
        twice = [name for k, name in enumerate(names) if name in names[:k]]
        if twice:
            raise NeurosimError(
                f"{self.path} has two columns {show(twice[0])}: give each a name of its own"
            )
        return tuple(names)


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


def check_text(value: Any, what: str) -> str:
    """Return `value` if it is a text with something in it."""
    if not isinstance(value, str) or not value:
        raise NeurosimError(f"{what} = {show(value)} is no name: give a text")
    return value
