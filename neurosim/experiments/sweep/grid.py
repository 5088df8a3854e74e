"""The points of a sweep: a grid of settings, with several seeds for each cell."""

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

    from neurosim.experiments.model_files import ModelFile
    from neurosim.experiments.scenario import Scenario


@dataclass(frozen=True)
class Axis:
    """A setting that a sweep varies.

    Attributes
    ----------
    name : str
    values : tuple
        All different, in the order given.
    unit : str
        Empty for a dimensionless number or a word.

    Examples
    --------
    >>> from neurosim.sweep import Axis
    >>> axis = Axis("sigma", (1.0, 2.0, 4.0), unit="mV")
    >>> axis.numeric
    True
    """

    name: str
    values: tuple[Any, ...]
    unit: str = ""

    @property
    def numeric(self) -> bool:
        """Whether all values are numbers."""
        return all(
            isinstance(value, (int, float)) and not isinstance(value, bool) for value in self.values
        )

    @property
    def labels(self) -> tuple[str, ...]:
        """The values as written on the command line."""
        return tuple(map(format_value, self.values))


@dataclass(frozen=True)
class Point:
    """One run of a sweep, as plain data that can be sent to another machine.

    Attributes
    ----------
    scenario : str
    settings : mapping
        All settings of the scenario, by name.
    seed : int
    dt, duration : float
        ms.
    file : bytes or None
        Content of the scenario file; None for an installed scenario.
    models : tuple of ModelFile
        Files that define the models used by the scenario file.
    """

    scenario: str
    settings: Mapping[str, Any]
    seed: int
    dt: float
    duration: float
    file: bytes | None = None
    models: tuple[ModelFile, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the identity of the point as JSON data, with the keys of ``run --json``."""
        return {
            "scenario": self.scenario,
            **_hashes(self.file, self.models),
            "settings": plain(self.settings),
            "seed": self.seed,
            "dt_ms": self.dt,
            "duration_ms": self.duration,
        }

    @property
    def key(self) -> str:
        """Name of the point's file: the first 64 bits of a hash of its identity."""
        text = json.dumps(self.as_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Sweep:
    """A scenario with varied and fixed settings, made by `describe`.

    Attributes
    ----------
    scenario : Scenario
    grid : tuple of Axis
    fixed : mapping
        Settings changed at all points alike.
    seeds : tuple of int
    dt, duration : float
        ms.
    models : tuple of ModelFile

    Examples
    --------
    >>> from neurosim.sweep import describe
    >>> described = describe("psp-summation", {"tau": [2.0, 5.0]}, seeds=2)
    >>> [point.seed for point in described.points()]
    [1, 1, 2, 2]
    """

    scenario: Scenario[Any]
    grid: tuple[Axis, ...]
    fixed: Mapping[str, Any]
    seeds: tuple[int, ...]
    dt: float
    duration: float
    models: tuple[ModelFile, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each axis."""
        return tuple(len(axis.values) for axis in self.grid)

    @property
    def size(self) -> int:
        """Number of points."""
        return math.prod(self.shape) * len(self.seeds)

    def cells(self) -> Iterator[dict[str, Any]]:
        """Yield the settings of each cell of the grid; the last axis varies fastest."""
        names = [axis.name for axis in self.grid]
        for values in product(*(axis.values for axis in self.grid)):
            yield dict(zip(names, values, strict=True))

    def points(self) -> Iterator[Point]:
        """Yield all cells with the first seed, then all with the next.

        An interrupted sweep therefore covers the whole grid.
        """
        for seed in self.seeds:
            for cell in self.cells():
                yield self.point(cell, seed)

    def point(self, cell: Mapping[str, Any], seed: int) -> Point:
        """Return the point of a cell and a seed.

        Raises
        ------
        NeurosimError
            If the scenario rejects the settings.
        """
        values = dataclasses.asdict(self.scenario.settings(**self.fixed, **cell))
        scenario, file = self.scenario.name, self.scenario.source_file
        return Point(scenario, values, seed, self.dt, self.duration, file, self.models)

    def as_dict(self) -> dict[str, Any]:
        """Return the arguments of `describe` as JSON data."""
        return {
            "scenario": self.scenario.name,
            **_hashes(self.scenario.source_file, self.models),
            "grid": {axis.name: plain(axis.values) for axis in self.grid},
            "settings": plain(self.fixed),
            "seeds": list(self.seeds),
            "dt_ms": self.dt,
            "duration_ms": self.duration,
        }


def format_cell(cell: Mapping[str, Any]) -> str:
    """Return the settings of a cell as text: "sigma=3, noise=escape".

    Examples
    --------
    >>> from neurosim.sweep import format_cell
    >>> format_cell({"sigma": 3.0, "noise": "escape"})
    'sigma=3, noise=escape'
    """
    return ", ".join(f"{name}={format_value(value)}" for name, value in cell.items())


def _hashes(file: bytes | None, models: tuple[ModelFile, ...]) -> dict[str, Any]:
    """Return hashes of the scenario file and of the model files, if there are any."""
    hashes: dict[str, Any] = {}
    if file is not None:
        hashes["file_sha256"] = hashlib.sha256(file).hexdigest()
    if models:
        hashes["models_sha256"] = {m.name: hashlib.sha256(m.source).hexdigest() for m in models}
    return hashes
