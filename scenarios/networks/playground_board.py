"""The board of the playground: a spiking neuron and its logistic unit.

Each panel is drawn once; `show` then updates only its `moving` artists.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim import plot
from scenarios._kit import LOGISTIC, SPIKING, signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.text import Text
    from numpy.typing import NDArray

    from scenarios.networks.playground import Trials

SIZE = (10.0, 5.3)
"""Width and height of the board (inches)."""
FAINT = "0.45"
FAINT_WORDS: dict[str, Any] = {"fontsize": 9, "color": "0.35"}


def sign_colour(value: float) -> str:
    """Return the colour of a synapse of that strength."""
    return plot.colour_of(int(np.sign(value)))


class Panel(ABC):
    """A part of the board.

    Attributes
    ----------
    moving : sequence of Artist
        Artists that `show` updates.
    """

    moving: Sequence[Artist]

    @abstractmethod
    def show(self, trials: Trials) -> None:
        """Show other trials."""


class Board:
    """All panels.

    Parameters
    ----------
    figure : Figure or SubFigure
        Empty.
    trials : Trials
        Trials to show first. The number of synapses, the number of trials shown and the duration of
        a trial are fixed by them.
    """

    def __init__(self, figure: Figure | SubFigure, trials: Trials) -> None:
        halves: Any = figure.subfigures(1, 2, width_ratios=(1.7, 1.0))
        left, right = halves
        rows = plot.panels(left, 3, 1, sharex=True, height_ratios=(3.0, 1.0, 1.0))
        curve, table = plot.panels(right, 2, 1, height_ratios=(1.2, 1.0))
        with plot.style():
            self._panels = (
                Trace(rows[0], trials),
                Inputs(rows[1], trials),
                Outputs(rows[2], trials),
                Curve(curve),
                Table(table, trials),
            )
        rows[0].set_xlim(starts(trials)[0] - 0.6 * trials.period, 0.0)
        rows[2].set_xlabel("time (ms), now = 0")
        for row in rows:
            row.yaxis.set_label_coords(-0.095, 0.5)
        self.show(trials)

    @property
    def moving(self) -> list[Artist]:
        """Artists that `show` updates."""
        return [artist for panel in self._panels for artist in panel.moving]

    def show(self, trials: Trials) -> None:
        """Show other trials."""
        for panel in self._panels:
            panel.show(trials)


class Trace(Panel):
    """The membrane potential in the last trials, one after the other."""

    def __init__(self, axes: Axes, trials: Trials) -> None:
        self._axes, rest = axes, trials.unit.neuron.v_rest
        self._times = (starts(trials) + trials.times[:, np.newaxis]).T.ravel()
        line = axes.axhline(rest, color=FAINT, lw=0.9, ls="--", zorder=0)
        name: dict[str, Any] = {"transform": axes.get_yaxis_transform(), **FAINT_WORDS}
        words = axes.text(1.01, rest - 1.0, f"rest\n{signed(rest)} mV", va="top", **name)
        (self._trace,) = axes.plot([], [], color="black", lw=1.0)
        self._level = axes.axhline(rest, color=FAINT, lw=0.9, ls="--", zorder=0)
        self._name = axes.text(1.01, rest, "", va="bottom", **name)
        self.moving = (line, words, self._trace, self._level, self._name, axes.yaxis)
        axes.set_ylabel("potential (mV)")
        axes.set_title("Spiking neuron: membrane potential", fontsize=10)

    def show(self, trials: Trials) -> None:
        """Show the potential and the threshold."""
        level = trials.unit.neuron.v_threshold
        self._trace.set_data(self._times, trials.traces.T.ravel())
        self._level.set_ydata([level, level])
        self._name.set_y(level)
        self._name.set_text(f"threshold\n{signed(round(level, 2))} mV")
        low, peak = potentials(trials)[0], trials.unit.neuron.v_peak
        low -= 3.0 * trials.settings.noise
        self._axes.set_ylim(_in_tens(min(-80.0, low), peak + 6.0))


class Inputs(Panel):
    """Presynaptic spikes of each synapse."""

    def __init__(self, axes: Axes, trials: Trials) -> None:
        n = len(trials.settings.psps)
        self._spikes = axes.vlines([], [], [], lw=2.0)
        self.moving = (self._spikes,)
        axes.set(ylabel="synapse", ylim=(n + 0.5, 0.5), yticks=range(1, n + 1))
        axes.tick_params(axis="y", length=0)
        axes.set_title("Presynaptic spikes", fontsize=10)
        _explain(axes, 0.85, "excitatory", plot.EXCITATORY)
        _explain(axes, 1.0, "inhibitory", plot.INHIBITORY)

    def show(self, trials: Trials) -> None:
        """Show the spikes in the colours of their synapses."""
        place, synapse = np.nonzero(trials.active[-trials.shown :])
        when = starts(trials)[place] + trials.times[0]
        ends = [np.stack([when, synapse + end], 1) for end in (0.6, 1.4)]
        self._spikes.set_segments(list(np.stack(ends, 1)))
        self._spikes.set_color([sign_colour(trials.settings.psps[k]) for k in synapse])


class Outputs(Panel):
    """Firing probability of the logistic unit in each trial, and whether the neuron fired."""

    def __init__(self, axes: Axes, trials: Trials) -> None:
        self._times = starts(trials) + trials.times[0]
        edges = np.append(self._times, self._times[-1] + trials.period) - 0.5 * trials.period
        self._bars = axes.stairs(np.zeros(trials.shown), edges, fill=True, color=LOGISTIC)
        look: dict[str, Any] = {"ls": "", "marker": "o", "ms": 5, "mec": SPIKING, "clip_on": False}
        # Without points, they must not take part in the layout.
        look["in_layout"] = False
        (self._fired,) = axes.plot([], [], mfc=SPIKING, **look)
        (self._silent,) = axes.plot([], [], mfc="white", **look)
        self.moving = (self._bars, self._fired, self._silent)
        axes.set(ylabel="output", ylim=(0.0, 1.0), yticks=(0, 0.5, 1))
        axes.set_title("Logistic unit: firing probability", fontsize=10)
        _explain(axes, 1.0, "dots: spike (1) or none (0)", SPIKING)

    def show(self, trials: Trials) -> None:
        """Show probabilities and outcomes."""
        recent = slice(-trials.shown, None)
        self._bars.set_data(trials.logistic.probability(trials.active[recent]))
        for dots, chosen in (
            (self._fired, trials.fired[recent]),
            (self._silent, ~trials.fired[recent]),
        ):
            dots.set_data(self._times[chosen], np.full(chosen.sum(), float(dots is self._fired)))


class Curve(Panel):
    """Firing probability against the potential: logistic function and measured fractions."""

    def __init__(self, axes: Axes) -> None:
        self._axes = axes
        (self._curve,) = axes.plot([], [], color=LOGISTIC, lw=4, label="logistic unit")
        self._level = axes.axvline(0.0, color=FAINT, lw=0.9, ls="--", zorder=0)
        self._intervals = axes.vlines([], [], [], color=SPIKING, lw=1.2)
        label = "spiking neuron, 95 % interval"
        self._points = axes.scatter([], [], color=SPIKING, label=label, zorder=3)
        self._name = axes.text(0.0, 1.04, "threshold", ha="center", va="bottom", **FAINT_WORDS)
        words = (self._name, axes.xaxis)
        self.moving = (self._curve, self._level, self._intervals, self._points, *words)
        axes.set(xlabel="potential −70 + Σ Jᵢ aᵢ (mV)", ylabel="firing probability")
        axes.set_ylim(-0.03, 1.03)
        axes.legend(loc="lower left", bbox_to_anchor=(-0.06, 1.05), borderaxespad=0.2)

    def show(self, trials: Trials) -> None:
        """Show the logistic function and the measured fractions."""
        neuron, noise = trials.unit.neuron, trials.unit.noise
        points = trials.points
        low, high = potentials(trials)
        around = 4.0 / noise.beta
        low, high = min(low, neuron.v_threshold - around), max(high, neuron.v_threshold + around)
        self._axes.set_xlim(_in_tens(low - 1.0, high + 1.0))
        line = np.linspace(*self._axes.get_xlim(), 300)
        self._curve.set_data(line, noise.firing_probability(line - neuron.v_threshold))
        self._level.set_xdata([neuron.v_threshold, neuron.v_threshold])
        self._name.set_x(neuron.v_threshold)
        self._points.set_offsets(np.stack([points.potential, points.fraction], 1))
        # The area of a point grows with its number of trials, from a visible minimum.
        self._points.set_sizes(12.0 + 400.0 * points.trials / points.trials.sum())
        ends = [np.stack([points.potential, bound], 1) for bound in points.interval]
        self._intervals.set_segments(list(np.stack(ends, 1)))


class Table(Panel):
    """PSPs of the neuron, weights of the logistic unit, and firing probabilities of both."""

    COLUMNS = (0.0, 0.58, 0.81, 1.0)
    """Left edge of the names and right edges of the numbers, as fractions of the width."""

    def __init__(self, axes: Axes, trials: Trials) -> None:
        axes.set_axis_off()
        n = len(trials.settings.psps)
        levels = np.linspace(0.95, 0.02, n + 7)
        row = partial(self._row, axes)
        row(levels[0], "", "PSP", "weight θ", "P(spike)", **FAINT_WORDS)
        self._synapses = [row(levels[k], f"synapse {k}", "", "", "") for k in range(1, n + 1)]
        self._bias = row(levels[n + 1], "bias", "", "", "1")
        self._noise = row(levels[n + 2], "noise", "")
        heading = f"firing probability ({len(trials.fired):,} trials)"
        row(levels[n + 4], heading, **FAINT_WORDS)
        self._count = row(levels[n + 5], "spiking neuron", "", color=SPIKING, fontweight="bold")
        self._expected = row(levels[n + 6], "logistic unit", "", color="0.35", fontweight="bold")
        self.moving = [
            cell
            for cells in (*self._synapses, self._bias, self._noise, self._count, self._expected)
            for cell in cells
        ]

    def _row(self, axes: Axes, level: float, name: str, *numbers: str, **look: Any) -> list[Text]:
        look = {"fontsize": 9.5, "va": "center", "transform": axes.transAxes, **look}
        ends = self.COLUMNS[len(self.COLUMNS) - len(numbers) :]
        cells = zip(ends, numbers, strict=True)
        first = axes.text(self.COLUMNS[0], level, name, **look)
        return [first, *(axes.text(x, level, words, ha="right", **look) for x, words in cells)]

    def show(self, trials: Trials) -> None:
        """Show all numbers."""
        settings, logistic, unit = trials.settings, trials.logistic, trials.unit
        for cells, psp, theta, chance in zip(
            self._synapses, settings.psps, logistic.coef, settings.inputs, strict=True
        ):
            _write(cells[1:], f"{psp:+.1f} mV", f"{theta:+.2f}", f"{chance:.2f}")
            for cell in cells:
                cell.set_color(sign_colour(psp))
        _write(
            self._bias[1:], f"{-unit.threshold_distance:+.1f} mV", f"{logistic.intercept:+.2f}", "1"
        )
        _write(self._noise[1:], f"{settings.noise:.2f} mV, slope {unit.noise.beta:.3g} per mV")
        count = trials.count
        low, high = (100.0 * (bound or 0.0) for bound in (count.low, count.high))
        text = f"{100.0 * count.value:.1f} % ({low:.1f} to {high:.1f})"
        _write(self._count[1:], text)
        _write(self._expected[1:], f"{100.0 * trials.expected:.1f} %")


def _write(cells: Sequence[Text], *words: str) -> None:
    for cell, text in zip(cells, words, strict=True):
        cell.set_text(text.replace("-", "−"))


def potentials(trials: Trials) -> tuple[float, float]:
    """Return the lowest and the highest potential that input can reach (mV)."""
    rest, psps = trials.unit.neuron.v_rest, trials.unit.psps
    return rest + psps.clip(max=0.0).sum(), rest + psps.clip(min=0.0).sum()


def _explain(axes: Axes, end: float, words: str, colour: str) -> None:
    """Write a coloured legend on the line of the title, right-aligned at the fraction `end`."""
    place: dict[str, Any] = {
        "xycoords": "axes fraction",
        "textcoords": "offset points",
        "ha": "right",
    }
    axes.annotate(words, (end, 1.0), (0.0, 6.0), color=colour, fontsize=9, **place)


def _in_tens(low: float, high: float) -> tuple[float, float]:
    """Return the range rounded outwards to tens of millivolts, so that the axis seldom changes."""
    return 10.0 * math.floor(low / 10.0), 10.0 * math.ceil(high / 10.0)


def starts(trials: Trials) -> NDArray[np.float64]:
    """Return the start of each trial shown (ms); the last trial ends at 0."""
    return trials.period * np.arange(-trials.shown, 0.0)
