"""Networks of threshold units that fire inside a shape, and networks that learn to."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from bridge.spiking import NeuronGroup, sigmoids_of
from scenarios._kit.planes import grid_points

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

STEP = bridge.find_activation("step")
SIDE = np.linspace(-1.0, 1.0, 61)
POINTS = grid_points(SIDE, SIDE)
"""Where the shapes are asked of in spikes; shape (3721, 2)."""
RADIUS = 0.7
"""Of the circle."""
SIDES = (3, 4, 6, 8, 12, 24)
"""Of polygons that stand for the circle."""
UNITS = (1, 2, 3, 4, 6, 12, 24)
"""Hidden units of networks that learn the circle."""
LAYERS = {3: 12, 4: 9, 6: 6, 11: 4}
"""Layers of units, and how many units each hidden layer has, so that all have some 200 weights."""
EXAMPLES = (30, 100, 300, 1000)
GROUP = 8
"""Spiking neurons that stand for a hidden unit of a network that learned."""
DT = 5.0
"""Step in which a layer fires (ms)."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    examples: int = field(
        default=600, metadata={"help": "examples for the networks of different size"}
    )
    starts: int = field(default=2, metadata={"help": "starts of the descent for each network"})
    steps: int = field(default=200, metadata={"help": "most steps of descent"})
    asked: int = field(
        default=200, metadata={"help": "points at which the deep networks are asked in spikes"}
    )

    def __post_init__(self) -> None:
        for name, low, high in (
            ("examples", 20, 5000),
            ("starts", 1, 10),
            ("steps", 1, 5000),
            ("asked", 20, 500),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ns.NeurosimError(f"{name} = {value} is outside {low} to {high}")


@dataclass(frozen=True)
class Polygon:
    """A regular polygon with n sides, as half planes w·x + b > 0.

    Attributes
    ----------
    n : int
    radius : float
        Of the circle that has the same area.
    turn : float
        Angle of the first side's normal (rad).
    centre : (float, float)
    """

    n: int
    radius: float = RADIUS
    turn: float = -0.5 * np.pi
    centre: tuple[float, float] = (0.0, 0.0)

    def half_planes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the inward normals, shape (n, 2), and the constants, shape (n,)."""
        angles = self.turn + 2.0 * np.pi * np.arange(self.n) / self.n
        normals = -np.column_stack([np.cos(angles), np.sin(angles)])
        # A polygon around a circle of radius a has the area n a² tan(π/n).
        reach = self.radius * np.sqrt(np.pi / (self.n * np.tan(np.pi / self.n)))
        return normals, reach - normals @ np.array(self.centre)


PENTAGONS = (
    Polygon(5, 0.38, 0.3, (-0.45, -0.35)),
    Polygon(5, 0.42, 0.9, (0.4, 0.35)),
)
SHAPES: dict[str, tuple[Polygon, ...]] = {
    "square": (Polygon(4),),
    "pentagon": (Polygon(5),),
    "hexagon": (Polygon(6),),
    "circle": (Polygon(24),),
    "two pentagons": PENTAGONS,
}


def fires_inside(polygons: tuple[Polygon, ...]) -> bridge.LayeredNetwork:
    """Return threshold units that fire inside a polygon, or inside any of several.

    A unit of the first layer fires on the inner side of one edge; one of the second if all edges of
    its polygon do; that of a third, needed for more than one polygon, if any of these does.
    """
    planes = [polygon.half_planes() for polygon in polygons]
    edges = bridge.Layer(
        np.concatenate([normals for normals, _ in planes]),
        np.concatenate([constants for _, constants in planes]),
        STEP,
    )
    owner = np.repeat(np.arange(len(polygons)), [polygon.n for polygon in polygons])
    member = (owner == np.arange(len(polygons))[:, np.newaxis]).astype(float)
    every = bridge.Layer(member, 0.5 - member.sum(axis=1), STEP)
    if len(polygons) == 1:
        return bridge.LayeredNetwork((edges, every))
    some = bridge.Layer(np.ones((1, len(polygons))), np.array([-0.5]), STEP)
    return bridge.LayeredNetwork((edges, every, some))


def in_circle(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points lie in the circle."""
    return np.less(np.hypot(points[:, 0], points[:, 1]), RADIUS)


def in_pentagons(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points lie in either pentagon."""
    inside = [(points @ w.T + b > 0).all(axis=1) for w, b in (p.half_planes() for p in PENTAGONS)]
    return np.logical_or(inside[0], inside[1])


UNSEEN = np.random.default_rng(0).uniform(-1.0, 1.0, (4000, 2))
"""Points on which errors are counted."""


@dataclass(frozen=True, eq=False)
class Lessons:
    """Errors, on points unseen, of networks that learned from examples.

    Attributes
    ----------
    units : (7, n_starts) ndarray
        Of one hidden layer with so many units as `UNITS` says, about the circle.
    layers : (4, n_starts) ndarray
        Of networks of so many layers as `LAYERS` says, about the pentagons.
    examples : (4, n_starts) ndarray
        Of those of 3 layers, from so many examples as `EXAMPLES` says.
    deep : dict of int to LayeredNetwork
        By their layers, from the start that went best.
    """

    units: NDArray[np.float64]
    layers: NDArray[np.float64]
    examples: NDArray[np.float64]
    deep: dict[int, bridge.LayeredNetwork]


@lru_cache(maxsize=4)
def lessons_of(settings: Settings, seed: int) -> Lessons:
    """Train all networks; the same every time."""
    points = np.random.default_rng(seed).uniform(-1.0, 1.0, (max(5000, EXAMPLES[-1]), 2))

    def learn(
        hidden: list[int], n_examples: int, circle: bool = False
    ) -> list[bridge.LayeredNetwork]:
        seen = points[:n_examples]
        inside = in_circle(seen) if circle else in_pentagons(seen)
        return [
            bridge.LayeredNetwork.random(
                [2, *hidden, 1], ["tanh"] * len(hidden) + ["sigmoid"], start, slope=4.0
            ).train(seen, inside, max_iter=settings.steps, solver=bridge.quasi_newton)[0]
            for start in range(settings.starts)
        ]

    def errors(networks: list[bridge.LayeredNetwork], circle: bool = False) -> list[float]:
        inside = in_circle(UNSEEN) if circle else in_pentagons(UNSEEN)
        return [float(np.mean((own(UNSEEN)[:, 0] > 0.5) != inside)) for own in networks]

    units = [errors(learn([n], settings.examples, True), True) for n in UNITS]
    deep = {n: learn([width] * (n - 1), settings.examples) for n, width in LAYERS.items()}
    found = {n: errors(networks) for n, networks in deep.items()}
    examples = [errors(learn([LAYERS[3]] * 2, n)) for n in EXAMPLES]
    best = {n: networks[int(np.argmin(found[n]))] for n, networks in deep.items()}
    return Lessons(np.array(units), np.array([*found.values()]), np.array(examples), best)


def shapes() -> dict[str, NeuronGroup]:
    """Return the networks made for each shape, and for each polygon in the place of the circle."""
    made = {name: NeuronGroup(fires_inside(own), name=f"{name}, ") for name, own in SHAPES.items()}
    return made | {
        f"{n} sides": NeuronGroup(fires_inside((Polygon(n),)), name=f"{n} sides, ") for n in SIDES
    }


def deep_of(lessons: Lessons) -> dict[int, NeuronGroup]:
    """Return the networks of many layers as spiking ones, by their layers."""
    return {
        n: NeuronGroup(sigmoids_of(own), GROUP, 20, noise=False, name=f"{n} layers, ")
        for n, own in lessons.deep.items()
    }


def asked(name: str) -> NDArray[np.float64]:
    """Return the points at which a network made for a shape is asked."""
    return POINTS if name in SHAPES else UNSEEN[:2000]


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe all networks as spiking neurons, each point with neurons of its own."""
    depth = max(LAYERS)
    if options.duration < depth * options.dt:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms is less than {depth} steps of {options.dt:g} ms, "
            f"one for each layer of the deepest network: give {depth * options.dt:g} ms or more"
        )
    net = ns.Network(dale=False)
    for name, spiking in shapes().items():
        spiking.add_to(net, asked(name), dt=options.dt)
    for spiking in deep_of(lessons_of(settings, options.seed)).values():
        spiking.add_to(net, UNSEEN[: settings.asked], dt=options.dt)
    return net
