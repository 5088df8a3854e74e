"""Panels made of layers: curves, levels, potentials and bars without a function for each panel."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

import neurosim as ns
from scenarios._kit.figures import LOGISTIC, SPIKING, TRAINED, Panel, draw_levels
from scenarios._kit.figures import label as write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

# Draws into axes.
Layer = Callable[["Axes"], object]
ABSTRACT: dict[str, Any] = {"color": LOGISTIC, "lw": 4}
DOTS: dict[str, Any] = {"color": SPIKING, "ls": "", "marker": "D", "ms": 4}
# Looks of a curve: of a formula, of measured points of spiking neurons, of a trained neuron.
FITTED: dict[str, Any] = {"color": TRAINED, "lw": 2}


def chart(*layers: Layer, legend: Any = "", **labels: Any) -> Panel:
    """Describe a panel made of layers; the other arguments are those of `panel`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(0.0, 1.0, 11)
    >>> square = chart(curve(x, x**2, text="x²"), level(0.5, "half"), xlabel="x", ylabel="y")
    """

    def draw(axes: Axes) -> None:
        for layer in layers:
            layer(axes)

    return Panel(draw, legend, labels)


def layer(draw: Callable[..., object], *arguments: object, **options: Any) -> Layer:
    """Return the layer that ``draw(axes, *arguments, **options)`` draws."""
    return lambda axes: draw(axes, *arguments, **options)


def curve(
    x: ArrayLike, y: ArrayLike, label: Any = "", *, text: Any = "", at: Any = -1,
    side: Any = "right", **look: Any,
) -> Layer:  # fmt: skip
    """Return a curve, or points.

    Parameters
    ----------
    x, y : array_like
        A matrix y contains one curve in each column.
    label : str
        Text in the legend.
    text : str
        Text beside the point with index `at`, on the given `side`, in the colour of the curve.
    **look
        Arguments of ``Axes.plot``; `ABSTRACT`, `DOTS` and `FITTED` are common ones.
    """

    def draw(axes: Axes) -> None:
        from matplotlib.colors import to_hex

        lines = axes.plot(x, y, label=label, **look)
        if text:
            place = float(np.asarray(x)[at]), float(np.asarray(y)[at])
            write(axes, *place, text, to_hex(lines[0].get_color()), side)

    return draw


def level(y: float, text: str = "", x: float = 0.0, *, side: str = "above") -> Layer:
    """Return a dashed horizontal line with its text at x."""

    def draw(axes: Axes) -> None:
        axes.axhline(y, color="0.45", lw=0.9, ls="--", zorder=0)
        write(axes, x, y, text, "0.35", side)

    return draw


def potential(
    result: ns.Result, population: str, neuron: int = 0, *, levels: bool = True, **look: Any
) -> Layer:
    """Return the membrane potential of a neuron with its spikes, its rest and its threshold."""

    def draw(axes: Axes) -> None:
        trace = result.traces[population, "v"]
        axes.plot(trace.times, trace.with_spikes(neuron), **{"color": "black"} | look)
        draw_levels(axes, result.populations[population], labels=levels)

    return draw


def bars(x: ArrayLike, heights: Iterable[float], **look: Any) -> Layer:
    """Return bars; `look` contains arguments of ``Axes.bar``."""
    return lambda axes: axes.bar(x, [*heights], **look)
