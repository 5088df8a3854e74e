"""Decision regions: inside a polygon, a circle, or either of two pentagons.

A threshold unit separates the plane by a straight line. Four, five or six of them, and an output
that fires only if all of them fire, respond inside a square, a pentagon or a hexagon; 24 of them
approximate a circle. Either of two pentagons requires a third layer with a unit that fires if any
of its inputs fires. In the spiking networks each unit is a neuron without noise, which decides one
time step after the previous layer. Each point of a grid has a copy of every network.

Other networks learn the circle and the pentagons from examples. The error on other points falls
with the number of hidden units and with the number of examples. It does not fall with the number of
layers (3, 4, 6, 11) if the number of parameters stays about 200: deep and narrow networks are hard
to train. The trained networks are converted to groups of spiking neurons as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

import bridge
import neurosim as ns
from bridge.spiking import NeuronGroup, sigmoids_of
from scenarios import _kit as kit

GRID, FINE = kit.Plane.square(-1.0, 1.0, 61), kit.Plane.square(-1.0, 1.0, 401)
"""Points at which the shapes are tested in spikes, and at which abstract networks are drawn."""
UNSEEN = np.random.default_rng(0).uniform(-1.0, 1.0, (4000, 2))
"""Points on which errors are measured; the first 2,000 are used for spiking polygons."""
RADIUS = 0.7
"""Radius of the circle."""
SIDES = (3, 4, 6, 8, 12, 24)
"""Sides of polygons that approximate the circle."""
UNITS = (1, 2, 3, 4, 6, 12, 24)
"""Hidden units of networks that learn the circle."""
LAYERS = {3: 12, 4: 9, 6: 6, 11: 4}
"""Layers of networks that learn the pentagons, and units of each hidden layer."""
EXAMPLES = (30, 100, 300, 1000)
Fits = dict[tuple[str, int], list[tuple[float, bridge.LayeredNetwork]]]
"""Error and network for each start, the best first, by what is varied and its value."""
GROUP, OUTPUTS = 8, 20
"""Spiking neurons for each hidden unit, and for the output, of a trained network."""


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    examples: int = kit.setting(600, "", 20, 5000, "examples for networks of different sizes")
    starts: int = kit.setting(2, "", 1, 10, "random initial weights for each network")
    steps: int = kit.setting(200, "", 1, 5000, "maximum number of training steps")
    asked: int = kit.setting(200, "", 20, 500, "points at which deep spiking networks are tested")


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
            fits.append((float(wrong.mean()), network))
        found[varied, value] = sorted(fits, key=lambda fit: fit[0])
    return found


def spiking(settings: Settings, seed: int) -> dict[str, tuple[NeuronGroup, kit.Floats]]:
    """Return all spiking networks with the points at which they are tested."""
    groups = {}
    for name, polygons in SHAPES.items():
        groups[name] = NeuronGroup(fires_inside(polygons), name=f"{name}, "), GRID.points
    for n in SIDES:
        group = NeuronGroup(fires_inside((polygon(n),)), name=f"{n} sides, ")
        groups[f"{n} sides"] = group, UNSEEN[:2000]
    for n in LAYERS:
        network = sigmoids_of(learned(settings, seed)["layers", n][0][1])
        group = NeuronGroup(network, GROUP, OUTPUTS, noise=False, name=f"{n} layers, ")
        groups[f"{n} layers"] = group, UNSEEN[: settings.asked]
    return groups


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a copy of each network for each point."""
    kit.require_duration(options, max(LAYERS) * options.dt)  # before the training
    return kit.group_trials(options, spiking(settings, options.seed).values())


def fractions(result: ns.Result, settings: Settings) -> dict[str, kit.Floats]:
    """Return the fraction of output neurons that fired at each point, by network."""
    groups = spiking(settings, result.seed)
    return {name: group.outputs_in(result)[-1][:, 0] for name, (group, _) in groups.items()}


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Count units and wrong decisions of the shapes, and measure the errors of all others."""
    fired, best = fractions(result, settings), learned(settings, result.seed)
    found: kit.Findings = {"sides": SIDES, "spiking_circle_error": circle_errors(fired)}
    for name, polygons in SHAPES.items():
        key, right = name.replace(" ", "_"), fires_inside(polygons)(GRID.points)[:, 0]
        found[f"units_{key}"] = units_of(name)
        found[f"wrong_{key}"] = int(np.sum(fired[name] != right))
    for varied in ("units", "layers", "examples"):
        found[varied] = [value for kind, value in best if kind == varied]
        found[f"learned_{varied}_error"] = [best[varied, n][0][0] for n in found[varied]]
    return found


def circle_errors(fired: dict[str, kit.Floats]) -> list[float]:
    """Return the fraction of points at which polygons differ from the circle, by `SIDES`."""
    circle = inside("circle", UNSEEN[:2000])
    return [float(np.mean((fired[f"{n} sides"] > 0) != circle)) for n in SIDES]


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
        f"The circle as a polygon, in spikes, with {errors('sides', 'spiking_circle_error')}.",
        f"The circle, learned by {errors('units', 'learned_units_error')}.",
        f"The pentagons, learned by {errors('layers', 'learned_layers_error')}.",
        f"The pentagons, learned from {errors('examples', 'learned_examples_error')}.",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw where each spiking network fires, and the lines of its first layer."""
    fired = fractions(result, settings)

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
    fired, best = fractions(result, settings), learned(settings, result.seed)
    made = np.concatenate([fired[name] for name in SHAPES])
    units = [fires_inside(polygons)(GRID.points)[:, 0] for polygons in SHAPES.values()]
    same = bridge.agreement(made > 0.0, np.concatenate(units) > 0.0)
    of = f"of {len(made):,} points"
    measures = {"agreement": same.labelled("Five shapes: spiking and abstract agree", of)}
    for n, error in zip(SIDES, circle_errors(fired), strict=True):
        measures[f"error_{n}_sides"] = kit.Measure(error)
    labels = {"layers": "Pentagons, {} layers: error", "examples": "Pentagons, {} examples: error"}
    for (varied, value), ((error, network), *_) in best.items():
        label, note = labels.get(varied, "").format(value), f"{network.n_parameters} parameters"
        measures[f"error_{value}_{varied}"] = kit.Measure(error, label=label, note=note)
    for n in LAYERS:
        probability = best["layers", n][0][1](UNSEEN[: settings.asked])[:, 0]
        same = bridge.agreement(fired[f"{n} layers"] > 0.5, probability > 0.5)
        label = f"{n} layers: spiking and abstract agree" if n in (3, 11) else ""
        measures[f"agreement_{n}_layers"] = same.labelled(label, f"of {settings.asked} points")
    changes = [
        f"{measures[f'error_{start}'].value:.1%} to {measures[f'error_{stop}'].value:.1%}"
        for start, stop in (("30_examples", "1000_examples"), ("3_layers", "11_layers"))
    ]
    conclusion = (
        f"From 30 to 1,000 examples the error changes from {changes[0]}; from 3 to 11 layers with "
        f"as many parameters, from {changes[1]}."
    )
    drawings = {
        "learned": partial(_draw_learned, best, fired, settings),
        "errors": partial(_draw_errors, best, fired),
    }
    title = "Decision regions: constructed and learned, abstract and spiking"
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_learned(best: Fits, fired: dict[str, kit.Floats], settings: Settings) -> kit.Figure:
    """Draw the probability of networks of many layers, and the decisions of spiking ones."""

    def draw(axes: kit.Axes, n: int) -> None:
        error, network = best["layers", n][0]
        FINE.draw(axes, network(FINE.points)[:, 0])
        labels = ("spiking network: silent", "spiking network: fires")
        points, fires = UNSEEN[: settings.asked], fired[f"{n} layers"] > 0.5
        kit.draw_examples(axes, points, fires, labels=labels)
        title = f"{n} layers: error {error:.3f}"
        axes.set(aspect="equal", xlim=(-1, 1), ylim=(-1, 1), title=title)

    panels = [kit.panel(draw, n, xlabel="input 1", ylabel="input 2") for n in LAYERS]
    return kit.page(
        "With about 200 parameters each, the deepest network learns worst", *panels, columns=2,
        size=(7.4, 6.9), legend=2, colourbar="probability", sharex=True, sharey=True,
    )  # fmt: skip


def _draw_errors(best: Fits, fired: dict[str, kit.Floats]) -> kit.Figure:
    """Draw the error by the number of units, layers and examples."""

    def draw(axes: kit.Axes, varied: str) -> None:
        values = [value for kind, value in best if kind == varied]
        errors = np.array([[error for error, _ in best[varied, value]] for value in values])
        if varied == "units":
            label = "polygon of as many sides, spiking"
            axes.plot(SIDES, circle_errors(fired), "D-", ms=5, color=kit.SPIKING, label=label)
        every, label = np.repeat(values, errors.shape[1]), "learned, each start"
        axes.plot(every, errors.ravel(), "o", color=kit.TRAINED, ms=4, mfc="none", label=label)
        axes.plot(values, errors[:, 0], color=kit.TRAINED, lw=2, label="learned, best start")
        axes.set(xscale="log", yscale="log")
        axes.set_xticks(values, map(str, values))
        axes.minorticks_off()

    title = "More examples reduce the error; more layers do not"
    error = "fraction misclassified"
    units = kit.panel(draw, "units", title="Circle", xlabel="hidden units", ylabel=error)
    layers = kit.panel(
        draw, "layers", title="Two pentagons", xlabel="layers (about 200 parameters)"
    )
    examples = kit.panel(draw, "examples", title="Two pentagons, 3 layers", xlabel="examples")
    return kit.page(title, units, layers, examples, size=(9.6, 3.8), sharey=True, legend=3)


scenario = kit.lesson(__name__, row="S16", lectures=("L1", "L3"), duration=55.0, dt=5.0)
