"""Rosenblatt's perceptron learns what a line separates, and never XOR; then it spikes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from bridge.classics import mistake_bound, train_perceptron
from neurosim.scenario import Scenario
from scenarios._kit.common import draw_levels
from scenarios.logic_and_learning.perceptron_model import (
    EPOCHS,
    SETS,
    Lesson,
    Settings,
    network,
    random_separable_set,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Tell what was learned of each gate, in how many mistakes, and what the neurons did."""
    mistakes, bounds = _mistakes_and_bounds()
    found: dict[str, object] = {}
    for name, lesson in settings.lessons.items():
        learned = lesson.learned
        found[name] = {
            "expression": settings.gates[name],
            "learned": learned.converged,
            "never": learned.cycle > 0,
            "weights": learned.weights,
            "threshold": learned.threshold,
            "mistakes": int(learned.mistakes.sum()),
            "mistake_bound": _bound(lesson),
            "neuron_right": float((_fired(result, name, lesson) == lesson.targets).mean()),
        }
    return found | {
        "random_sets": SETS,
        "random_sets_learned": int(np.isfinite(mistakes).sum()),
        "largest_mistakes_over_bound": float((mistakes / bounds).max()),
        "gates_of_two_inputs_learned": _learnable_gates(2),
    }


def _bound(lesson: Lesson) -> float | None:
    """Return (R/γ)²; None where no plane separates."""
    bound = mistake_bound(lesson.inputs, lesson.targets)
    return bound if np.isfinite(bound) else None


def _fired(result: ns.Result, name: str, lesson: Lesson) -> NDArray[np.bool_]:
    return lesson.circuit(name).outputs(result)[:, 0]


def _mistakes_and_bounds() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mistakes (NaN where none was learned) and bounds on random separable sets."""
    found = []
    for seed in range(SETS):
        points, sides = random_separable_set(seed)
        learned = train_perceptron(points, sides, max_epochs=EPOCHS)
        mistakes = learned.mistakes.sum() if learned.converged else np.nan
        found.append((mistakes, mistake_bound(points, sides)))
    mistakes, bounds = np.array(found, dtype=float).T
    return mistakes, bounds


def _learnable_gates(n: int) -> int:
    """Return how many of the Boolean functions of n inputs a perceptron learns."""
    inputs = bridge.classics.truth_table(n)
    gates = bridge.classics.truth_table(2**n)
    return sum(train_perceptron(inputs, gate).converged for gate in gates)


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw how the gates of two inputs are learned, and the neurons that have learned them."""
    return {
        "planes": _draw_planes(result, settings),
        "learning": _draw_learning(settings),
        "neuron": _draw_neuron(result, settings),
    }


def _draw_planes(result: ns.Result, settings: Settings) -> Figure:
    """Draw the line that each gate of two inputs ended with, over what the neuron did."""
    from neurosim import plot

    shown = [name for name in settings.lessons if name != "gate"]
    fig = plot.figure(2.1 * len(shown), 3.1)
    grid = plot.panels(fig, 1, len(shown), sharex=True, sharey=True)
    with plot.style():
        for axes, name in zip(grid, shown, strict=True):
            lesson = settings.lessons[name]
            _draw_plane(axes, lesson, _fired(result, name, lesson))
            verdict = "learned" if lesson.learned.converged else "never learned"
            axes.set_title(f"{name}: {verdict}", fontsize=10)
            axes.set(xlabel="A", xticks=(0, 1), yticks=(0, 1), aspect="equal")
        grid[0].set_ylabel("B")
        for fill, words in (("black", "neuron fired"), ("white", "silent")):
            grid[0].plot([], [], "o", mfc=fill, color="black", ms=8, ls="", label=words)
        grid[0].plot([], [], "x", color=plot.EXCITATORY, ms=15, mew=2, ls="", label="wrong")
        grid[0].fill_between([], [], color=plot.PALETTE[1], alpha=0.3, label="Σwx > T")
        fig.legend(loc="outside lower center", ncols=4)
    return fig


def _draw_plane(axes: Axes, lesson: Lesson, fired: NDArray[np.bool_]) -> None:
    from neurosim import plot

    a, b = np.meshgrid([-0.5, 1.5], [-0.5, 1.5])
    score = lesson.learned.weights @ np.stack([a.ravel(), b.ravel()]) - lesson.learned.threshold
    far = 10.0 * np.abs(score).max() + 1.0
    colours = [plot.PALETTE[1]]
    axes.contourf(a, b, score.reshape(a.shape), levels=[0.0, far], colors=colours, alpha=0.3)
    points = lesson.inputs.astype(float)
    for who, fill in ((fired, "black"), (~fired, "white")):
        axes.plot(*points[who].T, "o", mfc=fill, color="black", ms=8, ls="")
    wrong = points[fired != lesson.targets]
    axes.plot(*wrong.T, "x", color=plot.EXCITATORY, ms=15, mew=2, ls="")


def _draw_learning(settings: Settings) -> Figure:
    """Draw the weights of the gate from mistake to mistake, and mistakes in each passage."""
    from neurosim import plot

    lesson = settings.lessons["gate"]
    learned = lesson.learned
    fig = plot.figure(7.6, 4.6)
    upper, lower = plot.panels(fig, 2, 1, height_ratios=(1.6, 1))
    with plot.style():
        steps = np.arange(len(learned.path))
        for column, name in enumerate((*lesson.variables, "threshold T")):
            last = column == len(lesson.variables)
            colour = "0.5" if last else plot.PALETTE[column % len(plot.PALETTE)]
            label = name if last else f"weight of {name}"
            values = learned.path[:, column]
            upper.step(steps, values, where="post", color=colour, ls="--" if last else "-")
            upper.lines[-1].set_label(label)
        upper.set(xlabel="mistake", ylabel="weight")
        upper.set_title(f"gate = {settings.gate}", fontsize=10)
        upper.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        epochs = np.arange(1, len(learned.mistakes) + 1)
        lower.bar(epochs, learned.mistakes, color=plot.PALETTE[1], width=0.7)
        lower.set(xlabel="passage through the examples", ylabel="mistakes")
        lower.locator_params(axis="x", integer=True)
        if learned.cycle:
            words = f"after {len(learned.mistakes)} passages the weights are those of before: "
            lower.set_title(words + "it goes on so for ever", fontsize=10)
    return fig


def _draw_neuron(result: ns.Result, settings: Settings) -> Figure:
    """Draw the potentials of the neuron that has learned the gate, one line an input."""
    from neurosim import plot

    lesson, info = settings.lessons["gate"], result.populations["gate"]
    trace, circuit = result.traces["gate", "v"], lesson.circuit("gate")
    values = trace.with_spikes()[:, : len(lesson.inputs)]
    fired = _fired(result, "gate", lesson)
    fig = plot.figure(7.0, 3.8)
    (axes,) = plot.panels(fig)
    with plot.style():
        for who, colour, words in (
            (lesson.targets, plot.PALETTE[1], "inputs that are to fire it"),
            (~lesson.targets, "0.45", "inputs that are not"),
        ):
            if who.any():
                axes.plot(trace.times, values[:, who], color=colour, lw=1.0)
                axes.plot([], [], color=colour, label=f"{int(who.sum())} {words}")
        draw_levels(axes, info)
        wrong = int((fired != lesson.targets).sum())
        axes.set_title(f"{len(fired)} inputs, {wrong} wrong", fontsize=10)
        arrival = circuit.time(circuit.logic.outputs[0])
        axes.set(xlim=(arrival - 5.0, min(arrival + 40.0, result.duration)))
        axes.set(xlabel="time (ms)", ylabel="membrane potential (mV)")
        fig.legend(loc="outside lower center", ncols=2)
    return fig


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set the neurons beside the perceptrons, and their mistakes beside the bound."""
    worlds = {
        name: (_fired(result, name, lesson), lesson.learned.predict(lesson.inputs))
        for name, lesson in settings.lessons.items()
    }
    measures = {}
    for name, (fired, active) in worlds.items():
        same = bridge.agreement(fired, active)
        learned = settings.lessons[name].learned
        verdict = "has learned it" if learned.converged else "never learns it: the weights recur"
        key = f"agreement_{name.replace(' ', '_')}"
        measures[key] = replace(same, note=f"{settings.gates[name]}; {verdict}")
    spiking, abstract = (np.concatenate(column) for column in zip(*worlds.values(), strict=True))
    mistakes, bounds = _mistakes_and_bounds()
    lesson, unit = settings.lessons["gate"], settings.lessons["gate"].learned.unit()
    own = bridge.strengths(unit)
    for variable, psp in zip(lesson.variables, own.psps, strict=True):
        measures[f"psp_of_{variable}"] = bridge.Measure(psp, "mV", note="synapse of the neuron")
    measures |= {
        "mistakes": bridge.Measure(int(lesson.learned.mistakes.sum()), note=settings.gate),
        "mistake_bound": bridge.Measure(
            mistake_bound(lesson.inputs, lesson.targets), note="(R/γ)², γ the largest margin"
        ),
        "largest_mistakes_over_bound": bridge.Measure(
            float(np.nanmax(mistakes / bounds)), note=f"on {SETS} random separable sets"
        ),
    }
    return bridge.Comparison(
        title="The perceptron: a unit that learns, and the neuron it becomes",
        measures={"agreement": bridge.agreement(spiking, abstract)} | measures,
        drawings={"bound": partial(_draw_bound, mistakes, bounds)},
    )


def _draw_bound(mistakes: NDArray[np.float64], bounds: NDArray[np.float64]) -> Figure:
    """Draw mistakes against the bound, a point for each random set."""
    from neurosim import plot

    fig = plot.figure(5.2, 4.2)
    (axes,) = plot.panels(fig)
    ends = np.array([0.8, 1.5 * bounds.max()])
    with plot.style():
        axes.plot(ends, ends, color="0.45", ls="--", label="the bound")
        axes.plot(bounds, np.maximum(mistakes, 0.8), "o", color=plot.PALETTE[1], ms=5, alpha=0.7)
        axes.lines[-1].set_label("a random separable set")
        axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
        axes.set(xlabel="mistake bound (R/γ)²", ylabel="mistakes made")
        axes.legend(loc="upper left")
    return fig


scenario = Scenario(
    name="perceptron",
    title="The perceptron learns every gate that a line separates, and never XOR",
    row="S11",
    source="L1, L3",
    group="Thresholds, logic and learning rules",
    description=(
        "Y = 1 if the weighted inputs sum to more than T, and W + eta (d - y) x after each "
        "example. It learns AND, OR, NOT and any gate whose inputs a plane separates, in at most "
        "(R/gamma)^2 mistakes, R being the longest example and gamma the margin; on XOR its "
        "weights go round for ever. Each unit is then run as a spiking neuron on all inputs: the "
        "weights become postsynaptic potentials, the threshold the 15 mV from rest."
    ),
    settings=Settings,
    duration=50.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
