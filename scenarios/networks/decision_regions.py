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


@dataclass(frozen=True)
class Polygon:
    """A regular polygon.

    Attributes
    ----------
    n : int
        Number of sides.
    radius : float
        Radius of the circle with the same area.
    turn : float
        Angle of the normal of the first side (rad).
    centre : (float, float)
    """

    n: int
    radius: float = RADIUS
    turn: float = -0.5 * np.pi
    centre: tuple[float, float] = (0.0, 0.0)

    def half_planes(self) -> tuple[kit.Floats, kit.Floats]:
        """Return w, shape (n, 2), and b, shape (n,): inside, w·x + b > 0 for all sides."""
        angles = self.turn + 2.0 * np.pi * np.arange(self.n) / self.n
        normals = -np.column_stack([np.cos(angles), np.sin(angles)])
        # A polygon around a circle of radius a has the area n a² tan(π/n).
        reach = self.radius * np.sqrt(np.pi / (self.n * np.tan(np.pi / self.n)))
        return normals, reach - normals @ np.array(self.centre)


PENTAGONS = (Polygon(5, 0.38, 0.3, (-0.45, -0.35)), Polygon(5, 0.42, 0.9, (0.4, 0.35)))
SHAPES: dict[str, tuple[Polygon, ...]] = {
    "square": (Polygon(4),),
    "pentagon": (Polygon(5),),
    "hexagon": (Polygon(6),),
    "circle": (Polygon(24),),
    "two pentagons": PENTAGONS,
}


def fires_inside(polygons: tuple[Polygon, ...]) -> bridge.LayeredNetwork:
    """Return threshold units that fire inside a polygon, or inside any of several.

    A unit of the first layer fires on the inner side of one edge, a unit of the second layer if all
    edges of its polygon agree, and the unit of a third layer if any of these fires.
    """
    edges = [
        np.concatenate(parts) for parts in zip(*(p.half_planes() for p in polygons), strict=True)
    ]
    owner = np.repeat(np.arange(len(polygons)), [polygon.n for polygon in polygons])
    member = (owner == np.arange(len(polygons))[:, np.newaxis]).astype(float)
    layers = [bridge.Layer(*edges, "step"), bridge.Layer(member, 0.5 - member.sum(axis=1), "step")]
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
    found = {}
    for varied, value, shape, hidden, n_examples in lessons(settings):
        seen, right = points[:n_examples], inside(shape, UNSEEN)
        activations, fits = ["tanh"] * len(hidden) + ["sigmoid"], []
        for start in range(settings.starts):
            network, _ = bridge.LayeredNetwork.random(
                [2, *hidden, 1], activations, start, slope=4.0
            ).train(seen, inside(shape, seen), max_iter=settings.steps, solver=bridge.quasi_newton)
            error = float(np.mean((network(UNSEEN)[:, 0] > 0.5) != right))
            fits.append((error, network))
        found[varied, value] = sorted(fits, key=lambda fit: fit[0])
    return found


def spiking(settings: Settings, seed: int) -> dict[str, tuple[NeuronGroup, kit.Floats]]:
    """Return all spiking networks with the points at which they are tested."""
    networks = {name: (fires_inside(polygons), GRID.points) for name, polygons in SHAPES.items()}
    networks |= {f"{n} sides": (fires_inside((Polygon(n),)), UNSEEN[:2000]) for n in SIDES}
    groups = {
        name: (NeuronGroup(network, name=f"{name}, "), points)
        for name, (network, points) in networks.items()
    }
    for n in LAYERS:
        network = sigmoids_of(learned(settings, seed)["layers", n][0][1])
        group = NeuronGroup(network, GROUP, OUTPUTS, noise=False, name=f"{n} layers, ")
        groups[f"{n} layers"] = group, UNSEEN[: settings.asked]
    return groups


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a copy of each network for each point."""
    return kit.group_trials(options, spiking(settings, options.seed).values())


def fractions(result: ns.Result, settings: Settings) -> dict[str, kit.Floats]:
    """Return the fraction of output neurons that fired at each point, by network."""
    groups = spiking(settings, result.seed)
    return {name: group.outputs_in(result)[-1][:, 0] for name, (group, _) in groups.items()}


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Count units and wrong decisions of the shapes, and measure the errors of all others."""
    fired, best = fractions(result, settings), learned(settings, result.seed)
    found: kit.Findings = {}
    for name, polygons in SHAPES.items():
        network, key = fires_inside(polygons), name.replace(" ", "_")
        found[f"units_{key}"] = units_of(name)
        found[f"wrong_{key}"] = int(np.sum(fired[name] != network(GRID.points)[:, 0]))
    found |= {"sides": SIDES, "spiking_circle_error": circle_errors(fired)}
    for varied, name, values in (
        ("units", "learned_circle_error", UNITS),
        ("layers", "learned_pentagons_error", LAYERS),
        ("examples", "learned_from_examples_error", EXAMPLES),
    ):
        found[varied] = list(values)
        found[name] = [best[varied, value][0][0] for value in values]
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
    lines = [
        f"Spiking networks for five shapes were tested at {len(GRID.points):,} points, and other "
        "networks learned a circle and two pentagons from examples.",
        f"The shapes need {units} units. In spikes, {wrong or 'no'} points are misclassified.",
    ]
    for words, of, key in (
        ("The circle, approximated by polygons of {} sides, in spikes", "sides", "spiking_circle"),
        ("The circle, learned by {} hidden units", "units", "learned_circle"),
        ("The pentagons, learned by networks of {} layers", "layers", "learned_pentagons"),
        ("The pentagons, learned from {} examples", "examples", "learned_from_examples"),
    ):
        errors = kit.listed(f"{error:.1%}" for error in found[f"{key}_error"])
        lines.append(f"{words.format(kit.listed(map(str, found[of])))}: {errors} wrong.")
    return lines


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
        axes.set(aspect="equal", xlim=(-1, 1), ylim=(-1, 1))

    panels = [
        kit.panel(
            draw, shape, title=f"{shape}\n{' + '.join(map(str, units_of(shape)))} units",
            xlabel="input 1", ylabel="input 2",
        )
        for shape in SHAPES
    ]  # fmt: skip
    title = "Each line is one neuron; a neuron that requires all of them fires inside"
    fig = kit.page(title, *panels, columns=5, size=(9.6, 3.1), legend=2, sharex=True, sharey=True)
    return {"regions": fig}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare spiking with abstract networks, and errors by units, layers and examples."""
    fired, best = fractions(result, settings), learned(settings, result.seed)
    made = np.concatenate([fired[name] for name in SHAPES])
    abstract = [fires_inside(polygons)(GRID.points)[:, 0] for polygons in SHAPES.values()]
    same = bridge.agreement(made > 0.0, np.concatenate(abstract) > 0.0)
    measures = {
        "agreement": same.labelled("Five shapes: spiking = abstract", f"of {len(made):,} points")
    }

    labels = {
        "sides": ("Circle, {} sides, spiking: error", (3, 24)),
        "units": ("Circle learned by {} units: error", (2, 24)),
        "layers": ("Pentagons learned by {} layers: error", (3, 11)),
        "examples": ("Pentagons learned from {} examples: error", (30, 1000)),
    }

    def add(varied: str, value: int, error: float, note: str) -> None:
        label, shown = labels[varied]
        label = label.format(value) if value in shown else ""
        measures[f"error_{value}_{varied}"] = kit.Measure(error, label=label, note=note)

    for n, error in zip(SIDES, circle_errors(fired), strict=True):
        add("sides", n, error, f"{n + 1} neurons")
    for (varied, value), fits in best.items():
        add(varied, value, fits[0][0], f"{fits[0][1].n_parameters} parameters")
    for n in LAYERS:
        probability = best["layers", n][0][1](UNSEEN[: settings.asked])[:, 0]
        same = bridge.agreement(fired[f"{n} layers"] > 0.5, probability > 0.5)
        label = f"{n} layers: spiking = abstract" if n in (3, 11) else ""
        measures[f"agreement_{n}_layers"] = same.labelled(label, f"of {settings.asked} points")
    shallow, deep = measures["error_3_layers"].value, measures["error_11_layers"].value
    few, many = measures["error_30_examples"].value, measures["error_1000_examples"].value
    conclusion = (
        f"From 30 to 1,000 examples the error changes from {few:.1%} to {many:.1%}; from 3 to 11 "
        f"layers with as many parameters, from {shallow:.1%} to {deep:.1%}."
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
        FINE.draw(axes, best["layers", n][0][1](FINE.points)[:, 0])
        labels = ("spiking network: silent", "spiking network: fires")
        points, fires = UNSEEN[: settings.asked], fired[f"{n} layers"] > 0.5
        kit.draw_examples(axes, points, fires, labels=labels)
        axes.set(aspect="equal", xlim=(-1, 1), ylim=(-1, 1))

    panels = [
        kit.panel(
            draw, n, title=f"{n} layers: error {best['layers', n][0][0]:.3f}", xlabel="input 1",
            ylabel="input 2",
        )
        for n in LAYERS
    ]  # fmt: skip
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
            look = {"color": kit.SPIKING, "label": "polygon of as many sides, spiking"}
            axes.loglog(SIDES, circle_errors(fired), "D-", ms=5, **look)
        for start in errors.T:
            axes.loglog(values, start, "o", color=kit.TRAINED, ms=4, mfc="none")
        axes.loglog(values, errors[:, 0], color=kit.TRAINED, lw=2, label="learned, best start")
        axes.set_xticks(values, map(str, values))
        axes.minorticks_off()

    titles = {
        "units": ("Circle", "hidden units"),
        "layers": ("Two pentagons", "layers (about 200 parameters)"),
        "examples": ("Two pentagons, 3 layers", "examples"),
    }
    panels = [
        kit.panel(
            draw, varied, title=title, xlabel=xlabel,
            ylabel="fraction misclassified" if varied == "units" else "",
        )
        for varied, (title, xlabel) in titles.items()
    ]  # fmt: skip
    title = "More examples reduce the error; more layers do not"
    return kit.page(title, *panels, size=(9.6, 3.8), sharey=True, legend=2)


scenario = kit.Scenario(
    name="decision-regions",
    text=__doc__,
    row="S16",
    source=kit.lectures("L1", "L3"),
    group="Networks",
    settings=Settings,
    duration=55.0,
    dt=5.0,
    network=network,
    findings=findings,
    report=report,
    figures=figures,
    compare=compare,
)
