"""A network that reads digits, as abstract neurons and as spiking ones in two codes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

import bridge
import neurosim as ns
from bridge.datasets import Digits, digits, shifted
from bridge.spiking import ChanceCodedNetwork, LatencyCodedNetwork, RateCodedNetwork

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

RATE, FIRST = "rate ", "first "
"""What the names of the populations begin with, in either code."""
SAMPLE = 0.5
"""Interval at which decisions by rate are looked at (ms)."""
CHANCE_UNITS, CHANCE_STEPS, CHANCE_DT = 64, 128, 1.0
"""Hidden units of the network that fires by chance, its steps, and how long each is (ms)."""
LOOKS = np.array([1, 2, 4, 8, 16, 32, 64, 128])
"""Numbers of steps after which its decisions are looked at."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    hidden: int = field(default=256, metadata={"help": "hidden units"})
    steps: int = field(default=300, metadata={"help": "most steps of gradient descent"})
    images: int = field(default=360, metadata={"help": "held-out images to show, of 360"})
    rate: float = field(
        default=100.0,
        metadata={"help": "rate of the strongest hidden unit in the code of rates", "unit": "Hz"},
    )
    window: float = field(
        default=20.0,
        metadata={"help": "window of each layer in the code of first spikes", "unit": "ms"},
    )

    def __post_init__(self) -> None:
        for name, low, high, unit in (
            ("hidden", 8, 1024, ""),
            ("steps", 1, 5000, ""),
            ("images", 20, 360, ""),
            ("rate", 10, 500, " Hz"),
            ("window", 5, 30, " ms"),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ns.NeurosimError(f"{name} = {value:g}{unit} is outside {low} to {high}{unit}")


@dataclass(frozen=True, eq=False)
class Task:
    """Digits, the networks that have learned them, and their spiking twins.

    Attributes
    ----------
    data : Digits
        Every fifth image is held out; width, steps and step size were chosen by holding out
        another fifth.
    images, labels : ndarray
        The held-out images that are shown.
    network : LayeredNetwork
        64 inputs, ReLUs, 10 sigmoids.
    chance : ChanceCodedNetwork
        Of a network of sigmoids, 64-64-10.
    rate : RateCodedNetwork
    first : LatencyCodedNetwork
    """

    data: Digits
    images: NDArray[np.float64]
    labels: NDArray[np.int64]
    network: bridge.LayeredNetwork
    chance: ChanceCodedNetwork
    rate: RateCodedNetwork
    first: LatencyCodedNetwork

    @property
    def decided(self) -> NDArray[np.intp]:
        """What the abstract network takes the shown images for."""
        return self.network(self.images).argmax(axis=1)


@lru_cache(maxsize=4)
def task_of(settings: Settings, seed: int) -> Task:
    """Train both networks on the images that are not held out; the same every time."""
    data = digits()
    wanted = np.eye(10)[data.labels]
    network = bridge.LayeredNetwork.random([64, settings.hidden, 10], ["relu", "sigmoid"], seed)
    smooth = bridge.LayeredNetwork.random([64, CHANCE_UNITS, 10], ["sigmoid", "sigmoid"], seed)
    with threadpool_limits(1):  # the same sums, and so the same weights, on any machine
        network, _ = network.train(
            shifted(data.images), np.tile(wanted, (2, 1)), step=0.3, max_iter=settings.steps
        )
        smooth, _ = smooth.train(data.images, wanted, max_iter=400)
    return Task(
        data=data,
        images=data.held_out[: settings.images],
        labels=data.held_out_labels[: settings.images],
        network=network,
        chance=ChanceCodedNetwork(smooth),
        rate=RateCodedNetwork.of(network, data.images, rate=settings.rate),
        first=LatencyCodedNetwork.of(network, data.images, window=settings.window),
    )


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe both twins of the trained network, a copy of each for every image."""
    task = task_of(settings, options.seed)
    least = task.first.duration(options.dt)
    if options.duration < least:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms ends before the last first spike: give at least "
            f"{least:g} ms, or a shorter window"
        )
    net = ns.Network()
    task.rate.add_to(net, task.images, dt=options.dt, name=RATE, sample=SAMPLE)
    task.first.add_to(net, task.images, dt=options.dt, name=FIRST)
    return net


def simulate(settings: Settings, options: RunOptions, progress: bool | None) -> ns.Result:
    """Run the twins, and for comparison the network that fires by chance on a grid of its own."""
    result = ns.simulate(
        network(settings, options),
        options.duration,
        dt=options.dt,
        progress=progress,
        realtime=options.realtime,
        profile=options.profile,
        seed=options.seed,
        threads=options.threads,
    )
    task, net = task_of(settings, options.seed), ns.Network()
    task.chance.add_to(net, task.images, dt=CHANCE_DT)
    n_trials, steps = len(task.images), CHANCE_STEPS
    chance = ns.simulate(
        net, (steps + 1) * CHANCE_DT, dt=CHANCE_DT, seed=options.seed, threads=options.threads
    )
    counts = task.chance.counts(chance, n_trials=n_trials, steps=steps)
    spikes = np.cumsum(sum(layer.sum(axis=(1, 2)) for layer in counts)) / n_trials
    votes = np.cumsum(counts[-1], axis=0)[LOOKS - 1]
    # A tie is right as often as the right one of those that tie would be drawn.
    top = votes == votes.max(axis=2, keepdims=True)
    right = np.take_along_axis(top, task.labels[np.newaxis, :, np.newaxis], axis=2)[..., 0]
    share = (right / top.sum(axis=2)).mean(axis=1)
    return replace(
        result, measured={"chance_right": share, "chance_spikes": spikes[LOOKS - 1].astype(float)}
    )


@dataclass(frozen=True, eq=False)
class Outcome:
    """What the spiking twins made of the images.

    Attributes
    ----------
    task : Task
    times : (n_times,) ndarray
        When decisions by rate are looked at (ms).
    rate_decided : (n_times, n_images) ndarray of int
    rate_spikes : (n_times,) ndarray
        Spikes of an image up to then, in the mean.
    first_decided : (n_images,) ndarray of int
        By the first output to fire.
    first_when : (n_images,) ndarray
        ms.
    first_spikes : float
        Spikes of an image up to the decision, inputs among them, in the mean.
    """

    task: Task
    times: NDArray[np.float64]
    rate_decided: NDArray[np.intp]
    rate_spikes: NDArray[np.float64]
    first_decided: NDArray[np.intp]
    first_when: NDArray[np.float64]
    first_spikes: float

    @classmethod
    def of(cls, result: ns.Result, settings: Settings) -> Outcome:
        """Return what a run shows."""
        task = task_of(settings, result.seed)
        n_trials = len(task.images)
        times, scores = task.rate.scores(result, n_trials=n_trials, name=RATE)
        fired = np.sort(np.concatenate([t.times for _, t in trains_of(result, RATE)]))
        spikes = np.searchsorted(fired, times + 1e-6) / n_trials
        decided, when = task.first.decisions(result, n_trials=n_trials, name=FIRST)
        before = 0
        for _, trains in trains_of(result, FIRST):
            image = trains.ids * n_trials // (trains.ids.max() + 1)
            before += int((trains.times <= when[image]).sum())
        return cls(task, times, scores.argmax(axis=2), spikes, decided, when, before / n_trials)

    @property
    def rate_right(self) -> NDArray[np.float64]:
        """Share of images read rightly by rate at each time."""
        return (self.rate_decided == self.task.labels).mean(axis=1)

    @property
    def first_right(self) -> NDArray[np.float64]:
        """Share of images that a first spike has read rightly by each of `times`."""
        right = self.first_decided == self.task.labels
        return (right & (self.first_when <= self.times[:, np.newaxis] + 1e-6)).mean(axis=1)

    def rate_right_after(self, spikes: float) -> float:
        """Return the share read rightly with no more than so many spikes of an image."""
        last = int(np.searchsorted(self.rate_spikes, spikes, side="right")) - 1
        return float(self.rate_right[max(last, 0)])


def trains_of(result: ns.Result, prefix: str) -> list[tuple[str, ns.SpikeTrains]]:
    """Return the spikes of one twin, layer by layer."""
    return [(name, trains) for name, trains in result.spikes.items() if name.startswith(prefix)]
