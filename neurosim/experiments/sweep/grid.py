"""What a sweep is: the points of a grid of settings, each with several seeds."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from neurosim.experiments.settings import format_value
from neurosim.utils.atomic_files import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from neurosim.experiments.scenario import Scenario


@dataclass(frozen=True)
class Axis:
    """A setting that a sweep varies.

    Attributes
    ----------
    name : str
    values : tuple
        In the order given, all different.
    unit : str
        Empty for a pure number or a word.
    """

    name: str
    values: tuple[Any, ...]
    unit: str = ""

    @property
    def numeric(self) -> bool:
        """Whether all values are numbers, so that there is an axis to draw them on."""
        return all(
            isinstance(value, (int, float)) and not isinstance(value, bool) for value in self.values
        )

    @property
    def words(self) -> tuple[str, ...]:
        """The values as written on the command line."""
        return tuple(map(format_value, self.values))


@dataclass(frozen=True)
class Point:
    """One run of a sweep; the fields are plain data, for they travel to the machine that runs it.

    Attributes
    ----------
    scenario : str
    settings : mapping
        All settings of the scenario, by name.
    seed : int
    dt, duration : float
        ms.
    file : bytes or None
        Of a scenario that is a file, what that holds.
    """

    scenario: str
    settings: Mapping[str, Any]
    seed: int
    dt: float
    duration: float
    file: bytes | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return what identifies the point, JSON-able, named as in `run --json`."""
        return {
            "scenario": self.scenario,
            **_hash(self.file),
            "settings": plain(self.settings),
            "seed": self.seed,
            "dt_ms": self.dt,
            "duration_ms": self.duration,
        }

    @property
    def key(self) -> str:
        """The name of the point's file: 64 bits of a hash of what identifies it."""
        text = json.dumps(self.as_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Sweep:
    """A scenario, what is varied, and what is not; made by `describe`.

    Attributes
    ----------
    scenario : Scenario
    grid : tuple of Axis
    fixed : mapping
        Settings that are changed for all points alike.
    seeds : tuple of int
    dt, duration : float
        ms.
    """

    scenario: Scenario[Any]
    grid: tuple[Axis, ...]
    fixed: Mapping[str, Any]
    seeds: tuple[int, ...]
    dt: float
    duration: float

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each axis of the grid has."""
        return tuple(len(axis.values) for axis in self.grid)

    @property
    def size(self) -> int:
        """Number of points."""
        return math.prod(self.shape) * len(self.seeds)

    def cells(self) -> Iterator[dict[str, Any]]:
        """Yield what the grid sets at each of its places, the last axis running fastest."""
        names = [axis.name for axis in self.grid]
        for values in product(*(axis.values for axis in self.grid)):
            yield dict(zip(names, values, strict=True))

    def points(self) -> Iterator[Point]:
        """Yield all places of the grid with the first seed, then with the next.

        So a sweep that is cut short shows all of its grid.
        """
        for seed in self.seeds:
            for cell in self.cells():
                yield self.point(cell, seed)

    def point(self, cell: Mapping[str, Any], seed: int) -> Point:
        """Return the point at a place of the grid.

        Raises
        ------
        NeurosimError
            For settings that the scenario refuses.
        """
        settings = self.scenario.settings(**self.fixed, **cell)
        values = dataclasses.asdict(settings)
        file = self.scenario.source_file
        return Point(self.scenario.name, values, seed, self.dt, self.duration, file)

    def as_dict(self) -> dict[str, Any]:
        """Return the description, JSON-able: the arguments of `describe`."""
        return {
            "scenario": self.scenario.name,
            **_hash(self.scenario.source_file),
            "grid": {axis.name: plain(axis.values) for axis in self.grid},
            "settings": plain(self.fixed),
            "seeds": list(self.seeds),
            "dt_ms": self.dt,
            "duration_ms": self.duration,
        }


def written(cell: Mapping[str, Any]) -> str:
    """Return a place of the grid in words: "sigma=3, noise=escape"."""
    return ", ".join(f"{name}={format_value(value)}" for name, value in cell.items())


def _hash(file: bytes | None) -> dict[str, str]:
    return {} if file is None else {"file_sha256": hashlib.sha256(file).hexdigest()}
