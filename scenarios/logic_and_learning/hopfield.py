"""Content-addressable memory: Hopfield's units, and spiking neurons that recall as they do."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from bridge.classics.hopfield import CAPACITY
from neurosim.analysis import cv_isi
from neurosim.scenario import Scenario
from scenarios.logic_and_learning.hopfield_model import (
    CUE_LENGTH,
    KEPT,
    LOADS,
    PERIOD,
    READ,
    START,
    UNITS,
    Settings,
    measure_abstract,
    network,
    own_overlap,
    recalled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

BIN = 25.0
"""ms over which the overlap is drawn."""


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure recall by spikes, and what the abstract memory does."""
    overlaps = {
        name: own_overlap(recalled(result, name, memory), memory)
        for name, memory in settings.memories.items()
    }
    main, abstract = settings.memories["memory"], measure_abstract()
    at_tenth = abstract.overlaps[LOADS.index(0.1)].mean()
    # While the first pattern stands recalled.
    settled, end = START + PERIOD - READ, START + PERIOD
    cv = cv_isi(result.spikes["memory"], start=settled, stop=end)
    rates = 1e3 / READ * result.spikes["memory"].counts(settled, end)
    active = main.network.patterns[0] > 0.0
    return {
        "neurons": settings.neurons,
        "patterns": settings.patterns,
        "cue_overlap": own_overlap(main.cues, main).mean(),
        "recall_overlaps": overlaps["memory"],
        "recall_overlap": overlaps["memory"].mean(),
        "recall_by_load": {
            f"{len(memory.cues) / settings.neurons:.3f}": float(overlaps[name].mean())
            for name, memory in settings.memories.items()
        },
        "rate_active_hz": rates[active].mean(),
        "rate_silent_hz": rates[~active].mean(),
        "cv": cv[np.isfinite(cv)].mean() if np.isfinite(cv).any() else None,
        "abstract_units": UNITS,
        "patterns_fixed_at_n_over_4_ln_n": abstract.fixed,
        "largest_rise_of_energy": abstract.largest_rise,
        "overlap_at_a_tenth": at_tenth,
        "overlap_at_a_tenth_from_corrupted": abstract.corrupted,
        "load_where_overlap_leaves_0.97": abstract.load_at(KEPT),
        "load_where_overlap_leaves_0.66": abstract.load_at(0.66),
    }


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw the spikes with the overlap, and the patterns as pictures."""
    return {
        "recall": _draw_recall(result, settings),
        "patterns": _draw_patterns(result, settings),
    }


def _draw_recall(result: ns.Result, settings: Settings) -> Figure:
    """Draw the spikes, neurons of the first pattern on top, and the overlap with every pattern."""
    from neurosim import plot

    memory, trains = settings.memories["memory"], result.spikes["memory"]
    patterns = memory.network.patterns
    place = np.argsort(np.argsort(-patterns[0], kind="stable"))
    edges = np.arange(0.0, result.duration + BIN, BIN)
    counts = np.histogram2d(trains.times, trains.ids, [edges, np.arange(settings.neurons + 1)])[0]
    shares = counts @ patterns.T / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    fig = plot.figure(9.0, 5.6)
    upper, lower = plot.panels(fig, 2, 1, sharex=True, height_ratios=(1.5, 1))
    with plot.style():
        upper.plot(trains.times, place[trains.ids], ".", color="black", ms=1.0, rasterized=True)
        upper.set(ylabel="neurons, those of\npattern 1 at the bottom", ylim=(0, settings.neurons))
        middles = 0.5 * (edges[1:] + edges[:-1])
        n_cues = len(recalled(result, "memory", memory))
        lower.plot(middles, shares, color="0.8", lw=0.8)
        for k in range(n_cues):
            begin = START + k * PERIOD
            now = (middles >= begin) & (middles < begin + PERIOD)
            colour = plot.PALETTE[1 + k % (len(plot.PALETTE) - 1)]
            lower.plot(middles[now], shares[now, k], color=colour, lw=2.0)
            lower.text(begin + 0.5 * PERIOD, 1.08, f"pattern {k + 1}", ha="center", fontsize=9)
            for axes in (upper, lower):
                axes.axvspan(begin, begin + CUE_LENGTH, color=plot.PALETTE[3], alpha=0.25, lw=0)
        lower.plot([], [], color=plot.PALETTE[1], lw=2.0, label="with the pattern that was cued")
        lower.plot([], [], color="0.8", lw=0.8, label="with all")
        lower.fill_between([], [], color=plot.PALETTE[3], alpha=0.25, label="cue")
        lower.set(ylim=(-0.7, 1.22), xlim=(0.0, result.duration), xlabel="time (ms)")
        lower.set(ylabel="overlap of\nthe spikes", yticks=(-0.5, 0.0, 0.5, 1.0))
        fig.legend(loc="outside lower center", ncols=3)
        fig.align_ylabels()
    return fig


def _draw_patterns(result: ns.Result, settings: Settings) -> Figure:
    """Draw what was stored, the cues, and what either memory made of them, as pictures."""
    from neurosim import plot

    memory = settings.memories["memory"]
    spiking = recalled(result, "memory", memory)[:8]
    cues, stored = memory.cues[: len(spiking)], memory.network.patterns[: len(spiking)]
    abstract, _ = memory.network.recall(cues)
    rows = {"stored": stored, "cue": cues, "spikes": spiking, "±1 units": abstract}
    side = math.ceil(math.sqrt(settings.neurons))
    fig = plot.figure(1.1 + 1.0 * len(spiking), 4.6)
    grid = plot.panels(fig, len(rows), len(spiking))
    with plot.style():
        for axes, (row, k) in zip(grid, np.ndindex(len(rows), len(spiking)), strict=True):
            picture = np.full(side * side, np.nan)
            picture[: settings.neurons] = list(rows.values())[row][k]
            axes.imshow(picture.reshape(side, side), cmap="Greys", vmin=-1.3, vmax=1.3)
            axes.set(xticks=(), yticks=())
            axes.spines[:].set_visible(False)
            if row:
                overlap = list(rows.values())[row][k] @ stored[k] / settings.neurons
                axes.set_xlabel(f"{overlap:.2f}", fontsize=9, labelpad=2)
        for axes, words in zip(grid[:: len(spiking)], rows, strict=True):
            axes.set_ylabel(words)
        fig.suptitle("below each: overlap with what was stored", fontsize=10)
    return fig


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set the spiking memory beside the abstract one, cue by cue."""
    memory, abstract = settings.memories["memory"], measure_abstract()
    spiking = recalled(result, "memory", memory)
    units, _ = memory.network.recall(memory.cues[: len(spiking)])
    same = bridge.agreement((spiking > 0.0).ravel(), (units > 0.0).ravel())
    tenth = LOADS.index(0.1)
    overlaps = {
        "overlap_spiking": (own_overlap(spiking, memory), "recalled by spikes, mean of the cues"),
        "overlap_abstract": (own_overlap(units, memory), "recalled by ±1 units"),
        "overlap_of_cues": (own_overlap(memory.cues[: len(spiking)], memory), "before recall"),
    }
    measures = {
        "agreement": replace(same, note=f"{len(spiking)} cues × {settings.neurons} neurons"),
        **{
            key: bridge.Measure(float(values.mean()), note=note)
            for key, (values, note) in overlaps.items()
        },
        "patterns_fixed": bridge.Measure(
            abstract.fixed, note=f"share, at N/(4 ln N) patterns of {UNITS} units"
        ),
        "largest_rise_of_energy": bridge.Measure(
            abstract.largest_rise, note="in 1,000 random runs of 100 units: it never rises"
        ),
        "overlap_at_a_tenth": bridge.Measure(
            float(abstract.overlaps[tenth].mean()), note="after recall, 0.1 N patterns"
        ),
        "load_where_overlap_leaves_0.97": bridge.Measure(
            abstract.load_at(KEPT), note=f"theory, for many units: {CAPACITY}"
        ),
        "load_where_overlap_leaves_0.66": bridge.Measure(
            abstract.load_at(0.66), note=f"half-way down, for {UNITS} units"
        ),
    }
    return bridge.Comparison(
        title="Memory: spiking neurons, and Hopfield's units",
        measures=measures,
        drawings={
            "capacity": partial(_draw_capacity, result, settings),
            "energy": _draw_energy,
        },
    )


def _draw_capacity(result: ns.Result, settings: Settings) -> Figure:
    """Draw the overlap after recall against the load, for both kinds of memory."""
    from neurosim import plot

    abstract = measure_abstract()
    fig = plot.figure(6.6, 4.2)
    (axes,) = plot.panels(fig)
    with plot.style():
        _draw_curve(axes, LOADS, abstract.overlaps, "black", f"{UNITS} units of ±1, from patterns")
        loads, means = [], []
        for name, memory in settings.memories.items():
            loads.append(len(memory.cues) / settings.neurons)
            means.append(own_overlap(recalled(result, name, memory), memory).mean())
        order = np.argsort(loads)
        label = f"{settings.neurons} spiking neurons, from {settings.corruption:.0%} wrong"
        points = np.array(loads)[order], np.array(means)[order]
        axes.plot(*points, "D--", color=plot.PALETTE[1], ms=6, label=label)
        few = 1.0 / (4.0 * math.log(UNITS))
        for load, words in ((few, "N/(4 ln N)"), (CAPACITY, f"{CAPACITY} N")):
            axes.axvline(load, color="0.6", lw=0.9, ls=":")
            axes.text(load + 0.002, 0.03, words, fontsize=9, color="0.35", rotation=90)
        axes.set(xlabel="load (patterns per unit)", ylabel="overlap after recall")
        axes.set(xlim=(0.0, max(LOADS[-1], *loads) + 0.005), ylim=(0.0, 1.05))
        fig.legend(loc="outside lower center", ncols=1)
    return fig


def _draw_curve(
    axes: Axes, loads: tuple[float, ...], overlaps: NDArray[np.float64], colour: str, label: str
) -> None:
    mean = overlaps.mean(axis=1)
    bars = np.stack([mean - overlaps.min(axis=1), overlaps.max(axis=1) - mean])
    axes.errorbar(loads, mean, bars, fmt="o-", color=colour, ms=4, capsize=2)
    axes.plot([], [], "o-", color=colour, ms=4, label=f"{label}; bars: range of networks")


def _draw_energy() -> Figure:
    """Draw the energy of runs from random states."""
    from neurosim import plot

    fig = plot.figure(5.4, 3.6)
    (axes,) = plot.panels(fig)
    energies = measure_abstract().energies / 100.0
    with plot.style():
        axes.plot(energies, color=plot.PALETTE[1], lw=0.8, alpha=0.6)
        axes.set(xlabel="sweep", ylabel="energy per unit", xticks=np.arange(len(energies)))
        axes.set_title("50 runs from random states", fontsize=10)
    return fig


scenario = Scenario(
    name="hopfield",
    title="A memory addressed by its content: Hopfield's units, and spiking neurons",
    row="S13",
    source="L1",
    group="Thresholds, logic and learning rules",
    description=(
        "Patterns are stored in the synapses of a network, wij = sum of xi_i xi_j / N, and become "
        "states into which it falls: given a cue with a fifth of the neurons wrong, it recalls "
        "the rest. Leaky integrate-and-fire neurons with noise do it asynchronously, active ones "
        "firing and the others silent (the sign of a synapse is that of the pair, so Dale's law "
        "is off). Beside them Hopfield's units of +1 and -1: the energy never rises, stored "
        "patterns are fixed points, and beyond about 0.138 patterns a unit memory fails."
    ),
    settings=Settings,
    duration=4050.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
