"""What the scenarios of threshold logic share: circuits in spikes, their tables and potentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from bridge.classics import Expression, parse
from scenarios._kit.common import draw_levels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

    from neurosim.scenario import RunOptions

MOST_VARIABLES = 8
"""Most variables of an expression: all inputs are run, each on a copy of the circuit."""
MOST_DRAWN = 32
"""Most rows of a table that are drawn."""
MOST_NAMED = 34
"""Longest name of a unit that is written out."""


def checked_expression(text: str) -> Expression:
    """Return the expression a setting stands for, of a size to be run on all inputs."""
    expression = parse(text)
    n = len(expression.variables)
    if not 1 <= n <= MOST_VARIABLES:
        raise ns.NeurosimError(
            f"expression {text!r} has {n} variables: give from 1 to {MOST_VARIABLES}"
        )
    return expression


def check_duration(options: RunOptions, circuits: Sequence[bridge.SpikingCircuit]) -> None:
    """Raise an error if the run ends before the output of the last circuit."""
    needed = max(circuit.duration for circuit in circuits)
    if options.duration < needed:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms ends before the last circuit has answered: give "
            f"{needed:g} ms or more"
        )
    for circuit in circuits:
        circuit.check_step(options.dt)


def units_in_both_worlds(
    circuit: bridge.SpikingCircuit, result: ns.Result
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return who fired, and who is active: units only, unless the circuit has none."""
    first = len(circuit.logic.inputs) if circuit.logic.units else 0
    spiking = circuit.fired(result)[..., first:]
    return spiking.ravel(), circuit.logic.run(circuit.inputs)[..., first:].ravel()


def draw_table(axes: Axes, names: Sequence[str], active: NDArray[np.bool_], n_inputs: int) -> None:
    """Draw who is active, one row a case and one column a source; inputs stand apart.

    Parameters
    ----------
    axes : Axes
    names : sequence of str
    active : (n_rows, n_sources) ndarray of bool
    n_inputs : int
        The first columns.
    """
    from neurosim import plot

    shown = active[:MOST_DRAWN]
    n_rows, n_sources = shown.shape
    places = np.arange(n_sources) + 0.5 * (np.arange(n_sources) >= n_inputs)
    for column, place in enumerate(places):
        colour = "0.35" if column < n_inputs else plot.PALETTE[1]
        for row in range(n_rows):
            on = bool(shown[row, column])
            axes.add_patch(
                _square(place, row, colour if on else "white", "0.75" if not on else colour)
            )
    axes.set(xlim=(-0.6, places[-1] + 0.6), ylim=(n_rows - 0.4, -0.6))
    axes.set_xticks(places, [short(name) for name in names], rotation=50, ha="right")
    axes.tick_params(axis="x", length=0, pad=1)
    axes.tick_params(axis="y", length=0)
    labels = ["".join(str(int(value)) for value in row[:n_inputs]) for row in shown]
    axes.set_yticks(np.arange(n_rows), labels)
    axes.spines[:].set_visible(False)


def _square(x: float, y: float, face: str, edge: str):  # type: ignore[no-untyped-def]
    from matplotlib.patches import Rectangle

    return Rectangle((x - 0.42, y - 0.42), 0.84, 0.84, facecolor=face, edgecolor=edge, lw=0.7)


def short(name: str) -> str:
    """Return a name that fits under a column."""
    return name if len(name) <= MOST_NAMED else name[: MOST_NAMED - 1] + "…"


def table_figure(
    logic: bridge.classics.ThresholdNetwork, worlds: dict[str, NDArray[np.bool_]]
) -> Figure:
    """Draw who is active in each world, side by side; `worlds` as (n_rows, size) by title."""
    from neurosim import plot

    n_rows = min(MOST_DRAWN, len(next(iter(worlds.values()))))
    longest = max(len(short(name)) for name in logic.names)
    height = 1.0 + 0.2 * n_rows + 0.065 * longest
    width = 1.0 + len(worlds) * (0.9 + 0.24 * logic.size + 0.045 * longest)
    fig = plot.figure(width, height)
    grid = plot.panels(fig, 1, len(worlds))
    with plot.style():
        for axes, (title, active) in zip(grid, worlds.items(), strict=True):
            draw_table(axes, logic.names, active, len(logic.inputs))
            axes.set_title(title, fontsize=10)
            axes.set_aspect("equal")
        total = len(next(iter(worlds.values())))
        rows = "inputs" if total == n_rows else f"inputs, the first {n_rows} of {total}"
        grid[0].set_ylabel(f"{rows} ({', '.join(logic.inputs)})")
    return fig


def draw_potentials(
    grid: Sequence[Axes], result: ns.Result, population: str, neurons: ArrayLike
) -> None:
    """Draw the potentials of some neurons of a circuit, a panel each, on one scale."""
    trace, info = result.traces[population, "v"], result.populations[population]
    for axes, neuron in zip(grid, np.ravel(neurons), strict=True):
        axes.plot(trace.times, trace.with_spikes(int(neuron)), color="black")
        draw_levels(axes, info, words=False)
        axes.set_yticks((-70, -55, 30))
