"""Spike rasters and population rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.plot.style import (
    KINDS,
    add_legend,
    colour_of,
    finished,
    names_of,
    new_figure,
    panels,
    style,
    time_axis,
)
from neurosim.results.analysis import end_of, population_rate
from neurosim.utils.checks import check_integer, check_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from neurosim.results import Result

MAX_LABELS = 20
"""Largest number of labelled populations; of more, every k-th is labelled."""
MAX_BINS = 100_000
"""Largest number of bins of a rate: far more than a figure has pixels."""


def draw_raster(
    axes: Axes,
    result: Result,
    populations: Sequence[str] | None = None,
    *,
    start: float = 0.0,
    stop: float | None = None,
    max_neurons: int = 2000,
) -> None:
    """Draw the spikes of populations into axes, from top to bottom.

    Parameters
    ----------
    axes : Axes
    result : Result
    populations : sequence of str, optional
        Default: all.
    start, stop : float
        ms. Default: the whole run.
    max_neurons : int
        Largest number of rows. If there are more neurons, every k-th one is drawn, as the axis
        label states.

    Raises
    ------
    NeurosimError
        If a population is unknown, or the window is empty or extends beyond the run.

    Examples
    --------
    >>> import neurosim as ns
    >>> from neurosim.plot import draw_raster, figure, panels
    >>> net = ns.Network()
    >>> cells = net.add("cells", 50, ns.LIF())
    >>> drive = net.drive(cells, ns.Poisson(1000.0), psp=0.9)
    >>> result = ns.simulate(net, 200.0)
    >>> fig = figure(6.0, 3.0)
    >>> [axes] = panels(fig)
    >>> draw_raster(axes, result, start=100.0)
    """
    names = names_of(result, populations)
    end = end_of(result, start, stop)
    max_neurons = check_integer(max_neurons, "max_neurons", 1)
    every = max(1, -(-sum(len(result.spikes[n].recorded) for n in names) // max_neurons))
    sizes = [-(-len(result.spikes[n].recorded) // every) for n in names]
    first = np.concatenate([[0], np.cumsum(sizes)])
    n_rows = int(first[-1])
    labelled = slice(None, None, max(1, -(-len(names) // MAX_LABELS)))
    with style():
        for name, row in zip(names, first, strict=False):
            trains, colour = result.spikes[name], colour_of(result.populations[name].sign)
            index = np.searchsorted(trains.recorded, trains.ids)
            shown = (index % every == 0) & trains.inside(start, end)
            dots = trains.times[shown], row + index[shown] // every
            axes.plot(*dots, ls="", color=colour, rasterized=True, **_marker(n_rows))
        if len(names) <= MAX_LABELS:
            for edge in first[1:-1]:
                axes.axhline(edge - 0.5, color="0.85", lw=0.6)
        axes.set_ylim(max(1, n_rows) - 0.5, -0.5)
        middles = (0.5 * (first[:-1] + first[1:] - 1))[labelled].tolist()
        axes.set_yticks(_spread(middles, 0.05 * n_rows, n_rows - 1.0), names[labelled])
        for label, name in zip(axes.get_yticklabels(), names[labelled], strict=True):
            label.set_color(colour_of(result.populations[name].sign))
        axes.tick_params(axis="y", length=0)
        axes.set_ylabel("neurons" if every == 1 else f"neurons (every {_ordinal(every)})")
        time_axis(axes, start, end)


def _marker(n_rows: int) -> dict[str, Any]:
    """Return the marker of a spike: a tick for few neurons, a dot for many."""
    spacing = 230.0 / max(1, n_rows)  # of rows, in points
    if n_rows <= 120:
        return {"marker": "|", "ms": min(0.8 * spacing, 14.0), "mew": 0.9}
    return {"marker": ".", "ms": float(np.clip(3.5 * spacing, 2.2, 4.0)), "mew": 0.0}


def draw_population_rate(
    axes: Axes,
    result: Result,
    populations: Sequence[str] | None = None,
    *,
    start: float = 0.0,
    stop: float | None = None,
    bin_ms: float | None = None,
) -> None:
    """Draw the firing rates of excitatory and inhibitory populations into axes.

    Populations of the same sign are pooled.

    Parameters
    ----------
    axes : Axes
    result : Result
    populations : sequence of str, optional
        Default: all.
    start, stop : float
        ms. Default: the whole run.
    bin_ms : float, optional
        Bin width (ms). Default: 1 ms, or the whole window if it is shorter. A multiple of it is
        used if there would be more than `MAX_BINS` bins.

    Examples
    --------
    >>> import neurosim as ns
    >>> from neurosim.plot import draw_population_rate, draw_raster, figure, panels
    >>> net = ns.Network()
    >>> cells = net.add("cells", 50, ns.LIF())
    >>> drive = net.drive(cells, ns.Poisson(1000.0), psp=0.9)
    >>> result = ns.simulate(net, 200.0)
    >>> fig = figure(6.0, 4.0)
    >>> upper, lower = panels(fig, rows=2, sharex=True)
    >>> draw_raster(upper, result)
    >>> draw_population_rate(lower, result, bin_ms=5.0)
    """
    names = names_of(result, populations)
    end = end_of(result, start, stop)
    bin_ms = min(1.0, end - start) if bin_ms is None else bin_ms
    bin_ms = check_number(bin_ms, "bin_ms", "ms", result.dt, end - start)
    bin_ms *= max(1, int(np.ceil((end - start) / (bin_ms * MAX_BINS))))
    with style():
        for sign in (1, -1, 0):
            pooled = [name for name in names if result.populations[name].sign == sign]
            if not pooled:
                continue
            sizes = np.array([len(result.spikes[name].recorded) for name in pooled])
            curves = [
                population_rate(result.spikes[name], end, start=start, bin_ms=bin_ms)
                for name in pooled
            ]
            mean = sizes @ np.array([rate for _, rate in curves]) / max(1, sizes.sum())
            axes.plot(curves[0][0], mean, color=colour_of(sign), lw=0.9, label=KINDS[sign])
        axes.set_ylim(bottom=0.0)
        axes.set_ylabel("firing rate (Hz)")
        time_axis(axes, start, end)


def raster(
    result: Result,
    populations: Sequence[str] | None = None,
    *,
    start: float = 0.0,
    stop: float | None = None,
    max_neurons: int = 2000,
    bin_ms: float | None = None,
    title: str = "",
) -> Figure:
    """Plot a spike raster above the population firing rate.

    Parameters
    ----------
    result : Result
    populations : sequence of str, optional
        From top to bottom. Default: all.
    start, stop : float
        ms. Default: the whole run.
    max_neurons : int
        Largest number of rows. If there are more neurons, every k-th one is drawn, as the axis
        label states.
    bin_ms : float, optional
        Bin width of the population rate (ms). Default: 1 ms, or the whole window if it is shorter.
    title : str

    Returns
    -------
    Figure

    Examples
    --------
    >>> import neurosim as ns
    >>> from neurosim.plot import raster
    >>> net = ns.Network()
    >>> cells = net.add("cells", 50, ns.LIF())
    >>> drive = net.drive(cells, ns.Poisson(1000.0), psp=0.9)
    >>> figure = raster(ns.simulate(net, 200.0), title="Fifty neurons with Poisson input")
    >>> figure.savefig("raster.png", dpi=150)  # doctest: +SKIP
    """
    fig = new_figure(7.0, 5.0)
    top, bottom = panels(fig, 2, 1, sharex=True, height_ratios=(3, 1))
    draw_raster(top, result, populations, start=start, stop=stop, max_neurons=max_neurons)
    draw_population_rate(bottom, result, populations, start=start, stop=stop, bin_ms=bin_ms)
    top.set_xlabel("")
    add_legend(fig, bottom, title, columns=3, least=2)
    fig.align_ylabels()
    return finished(fig)


def _spread(positions: list[float], gap: float, last: float) -> list[float]:
    """Move ascending positions apart, so that labels do not overlap.

    Positions stay below `last` if there is enough room.
    """
    positions = list(positions)
    for k in range(1, len(positions)):
        positions[k] = max(positions[k], positions[k - 1] + gap)
    ceiling = last
    for k in reversed(range(len(positions))):
        positions[k] = min(positions[k], ceiling)
        ceiling = positions[k] - gap
    return positions


def _ordinal(n: int) -> str:
    ending = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"
