"""The table, the figure and the messages of `neurosim sweep`."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

from neurosim.cli.failures import Status
from neurosim.cli.folder import write_figure
from neurosim.cli.report import counted, info
from neurosim.experiments.settings import format_value
from neurosim.experiments.sweep import SweepFolder, format_cell, read_table
from neurosim.utils.atomic_files import atomic_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from neurosim.experiments.sweep import Table

CSV, FIGURE = "sweep.csv", "sweep.png"
MAX_ROWS = 60
"""Largest number of cells of the grid that are printed."""
MAX_COLUMNS = 4
"""Number of findings that are printed by default."""
MAX_FAILURES = 5


def redraw_sweep(folder: Path) -> list[str]:
    """Redraw the table and figure of a sweep with the points completed so far.

    Returns
    -------
    list of str
        Paths of the files.
    """
    saved = SweepFolder(folder)
    return write_table(read_table(saved.sweep(), saved), folder)


def write_table(table: Table, folder: Path, show: Sequence[str] = ()) -> list[str]:
    """Write the table of a sweep, and its figure if there are findings.

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

        files.append(folder / FIGURE)
        write_figure(draw_sweep(table, show), files[1])
    return list(map(str, files))


def print_table(table: Table, show: Sequence[str] = ()) -> None:
    """Print means over seeds with intervals to stderr, one line per grid cell."""
    names = table.check(show) or table.varying(MAX_COLUMNS)
    heads = [f"{a.name} ({a.unit})" if a.unit else a.name for a in table.sweep.grid]
    settings = [tuple(map(format_value, cell.values())) for cell in table.sweep.cells()]
    columns = [*zip(*settings, strict=True), *(_estimates(table, name) for name in names)]
    lines = [(*heads, *names), *zip(*columns, strict=True)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines[: MAX_ROWS + 1]:
        words = (word.ljust(width) for word, width in zip(line, widths, strict=True))
        print("  " + "  ".join(words).rstrip(), file=sys.stderr)
    if len(lines) > MAX_ROWS + 1:
        print(f"  … {len(lines) - MAX_ROWS - 1:,} more in {CSV}", file=sys.stderr)


def print_outcome(table: Table) -> Status:
    """Print the outcome of a sweep to stderr, and return the exit status."""
    done, size = len(table.cells), table.sweep.size
    info(f"{table.sweep.scenario.name}: {done:,} of {counted(size, 'point')} completed")
    if table.failures:
        info(f"{counted(len(table.failures), 'point')} failed")
        for failure in table.failures[:MAX_FAILURES]:
            point = f"{format_cell(failure.cell)}, seed {failure.seed}"
            print(f"  {point}: {failure.reason}", file=sys.stderr)
        if len(table.failures) > MAX_FAILURES:
            print(f"  … {len(table.failures) - MAX_FAILURES:,} more in {CSV}", file=sys.stderr)
    if table.missing:
        info(f"repeat the command to run the {counted(table.missing, 'missing point')}")
    if table.interrupted:
        return Status.INTERRUPTED
    if any(failure.kind == "defect" for failure in table.failures):
        return Status.INTERNAL_ERROR
    return Status.USER_ERROR if table.failures else Status.SUCCESS


def _estimates(table: Table, name: str) -> list[str]:
    """Return means with intervals as text.

    The number of seeds is included if some are missing.
    """
    found, seeds = table.estimate(name), len(table.sweep.seeds)
    show = _fraction if name in table.fractions else _mean
    parts = (array.ravel().tolist() for array in (found.mean, found.low, found.high, found.n))
    return [
        (show(mean, low, high) if n else "none") + ("" if n == seeds else f" ({n} of {seeds})")
        for mean, low, high, n in zip(*parts, strict=True)
    ]


def _fraction(mean: float, low: float, high: float) -> str:
    return f"{mean:.2f}" + ("" if math.isnan(low) else f" ({low:.2f} to {high:.2f})")


def _mean(mean: float, low: float, high: float) -> str:
    """Return a mean and its interval, rounded to two digits of the interval."""
    half = (high - low) / 2
    if not half > 1e-9 * abs(mean):
        return f"{mean:.6g}"
    if not 1e-4 < half < 1e6:
        return f"{mean:.6g} ± {half:.2g}"
    digits = max(0, 1 - math.floor(math.log10(half)))
    return f"{mean:.{digits}f} ± {half:.{digits}f}"
