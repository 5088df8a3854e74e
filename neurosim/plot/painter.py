"""Figures that change many times per second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.backend_bases import Event
    from matplotlib.figure import Figure


class Painter:
    """Redraw only the artists that change: several times as fast as drawing the whole figure.

    The figure is drawn completely when its window opens or changes size. Titles, labels and limits
    of axes that do not change are then copied from this drawing.

    Parameters
    ----------
    figure : Figure
    moving : list of Artist
        All artists that change.

    Examples
    --------
    >>> from neurosim.plot import Painter, figure
    >>> fig = figure(4.0, 3.0)
    >>> (line,) = fig.subplots().plot([0.0, 1.0], [-70.0, -55.0])
    >>> painter = Painter(fig, [line])
    >>> fig.canvas.draw()
    >>> for potential in (-60.0, -65.0):  # in a program: called by a timer or by new data
    ...     line.set_ydata([-70.0, potential])
    ...     painter.paint()
    """

    def __init__(self, figure: Figure, moving: list[Artist]) -> None:
        self._figure = figure
        self._canvas: Any = figure.canvas
        self._moving = sorted(moving, key=lambda artist: artist.get_zorder())
        self._background: Any = None
        if self._canvas.supports_blit:
            for artist in moving:
                artist.set_animated(True)
            self._canvas.mpl_connect("draw_event", self._drawn)
            self._canvas.mpl_connect("resize_event", self._resized)

    def paint(self) -> None:
        """Redraw the artists that have changed."""
        if self._background is None:
            self._canvas.draw_idle()
            return
        self._canvas.restore_region(self._background)
        for artist in self._moving:
            self._figure.draw_artist(artist)
        self._canvas.blit(self._figure.bbox)

    def _drawn(self, event: Event) -> None:
        """Save the background that has just been drawn, and draw the moving artists on it."""
        if not self._canvas.is_saving():  # into a file, with all artists
            self._background = self._canvas.copy_from_bbox(self._figure.bbox)
            self.paint()
            # From now on, texts of other lengths do not change the layout.
            self._figure.set_layout_engine("none")

    def _resized(self, event: Event) -> None:
        self._figure.set_layout_engine("constrained")
