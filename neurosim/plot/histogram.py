"""Histograms of firing rates, irregularity and membrane potentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.plot.style import (
    KINDS,
    add_legend,
    annotate,
    colour_of,
    finished,
    names_of,
    new_figure,
    panels,
    style,
)
from neurosim.results.analysis import cv_isi, end_of, potentials, rates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from neurosim.results import Result, SpikeTrains


def _draw_histogram(
    axes: Axes,
    result: Result,
    populations: Sequence[str] | None,
    measure: Callable[[SpikeTrains], NDArray[np.float64]],
    label: str,
    grain: float = 0.0,
) -> None:
    """Draw histograms of a measure of neurons as outlines, normalised to fractions of neurons.

    Populations of the same sign are pooled. If a measure is a multiple of `grain`, so are the bins.
    """
    by_sign: dict[int, NDArray[np.float64]] = {}
    for name in names_of(result, populations):
        sign, values = result.populations[name].sign, measure(result.spikes[name])
        by_sign[sign] = np.append(by_sign.get(sign, []), values[np.isfinite(values)])
    everything = np.concatenate([np.empty(0), *by_sign.values()])
    with style():
        axes.set_xlabel(label)
        if len(everything) == 0:
            _write_in_centre(axes, "too few spikes")
            return
        top = float(np.quantile(everything, 0.999)) or 1.0
        width = top / 40.0
        if grain:
            width = grain * np.ceil(width / grain)
        edges = np.arange(0.0, top + 2.0 * width, width) - 0.5 * grain
        for sign, values in by_sign.items():
            if len(values):
                fraction = np.histogram(values, edges)[0] / len(values)
                axes.stairs(fraction, edges, color=colour_of(sign), lw=1.4, label=KINDS[sign])
                axes.axvline(values.mean(), color=colour_of(sign), lw=0.9, ls=":")
        axes.set_xlim(0.0, edges[-1])
        axes.set_ylim(bottom=0.0)
        axes.set_ylabel("fraction of neurons")


def _write_in_centre(axes: Axes, text: str) -> None:
    """Write text into axes without data."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", fontsize=10)


def draw_rate_histogram(
    axes: Axes, result: Result, populations: Sequence[str] | None = None, *, start: float = 0.0
) -> None:
    """Draw a histogram of firing rates after `start` (ms), with dotted mean lines.

    Examples
    --------
    >>> import neurosim as ns
    >>> from neurosim.plot import draw_rate_histogram, figure, panels
    >>> net = ns.Network()
    >>> cells = net.add("cells", 50, ns.LIF())
    >>> drive = net.drive(cells, ns.Poisson(1000.0), psp=1.0)
    >>> result = ns.simulate(net, 500.0)
    >>> fig = figure(4.0, 3.0)
    >>> [axes] = panels(fig)
    >>> draw_rate_histogram(axes, result, start=100.0)
    >>> axes.get_xlabel()
    'firing rate (Hz)'
    """
    stop = end_of(result, start, None)
    label, grain = "firing rate (Hz)", 1e3 / (stop - start)
    _draw_histogram(axes, result, populations, lambda t: rates(t, start, stop), label, grain)


def draw_cv_histogram(
    axes: Axes, result: Result, populations: Sequence[str] | None = None, *, start: float = 0.0
) -> None:
    """Draw a histogram of the CV of inter-spike intervals after `start` (ms).

    Examples
    --------
    >>> import neurosim as ns
    >>> from neurosim.plot import draw_cv_histogram, figure, panels
    >>> net = ns.Network()
    >>> cells = net.add("cells", 50, ns.LIF())
    >>> drive = net.drive(cells, ns.Poisson(1000.0), psp=1.0)
    >>> result = ns.simulate(net, 500.0)
    >>> fig = figure(4.0, 3.0)
    >>> [axes] = panels(fig)
    >>> draw_cv_histogram(axes, result, start=100.0)
    >>> axes.get_xlabel()
    'CV of inter-spike intervals'
    """
    label = "CV of inter-spike intervals"
    _draw_histogram(axes, result, populations, lambda t: cv_isi(t, start), label)


def rates_and_cv(
    result: Result,
    populations: Sequence[str] | None = None,
    *,
    start: float = 0.0,
    title: str = "",
) -> Figure:
    """Plot the distributions of firing rates and of CVs of inter-spike intervals.

    Parameters
    ----------
    result : Result
    populations : sequence of str, optional
        Default: all.
    start : float
        Time excluded at the start (ms).
    title : str

    Returns
    -------
    Figure

    Examples
    --------
    >>> import neurosim as ns
    >>> from neurosim.plot import rates_and_cv
    >>> net = ns.Network()
    >>> cells = net.add("cells", 50, ns.LIF())
    >>> drive = net.drive(cells, ns.Poisson(1000.0), psp=1.0)
    >>> figure = rates_and_cv(ns.simulate(net, 500.0), start=100.0)
    >>> len(figure.axes)
    2
    """
    fig = new_figure(7.0, 3.2)
    left, right = panels(fig, 1, 2)
    draw_rate_histogram(left, result, populations, start=start)
    draw_cv_histogram(right, result, populations, start=start)
    if left.get_legend_handles_labels()[0]:
        left.plot([], [], color="0.3", lw=0.9, ls=":", label="mean")
    add_legend(fig, left, title)
    return finished(fig)


def draw_potential_histogram(
    axes: Axes, result: Result, populations: Sequence[str] | None = None, *, start: float = 0.0
) -> None:
    """Draw the distribution of potentials after `start` (ms), with dashed lines at thresholds.

    Parameters
    ----------
    axes : Axes
    result : Result
    populations : sequence of str, optional
        Default: all with recorded potentials.
    start : float
        Time excluded at the start (ms).

    Examples
    --------
    >>> import neurosim as ns
    >>> from neurosim.plot import draw_potential_histogram, figure, panels
    >>> net = ns.Network()
    >>> cells = net.add("cells", 20, ns.LIF())
    >>> noise = net.drive(cells, ns.MembraneNoise(sigma=3.0))
    >>> recording = net.record(cells, "v", interval=5.0)
    >>> fig = figure(4.0, 3.0)
    >>> [axes] = panels(fig)
    >>> draw_potential_histogram(axes, ns.simulate(net, 500.0), start=100.0)
    >>> axes.get_xlabel()
    'membrane potential (mV)'
    """
    recorded = [name for name, variable in result.traces if variable == "v"]
    names = recorded if populations is None else names_of(result, populations)
    values = {name: potentials(result, name, start) for name in names}
    pooled = np.concatenate([np.empty(0), *values.values()])
    with style():
        axes.set_xlabel("membrane potential (mV)")
        if len(pooled) == 0:
            _write_in_centre(axes, "no samples")
            return
        low, high = pooled.min(), pooled.max()
        edges = np.linspace(low, max(high, low + 1.0), 61)
        for number, name in enumerate(names):
            density, _ = np.histogram(values[name], edges, density=len(values[name]) > 0)
            info = result.populations[name]
            rank = [result.populations[n].sign for n in names[:number]].count(info.sign)
            axes.stairs(
                density,
                edges,
                color=colour_of(info.sign),
                ls=("-", "--", ":", "-.")[rank % 4],
                lw=1.4,
                label=name,
            )
        thresholds = {result.populations[name].v_threshold for name in names}
        for level in sorted(v for v in thresholds if np.isfinite(v)):
            axes.axvline(level, color="0.45", lw=0.9, ls="--", zorder=0)
            above = (level, 1.0), ("data", "axes fraction"), (0, 3)
            annotate(axes, "threshold", *above, ha="center")
        axes.set_ylim(bottom=0.0)
        axes.set_ylabel("density (1/mV)")


def potential_histogram(
    result: Result,
    populations: Sequence[str] | None = None,
    *,
    start: float = 0.0,
    title: str = "",
) -> Figure:
    """Plot the distribution of membrane potentials, without spikes.

    The distribution is over time and neurons.

    Parameters
    ----------
    result : Result
    populations : sequence of str, optional
        Default: all with recorded potentials.
    start : float
        Time excluded at the start (ms).
    title : str

    Returns
    -------
    Figure

    Examples
    --------
    >>> import neurosim as ns
    >>> from neurosim.plot import potential_histogram
    >>> net = ns.Network()
    >>> cells = net.add("cells", 20, ns.LIF())
    >>> noise = net.drive(cells, ns.MembraneNoise(sigma=3.0))
    >>> recording = net.record(cells, "v", interval=5.0)
    >>> figure = potential_histogram(ns.simulate(net, 500.0), start=100.0)
    """
    fig = new_figure(5.5, 3.4)
    (axes,) = panels(fig)
    draw_potential_histogram(axes, result, populations, start=start)
    add_legend(fig, axes, title)
    return finished(fig)
