"""McCulloch–Pitts units: all or none, vetoed by one inhibitory spike; any logic, and memory."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from neurosim.scenario import Scenario
from scenarios._kit.circuits import draw_potentials, table_figure, units_in_both_worlds
from scenarios._kit.common import draw_levels
from scenarios.logic_and_learning.mcculloch_pitts_model import GATES, Settings, network, recorded

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure what each circuit answered, and how often that was wrong."""
    gates, compiled = settings.gates.outputs(result), settings.compiled
    vetoed, weighed = np.split(settings.inhibited.outputs(result)[1], 2)
    free = settings.inhibited.outputs(result)[0]
    units = compiled.logic.units
    return {
        **{name: gates[:, k].astype(int) for k, name in enumerate(GATES)},
        "expression": settings.expression,
        "units": len(units),
        "layers": int(compiled.logic.first_windows.max()),
        "inputs": compiled.n_rows,
        "answers": compiled.outputs(result)[:, 0].astype(int),
        "wrong_spikes": {
            circuit.name: int((circuit.fired(result) != circuit.logic.run(circuit.inputs)).sum())
            for circuit in settings.circuits
        },
        "excitation": settings.excitation,
        "fired_without_inhibition": free.all(),
        "fired_against_a_veto": vetoed.any(),
        "fired_against_relative_inhibition": weighed,
        "pulses": settings.pulses,
        "memory": _remembered(result, settings).astype(int),
        "memory_window_ms": settings.memory.window,
    }


def _remembered(result: ns.Result, settings: Settings) -> NDArray[np.bool_]:
    """Return whether the memory fired, window by window."""
    return settings.memory.fired(result)[0, :, settings.memory.logic.outputs[0]]


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw the potentials of gates, of vetoed neurons and of the memory, and the truth table."""
    logic, fired = settings.compiled.logic, settings.compiled.fired(result)[:, 0]
    return {
        "gates": _draw_gates(result, settings),
        "veto": _draw_veto(result, settings),
        "expression": table_figure(logic, {"neurons that fired": fired}),
        "memory": _draw_memory(result, settings),
    }


def _draw_gates(result: ns.Result, settings: Settings) -> Figure:
    from neurosim import plot

    circuit = settings.gates
    fig = plot.figure(7.6, 4.8)
    grid = plot.panels(fig, len(GATES), circuit.n_rows, sharex=True, sharey=True)
    with plot.style():
        draw_potentials(grid, result, circuit.name, recorded(circuit))
        for axes, row in zip(grid, circuit.inputs[:, 0].astype(int), strict=False):
            axes.set_title(f"A = {row[0]}, B = {row[1]}", fontsize=10)
        for axes, name in zip(grid[:: circuit.n_rows], GATES, strict=True):
            axes.set_ylabel(name, rotation=0, ha="right", va="center", fontweight="bold")
        draw_levels(grid[circuit.n_rows - 1], result.populations[circuit.name])
        grid[0].set_xlim(0.0, circuit.duration + 10.0)
        fig.supxlabel("time (ms)", fontsize=10)
        fig.supylabel("membrane potential (mV)", fontsize=10)
    return fig


def _draw_veto(result: ns.Result, settings: Settings) -> Figure:
    """Draw the highest potential against excitation: free, vetoed, inhibited relatively."""
    from neurosim import plot

    circuit, info = settings.inhibited, result.populations["veto"]
    trace = result.traces["veto", "v"]
    peaks = np.array([trace.with_spikes(int(k)).max() for k in recorded(circuit)]).reshape(-1, 2)
    vetoed, weighed = np.split(peaks, 2)
    fig = plot.figure(7.0, 3.8)
    (axes,) = plot.panels(fig)
    counts = np.array(settings.excitation)
    with plot.style():
        draw_levels(axes, info)
        for values, marker, colour, size, words in (
            (vetoed[:, 0], "o", plot.EXCITATORY, 9, "no inhibition"),
            (weighed[:, 1], "D", plot.PALETTE[4], 5, "one inhibitory spike, as strong as one"),
            (vetoed[:, 1], "s", plot.INHIBITORY, 6, "one inhibitory spike, absolute"),
        ):
            axes.plot(counts, values, marker, ls="-", lw=0.8, color=colour, ms=size, label=words)
        axes.set_xscale("log")
        axes.set_xticks(counts, [f"{count:g}" for count in counts])
        axes.minorticks_off()
        axes.set(xlabel="excitatory spikes that arrive together", yticks=(-70, -55, 0, 30))
        axes.set_ylabel("highest potential (mV)")
        fig.legend(loc="outside lower center", ncols=3)
    return fig


def _draw_memory(result: ns.Result, settings: Settings, abstract: bool = False) -> Figure:
    """Draw what sets and resets the memory, and its potential; with the abstract unit if asked."""
    from neurosim import plot

    circuit = settings.memory
    fig = plot.figure(8.0, 3.4 if not abstract else 4.6)
    grid = plot.panels(fig, 1 + abstract, 1, sharex=True, height_ratios=(2.2, 1)[: 1 + abstract])
    with plot.style():
        draw_potentials(grid[:1], result, circuit.name, circuit.ids(2)[:1])
        draw_levels(grid[0], result.populations[circuit.name])
        _mark_pulses(grid[0], settings)
        grid[0].set_ylabel("membrane potential (mV)")
        if abstract:
            active = circuit.logic.run(circuit.inputs)[0, :, 2]
            edges = [circuit.time(2, k) for k in range(len(active) + 1)]
            grid[1].stairs(active.astype(float), edges, color=plot.PALETTE[1], fill=True)
            grid[1].set(yticks=(0, 1), ylabel="abstract unit")
        grid[-1].set(xlim=(0.0, circuit.duration), xlabel="time (ms)")
        fig.legend(loc="outside lower center", ncols=2)
    return fig


def _mark_pulses(axes: Axes, settings: Settings) -> None:
    """Mark set and reset by triangles above the trace, when they reach the neuron."""
    from neurosim import plot

    circuit = settings.memory
    for column, (marker, colour, words, height) in enumerate(
        (("^", plot.EXCITATORY, "set", 40.0), ("v", plot.INHIBITORY, "reset", 52.0))
    ):
        pulses = np.flatnonzero(circuit.inputs[0, :, column]).tolist()
        times = [circuit.time(2, k) for k in pulses]
        axes.plot(
            times, [height] * len(times), marker, color=colour, ms=7, label=words, clip_on=False
        )


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set the neurons beside the abstract units, unit by unit and window by window."""
    notes = {
        "gates": "AND, OR and NOT on all inputs",
        "expression": f"{len(settings.compiled.logic.units)} units on all inputs",
        "veto": "units under growing excitation, with inhibition and without",
        "memory": "windows of the loop",
    }
    units = [units_in_both_worlds(circuit, result) for circuit in settings.circuits]
    measures = {}
    for circuit, (spiking, abstract) in zip(settings.circuits, units, strict=True):
        same = bridge.agreement(spiking, abstract)
        note = f"{notes[circuit.name]}; {same.note}"
        measures[f"agreement_{circuit.name}"] = replace(same, note=note)
    spiking, abstract = (np.concatenate(column) for column in zip(*units, strict=True))
    compiled = settings.compiled
    worlds = {
        "neurons that fired": compiled.fired(result)[:, 0],
        "units that are active": compiled.logic.run(compiled.inputs)[:, 0],
    }
    return bridge.Comparison(
        title="McCulloch–Pitts units: spiking, and abstract",
        measures={"agreement": bridge.agreement(spiking, abstract)} | measures,
        drawings={
            "expression": partial(table_figure, compiled.logic, worlds),
            "memory": partial(_draw_memory, result, settings, abstract=True),
        },
    )


scenario = Scenario(
    name="mcculloch-pitts",
    title="McCulloch–Pitts units: logic and memory of neurons that are all or none",
    row="S9",
    source="L1, L3",
    group="Thresholds, logic and learning rules",
    description=(
        "A unit fires if enough of its excitatory inputs are active and none of its inhibitory "
        "ones: a single inhibitory spike vetoes any excitation. As neurons: one spike says 1, no "
        "spike says 0, all that is to be summed arrives together, and the veto is as strong as "
        "all excitation. AND, OR and NOT, and any Boolean expression compiled from them, are run "
        "on all inputs, a copy of the circuit for each. A neuron that excites itself remembers: "
        "it fires from one spike that sets it until one that resets it."
    ),
    settings=Settings,
    duration=900.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
