"""Figures that change many times per second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.backend_bases import Event
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox


class Painter:
    """Redraw only the artists that change: ten times as fast as drawing the figure again.

    Lines and markers are redrawn each time. Text and axes, which are slow, are redrawn only if they
    have changed; they must not overlap.

    Parameters
    ----------
    figure : Figure
    moving : sequence of Artist
        All artists that change.
    """

    def __init__(self, figure: Figure, moving: Sequence[Artist]) -> None:
        self._figure = figure
        self._canvas: Any = figure.canvas
        self._texts = [part for part in moving if isinstance(part, (Text, Axis))]
        marks = [part for part in moving if not isinstance(part, (Text, Axis))]
        self._marks = sorted(marks, key=lambda mark: mark.get_zorder())
        self._written: dict[Artist, tuple[object, Bbox | None]] = {}
        self._bare: Any = None
        self._still: Any = None
        # Other canvases cannot restore a region: they redraw the whole figure.
        if isinstance(self._canvas, FigureCanvasAgg):
            for part in moving:
                part.set_animated(True)
            self._canvas.mpl_connect("draw_event", self._drawn)
            self._canvas.mpl_connect("resize_event", self._resized)

    def paint(self) -> None:
        """Redraw the artists that have changed."""
        if self._bare is None:
            self._canvas.draw_idle()
            return
        self._canvas.restore_region(self._still)
        self._paint_changes()
        self._canvas.blit(self._figure.bbox)

    def _drawn(self, event: Event) -> None:
        """Save the background that has just been drawn, and draw the moving artists on it."""
        if self._canvas.is_saving():  # into a file, with all artists
            return
        self._bare = self._canvas.copy_from_bbox(self._figure.bbox)
        self._written.clear()
        self._paint_changes()
        # From now on, texts of other lengths do not change the layout.
        self._figure.set_layout_engine("none")

    def _resized(self, event: Event) -> None:
        self._figure.set_layout_engine("constrained")

    def _paint_changes(self) -> None:
        states = {part: _state(part) for part in self._texts}
        known = {part: state for part, (state, _) in self._written.items()}
        changed = [part for part, state in states.items() if known.get(part) != state]
        for part in changed:
            if part in self._written:
                self._wipe(self._written[part][1])
        for part in changed:
            self._figure.draw_artist(part)
            self._written[part] = states[part], self._area(part)
        if changed:
            self._still = self._canvas.copy_from_bbox(self._figure.bbox)
        for mark in self._marks:
            self._figure.draw_artist(mark)

    def _area(self, part: Text | Axis) -> Bbox | None:
        """Return the area of a text or of an axis."""
        area = part.get_tightbbox(self._canvas.get_renderer())
        # The area of an axis excludes its ticks, which are 3.5 points long with a gap as long.
        points = 8.0 if isinstance(part, Axis) else 1.5
        return area.padded(points * self._figure.dpi / 72.0) if area else None

    def _wipe(self, area: Bbox | None) -> None:
        """Restore the background of an area."""
        if area is None:  # nothing was visible
            return
        left, low, right, high = area.extents
        # Rows of the background are counted from the top.
        height = self._figure.bbox.height
        part = (left, height - high, right, height - low)
        self._canvas.restore_region(self._bare, part, xy=(0.0, 0.0))


def _state(part: Text | Axis) -> object:
    """Return everything that the appearance of a text or an axis depends on."""
    if isinstance(part, Axis):
        return tuple(part.get_view_interval())
    place = part.get_transform().transform(part.get_position())
    return part.get_text(), part.get_color(), *place
