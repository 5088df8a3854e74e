"""What a sweep found: a row for each point, and the mean over seeds with its interval."""

from __future__ import annotations

import csv
import math
import sys
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.special import stdtrit

from neurosim.errors import NeurosimError
from neurosim.experiments.settings import format_value, nearest
from neurosim.utils.atomic_files import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from neurosim.experiments.sweep.folder import SweepFolder
    from neurosim.experiments.sweep.grid import Sweep

Kind = Literal["refused", "killed", "defect"]

LEVEL = 0.95
"""Confidence level of all intervals."""
MOST_NUMBERS = 50_000_000
"""Most numbers that a table may hold."""
DEEPEST = 3
"""How deep figures may lie in findings that are named in groups."""


@dataclass(frozen=True)
class Failure:
    """A point without findings, and why.

    Attributes
    ----------
    cell : mapping
        What the grid sets there.
    seed : int
    reason : str
    kind : str
        "refused": by neurosim, which is kept in the point's file; "killed": its workers died;
        "defect": of neurosim or the scenario. The latter two are tried again by the next call.
    """

    cell: Mapping[str, Any]
    seed: int
    reason: str
    kind: Kind


@dataclass(frozen=True, eq=False)
class Estimate:
    """A finding at every place of the grid; all arrays have the shape of the grid.

    Attributes
    ----------
    mean : ndarray
        Over seeds, NaN where there are none.
    low, high : ndarray
        Ends of the 95 % interval: Student's, or Wilson's (1927) for what is true or false. NaN
        where there are too few seeds.
    n : ndarray of int
        Seeds for which there is a number.
    """

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Table:
    """The points of a sweep that have been run, ordered by grid, then seed.

    Attributes
    ----------
    sweep : Sweep
    cells : ndarray of int, shape (n_points,)
        Place of each point in the grid, counted with the last axis running fastest.
    seeds : ndarray of int, shape (n_points,)
    values : mapping of ndarray, each of shape (n_points,)
        Every finding that is one number, by name, and the mean rate of each population, as
        "rate_of_exc_hz". True is 1, and NaN stands where a point has no such number.
    fractions : frozenset of str
        Names of findings that are true or false.
    failures : tuple of Failure
    interrupted : bool
        Whether Ctrl-C ended the sweep.
    """

    sweep: Sweep
    cells: NDArray[np.int64]
    seeds: NDArray[np.int64]
    values: Mapping[str, NDArray[np.float64]]
    fractions: frozenset[str]
    failures: tuple[Failure, ...] = ()
    interrupted: bool = False

    @property
    def missing(self) -> int:
        """Number of points that the next call would run."""
        refused = sum(failure.kind == "refused" for failure in self.failures)
        return self.sweep.size - len(self.cells) - refused

    def estimate(self, name: str) -> Estimate:
        """Return the mean of a finding over seeds, with its interval."""
        values = self.values[self.check([name])[0]]
        there = ~np.isnan(values)
        n_cells = math.prod(self.sweep.shape)
        cells, values = self.cells[there], values[there]
        n = np.bincount(cells, minlength=n_cells)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.bincount(cells, values, n_cells) / n
            interval = _wilson if name in self.fractions else _student
            low, high = interval(cells, values, mean, n)
        low[n < 2] = high[n < 2] = np.nan
        shape = self.sweep.shape
        return Estimate(
            mean.reshape(shape), low.reshape(shape), high.reshape(shape), n.reshape(shape)
        )

    def check(self, names: Sequence[str]) -> list[str]:
        """Return names of findings, having refused unknown ones."""
        for name in names:
            if name not in self.values:
                near = nearest(name, self.values)
                hint = f"did you mean {near}?" if near else f"there are {', '.join(self.values)}"
                raise NeurosimError(f"no finding {name!r} is one number at any point: {hint}")
        return list(names)

    def varying(self, most: int) -> list[str]:
        """Return the first findings that chance varies; if none, that vary; if none, of all."""
        together = np.zeros_like(self.cells)
        varied = [name for name, values in self.values.items() if _varies(values, together)]
        by_chance = [name for name in varied if _varies(self.values[name], self.cells)]
        return (by_chance or varied or list(self.values))[:most]

    def as_csv(self) -> str:
        """Return one line for each point: the grid, the seed, every number, and why it failed."""
        names = [axis.name for axis in self.sweep.grid]
        taken = {*names, "seed", "error"}
        heads = [f"findings.{name}" if name in taken else name for name in self.values]
        text = StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*names, "seed", *heads, "error"])
        cells = list(self.sweep.cells())
        for row, (cell, seed) in enumerate(zip(self.cells, self.seeds, strict=True)):
            numbers = [_number(values[row]) for values in self.values.values()]
            writer.writerow([*map(format_value, cells[cell].values()), seed, *numbers, ""])
        for failure in self.failures:
            blank = [""] * len(heads)
            settings = map(format_value, failure.cell.values())
            writer.writerow([*settings, failure.seed, *blank, failure.reason])
        return text.getvalue()

    def as_dict(self) -> dict[str, Any]:
        """Return what was found at each place of the grid, JSON-able."""
        estimates = {name: self.estimate(name) for name in self.values}
        places = []
        for place, cell in zip(np.ndindex(self.sweep.shape), self.sweep.cells(), strict=True):
            findings = {
                name: {part: getattr(found, part)[place] for part in ("mean", "low", "high", "n")}
                for name, found in estimates.items()
            }
            places.append({"settings": cell, "findings": findings})
        failed = [
            {"settings": f.cell, "seed": f.seed, "kind": f.kind, "reason": f.reason}
            for f in self.failures
        ]
        counts = {"points": self.sweep.size, "done": len(self.cells), "missing": self.missing}
        return plain(self.sweep.as_dict() | counts | {"failed": failed, "table": places})


def read_table(sweep: Sweep, folder: SweepFolder) -> Table:
    """Return what a sweep's folder holds.

    Raises
    ------
    NeurosimError
        For a damaged file, or more numbers than a table may hold.
    """
    there = folder.keys()
    rows: list[tuple[int, int]] = []
    failures: list[Failure] = []
    columns = _Columns(sweep.size)
    for number, cell in enumerate(sweep.cells()):
        for seed in sweep.seeds:
            point = sweep.point(cell, seed)
            if point.key not in there:
                continue
            found = folder.read(point)
            if "error" in found:
                failures.append(Failure(cell, seed, found["error"], "refused"))
            else:
                columns.add(len(rows), found)
                rows.append((number, seed))
    cells, seeds = np.array(rows, np.int64).reshape(-1, 2).T
    values = {name: column[: len(rows)] for name, column in columns.values.items()}
    fractions = frozenset(columns.values) - columns.numbers
    return Table(sweep, cells, seeds, values, fractions, tuple(failures))


class _Columns:
    """Numbers by name, found point by point."""

    def __init__(self, rows: int) -> None:
        self.values: dict[str, NDArray[np.float64]] = {}
        self.numbers: set[str] = set()
        self._rows = rows

    def add(self, row: int, found: Mapping[str, Any]) -> None:
        rates = {f"rate_of_{name}_hz": rate for name, rate in found["rates_hz"].items()}
        findings = dict(_flat(found["findings"]))
        for name, value in (findings | dict(_flat(rates)) | findings).items():
            if name not in self.values:
                if (len(self.values) + 1) * self._rows > MOST_NUMBERS:
                    raise NeurosimError(
                        f"the points have more than {len(self.values):,} findings, too many for a "
                        "table: read the points' files themselves"
                    )
                self.values[name] = np.full(self._rows, np.nan)
            if not isinstance(value, bool):
                self.numbers.add(name)
            self.values[name][row] = value


def _flat(found: Mapping[str, Any], depth: int = 0) -> Iterator[tuple[str, float]]:
    """Yield every single number, those in groups as "group.name"."""
    for name, value in found.items():
        if isinstance(value, dict) and depth < DEEPEST:
            yield from ((f"{name}.{inner}", own) for inner, own in _flat(value, depth + 1))
        elif isinstance(value, (int, float)) and abs(value) <= sys.float_info.max:
            yield name, value


def _student(
    cells: NDArray[np.int64],
    values: NDArray[np.float64],
    mean: NDArray[np.float64],
    n: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends of Student's interval of a mean."""
    squares = np.bincount(cells, (values - mean[cells]) ** 2, len(n))
    half = stdtrit(np.maximum(n - 1, 1), (1 + LEVEL) / 2) * np.sqrt(squares / (n - 1) / n)
    return mean - half, mean + half


def _wilson(
    cells: NDArray[np.int64],
    values: NDArray[np.float64],
    mean: NDArray[np.float64],
    n: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends of Wilson's interval of a proportion (JASA 22:209)."""
    z = stdtrit(np.inf, (1 + LEVEL) / 2)
    centre = (mean + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(mean * (1 - mean) / n + z**2 / (4 * n**2))
    return centre - half, centre + half


def _varies(values: NDArray[np.float64], groups: NDArray[np.int64]) -> bool:
    """Return whether numbers differ within any group."""
    least = np.full(groups.max(initial=0) + 1, np.inf)
    most = -least
    np.fmin.at(least, groups, values)
    np.fmax.at(most, groups, values)
    return bool((most > least).any())


def _number(value: float) -> str:
    return "" if math.isnan(value) else repr(float(value))
