"""Hebb's rule grows without bound; what stops it: Oja's decay, and the timing of spikes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from neurosim.scenario import Scenario
from scenarios.logic_and_learning.hebb_model import (
    GROUPS,
    RULES,
    Course,
    Settings,
    network,
    simulate,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {"correlated": "#D55E00", "independent": "#009E73"}
SHOWN = 1000.0
"""How much of the spikes is drawn (ms)."""
LATE = 0.1
"""Last share of the run in which rates are measured."""


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure weights and rates at the end, in spikes and in the abstract unit."""
    course = Course(result, settings)
    begin = (1.0 - LATE) * result.duration
    seconds = 1e-3 * LATE * result.duration
    found: dict[str, object] = {"psp_max_mv": settings.psp_max}
    for rule in RULES:
        for group in GROUPS:
            weights = course.weights(rule, group)
            found[f"{rule}_{group}_mv"] = [weights[0].mean(), weights[-1].mean()]
        found[f"{rule}_at_bound"] = float((course.final(rule) > 0.99 * settings.psp_max).mean())
        found[f"{rule}_rate_hz"] = result.spikes[rule].counts(begin).mean() / seconds
    lengths = np.linalg.norm(course.hebb, axis=1)
    learned = course.learned / np.linalg.norm(course.learned)
    return found | {
        "hebb_grew": lengths[-1] / lengths[0],
        "hebb_ever_shrank": bool((np.diff(lengths) < 0.0).any()),
        "oja_length": float(np.linalg.norm(course.oja[-1])),
        "oja_cosine_with_first_component": float(abs(learned @ course.component)),
    }


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw the inputs, and the weights of both rules."""
    return {"spikes": _draw_spikes(result), "weights": _draw_weights(Course(result, settings))}


def _draw_spikes(result: ns.Result) -> Figure:
    """Draw the first and the last of the spikes: inputs, and the neurons that learn."""
    from neurosim import plot

    length = min(SHOWN, 0.5 * result.duration)
    fig = plot.figure(9.0, 4.6)
    left, right = plot.panels(fig, 1, 2)
    with plot.style():
        for axes, start, words in (
            (left, 0.0, "before learning"),
            (right, result.duration - length, "after it"),
        ):
            plot.draw_raster(axes, result, start=start, stop=start + length)
            axes.set_title(words, fontsize=10)
            axes.set_xticks(np.linspace(start, start + length, 3))
        right.set(ylabel="", yticks=())
    return fig


def _draw_weights(course: Course) -> Figure:
    from neurosim import plot

    fig = plot.figure(8.4, 3.8)
    grid = plot.panels(fig, 1, 2, sharey=True)
    with plot.style():
        _draw_rules(grid, course)
        fig.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig


def _draw_rules(grid: list[Axes], course: Course) -> None:
    """Draw synapses over time as thin lines and their mean as a thick one, a panel a rule."""
    titles = ("potentiation alone", "with depression (STDP)")
    for axes, rule, title in zip(grid, RULES, titles, strict=True):
        for group, words in GROUPS.items():
            weights = course.weights(rule, group)
            colour, mean = COLOURS[group], weights.mean(axis=(1, 2))
            axes.plot(course.times, weights[:, :12, 0], lw=0.5, alpha=0.35, color=colour)
            axes.plot(course.times, mean, lw=2.5, label=words, color=colour)
        bound = course.settings.psp_max
        axes.axhline(bound, color="0.45", lw=0.9, ls="--", label="bound of the rule")
        axes.set(xlabel="time (s)", ylim=(-0.03 * bound, 1.08 * bound))
        axes.set_title(f"spiking: {title}", fontsize=10)
    grid[0].set_ylabel("synapse (mV)")


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set what the spiking neurons learned beside the abstract unit, synapse by synapse."""
    course = Course(result, settings)
    stdp, oja = course.final("stdp"), course.learned
    component = course.component
    chosen = bridge.agreement(stdp > 0.5 * settings.psp_max, oja > 0.5 * oja.max())
    found = findings(result, settings)
    measures = {
        "agreement": replace(chosen, note="synapses that STDP and Oja's rule alike keep, or drop"),
        "correlation": bridge.Measure(
            float(np.corrcoef(stdp, oja)[0, 1]), note="of the weights learned by both"
        ),
    }
    for key, unit, note in (
        ("hebb_grew", "", "Hebb's rule, abstract: length of the weights, last over first"),
        ("oja_length", "", "Oja's rule, abstract: at the end"),
        ("oja_cosine_with_first_component", "", "its direction"),
        ("hebb_at_bound", "", "spiking, potentiation alone: share of synapses at the bound"),
        ("hebb_rate_hz", "Hz", "and what that makes the neurons fire"),
        ("stdp_rate_hz", "Hz", "with depression"),
    ):
        measures[key] = bridge.Measure(found[key], unit, note=note)  # type: ignore[arg-type]
    for group in GROUPS:
        last = float(course.weights("stdp", group)[-1].mean())
        measures[f"stdp_{group}"] = bridge.Measure(last, "mV", note="mean synapse, at the end")
    return bridge.Comparison(
        title="Hebbian learning: spiking neurons, and a linear unit on the same inputs",
        measures=measures,
        drawings={
            "growth": partial(_draw_growth, course),
            "synapses": partial(_draw_synapses, course, component),
        },
    )


def _draw_growth(course: Course) -> Figure:
    """Draw both worlds above each other: what grows, and what holds."""
    from neurosim import plot

    fig = plot.figure(8.4, 6.4)
    grid = plot.panels(fig, 2, 2, sharex=True)
    with plot.style():
        _draw_rules(grid[:2], course)
        bins = np.arange(len(course.oja)) * course.result.duration * 1e-3 / (len(course.oja) - 1)
        n = course.settings.synapses
        for axes, path, title in (
            (grid[2], course.hebb, "abstract: w + η x y (Hebb)"),
            (grid[3], course.oja, "abstract: w + η y (x − y w) (Oja)"),
        ):
            for group, own in zip(GROUPS, (slice(0, n), slice(n, 2 * n)), strict=True):
                mean = np.abs(path[:, own]).mean(axis=1)
                axes.plot(bins, mean, color=COLOURS[group], lw=2.0)
            axes.set_title(title, fontsize=10)
            axes.set_xlabel("time (s)")
        grid[0].set_xlabel("")
        grid[1].set_xlabel("")
        grid[1].set_yticklabels([])
        grid[2].set(yscale="log", ylabel="mean |weight|")
        grid[3].set_ylim(bottom=0.0)
        fig.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        fig.align_ylabels()
    return fig


def _draw_synapses(course: Course, component: np.ndarray) -> Figure:
    """Draw the synapses that each rule ended with, input by input."""
    from neurosim import plot

    n = course.settings.synapses
    fig = plot.figure(7.6, 4.6)
    upper, lower = plot.panels(fig, 2, 1, sharex=True)
    places = np.arange(1, 2 * n + 1)
    with plot.style():
        for k, group in enumerate(GROUPS):
            own, colour = slice(k * n, (k + 1) * n), COLOURS[group]
            upper.bar(places[own], course.final("stdp")[own], color=colour, label=GROUPS[group])
            lower.bar(places[own], course.learned[own], color=colour)
        lower.step(places, component, where="mid", color="black", lw=1.0)
        lower.lines[-1].set_label("first principal component")
        upper.set(ylabel="STDP (mV)", title="what is left of each synapse")
        lower.axhline(0.0, color="0.45", lw=0.8)
        lower.set(ylabel="Oja's weight", xlabel="input", xlim=(0, 2 * n + 1))
        fig.legend(loc="outside lower center", ncols=3)
        fig.align_ylabels()
    return fig


scenario = Scenario(
    name="hebb",
    title="What fires together wires together, and what keeps it from doing so without end",
    row="S10",
    source="L1, L3",
    group="Thresholds, logic and learning rules",
    description=(
        "Hebb's rule, w + eta x y, strengthens every synapse that takes part in firing, and the "
        "weights grow without bound. In spikes, potentiation alone drives all synapses into the "
        "bound that the rule has. Two things hold it. Oja's term -eta y^2 w keeps the length of "
        "the weights at 1 and turns them into the first principal component. Spike-timing "
        "dependent plasticity also weakens a synapse whose spike comes after the neuron's: inputs "
        "that fire together keep their synapses, the others lose theirs. Both unit and neurons "
        "hear the same spikes."
    ),
    settings=Settings,
    duration=150_000.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
    simulate=simulate,
)
