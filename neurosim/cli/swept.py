"""What `neurosim sweep` makes of a sweep's points: table, picture, words."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

from neurosim.cli.folder import write_figure
from neurosim.cli.report import say
from neurosim.cli.status import Status
from neurosim.experiments.settings import format_value
from neurosim.experiments.sweep import SweepFolder, read_table, written
from neurosim.utils.atomic_files import atomic_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from neurosim.experiments.sweep import Table

CSV, PICTURE = "sweep.csv", "sweep.png"
MOST_LINES = 60
"""Most places of a grid that are printed."""
MOST_COLUMNS = 4
"""Most findings that are printed where none are chosen."""
MOST_FAILURES = 5


def redraw_sweep(folder: Path) -> list[str]:
    """Write table and picture of a sweep again, from the points that there are.

    Returns
    -------
    list of str
        Paths of the files.
    """
    kept = SweepFolder(folder)
    return write_table(read_table(kept.sweep(), kept), folder)


def write_table(table: Table, folder: Path, show: Sequence[str] = ()) -> list[str]:
    """Write a sweep's table, and its picture where there is anything to draw.

    Returns
    -------
    list of str
        Paths of the files.
    """
    files = [folder / CSV]
    with atomic_path(files[0]) as part:
        part.write_text(table.as_csv(), encoding="utf-8")
    if table.values:
        from neurosim.experiments.sweep.plot import draw_sweep

        files.append(folder / PICTURE)
        write_figure(draw_sweep(table, show), files[1])
    return list(map(str, files))


def print_table(table: Table, show: Sequence[str] = ()) -> None:
    """Write means over seeds with their intervals to stderr, a line for each place of the grid."""
    names = table.check(show) or table.varying(MOST_COLUMNS)
    units = [f" ({axis.unit})" if axis.unit else "" for axis in table.sweep.grid]
    heads = [axis.name + unit for axis, unit in zip(table.sweep.grid, units, strict=True)]
    found = [_estimates(table, name) for name in names]
    cells = [tuple(map(format_value, cell.values())) for cell in table.sweep.cells()]
    columns = [*zip(*cells, strict=True), *found]
    lines = [(*heads, *names), *zip(*columns, strict=True)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines[: MOST_LINES + 1]:
        words = (word.ljust(width) for word, width in zip(line, widths, strict=True))
        print("  " + "  ".join(words).rstrip(), file=sys.stderr)
    if len(lines) > MOST_LINES + 1:
        print(f"  … {len(lines) - MOST_LINES - 1:,} more in {CSV}", file=sys.stderr)


def tell_outcome(table: Table) -> Status:
    """Say what a sweep came to on stderr, and return the exit status."""
    done, size = len(table.cells), table.sweep.size
    say(f"{table.sweep.scenario.name}: {done:,} of {size:,} points done")
    if table.failures:
        say(f"{len(table.failures):,} points failed")
        for failure in table.failures[:MOST_FAILURES]:
            place = f"{written(failure.cell)}, seed {failure.seed}"
            print(f"  {place}: {failure.reason}", file=sys.stderr)
        if len(table.failures) > MOST_FAILURES:
            print(f"  … {len(table.failures) - MOST_FAILURES:,} more in {CSV}", file=sys.stderr)
    if table.missing:
        say(f"the same command goes on with the {table.missing:,} points that are missing")
    if table.interrupted:
        return Status.STOPPED
    if any(failure.kind == "defect" for failure in table.failures):
        return Status.DEFECT
    return Status.MISTAKE if table.failures else Status.DONE


def _estimates(table: Table, name: str) -> list[str]:
    """Return means with their intervals in words; for how many seeds, where not for all."""
    found, seeds = table.estimate(name), len(table.sweep.seeds)
    words = _share if name in table.fractions else _mean
    parts = (array.ravel().tolist() for array in (found.mean, found.low, found.high, found.n))
    return [
        (words(mean, low, high) if n else "none") + ("" if n == seeds else f" ({n} of {seeds})")
        for mean, low, high, n in zip(*parts, strict=True)
    ]


def _share(mean: float, low: float, high: float) -> str:
    return f"{mean:.2f}" + ("" if math.isnan(low) else f" ({low:.2f} to {high:.2f})")


def _mean(mean: float, low: float, high: float) -> str:
    """Return a mean with its interval, to two digits of the latter."""
    half = (high - low) / 2
    if not half > 1e-9 * abs(mean):
        return f"{mean:.6g}"
    if not 1e-4 < half < 1e6:
        return f"{mean:.6g} ± {half:.2g}"
    digits = max(0, 1 - math.floor(math.log10(half)))
    return f"{mean:.{digits}f} ± {half:.{digits}f}"
