"""Edge lists in files."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from neurosim.errors import NeurosimError
from neurosim.models.column import Column, is_per_edge
from neurosim.models.connection_rules import Rule
from neurosim.models.declare import parameter
from neurosim.models.quantity import is_distribution
from neurosim.utils.checks import is_scalar, nearest_name, show


def as_path(value: Any, what: str, *_: Any) -> str:
    """Return the absolute path of a file."""
    if not isinstance(value, (str, os.PathLike)) or "\0" in os.fsdecode(value):
        raise NeurosimError(f"{what} = {show(value)} is no path: give one of a file")
    return os.path.abspath(os.fsdecode(value))


def as_text(value: Any, what: str, *_: Any) -> str:
    """Return `value` if it is a text with something in it."""
    if not isinstance(value, str) or not value:
        raise NeurosimError(f"{what} = {show(value)} is no name: give a text")
    return value


@dataclass(frozen=True)
class EdgeFile(Rule, abstract=True):
    """What lists of edges in files have in common: they must not change once they are described.

    Parameters
    ----------
    path : path-like
    sha256 : str, optional
        Digest of the content, by which a saved description knows its files again.
    """

    random = False
    path: str = parameter(help="the file", check=as_path)
    sha256: str | None = field(default=None, kw_only=True)
    columns: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """Names of what is there for each edge."""
    size: int = field(init=False, repr=False, compare=False)
    """Number of edges; of a text an estimate, as only its head has been read."""
    _stamps: dict[str, tuple[int, ...]] = field(init=False, repr=False, compare=False)

    paths: ClassVar[tuple[str, ...]] = ("path",)
    """Fields that name files."""

    def __post_init__(self) -> None:
        super().__post_init__()
        paths = [getattr(self, name) for name in self.paths]
        stamps = {path: _stamp(path) for path in paths if path is not None}
        object.__setattr__(self, "_stamps", stamps)

    def expected_synapses(self, n_sources: int, n_targets: int, *, n_common: int) -> float:
        """Return the number of edges; of a text an estimate."""
        return self.size

    def strength_or_delay(self, value: Any, what: str) -> Any:
        """Return a strength or a delay; a name becomes a `Column`."""
        if isinstance(value, str):
            value = Column(value)
        if is_per_edge(value):
            self.check_column(value.name)
            if value.minimum is not None and what != "delay":
                raise NeurosimError(
                    f"{what} = {value} has a minimum, which only delays may have: leave it out"
                )
        elif value is not None and not is_distribution(value) and not is_scalar(value):
            raise NeurosimError(
                f"{what} is an array, but the connections are in a file: name the column that has "
                "it, or give a number or a distribution"
            )
        return value

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

    def with_digest(self) -> Self:
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
