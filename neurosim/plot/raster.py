"""Rasters of spikes with the population rate under them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.plot.style import KINDS, colour_of, end_of, figure, names_of, panels, style
from neurosim.results.analysis import population_rate
from neurosim.utils.checks import check_integer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from neurosim.results import Result

MOST_LABELS = 20
"""Most populations that are labelled; of more, every k-th is."""
MOST_BINS = 100_000
"""Most bins of a rate that is drawn: far more than a figure has pixels."""


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
    sizes = [-(-len(result.spikes[n].recorded) // every) for n in names]
    first = np.concatenate([[0], np.cumsum(sizes)])
    n_rows = int(first[-1])
    labelled = slice(None, None, max(1, -(-len(names) // MOST_LABELS)))
    with style():
        for sign, (times, rows) in _dots(result, names, first, every, start, end).items():
            colour = colour_of(sign)
            axes.plot(times, rows, ls="", color=colour, rasterized=True, **_marker(n_rows))
        if len(names) <= MOST_LABELS:
            for edge in first[1:-1]:
                axes.axhline(edge - 0.5, color="0.85", lw=0.6)
        axes.set_ylim(max(1, n_rows) - 0.5, -0.5)
        middles = (0.5 * (first[:-1] + first[1:] - 1))[labelled].tolist()
        axes.set_yticks(_apart(middles, 0.05 * n_rows, n_rows - 1.0), names[labelled])
        for label, name in zip(axes.get_yticklabels(), names[labelled], strict=True):
            label.set_color(colour_of(result.populations[name].sign))
        axes.tick_params(axis="y", length=0)
        axes.set_ylabel("neurons" if every == 1 else f"neurons (every {_ordinal(every)})")
        axes.set_xlim(start, end)
        axes.set_xlabel("time (ms)")


def _dots(
    result: Result,
    names: Sequence[str],
    first: NDArray[np.int64],
    every: int,
    start: float,
    end: float,
) -> dict[int, tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """Return the times and rows of the spikes to draw, by the sign of their population."""
    found: dict[int, list[tuple[NDArray[np.float64], NDArray[np.int64]]]] = {}
    for name, row in zip(names, first, strict=False):
        trains = result.spikes[name]
        index = np.searchsorted(trains.recorded, trains.ids)
        shown = (index % every == 0) & trains.inside(start, end)
        own = trains.times[shown], row + index[shown] // every
        found.setdefault(result.populations[name].sign, []).append(own)
    return {
        sign: (np.concatenate([t for t, _ in parts]), np.concatenate([r for _, r in parts]))
        for sign, parts in found.items()
    }


def _marker(n_rows: int) -> dict[str, Any]:
    """Return the marker of a spike: ticks where there is room, dots otherwise."""
    pitch = 230.0 / max(1, n_rows)  # points from row to row
    if n_rows <= 120:
        return {"marker": "|", "ms": min(0.8 * pitch, 14.0), "mew": 0.9}
    return {"marker": ".", "ms": float(np.clip(3.5 * pitch, 2.2, 4.0)), "mew": 0.0}


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
        Width of a bin (ms). Default: 1 ms, or the whole window where that is shorter. Where there
        would be more than `MOST_BINS`, bins are a multiple as wide.
    """
    names = names_of(result, populations)
    end = end_of(result, start, stop)
    bin_ms = min(1.0, end - start) if bin_ms is None else bin_ms
    bin_ms *= max(1, int(np.ceil((end - start) / (bin_ms * MOST_BINS))))
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
