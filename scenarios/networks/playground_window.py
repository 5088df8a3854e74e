"""The window of the playground: the board with sliders.

Building and simulating thousands of trials takes a few milliseconds, so each movement of a slider
builds a new network. The window therefore shows exactly what `neurosim run` computes for these
settings, with the same random numbers for each trial.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

import neurosim as ns
from neurosim import plot
from neurosim.engine.mpi import current_communicator
from neurosim.experiments.settings import settings_of
from scenarios.networks.playground import network
from scenarios.networks.playground_board import SIZE, Board
from scenarios.networks.playground_trials import Trials

if TYPE_CHECKING:
    from matplotlib.backend_bases import Event
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.widgets import Slider

    from neurosim.scenario import RunOptions
    from scenarios.networks.playground import Settings

# Height of the controls (inches).
CONTROLS = 1.5
# Width and height of the window (inches).
WINDOW = (SIZE[0], SIZE[1] + CONTROLS)
# Approximate time between two updates (ms).
TICK = 100.0
# Label, step and number format of each kind of slider.
SLIDERS = {
    "psps": ("synapse {}", 0.1, "%+.1f mV"),
    "inputs": ("", 0.01, "%.2f"),
    "v_threshold": ("threshold", 0.1, "%.1f mV"),
    "noise": ("noise", 0.05, "%.2f mV"),
}


class Playground:
    """The board with its controls, on a figure.

    Parameters
    ----------
    figure : Figure
        Empty, of the size `WINDOW`.
    settings : Settings
        Initial settings.
    options : RunOptions

    Attributes
    ----------
    settings : Settings
        Current settings.
    trials : Trials
        Trials with these settings.
    running : bool
        False while paused.
    tick : int
        Number of trials in about `TICK` ms.
    sliders : dict of (str, int) to Slider
        By the name of a setting and the index within it, 0 for a single number.
    pause : Button
    """

    def __init__(self, figure: Figure, settings: Settings, options: RunOptions) -> None:
        from matplotlib.widgets import Button

        self.settings, self._options, self.running = settings, options, True
        self.tick = max(1, round(TICK / options.duration))
        self.trials = self._simulate(settings)
        parts: Any = figure.subfigures(2, 1, height_ratios=(SIZE[1], CONTROLS))
        with plot.style():
            self._board = Board(parts[0], self.trials)
            self.sliders = _sliders(parts[1], settings)
            # No hover colour: partial redrawing would overwrite it.
            place = parts[1].add_axes((0.73, 0.12, 0.18, 0.2))
            self.pause = Button(place, "pause", color="0.9", hovercolor="0.9")
            place.spines[:].set_visible(False)
        for (name, index), slider in self.sliders.items():
            slider.on_changed(partial(self._move, name, index))
        self.pause.on_clicked(self._pause)
        self._colour()
        moving = self._board.moving
        for slider in self.sliders.values():
            moving += slider.poly, slider.valtext, *slider.ax.lines
        self._painter = plot.Painter(figure, moving)

    def advance(self) -> None:
        """Show the next trials, and drop the oldest ones."""
        if self.running:
            self._update(first_trial=self.settings.first_trial + self.tick)

    def _move(self, name: str, index: int, value: Any) -> None:
        """Apply the value of a slider."""
        given, value = getattr(self.settings, name), round(value, 3)
        if isinstance(given, tuple):
            value = (*given[:index], value, *given[index + 1 :])
        self._update(**{name: value})

    def _pause(self, event: Event) -> None:
        self.running = not self.running
        self.pause.label.set_text("pause" if self.running else "continue")
        event.canvas.draw_idle()

    def _update(self, **changes: Any) -> None:
        """Simulate and show trials with other settings."""
        settings = replace(self.settings, **changes)
        self.trials, self.settings = self._simulate(settings), settings
        self._colour()
        self._board.show(self.trials)
        self._painter.paint()

    def _simulate(self, settings: Settings) -> Trials:
        net, run = network(settings, self._options), self._options
        result = ns.simulate(net, run.duration, dt=run.dt, seed=run.seed, threads=run.threads)
        return Trials(result, settings)

    def _colour(self) -> None:
        """Colour the sliders of each synapse by its sign."""
        for (name, index), slider in self.sliders.items():
            synapse = isinstance(getattr(self.settings, name), tuple)
            slider.poly.set_facecolor(plot.colour_of(self.settings.psps[index] if synapse else 0))


def play(settings: Settings, options: RunOptions) -> Settings:
    """Open the window, and return the settings when it is closed, or at Ctrl-C.

    Raises
    ------
    NeurosimError
        If there is no display, or if the simulation runs on several processes.
    """
    import matplotlib.pyplot as plt

    if not current_communicator().is_serial:
        raise ns.NeurosimError("the window needs a single process: run it without mpiexec")
    figure = _open()
    playground = Playground(figure, settings, options)
    timer = figure.canvas.new_timer(interval=round(playground.tick * options.duration))
    timer.add_callback(playground.advance)
    figure.canvas.mpl_connect("close_event", lambda event: timer.stop())
    timer.start()
    with suppress(KeyboardInterrupt):
        plt.show(block=True)
    plt.close(figure)
    return playground.settings


def _open() -> Figure:
    """Return an empty figure in a window."""
    import matplotlib.pyplot as plt

    with plot.style(), suppress(ImportError):  # the requested backend may have no display
        figure = plt.figure(figsize=WINDOW, layout="constrained")
        if figure.canvas.required_interactive_framework and figure.canvas.manager:
            figure.canvas.manager.set_window_title("neurosim playground")
            return figure
        plt.close(figure)
    raise ns.NeurosimError(
        "the window needs a display: run it on a desktop with Tk or Qt, or with window=false"
    )


def _sliders(area: SubFigure, settings: Settings) -> dict[tuple[str, int], Slider]:
    """Make a slider for each number: synapses in rows, the neuron at the right."""
    from matplotlib.widgets import Slider

    n = len(settings.psps)
    height = min(0.16, 0.74 / n)
    places = {("v_threshold", 0): (0.73, 0.62, 0.18), ("noise", 0): (0.73, 0.46, 0.18)}
    for k in range(n):
        y = 0.78 - height * (k + 1)
        places |= {("psps", k): (0.095, y, 0.24), ("inputs", k): (0.42, y, 0.16)}
    for x, words in ((0.095, "PSP"), (0.42, "probability of a spike"), (0.73, "neuron")):
        area.text(x, 0.86, words, fontsize=10, color="0.35")
    sliders, known = {}, settings_of(type(settings))
    for (name, index), (x, y, width) in places.items():
        label, step, form = SLIDERS[name]
        look: dict[str, Any] = {"valstep": step, "valfmt": form}
        look["valinit"] = np.atleast_1d(getattr(settings, name))[index]
        axes, limits = area.add_axes((x, y, width, height)), (known[name].low, known[name].high)
        slider: Any = Slider(axes, label.format(index + 1), *limits, initcolor="0.45", **look)
        slider.label.set_x(-0.04)
        slider.valtext.set_x(1.04)
        if name == "psps":  # from 0 to either side
            slider.poly.set_x(0.0)
            slider.set_val(slider.val)
        slider.drawon = False
        sliders[name, index] = slider
    return sliders
