"""Neurons that fire inside a square, a pentagon, a hexagon, a circle, or two pentagons."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
from neurosim.scenario import Scenario
from scenarios._kit.planes import draw_examples, draw_zones, grid_points, zone_bar
from scenarios._kit.trials import SPIKING, TRAINED
from scenarios.networks.decision_regions_model import (
    EXAMPLES,
    LAYERS,
    POINTS,
    SHAPES,
    SIDE,
    SIDES,
    UNITS,
    UNSEEN,
    Lessons,
    Settings,
    asked,
    deep_of,
    fires_inside,
    in_circle,
    lessons_of,
    network,
    shapes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    import neurosim as ns

FINE = np.linspace(-1.0, 1.0, 161)


def fired_in(result: ns.Result) -> dict[str, NDArray[np.float64]]:
    """Return which outputs of the networks made for shapes fired, by name, at their points."""
    return {name: spiking.outputs_in(result)[-1][:, 0] for name, spiking in shapes().items()}


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Count units, and points where a spiking network does not what its shape says."""
    fired, lessons = fired_in(result), lessons_of(settings, result.seed)
    found: dict[str, object] = {}
    for name in SHAPES:
        layers = shapes()[name].network.layers
        key = name.replace(" ", "_")
        found[f"units_{key}"] = [len(layer.bias) for layer in layers]
        found[f"wrong_{key}"] = int(np.sum(fired[name] != shapes()[name].network(POINTS)[:, 0]))
    circle = in_circle(asked("sides"))
    found["sides"] = SIDES
    found["spiking_circle_error"] = [np.mean((fired[f"{n} sides"] > 0) != circle) for n in SIDES]
    found["learned_circle_error"] = lessons.units.min(axis=1)
    found["layers"] = list(LAYERS)
    found["learned_pentagons_error"] = lessons.layers.min(axis=1)
    return found


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw where each spiking network fires, and the lines that its first layer draws."""
    from neurosim import plot

    fired = fired_in(result)
    fig = plot.figure(12.4, 3.3)
    grid = plot.panels(fig, 1, len(SHAPES), sharex=True, sharey=True)
    with plot.style():
        for axes, name in zip(grid, SHAPES, strict=True):
            draw_zones(axes, SIDE, SIDE, fired[name])
            layers = fires_inside(SHAPES[name]).layers
            for normal, constant in zip(layers[0].weights, layers[0].bias, strict=True):
                foot = -constant * normal
                direction = np.array([-normal[1], normal[0]])
                ends = np.stack([foot - 4.0 * direction, foot + 4.0 * direction])
                axes.plot(*ends.T, color="white", lw=0.6, ls=":")
            units = " + ".join(str(len(layer.bias)) for layer in layers)
            axes.set_title(f"{name}\n{units} units")
            axes.set(aspect="equal", xlim=(-1.0, 1.0), ylim=(-1.0, 1.0), xlabel="input 1")
        grid[0].set_ylabel("input 2")
        zone_bar(fig, grid, "output fires", shrink=0.6)
    return {"regions": fig}


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set spikes beside threshold units, and errors beside units, layers and examples."""
    fired, lessons = fired_in(result), lessons_of(settings, result.seed)
    deep = {n: own.outputs_in(result)[-1][:, 0] for n, own in deep_of(lessons).items()}
    return bridge.Comparison(
        title="Decision regions: made and learned, abstract and in spikes",
        measures=_made(fired) | _learned(lessons, deep, settings),
        drawings={
            "learned": partial(_draw_learned, lessons, deep, settings),
            "errors": partial(_draw_errors, lessons, fired),
        },
    )


def _made(fired: dict[str, NDArray[np.float64]]) -> dict[str, bridge.Measure]:
    """Return how far spiking threshold units do the same as abstract ones."""
    measures = {}
    for k, name in enumerate(SHAPES):
        same = bridge.agreement(fired[name] > 0, shapes()[name].network(POINTS)[:, 0] > 0)
        key = "agreement" if k == 0 else f"agreement_{name.replace(' ', '_')}"
        measures[key] = replace(same, note=f"{name}: {same.note[3:]}".replace("trials", "points"))
    circle = in_circle(asked("sides"))
    for n in SIDES:
        wrong = float(np.mean((fired[f"{n} sides"] > 0) != circle))
        note = f"a polygon of {n} sides for the circle, in spikes"
        measures[f"error_{n}_sides"] = bridge.Measure(wrong, note=note)
    return measures


def _learned(
    lessons: Lessons, deep: dict[int, NDArray[np.float64]], settings: Settings
) -> dict[str, bridge.Measure]:
    """Return the errors of networks that learned, and how near the spiking ones come."""
    measures = {}
    for n, errors in zip(UNITS, lessons.units, strict=True):
        note = f"circle learned by {n} hidden units; the best of {settings.starts}"
        measures[f"error_{n}_units"] = bridge.Measure(float(errors.min()), note=note)
    for (n, width), errors in zip(LAYERS.items(), lessons.layers, strict=True):
        count = lessons.deep[n].n_parameters
        note = f"pentagons, {n} layers of {width} units, {count} parameters"
        measures[f"error_{n}_layers"] = bridge.Measure(float(errors.min()), note=note)
    for m, errors in zip(EXAMPLES, lessons.examples, strict=True):
        note = f"pentagons, from {m} examples, 3 layers"
        measures[f"error_{m}_examples"] = bridge.Measure(float(errors.min()), note=note)
    for n, share in deep.items():
        told = lessons.deep[n](UNSEEN[: settings.asked])[:, 0]
        same = bridge.agreement(share > 0.5, told > 0.5)
        note = f"spiking and abstract, {n} layers, of {settings.asked} points"
        measures[f"agreement_{n}_layers"] = replace(same, note=note)
    return measures


def _draw_learned(
    lessons: Lessons, deep: dict[int, NDArray[np.float64]], settings: Settings
) -> Figure:
    """Draw what networks of many layers learned, and what they do in spikes."""
    from neurosim import plot

    fig = plot.figure(12.0, 3.8)
    grid = plot.panels(fig, 1, len(LAYERS), sharex=True, sharey=True)
    points = grid_points(FINE, FINE)
    with plot.style():
        for axes, (n, own), errors in zip(grid, lessons.deep.items(), lessons.layers, strict=True):
            draw_zones(axes, FINE, FINE, own(points)[:, 0])
            draw_examples(axes, UNSEEN[: settings.asked], deep[n] > 0.5)
            axes.set(aspect="equal", xlabel="input 1")
            axes.set_title(f"{n} layers, {own.n_parameters} parameters\nerror {errors.min():.3f}")
        grid[0].set_ylabel("input 2")
        zone_bar(fig, grid, "probability", shrink=0.8)
        axes = grid[0]
        handles = axes.get_lines()[:2]
        words = ["silent, in spikes", "fires, in spikes"]
        fig.legend(handles, words, loc="outside lower center", ncols=2)
    return fig


def _draw_errors(lessons: Lessons, fired: dict[str, NDArray[np.float64]]) -> Figure:
    """Draw errors against the number of units, of layers and of examples."""
    from neurosim import plot

    fig = plot.figure(10.6, 3.8)
    grid = plot.panels(fig, 1, 3, sharey=True)
    circle = in_circle(asked("sides"))
    made = [np.mean((fired[f"{n} sides"] > 0) != circle) for n in SIDES]
    with plot.style():
        words = "made of so many lines, in spikes"
        grid[0].plot(SIDES, made, color=SPIKING, marker="D", ms=5, label=words)
        for axes, x, errors in (
            (grid[0], UNITS, lessons.units),
            (grid[1], list(LAYERS), lessons.layers),
            (grid[2], EXAMPLES, lessons.examples),
        ):
            _draw_starts(axes, x, errors)
        grid[0].set(xscale="log", xlabel="hidden units", title="the circle")
        grid[0].set_xticks(UNITS, [str(n) for n in UNITS])
        grid[0].minorticks_off()
        grid[1].set(xlabel="layers", title="the pentagons", xticks=list(LAYERS))
        grid[2].set(xscale="log", xlabel="examples", title="the pentagons, 3 layers")
        grid[0].set(yscale="log", ylabel="share of points on the wrong side")
        fig.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig


def _draw_starts(axes: Axes, x: tuple[int, ...] | list[int], errors: NDArray[np.float64]) -> None:
    axes.plot(x, errors, "o", color=TRAINED, ms=4, mfc="none")
    axes.plot(x, errors.min(axis=1), color=TRAINED, lw=2, label="learned, the best start")


scenario = Scenario(
    name="decision-regions",
    title="Decision regions: inside a polygon, a circle, either of two pentagons",
    row="S16",
    source="L1 L3",
    group="Networks",
    description=(
        "A threshold unit draws a line. Four, five or six of them, and one that fires if all do, "
        "fire inside a square, a pentagon, a hexagon; 24 nearly a circle. Either of two pentagons "
        "needs a third layer: a unit that fires if one of both does. In spikes each unit is a "
        "neuron without noise, and each of 3,721 points has neurons of its own: they fire where "
        "the abstract units do. Then networks learn the same from examples: the error falls with "
        "the number of units and of examples; with as many weights in 3, 4, 6 or 11 layers it does "
        "not fall, as deep and narrow networks are hard to train. The deep ones are put into "
        "spikes as well, a group of neurons for each unit, which fires a step after the layer "
        "before."
    ),
    settings=Settings,
    duration=55.0,
    dt=5.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
