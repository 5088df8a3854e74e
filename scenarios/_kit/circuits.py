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
from scenarios._kit.figures import SPIKING, TRAINED, Panel, draw_levels, label, page, panel
from scenarios._kit.planes import draw_examples
from scenarios._kit.text import signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

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
    if options.duration < needed:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms is shorter than the circuits need: give at least "
            f"{needed:g} ms"
        )
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
    weights: ArrayLike,
    band: tuple[float, float],
    fired: NDArray[np.bool_],
    wrong: Any = None,
    **labels: Any,
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


def table_page(
    title: str, circuit: bridge.SpikingCircuit, result: ns.Result, *, expected: bool = False
) -> Figure:
    """Draw which neurons of a circuit fire for each input; `expected` marks the active units."""
    logic, fired = circuit.logic, circuit.fired(result)[:, 0].T
    active = logic.run(circuit.inputs)[:, 0].T if expected else None
    n, columns = circuit.n_rows, min(circuit.n_rows, MOST_SHOWN)
    shown = f"first {columns} of {n}" if n > columns else f"all {n}"
    marks = "green: the neuron fires" + "; dot: the unit is active" * expected
    body = panel(
        draw_table, logic.names, fired, len(logic.inputs), active,
        title=marks, xlabel=f"inputs ({shown}; grey: 1)",
    )  # fmt: skip
    size = (max(6.0, 2.8 + min(0.36 * columns, 7.0)), 1.3 + 0.32 * logic.size)
    return page(title, body, size=size)


def potentials_page(
    title: str, circuit: bridge.SpikingCircuit, result: ns.Result, names: Sequence[str]
) -> Figure:
    """Draw the membrane potential of each unit (rows) for each input (columns)."""
    panels: list[Panel] = []
    for k, name in enumerate(names):
        for row, inputs in enumerate(circuit.inputs[:, 0].astype(int)):
            labels: dict[str, Any] = {"yticks": (-70, -55, 30)} | ({} if row else {"ylabel": name})
            if k == 0:
                pairs = zip(circuit.logic.inputs, inputs, strict=True)
                labels["title"] = ", ".join(f"{variable} = {value}" for variable, value in pairs)
            unit = len(circuit.logic.inputs) + k
            if k == len(names) - 1:
                labels["xlabel"] = "time (ms)"
            levels = k == row == 0
            panels.append(panel(_draw_response, circuit, result, unit, row, levels, **labels))
    fig = page(
        title, *panels, columns=circuit.n_rows, size=(9.0, 1.3 + 1.3 * len(names)), sharex=True,
        sharey=True, legend=2,
    )  # fmt: skip
    fig.supylabel("membrane potential (mV)", fontsize=10)
    return fig


def _draw_response(
    axes: Axes, circuit: bridge.SpikingCircuit, result: ns.Result, unit: int, row: int, levels: bool
) -> None:
    """Draw the potential of one neuron, and the sums of its PSPs when they arrive."""
    neuron = int(circuit.ids(unit)[row])
    trace = result.traces[circuit.name, "v"]
    axes.plot(trace.times, trace.with_spikes(neuron), color="black")
    draw_levels(axes, result.populations[circuit.name], labels=levels)
    for variable, y, marker, colour, words in (
        ("input_exc", 5.0, "^", ns.plot.EXCITATORY, "excitatory"),
        ("input_inh", -27.0, "v", ns.plot.INHIBITORY, "inhibitory"),
    ):
        psps = result.traces[circuit.name, variable].of(neuron)
        arrivals = np.flatnonzero(psps)
        times = trace.times[arrivals] + 1.5
        axes.plot(times, np.full(len(times), y), marker, color=colour, ms=5)
        for time, psp in zip(times, psps[arrivals], strict=True):
            label(axes, time, y, f"{signed(psp, 4, plus=True)} mV", colour)
        axes.plot([], [], marker, color=colour, label=f"sum of {words} PSPs on arrival")
    axes.set(xlim=(0.0, circuit.duration + 10.0), ylim=(-95.0, 35.0))


def potentials_on_arrival(
    circuit: bridge.SpikingCircuit, result: ns.Result, unit: int
) -> NDArray[np.float64]:
    """Return rest plus the sum of all PSPs of a unit (mV) for each input, shape (n_rows,)."""
    net_input = sum(
        result.traces[circuit.name, variable].values for variable in ("input_exc", "input_inh")
    )
    ids = result.traces[circuit.name, "input_exc"].ids
    columns = np.searchsorted(ids, circuit.ids(unit))
    return circuit.neuron.v_rest + np.asarray(net_input)[:, columns].sum(axis=0)
