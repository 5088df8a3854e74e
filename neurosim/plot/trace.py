"""Plots of membrane potentials, synaptic input and synaptic currents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.plot.style import (
    EXCITATORY,
    INHIBITORY,
    add_legend,
    annotate,
    finished,
    new_figure,
    panels,
    style,
    time_axis,
)
from neurosim.results.analysis import end_of, trace_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from neurosim.results import PopulationInfo, Result

MAX_THICK = 60
"""Largest number of spikes in a window that are drawn with a thick line."""

SIGNS = (("exc", EXCITATORY, "excitatory"), ("inh", INHIBITORY, "inhibitory"))


def draw_voltage(
    axes: Axes,
    result: Result,
    population: str,
    neuron: int,
    *,
    start: float = 0.0,
    stop: float | None = None,
    marks: bool = True,
) -> None:
    """Draw the membrane potential of one neuron into axes.

    Parameters
    ----------
    axes : Axes
    result : Result
        With the trace "v" of the population; input is marked if "input_exc" and "input_inh" were
        recorded too.
    population : str
    neuron : int
        Index within the population.
    start, stop : float
        ms.
    marks : bool
        Whether to mark synaptic input.

    Examples
    --------
    >>> import neurosim as ns
    >>> from neurosim.plot import draw_voltage, figure, panels
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> drive = net.drive(cell, ns.ConstantCurrent(300.0))
    >>> recording = net.record(cell, "v")
    >>> result = ns.simulate(net, 100.0)
    >>> fig = figure(6.0, 3.0)
    >>> [axes] = panels(fig)
    >>> draw_voltage(axes, result, "cell", 0)
    >>> axes.get_ylabel()
    'membrane potential (mV)'
    """
    trace = trace_of(result, population, "v")
    values = trace.with_spikes(neuron)
    end = end_of(result, start, stop)
    inside = _inside(trace.times, start, end)
    with style():
        fired = np.empty(0) if trace.spikes is None else trace.spikes.of(neuron)
        n_spikes = np.count_nonzero(_inside(fired, start, end))
        width = 1.2 if n_spikes <= MAX_THICK else 0.6
        axes.plot(trace.times[inside], values[inside], color="black", lw=width)
        draw_levels(axes, result.populations[population], margin=True)
        if n_spikes and np.isfinite(trace.v_peak):
            label = f"spikes drawn\nto {trace.v_peak:+g} mV".replace("-", "−")
            _label_at_right(axes, trace.v_peak, label)
        axes.set_ylabel("membrane potential (mV)")
        time_axis(axes, start, end)
        if marks:
            _mark_input(axes, result, population, neuron)


def voltage_trace(
    result: Result,
    population: str,
    neurons: int | Sequence[int] | None = None,
    *,
    start: float = 0.0,
    stop: float | None = None,
    currents: bool = False,
    title: str = "",
) -> Figure:
    """Plot membrane potentials, one panel per neuron.

    Action potentials of integrate-and-fire neurons are drawn up to `v_peak`, as a label states;
    they are not part of the dynamics. Dashed lines show the threshold and the resting potential,
    ticks show recorded excitatory and inhibitory input.

    Parameters
    ----------
    result : Result
    population : str
    neurons : int or sequence of int, optional
        Indices within the population. Default: the first six recorded neurons.
    start, stop : float
        ms. Default: the whole run.
    currents : bool
        Whether to add a panel with the synaptic currents of the first neuron.
    title : str

    Returns
    -------
    Figure

    Examples
    --------
    >>> import neurosim as ns
    >>> from neurosim.plot import voltage_trace
    >>> net = ns.Network()
    >>> cells = net.add("cells", 2, ns.LIF())
    >>> drive = net.drive(cells, ns.ConstantCurrent([180.0, 300.0]))
    >>> recording = net.record(cells, "v")
    >>> figure = voltage_trace(ns.simulate(net, 100.0), "cells", title="180 and 300 pA")
    >>> len(figure.axes)
    2
    """
    recorded = trace_of(result, population, "v").ids
    chosen = recorded[:6] if neurons is None else np.atleast_1d(neurons)
    n = len(chosen)
    if n == 0:
        raise NeurosimError("neurons is empty: give at least one index, such as [0]")
    fig = new_figure(7.0, 1.2 + (2.4 if n == 1 else 1.7) * n + 1.8 * currents)
    axes = panels(fig, n + currents, 1, sharex=True)
    for ax, neuron in zip(axes, chosen, strict=False):
        draw_voltage(ax, result, population, int(neuron), start=start, stop=stop)
        if n > 1:
            ax.set_title(f"{population}, neuron {neuron}", fontsize=9, loc="left")
            ax.set_ylabel("membrane\npotential (mV)")
        if ax is not axes[-1]:
            ax.set_xlabel("")
    if currents:
        draw_currents(axes[-1], result, population, int(chosen[0]), start=start, stop=stop)
    add_legend(fig, axes[0], title, columns=2)
    fig.align_ylabels()
    return finished(fig)


def draw_currents(
    axes: Axes,
    result: Result,
    population: str,
    neuron: int,
    *,
    start: float = 0.0,
    stop: float | None = None,
) -> None:
    """Draw the excitatory and inhibitory synaptic current of one neuron into axes.

    Examples
    --------
    >>> import neurosim as ns
    >>> from neurosim.plot import draw_currents, figure, panels
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> for time, psp in ((10.0, 5.0), (30.0, -5.0)):
    ...     drive = net.drive(cell, ns.SpikeTimes([time]), synapse=ns.ExpCurrent(5.0), psp=psp)
    >>> recordings = [net.record(cell, "i_exc"), net.record(cell, "i_inh")]
    >>> result = ns.simulate(net, 60.0)
    >>> fig = figure(6.0, 3.0)
    >>> [axes] = panels(fig)
    >>> draw_currents(axes, result, "cell", 0)
    >>> axes.get_ylabel()
    'current (pA)'
    """
    end = end_of(result, start, stop)
    with style():
        for (sign, colour, words), height in zip(SIGNS, (0.9, 0.1), strict=True):
            trace = trace_of(result, population, f"i_{sign}")
            inside = _inside(trace.times, start, end)
            axes.plot(trace.times[inside], trace.of(neuron)[inside], color=colour)
            _label_at_right(axes, height, f"{words}\ncurrent", "axes fraction", color=colour)
        axes.axhline(0.0, color="0.45", lw=0.8)
        axes.set_ylabel("current (pA)")
        time_axis(axes, start, end)


def draw_levels(
    axes: Axes, info: PopulationInfo, *, labels: bool = True, margin: bool = False
) -> None:
    """Draw the threshold and the resting potential of a population as dashed lines.

    Parameters
    ----------
    axes : Axes
    info : PopulationInfo
        Levels that are NaN are omitted.
    labels : bool
        Whether to label the lines.
    margin : bool
        Whether the labels are in the margin to the right of the axes, where they hide no curve.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> info = ns.simulate(net, 1.0).populations["cell"]
    >>> [axes] = ns.plot.panels(ns.plot.figure())
    >>> ns.plot.draw_levels(axes, info)
    >>> [text.get_text() for text in axes.texts]
    ['threshold −55 mV', 'rest −70 mV']
    """
    for level, name, side in (
        (info.v_threshold, "threshold", "bottom"),
        (info.v_rest, "rest", "top"),
    ):
        if np.isfinite(level):
            axes.axhline(level, color="0.45", lw=0.9, ls="--", zorder=0)
            text = f"{name} {level:.4g} mV".replace("-", "−")
            if labels and margin:
                _label_at_right(axes, level, text)
            elif labels:
                offset = (-2, 2 if side == "bottom" else -2)
                box = {"fc": "white", "ec": "none", "pad": 0.5, "alpha": 0.7}
                where = ("axes fraction", "data")
                annotate(axes, text, (1.0, level), where, offset, ha="right", va=side, bbox=box)


def _label_at_right(axes: Axes, level: float, text: str, at: str = "data", **options: Any) -> None:
    """Label a level in the margin to the right of the axes."""
    annotate(axes, text, (1.0, level), ("axes fraction", at), (4, 0), va="center", **options)


def _mark_input(axes: Axes, result: Result, population: str, neuron: int) -> None:
    """Mark synaptic input by ticks below the trace, excitation above inhibition."""
    arriving = {}
    for sign, colour, words in SIGNS:
        if (population, f"input_{sign}") in result.traces:
            trace = result.traces[population, f"input_{sign}"]
            inside = _inside(trace.times, *axes.get_xlim())
            inside &= trace.of(neuron) != 0.0
            if inside.any():
                arriving[f"{words} input"] = colour, trace.times[inside]
    if not arriving:
        return
    low, high = axes.get_ylim()
    ticks = [tick for tick in axes.get_yticks() if low <= tick <= high]
    row = 0.07 * (high - low)
    for k, (label, (colour, times)) in enumerate(arriving.items()):
        base = low - (k + 1) * row
        # Many ticks overlap: make them transparent, so that density appears as shade.
        shade = float(np.clip(350.0 / max(1, len(times)), 0.15, 1.0))
        axes.vlines(times, base, base + 0.75 * row, color=colour, lw=1.1, alpha=shade)
        axes.plot([], [], "|", color=colour, ms=9, mew=1.6, label=label)
    axes.set_ylim(low - (len(arriving) + 0.2) * row, high)
    # The strip of ticks is not part of the voltage scale.
    axes.set_yticks(ticks)
    axes.spines["left"].set_bounds(low, high)


def _inside(times: NDArray[np.float64], start: float, stop: float) -> NDArray[np.bool_]:
    return (times >= start) & (times <= stop)
