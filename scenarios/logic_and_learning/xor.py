"""XOR and any other Boolean expression, by layers of spiking neurons, without an error."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from bridge.classics import largest_margin, parse, truth_table
from neurosim.scenario import Scenario
from scenarios._kit.circuits import draw_potentials, table_figure, units_in_both_worlds
from scenarios._kit.common import draw_levels
from scenarios.logic_and_learning.xor_model import LECTURE, XOR, Settings, network, xor_neurons

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure what was answered, and count the errors."""
    compiled, table = settings.compiled, settings.compiled.inputs[:, 0]
    answers = compiled.outputs(result)[:, 0]
    random = settings.many.outputs(result) == settings.truth
    return {
        "xor": settings.xor.outputs(result)[:, 0].astype(int),
        "expression": settings.expression,
        "variables": list(compiled.logic.inputs),
        "units": len(compiled.logic.units),
        "layers": int(compiled.logic.first_windows.max()),
        "answers": answers.astype(int),
        "errors": int((answers != parse(settings.expression).evaluate(table)).sum()),
        "random_expressions": settings.random,
        "random_units": len(settings.many.logic.units),
        "random_layers": int(settings.many.logic.first_windows.max()),
        "random_inputs": random.size,
        "random_errors": int((~random).sum()),
        "random_expressions_without_error": int(random.all(axis=0).sum()),
    }


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw XOR's potentials, the table of the expression and the answers to random ones."""
    fired = settings.compiled.fired(result)[:, 0]
    return {
        "xor": _draw_xor(result, settings),
        "expression": table_figure(settings.compiled.logic, {"neurons that fired": fired}),
        "random": _draw_random(result, settings),
    }


def _draw_xor(result: ns.Result, settings: Settings) -> Figure:
    from neurosim import plot

    circuit, units = settings.xor, XOR.units
    fig = plot.figure(7.8, 4.8)
    grid = plot.panels(fig, len(units), circuit.n_rows, sharex=True, sharey=True)
    with plot.style():
        draw_potentials(grid, result, circuit.name, xor_neurons(circuit))
        for axes, row in zip(grid, circuit.inputs[:, 0].astype(int), strict=False):
            axes.set_title(f"A = {row[0]}, B = {row[1]}", fontsize=10)
        for axes, unit in zip(grid[:: circuit.n_rows], units, strict=True):
            axes.set_ylabel(unit.name, rotation=0, ha="right", va="center", fontweight="bold")
        draw_levels(grid[circuit.n_rows - 1], result.populations[circuit.name])
        grid[0].set_xlim(0.0, circuit.duration + 10.0)
        fig.supxlabel("time (ms)", fontsize=10)
        fig.supylabel("membrane potential (mV)", fontsize=10)
    return fig


def _draw_random(result: ns.Result, settings: Settings) -> Figure:
    """Draw the answers to all inputs of all random expressions, errors as crosses."""
    from neurosim import plot

    answers, truth = settings.many.outputs(result), settings.truth
    fig = plot.figure(7.4, 3.6)
    (axes,) = plot.panels(fig)
    with plot.style():
        axes.imshow(answers, cmap="Greens", vmin=-0.15, vmax=1.3, aspect="auto", origin="upper")
        rows, columns = np.nonzero(answers != truth)
        axes.plot(columns, rows, "x", color=plot.EXCITATORY, ms=5)
        axes.set(xlabel="random expression", ylabel="input (of 64)")
        axes.set_title(f"dark: the output neuron fired; {len(rows)} errors", fontsize=10)
    return fig


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set the neurons beside threshold units, and a layer beside a single neuron."""
    notes = {
        "xor": "XOR, three units on four inputs",
        "expression": f"{len(settings.compiled.logic.units)} units, all inputs",
        "random": f"{len(settings.many.logic.units)} units of random expressions, 64 inputs",
    }
    alike = {
        circuit.name: bridge.agreement(*units_in_both_worlds(circuit, result))
        for circuit in settings.circuits
    }
    table, wanted = truth_table(2), np.array([0, 1, 1, 0])
    alone = bridge.LogisticNeuron().fit(table.astype(float), wanted)
    probability = alone.predict_proba(table.astype(float))[:, 1]
    entropy = bridge.cross_entropy(wanted, probability)
    errors = float((settings.many.outputs(result) != settings.truth).sum())
    fired = settings.compiled.fired(result)[:, 0]
    active = settings.compiled.logic.run(settings.compiled.inputs)[:, 0]
    worlds = {"neurons that fired": fired, "units that are active": active}
    measures = {
        f"agreement_{name}": replace(measure, note=notes[name]) for name, measure in alike.items()
    }
    measures |= {
        "errors_of_random_expressions": bridge.Measure(
            errors, note=f"of {settings.truth.size:,} inputs to {settings.random} expressions"
        ),
        "margin_of_one_neuron": bridge.Measure(
            largest_margin(table, wanted)[0], note="0: no line separates XOR"
        ),
        "cross_entropy_of_one_logistic_neuron": bridge.Measure(
            entropy.value, entropy.unit, note="ln 2: it says 1/2 to all four inputs"
        ),
    }
    return bridge.Comparison(
        title="XOR and other expressions: spiking neurons, and threshold units",
        measures={"agreement": measures["agreement_xor"]} | measures,
        drawings={
            "plane": partial(_draw_planes, result, settings),
            "expression": partial(table_figure, settings.compiled.logic, worlds),
        },
    )


def _draw_planes(result: ns.Result, settings: Settings) -> Figure:
    """Draw the plane of both inputs: which units are active where, and which neurons fired."""
    from neurosim import plot

    a, b = np.meshgrid([-0.5, 1.5], [-0.5, 1.5])
    either, both = (unit.threshold for unit in XOR.units[:2])
    bands = ((either, 4.0), (both, 4.0), (either, both))  # of A + B
    fired = settings.xor.fired(result)[:, 0, len(XOR.inputs) :]
    fig = plot.figure(8.6, 4.0)
    grid = plot.panels(fig, 1, 3, sharex=True, sharey=True)
    with plot.style():
        for axes, unit, band, spikes in zip(grid, XOR.units, bands, fired.T, strict=True):
            axes.contourf(a, b, a + b, levels=band, colors=[plot.PALETTE[1]], alpha=0.3)
            _draw_corners(axes, settings, spikes)
            axes.set(title=unit.name, xlabel="A", xticks=(0, 1), yticks=(0, 1), aspect="equal")
        grid[0].set_ylabel("B")
        grid[0].fill_between([], [], color=plot.PALETTE[1], alpha=0.3, label="unit is active")
        fig.legend(loc="outside lower center", ncols=3)
    return fig


def _draw_corners(axes: Axes, settings: Settings, spikes: np.ndarray) -> None:
    inputs = settings.xor.inputs[:, 0]
    for who, fill, words in ((spikes, "black", "neuron fired"), (~spikes, "white", "silent")):
        points = inputs[who].T.astype(float)
        axes.plot(*points, "o", mfc=fill, color="black", ms=9, ls="", label=words)
        if axes.get_subplotspec().colspan.start:  # type: ignore[union-attr]
            axes.lines[-1].set_label("_" + words)


scenario = Scenario(
    name="xor",
    title="XOR by a hidden layer, and any Boolean expression, in spikes",
    row="S12",
    source="L1, L3",
    group="Thresholds, logic and learning rules",
    description=(
        "No single neuron computes exclusive or, for no line separates its inputs; one hidden "
        "layer of two neurons does. The lecture's expression, " + LECTURE + ", is compiled into "
        "layers of neurons and answered on all inputs, and so are random expressions of up to six "
        "variables, all in one run: one spike means true, and there is no error."
    ),
    settings=Settings,
    duration=200.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
