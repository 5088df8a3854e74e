"""Figures in scripts: pyplot, windows, and neither."""

from __future__ import annotations

import base64
import pickle
import re
import sys
import threading
from collections.abc import Iterator
from types import ModuleType

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

from neurosim import plot
from neurosim.errors import NeurosimError
from neurosim.plot.display import MAX_OPEN, unmanaged
from neurosim.results import PopulationInfo, Result, SpikeTrains
from neurosim.utils.html import image


@pytest.fixture
def result() -> Result:
    info = PopulationInfo("exc", 3, -70.0, -55.0, -70.0, 30.0, 20.0, 5.0, 1)
    trains = SpikeTrains([10.0, 20.0, 30.0], [0, 1, 2], np.arange(3))
    return Result(0.1, 50.0, 1, {"exc": info}, {"exc": trains})


@pytest.fixture(autouse=True)
def _no_open_figures() -> Iterator[None]:
    plt.close("all")
    yield
    plt.close("all")
    plt.switch_backend("agg")


class Window(FigureManagerBase):
    """A window that records what happens to it."""

    shown: list[object]
    waited = 0

    def show(self) -> None:
        self.shown.append(self.canvas.figure)

    @classmethod
    def start_main_loop(cls) -> None:
        cls.waited += 1


class Canvas(FigureCanvasAgg):
    manager_class = Window


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> type[Window]:
    """A backend with windows, on machines without a display too."""
    backend = ModuleType("windows_for_tests")
    backend.FigureCanvas, backend.FigureManager = Canvas, Window
    monkeypatch.setitem(sys.modules, backend.__name__, backend)
    monkeypatch.setattr(Window, "shown", [], raising=False)
    monkeypatch.setattr(Window, "waited", 0)
    plt.switch_backend(f"module://{backend.__name__}")
    return Window


def test_pyplot_shows_a_figure_that_a_script_made(result: Result, window: type[Window]) -> None:
    figure = plot.raster(result)
    assert plt.gcf() is figure
    assert window.shown == []
    plt.show()
    assert (window.shown, window.waited) == ([figure], 1)


def test_a_figure_opens_its_window_and_the_script_waits(
    result: Result, window: type[Window]
) -> None:
    with unmanaged():
        figure = plot.raster(result)
    assert plt.get_fignums() == []
    figure.show()
    assert (window.shown, window.waited) == ([figure], 1)
    plt.close(figure)
    figure.show()
    assert window.shown == [figure, figure]


def test_interactive_windows_are_not_drawn_again_as_images(
    result: Result, window: type[Window]
) -> None:
    figure = plot.raster(result)
    assert figure._repr_png_() is not None
    with mpl.rc_context({"interactive": True}):
        assert figure._repr_png_() is None
        for _ in range(MAX_OPEN + 1):
            plot.figure()
    assert len(plt.get_fignums()) == MAX_OPEN + 2


def test_without_pyplot_a_figure_stands_alone(
    result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot")
    figure = plot.raster(result)
    assert "matplotlib.pyplot" not in sys.modules
    assert plt.get_fignums() == []
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_a_figure_without_a_display_says_how_to_save_it(result: Result) -> None:
    with pytest.raises(NeurosimError, match=r"no display .* 'agg': .* figure.savefig"):
        plot.raster(result).show()


def test_pyplot_keeps_the_last_figures_of_a_long_run(result: Result) -> None:
    own = plt.figure()
    figures = [plot.raster(result) for _ in range(MAX_OPEN + 10)]
    assert [plt.figure(n) for n in plt.get_fignums()] == [own, *figures[-MAX_OPEN:]]
    assert mpl.rcParams["figure.max_open_warning"] == 20


def test_a_figure_that_fails_is_not_shown(result: Result) -> None:
    with pytest.raises(NeurosimError, match="unknown population"):
        plot.raster(result, ["inh"])
    assert plt.get_fignums() == []


def test_other_threads_open_no_windows(result: Result) -> None:
    thread = threading.Thread(target=plot.raster, args=(result,))
    thread.start()
    thread.join()
    assert plt.get_fignums() == []


def test_a_figure_without_axes_is_not_displayed() -> None:
    assert plot.figure()._repr_png_() is None


def test_figures_can_be_pickled(result: Result) -> None:
    figure = pickle.loads(pickle.dumps(plot.raster(result)))
    assert type(figure) is type(plot.figure())
    assert len(figure.axes) == 2


def test_any_figure_is_embedded_in_html() -> None:
    tag = image(plt.figure(figsize=(1.0, 1.0)), 'a "picture"')
    data = re.fullmatch(r'<img src="data:image/png;base64,(.*)" alt="a &quot;picture&quot;">', tag)
    assert base64.b64decode(data[1]).startswith(b"\x89PNG")
