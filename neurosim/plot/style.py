"""Style and layout shared by all figures."""

from __future__ import annotations

import os
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from neurosim.errors import NeurosimError
from neurosim.results.analysis import trains_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

    from neurosim.results import Result

EXCITATORY = "#D55E00"
"""Colour of excitatory populations and input."""
INHIBITORY = "#0072B2"
"""Colour of inhibitory populations and input."""
NEUTRAL = "#333333"
"""Colour of populations that are neither excitatory nor inhibitory."""
KINDS: Mapping[int, str] = MappingProxyType({1: "excitatory", -1: "inhibitory", 0: "other"})
"""Legend of populations by the sign of their synapses."""
PALETTE = ("#000000", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Colours of other curves (M. Okabe & K. Ito, *Color Universal Design*, 2008)."""

LONG = 10_000.0
"""End of a window (ms) beyond which times are in s."""

STYLE: Mapping[Any, Any] = MappingProxyType(
    {
        "font.size": 10.0,
        "axes.titlesize": 11.0,
        "axes.titlelocation": "left",
        "axes.labelsize": 10.0,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.8,
        "axes.prop_cycle": f"cycler('color', {[*PALETTE, EXCITATORY, INHIBITORY]})",
        "legend.fontsize": 9.0,
        "legend.frameon": False,
        "xtick.labelsize": 9.0,
        "ytick.labelsize": 9.0,
        "lines.linewidth": 1.3,
        "figure.dpi": 100.0,
        "figure.constrained_layout.use": True,
    }
)
"""matplotlib settings of all figures."""


def colour_of(sign: float) -> str:
    """Return the colour of excitation (above 0), inhibition (below 0) or neither (0).

    Parameters
    ----------
    sign : float
        Sign of a population, a weight or a PSP.

    Examples
    --------
    >>> from neurosim.plot import EXCITATORY, INHIBITORY, colour_of
    >>> colour_of(1) == EXCITATORY, colour_of(-0.5) == INHIBITORY
    (True, True)
    """
    return EXCITATORY if sign > 0 else INHIBITORY if sign < 0 else NEUTRAL


def signed_colours() -> Colormap:
    """Return the colour map of weights and PSPs: inhibition, white, excitation.

    Examples
    --------
    >>> from neurosim.plot import figure, signed_colours
    >>> axes = figure(3.0, 3.0).subplots()
    >>> image = axes.imshow([[0.5, -2.0], [0.0, 1.5]], cmap=signed_colours(), vmin=-2, vmax=2)
    """
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("signs", [INHIBITORY, "white", EXCITATORY])


def names_of(result: Result, populations: Sequence[str] | None) -> list[str]:
    """Return the populations to draw: the given ones, or all.

    Raises
    ------
    NeurosimError
        If a population is not in the result.
    """
    if isinstance(populations, str):
        populations = [populations]
    for name in populations or ():
        trains_of(result, name)
    return list(result.spikes if populations is None else populations)


def time_axis(axes: Axes, start: float, stop: float) -> None:
    """Set limits and label of a time axis with data in ms.

    Beyond 10 s, its labels are in s.

    Parameters
    ----------
    axes : Axes
    start, stop : float
        ms.

    Examples
    --------
    >>> from neurosim import plot
    >>> (axes,) = plot.panels(plot.figure())
    >>> plot.time_axis(axes, 58_000.0, 60_000.0)
    >>> axes.get_xlabel()
    'time (s)'
    """
    axes.set_xlim(start, stop)
    axes.set_xlabel("time (ms)")
    if stop > LONG:
        axes.xaxis.set_major_formatter(_in_seconds)
        axes.set_xlabel("time (s)")


def _in_seconds(time: float, position: float) -> str:
    """Return the label of a tick."""
    return f"{time / 1e3:.10g}"


@contextmanager
def style() -> Iterator[None]:
    """Apply the style of all figures in a block.

    Raises
    ------
    NeurosimError
        If MPLBACKEND is not a valid backend.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from neurosim.plot import style
    >>> with style():
    ...     fig, axes = plt.subplots()
    >>> plt.close(fig)
    """
    try:
        import matplotlib as mpl
    except ValueError:
        raise NeurosimError(
            f"MPLBACKEND = {os.environ.get('MPLBACKEND')} is not a backend of matplotlib: set it "
            "to agg"
        ) from None
    with mpl.rc_context(dict(STYLE)):
        yield


def figure(width: float = 7.0, height: float = 4.0) -> Figure:
    """Return an empty figure in the style of this package, for `panels`.

    Notebooks display it with any backend of matplotlib. Once a script has imported
    `matplotlib.pyplot`, ``pyplot.show()`` shows its last figures; ``figure.show()`` always does.
    Without either, no window system is needed.

    Parameters
    ----------
    width, height : float
        Inches.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from neurosim.plot import figure, panels
    >>> fig = figure(5.0, 3.0)
    >>> [axes] = panels(fig)
    >>> lines = axes.plot([0.0, 10.0], [-70.0, -60.0])
    >>> label = axes.set_xlabel("time (ms)")
    """
    return finished(new_figure(width, height))


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure that pyplot does not show until it is `finished`."""
    with style():
        from neurosim.plot.display import Figure as NewFigure

        return NewFigure(figsize=(width, height), layout="constrained")


def finished(figure: Figure) -> Figure:
    """Let pyplot show a figure, in notebooks and in scripts that have imported pyplot."""
    from neurosim.plot.display import manage  # late: imports matplotlib

    return manage(figure)


def panels(figure: Figure, rows: int = 1, columns: int = 1, **options: Any) -> list[Axes]:
    """Return axes on a grid in reading order; `options` as for `Figure.subplots`.

    Examples
    --------
    >>> from neurosim.plot import figure, panels
    >>> upper, lower = panels(figure(5.0, 4.0), rows=2, sharex=True)
    """
    with style():
        grid = figure.subplots(rows, columns, squeeze=False, **options)
    return list(grid.ravel())


def add_legend(
    figure: Figure, axes: Axes, title: str = "", *, columns: int = 4, least: int = 1
) -> None:
    """Add a title, and below the axes a legend if it has at least `least` entries."""
    handles, labels = axes.get_legend_handles_labels()
    if len(handles) >= least:
        figure.legend(
            handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=9
        )
    if title:
        set_title(figure, title)


def set_title(figure: Figure, title: str) -> None:
    """Write the title of a figure: bold, at the top left.

    Examples
    --------
    >>> from neurosim.plot import figure, set_title
    >>> set_title(figure(), "Inhibition delays the spike by 3 ms")
    """
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")


def annotate(
    axes: Axes,
    text: str,
    point: tuple[float, float],
    coordinates: tuple[str, str],
    offset: tuple[float, float],
    **options: Any,
) -> None:
    """Write text beside a point; `offset` in points, `options` as for `Axes.annotate`."""
    style: dict[str, Any] = {"fontsize": 9, "color": "0.35", "textcoords": "offset points"}
    axes.annotate(text, point, xycoords=coordinates, xytext=offset, **style | options)
