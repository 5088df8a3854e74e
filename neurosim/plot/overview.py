"""The default figure of a result."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from neurosim.plot.raster import draw_population_rate, draw_raster
from neurosim.plot.style import add_legend, finished, names_of, new_figure, panels
from neurosim.plot.trace import draw_voltage
from neurosim.results.analysis import end_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from neurosim.results import Result

MAX_POTENTIALS = 3
"""Largest number of membrane potentials."""
MIN_NEURONS = 5
"""Smallest number of neurons whose mean firing rate is drawn."""
MAX_SPIKES = 20_000
"""Largest number of spikes of the raster, if at least 50 neurons remain."""
MAX_BINS = 400
"""Largest number of bins of the firing rate: more hide it in noise."""


def overview(
    result: Result,
    populations: Sequence[str] | None = None,
    *,
    start: float = 0.0,
    stop: float | None = None,
    title: str = "",
) -> Figure:
    r"""Plot spikes, firing rates and up to three recorded membrane potentials.

    Firing rates are drawn for five neurons and more. If there are more than 20,000 spikes, the
    raster shows every k-th neuron, as its label states.

    Parameters
    ----------
    result : Result
    populations : sequence of str, optional
        From top to bottom. Default: all.
    start, stop : float
        ms. Default: the whole run.
    title : str

    Returns
    -------
    Figure

    Raises
    ------
    NeurosimError
        If a population is unknown, or the window is empty or extends beyond the run.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 20, ns.LIF())
    >>> drive = net.drive(cells, ns.Poisson(1000.0), psp=1.0)
    >>> recording = net.record(cells, "v", ids=[0])
    >>> figure = ns.plot.overview(ns.simulate(net, duration=200.0), title="Noisy neurons")
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['neurons', 'firing rate (Hz)', 'membrane\npotential (mV)']
    """
    names = names_of(result, populations)
    end = end_of(result, start, stop)
    n_neurons = sum(len(result.spikes[name].recorded) for name in names)
    potentials = _potentials(result, names)
    heights = [min(3.0, 0.7 + 0.1 * n_neurons)]
    heights += [1.1] * (n_neurons >= MIN_NEURONS) + [1.3] * len(potentials)
    fig = new_figure(7.5, 0.9 + 1.1 * sum(heights))
    axes = panels(fig, len(heights), 1, sharex=True, height_ratios=heights)
    n_spikes = sum(np.count_nonzero(result.spikes[name].inside(start, end)) for name in names)
    # Of many spikes, at least those of 50 neurons.
    rows = int(np.clip(MAX_SPIKES * n_neurons / max(1, n_spikes), 50, 2000))
    draw_raster(axes[0], result, names, start=start, stop=end, max_neurons=rows)
    if n_neurons >= MIN_NEURONS:
        width = bin_width(end - start)
        draw_population_rate(axes[1], result, names, start=start, stop=end, bin_ms=width)
    for ax, (name, neuron) in zip(axes[len(heights) - len(potentials) :], potentials, strict=True):
        draw_voltage(ax, result, name, neuron, start=start, stop=end, marks=False)
        ax.set_title(f"{name}, neuron {neuron}", fontsize=9, loc="left")
        ax.set_ylabel("membrane\npotential (mV)")
    for ax in axes[:-1]:
        ax.set_xlabel("")
    add_legend(fig, axes[min(1, len(axes) - 1)], title, columns=3, least=2)
    fig.align_ylabels()
    return finished(fig)


def _potentials(result: Result, names: Sequence[str]) -> list[tuple[str, int]]:
    """Return neurons with recorded potentials, of as many populations as possible."""
    recorded = [name for name in names if (name, "v") in result.traces]
    chosen = [
        (k, name, int(neuron))
        for name in recorded
        for k, neuron in enumerate(result.traces[name, "v"].ids[:MAX_POTENTIALS])
    ]
    first = sorted(chosen, key=lambda item: item[0])[:MAX_POTENTIALS]
    return sorted(((name, neuron) for _, name, neuron in first), key=lambda x: names.index(x[0]))


def bin_width(span: float) -> float:
    """Return a round bin width (ms), at least 1, for at most `MAX_BINS` bins."""
    widths = (factor * 10.0**power for power in count() for factor in (1.0, 2.0, 5.0))
    return min(next(width for width in widths if span <= width * MAX_BINS), span)
