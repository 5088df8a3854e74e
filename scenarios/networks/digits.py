"""Handwritten digits read by a trained network, and by spiking neurons with its weights."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

import bridge
from bridge.spiking import diagnose
from neurosim.scenario import Scenario
from scenarios._kit.trials import SPIKING, TRAINED
from scenarios.networks.digits_model import (
    FIRST,
    LOOKS,
    RATE,
    SAMPLE,
    Outcome,
    Settings,
    network,
    simulate,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    import neurosim as ns
    from bridge.spiking import LayerLoss

ABSTRACT, CHANCE, LATENCY = "0.45", "#E69F00", TRAINED
"""Colours of the abstract network, of firing by chance, and of first spikes."""
SHOWN = 0
"""Image whose spikes are drawn."""


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure how many digits are read rightly, with how many spikes, and when."""
    outcome = Outcome.of(result, settings)
    task, right = outcome.task, outcome.rate_right
    abstract = (task.decided == task.labels).mean()
    return {
        "trained_on": len(task.data.labels),
        "held_out": len(task.labels),
        "right_abstract": abstract,
        "right_rate": right[-1],
        "right_first_spike": (outcome.first_decided == task.labels).mean(),
        "spikes_rate": outcome.rate_spikes[-1],
        "spikes_first_spike": outcome.first_spikes,
        "mean_decision_ms": outcome.first_when.mean(),
        "times_ms": outcome.times[19::20],
        "right_rate_by_time": right[19::20],
        "spikes_rate_by_time": outcome.rate_spikes[19::20],
        "chance_steps": LOOKS,
        "chance_right": result.measured["chance_right"],
        "chance_spikes": result.measured["chance_spikes"],
    }


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw one image, and the spikes with which both twins read it."""
    from neurosim import plot

    outcome = Outcome.of(result, settings)
    task = outcome.task
    fig = plot.figure(9.6, 5.8)
    picture, rate, first = plot.panels(fig, 1, 3, width_ratios=(0.75, 1.0, 1.0))
    with plot.style():
        picture.imshow(task.images[SHOWN].reshape(8, 8), cmap="Greys", vmin=0.0, vmax=1.0)
        picture.set(xticks=(), yticks=(), xlabel="8×8 pixels")
        picture.set_title(f"a held-out {task.labels[SHOWN]}")
        _draw_image_raster(rate, result, RATE, len(task.labels))
        _draw_image_raster(first, result, FIRST, len(task.labels))
        rate.set_title(f"rates: read as {outcome.rate_decided[-1, SHOWN]}")
        first.axvline(outcome.first_when[SHOWN], color="0.45", lw=0.9, ls="--")
        first.set_xlim(0.0, 1.1 * task.first.duration(result.dt))
        first.set_title(f"first spikes: read as {outcome.first_decided[SHOWN]}")
    return {"spikes": fig}


def _draw_image_raster(axes: Axes, result: ns.Result, prefix: str, n_images: int) -> None:
    """Draw the spikes of one image, layer below layer, outputs at the bottom with room."""
    from neurosim import plot

    base, ticks, names = 0.0, [], []
    layers = [name for name in result.spikes if name.startswith(prefix)]
    for name in layers:
        size = result.populations[name].size // n_images
        trains, spread = result.spikes[name], 14.0 if name == layers[-1] else 1.0
        mine = trains.ids // size == SHOWN
        unit = trains.ids[mine] - SHOWN * size
        look: dict[str, Any] = {"ms": 5.0, "mew": 1.4} if spread > 1.0 else {"ms": 2.5, "mew": 0.7}
        colour = plot.EXCITATORY if spread > 1.0 else plot.NEUTRAL
        axes.plot(trains.times[mine], base + spread * unit, "|", color=colour, **look)
        if spread > 1.0:
            ticks += [base + spread * digit for digit in range(size)]
            names += [str(digit) for digit in range(size)]
        else:
            ticks.append(base + 0.5 * size)
            names.append("input" if name.endswith("input") else f"{size} hidden")
        base += spread * size + 14.0
    axes.set(xlabel="time (ms)", ylim=(base - 8.0, -8.0), xlim=(0.0, result.duration))
    axes.set_yticks(ticks, names)


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set both spiking twins beside the abstract network and beside neurons that fire by chance."""
    outcome = Outcome.of(result, settings)
    losses = _losses(outcome, result)
    return bridge.Comparison(
        title="Handwritten digits: abstract network, its spiking twins, and firing by chance",
        measures=_accuracy(outcome) | _floor(outcome, result) | _by_layer(losses),
        drawings={
            "accuracy": partial(_draw_accuracy, outcome, result),
            "layers": partial(_draw_layers, outcome, result),
        },
    )


def _accuracy(outcome: Outcome) -> dict[str, bridge.Measure]:
    """Return how many of the held-out digits are read rightly, and how the twins agree."""
    task = outcome.task
    rate, first = outcome.rate_decided[-1], outcome.first_decided
    spikes = outcome.rate_spikes[-1]
    measures = {}
    for key, decided, note in (
        ("abstract", task.decided, f"of {len(task.labels)} held out; trained on 1,437 others"),
        ("rate", rate, f"rates, {outcome.times[-1]:g} ms, {spikes:.0f} spikes an image"),
        (
            "first_spike",
            first,
            f"first spikes, {outcome.first_spikes:.0f} an image, at most 1 each",
        ),
    ):
        right = decided == task.labels
        low, high = bridge.wilson_interval(right.sum(), right.size)
        measures[f"right_{key}"] = bridge.Measure(
            float(right.mean()), "", float(low), float(high), note
        )
    for key, decided in (("agreement", rate), ("agreement_first_spike", first)):
        same = decided == task.decided
        measures[key] = replace(
            bridge.agreement(same, np.ones_like(same)), note="same digit as the abstract network"
        )
    points = 100.0 * (outcome.rate_right - (task.decided == task.labels).mean())
    measures["points_lost"] = bridge.Measure(
        float(0.0 - points[-1]), note="per cent of the digits: rates less than abstract"
    )
    since = _near_since(outcome.times, points)
    note = "from when rates lose less than half a per cent, mean of 20 ms"
    measures["within_half_a_point_since"] = bridge.Measure(since, "ms", note=note)
    when = outcome.first_when
    note = f"first spikes: {when.min():.3g} to {when.max():.3g} ms"
    measures["mean_decision"] = bridge.Measure(float(when.mean()), "ms", note=note)
    return measures


def _near_since(times: NDArray[np.float64], points: NDArray[np.float64]) -> float:
    """Return from when (ms) on the mean of 20 ms is less than half a point below; NaN if never.

    A mean, for an image between two digits goes to and fro with every spike.
    """
    width = min(round(20.0 / SAMPLE), len(points))
    mean = np.convolve(points, np.full(width, 1.0 / width), mode="valid")
    far = np.flatnonzero(mean < -0.5)
    first = int(far[-1]) + 1 if len(far) else 0
    return float(times[first + width - 1]) if first < len(mean) else float("nan")


def _floor(outcome: Outcome, result: ns.Result) -> dict[str, bridge.Measure]:
    """Return what firing by chance reaches, and the twins with no more spikes."""
    chance, spikes = result.measured["chance_right"], result.measured["chance_spikes"]
    measures, margins = {}, []
    for steps, right, used in zip(LOOKS, chance, spikes, strict=True):
        ours = outcome.rate_right_after(used)
        margins.append(ours - right)
        if steps in (1, 8, 32, 128):
            note = f"{used:.0f} spikes an image; the code of rates reads {ours:.3f} with as many"
            measures[f"chance_{steps}_steps"] = bridge.Measure(float(right), note=note)
    note = "rates less chance, for the same spikes: the least of all numbers of steps"
    measures["least_gain_over_chance"] = bridge.Measure(float(min(margins)), note=note)
    first = (outcome.first_decided == outcome.task.labels).mean()
    gain = first - np.interp(np.log(outcome.first_spikes), np.log(spikes), chance)
    note = "first spikes less chance, for the same spikes"
    measures["first_spike_gain_over_chance"] = bridge.Measure(float(gain), note=note)
    return measures


def _losses(outcome: Outcome, result: ns.Result) -> dict[str, list[LayerLoss]]:
    """Return what both conversions lose, layer by layer."""
    task = outcome.task
    rate, first = task.rate, task.first
    measured = rate.activity(result, task.images, stop=result.duration, name=RATE)
    spike = 1e3 / (rate.rate * result.duration)
    times = first.activity(result, task.images, name=FIRST)
    grid = result.dt / (first.neuron.tau_m * first.reach)
    scales, lifted = rate.balanced.scales, first.balanced
    return {
        "rate": diagnose(task.network, task.images, measured, scales, spike),
        "first_spike": diagnose(
            task.network, task.images, times, lifted.scales, grid, offset=lifted.offset
        ),
    }


def _by_layer(losses: dict[str, list[LayerLoss]]) -> dict[str, bridge.Measure]:
    return {
        f"error_{code}_layer_{loss.layer}": bridge.Measure(loss.error, note=str(loss))
        for code, layers in losses.items()
        for loss in layers[1:]
    }


def _draw_accuracy(outcome: Outcome, result: ns.Result) -> Figure:
    """Draw the share read rightly against time, and against spikes used."""
    from matplotlib.ticker import ScalarFormatter

    from neurosim import plot

    task = outcome.task
    abstract = 100.0 * (task.decided == task.labels).mean()
    fig = plot.figure(9.0, 4.4)
    left, right = plot.panels(fig, 1, 2)
    with plot.style():
        rate, first = 100.0 * outcome.rate_right, 100.0 * outcome.first_right
        left.plot(outcome.times, rate, color=SPIKING, lw=2)
        left.plot(outcome.times, first, color=LATENCY, lw=2)
        used = outcome.rate_spikes > 0.0
        right.plot(outcome.rate_spikes[used], rate[used], color=SPIKING, lw=2, label="rates")
        words = "first spikes, at most one of each neuron"
        right.plot(outcome.first_spikes, first[-1], "D", ms=7, color=LATENCY, label=words)
        chance = 100.0 * result.measured["chance_right"]
        words = "by chance, 1 to 128 steps"
        spikes = result.measured["chance_spikes"]
        right.plot(spikes, chance, "o-", ms=4, color=CHANCE, label=words)
        for axes in (left, right):
            axes.axhline(abstract, color=ABSTRACT, lw=1.2, ls="--", label="abstract network")
        left.set(xlabel="time (ms)", ylabel="held-out digits read rightly (%)", ylim=(0, 103))
        left.set_title("against time")
        right.set(
            xscale="log", xlabel="spikes used for an image", xlim=(20.0, None), ylim=(80, 100.5)
        )
        right.xaxis.set_major_formatter(ScalarFormatter())
        right.set_title("against spikes")
        fig.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return fig


def _draw_layers(outcome: Outcome, result: ns.Result) -> Figure:
    """Draw what spikes stand for against the activation, layer by layer and code by code."""
    from neurosim import plot

    task = outcome.task
    hidden = task.network.outputs(task.images)[0]
    wanted = (hidden, task.network.layers[-1].score(hidden))
    found = {
        "rates": task.rate.activity(result, task.images, stop=result.duration, name=RATE),
        "first spikes": task.first.activity(result, task.images, name=FIRST),
    }
    fig = plot.figure(8.0, 6.6)
    grid = plot.panels(fig, 2, 2)
    with plot.style():
        for row, (code, colour) in enumerate(zip(found, (SPIKING, LATENCY), strict=True)):
            for column, what in enumerate(("hidden activation", "output score")):
                axes, target = grid[2 * row + column], wanted[column].ravel()[::7]
                spikes = found[code][column + 1].ravel()[::7]
                axes.plot(target, spikes, ".", ms=2, color=colour, alpha=0.5, rasterized=True)
                ends = np.array([spikes.min(), target.max()])
                axes.plot(ends, ends, color="0.3", lw=0.9, ls="--", label="equal")
                axes.set(xlabel=f"abstract {what}", ylabel=f"what {code} stand for")
        grid[0].legend(loc="upper left")
    return fig


scenario = Scenario(
    name="digits",
    title="Handwritten digits: a trained network, run as spiking neurons with its weights",
    row="S26",
    source="L3",
    group="Networks",
    description=(
        "A network of ReLUs learns 1,437 handwritten digits and is asked for 360 others. The same "
        "weights, balanced on the data, then make integrate-and-fire neurons read them, a copy of "
        "the network for each image: once with activations as firing rates, once with every "
        "neuron firing at most one spike, the earlier the stronger, where the leaky membrane "
        "itself makes the weighted sum. The comparison draws accuracy against time and against "
        "spikes used, beside a network of sigmoids that fire by chance, and says for every layer "
        "how far its spikes are from the activations, and why."
    ),
    settings=Settings,
    duration=200.0,
    network=network,
    simulate=simulate,
    findings=findings,
    figures=figures,
    compare=compare,
)
