"""What a sweep found against what it varied: curves with intervals, or maps."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from itertools import islice, product
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.plot.style import PALETTE, figure, panels, style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from neurosim.experiments.sweep import Axis, Estimate, Table

MOST_FINDINGS = 6
MOST_SLICES = 6
"""Most places of the third and further axes that are drawn beside each other."""
MOST_TICKS = 7
UNITS = {
    **{unit.casefold(): unit for unit in ("mV", "Hz", "ms", "s", "pA", "pF", "nS", "dB")},
    "mv2": "mV²",
}
"""Units by which the names of findings end."""
COLOURS = "viridis"
"""Colours of maps: even steps to every eye (van der Walt & Smith 2015)."""


def draw_sweep(table: Table, show: Sequence[str] = ()) -> Figure:
    """Draw findings against the settings that a sweep varied, their means over seeds.

    The first setting that has several values is the horizontal axis. The second has colours, or
    where both are numbers and colours would be too many, the vertical axis of a map. Further ones
    have columns of panels.

    Parameters
    ----------
    table : Table
    show : sequence of str
        Findings; the first few that vary if empty.
    """
    view = _View.of(table)
    sliced = len(view.slices) > 1
    names = table.check(show) or table.varying(MOST_FINDINGS // 2 if sliced else MOST_FINDINGS)
    rows, columns = _layout(len(names), len(view.slices))
    width, height = (6.0, 4.0) if rows * columns == 1 else (3.3 * columns + 0.4, 2.7 * rows + 0.6)
    fig = figure(width, height)
    grid = panels(fig, rows, columns, sharey="row" if sliced else False)
    shown = list(product(names, view.slices))
    with style():
        for number, (axes, (name, place)) in enumerate(zip(grid, shown, strict=False)):
            estimate = table.estimate(name)
            if view.is_map:
                view.draw_map(axes, name, estimate, place)
            else:
                view.draw_curves(axes, estimate, place)
            _frame(axes, view, name)
            if sliced:
                axes.set_title(_at(view, place))
                axes.label_outer()
            if number + columns >= len(shown):
                axes.set_xlabel(_label(view.x))
        for axes in grid[len(shown) :]:
            axes.remove()
        if view.colour and not view.is_map:
            handles, labels = grid[0].get_legend_handles_labels()
            most_columns = max(1, int(width / 1.1))
            fig.legend(
                handles,
                labels,
                title=_label(view.colour),
                loc="outside lower center",
                ncols=min(len(labels), most_columns),
            )
        fig.suptitle(_title(table, view), fontsize=10, x=0.01, ha="left")
    return fig


@dataclass(frozen=True)
class _View:
    """Which axis of the grid is drawn how.

    Attributes
    ----------
    axes : tuple of Axis
    across : int
        Number of the horizontal axis.
    second : int or None
        Number of the axis that has colours, or the vertical one of a map.
    slices : tuple of tuple of int
        Places of all axes, those above being 0, that have panels of their own.
    n_slices : int
        How many there would be.
    """

    axes: tuple[Axis, ...]
    across: int
    second: int | None
    slices: tuple[tuple[int, ...], ...]
    n_slices: int

    @classmethod
    def of(cls, table: Table) -> _View:
        """Choose how to draw a table."""
        axes = table.sweep.grid
        varied = [number for number, axis in enumerate(axes) if len(axis.values) > 1] or [0]
        across, second = varied[0], varied[1] if len(varied) > 1 else None
        further = [len(axis.values) if k in varied[2:] else 1 for k, axis in enumerate(axes)]
        slices = tuple(islice(product(*map(range, further)), MOST_SLICES))
        return cls(axes, across, second, slices, int(np.prod(further)))

    @property
    def x(self) -> Axis:
        """The horizontal axis."""
        return self.axes[self.across]

    @property
    def colour(self) -> Axis | None:
        """The axis that has colours, or the vertical one of a map."""
        return None if self.second is None else self.axes[self.second]

    @property
    def is_map(self) -> bool:
        """Whether curves would be too many to tell apart."""
        colour = self.colour
        if colour is None or not (colour.numeric and self.x.numeric):
            return False
        return len(colour.values) > len(PALETTE)

    def cut(self, array: NDArray, place: tuple[int, ...]) -> NDArray:
        """Return what is drawn in one panel, of the shape (n_x, n_colours)."""
        free = (self.across, self.second)
        index = tuple(slice(None) if k in free else at for k, at in enumerate(place))
        part = array[index]
        return part.reshape(len(self.x.values), -1)

    def draw_curves(self, axes: Axes, estimate: Estimate, place: tuple[int, ...]) -> None:
        """Draw means with their intervals, a curve for each colour."""
        parts = (estimate.mean, estimate.low, estimate.high)
        mean, low, high = (self.cut(part, place) for part in parts)
        n = mean.shape[1]
        x = np.arange(len(mean)) if not self.x.numeric else np.array(self.x.values, float)
        aside = 0.0 if self.x.numeric else np.linspace(-0.15, 0.15, n) * (n > 1)
        labels = self.colour.words if self.colour else [""]
        for k, (label, colour) in enumerate(zip(labels, _colours(n), strict=True)):
            there = ~np.isnan(mean[:, k])
            # An interval that rounding has end on the wrong side of the mean ends there.
            half = np.maximum([mean[:, k] - low[:, k], high[:, k] - mean[:, k]], 0.0)[:, there]
            axes.errorbar(
                (x + np.broadcast_to(aside, n)[k])[there],
                mean[there, k],
                None if np.isnan(half).all() else np.nan_to_num(half),
                color=colour,
                ls="-" if self.x.numeric else "none",
                marker="o",
                ms=3.5,
                capsize=2.5,
                elinewidth=0.9,
                label=label,
            )

    def draw_map(self, axes: Axes, name: str, estimate: Estimate, place: tuple[int, ...]) -> None:
        """Draw means as colours, one field for each pair of values; grey where there is none."""
        mean = self.cut(estimate.mean, place)
        axes.set_facecolor("0.8")
        # All panels of a finding have one scale.
        least, most = np.nanmin(estimate.mean), np.nanmax(estimate.mean)
        shades = axes.pcolormesh(mean.T, cmap=COLOURS, vmin=least, vmax=most)
        axes.figure.colorbar(shades, ax=axes, pad=0.02, label=_finding(name))


def _frame(axes: Axes, view: _View, name: str) -> None:
    """Label a panel, but for the horizontal axis."""
    if view.is_map:
        assert view.colour
        _name_fields(axes, "x", view.x)
        _name_fields(axes, "y", view.colour)
        axes.set_ylabel(_label(view.colour))
        return
    axes.set_ylabel(_finding(name))
    axes.margins(y=0.08)
    axes.ticklabel_format(axis="y", useOffset=False)
    if not view.x.numeric:
        axes.set_xticks(range(len(view.x.values)), view.x.words)
        axes.set_xlim(-0.5, len(view.x.values) - 0.5)
    elif _geometric(view.x):
        axes.set_xscale("log")
        axes.set_xticks(*_few(view.x))
        axes.set_xticks([], minor=True)


def _name_fields(axes: Axes, which: str, axis: Axis) -> None:
    """Write values at the fields of a map that they belong to."""
    values, words = _few(axis)
    ticks = [axis.values.index(value) + 0.5 for value in values]
    axes.set(**{f"{which}ticks": ticks, f"{which}ticklabels": words})


def _few(axis: Axis) -> tuple[list[float], list[str]]:
    """Return not too many values of an axis, evenly spread, and their words."""
    every = -(-len(axis.values) // MOST_TICKS)
    values = list(axis.values[::every])
    return values, [f"{value:.4g}" for value in values]


def _at(view: _View, place: tuple[int, ...]) -> str:
    """Return in words where a panel is cut out of the grid."""
    further = [
        f"{axis.name} = {axis.words[k]} {axis.unit}".rstrip()
        for number, (axis, k) in enumerate(zip(view.axes, place, strict=True))
        if number not in (view.across, view.second) and len(axis.values) > 1
    ]
    return ", ".join(further)


def _title(table: Table, view: _View) -> str:
    seeds = len(table.sweep.seeds)
    mean = f"mean of {seeds} seeds" if seeds > 1 else f"seed {table.sweep.seeds[0]}"
    parts = [f"{table.sweep.scenario.name}: {mean}"]
    if seeds > 1 and not view.is_map:
        parts.append("95 % intervals")
    if len(table.cells) < table.sweep.size:
        parts.append(f"{len(table.cells):,} of {table.sweep.size:,} points")
    if view.n_slices > len(view.slices):
        parts.append(f"{len(view.slices)} of {view.n_slices} cuts through the grid")
    return ", ".join(parts)


def _layout(findings: int, slices: int) -> tuple[int, int]:
    """Return rows and columns of panels."""
    if slices > 1:
        return findings, slices
    columns = findings if findings <= 3 else (findings + 1) // 2
    return -(-findings // columns), columns


def _label(axis: Axis) -> str:
    words = axis.name.replace("_", " ")
    return f"{words} ({axis.unit})" if axis.unit else words


def _finding(name: str) -> str:
    """Return the name of a finding as a label: "rate_hz.exc" is "rate: exc (Hz)"."""
    words, units = [], ""
    for part in name.split("."):
        *first, last = part.split("_")
        if first and last in UNITS:
            per = "per " if first[-1] == "per" else ""
            units = f" ({per}{UNITS[last]})"
            words.append(" ".join(first[:-1] if per else first))
        else:
            words.append(" ".join([*first, last]))
    return textwrap.fill(": ".join(words) + units, 30)


def _colours(n: int) -> list[Any]:
    """Return colours of n curves; beyond the palette, steps from dark to light."""
    if n <= len(PALETTE):
        return list(PALETTE[:n])
    from matplotlib import colormaps

    return list(colormaps[COLOURS](np.linspace(0.0, 0.92, n)))


def _geometric(axis: Axis) -> bool:
    """Whether values are spaced more evenly on a logarithmic axis."""
    values = np.sort(np.array(axis.values, float))
    if len(values) < 3 or values[0] <= 0:
        return False
    steps, ratios = np.diff(values), np.diff(np.log(values))
    uneven = steps.max() / steps.min()
    return bool(uneven > 2.0 and ratios.max() / ratios.min() < uneven)
