"""Membrane potentials, and what arrives at the neuron."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.plot.style import EXCITATORY, INHIBITORY, figure, panels, style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from neurosim.recording import Result, Trace

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
    """Draw the potential of one neuron into given axes.

    Parameters
    ----------
    axes : Axes
    result : Result
        Holds the trace "v" of the population; arriving input is marked if "input_exc" and
        "input_inh" were recorded too.
    population : str
    neuron : int
        Index within the population.
    start, stop : float
        ms.
    marks : bool
        Whether to mark arriving input.
    """
    info = result.populations[population]
    trace = _trace(result, population, "v")
    inside = _inside(trace.times, start, stop)
    with style():
        axes.plot(trace.times[inside], trace.of(neuron)[inside], color="black", lw=1.2)
        for level, words in ((info.v_threshold, "threshold"), (info.v_rest, "rest")):
            axes.axhline(level, color="0.45", lw=0.9, ls="--", zorder=0)
            axes.annotate(
                f"{words} {level:g} mV".replace("-", "−"),
                (1.0, level),
                xycoords=("axes fraction", "data"),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
                color="0.35",
            )
        axes.set_ylabel("membrane potential (mV)")
        axes.set_xlabel("time (ms)")
        axes.set_xlim(start, result.duration if stop is None else stop)
        if marks:
            _mark_input(axes, result, population, neuron, inside)


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
    """Draw membrane potentials, one panel a neuron.

    The action potential is painted up to its peak, threshold and rest are dashed lines, arriving
    excitatory and inhibitory input is marked where it was recorded.

    Parameters
    ----------
    result : Result
    population : str
    neurons : int or sequence of int, optional
        Indices within the population. Default: the first six of those recorded.
    start, stop : float
        ms. Default: the whole run.
    currents : bool
        Whether to add a panel with the synaptic currents of the first neuron.
    title : str

    Returns
    -------
    Figure
    """
    chosen = _trace(result, population, "v").ids[:6] if neurons is None else np.atleast_1d(neurons)
    n = len(chosen)
    fig = figure(7.0, 1.2 + (2.4 if n == 1 else 1.7) * n + 1.8 * currents)
    axes = panels(fig, n + currents, 1, sharex=True)
    for ax, neuron in zip(axes, chosen, strict=False):
        draw_voltage(ax, result, population, int(neuron), start=start, stop=stop)
        if n > 1:
            ax.set_title(f"{population} {neuron}", fontsize=9)
            ax.set_ylabel("V (mV)")
        if ax is not axes[-1]:
            ax.set_xlabel("")
    if currents:
        draw_currents(axes[-1], result, population, int(chosen[0]), start=start, stop=stop)
    handles, labels = axes[0].get_legend_handles_labels()
    if handles:
        fig.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    if title:
        fig.suptitle(title, fontsize=11)
    return fig


def draw_currents(
    axes: Axes,
    result: Result,
    population: str,
    neuron: int,
    *,
    start: float = 0.0,
    stop: float | None = None,
) -> None:
    """Draw the excitatory and inhibitory synaptic current of one neuron into given axes."""
    with style():
        for sign, colour, words in SIGNS:
            trace = _trace(result, population, f"i_{sign}")
            inside = _inside(trace.times, start, stop)
            axes.plot(trace.times[inside], trace.of(neuron)[inside], color=colour, label=words)
        axes.axhline(0.0, color="0.45", lw=0.8)
        axes.set_ylabel("current (pA)")
        axes.set_xlabel("time (ms)")
        axes.legend(loc="upper right", ncols=2, frameon=False, fontsize=9)


def _mark_input(
    axes: Axes, result: Result, population: str, neuron: int, inside: NDArray[np.bool_]
) -> None:
    """Mark arriving input by ticks below the trace, excitation above inhibition."""
    recorded = [(population, f"input_{sign}") in result.traces for sign, _, _ in SIGNS]
    if not any(recorded):
        return
    low, high = axes.get_ylim()
    step = 0.055 * (high - low)
    for row, (sign, colour, words) in enumerate(SIGNS):
        if not recorded[row]:
            continue
        trace = result.traces[population, f"input_{sign}"]
        times = trace.times[(trace.of(neuron) != 0.0) & _inside(trace.times, *axes.get_xlim())]
        base = low - (row + 1) * step
        axes.vlines(
            times, base, base + 0.8 * step, color=colour, lw=1.1, label=f"{words} input arrives"
        )
    axes.set_ylim(low - 2.4 * step, high)


def _inside(times: NDArray[np.float64], start: float, stop: float | None) -> NDArray[np.bool_]:
    return (times >= start) & (times <= (np.inf if stop is None else stop))


def _trace(result: Result, population: str, variable: str) -> Trace:
    if (population, variable) not in result.traces:
        raise NeurosimError(
            f"{variable!r} of population {population!r} was not recorded: ask for it with "
            "Network.record"
        )
    return result.traces[population, variable]
