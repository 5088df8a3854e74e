"""Handwritten digits: a trained network run as spiking neurons.

A network of rectified linear units (ReLU) learns 1,437 images of handwritten digits and is tested
on 360 others. Its weights, normalised on the training images, then serve integrate-and-fire
neurons, with a copy of the network for each image, in two codes. In the rate code, activations are
firing rates. In the first-spike code each neuron fires one spike, the earlier the larger its
activation (silent units fire at the end of the window), and the leaky membrane computes the
weighted sum.

The comparison shows accuracy against time and against the number of spikes, down to one spike per
neuron.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

import bridge
import neurosim as ns
from bridge.datasets import digits, shifted
from bridge.spiking import LatencyCodedNetwork, RateCodedNetwork
from scenarios import _kit as kit

RATE, FIRST = "rate ", "first "
"""Prefixes of the populations of both codes."""
SAMPLE = 0.5
"""Interval at which the rate code is evaluated (ms)."""
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


@lru_cache(maxsize=4)
def trained(
    settings: Settings, seed: int
) -> tuple[bridge.LayeredNetwork, RateCodedNetwork, LatencyCodedNetwork]:
    """Train the network and convert it to both codes.

    Width, number of steps and step size were chosen on held-out training images.
    """
    data = digits()
    labels = np.tile(np.eye(10)[data.labels], (2, 1))
    network = bridge.LayeredNetwork.random([64, settings.hidden, 10], ["relu", "sigmoid"], seed)
    with threadpool_limits(1):  # the order of sums, and so the weights, are the same everywhere
        network, _ = network.train(shifted(data.images), labels, step=0.3, max_iter=settings.steps)
    rate = RateCodedNetwork.of(network, data.images, rate=settings.rate)
    return network, rate, LatencyCodedNetwork.of(network, data.images, window=settings.window)


def held_out(settings: Settings) -> tuple[kit.Floats, kit.Integers]:
    """Return the pixels and labels of the test images."""
    data = digits()
    return data.held_out[: settings.images], data.held_out_labels[: settings.images]


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a copy of the network for each test image, in both codes."""
    (_, rate, first), (images, _) = trained(settings, options.seed), held_out(settings)
    needed, net = first.duration(options.dt), ns.Network()
    kit.require_duration(options, needed, "ends before the last first spike")
    rate.add_to(net, images, dt=options.dt, name=RATE, sample=SAMPLE)
    first.add_to(net, images, dt=options.dt, name=FIRST)
    return net


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
    (abstract, rate, latency), (images, labels) = trained(settings, result.seed), held_out(settings)
    n_trials = len(labels)
    times, scores = rate.scores(result, n_trials=n_trials, name=RATE)
    fired = np.concatenate([trains.times for trains in layers_of(result, RATE).values()])
    spikes = np.searchsorted(np.sort(fired), times + 1e-6) / n_trials
    first, when = latency.decisions(result, n_trials=n_trials, name=FIRST)
    used = 0
    for name, trains in layers_of(result, FIRST).items():
        image = trains.ids * n_trials // result.populations[name].size
        used += int((trains.times <= when[image]).sum())
    decided = abstract(images).argmax(axis=1)
    return Outcome(
        labels, decided, times, scores.argmax(axis=2), spikes, first, when, used / n_trials
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
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State accuracy, spikes and decision times of both codes."""
    return kit.sentences(
        found,
        "A network trained on {trained_on:,} images classified {held_out} other images, in two "
        "spiking codes.",
        "Abstract network: {right_abstract:.1%} of the images are classified correctly.",
        "Rate code: {right_rate:.1%} in the end with {spikes_rate:.0f} spikes per image; "
        "{right_rate_by_time[0]:.1%} after {times_ms[0]:g} ms and {spikes_rate_by_time[0]:.0f} "
        "spikes.",
        "First-spike code: {right_first_spike:.1%} after {mean_decision_ms:.0f} ms and "
        "{spikes_first_spike:.0f} spikes per image, at most one of each neuron.",
    )


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

    end = 1.1 * trained(settings, result.seed)[2].duration(result.dt)
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


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare both codes with the abstract network."""
    found, values = findings(result, settings), outcome(result, settings)
    labels, abstract, rate, first = values.labels, values.abstract, values.rate[-1], values.first

    def share(correct: kit.Bools) -> kit.Measure:
        return bridge.agreement(correct, np.ones_like(labels))

    rate_label = f"Rate code: correct | {found['spikes_rate']:.0f} spikes per image"
    label = f"First-spike code: correct | {found['spikes_first_spike']:.0f} spikes per image"
    measures = kit.rows(
        found,
        ("right_abstract", "Abstract network: correct", share(abstract == labels)),
        ("right_rate", rate_label, share(rate == labels)),
        ("agreement_rate", "Rate code: same as abstract", share(rate == abstract)),
        ("right_first_spike", label, share(first == labels)),
        ("agreement_first_spike", "First-spike code: same as abstract", share(first == abstract)),
        ("mean_decision_ms", "First-spike code: mean time of the decision"),
    )
    lost = [100 * (found["right_abstract"] - found[f"right_{c}"]) for c in ("rate", "first_spike")]
    conclusion = (
        f"With the weights of the trained network, the rate code loses {lost[0]:.1f} percentage "
        f"points of accuracy, and one spike per neuron {lost[1]:.1f}."
    )
    title = "Handwritten digits: abstract network and two spiking codes"
    return kit.Comparison(
        title, measures, {"accuracy": partial(_draw_accuracy, values)}, conclusion
    )


def _draw_accuracy(found: Outcome) -> kit.Figure:
    """Draw the fraction of images classified correctly against time, and against spikes."""
    abstract = np.mean(found.abstract == found.labels)
    rate = (found.rate == found.labels).mean(axis=1)
    right = found.first == found.labels
    first = (right & (found.first_times <= found.times[:, np.newaxis] + 1e-6)).mean(axis=1)
    look = {"color": kit.TRAINED, "marker": "D", "ms": 7, "ls": ""}
    return kit.page(
        "Spiking codes reach the accuracy of the abstract network with a few spikes per neuron",
        kit.chart(
            kit.level(abstract, "abstract network", 150.0),
            kit.curve(found.times, rate, "rate code", color=kit.SPIKING, lw=2),
            kit.curve(found.times, first, **kit.FITTED),
            xlabel="time (ms)", ylabel="fraction classified correctly", ylim=(0, 1.1),
        ),
        kit.chart(
            kit.level(abstract),
            kit.curve(found.rate_spikes, rate, color=kit.SPIKING, lw=2),
            kit.curve([found.first_spikes], [right.mean()], "first-spike code", **look),
            xlabel="spikes per image", xscale="log", xlim=(20, None), ylim=(0.8, 1.005),
        ),
        size=(9.2, 4.2), legend=4,
    )  # fmt: skip


scenario = kit.lesson(__name__, row="S26", lectures=("L3",), duration=200.0)
