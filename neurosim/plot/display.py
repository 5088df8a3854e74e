"""Figures that are displayed in notebooks, and shown by pyplot in scripts."""

from __future__ import annotations

import io
import sys
import threading
import weakref
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

import matplotlib as mpl
import matplotlib.figure
from matplotlib._pylab_helpers import Gcf

from neurosim.errors import NeurosimError

if TYPE_CHECKING:
    from collections.abc import Iterator

AnyFigure = TypeVar("AnyFigure", bound=matplotlib.figure.Figure)

MAX_OPEN = 15
"""Figures that pyplot keeps in a script; below the 20 from which it warns about its memory."""
NO_WINDOW = ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template")
"""Backends of matplotlib that open no windows."""
INLINE = ("inline", "module://matplotlib_inline.backend_inline")
"""Names of the backend of notebooks, which displays all open figures after each cell."""

_open: list[weakref.ref[matplotlib.figure.Figure]] = []
"""Figures that were registered with pyplot, oldest first."""
_managed: ContextVar[bool] = ContextVar("managed", default=True)


class Figure(matplotlib.figure.Figure):
    """A figure that notebooks display with any backend, and that scripts can show."""

    def show(self, warn: bool = True) -> None:
        """Display the figure in a notebook, or open a window.

        A script waits until all windows are closed, as in `matplotlib.pyplot.show`.

        Parameters
        ----------
        warn : bool
            Without effect; a figure that cannot be shown always raises an error.

        Raises
        ------
        NeurosimError
            If there is no display or no window system.
        """
        import matplotlib.pyplot as plt

        try:
            _register(self)
        except ImportError as error:
            raise NeurosimError(f"no window can be opened: {error}; {_SAVE}") from None
        if _opens_windows():
            plt.show()
        elif _in_kernel():
            from IPython.display import display

            display(self)
        else:
            raise NeurosimError(
                "no window can be opened, because there is no display or no window system, or "
                f"MPLBACKEND selects the backend {mpl.get_backend()!r}: {_SAVE}"
            )

    def _repr_mimebundle_(self, **options: Any) -> None:
        # IPython calls this first, also where the inline backend draws figures. That backend would
        # display open figures after the cell: older ones belong above this one, and this one once.
        if is_managed(self) and _is_inline():
            from IPython.display import display

            figures = [manager.canvas.figure for manager in Gcf.get_all_fig_managers()]
            for older in figures[: figures.index(self)]:
                if isinstance(older, Figure):
                    display(older)
            self.mark_displayed()

    def _repr_png_(self) -> bytes | None:
        if not self.axes or self._has_window():
            return None
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", bbox_inches="tight")
        return buffer.getvalue()

    def mark_displayed(self) -> None:
        """Remove the figure from those that a notebook displays after the cell."""
        if is_managed(self) and _is_inline():
            sys.modules["matplotlib.pyplot"].close(self)

    def _has_window(self) -> bool:
        """Return whether an interactive backend shows the figure."""
        return is_managed(self) and mpl.is_interactive() and _opens_windows()


_SAVE = "write it to a file with figure.savefig('figure.png')"


def manage(figure: AnyFigure) -> AnyFigure:
    """Register a figure with pyplot if a user expects that, and return it.

    This is so in notebooks, and in scripts that have imported pyplot: `matplotlib.pyplot.show` then
    shows the figure. A script keeps the last `MAX_OPEN` figures open, so that long runs do not
    accumulate figures. Nothing happens in `unmanaged` blocks and outside the main thread.
    """
    wanted = "matplotlib.pyplot" in sys.modules or _in_kernel()
    if wanted and _managed.get() and threading.current_thread() is threading.main_thread():
        try:
            _register(figure)
        except Exception:  # each window system fails in its own way; the figure can be saved
            return figure
        _close_oldest()
    return figure


@contextmanager
def unmanaged() -> Iterator[None]:
    """Do not register figures with pyplot in a block, such as those of a scenario."""
    token = _managed.set(False)
    try:
        yield
    finally:
        _managed.reset(token)


def is_managed(figure: matplotlib.figure.Figure) -> bool:
    """Return whether pyplot manages a figure."""
    return figure.canvas.manager in Gcf.get_all_fig_managers()


def _register(figure: matplotlib.figure.Figure) -> None:
    """Register a figure with pyplot, which gives it a window."""
    import matplotlib.pyplot as plt

    if is_managed(figure):
        return
    # Not by rc_context: the first figure loads the backend, which changes other settings for good.
    warning = mpl.rcParams["figure.max_open_warning"]
    mpl.rcParams["figure.max_open_warning"] = 0
    try:
        plt.figure(FigureClass=lambda **options: figure)  # type: ignore[arg-type]
    finally:
        mpl.rcParams["figure.max_open_warning"] = warning
    _open.append(weakref.ref(figure))


def _close_oldest() -> None:
    """Close the oldest registered figures that no user sees or waits for."""
    import matplotlib.pyplot as plt

    _open[:] = [ref for ref in _open if (one := ref()) is not None and is_managed(one)]
    if _is_inline() or (_opens_windows() and mpl.is_interactive()):
        return
    while len(_open) > MAX_OPEN:
        plt.close(_open.pop(0)())


def _is_inline() -> bool:
    """Return whether pyplot displays figures after each cell of a notebook."""
    return mpl.get_backend().lower() in INLINE


def _opens_windows() -> bool:
    """Return whether pyplot shows figures in windows or widgets."""
    return not _is_inline() and mpl.get_backend().lower() not in NO_WINDOW


def _in_kernel() -> bool:
    """Return whether this is a notebook or another IPython front end with images."""
    if "IPython" not in sys.modules:
        return False
    return hasattr(sys.modules["IPython"].get_ipython(), "kernel")
