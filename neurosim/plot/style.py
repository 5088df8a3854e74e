"""Colours and fonts of all figures."""

from __future__ import annotations

import os
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from neurosim.errors import NeurosimError
from neurosim.results.windows import check_window
from neurosim.utils.checks import nearest_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from neurosim.results import Result

EXCITATORY = "#D55E00"
"""Colour of whatever excites."""
INHIBITORY = "#0072B2"
"""Colour of whatever inhibits."""
NEUTRAL = "#333333"
"""Colour of what does neither, or both."""
KINDS: Mapping[int, str] = MappingProxyType({1: "excitatory", -1: "inhibitory", 0: "other"})
"""What a population is called by the sign of its synapses."""
PALETTE = ("#000000", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Further curves: M. Okabe & K. Ito, *Color Universal Design* (2008)."""

STYLE: Mapping[Any, Any] = MappingProxyType(
    {
        "font.size": 10.0,
        "axes.titlesize": 11.0,
        "axes.titlelocation": "left",
        "axes.labelsize": 10.0,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.8,
        "legend.fontsize": 9.0,
        "legend.frameon": False,
        "xtick.labelsize": 9.0,
        "ytick.labelsize": 9.0,
        "lines.linewidth": 1.3,
        "figure.dpi": 100.0,
        "figure.constrained_layout.use": True,
    }
)
"""Settings of matplotlib that all figures share."""


def colour_of(sign: int) -> str:
    """Return the colour of a population that excites (+1), inhibits (−1), or neither (0)."""
    return {1: EXCITATORY, -1: INHIBITORY}.get(sign, NEUTRAL)


def names_of(result: Result, populations: Sequence[str] | None) -> list[str]:
    """Return the populations to draw: those asked for, or all.

    Raises
    ------
    NeurosimError
        For a population that the result does not hold.
    """
    for name in populations or ():
        if name not in result.spikes:
            raise NeurosimError(f"unknown population {name!r}: {nearest_name(name, result.spikes)}")
    return list(result.spikes if populations is None else populations)


def end_of(result: Result, start: float, stop: float | None) -> float:
    """Return the end of a window of a result (ms), by default that of the run.

    Raises
    ------
    NeurosimError
        For a window that is empty or goes beyond the run.
    """
    end = result.duration if stop is None else stop
    check_window(start, end, 0.0, result.duration, result.dt)
    return end


@contextmanager
def style() -> Iterator[None]:
    """Draw in the style of all figures.

    Raises
    ------
    NeurosimError
        Where the environment has matplotlib use what it does not know.
    """
    try:
        import matplotlib as mpl
    except ValueError:
        raise NeurosimError(
            f"MPLBACKEND = {os.environ.get('MPLBACKEND')} is no backend of matplotlib, without "
            "which there are no pictures: set it to agg"
        ) from None
    with mpl.rc_context(dict(STYLE)):
        yield


def figure(width: float = 7.0, height: float = 4.0) -> Figure:
    """Return an empty figure of that size (inches), outside any window system."""
    with style():
        from matplotlib.figure import Figure

        return Figure(figsize=(width, height), layout="constrained")


def panels(figure: Figure, rows: int = 1, columns: int = 1, **options: Any) -> list[Axes]:
    """Return axes on a grid in reading order; `options` as of `Figure.subplots`."""
    with style():
        grid = figure.subplots(rows, columns, squeeze=False, **options)
    return list(grid.ravel())
