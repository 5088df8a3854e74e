"""Networks drawn as circles and arrows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

Place = tuple[float, float]


def draw_diagram(
    axes: Axes,
    places: Mapping[str, Place],
    texts: Mapping[str, str],
    arrows: Mapping[tuple[str, str], tuple[float, str]],
    *,
    size: float = 0.3,
    apart: float = 0.42,
) -> None:
    """Draw units as circles, and what leads from one to another as arrows.

    Parameters
    ----------
    axes : Axes
    places : mapping of str to (float, float)
        Centre of each circle, by name.
    texts : mapping of str to str
        What stands in the circles.
    arrows : mapping of (str, str) to (float, str)
        By source and target: a strength, whose sign gives the colour, and what stands beside.
    size : float
        Radius of the circles.
    apart : float
        Where on the arrow its words stand, as a share of the way.
    """
    from matplotlib.patches import Circle

    from neurosim import plot

    for (source, target), (strength, words) in arrows.items():
        (x0, y0), (x1, y1) = places[source], places[target]
        way = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
        dx, dy = (x1 - x0) / way, (y1 - y0) / way
        colour = plot.EXCITATORY if strength > 0 else plot.INHIBITORY
        axes.annotate(
            "",
            (x1 - size * dx, y1 - size * dy),
            (x0 + size * dx, y0 + size * dy),
            arrowprops={
                "arrowstyle": "-|>",
                "color": colour,
                "lw": 1.4,
                "shrinkA": 0,
                "shrinkB": 0,
            },
        )
        at = (x0 + apart * (x1 - x0), y0 + apart * (y1 - y0))
        box = {"fc": "white", "ec": "none", "pad": 1.0}
        axes.text(*at, words, ha="center", va="center", fontsize=9, color=colour, bbox=box)
    for name, place in places.items():
        axes.add_patch(Circle(place, size, fc="white", ec="black", lw=1.2, zorder=2))
        axes.text(*place, texts[name], ha="center", va="center", fontsize=9.5, zorder=3)
    axes.set_aspect("equal")
    axes.autoscale_view()
    axes.margins(0.03)
    axes.set_axis_off()
