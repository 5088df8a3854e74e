"""Figure of a fitted neuron beside the recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bridge.recordings.fitting.prediction import is_random
from bridge.utils.checks import finite
from neurosim import NeurosimError
from neurosim.plot import PALETTE, figure, panels, style, time_axis
from neurosim.plot.style import add_legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bridge.recordings.fitting.result import NeuronFit

RECORDED, FITTED = PALETTE[:2]
"""Colours of the recording and of the model."""
SHOWN = 500.0
"""Length of the excerpt that is shown by default (ms)."""
TRIALS = 10
"""Number of trials drawn of a neuron that fires at random."""


def fit_plot(fit: NeuronFit, start: float | None, stop: float | None) -> Figure:
    """Return the figure of `NeuronFit.plot`."""
    data = fit.recording
    start = min(fit.tested_from, 0.9 * data.duration) if start is None else finite(start, "start")
    stop = min(start + SHOWN, data.duration) if stop is None else finite(stop, "stop")
    if not 0.0 <= start < stop <= data.duration * (1.0 + 1e-9):
        raise NeurosimError(
            f"start = {start:g} and stop = {stop:g} ms must ascend within 0 to {data.duration:g} ms"
        )
    result = fit.simulate(trials=TRIALS if is_random(fit.neuron) else 1)
    trace = result.traces["neuron", "v"]
    time = (np.arange(data.n_steps) + 1) * data.dt
    inside = (time >= start) & (time <= stop)
    fig = figure(8.0, 5.4)
    spikes, potential, current = panels(fig, 3, 1, sharex=True, height_ratios=(0.5, 2.0, 1.0))
    with style():
        trains = [result.spikes["neuron"].of(k) for k in trace.ids]
        _draw_spikes(spikes, fit.spikes, trains)
        if data.voltage is not None:
            potential.plot(time[inside], data.voltage[inside], color=RECORDED, label="recorded")
        model = trace.values[inside, 0]
        potential.plot(time[inside], model, color=FITTED, lw=1.0, label=type(fit.neuron).__name__)
        potential.set_ylabel("membrane\npotential (mV)")
        current.plot(time[inside] - data.dt, data.current[inside], color="0.35", lw=0.8)
        current.set_ylabel("current (pA)")
        time_axis(current, start, stop)
        percent = f"Γ = {fit.coincidence:.2f}"
        name = type(fit.neuron).__name__
        add_legend(fig, potential, f"Spikes of {name} coincide with recorded ones: {percent}")
    return fig


def _draw_spikes(
    axes: Axes, recorded: NDArray[np.float64], trains: list[NDArray[np.float64]]
) -> None:
    """Draw spikes as ticks: recorded ones above those of each trial."""
    rows = len(trains)
    height = max(1.0, rows / 2.0)
    axes.vlines(recorded, rows, rows + height, color=RECORDED, lw=1.0)
    for k, train in enumerate(trains):
        axes.vlines(train, k + 0.1, k + 0.9, color=FITTED, lw=1.0)
    axes.set(yticks=[0.5 * rows, rows + 0.5 * height], yticklabels=["model", "recorded"])
    axes.tick_params(axis="y", length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(axis="x", length=0)
