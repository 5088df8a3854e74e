"""Logistic neurons trained on a grasshopper's hearing, beside the spiking neurons."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

import bridge
from scenarios.recordings.grasshopper_agreement import (
    between,
    bits_between_neurons,
    fired_bins,
    firing_probability,
    firing_share,
    gamma_between_neurons,
    mean_gamma,
)
from scenarios.recordings.grasshopper_coupling import Coupling
from scenarios.recordings.grasshopper_filters import draw_coupling, draw_filters
from scenarios.recordings.grasshopper_model import COLOURS, KINDS, RECEPTOR, TWIN, Settings, excerpt
from scenarios.recordings.grasshopper_trained import CELLS, trained
from scenarios.recordings.grasshopper_twin import potential_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    import neurosim as ns

HEARS, REMEMBERS = "#CC79A7", "#F2CF80"
"""Colours of the logistic neuron without and with its own past spikes."""
KEYS = {RECEPTOR: "spiking", TWIN: "twin"}
"""What populations are called in the table."""


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set logistic neurons trained on both receptors beside the spiking neurons simulated."""
    measures: dict[str, bridge.Measure] = {}
    for cell in CELLS:
        measures |= _logistic(cell, settings)
    for population in (RECEPTOR, TWIN):
        measures |= _spiking(population, result, settings)
    words = "between the twin's potential and its neuron's score, at most"
    error = potential_error(result, settings)
    measures[f"potential_error_twin_cell{settings.cell}"] = bridge.Measure(error, "mV", note=words)
    coupling = Coupling.found(settings, result.seed)
    return bridge.Comparison(
        title=f"Receptors of a grasshopper: logistic, {settings.folds} parts each foretold from "
        "the others, and spiking",
        measures=measures | coupling.measures(),
        drawings={
            "prediction": partial(_draw_prediction, result, settings),
            "scores": partial(_draw_scores, measures, settings),
            "filters": partial(draw_filters, settings),
            "coupling": partial(draw_coupling, coupling),
            "calibration": partial(_draw_calibration, result, settings),
        },
    )


def _logistic(cell: int, settings: Settings) -> dict[str, bridge.Measure]:
    """Return how well a receptor's logistic neurons foretell its spikes, by JSON key."""
    own, found = trained(cell, settings), {}
    for key, probability, words in (
        ("", own.hearing, "sound alone"),
        ("history_", own.remembering, f"sound and own spikes of {settings.history} ms"),
    ):
        auc = bridge.auc(own.fired, probability, own.seconds)
        bits = bridge.bits_per_spike(own.fired, probability, own.seconds)
        found[f"auc_{key}cell{cell}"] = replace(auc, note=words)
        note = words + ", over constant probability"
        found[f"bits_per_spike_{key}cell{cell}"] = replace(bits, note=note)
    return found


def _spiking(population: str, result: ns.Result, settings: Settings) -> dict[str, bridge.Measure]:
    """Return how well simulated spikes foretell the recorded ones, by JSON key."""
    probability = firing_probability(result, population)
    fired = fired_bins(settings.recording, len(probability))
    seconds = np.arange(len(fired)) // 1000
    blocks = seconds if seconds[-1] else None
    name = f"{KEYS[population]}_cell{settings.cell}"
    words = f"share of {settings.neurons} {KINDS[population]} that fired, sound alone"
    auc = replace(bridge.auc(fired, probability, blocks), note=words)
    bits = replace(bridge.bits_per_spike(fired, probability, blocks), note=words)
    gamma = mean_gamma(result, population, settings.recording.spikes, 0.0, result.duration)
    among = f"among {KINDS[population]}, one in the place of the receptor"
    return {
        f"auc_{name}": auc,
        f"bits_per_spike_{name}": bits,
        f"bits_per_spike_among_{name}": bridge.Measure(
            bits_between_neurons(result, population), "bits/spike", note=among
        ),
        f"coincidence_factor_{name}": bridge.Measure(
            gamma, note=f"recorded against {KINDS[population]}' spikes, within 2 ms"
        ),
        f"coincidence_factor_among_{name}": bridge.Measure(
            gamma_between_neurons(result, population), note=among
        ),
    }


def _draw_prediction(result: ns.Result, settings: Settings) -> Figure:
    """Draw what all neurons make of an excerpt of the sound, over the recorded spikes."""
    from neurosim import plot

    own = trained(settings.cell, settings)
    start, stop = excerpt(result.duration)
    bins = slice(int(start), int(stop))
    edges = np.arange(bins.start, bins.stop + 1)
    recorded = between(settings.recording.spikes, start, stop)
    fig = plot.figure(8.2, 8.2)
    sound, logistic, *spiking = plot.panels(fig, 4, 1, sharex=True, height_ratios=(2, 3, 3, 3))
    with plot.style():
        sound.stairs(settings.recording.level(1.0)[bins], edges, color="black", baseline=None)
        sound.set(ylabel="sound level (dB)", title=f"receptor {settings.cell}")
        ticks: dict[str, Any] = {"color": "black", "ms": 11, "mew": 1.2}
        ticks["label"] = "recorded spikes"
        for axes in (logistic, *spiking):
            axes.plot(recorded, np.full(len(recorded), 1.09), "|", **ticks)
            axes.set(ylim=(0.0, 1.16), yticks=np.linspace(0.0, 1.0, 5))
        words = "logistic neuron, sound and past spikes"
        logistic.stairs(own.remembering[bins], edges, color=REMEMBERS, fill=True, label=words)
        words = "logistic neuron, sound alone"
        logistic.stairs(own.hearing[bins], edges, color=HEARS, lw=1.5, label=words)
        logistic.set_ylabel("probability to fire\nin 1 ms")
        for axes, population in zip(spiking, (TWIN, RECEPTOR), strict=True):
            share = firing_share(result, population)[bins]
            words = f"share of {settings.neurons} {KINDS[population]}"
            axes.stairs(share, edges, color=COLOURS[population], fill=True, label=words)
            axes.set_ylabel("share that fired\nin 1 ms")
        spiking[-1].set(xlabel="time (ms)", xlim=(start, stop))
        entries: dict[str, Any] = {}
        for axes in (logistic, *spiking):
            entries |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
        fig.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=2)
    return fig


def _draw_scores(measures: Mapping[str, bridge.Measure], settings: Settings) -> Figure:
    """Draw bits per spike and coincidence factors of all kinds of neuron beside each other."""
    from neurosim import plot

    cell = f"cell{settings.cell}"
    fig = plot.figure(9.2, 3.8)
    bits, gamma = plot.panels(fig, 1, 2, width_ratios=(4, 2.4))
    rows = (
        ("", "logistic,\nsound alone", HEARS),
        ("history_", "logistic,\nwith the recorded\npast spikes", "#C89B3C"),
        ("twin_", "spiking\ntwins", COLOURS[TWIN]),
        ("spiking_", "leaky\nneurons", COLOURS[RECEPTOR]),
    )
    with plot.style():
        for axes, key, shown in (
            (bits, "bits_per_spike", rows),
            (gamma, "coincidence_factor", rows[2:]),
        ):
            for place, (kind, _, colour) in enumerate(shown):
                _draw_score(axes, place, measures, (key, kind, cell), colour)
            axes.set_xticks(range(len(shown)), [words for _, words, _ in shown])
            axes.set_xlim(-0.6, len(shown) - 0.4)
            axes.axhline(0.0, color="0.45", lw=0.8, zorder=0)
        bits.set(ylabel="bits per spike", title="0: a constant probability")
        gamma.set(ylabel="coincidence factor", title="0: chance", ylim=(-0.05, 1.05))
        for mark, words in (
            ("|", "95 % interval, between seconds"),
            ("_", "one of these neurons in the place of the receptor"),
        ):
            bits.plot([], [], mark, color="0.35", ms=14, mew=1.6, label=words)
        fig.legend(*bits.get_legend_handles_labels(), loc="outside lower center", ncols=2)
        fig.suptitle(f"receptor {settings.cell}", x=0.01, ha="left")
    return fig


def _draw_score(
    axes: Axes,
    place: int,
    measures: Mapping[str, bridge.Measure],
    key: tuple[str, str, str],
    colour: str,
) -> None:
    """Draw one figure with its interval, and what the neurons would reach among themselves."""
    measure, kind, cell = key
    found = measures[f"{measure}_{kind}{cell}"]
    axes.plot(place, found.value, "o", color=colour, ms=8)
    if found.low is not None and found.high is not None:
        axes.plot([place, place], [found.low, found.high], color=colour, lw=1.6)
    among = measures.get(f"{measure}_among_{kind}{cell}")
    if among:
        axes.plot(place, among.value, "_", color="0.35", ms=22, mew=1.6)


def _draw_calibration(result: ns.Result, settings: Settings) -> Figure:
    """Draw observed against predicted probability, out of fold."""
    own = trained(settings.cell, settings)
    foretold = {
        "with past spikes": own.remembering,
        KINDS[RECEPTOR]: firing_probability(result, RECEPTOR),
        "sound alone": own.hearing,
        KINDS[TWIN]: firing_probability(result, TWIN),
    }
    curves = {
        name: bridge.reliability_curve(own.fired[: len(probability)], probability)
        for name, probability in foretold.items()
    }
    return bridge.reliability_plot(curves, title=f"receptor {settings.cell}")
