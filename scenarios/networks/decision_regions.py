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

from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

import bridge
import neurosim as ns
from bridge.spiking import NeuronGroup
from scenarios import _kit as kit

# Points at which the shapes are tested in spikes, and at which abstract networks are drawn.
GRID, FINE = kit.Plane.square(-1.0, 1.0, 61), kit.Plane.square(-1.0, 1.0, 401)
# Points on which errors are measured.
UNSEEN = np.random.default_rng(0).uniform(-1.0, 1.0, (4000, 2))
# Radius of the circle.
RADIUS = 0.7
# Layers of networks that learn the pentagons, and units of each hidden layer.
LAYERS = {3: 12, 4: 9, 6: 6, 11: 4}


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


@lru_cache(maxsize=4)
def learned(settings: Settings, seed: int) -> dict[str, dict[int, float]]:
    """Train all networks; return errors by number of hidden units, of layers, and of examples."""
    points = np.random.default_rng(seed).uniform(-1.0, 1.0, (5000, 2))
    options: kit.Options = {"max_iter": settings.steps, "solver": bridge.quasi_newton}

    def error(shape: str, hidden: list[int], n_examples: int) -> float:
        seen, errors = points[:n_examples], []
        widths, activations = [2, *hidden, 1], ["tanh"] * len(hidden) + ["sigmoid"]
        for start in range(settings.starts):
            network = bridge.LayeredNetwork.random(widths, activations, start, slope=4.0)
            network, _ = network.train(seen, inside(shape, seen), **options)
            wrong = (network(UNSEEN)[:, 0] > 0.5) != inside(shape, UNSEEN)
            errors.append(float(wrong.mean()))
        return min(errors)

    n, pentagons = settings.examples, "two pentagons"
    return {
        "units": {units: error("circle", [units], n) for units in (1, 2, 3, 4, 6, 12, 24)},
        "layers": {k: error(pentagons, [width] * (k - 1), n) for k, width in LAYERS.items()},
        "examples": {k: error(pentagons, [12, 12], k) for k in (30, 100, 300, 1000)},
    }


@lru_cache(maxsize=1)
def spiking() -> dict[str, NeuronGroup]:
    """Return a spiking network for each shape."""
    networks = {name: fires_inside(polygons) for name, polygons in SHAPES.items()}
    return {name: NeuronGroup(one, name=f"{name}, ") for name, one in networks.items()}


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a copy of each network for each point."""
    return kit.group_trials(options, [(group, GRID.points) for group in spiking().values()])


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Count units and wrong decisions of the shapes, and measure the errors of all others."""
    found: kit.Findings = {"shape_units": {}, "wrong": {}}
    for name, fired in kit.group_outputs(result, spiking()).items():
        network = spiking()[name].network
        found["shape_units"][name] = " + ".join(str(len(layer.bias)) for layer in network.layers)
        found["wrong"][name] = int(np.sum(fired != network(GRID.points)[:, 0]))
    for varied, errors in learned(settings, result.seed).items():
        found[varied], found[f"learned_{varied}_error"] = list(errors), list(errors.values())
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the units that each shape needs, and the errors of approximations."""
    units = kit.listed(f"{n} ({name})" for name, n in found["shape_units"].items())

    def errors(of: str) -> str:
        listed = kit.listed(f"{error:.1%}" for error in found[f"learned_{of}_error"])
        return f"{kit.listed(map(str, found[of]))} {of}: {listed} wrong"

    return [
        f"Spiking networks for five shapes were tested at {len(GRID.points):,} points, and other "
        "networks learned a circle and two pentagons from examples.",
        f"The shapes need {units} units. In spikes, {sum(found['wrong'].values()) or 'no'} points "
        "are misclassified.",
        f"The circle, learned by {errors('units')}.",
        f"The pentagons, learned by {errors('layers')}.",
        f"The pentagons, learned from {errors('examples')}.",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw where each spiking network fires, and the lines of its first layer."""
    found, fired = findings(result, settings), kit.group_outputs(result, spiking())

    def draw(axes: kit.Axes, shape: str) -> None:
        values = np.ma.masked_equal(GRID.grid(fired[shape]), 0.0)
        axes.pcolormesh(GRID.x, GRID.y, values, cmap="Greens", vmin=0.0, vmax=2.0)
        network = spiking()[shape].network
        for w, b in zip(network.layers[0].weights, network.layers[0].bias, strict=True):
            ends = -b * w + np.outer([-4.0, 4.0], [-w[1], w[0]])
            axes.plot(*ends.T, color="0.5", lw=0.7, label="boundary of a first-layer unit")
        FINE.draw_contour(axes, network(FINE.points)[:, 0], "black")
        axes.fill([], [], color="#74C476", label="output neuron fires")
        axes.set(aspect="equal", xlim=(-1, 1), ylim=(-1, 1), xlabel="input 1", ylabel="input 2")
        axes.set_title(f"{shape}\n{found['shape_units'][shape]} units")

    panels = [kit.panel(draw, shape) for shape in SHAPES]
    title = "Each line is one neuron; a neuron that requires all of them fires inside"
    fig = kit.page(title, *panels, columns=5, size=(9.6, 3.1), legend=2, sharex=True, sharey=True)
    return {"regions": fig}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare spiking with abstract networks, and errors by units, layers and examples."""
    errors, fired = learned(settings, result.seed), kit.group_outputs(result, spiking())
    units = [group.network(GRID.points)[:, 0] for group in spiking().values()]
    same = bridge.agreement(np.concatenate([*fired.values()]), np.concatenate(units))
    measures = {"agreement": same.labelled("Five shapes: spiking and abstract agree")}
    panels = []
    for varied, shape, xlabel in (
        ("units", "Circle", "hidden units"),
        ("layers", "Two pentagons, 200 parameters", "layers"),
        ("examples", "Two pentagons, 3 layers", "examples"),
    ):
        values, wrong = list(errors[varied]), list(errors[varied].values())
        measures |= {f"error_{k}_{varied}": kit.Measure(e) for k, e in errors[varied].items()}
        measures |= kit.rows({}, *(
            (f"error_{k}_{varied}", f"{shape}: error | {k:,} {xlabel.removesuffix('s' * (k == 1))}",
             errors[varied][k])
            for k in (values if varied != "units" else values[:: len(values) - 1])
        ))  # fmt: skip
        panels.append(kit.chart(
            kit.curve(values, wrong, marker="o", **kit.FITTED), title=shape, xlabel=xlabel,
            ylabel="fraction misclassified", xscale="log", yscale="log", xticks=values,
            xticklabels=values,
        ))  # fmt: skip
    conclusion = (
        "From 30 to 1,000 examples the error changes from {0:.1%} to {3:.1%}; from 3 to 11 layers "
        "with as many parameters, from {4:.1%} to {7:.1%}."
    ).format(*errors["examples"].values(), *errors["layers"].values())
    message = "More examples reduce the error; more layers do not"
    drawing = partial(kit.page, message, *panels, size=(9.6, 3.8), sharey=True)
    title = "Decision regions: constructed and learned, abstract and spiking"
    return kit.Comparison(title, measures, {"errors": drawing}, conclusion)


scenario = kit.lesson(__name__, row="S16", lectures=("L1", "L3"), duration=15.0, dt=5.0)
