"""Plots of the findings of a sweep: curves with intervals, or maps."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from itertools import islice, product
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.plot.style import PALETTE, figure, panels, set_title, style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from neurosim.experiments.sweep import Axis, Estimate, Table

    Index = tuple[int, ...]

MAX_FINDINGS = 6
MAX_SLICES = 6
"""Largest number of combinations of the third and further axes that are drawn."""
MAX_TICKS = 7
UNITS = {
    **{unit.casefold(): unit for unit in ("mV", "Hz", "ms", "s", "pA", "pF", "nS", "dB")},
    "mv2": "mV²",
}
"""Units that end the names of findings."""
COLOURS = "viridis"
"""Perceptually uniform colours of maps (van der Walt & Smith 2015)."""


def draw_sweep(table: Table, show: Sequence[str] = ()) -> Figure:
    """Plot the findings of a sweep against its settings, averaged over seeds.

    The first setting with several values is on the horizontal axis. The second is shown by colours
    or, if it has many values and both are numbers, on the vertical axis of a map. Further settings
    get columns of panels.

    Parameters
    ----------
    table : Table
    show : sequence of str
        Findings. Default: the first few that vary.
    """
    view = _View.of(table)
    sliced = len(view.slices) > 1
    names = table.check(show) or table.varying(MAX_FINDINGS // 2 if sliced else MAX_FINDINGS)
    rows, columns = _layout(len(names), len(view.slices))
    width, height = (6.0, 4.0) if rows * columns == 1 else (3.3 * columns + 0.4, 2.7 * rows + 0.6)
    fig = figure(width, height)
    grid = panels(fig, rows, columns, sharey="row" if sliced else False)
    shown = list(product(names, view.slices))
    with style():
        for number, (axes, (name, index)) in enumerate(zip(grid, shown, strict=False)):
            estimate = table.estimate(name)
            if view.is_map:
                view.draw_map(axes, name, estimate, index)
            else:
                view.draw_curves(axes, estimate, index)
            _label_panel(axes, view, name)
            if sliced:
                axes.set_title(_slice_title(view, index))
                axes.label_outer()
            if number + columns >= len(shown):
                axes.set_xlabel(_axis_label(view.x))
        for axes in grid[len(shown) :]:
            axes.remove()
        if view.colour and not view.is_map:
            handles, labels = grid[0].get_legend_handles_labels()
            fig.legend(
                handles,
                labels,
                title=_axis_label(view.colour),
                loc="outside lower center",
                ncols=min(len(labels), max(1, int(width / 1.1))),
            )
        set_title(fig, _title(table, view))
    return fig


@dataclass(frozen=True)
class _View:
    """Assignment of the axes of the grid to the axes of the figure.

    Attributes
    ----------
    axes : tuple of Axis
    across : int
        Index of the horizontal axis.
    second : int or None
        Index of the axis shown by colours, or of the vertical axis of a map.
    slices : tuple of tuple of int
        Indices into the grid, one for each column of panels; 0 for the two axes above.
    n_slices : int
        Number of slices before the limit of `MAX_SLICES`.
    """

    axes: tuple[Axis, ...]
    across: int
    second: int | None
    slices: tuple[Index, ...]
    n_slices: int

    @classmethod
    def of(cls, table: Table) -> _View:
        """Choose the view of a table."""
        axes = table.sweep.grid
        varied = [number for number, axis in enumerate(axes) if len(axis.values) > 1] or [0]
        across, second = varied[0], varied[1] if len(varied) > 1 else None
        further = [len(axis.values) if k in varied[2:] else 1 for k, axis in enumerate(axes)]
        slices = tuple(islice(product(*map(range, further)), MAX_SLICES))
        return cls(axes, across, second, slices, int(np.prod(further)))

    @property
    def x(self) -> Axis:
        """The horizontal axis."""
        return self.axes[self.across]

    @property
    def colour(self) -> Axis | None:
        """Setting shown by colours or, in a map, on the vertical axis."""
        return None if self.second is None else self.axes[self.second]

    @property
    def is_map(self) -> bool:
        """Whether there are too many curves to distinguish by colour."""
        colour = self.colour
        if colour is None or not (colour.numeric and self.x.numeric):
            return False
        return len(colour.values) > len(PALETTE)

    def select(self, array: NDArray, index: Index) -> NDArray:
        """Return the values of one panel, shape (n_x, n_colours)."""
        free = (self.across, self.second)
        selected = array[tuple(slice(None) if k in free else at for k, at in enumerate(index))]
        return selected.reshape(len(self.x.values), -1)

    def draw_curves(self, axes: Axes, estimate: Estimate, index: Index) -> None:
        """Draw means with error bars, one curve for each colour."""
        parts = (estimate.mean, estimate.low, estimate.high)
        mean, low, high = (self.select(part, index) for part in parts)
        n = mean.shape[1]
        x = np.arange(len(mean)) if not self.x.numeric else np.array(self.x.values, float)
        offset = 0.0 if self.x.numeric else np.linspace(-0.15, 0.15, n) * (n > 1)
        labels = self.colour.labels if self.colour else [""]
        for k, (label, colour) in enumerate(zip(labels, _colours(n), strict=True)):
            known = ~np.isnan(mean[:, k])
            # Rounding may put an end of the interval on the wrong side of the mean.
            half = np.maximum([mean[:, k] - low[:, k], high[:, k] - mean[:, k]], 0.0)[:, known]
            axes.errorbar(
                (x + np.broadcast_to(offset, n)[k])[known],
                mean[known, k],
                None if np.isnan(half).all() else np.nan_to_num(half),
                color=colour,
                ls="-" if self.x.numeric else "none",
                marker="o",
                ms=3.5,
                capsize=2.5,
                elinewidth=0.9,
                label=label,
            )

    def draw_map(self, axes: Axes, name: str, estimate: Estimate, index: Index) -> None:
        """Draw means as colours, one field for each pair of values; missing ones are grey."""
        axes.set_facecolor("0.8")
        # All panels of a finding share one scale.
        least, most = np.nanmin(estimate.mean), np.nanmax(estimate.mean)
        mean = self.select(estimate.mean, index)
        shades = axes.pcolormesh(mean.T, cmap=COLOURS, vmin=least, vmax=most)
        axes.figure.colorbar(shades, ax=axes, pad=0.02, label=_finding_label(name))


def _label_panel(axes: Axes, view: _View, name: str) -> None:
    """Set the ticks and the vertical label of a panel."""
    if view.is_map:
        assert view.colour
        _set_map_ticks(axes, "x", view.x)
        _set_map_ticks(axes, "y", view.colour)
        axes.set_ylabel(_axis_label(view.colour))
        return
    axes.set_ylabel(_finding_label(name))
    axes.margins(y=0.08)
    axes.ticklabel_format(axis="y", useOffset=False)
    if not view.x.numeric:
        axes.set_xticks(range(len(view.x.values)), view.x.labels)
        axes.set_xlim(-0.5, len(view.x.values) - 0.5)
    elif _geometric(view.x):
        axes.set_xscale("log")
        axes.set_xticks(*_ticks(view.x))
        axes.set_xticks([], minor=True)


def _set_map_ticks(axes: Axes, which: str, axis: Axis) -> None:
    """Label the fields of a map with their values."""
    values, labels = _ticks(axis)
    ticks = [axis.values.index(value) + 0.5 for value in values]
    axes.set(**{f"{which}ticks": ticks, f"{which}ticklabels": labels})


def _ticks(axis: Axis) -> tuple[list[float], list[str]]:
    """Return at most `MAX_TICKS` values of an axis, evenly spaced, with labels."""
    values = list(axis.values[:: -(-len(axis.values) // MAX_TICKS)])
    return values, [f"{value:.4g}" for value in values]


def _slice_title(view: _View, index: Index) -> str:
    """Return the values of the further settings in a panel."""
    further = [
        f"{axis.name} = {axis.labels[k]} {axis.unit}".rstrip()
        for number, (axis, k) in enumerate(zip(view.axes, index, strict=True))
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
        parts.append(f"{len(view.slices)} of {view.n_slices} slices of the grid")
    return ", ".join(parts)


def _layout(findings: int, slices: int) -> tuple[int, int]:
    """Return the numbers of rows and columns of panels."""
    if slices > 1:
        return findings, slices
    columns = findings if findings <= 3 else (findings + 1) // 2
    return -(-findings // columns), columns


def _axis_label(axis: Axis) -> str:
    words = axis.name.replace("_", " ")
    return f"{words} ({axis.unit})" if axis.unit else words


def _finding_label(name: str) -> str:
    """Return the name of a finding as a label: "rate_hz.exc" becomes "rate: exc (Hz)"."""
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
    """Return n colours from the palette.

    If the palette has fewer colours, they are a sequence from dark to light.
    """
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
