"""Base class of connection rules that read edges from files."""

from __future__ import annotations

import hashlib
import os
import stat
from abc import abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from neurosim.errors import NeurosimError
from neurosim.models.column import Column, is_per_edge
from neurosim.models.declare import parameter
from neurosim.models.quantity import is_distribution
from neurosim.models.rule import Rule
from neurosim.utils.checks import is_scalar, show, suggest
from neurosim.utils.frozen import set_fields

if TYPE_CHECKING:
    from neurosim.edges.readers import Reader
    from neurosim.network import Projection


def as_path(value: Any, name: str, *_: Any) -> str:
    """Return the absolute path of a file."""
    if not isinstance(value, (str, os.PathLike)) or "\0" in os.fsdecode(value):
        raise NeurosimError(f"{name} = {show(value)} is not a path: give the path of a file")
    return os.path.abspath(os.fsdecode(value))


def as_text(value: Any, name: str, *_: Any) -> str:
    """Return `value`; raise an error if it is not a non-empty string."""
    if not isinstance(value, str) or not value:
        raise NeurosimError(f"{name} = {show(value)} is not a name: give a non-empty string")
    return value


@dataclass(frozen=True)
class EdgeFile(Rule, abstract=True):
    """Base class of connection rules that read edge lists from files.

    A file must not change after the rule has been created.

    Parameters
    ----------
    path : path-like
    sha256 : str, optional
        Digest of the content, by which a saved network identifies the file.
    """

    random = False
    path: str = parameter(help="the file", check=as_path)
    sha256: str | None = field(default=None, kw_only=True)
    columns: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """Names of the columns or attributes."""
    size: int = field(init=False, repr=False, compare=False)
    """Number of edges; an estimate for text files, of which only the head has been read."""
    _stamps: dict[str, tuple[int, ...]] = field(init=False, repr=False, compare=False)

    paths: ClassVar[tuple[str, ...]] = ("path",)
    """Fields that name files."""

    def __post_init__(self) -> None:
        super().__post_init__()
        paths = [getattr(self, name) for name in self.paths]
        set_fields(self, _stamps={path: _stamp(path) for path in paths if path is not None})

    @abstractmethod
    def open(self, projection: Projection) -> Reader:
        """Return a reader of the edges of a projection."""

    def expected_synapses(self, n_sources: int, n_targets: int, *, n_common: int) -> float:
        """Return the number of edges; an estimate for text files."""
        return self.size

    def strength_or_delay(self, value: Any, name: str) -> Any:
        """Return a checked strength or delay; a name becomes a `Column`."""
        if isinstance(value, str):
            value = Column(value)
        if is_per_edge(value):
            self.check_column(value.name)
            if value.minimum is not None and name != "delay":
                raise NeurosimError(
                    f"{name} = {value} has a minimum, which only delays may have: leave it out"
                )
        elif value is not None and not is_distribution(value) and not is_scalar(value):
            raise NeurosimError(
                f"{name} is an array, but the connections are in a file: give the name of a "
                "column, a number or a distribution"
            )
        return value

    @property
    def n_bytes(self) -> int:
        """Size of the file."""
        return self._stamps[self.path][0]

    def check_column(self, name: str) -> None:
        """Raise an error if the file has no column of this name."""
        if name not in self.columns:
            raise NeurosimError(
                f"{self.path} has no column {show(name)}: {suggest(name, self.columns)}"
            )

    def check_unchanged(self) -> None:
        """Raise an error if the size or modification time of a file has changed.

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
        """Raise an error if the content of a file differs from the saved digest.

        Raises
        ------
        NeurosimError
        """
        self.check_unchanged()
        if self.sha256 is not None and self.sha256 != self._digest():
            raise NeurosimError(
                f"{self.path} is not the file that the network was saved with: restore that file"
            )

    def with_digest(self) -> Self:
        """Return the rule with the digest of its files, to be saved.

        Raises
        ------
        NeurosimError
            If a file has changed since it was described.
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
    """Return the size (bytes) and the modification time (ns) of a file."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise NeurosimError(
            f"{path} cannot be read ({error.strerror}): give a file with a list of edges"
        ) from None
    if not stat.S_ISREG(status.st_mode):
        raise NeurosimError(f"{path} is not a regular file: give a file with a list of edges")
    return status.st_size, status.st_mtime_ns
