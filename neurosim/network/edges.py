"""Edge lists in files, and the columns of them that hold strengths and delays."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.network.checks import check_number, nearest_name, show

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONGEST_DELAY = 1e5
"""ms."""
LARGEST_FACTOR = 1e24
"""Largest factor of a column: times the strongest weight it is still finite in 32 bits."""


@dataclass(frozen=True)
class Column:
    r"""One value per edge, from a column of a text or an attribute of a SONATA file.

    Where `Network.connect` is given a name as psp, weight or delay, it becomes one of these.

    Parameters
    ----------
    name : str
    factor : float
        Converts the values in the file to mV, pA or ms.
    minimum : float, optional
        Shortest delay (ms): shorter ones, 0 included, are raised to it. A spike needs at least
        one time step; files made for other simulators may have delays of 0.

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
    minimum: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise NeurosimError(f"Column.name = {show(self.name)} is no text: give a column's name")
        factor = check_number(self.factor, "Column.factor", "", -LARGEST_FACTOR, LARGEST_FACTOR)
        object.__setattr__(self, "factor", factor)
        if self.minimum is not None:
            minimum = check_number(self.minimum, "Column.minimum", "ms", 0.0, LONGEST_DELAY)
            object.__setattr__(self, "minimum", minimum)

    def scaled(self, factor: float) -> Column:
        """Return the column with values `factor` times as large."""
        return replace(self, factor=self.factor * factor)

    def convert(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values of a file in mV, pA or ms."""
        if self.factor != 1.0:
            values = values * self.factor
        if self.minimum is not None:
            values = np.where((values >= 0.0) & (values < self.minimum), self.minimum, values)
        return values


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


def check_text(value: Any, what: str) -> str:
    """Return `value` if it is a text with something in it."""
    if not isinstance(value, str) or not value:
        raise NeurosimError(f"{what} = {show(value)} is no name: give a text")
    return value
