"""Rasters of spikes with the population rate under them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.analysis import population_rate
from neurosim.network.checks import check_integer
from neurosim.plot.style import KINDS, colour_of, end_of, figure, names_of, panels, style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from neurosim.recording import Result


def draw_raster(
    axes: Axes,
    result: Result,
    populations: Sequence[str] | None = None,
    *,
    start: float = 0.0,
    stop: float | None = None,
    max_neurons: int = 2000,
) -> None:
    """Draw the spikes of populations into given axes, the first population on top.

    Parameters
    ----------
    axes : Axes
    result : Result
    populations : sequence of str, optional
        Default: all.
    start, stop : float
        ms. Default: the whole run.
    max_neurons : int
        Largest number of rows: with more neurons only every k-th is drawn, and the axis says so.

    Raises
    ------
    NeurosimError
        For an unknown population, and for a window that is empty or goes beyond the run.
    """
    names = names_of(result, populations)
    end = end_of(result, start, stop)
    max_neurons = check_integer(max_neurons, "max_neurons", 1)
    every = max(1, -(-sum(len(result.spikes[n].recorded) for n in names) // max_neurons))
    n_rows = sum(-(-len(result.spikes[n].recorded) // every) for n in names)
    # Rows lie about 230 points / n_rows apart: ticks where that leaves room, dots else.
    pitch = 230.0 / max(1, n_rows)
    ticks = n_rows <= 120
    mark: dict[str, Any] = {"marker": "|", "ms": min(0.8 * pitch, 14.0), "mew": 0.9}
    dot: dict[str, Any] = {"marker": ".", "ms": float(np.clip(3.5 * pitch, 2.2, 4.0)), "mew": 0.0}
    middles, first = [], 0
    with style():
        for name in names:
            trains, info = result.spikes[name], result.populations[name]
            place = np.searchsorted(trains.recorded, trains.ids)
            shown = (place % every == 0) & trains.inside(start, end)
            axes.plot(
                trains.times[shown],
                first + place[shown] // every,
                ls="",
                color=colour_of(info.sign),
                rasterized=True,
                **(mark if ticks else dot),
            )
            rows = -(-len(trains.recorded) // every)
            middles.append(first + 0.5 * (rows - 1))
            first += rows
            if name != names[-1]:
                axes.axhline(first - 0.5, color="0.85", lw=0.6)
        axes.set_ylim(max(1, first) - 0.5, -0.5)
        axes.set_yticks(_apart(middles, 0.05 * first, first - 1.0), names)
        for label, name in zip(axes.get_yticklabels(), names, strict=True):
            label.set_color(colour_of(result.populations[name].sign))
        axes.tick_params(axis="y", length=0)
        axes.set_ylabel("neurons" if every == 1 else f"neurons (every {_ordinal(every)})")
        axes.set_xlim(start, end)
        axes.set_xlabel("time (ms)")


def draw_population_rate(
    axes: Axes,
    result: Result,
    populations: Sequence[str] | None = None,
    *,
    start: float = 0.0,
    stop: float | None = None,
    bin_ms: float | None = None,
) -> None:
    """Draw the firing rate of excitatory and inhibitory populations into given axes.

    Populations of one sign are pooled.

    Parameters
    ----------
    axes : Axes
    result : Result
    populations : sequence of str, optional
        Default: all.
    start, stop : float
        ms. Default: the whole run.
    bin_ms : float, optional
        Width of a bin (ms). Default: 1 ms, or the whole window where that is shorter.
    """
    names = names_of(result, populations)
    end = end_of(result, start, stop)
    bin_ms = min(1.0, end - start) if bin_ms is None else bin_ms
    with style():
        for sign in (1, -1, 0):
            own = [name for name in names if result.populations[name].sign == sign]
            if not own:
                continue
            sizes = np.array([len(result.spikes[name].recorded) for name in own])
            curves = [
                population_rate(result.spikes[name], end, start=start, bin_ms=bin_ms)
                for name in own
            ]
            mean = sizes @ np.array([rate for _, rate in curves]) / max(1, sizes.sum())
            axes.plot(curves[0][0], mean, color=colour_of(sign), lw=0.9, label=KINDS[sign])
        axes.set_ylim(bottom=0.0)
        axes.set_ylabel("rate (Hz)")
        axes.set_xlabel("time (ms)")
        axes.set_xlim(start, end)


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
    """Draw a spike raster above the population firing rate.

    Parameters
    ----------
    result : Result
    populations : sequence of str, optional
        Default: all, the first on top.
    start, stop : float
        ms. Default: the whole run.
    max_neurons : int
        Largest number of rows: with more neurons only every k-th is drawn, and the axis says so.
    bin_ms : float, optional
        Width of a bin of the population rate (ms). Default: 1 ms, or the whole window where that is
        shorter.
    title : str

    Returns
    -------
    Figure
    """
    fig = figure(7.0, 5.0)
    top, bottom = panels(fig, 2, 1, sharex=True, height_ratios=(3, 1))
    draw_raster(top, result, populations, start=start, stop=stop, max_neurons=max_neurons)
    draw_population_rate(bottom, result, populations, start=start, stop=stop, bin_ms=bin_ms)
    top.set_xlabel("")
    handles, labels = bottom.get_legend_handles_labels()
    if len(handles) > 1:
        fig.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    if title:
        fig.suptitle(title, fontsize=11)
    fig.align_ylabels()
    return fig


def _apart(places: list[float], gap: float, last: float) -> list[float]:
    """Move ascending places until they lie a gap apart, so that labels do not overlap.

    None is moved beyond `last`, as far as there is room for all.
    """
    places = list(places)
    for k in range(1, len(places)):
        places[k] = max(places[k], places[k - 1] + gap)
    ceiling = last
    for k in reversed(range(len(places))):
        places[k] = min(places[k], ceiling)
        ceiling = places[k] - gap
    return places


def _ordinal(n: int) -> str:
    ending = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"
