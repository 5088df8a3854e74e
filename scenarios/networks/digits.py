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

import numpy as np
from threadpoolctl import threadpool_limits

import bridge
import neurosim as ns
from bridge.datasets import digits, shifted
from bridge.spiking import LatencyCodedNetwork, RateCodedNetwork
from scenarios import _kit as kit

# Prefixes of the populations of both codes.
RATE, FIRST = "rate ", "first "
# Interval at which the rate code is evaluated (ms).
SAMPLE = 0.5


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    hidden: int = kit.setting(256, "", 8, 1024, "hidden units")
    steps: int = kit.setting(300, "", 10, 5000, "maximum number of training steps")
    rate: float = kit.setting(100.0, "Hz", 10.0, 500.0, "rate code: highest rate of hidden units")
    window: float = kit.setting(20.0, "ms", 5.0, 30.0, "first-spike code: window of each layer")


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


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a copy of the network for each test image, in both codes."""
    _, rate, first = trained(settings, options.seed)
    needed, net = first.duration(options.dt), ns.Network()
    kit.require_duration(options, needed, "ends before the last first spike")
    rate.add_to(net, digits().held_out, dt=options.dt, name=RATE, sample=SAMPLE)
    first.add_to(net, digits().held_out, dt=options.dt, name=FIRST)
    return net


def layers_of(result: ns.Result, prefix: str) -> dict[str, ns.SpikeTrains]:
    """Return the spikes of one code by layer."""
    return {name: trains for name, trains in result.spikes.items() if name.startswith(prefix)}


def decisions(result: ns.Result, settings: Settings) -> kit.Options:
    """Return the decisions of all networks about the test images, by name.

    The rate code decides at each of the times "rate_ms", the first-spike code at "first_ms", the
    first output spike of each image. "rate_spikes" and "first_spikes" are the mean numbers of
    spikes per image until then.
    """
    abstract, rate, latency = trained(settings, result.seed)
    images, labels = digits().held_out, digits().held_out_labels
    n = len(labels)
    times, scores = rate.scores(result, name=RATE)
    fired = np.concatenate([trains.times for trains in layers_of(result, RATE).values()])
    first, when = latency.decisions(result, name=FIRST)
    used = 0
    for name, trains in layers_of(result, FIRST).items():
        image = trains.ids * n // result.populations[name].size
        used += int(np.sum(trains.times <= when[image]))
    return {
        "labels": labels,
        "abstract": abstract(images).argmax(axis=1),
        "rate": scores.argmax(axis=2),
        "rate_ms": times,
        "rate_spikes": np.searchsorted(np.sort(fired), times + 1e-6) / n,
        "first": first,
        "first_ms": when,
        "first_spikes": used / n,
    }


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure accuracy, spikes and decision times of both codes."""
    made = decisions(result, settings)
    return {
        "right_abstract": np.mean(made["abstract"] == made["labels"]),
        "right_rate": np.mean(made["rate"][-1] == made["labels"]),
        "right_first_spike": np.mean(made["first"] == made["labels"]),
        "spikes_rate": made["rate_spikes"][-1],
        "spikes_first_spike": made["first_spikes"],
        "mean_decision_ms": made["first_ms"].mean(),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State accuracy, spikes and decision times of both codes."""
    return kit.sentences(
        found,
        "A network trained on 1,437 images classified 360 other images, in two spiking codes.",
        "Abstract network: {right_abstract:.1%} of the images are classified correctly.",
        "Rate code: {right_rate:.1%} in the end, with {spikes_rate:.0f} spikes per image.",
        "First-spike code: {right_first_spike:.1%} after {mean_decision_ms:.0f} ms and "
        "{spikes_first_spike:.0f} spikes per image, at most one of each neuron.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the first image, and the spikes with which both codes classify it."""
    made, image = decisions(result, settings), digits().held_out[0].reshape(8, 8)

    def draw_spikes(axes: kit.Axes, prefix: str, end: float) -> None:
        for k, name in enumerate(reversed(layers_of(result, prefix))):
            size = result.populations[name].size // len(made["labels"])
            trains = result.spikes[name].of(np.arange(size))
            if k == 0:  # the output, one row for each digit
                axes.plot(trains.times, trains.ids, "|", color=kit.SPIKING, ms=9)
            else:
                y = 5.0 * trains.ids / size - 6.0 * k
                axes.plot(trains.times, y, "|", color=ns.plot.NEUTRAL, ms=2.5)
        axes.set_yticks([-9.5, -3.5, *range(10)], ["input", "hidden", *map(str, range(10))])
        axes.set(xlim=(0, end), ylim=(9.6, -6.6 * k), xlabel="time (ms)")

    fig = kit.page(
        "The same weights classify a digit from firing rates and from first spikes",
        kit.panel(lambda axes: axes.imshow(image, cmap="Greys", vmin=0.0, vmax=1.0),
                  title=f"A test image: {made['labels'][0]}", xticks=[], yticks=[]),
        kit.panel(draw_spikes, RATE, result.duration,
                  title=f"Rates: classified as {made['rate'][-1, 0]}"),
        kit.panel(draw_spikes, FIRST, 1.3 * made["first_ms"][0],
                  title=f"First spikes: classified as {made['first'][0]}"),
        size=(9.6, 5.6), width_ratios=(0.7, 1.0, 1.0),
    )  # fmt: skip
    return {"spikes": fig}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare both codes with the abstract network."""
    found, made = findings(result, settings), decisions(result, settings)
    labels, abstract, first, times = (made[k] for k in ("labels", "abstract", "first", "rate_ms"))

    def same(one: kit.Integers, other: kit.Integers) -> kit.Measure:
        return bridge.agreement(one == other, np.ones_like(labels))

    rate = made["rate"][-1]
    rate_label = f"Rate code: correct | {found['spikes_rate']:.0f} spikes per image"
    first_label = f"First-spike code: correct | {made['first_spikes']:.0f} spikes per image"
    measures = kit.rows(
        found,
        ("right_abstract", "Abstract network: correct", same(abstract, labels)),
        ("right_rate", rate_label, same(rate, labels)),
        ("agreement_rate", "Rate code: same as abstract", same(rate, abstract)),
        ("right_first_spike", first_label, same(first, labels)),
        ("agreement_first_spike", "First-spike code: same as abstract", same(first, abstract)),
        ("mean_decision_ms", "First-spike code: mean time of the decision"),
    )
    gain = [100 * (found[f"right_{c}"] - found["right_abstract"]) for c in ("rate", "first_spike")]
    conclusion = (
        "With the weights of the trained network, the rate code changes the accuracy by "
        f"{gain[0]:+.1f} percentage points, and one spike per neuron by {gain[1]:+.1f}."
    )
    right_rate = (made["rate"] == labels).mean(axis=1)
    decided = made["first_ms"] <= times[:, np.newaxis] + 1e-6
    right_first = ((first == labels) & decided).mean(axis=1)
    drawing = partial(
        kit.page,
        "Spiking codes reach the accuracy of the abstract network with a few spikes per neuron",
        kit.chart(
            kit.level(found["right_abstract"], "abstract network", 150.0),
            kit.curve(times, right_rate, "rate code", color=kit.SPIKING, lw=2),
            kit.curve(times, right_first, **kit.FITTED),
            xlabel="time (ms)", ylabel="fraction classified correctly", ylim=(0, 1.1),
        ),
        kit.chart(
            kit.level(found["right_abstract"]),
            kit.curve(made["rate_spikes"], right_rate, color=kit.SPIKING, lw=2),
            kit.curve(made["first_spikes"], right_first[-1], "first-spike code", marker="D",
                      ls="", color=kit.TRAINED),
            xlabel="spikes per image", xscale="log", xlim=(20, None), ylim=(0.8, 1.005),
        ),
        size=(9.2, 4.2), legend=4,
    )  # fmt: skip
    title = "Handwritten digits: abstract network and two spiking codes"
    return kit.Comparison(title, measures, {"accuracy": drawing}, conclusion)


scenario = kit.lesson(__name__, row="S26", lectures=("L3",), duration=200.0)
