"""Networks drawn as circles and arrows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import neurosim as ns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

Position = tuple[float, float]


def draw_diagram(
    axes: Axes,
    positions: Mapping[str, Position],
    texts: Mapping[str, str],
    arrows: Mapping[tuple[str, str], tuple[float, str]],
    *,
    size: float = 0.3,
    apart: float = 0.42,
) -> None:
    """Draw units as circles and connections as arrows.

    Parameters
    ----------
    axes : Axes
    positions : mapping of str to (float, float)
        Centre of each circle, by name.
    texts : mapping of str to str
        Text in each circle, by name.
    arrows : mapping of (str, str) to (float, str)
        Weight and label of each arrow, by source and target. The sign of the weight determines the
        colour.
    size : float
        Radius of the circles.
    apart : float
        Position of the labels, as a fraction of the distance from source to target.
    """
    from matplotlib.patches import Circle

    for (source, target), (weight, label) in arrows.items():
        (x0, y0), (x1, y1) = positions[source], positions[target]
        length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
        dx, dy = size * (x1 - x0) / length, size * (y1 - y0) / length
        colour = ns.plot.colour_of(weight)
        look = {"arrowstyle": "-|>", "color": colour, "lw": 1.4, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", (x1 - dx, y1 - dy), (x0 + dx, y0 + dy), arrowprops=look)
        at = (x0 + apart * (x1 - x0), y0 + apart * (y1 - y0))
        box = {"fc": "white", "ec": "none", "pad": 1.0}
        axes.text(*at, label, ha="center", va="center", fontsize=9, color=colour, bbox=box)
    for name, position in positions.items():
        axes.add_patch(Circle(position, size, fc="white", ec="black", lw=1.2, zorder=2))
        axes.text(*position, texts[name], ha="center", va="center", fontsize=9.5, zorder=3)
    axes.set_aspect("equal")
    axes.autoscale_view()
    axes.margins(0.03)
    axes.set_axis_off()
