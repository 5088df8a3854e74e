"""Images with a pattern somewhere, and two networks that learn to find it in some places."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from bridge.spiking import NeuronGroup

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

SIDE, WINDOW = 10, 3
"""Pixels of an image's side, and of the pattern's."""
PATTERN = np.array([[0.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 0.0]])
"""An upright cross: the network is to fire."""
OTHER = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
"""A slanting cross of as many pixels: it is to be silent."""
PLACES = SIDE - WINDOW + 1
"""Columns, and rows, in which a pattern may begin."""
LEARNED = (0, 1, 2)
"""Columns in which the patterns begin of which the networks learn."""
HIDDEN = 20
"""Hidden units of the network whose connections are full."""
TRIES = 3
"""Starts of the descent of which the one with the lowest loss is kept."""
GROUP, OUTPUTS = 8, 10
"""Spiking neurons that stand for a hidden unit, and for the output."""
UNSEEN = 500
"""Images for each column on which abstract networks are judged."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    examples: int = field(default=1000, metadata={"help": "images to learn from"})
    noise: float = field(default=0.02, metadata={"help": "share of pixels that are lit by chance"})
    asked: int = field(
        default=50, metadata={"help": "images for each column that are shown in spikes"}
    )

    def __post_init__(self) -> None:
        for name, low, high in (("examples", 100, 5000), ("asked", 10, 200)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ns.NeurosimError(f"{name} = {value} is outside {low} to {high}")
        if not 0.0 <= self.noise <= 0.1:
            raise ns.NeurosimError(f"noise = {self.noise:g} is outside 0 to 0.1")


@dataclass(frozen=True, eq=False)
class Images:
    """Images with one cross each.

    Attributes
    ----------
    pixels : (n_images, 100) ndarray
        0 or 1, row after row.
    upright : (n_images,) ndarray of bool
    columns : (n_images,) ndarray of int
        In which the cross begins.
    """

    pixels: NDArray[np.float64]
    upright: NDArray[np.bool_]
    columns: NDArray[np.int64]

    @classmethod
    def draw(cls, columns: NDArray[np.int64], noise: float, rng: np.random.Generator) -> Images:
        """Return an image for each column given, its cross of either kind in a random row."""
        n = len(columns)
        pixels = (rng.random((n, SIDE, SIDE)) < noise).astype(float)
        upright, rows = rng.random(n) < 0.5, rng.integers(0, PLACES, n)
        for image, row, column, kind in zip(pixels, rows, columns, upright, strict=True):
            image[row : row + WINDOW, column : column + WINDOW] = PATTERN if kind else OTHER
        return cls(pixels.reshape(n, -1), upright, columns)


@dataclass(frozen=True, eq=False)
class Lesson:
    """Two networks, and the images that they have not seen.

    Attributes
    ----------
    networks : dict of str to LayeredNetwork
        "shared" and "full".
    unseen : Images
        In all columns; `asked` of each come first.
    """

    networks: dict[str, bridge.LayeredNetwork]
    unseen: Images

    def spiking(self) -> dict[str, NeuronGroup]:
        """Return the networks in spikes."""
        return {
            name: NeuronGroup(own, GROUP, OUTPUTS, noise=False, name=f"{name}, ")
            for name, own in self.networks.items()
        }


def shared_start(seed: int) -> bridge.LayeredNetwork:
    """Return a detector at each place, all with the same weights, and a unit that hears them all.

    It hears them with one weight: 9 weights and a bias, a weight and a bias, 12 parameters.
    """
    kernel = np.random.default_rng(seed).normal(0.0, 0.5, (1, WINDOW, WINDOW))
    detectors = bridge.Layer.convolution(kernel, [-1.0], (SIDE, SIDE), "sigmoid")
    n = len(detectors.bias)
    one = np.append(np.zeros(n, dtype=int), 1)[np.newaxis]
    sigmoid = bridge.find_activation("sigmoid")
    return bridge.LayeredNetwork(
        (detectors, bridge.Layer(np.ones((1, n)), np.array([-2.0]), sigmoid, one))
    )


def full_start(seed: int) -> bridge.LayeredNetwork:
    """Return hidden units that each hear every pixel by a weight of their own."""
    return bridge.LayeredNetwork.random([SIDE * SIDE, HIDDEN, 1], ["sigmoid", "sigmoid"], seed)


@lru_cache(maxsize=4)
def lesson_of(settings: Settings, seed: int) -> Lesson:
    """Draw images and train both networks; the same every time."""
    rng = np.random.default_rng(seed)
    seen = Images.draw(rng.choice(LEARNED, settings.examples), settings.noise, rng)
    networks = {}
    for name, start in (("shared", shared_start), ("full", full_start)):
        tries = [
            start(k).train(seen.pixels, seen.upright, max_iter=150, solver=bridge.quasi_newton)
            for k in range(TRIES)
        ]
        networks[name], _ = min(tries, key=lambda found: float(found[1].loss[-1]))
    columns = np.tile(np.arange(PLACES), UNSEEN)
    return Lesson(networks, Images.draw(columns, settings.noise, rng))


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe both networks as spiking neurons, each image with neurons of its own."""
    if options.duration < 2.0 * options.dt:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms is one step of {options.dt:g} ms: the output "
            "fires a step after the detectors"
        )
    lesson, net = lesson_of(settings, options.seed), ns.Network(dale=False)
    for spiking in lesson.spiking().values():
        spiking.add_to(net, lesson.unseen.pixels[: settings.asked * PLACES], dt=options.dt)
    return net


def right_by_column(
    probability: NDArray[np.float64], images: Images
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how many of the first images were told right, and of how many, by column."""
    n = len(probability)
    right = (probability > 0.5) == images.upright[:n]
    counts = np.bincount(images.columns[:n][right], minlength=PLACES)
    return counts.astype(float), np.bincount(images.columns[:n], minlength=PLACES).astype(float)
