"""Redrawing only the artists that change."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from neurosim.plot import Painter, figure
from neurosim.plot.display import unmanaged


@pytest.fixture
def drawn():
    """A figure with a line that changes and one that does not, and its painter."""
    with unmanaged():
        fig = figure(3.0, 2.0)
    FigureCanvasAgg(fig)
    axes = fig.subplots()
    axes.plot([0.0, 1.0], [0.0, 1.0])
    (line,) = axes.plot([0.0, 1.0], [1.0, 0.0])
    painter = Painter(fig, [line])
    fig.canvas.draw()
    return fig, line, painter


def pixels(fig) -> np.ndarray:
    return np.array(fig.canvas.buffer_rgba())


def test_a_painted_change_is_to_the_pixel_a_new_drawing(drawn, monkeypatch):
    fig, line, painter = drawn
    before = pixels(fig)
    line.set_ydata([0.8, 0.3])
    with monkeypatch.context() as patch:
        patch.setattr(fig, "draw", lambda renderer: pytest.fail("the whole figure was drawn"))
        painter.paint()
    painted = pixels(fig)
    fig.canvas.draw()
    assert np.array_equal(painted, pixels(fig))
    assert not np.array_equal(painted, before)


def test_files_contain_all_artists(drawn):
    fig, line, _ = drawn
    images = []
    for visible in (True, False):
        line.set_visible(visible)
        images.append(io.BytesIO())
        fig.savefig(images[-1], format="rgba")
    assert images[0].getvalue() != images[1].getvalue()


def test_before_the_first_drawing_the_figure_is_drawn(monkeypatch):
    with unmanaged():
        fig = figure(3.0, 2.0)
    canvas, asked = FigureCanvasAgg(fig), []
    (line,) = fig.subplots().plot([0.0, 1.0])
    painter = Painter(fig, [line])
    monkeypatch.setattr(canvas, "draw_idle", lambda: asked.append(True))
    painter.paint()
    assert asked == [True]
