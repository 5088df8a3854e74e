"""Findings of a sweep: a row per point, and means over seeds with intervals."""

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
from neurosim.experiments.settings import format_value
from neurosim.utils.atomic_files import plain
from neurosim.utils.checks import suggest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from neurosim.experiments.sweep.folder import SweepFolder
    from neurosim.experiments.sweep.grid import Sweep

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

LEVEL = 0.95
"""Confidence level of all intervals."""
MAX_NUMBERS = 50_000_000
"""Largest number of values in a table."""
MAX_DEPTH = 3
"""Deepest nesting of findings in groups."""


@dataclass(frozen=True)
class Failure:
    """A point without findings, with the reason.

    Attributes
    ----------
    cell : mapping
        Settings of the cell of the grid.
    seed : int
    reason : str
    kind : str
        "refused": rejected by neurosim, as recorded in the point's file; "killed": its workers
        died; "defect": an unexpected exception. Points of the last two kinds are run again by the
        next call.

    Examples
    --------
    >>> from neurosim.sweep import sweep
    >>> table = sweep("fi-curve", {"sigma": [1, 2, 4]}, out="noise", seeds=5)  # doctest: +SKIP
    >>> [(failure.cell, failure.reason) for failure in table.failures]  # doctest: +SKIP
    """

    cell: Mapping[str, Any]
    seed: int
    reason: str
    kind: Literal["refused", "killed", "defect"]


@dataclass(frozen=True, eq=False)
class Estimate:
    """A finding in each cell of the grid; all arrays have the shape of the grid.

    Attributes
    ----------
    mean : ndarray
        Mean over seeds; NaN where there are none.
    low, high : ndarray
        Ends of the 95 % confidence interval: Student's, or Wilson's (1927) for findings that are
        true or false. NaN where there are fewer than two seeds.
    n : ndarray of int
        Number of seeds with a value.

    Examples
    --------
    >>> from neurosim.sweep import sweep
    >>> table = sweep("fi-curve", {"sigma": [1, 2, 4]}, out="noise", seeds=5)  # doctest: +SKIP
    >>> rate = table.estimate("max_rate_hz")  # doctest: +SKIP
    >>> rate.mean, rate.low, rate.high  # doctest: +SKIP
    """

    mean: Floats
    low: Floats
    high: Floats
    n: Ints


@dataclass(frozen=True, eq=False)
class Table:
    """The completed points of a sweep, sorted by cell of the grid, then by seed.

    Attributes
    ----------
    sweep : Sweep
    cells : ndarray of int, shape (n_points,)
        Index of the cell of each point; the last axis of the grid varies fastest.
    seeds : ndarray of int, shape (n_points,)
    values : mapping of ndarray, each of shape (n_points,)
        Every finding that is a single number, by name, and the mean rate of each population, such
        as "rate_of_exc_hz". True is 1; NaN where a point has no such number.
    fractions : frozenset of str
        Names of the findings that are true or false.
    failures : tuple of Failure
    interrupted : bool
        Whether the sweep was stopped by Ctrl-C.

    Examples
    --------
    >>> from neurosim.sweep import sweep
    >>> table = sweep("fi-curve", {"sigma": [1, 2, 4]}, out="noise", seeds=5)  # doctest: +SKIP
    >>> print(table.as_csv())  # doctest: +SKIP
    """

    sweep: Sweep
    cells: Ints
    seeds: Ints
    values: Mapping[str, Floats]
    fractions: frozenset[str]
    failures: tuple[Failure, ...] = ()
    interrupted: bool = False

    @property
    def missing(self) -> int:
        """Number of points that the next call would run."""
        refused = sum(failure.kind == "refused" for failure in self.failures)
        return self.sweep.size - len(self.cells) - refused

    def estimate(self, name: str) -> Estimate:
        """Return the mean of a finding over seeds, with its confidence interval."""
        values = self.values[self.check([name])[0]]
        known = ~np.isnan(values)
        n_cells = math.prod(self.sweep.shape)
        cells, values = self.cells[known], values[known]
        n = np.bincount(cells, minlength=n_cells)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.bincount(cells, values, n_cells) / n
            if name in self.fractions:
                low, high = _wilson(mean, n)
            else:
                low, high = _student(cells, values, mean, n)
        low[n < 2] = high[n < 2] = np.nan
        shape = self.sweep.shape
        return Estimate(
            mean.reshape(shape), low.reshape(shape), high.reshape(shape), n.reshape(shape)
        )

    def check(self, names: Sequence[str]) -> list[str]:
        """Return names of findings; raise an error for unknown ones."""
        for name in names:
            if name not in self.values:
                hint = suggest(name, self.values)
                raise NeurosimError(f"no point has a single number called {name!r}: {hint}")
        return list(names)

    def varying(self, most: int) -> list[str]:
        """Return the first findings that vary between seeds, else between cells, else any."""
        one_group = np.zeros_like(self.cells)
        varied = [name for name, values in self.values.items() if _varies(values, one_group)]
        by_chance = [name for name in varied if _varies(self.values[name], self.cells)]
        return (by_chance or varied or list(self.values))[:most]

    def as_csv(self) -> str:
        """Return a CSV table with one line per point.

        The columns are the settings, the seed, all numbers, and the reason of a failure.
        """
        names = [axis.name for axis in self.sweep.grid]
        reserved = {*names, "seed", "error"}
        headers = [f"findings.{name}" if name in reserved else name for name in self.values]
        text = StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*names, "seed", *headers, "error"])
        cells = list(self.sweep.cells())
        for row, (cell, seed) in enumerate(zip(self.cells, self.seeds, strict=True)):
            numbers = (float(values[row]) for values in self.values.values())
            shown = ["" if math.isnan(number) else repr(number) for number in numbers]
            writer.writerow([*map(format_value, cells[cell].values()), seed, *shown, ""])
        for failure in self.failures:
            settings = map(format_value, failure.cell.values())
            writer.writerow([*settings, failure.seed, *[""] * len(headers), failure.reason])
        return text.getvalue()

    def as_dict(self) -> dict[str, Any]:
        """Return the estimates in each cell of the grid as JSON data."""
        estimates = {name: self.estimate(name) for name in self.values}
        rows = []
        for index, cell in zip(np.ndindex(self.sweep.shape), self.sweep.cells(), strict=True):
            findings = {
                name: {part: getattr(found, part)[index] for part in ("mean", "low", "high", "n")}
                for name, found in estimates.items()
            }
            rows.append({"settings": cell, "findings": findings})
        failed = [
            {"settings": f.cell, "seed": f.seed, "kind": f.kind, "reason": f.reason}
            for f in self.failures
        ]
        counts = {"points": self.sweep.size, "done": len(self.cells), "missing": self.missing}
        return plain(self.sweep.as_dict() | counts | {"failed": failed, "table": rows})


def read_table(sweep: Sweep, folder: SweepFolder) -> Table:
    """Return the content of a sweep's folder.

    Raises
    ------
    NeurosimError
        If a file is damaged, or there are more than `MAX_NUMBERS` values.

    Examples
    --------
    >>> import tempfile
    >>> from neurosim.sweep import SweepFolder, describe, read_table
    >>> described = describe("psp-summation", {"tau": [2.0, 5.0]}, seeds=2)
    >>> folder = SweepFolder(tempfile.mkdtemp())
    >>> folder.claim(described)
    >>> read_table(described, folder).missing
    4
    """
    present = folder.keys()
    rows: list[tuple[int, int]] = []
    failures: list[Failure] = []
    values: dict[str, Floats] = {}
    fractions: set[str] = set()
    for number, cell in enumerate(sweep.cells()):
        for seed in sweep.seeds:
            point = sweep.point(cell, seed)
            if point.key not in present:
                continue
            content = folder.read(point)
            if "error" in content:
                failures.append(Failure(cell, seed, content["error"], "refused"))
                continue
            for name, value in _numbers(content).items():
                if name not in values:
                    if (len(values) + 1) * sweep.size > MAX_NUMBERS:
                        raise NeurosimError(
                            f"the points have more than {len(values):,} findings, too many for a "
                            "table: read the points' files instead"
                        )
                    values[name] = np.full(sweep.size, np.nan)
                    fractions.add(name)
                if not isinstance(value, bool):
                    fractions.discard(name)
                values[name][len(rows)] = value
            rows.append((number, seed))
    cells, seeds = np.array(rows, np.int64).reshape(-1, 2).T
    columns = {name: column[: len(rows)] for name, column in values.items()}
    return Table(sweep, cells, seeds, columns, frozenset(fractions), tuple(failures))


def _numbers(content: Mapping[str, Any]) -> dict[str, float]:
    """Return the scalar findings and rates of a point, findings first."""
    rates = {f"rate_of_{name}_hz": rate for name, rate in content["rates_hz"].items()}
    findings = dict(_flat(content["findings"]))
    return findings | dict(_flat(rates)) | findings


def _flat(found: Mapping[str, Any], depth: int = 0) -> Iterator[tuple[str, float]]:
    """Yield each number in nested findings, named "group.name" within a group."""
    for name, value in found.items():
        if isinstance(value, dict) and depth < MAX_DEPTH:
            yield from ((f"{name}.{inner}", item) for inner, item in _flat(value, depth + 1))
        elif isinstance(value, (int, float)) and abs(value) <= sys.float_info.max:
            yield name, value


def _student(cells: Ints, values: Floats, mean: Floats, n: Ints) -> tuple[Floats, Floats]:
    """Return Student's confidence interval of a mean."""
    squares = np.bincount(cells, (values - mean[cells]) ** 2, len(n))
    half = stdtrit(np.maximum(n - 1, 1), (1 + LEVEL) / 2) * np.sqrt(squares / (n - 1) / n)
    return mean - half, mean + half


def _wilson(mean: Floats, n: Ints) -> tuple[Floats, Floats]:
    """Return Wilson's confidence interval of a proportion (JASA 22:209)."""
    z = stdtrit(np.inf, (1 + LEVEL) / 2)
    centre = (mean + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(mean * (1 - mean) / n + z**2 / (4 * n**2))
    return centre - half, centre + half


def _varies(values: Floats, groups: Ints) -> bool:
    """Return whether values differ within any group."""
    least = np.full(groups.max(initial=0) + 1, np.inf)
    most = -least
    np.fmin.at(least, groups, values)
    np.fmax.at(most, groups, values)
    return bool((most > least).any())
