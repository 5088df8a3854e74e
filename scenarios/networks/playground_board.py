"""The board of the playground: a spiking neuron and its logistic unit.

Each panel is drawn once. It returns the artists that change, and a function that shows other
trials in them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim import plot
from scenarios._kit import LOGISTIC, SPIKING, signed, weighted_sum

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from numpy.typing import NDArray

    from scenarios.networks.playground_trials import Trials

Show = Callable[["Trials"], None]
# Width and height of the board (inches).
SIZE = (10.0, 5.3)
FAINT: dict[str, Any] = {"color": "0.45", "lw": 0.9, "ls": "--", "zorder": 0}


class Board:
    """All panels.

    Parameters
    ----------
    figure : Figure or SubFigure
        Empty.
    trials : Trials
        Trials to show first. The number of synapses, the number of trials shown and the duration of
        a trial are fixed by them.

    Attributes
    ----------
    moving : list of Artist
        Artists that `show` updates.
    """

    def __init__(self, figure: Figure | SubFigure, trials: Trials) -> None:
        halves: Any = figure.subfigures(1, 2, width_ratios=(1.7, 1.0))
        left = plot.panels(halves[0], 3, 1, sharex=True, height_ratios=(3.0, 1.0, 1.0))
        right = plot.panels(halves[1], 2, 1, height_ratios=(1.6, 1.0))
        drawers = (_trace, _inputs, _outputs, _curve, _numbers)
        with plot.style():
            panels = [draw(ax, trials) for draw, ax in zip(drawers, left + right, strict=True)]
        self.moving = [artist for artists, _ in panels for artist in artists]
        self._shows = [show for _, show in panels]
        left[0].set_xlim(_starts(trials)[0] - 0.6 * trials.period, 0.0)
        left[2].set_xlabel("time (ms), now = 0")
        for axes in left:
            axes.yaxis.set_label_coords(-0.095, 0.5)
        self.show(trials)

    def show(self, trials: Trials) -> None:
        """Show other trials."""
        for show in self._shows:
            show(trials)


def _trace(axes: Axes, trials: Trials) -> tuple[list[Artist], Show]:
    """Draw the membrane potential in the last trials, one after the other."""
    times = (_starts(trials) + trials.times[:, np.newaxis]).T.ravel()
    name = axes.text(1.01, 0, "", va="center", fontsize=9, transform=axes.get_yaxis_transform())
    lines = [axes.axhline(trials.unit.neuron.v_rest, **FAINT), axes.axhline(0.0, **FAINT)]
    (trace,) = axes.plot([], [], color="black", lw=1.0)
    axes.set(ylabel="potential (mV)", title="Spiking neuron: membrane potential")

    def show(trials: Trials) -> None:
        level = trials.settings.v_threshold
        trace.set_data(times, trials.traces.T.ravel())
        lines[1].set_ydata([level, level])
        name.set_y(level)
        name.set_text(f"threshold\n{signed(round(level, 2))} mV")
        low = _potentials(trials)[0] - 3.0 * trials.settings.noise
        axes.set_ylim(_in_tens(min(-80.0, low), trials.unit.neuron.v_peak + 6.0))

    return [*lines, trace, name, axes.yaxis], show


def _inputs(axes: Axes, trials: Trials) -> tuple[list[Artist], Show]:
    """Draw the presynaptic spikes of each synapse, in the colour of its sign."""
    n = len(trials.settings.psps)
    spikes = axes.vlines([], [], [], lw=2.0)
    title = "Presynaptic spikes (orange: excitatory, blue: inhibitory)"
    axes.set(title=title, ylabel="synapse", ylim=(n + 0.5, 0.5), yticks=range(1, n + 1))
    axes.tick_params(axis="y", length=0)

    def show(trials: Trials) -> None:
        trial, synapse = np.nonzero(trials.active[-trials.shown :])
        times = _starts(trials)[trial] + trials.times[0]
        spikes.set_segments(_segments(times, synapse + 0.6, synapse + 1.4))
        spikes.set_color([plot.colour_of(trials.settings.psps[k]) for k in synapse])

    return [spikes], show


def _outputs(axes: Axes, trials: Trials) -> tuple[list[Artist], Show]:
    """Draw the firing probability in each trial, and whether the neuron fired."""
    times = _starts(trials) + trials.times[0]
    edges = np.append(times, times[-1] + trials.period) - 0.5 * trials.period
    bars = axes.stairs(np.zeros(trials.shown), edges, fill=True, color=LOGISTIC)
    # Without points, they must not take part in the layout.
    (dots,) = axes.plot([], [], "o", color=SPIKING, ms=5, clip_on=False, in_layout=False)
    title = "Logistic unit: probability (bars), and spikes of the neuron (dots)"
    axes.set(title=title, ylabel="output", ylim=(0.0, 1.0), yticks=(0, 0.5, 1))

    def show(trials: Trials) -> None:
        bars.set_data(trials.logistic.probability(trials.active[-trials.shown :]))
        spikes = times[trials.fired[-trials.shown :]]
        dots.set_data(spikes, np.ones(len(spikes)))

    return [bars, dots], show


def _curve(axes: Axes, trials: Trials) -> tuple[list[Artist], Show]:
    """Draw the firing probability against the potential: logistic function, and fractions."""
    (line,) = axes.plot([], [], color=LOGISTIC, lw=4, label="logistic unit")
    level = axes.axvline(0.0, label="threshold", **FAINT)
    intervals = axes.vlines([], [], [], color=SPIKING, lw=1.2)
    dots = axes.scatter([], [], color=SPIKING, label="spiking neuron, 95 % interval", zorder=3)
    axes.set(xlabel="potential −70 + Σ Jᵢ aᵢ (mV)", ylabel="firing probability", ylim=(-0.03, 1.03))
    axes.legend(loc="lower left", bbox_to_anchor=(-0.06, 1.05), borderaxespad=0.2)

    def show(trials: Trials) -> None:
        threshold, noise, points = trials.settings.v_threshold, trials.unit.noise, trials.points
        low, high = _potentials(trials)
        around = 4.0 * trials.settings.noise
        low, high = min(low, threshold - around), max(high, threshold + around)
        axes.set_xlim(_in_tens(low - 1.0, high + 1.0))
        x = np.linspace(*axes.get_xlim(), 300)
        line.set_data(x, noise.firing_probability(x - threshold))
        level.set_xdata([threshold, threshold])
        dots.set_offsets(np.stack([points.potential, points.fraction], 1))
        # The area of a point grows with its number of trials, from a visible minimum.
        dots.set_sizes(12.0 + 400.0 * points.trials / points.trials.sum())
        intervals.set_segments(_segments(points.potential, *points.interval))

    return [line, level, intervals, dots, axes.xaxis], show


def _numbers(axes: Axes, trials: Trials) -> tuple[list[Artist], Show]:
    """Write the weights of the logistic unit, and the firing probabilities of both."""
    axes.set_axis_off()
    text = axes.text(0.0, 1.0, "", va="top", linespacing=1.5, transform=axes.transAxes)
    names = [f"a{'₁₂₃₄₅₆'[k]}" for k in range(len(trials.settings.psps))]

    def show(trials: Trials) -> None:
        score = weighted_sum(trials.logistic.intercept, trials.logistic.coef, names, 3)
        text.set_text(
            f"Logistic unit: σ(θ₀ + Σ θᵢaᵢ), θᵢ = Jᵢ/noise\n{fill(score, 36)}\n\n"
            f"Firing probability, {len(trials.fired):,} trials\n"
            f"spiking neuron: {trials.count.text}\nlogistic unit: {trials.expected:.3f}"
        )

    return [text], show


def _potentials(trials: Trials) -> tuple[float, float]:
    """Return the lowest and the highest potential that input can reach (mV)."""
    rest, psps = trials.unit.neuron.v_rest, trials.unit.psps
    return rest + psps.clip(max=0.0).sum(), rest + psps.clip(min=0.0).sum()


def _segments(x: NDArray[Any], low: NDArray[Any], high: NDArray[Any]) -> list[NDArray[Any]]:
    """Return vertical lines."""
    return list(np.stack([np.stack([x, low], 1), np.stack([x, high], 1)], 1))


def _in_tens(low: float, high: float) -> tuple[float, float]:
    """Return the range rounded outwards to tens of millivolts, so that the axis seldom changes."""
    return 10.0 * math.floor(low / 10.0), 10.0 * math.ceil(high / 10.0)


def _starts(trials: Trials) -> NDArray[np.float64]:
    """Return the start of each trial shown (ms); the last trial ends at 0."""
    return trials.period * np.arange(-trials.shown, 0.0)
