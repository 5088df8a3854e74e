"""Handwritten digits: a trained network, run as spiking neurons with its weights.

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

from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np
from threadpoolctl import threadpool_limits

import bridge
import neurosim as ns
from bridge.datasets import digits, shifted
from bridge.spiking import ChanceCodedNetwork, LatencyCodedNetwork, RateCodedNetwork, diagnose
from scenarios import _kit as kit

RATE, FIRST = "rate ", "first "
"""Prefixes of the populations of both codes."""
SAMPLE = 0.5
"""Interval at which the rate code is evaluated (ms)."""
CHANCE_UNITS, CHANCE_STEPS, CHANCE_DT = 64, 128, 1.0
"""Hidden units, steps, and duration of a step (ms) of the network that fires at random."""
LOOKS = 2 ** np.arange(8)
"""Numbers of steps after which this network is evaluated."""
CHANCE = "#E69F00"
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


def test_images(settings: Settings) -> tuple[kit.Floats, kit.Floats]:
    """Return the pixels and labels of the test images."""
    data = digits()
    return data.held_out[: settings.images], data.held_out_labels[: settings.images]


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a copy of the network for each test image, in both codes."""
    networks, (images, _) = trained(settings, options.seed), test_images(settings)
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


def simulate(settings: Settings, options: kit.RunOptions, progress: bool) -> ns.Result:
    """Run both codes, and the network that fires at random with a time step of its own."""
    result = ns.simulate(network(settings, options), **vars(options), progress=progress)
    chance, (images, labels) = trained(settings, options.seed).chance, test_images(settings)
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


def decided_by_rate(
    result: ns.Result, settings: Settings
) -> tuple[kit.Floats, kit.Floats, kit.Floats]:
    """Return times (ms), decisions (n_times, n_images), and mean spikes per image until then."""
    rate = trained(settings, result.seed).rate
    times, scores = rate.scores(result, n_trials=settings.images, name=RATE)
    fired = np.concatenate([trains.times for trains in layers_of(result, RATE).values()])
    spikes = np.searchsorted(np.sort(fired), times + 1e-6) / settings.images
    return times, scores.argmax(axis=2), spikes


def decided_by_first_spike(
    result: ns.Result, settings: Settings
) -> tuple[kit.Floats, kit.Floats, float]:
    """Return decisions, their times (ms), and mean spikes per image until then, with inputs."""
    first = trained(settings, result.seed).first
    decided, when = first.decisions(result, n_trials=settings.images, name=FIRST)
    spikes = 0
    for name, trains in layers_of(result, FIRST).items():
        image = trains.ids * settings.images // result.populations[name].size
        spikes += int((trains.times <= when[image]).sum())
    return decided, when, spikes / settings.images


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure accuracy, spikes and decision times of both codes."""
    images, labels = test_images(settings)
    times, by_rate, spikes = decided_by_rate(result, settings)
    by_first, when, first_spikes = decided_by_first_spike(result, settings)
    abstract = trained(settings, result.seed).abstract(images).argmax(axis=1)
    right = (by_rate == labels).mean(axis=1)
    return {
        "trained_on": len(digits().labels),
        "held_out": len(labels),
        "right_abstract": np.mean(abstract == labels),
        "right_rate": right[-1],
        "right_first_spike": np.mean(by_first == labels),
        "spikes_rate": spikes[-1],
        "spikes_first_spike": first_spikes,
        "mean_decision_ms": when.mean(),
        "times_ms": times[19::20],
        "right_rate_by_time": right[19::20],
        "spikes_rate_by_time": spikes[19::20],
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
    images, labels = test_images(settings)
    _, by_rate, _ = decided_by_rate(result, settings)
    by_first, when, _ = decided_by_first_spike(result, settings)

    def draw_image(axes: kit.Axes) -> None:
        axes.imshow(images[SHOWN].reshape(8, 8), cmap="Greys", vmin=0.0, vmax=1.0)

    def draw_spikes(axes: kit.Axes, prefix: str) -> None:
        base, ticks = 0.0, {}
        for name, trains in layers_of(result, prefix).items():
            size = result.populations[name].size // settings.images
            output = size == 10
            spread, colour = (14.0, kit.SPIKING) if output else (1.0, ns.plot.NEUTRAL)
            here = trains.ids // size == SHOWN
            rows = base + spread * (trains.ids[here] % size)
            axes.plot(trains.times[here], rows, "|", color=colour, ms=6 if output else 2.5)
            if output:
                ticks |= {str(digit): base + spread * digit for digit in range(size)}
            else:
                ticks["input" if name.endswith("input") else f"{size} hidden"] = base + 0.5 * size
            base += spread * size + 14.0
        axes.set_ylim(base - 8.0, -8.0)
        axes.set_yticks(list(ticks.values()), list(ticks))

    def draw_first(axes: kit.Axes) -> None:
        draw_spikes(axes, FIRST)
        axes.axvline(when[SHOWN], color="0.45", lw=0.9, ls="--")

    end = 1.1 * trained(settings, result.seed).first.duration(result.dt)
    fig = kit.page(
        "The same weights classify a digit from firing rates and from first spikes",
        kit.panel(draw_image, title=f"A test image: {labels[SHOWN]}", xticks=[], yticks=[]),
        kit.panel(draw_spikes, RATE, title=f"Rates: classified as {by_rate[-1, SHOWN]}",
                  xlabel="time (ms)", xlim=(0, result.duration)),
        kit.panel(draw_first, title=f"First spikes: classified as {by_first[SHOWN]}",
                  xlabel="time (ms)", xlim=(0, end)),
        size=(9.6, 5.6), width_ratios=(0.7, 1.0, 1.0),
    )  # fmt: skip
    return {"spikes": fig}


def activities(result: ns.Result, settings: Settings) -> dict[str, list[kit.Floats]]:
    """Return the activations that each code represents, by layer."""
    networks, (images, _) = trained(settings, result.seed), test_images(settings)
    return {
        "rate": networks.rate.activity(result, images, stop=result.duration, name=RATE),
        "first_spike": networks.first.activity(result, images, name=FIRST),
    }


def layer_errors(result: ns.Result, settings: Settings) -> dict[str, float]:
    """Return the root-mean-square error of each layer relative to its scale, by code."""
    networks, (images, _) = trained(settings, result.seed), test_images(settings)
    rate, first = networks.rate, networks.first
    activity = activities(result, settings)
    one_spike = 1e3 / (rate.rate * result.duration)
    one_step = result.dt / (first.neuron.tau_m * first.reach)
    losses = {
        "rate": diagnose(
            networks.abstract, images, activity["rate"], rate.balanced.scales, one_spike
        ),
        "first_spike": diagnose(
            networks.abstract, images, activity["first_spike"], first.balanced.scales, one_step,
            offset=first.balanced.offset,
        ),
    }  # fmt: skip
    return {
        f"error_{code}_layer_{loss.layer}": loss.error
        for code, layers in losses.items()
        for loss in layers[1:]
    }


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare both codes with the abstract network, and with units that fire at random."""
    images, labels = test_images(settings)
    _, by_rate, spikes = decided_by_rate(result, settings)
    by_first, when, first_spikes = decided_by_first_spike(result, settings)
    abstract = trained(settings, result.seed).abstract(images).argmax(axis=1)
    right = (by_rate == labels).mean(axis=1)
    chance, chance_spikes = result.measured["chance_right"], result.measured["chance_spikes"]
    measures = {}
    for key, words, decided, note in (
        ("abstract", "Abstract network", abstract, f"of {len(labels)} images"),
        ("rate", "Rate code", by_rate[-1], f"{spikes[-1]:.0f} spikes per image"),
        ("first_spike", "First-spike code", by_first, f"{first_spikes:.0f} spikes per image"),
    ):
        correct = bridge.agreement(decided == labels, np.ones(len(labels)))
        measures[f"right_{key}"] = correct.labelled(f"{words}: correct", note)
        if key != "abstract":
            same = bridge.agreement(decided == abstract, np.ones(len(labels)))
            name = "agreement" if key == "rate" else "agreement_first_spike"
            measures[name] = same.labelled(f"{words}: same as abstract", f"of {len(labels)} images")
    lost = measures["right_abstract"].value - right[-1]
    measures["points_lost"] = kit.Measure(100.0 * lost)
    measures["mean_decision"] = kit.Measure(
        when.mean(), "ms", note=f"{when.min():.3g} to {when.max():.3g} ms",
        label="First-spike code: mean decision time",
    )  # fmt: skip
    for steps, accuracy, used in zip(LOOKS, chance, chance_spikes, strict=True):
        label = f"Random spikes, {steps} steps: correct" if steps in (8, 128) else ""
        note = f"{used:.0f} spikes per image"
        measures[f"chance_{steps}_steps"] = kit.Measure(accuracy, label=label, note=note)
    # The rate code is evaluated when it has used as many spikes.
    last = np.searchsorted(spikes, chance_spikes, side="right") - 1
    measures["least_gain_over_chance"] = kit.Measure(
        float((right[last.clip(0)] - chance).min()), label="Rate code − random, same spikes: least"
    )
    expected = np.interp(np.log(first_spikes), np.log(chance_spikes), chance)
    measures["first_spike_gain_over_chance"] = kit.Measure(
        measures["right_first_spike"].value - expected,
        label="First-spike code − random, same spikes",
    )
    for key, error in layer_errors(result, settings).items():
        code = "Rate code" if "rate" in key else "First-spike code"
        label = f"{code}: error of the hidden layer" if key.endswith("1") else ""
        measures[key] = kit.Measure(error, label=label, note="rms / largest activation")
    conclusion = (
        f"With the weights of the trained network, the rate code loses {100 * lost:.1f} percentage "
        f"points of accuracy, and one spike per neuron loses "
        f"{100 * (measures['right_abstract'].value - measures['right_first_spike'].value):.1f}."
    )
    drawings = {
        "accuracy": partial(_draw_accuracy, result, settings),
        "layers": partial(_draw_layers, result, settings),
    }
    title = "Handwritten digits: abstract network, two spiking codes, and random spikes"
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_accuracy(result: ns.Result, settings: Settings) -> kit.Figure:
    """Draw the fraction of images classified correctly against time, and against spikes."""
    images, labels = test_images(settings)
    times, by_rate, spikes = decided_by_rate(result, settings)
    by_first, when, first_spikes = decided_by_first_spike(result, settings)
    by_abstract = trained(settings, result.seed).abstract(images).argmax(axis=1)
    rate, abstract = (by_rate == labels).mean(axis=1), np.mean(by_abstract == labels)
    decided = (by_first == labels) & (when <= times[:, np.newaxis] + 1e-6)
    first = decided.mean(axis=1)

    def draw_time(axes: kit.Axes) -> None:
        axes.axhline(abstract, color=kit.LOGISTIC, lw=1.2, ls="--", label="abstract network")
        axes.plot(times, rate, color=kit.SPIKING, lw=2, label="rate code")
        axes.plot(times, first, color=kit.TRAINED, lw=2)

    def draw_spikes(axes: kit.Axes) -> None:
        axes.axhline(abstract, color=kit.LOGISTIC, lw=1.2, ls="--")
        axes.semilogx(spikes[spikes > 0], rate[spikes > 0], color=kit.SPIKING, lw=2)
        label = "first-spike code"
        axes.plot(first_spikes, first[-1], "D", ms=7, color=kit.TRAINED, label=label)
        x, y = result.measured["chance_spikes"], result.measured["chance_right"]
        axes.plot(x, y, "o-", ms=4, color=CHANCE, label="random spikes, 1 to 128 steps")
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
    images, _ = test_images(settings)
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


scenario = kit.Scenario(
    name="digits",
    text=__doc__,
    row="S26",
    source=kit.lectures("L3"),
    group="Networks",
    settings=Settings,
    duration=200.0,
    network=network,
    simulate=simulate,
    findings=findings,
    report=report,
    figures=figures,
    compare=compare,
)
