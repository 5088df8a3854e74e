"""Circuits of threshold units: run them as spiking neurons, and draw their activity."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

import bridge
import neurosim as ns
from bridge.classics import Expression, parse, truth_table
from neurosim.scenario import RunOptions
from scenarios._kit.figures import SPIKING, TRAINED, Panel, label, page, panel
from scenarios._kit.layers import chart, layer, potential
from scenarios._kit.planes import draw_examples
from scenarios._kit.text import signed
from scenarios._kit.trials import require_duration

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

Circuits = Mapping[str, bridge.SpikingCircuit]

# Most variables of an expression: there is one copy of the circuit for each of the 2ⁿ inputs.
MOST_VARIABLES = 8
# Most inputs in a figure.
MOST_SHOWN = 32


def checked_expression(text: str) -> Expression:
    """Parse a Boolean expression of 1 to 8 variables."""
    expression = parse(text)
    n = len(expression.variables)
    if not 1 <= n <= MOST_VARIABLES:
        raise ns.NeurosimError(
            f"expression {text!r} has {n} variables: give from 1 to {MOST_VARIABLES}"
        )
    return expression


def add_circuits(
    net: ns.Network, circuits: Circuits, options: RunOptions, recorded: Collection[str]
) -> None:
    """Add circuits to a network.

    Parameters
    ----------
    net : Network
    circuits : mapping of str to SpikingCircuit
    options : RunOptions
    recorded : collection of str
        Circuits of which membrane potential and input of all units are recorded.

    Raises
    ------
    NeurosimError
        If the run ends before the last output, or the step does not fit.
    """
    needed = max(circuit.duration for circuit in circuits.values())
    require_duration(options, needed, "is shorter than the circuits need")
    for name, circuit in circuits.items():
        circuit.check_step(options.dt)
        population = circuit.add_to(net)
        if name in recorded:
            first = len(circuit.logic.inputs) * circuit.n_rows
            for variable in ("v", "input_exc", "input_inh"):
                net.record(population, variable, ids=np.arange(first, population.size))


def agreement(
    circuits: Iterable[bridge.SpikingCircuit], result: ns.Result, label: str = ""
) -> bridge.Measure:
    """Return the fraction of neurons and windows with a spike if and only if the unit is active.

    All cases are counted, so the measure has no interval. Inputs count only in circuits without
    units.
    """
    same = []
    for circuit in circuits:
        first = len(circuit.logic.inputs) if circuit.logic.units else 0
        equal = circuit.fired(result) == circuit.logic.run(circuit.inputs)
        same.append(equal[..., first:].ravel())
    equal = np.concatenate(same)
    note = f"{equal.sum():,} of {equal.size:,} cases"
    return bridge.Measure(float(equal.mean()), note=note, label=label)


def conclusion(agreement: bridge.Measure) -> str:
    """Return a sentence about the result of `agreement`."""
    if agreement.value == 1.0:
        return "Every neuron fires exactly when its unit is active."
    return f"In {1.0 - agreement.value:.2%} of the cases a neuron and its unit differ."


def draw_table(
    axes: Axes, names: Sequence[str], active: ArrayLike, n_inputs: int = 0, expected: Any = None
) -> None:
    """Draw activity as a table of filled cells.

    Parameters
    ----------
    axes : Axes
    names : sequence of str
        Names of the rows.
    active : (n_rows, n_columns) array_like of bool
        Only the first 32 columns are drawn.
    n_inputs : int
        Number of rows, from the top, that are inputs and are drawn in grey.
    expected : (n_rows, n_columns) array_like of bool, optional
        Cells to mark with a dot.
    """
    from matplotlib.colors import ListedColormap

    shown = np.asarray(active)[:, :MOST_SHOWN]
    kind = np.where(np.arange(len(names)) < n_inputs, 1, 2)[:, None] * shown
    colours = ListedColormap(["0.93", "0.45", SPIKING])
    axes.pcolormesh(kind, cmap=colours, vmin=0, vmax=2, edgecolors="white", linewidth=1.5)
    if expected is not None:
        rows, columns = np.nonzero(np.asarray(expected)[:, :MOST_SHOWN])
        axes.plot(columns + 0.5, rows + 0.5, "o", ms=3.5, color="black")
    axes.set_yticks(np.arange(len(names)) + 0.5, [fill(name, 30) for name in names])
    axes.set(ylim=(len(names), 0), xticks=[])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def plane_panel(
    weights: ArrayLike, band: tuple[float, float], fired: Any, wrong: Any = None, **labels: Any
) -> Panel:
    """Describe a panel with the plane of two inputs A and B.

    Parameters
    ----------
    weights : (2,) array_like
    band : (float, float)
        The unit is active where the weighted sum is between these values; this area is grey.
    fired : (4,) ndarray of bool
        Whether the neuron fires for AB = 00, 01, 10, 11.
    wrong : (4,) ndarray of bool, optional
        Inputs to mark with a cross.
    **labels
        Arguments of ``Axes.set``.
    """

    def draw(axes: Axes) -> None:
        first, second = np.asarray(weights)
        a, b = np.meshgrid([-0.5, 1.5], [-0.5, 1.5])
        axes.contourf(a, b, first * a + second * b, levels=band, colors=["0.85"])
        axes.fill_between([], [], color="0.85", label="unit is active")
        points = truth_table(2).astype(float)
        draw_examples(axes, points, fired, labels=("no spike", "spike"), ms=8)
        if wrong is not None and wrong.any():
            axes.plot(*points[wrong].T, "x", color=TRAINED, ms=16, mew=2.5, label="wrong")

    ticks = {"xticks": (0, 1), "yticks": (0, 1), "aspect": "equal"}
    return panel(draw, xlabel="A", ylabel="B", **ticks | labels)


def table_page(title: str, circuit: bridge.SpikingCircuit, result: ns.Result) -> Figure:
    """Draw which neurons of a circuit fire for each input, and which units are active."""
    logic, fired = circuit.logic, circuit.fired(result)[:, 0].T
    active = logic.run(circuit.inputs)[:, 0].T
    columns = min(circuit.n_rows, MOST_SHOWN)
    body = panel(
        draw_table, logic.names, fired, len(logic.inputs), active,
        title="green: the neuron fires; dot: the unit is active",
        xlabel=f"{columns} of {circuit.n_rows} inputs (grey: 1)",
    )  # fmt: skip
    size = (max(6.0, 2.8 + min(0.36 * columns, 7.0)), 1.3 + 0.32 * logic.size)
    return page(title, body, size=size)


def potentials_page(
    title: str, circuit: bridge.SpikingCircuit, result: ns.Result, names: Sequence[str]
) -> Figure:
    """Draw the membrane potential of each unit (rows) for each input AB (columns)."""
    panels: list[Panel] = []
    for unit, name in enumerate(names, len(circuit.logic.inputs)):
        for neuron, (a, b) in zip(circuit.ids(unit), truth_table(2).astype(int), strict=True):
            panels.append(chart(
                potential(result, circuit.name, neuron, levels=not panels),
                layer(_draw_psps, result, circuit.name, neuron),
                title=f"A = {a}, B = {b}" if len(panels) < 4 else "", xlabel="time (ms)",
                ylabel=f"{name}\npotential (mV)", yticks=(-70, -55, 30), ylim=(-95.0, 35.0),
                xlim=(0.0, circuit.duration + 10.0),
            ))  # fmt: skip
    size = (9.0, 1.3 + 1.3 * len(names))
    return page(title, *panels, columns=4, size=size, legend=2, sharex=True, sharey=True)


def _draw_psps(axes: Axes, result: ns.Result, population: str, neuron: int) -> None:
    """Draw the sums of the PSPs of a neuron when they arrive."""
    for sign, kind, marker, y in ((1, "excitatory", "^", 5.0), (-1, "inhibitory", "v", -27.0)):
        trace, colour = result.traces[population, f"input_{kind[:3]}"], ns.plot.colour_of(sign)
        psps = trace.of(neuron)
        times, psps = trace.times[psps != 0.0] + 1.5, psps[psps != 0.0]
        look: dict[str, Any] = {"color": colour, "label": f"sum of {kind} PSPs on arrival"}
        axes.plot(times, np.full(len(times), y), marker, ms=5, **look)
        for time, psp in zip(times, psps, strict=True):
            label(axes, time, y, f"{signed(psp, 4, plus=True)} mV", colour)
