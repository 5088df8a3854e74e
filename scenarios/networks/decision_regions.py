"""Decision regions: inside a polygon, a circle, or either of two pentagons.

A threshold unit separates the plane by a straight line. Four, five or six of them, and an output
that fires only if all of them fire, respond inside a square, a pentagon or a hexagon; 24 of them
approximate a circle. Either of two pentagons requires a third layer with a unit that fires if any
of its inputs fires. In the spiking networks each unit is a neuron without noise, which decides one
time step after the previous layer. Each point of a grid has a copy of every network.

Other networks learn the circle and the pentagons from examples. The error on other points falls
with the number of hidden units and with the number of examples. It does not fall with the number of
layers (3, 4, 6, 11) if the number of parameters stays about 200: deep and narrow networks are hard
to train.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

import bridge
import neurosim as ns
from bridge.spiking import NeuronGroup
from scenarios import _kit as kit

GRID, FINE = kit.Plane.square(-1.0, 1.0, 61), kit.Plane.square(-1.0, 1.0, 401)
"""Points at which the shapes are tested in spikes, and at which abstract networks are drawn."""
UNSEEN = np.random.default_rng(0).uniform(-1.0, 1.0, (4000, 2))
"""Points on which errors are measured."""
RADIUS = 0.7
"""Radius of the circle."""
UNITS = (1, 2, 3, 4, 6, 12, 24)
"""Hidden units of networks that learn the circle."""
LAYERS = {3: 12, 4: 9, 6: 6, 11: 4}
"""Layers of networks that learn the pentagons, and units of each hidden layer."""
EXAMPLES = (30, 100, 300, 1000)
Fits = dict[tuple[str, int], list[float]]
"""Errors of each start, the lowest first, by what is varied and its value."""


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    examples: int = kit.setting(600, "", 20, 5000, "examples for networks of different sizes")
    starts: int = kit.setting(2, "", 1, 10, "random initial weights for each network")
    steps: int = kit.setting(200, "", 1, 5000, "maximum number of training steps")


def polygon(
    n: int,
    radius: float = RADIUS,
    turn: float = -0.5 * np.pi,
    centre: tuple[float, float] = (0.0, 0.0),
) -> tuple[kit.Floats, kit.Floats]:
    """Return w, shape (n, 2), and b, shape (n,), of a regular polygon: w·x + b > 0 inside.

    Parameters
    ----------
    n : int
        Number of sides.
    radius : float
        Radius of the circle with the same area.
    turn : float
        Angle of the normal of the first side (rad).
    centre : (float, float)
    """
    angles = turn + 2.0 * np.pi * np.arange(n) / n
    normals = -np.column_stack([np.cos(angles), np.sin(angles)])
    # A polygon around a circle of radius a has the area n a² tan(π/n).
    reach = radius * np.sqrt(np.pi / (n * np.tan(np.pi / n)))
    return normals, reach - normals @ np.array(centre)


PENTAGONS = (polygon(5, 0.38, 0.3, (-0.45, -0.35)), polygon(5, 0.42, 0.9, (0.4, 0.35)))
SHAPES = {
    "square": (polygon(4),),
    "pentagon": (polygon(5),),
    "hexagon": (polygon(6),),
    "circle": (polygon(24),),
    "two pentagons": PENTAGONS,
}


def fires_inside(polygons: tuple[tuple[kit.Floats, kit.Floats], ...]) -> bridge.LayeredNetwork:
    """Return threshold units that fire inside a polygon, or inside any of several.

    A unit of the first layer fires on the inner side of one edge, a unit of the second layer if all
    edges of its polygon agree, and the unit of a third layer if any of these fires.
    """
    weights, bias = (np.concatenate(parts) for parts in zip(*polygons, strict=True))
    owner = np.repeat(np.arange(len(polygons)), [len(b) for _, b in polygons])
    member = (owner == np.arange(len(polygons))[:, np.newaxis]).astype(float)
    layers = [
        bridge.Layer(weights, bias, "step"),
        bridge.Layer(member, 0.5 - member.sum(axis=1), "step"),
    ]
    if len(polygons) > 1:
        layers.append(bridge.Layer(np.ones((1, len(polygons))), [-0.5], "step"))
    return bridge.LayeredNetwork(tuple(layers))


def inside(shape: str, points: kit.Floats) -> kit.Bools:
    """Return which points are inside the circle, or inside another shape."""
    if shape == "circle":
        return np.less(np.hypot(*points.T), RADIUS)
    return fires_inside(SHAPES[shape])(points)[:, 0] > 0.0


def lessons(settings: Settings) -> Iterator[tuple[str, int, str, list[int], int]]:
    """Yield what is varied, its value, the shape to learn, hidden units and examples."""
    for n in UNITS:
        yield "units", n, "circle", [n], settings.examples
    for n, width in LAYERS.items():
        yield "layers", n, "two pentagons", [width] * (n - 1), settings.examples
    for n in EXAMPLES:
        yield "examples", n, "two pentagons", [LAYERS[3]] * 2, n


@lru_cache(maxsize=4)
def learned(settings: Settings, seed: int) -> Fits:
    """Train all networks."""
    points = np.random.default_rng(seed).uniform(-1.0, 1.0, (5000, 2))
    options: kit.Options = {"max_iter": settings.steps, "solver": bridge.quasi_newton}
    found: Fits = {}
    for varied, value, shape, hidden, n_examples in lessons(settings):
        seen, fits = points[:n_examples], []
        widths, activations = [2, *hidden, 1], ["tanh"] * len(hidden) + ["sigmoid"]
        for start in range(settings.starts):
            network = bridge.LayeredNetwork.random(widths, activations, start, slope=4.0)
            network, _ = network.train(seen, inside(shape, seen), **options)
            wrong = (network(UNSEEN)[:, 0] > 0.5) != inside(shape, UNSEEN)
            fits.append(float(wrong.mean()))
        found[varied, value] = sorted(fits)
    return found


@lru_cache(maxsize=1)
def spiking() -> dict[str, NeuronGroup]:
    """Return a spiking network for each shape."""
    return {
        name: NeuronGroup(fires_inside(polygons), name=f"{name}, ")
        for name, polygons in SHAPES.items()
    }


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a copy of each network for each point."""
    return kit.group_trials(options, [(group, GRID.points) for group in spiking().values()])


def fractions(result: ns.Result) -> dict[str, kit.Floats]:
    """Return whether the output neuron fired (1) at each point, by shape."""
    return {name: group.outputs_in(result)[-1][:, 0] for name, group in spiking().items()}


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Count units and wrong decisions of the shapes, and measure the errors of all others."""
    fired, best = fractions(result), learned(settings, result.seed)
    found: kit.Findings = {}
    for name, polygons in SHAPES.items():
        key, right = name.replace(" ", "_"), fires_inside(polygons)(GRID.points)[:, 0]
        found[f"units_{key}"] = units_of(name)
        found[f"wrong_{key}"] = int(np.sum(fired[name] != right))
    for varied in ("units", "layers", "examples"):
        found[varied] = [value for kind, value in best if kind == varied]
        found[f"learned_{varied}_error"] = [best[varied, n][0] for n in found[varied]]
    return found


def units_of(shape: str) -> list[int]:
    """Return the number of units in each layer of the network for a shape."""
    return [len(layer.bias) for layer in fires_inside(SHAPES[shape]).layers]


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the units that each shape needs, and the errors of approximations."""
    wrong = sum(found[f"wrong_{name.replace(' ', '_')}"] for name in SHAPES)
    units = kit.listed(f"{' + '.join(map(str, units_of(name)))} ({name})" for name in SHAPES)

    def errors(of: str, key: str) -> str:
        values = kit.listed(map(str, found[of]))
        return f"{values} {of}: {kit.listed(f'{error:.1%}' for error in found[key])} wrong"

    return [
        f"Spiking networks for five shapes were tested at {len(GRID.points):,} points, and other "
        "networks learned a circle and two pentagons from examples.",
        f"The shapes need {units} units. In spikes, {wrong or 'no'} points are misclassified.",
        f"The circle, learned by {errors('units', 'learned_units_error')}.",
        f"The pentagons, learned by {errors('layers', 'learned_layers_error')}.",
        f"The pentagons, learned from {errors('examples', 'learned_examples_error')}.",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw where each spiking network fires, and the lines of its first layer."""
    fired = fractions(result)

    def draw(axes: kit.Axes, shape: str) -> None:
        values = np.ma.masked_equal(GRID.grid(fired[shape]), 0.0)
        axes.pcolormesh(GRID.x, GRID.y, values, cmap="Greens", vmin=0.0, vmax=2.0)
        network = fires_inside(SHAPES[shape])
        for w, b in zip(network.layers[0].weights, network.layers[0].bias, strict=True):
            ends = -b * w + np.outer([-4.0, 4.0], [-w[1], w[0]])
            axes.plot(*ends.T, color="0.5", lw=0.7, label="boundary of a first-layer unit")
        FINE.draw_contour(axes, network(FINE.points)[:, 0], "black")
        axes.fill([], [], color="#74C476", label="output neuron fires")
        units = " + ".join(map(str, units_of(shape)))
        axes.set(aspect="equal", xlim=(-1, 1), ylim=(-1, 1), title=f"{shape}\n{units} units")

    panels = [kit.panel(draw, shape, xlabel="input 1", ylabel="input 2") for shape in SHAPES]
    title = "Each line is one neuron; a neuron that requires all of them fires inside"
    fig = kit.page(title, *panels, columns=5, size=(9.6, 3.1), legend=2, sharex=True, sharey=True)
    return {"regions": fig}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare spiking with abstract networks, and errors by units, layers and examples."""
    fired, best = fractions(result), learned(settings, result.seed)
    made = np.concatenate(list(fired.values())) > 0.0
    units = [fires_inside(polygons)(GRID.points)[:, 0] for polygons in SHAPES.values()]
    same = bridge.agreement(made, np.concatenate(units) > 0.0)
    labels = {"units": "Circle, {} hidden units: error", "layers": "Pentagons, {} layers: error",
              "examples": "Pentagons, {} examples: error"}  # fmt: skip
    shown = {"units": (1, 24), "layers": (3, 11), "examples": EXAMPLES}
    measures = kit.rows(
        {},
        ("agreement", f"Five shapes: spiking and abstract agree | of {len(made):,} points", same),
        *(
            (f"error_{value}_{varied}", labels[varied].format(value), errors[0])
            for (varied, value), errors in best.items()
            if value in shown[varied]
        ),
    )
    changes = [
        f"{measures[f'error_{start}'].value:.1%} to {measures[f'error_{stop}'].value:.1%}"
        for start, stop in (("30_examples", "1000_examples"), ("3_layers", "11_layers"))
    ]
    conclusion = (
        f"From 30 to 1,000 examples the error changes from {changes[0]}; from 3 to 11 layers with "
        f"as many parameters, from {changes[1]}."
    )
    panels = []
    for varied, title, xlabel in (
        ("units", "Circle", "hidden units"),
        ("layers", "Two pentagons", "layers (about 200 parameters)"),
        ("examples", "Two pentagons, 3 layers", "examples"),
    ):
        values = [value for kind, value in best if kind == varied]
        errors = np.array([best[varied, value] for value in values])
        panels.append(
            kit.chart(
                kit.curve(values, errors, ls="", marker="o", mfc="none", color=kit.TRAINED),
                kit.curve(values, errors[:, 0], "best start", **kit.FITTED),
                title=title, xlabel=xlabel, ylabel="fraction misclassified", xscale="log",
                yscale="log", xticks=values, xticklabels=values,
            )
        )  # fmt: skip
    drawing = partial(
        kit.page, "More examples reduce the error; more layers do not", *panels, size=(9.6, 3.8),
        sharey=True, legend=1,
    )  # fmt: skip
    title = "Decision regions: constructed and learned, abstract and spiking"
    return kit.Comparison(title, measures, {"errors": drawing}, conclusion)


scenario = kit.lesson(__name__, row="S16", lectures=("L1", "L3"), duration=15.0, dt=5.0)
