"""Figures of scenarios: pages of panels in one style."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import neurosim as ns
from neurosim.plot import draw_levels as draw_levels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    import bridge

# Colours of spiking neurons, of logistic neurons given by a formula, and of trained ones.
SPIKING, LOGISTIC, TRAINED = "#009E73", "0.55", "#CC79A7"


@dataclass(frozen=True)
class Panel:
    """One pair of axes of a page; made by `panel`."""

    draw: Callable[[Axes], object]
    legend: Any
    labels: dict[str, Any]


def panel(
    draw: Callable[..., object], *arguments: object, legend: Any = "", **labels: Any
) -> Panel:
    """Describe one panel of a page.

    Parameters
    ----------
    draw : callable
        Draws into axes: ``draw(axes, *arguments)``.
    *arguments
        Further arguments of `draw`.
    legend : str
        Location of a legend inside the panel, such as "upper left". Default: none.
    **labels
        Arguments of ``Axes.set``: title, xlabel, ylabel, xlim, yticks, … They are set after
        drawing.
    """
    return Panel(lambda axes: draw(axes, *arguments), legend, labels)


def page(
    title: str,
    *panels: Panel,
    columns: int | None = None,
    size: tuple[float, float] | None = None,
    mosaic: str = "",
    legend: int = 0,
    colourbar: str = "",
    **grid: Any,
) -> Figure:
    """Draw panels on one page.

    Parameters
    ----------
    title : str
        Message of the figure.
    *panels : Panel
        In reading order.
    columns : int, optional
        Default: all panels side by side, at most three.
    size : (float, float), optional
        Width and height (inches). Default: 4.2 × 3.5 for each panel, 6.4 × 4.0 for a single one.
    mosaic : str
        Layout as for ``Figure.subplot_mosaic``, such as "AB;CC"; panel 1 is A, panel 2 is B.
    legend : int
        Number of columns of a legend below all panels, with each label once. Default: no such
        legend.
    colourbar : str
        Label of a colour bar, at the right, for the first image of the last panel that has one.
        Default: no colour bar.
    **grid
        Arguments of ``Figure.subplots``, such as sharex, height_ratios. If both axes are shared,
        only the outer panels show their labels.
    """
    columns = columns or min(3, len(panels))
    rows = -(-len(panels) // columns)
    if size is None:
        size = (6.4, 4.0) if len(panels) == 1 else (4.2 * columns, 0.4 + 3.5 * rows)
    fig = ns.plot.figure(*size)
    with ns.plot.style():
        if mosaic:
            places = fig.subplot_mosaic(mosaic, **grid)
            axes = [places[letter] for letter in sorted(places)]
        else:
            axes = ns.plot.panels(fig, rows, columns, **grid)
        for ax, described in zip(axes, panels, strict=False):
            described.draw(ax)
            ax.set(**described.labels)
            if "xticklabels" in described.labels:  # no minor ticks on logarithmic axes
                ax.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
            if "yticklabels" in described.labels:
                ax.tick_params(axis="y", which="minor", left=False, labelleft=False)
            if described.legend and ax.get_legend_handles_labels()[0]:
                ax.legend(loc=described.legend)
            if grid.get("sharex") and grid.get("sharey"):
                ax.label_outer()
        for unused in axes[len(panels) :]:
            unused.set_axis_off()
        if legend:
            _common_legend(fig, axes, legend)
        if colourbar:
            _colourbar(fig, axes, colourbar)
        ns.plot.set_title(fig, title)
    return fig


def _common_legend(fig: Figure, axes: list[Axes], columns: int) -> None:
    """Add a legend below all panels, with each label once."""
    entries: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    fig.legend(list(entries.values()), list(entries), loc="outside lower center", ncols=columns)


def _colourbar(fig: Figure, axes: list[Axes], label: str) -> None:
    """Add a colour bar for the last panel with a plane or an image."""
    from matplotlib.collections import QuadMesh
    from matplotlib.image import AxesImage

    planes = [
        image
        for ax in axes
        for image in (*ax.images, *ax.collections)
        if isinstance(image, (AxesImage, QuadMesh))
    ]
    low, high = planes[-1].get_clim()
    bar = fig.colorbar(planes[-1], ax=axes, label=label, ticks=np.linspace(low, high, 5))
    if (low, high) == (0.0, 1.0) and isinstance(planes[-1], QuadMesh):
        bar.ax.axhline(0.5, color="white", lw=1.5)  # as the contour in the plane


def label(
    axes: Axes, x: float, y: float, text: str, colour: str = "black", side: str = "right"
) -> None:
    """Write text at a point: to its "left" or "right", "above", "below" or at its "centre"."""
    shifts = {"left": (-5, 0), "right": (5, 0), "above": (0, 4), "below": (0, -4)}
    horizontal = {"left": "right", "right": "left"}.get(side, "center")
    vertical = {"above": "bottom", "below": "top"}.get(side, "center")
    axes.annotate(
        text, (x, y), xytext=shifts.get(side, (0, 0)), textcoords="offset points", ha=horizontal,
        va=vertical, color=colour, fontsize=9,
    )  # fmt: skip


def draw_measures(
    axes: Axes, x: Sequence[float], measures: Sequence[bridge.Measure], **look: Any
) -> None:
    """Draw estimates with their 95 % intervals.

    Parameters
    ----------
    axes : Axes
    x : (n,) sequence of float
    measures : (n,) sequence of Measure
    **look
        Arguments of ``Axes.errorbar``.
    """
    found = np.array([(one.value, one.low, one.high) for one in measures], dtype=float)
    value, low, high = found.T
    options: dict[str, Any] = {"marker": "o", "ms": 4.5, "capsize": 2}
    axes.errorbar(x, value, np.stack([value - low, high - value]).clip(0.0), **options | look)
