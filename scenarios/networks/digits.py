"""Handwritten digits: a trained network run as spiking neurons.

A network of rectified linear units (ReLU) learns 1,437 images of handwritten digits and is tested
on 360 others. Its weights, normalised on the training images, then serve integrate-and-fire
neurons, with a copy of the network for each image, in two codes. In the rate code, activations are
firing rates. In the first-spike code each neuron fires one spike, the earlier the larger its
activation (silent units fire at the end of the window), and the leaky membrane computes the
weighted sum.

The comparison shows accuracy against time and against the number of spikes, together with a network
of sigmoid units that fire at random with the activation as probability. It also measures how far
the spikes of each layer deviate from the activations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

import bridge
import neurosim as ns
from bridge.datasets import digits, shifted
from bridge.spiking import ChanceCodedNetwork, LatencyCodedNetwork, RateCodedNetwork
from scenarios import _kit as kit

RATE, FIRST = "rate ", "first "
"""Prefixes of the populations of both codes."""
SAMPLE = 0.5
"""Interval at which the rate code is evaluated (ms)."""
CHANCE_UNITS, CHANCE_STEPS, CHANCE_DT = 64, 128, 1.0
"""Hidden units, steps, and duration of a step (ms) of the network that fires at random."""
LOOKS = 2 ** np.arange(8)
"""Numbers of steps after which this network is evaluated."""
SHOWN = 0
"""Image whose spikes are drawn."""


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    hidden: int = kit.setting(256, "", 8, 1024, "hidden units")
    steps: int = kit.setting(300, "", 1, 5000, "maximum number of training steps")
    images: int = kit.setting(360, "", 20, 360, "test images")
    rate: float = kit.setting(
        100.0, "Hz", 10.0, 500.0, "rate of the strongest hidden unit in the rate code"
    )
    window: float = kit.setting(
        20.0, "ms", 5.0, 30.0, "window of each layer in the first-spike code"
    )


@dataclass(frozen=True, eq=False)
class Networks:
    """The trained network, its conversions to both codes, and a network that fires at random."""

    abstract: bridge.LayeredNetwork
    rate: RateCodedNetwork
    first: LatencyCodedNetwork
    chance: ChanceCodedNetwork


@lru_cache(maxsize=4)
def trained(settings: Settings, seed: int) -> Networks:
    """Train both networks and convert them.

    Width, number of steps and step size were chosen on held-out training images.
    """
    data = digits()
    labels = np.eye(10)[data.labels]
    network = bridge.LayeredNetwork.random([64, settings.hidden, 10], ["relu", "sigmoid"], seed)
    smooth = bridge.LayeredNetwork.random([64, CHANCE_UNITS, 10], ["sigmoid"] * 2, seed)
    with threadpool_limits(1):  # the order of sums, and so the weights, are the same everywhere
        network, _ = network.train(
            shifted(data.images), np.tile(labels, (2, 1)), step=0.3, max_iter=settings.steps
        )
        smooth, _ = smooth.train(data.images, labels, max_iter=400)
    return Networks(
        abstract=network,
        rate=RateCodedNetwork.of(network, data.images, rate=settings.rate),
        first=LatencyCodedNetwork.of(network, data.images, window=settings.window),
        chance=ChanceCodedNetwork(smooth),
    )


def held_out(settings: Settings) -> tuple[kit.Floats, kit.Integers]:
    """Return the pixels and labels of the test images."""
    data = digits()
    return data.held_out[: settings.images], data.held_out_labels[: settings.images]


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a copy of the network for each test image, in both codes."""
    networks, (images, _) = trained(settings, options.seed), held_out(settings)
    needed = networks.first.duration(options.dt)
    if options.duration < needed:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms ends before the last first spike: give at least "
            f"{needed:g} ms, or a shorter window"
        )
    net = ns.Network()
    networks.rate.add_to(net, images, dt=options.dt, name=RATE, sample=SAMPLE)
    networks.first.add_to(net, images, dt=options.dt, name=FIRST)
    return net


def simulate(settings: Settings, options: kit.RunOptions, progress: bool | None) -> ns.Result:
    """Run both codes, and the network that fires at random with a time step of its own."""
    result = ns.simulate(network(settings, options), **vars(options), progress=progress)
    chance, (images, labels) = trained(settings, options.seed).chance, held_out(settings)
    net = ns.Network()
    chance.add_to(net, images, dt=CHANCE_DT)
    random = ns.simulate(
        net, (CHANCE_STEPS + 1) * CHANCE_DT, dt=CHANCE_DT, seed=options.seed,
        threads=options.threads,
    )  # fmt: skip
    counts = chance.counts(random, n_trials=len(images), steps=CHANCE_STEPS)
    spikes = np.cumsum(sum(layer.sum(axis=(1, 2)) for layer in counts)) / len(images)
    votes = np.cumsum(counts[-1], axis=0)[LOOKS - 1]
    # If several outputs tie, the decision is right with the probability of a random choice.
    top = votes == votes.max(axis=2, keepdims=True)
    right = np.take_along_axis(top, labels[np.newaxis, :, np.newaxis], axis=2)[..., 0]
    accuracy = (right / top.sum(axis=2)).mean(axis=1)
    measured = {"chance_right": accuracy, "chance_spikes": spikes[LOOKS - 1].astype(float)}
    return replace(result, measured=measured)


def layers_of(result: ns.Result, prefix: str) -> dict[str, ns.SpikeTrains]:
    """Return the spikes of one code by layer."""
    return {name: trains for name, trains in result.spikes.items() if name.startswith(prefix)}


class Outcome(NamedTuple):
    """Decisions of all networks about the test images.

    Attributes
    ----------
    labels, abstract : (n_images,) ndarray of int
        True digits, and decisions of the abstract network.
    times : (n_times,) ndarray
        Times at which the rate code is evaluated (ms).
    rate : (n_times, n_images) ndarray of int
    rate_spikes : (n_times,) ndarray
        Mean number of spikes per image until then.
    first : (n_images,) ndarray of int
    first_times : (n_images,) ndarray
        Time of the first output spike (ms).
    first_spikes : float
        Mean number of spikes per image until then, with those of the inputs.
    """

    labels: kit.Integers
    abstract: kit.Integers
    times: kit.Floats
    rate: kit.Integers
    rate_spikes: kit.Floats
    first: kit.Integers
    first_times: kit.Floats
    first_spikes: float


def outcome(result: ns.Result, settings: Settings) -> Outcome:
    """Return the decisions of all networks."""
    networks, (images, labels) = trained(settings, result.seed), held_out(settings)
    n_trials = len(labels)
    times, scores = networks.rate.scores(result, n_trials=n_trials, name=RATE)
    fired = np.concatenate([trains.times for trains in layers_of(result, RATE).values()])
    spikes = np.searchsorted(np.sort(fired), times + 1e-6) / n_trials
    first, when = networks.first.decisions(result, n_trials=n_trials, name=FIRST)
    used = 0
    for name, trains in layers_of(result, FIRST).items():
        image = trains.ids * n_trials // result.populations[name].size
        used += int((trains.times <= when[image]).sum())
    abstract = networks.abstract(images).argmax(axis=1)
    return Outcome(
        labels, abstract, times, scores.argmax(axis=2), spikes, first, when, used / n_trials
    )


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure accuracy, spikes and decision times of both codes."""
    found = outcome(result, settings)
    right = (found.rate == found.labels).mean(axis=1)
    return {
        "trained_on": len(digits().labels),
        "held_out": len(found.labels),
        "right_abstract": np.mean(found.abstract == found.labels),
        "right_rate": right[-1],
        "right_first_spike": np.mean(found.first == found.labels),
        "spikes_rate": found.rate_spikes[-1],
        "spikes_first_spike": found.first_spikes,
        "mean_decision_ms": found.first_times.mean(),
        "times_ms": found.times[19::20],
        "right_rate_by_time": right[19::20],
        "spikes_rate_by_time": found.rate_spikes[19::20],
        "chance_steps": LOOKS,
        "chance_right": result.measured["chance_right"],
        "chance_spikes": result.measured["chance_spikes"],
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State accuracy, spikes and decision times of both codes."""
    return [
        f"A network trained on {found['trained_on']:,} images classified {found['held_out']} other "
        "images, in two spiking codes.",
        f"Abstract network: {found['right_abstract']:.1%} of the images are classified correctly.",
        f"Rate code: {found['right_rate']:.1%} after {found['times_ms'][-1]:g} ms and "
        f"{found['spikes_rate']:.0f} spikes per image; {found['right_rate_by_time'][0]:.1%} after "
        f"{found['times_ms'][0]:g} ms and {found['spikes_rate_by_time'][0]:.0f} spikes.",
        f"First-spike code: {found['right_first_spike']:.1%} after "
        f"{found['mean_decision_ms']:.0f} ms and {found['spikes_first_spike']:.0f} spikes per "
        "image, at most one of each neuron.",
        f"Units that fire at random: {found['chance_right'][0]:.1%} with "
        f"{found['chance_spikes'][0]:.0f} spikes per image, and {found['chance_right'][-1]:.1%} "
        f"with {found['chance_spikes'][-1]:,.0f}.",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw one image, and the spikes with which both codes classify it."""
    found, image = outcome(result, settings), held_out(settings)[0][SHOWN].reshape(8, 8)

    def draw_spikes(axes: kit.Axes, prefix: str) -> None:
        base = 0.0
        ticks: dict[str, float] = {}
        layers = layers_of(result, prefix)
        for name, trains in layers.items():
            size, output = result.populations[name].size // settings.images, name == [*layers][-1]
            here = trains.ids // size == SHOWN
            spread, colour, ms = (14.0, kit.SPIKING, 7) if output else (1.0, ns.plot.NEUTRAL, 2.5)
            rows = base + spread * (trains.ids[here] % size)
            axes.plot(trains.times[here], rows, "|", color=colour, ms=ms, mew=1.0)
            if output:
                ticks |= {str(digit): base + spread * digit for digit in range(size)}
            else:
                ticks["input" if name.endswith("input") else f"{size} hidden"] = base + 0.5 * size
            base += spread * size + 14.0
        axes.set_ylim(base - 8.0, -8.0)
        axes.set_yticks(list(ticks.values()), list(ticks))

    def draw_first(axes: kit.Axes) -> None:
        draw_spikes(axes, FIRST)
        axes.axvline(found.first_times[SHOWN], color="0.45", lw=0.9, ls="--")
        kit.label(axes, found.first_times[SHOWN], 30.0, "decision", "0.35", "left")

    end = 1.1 * trained(settings, result.seed).first.duration(result.dt)
    fig = kit.page(
        "The same weights classify a digit from firing rates and from first spikes",
        kit.panel(lambda axes: axes.imshow(image, cmap="Greys", vmin=0.0, vmax=1.0),
                  title=f"A test image: {found.labels[SHOWN]}", xticks=[], yticks=[]),
        kit.panel(draw_spikes, RATE, title=f"Rates: classified as {found.rate[-1, SHOWN]}",
                  xlabel="time (ms)", xlim=(0, result.duration)),
        kit.panel(draw_first, title=f"First spikes: classified as {found.first[SHOWN]}",
                  xlabel="time (ms)", xlim=(0, end)),
        size=(9.6, 5.6), width_ratios=(0.7, 1.0, 1.0),
    )  # fmt: skip
    return {"spikes": fig}


def activities(result: ns.Result, settings: Settings) -> dict[str, list[kit.Floats]]:
    """Return the activations that each code represents, by layer."""
    networks, (images, _) = trained(settings, result.seed), held_out(settings)
    return {
        "rate": networks.rate.activity(result, images, stop=result.duration, name=RATE),
        "first_spike": networks.first.activity(result, images, name=FIRST),
    }


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare both codes with the abstract network, and with units that fire at random."""
    found, networks = outcome(result, settings), trained(settings, result.seed)
    measures, labels = {}, found.labels
    for key, words, decided, spikes in (
        ("abstract", "Abstract network", found.abstract, 0.0),
        ("rate", "Rate code", found.rate[-1], found.rate_spikes[-1]),
        ("first_spike", "First-spike code", found.first, found.first_spikes),
    ):
        right = bridge.agreement(decided == labels, np.ones_like(labels))
        same = bridge.agreement(decided == found.abstract, np.ones_like(labels))
        note = f"{spikes:.0f} spikes per image" if spikes else f"of {len(labels)} images"
        measures[f"right_{key}"] = right.labelled(f"{words}: correct", note)
        if spikes:
            label = f"{words}: same as abstract"
            measures[f"agreement_{key}"] = same.labelled(label, f"of {len(labels)} images")
    abstract, rate, first = (measures[key].value for key in measures if "right" in key)
    chance, chance_spikes = result.measured["chance_right"], result.measured["chance_spikes"]
    for steps, accuracy, spikes in zip(LOOKS, chance, chance_spikes, strict=True):
        label = f"Random spikes, {steps} steps: correct" if steps in (8, 128) else ""
        note = f"{spikes:.0f} spikes per image"
        measures[f"chance_{steps}_steps"] = kit.Measure(accuracy, label=label, note=note)
    # Accuracy of the rate code when it has used as many spikes, and of random spikes interpolated.
    last = np.searchsorted(found.rate_spikes, chance_spikes, side="right") - 1
    gain = float(((found.rate == labels).mean(axis=1)[last.clip(0)] - chance).min())
    label = "Rate code − random, same spikes: least"
    measures["least_gain_over_chance"] = kit.Measure(gain, label=label)
    expected = np.interp(np.log(found.first_spikes), np.log(chance_spikes), chance)
    label = "First-spike code − random, same spikes"
    measures["first_spike_gain_over_chance"] = kit.Measure(float(first - expected), label=label)
    hidden = networks.abstract.outputs(held_out(settings)[0])[0]
    scales = {"rate": networks.rate.balanced.scales, "first_spike": networks.first.balanced.scales}
    for code, layers in activities(result, settings).items():
        error = float(np.sqrt(np.mean((layers[1] - hidden) ** 2)) / scales[code][1])
        label = f"{code.replace('_', '-').capitalize()} code: error of the hidden layer"
        measures[f"error_{code}_layer_1"] = kit.Measure(error, label=label, note="rms / largest")
    conclusion = (
        f"With the weights of the trained network, the rate code loses "
        f"{100 * (abstract - rate):.1f} percentage points of accuracy, and one spike per neuron "
        f"{100 * (abstract - first):.1f}."
    )
    drawings = {
        "accuracy": partial(_draw_accuracy, found, result.measured),
        "layers": partial(_draw_layers, result, settings),
    }
    title = "Handwritten digits: abstract network, two spiking codes, and random spikes"
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_accuracy(found: Outcome, measured: Mapping[str, kit.Floats]) -> kit.Figure:
    """Draw the fraction of images classified correctly against time, and against spikes."""
    abstract = np.mean(found.abstract == found.labels)
    rate = (found.rate == found.labels).mean(axis=1)
    right = found.first == found.labels
    first = (right & (found.first_times <= found.times[:, np.newaxis] + 1e-6)).mean(axis=1)

    def draw_time(axes: kit.Axes) -> None:
        axes.axhline(abstract, color=kit.LOGISTIC, lw=1.2, ls="--", label="abstract network")
        axes.plot(found.times, rate, color=kit.SPIKING, lw=2, label="rate code")
        axes.plot(found.times, first, color=kit.TRAINED, lw=2)

    def draw_spikes(axes: kit.Axes) -> None:
        axes.axhline(abstract, color=kit.LOGISTIC, lw=1.2, ls="--")
        used, label = found.rate_spikes > 0, "first-spike code"
        axes.semilogx(found.rate_spikes[used], rate[used], color=kit.SPIKING, lw=2)
        axes.plot(found.first_spikes, right.mean(), "D", ms=7, color=kit.TRAINED, label=label)
        x, y, label = *measured.values(), "random spikes, 1 to 128 steps"
        axes.plot(x, y, "o-", color="#E69F00", ms=4, label=label)
        axes.set_xticks((20, 100, 1000), ("20", "100", "1000"))

    ylabel = "fraction of images classified correctly"
    return kit.page(
        "Spiking codes reach the accuracy of the abstract network with a few spikes per neuron",
        kit.panel(draw_time, xlabel="time (ms)", ylabel=ylabel, ylim=(0, 1.03)),
        kit.panel(draw_spikes, xlabel="spikes per image", xlim=(20, None), ylim=(0.8, 1.005)),
        size=(9.2, 4.2), legend=4,
    )  # fmt: skip


def _draw_layers(result: ns.Result, settings: Settings) -> kit.Figure:
    """Draw the activations that spikes represent against those of the abstract network."""
    images, _ = held_out(settings)
    network, found = trained(settings, result.seed).abstract, activities(result, settings)
    hidden = network.outputs(images)[0]
    targets = {"Hidden layer": hidden, "Output (score)": network.layers[-1].score(hidden)}

    def draw(axes: kit.Axes, target: kit.Floats, values: kit.Floats, colour: str) -> None:
        x, y = target.ravel()[::7], values.ravel()[::7]
        axes.plot(x, y, ".", ms=2, color=colour, alpha=0.5, rasterized=True)
        ends = np.array([y.min(), x.max()])
        axes.plot(ends, ends, color="0.3", lw=0.9, ls="--", label="equal")

    panels = []
    for code, words, colour in (
        ("rate", "rates", kit.SPIKING), ("first_spike", "first spikes", kit.TRAINED)
    ):  # fmt: skip
        for k, (title, target) in enumerate(targets.items(), start=1):
            labels = {"xlabel": "abstract activation", "ylabel": f"decoded from {words}"}
            values = found[code][k]
            panels.append(kit.panel(draw, target, values, colour, title=title, **labels))
    title = "Rates and first spikes represent the activations of the abstract network"
    return kit.page(title, *panels, columns=2, size=(8.0, 6.6), legend=1)


scenario = kit.lesson(__name__, row="S26", lectures=("L3",), duration=200.0)
