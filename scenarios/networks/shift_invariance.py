"""A pattern found wherever it appears: shared weights against full connection."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
from neurosim.scenario import Scenario
from scenarios._kit.trials import SPIKING, TRAINED, draw_share
from scenarios.networks.shift_invariance_model import (
    LEARNED,
    PLACES,
    SIDE,
    WINDOW,
    Lesson,
    Settings,
    lesson_of,
    network,
    right_by_column,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    import neurosim as ns

WORDS = {"shared": "shared weights", "full": "full connection"}


def outputs_of(result: ns.Result, lesson: Lesson) -> dict[str, NDArray[np.float64]]:
    """Return the share of output spikes for each image, by network."""
    return {name: own.outputs_in(result)[-1][:, 0] for name, own in lesson.spiking().items()}


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Count parameters, and images told right where the pattern was learned and elsewhere."""
    lesson = lesson_of(settings, result.seed)
    found: dict[str, object] = {"learned_columns": LEARNED}
    for name, output in outputs_of(result, lesson).items():
        counts, of = right_by_column(output, lesson.unseen)
        known = np.isin(np.arange(PLACES), LEARNED)
        found[f"parameters_{name}"] = lesson.networks[name].n_parameters
        found[f"spiking_right_learned_places_{name}"] = counts[known].sum() / of[known].sum()
        found[f"spiking_right_other_places_{name}"] = counts[~known].sum() / of[~known].sum()
    return found


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw three images and how many of each detector's neurons fired: the spikes move along."""
    from neurosim import plot

    lesson = lesson_of(settings, result.seed)
    spiking = lesson.spiking()["shared"]
    detectors, output = spiking.outputs_in(result)
    upright = lesson.unseen.upright[: len(output)]
    chosen = [
        int(np.flatnonzero(upright & (lesson.unseen.columns[: len(output)] == column))[0])
        for column in (0, 3, PLACES - 1)
    ]
    chosen.append(int(np.flatnonzero(~upright)[4]))
    fig = plot.figure(9.6, 5.0)
    grid = plot.panels(fig, 2, len(chosen))
    with plot.style():
        for above, below, k in zip(grid[: len(chosen)], grid[len(chosen) :], chosen, strict=True):
            above.imshow(lesson.unseen.pixels[k].reshape(SIDE, SIDE), cmap="gray_r", vmin=0, vmax=1)
            kind = "upright" if upright[k] else "slanting"
            above.set_title(f"{kind}, column {lesson.unseen.columns[k] + 1}")
            shares = detectors[k].reshape(PLACES, PLACES)
            mesh = below.imshow(shares, cmap="viridis", vmin=0, vmax=1)
            below.set_title(f"output: {output[k, 0]:.0%} fire")
            for axes in (above, below):
                axes.set(xticks=[], yticks=[])
                axes.spines[:].set_visible(True)
        grid[0].set_ylabel("image")
        grid[len(chosen)].set_ylabel("detectors")
        fig.colorbar(mesh, ax=grid[len(chosen) :], label="share of a detector's neurons")
    return {"detectors": fig}


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set shared weights beside full connection, abstract and in spikes, column by column."""
    lesson = lesson_of(settings, result.seed)
    outputs, measures = outputs_of(result, lesson), {}
    known = np.isin(lesson.unseen.columns, LEARNED)
    for name, own in lesson.networks.items():
        told, output = own(lesson.unseen.pixels)[:, 0], outputs[name]
        same = bridge.agreement(output > 0.5, told[: len(output)] > 0.5)
        key = "agreement" if name == "shared" else f"agreement_{name}"
        words = f"{WORDS[name]}: spiking and abstract, of {len(output)} images"
        measures[key] = replace(same, note=words)
        measures[f"parameters_{name}"] = bridge.Measure(own.n_parameters)
        for place, where in (("learned", known), ("other", ~known)):
            right = bridge.agreement(told[where] > 0.5, lesson.unseen.upright[where])
            measures[f"right_{place}_places_{name}"] = right
            shown = where[: len(output)]
            measures[f"right_spiking_{place}_places_{name}"] = bridge.agreement(
                output[shown] > 0.5, lesson.unseen.upright[: len(output)][shown]
            )
    return bridge.Comparison(
        title="Shift invariance: shared weights and full connection, abstract and in spikes",
        measures=measures,
        drawings={
            "places": partial(_draw_places, lesson, outputs),
            "weights": partial(_draw_weights, lesson),
        },
    )


def _draw_places(lesson: Lesson, outputs: dict[str, NDArray[np.float64]]) -> Figure:
    """Draw the share told right against the column of the pattern."""
    from neurosim import plot

    fig = plot.figure(8.4, 3.9)
    grid = plot.panels(fig, 1, 2, sharey=True)
    columns = 1 + np.arange(PLACES)
    with plot.style():
        for axes, (name, own) in zip(grid, lesson.networks.items(), strict=True):
            axes.axvspan(0.6, len(LEARNED) + 0.4, color="0.92", label="learned here")
            axes.axhline(0.5, color="0.45", lw=0.9, ls=":", label="a guess")
            counts, of = right_by_column(own(lesson.unseen.pixels)[:, 0], lesson.unseen)
            axes.plot(columns, counts / of, color=TRAINED, lw=2, label="abstract")
            counts, of = right_by_column(outputs[name], lesson.unseen)
            draw_share(axes, columns, counts, of, label="in spikes, 95 % interval", color=SPIKING)
            axes.set_title(f"{WORDS[name]}: {own.n_parameters:,} parameters")
            axes.set(xlabel="column in which the pattern begins", ylim=(0.0, 1.03))
        grid[0].set_ylabel("share of images told right")
        fig.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return fig


def _draw_weights(lesson: Lesson) -> Figure:
    """Draw the weights that all detectors share, and those of some units that share none."""
    from matplotlib.colors import LinearSegmentedColormap

    from neurosim import plot

    kernel = lesson.networks["shared"].layers[0].parameters[: WINDOW**2]
    full = lesson.networks["full"].layers[0].weights
    colours = LinearSegmentedColormap.from_list("sign", [plot.INHIBITORY, "white", plot.EXCITATORY])
    fig = plot.figure(9.6, 2.8)
    grid = plot.panels(fig, 1, 5)
    strongest = np.argsort(-np.abs(lesson.networks["full"].layers[1].weights[0]))[:4]
    maps = [kernel.reshape(WINDOW, WINDOW), *full[strongest].reshape(-1, SIDE, SIDE)]
    with plot.style():
        for k, (axes, weights) in enumerate(zip(grid, maps, strict=True)):
            top = np.abs(weights).max()
            mesh = axes.imshow(weights / top, cmap=colours, vmin=-1.0, vmax=1.0)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(True)
            axes.set_title("shared by all" if k == 0 else f"unit {strongest[k - 1] + 1}")
        words = "weight over the largest"
        fig.colorbar(mesh, ax=grid, label=words, ticks=[-1.0, 0.0, 1.0])
        fig.suptitle("a detector's window, and hidden units that hear all pixels", fontsize=11)
    return fig


scenario = Scenario(
    name="shift-invariance",
    title="Shift invariance: a pattern found wherever it appears, by shared weights",
    row="S22",
    source="L2",
    group="Networks",
    description=(
        "An image holds an upright or a slanting cross somewhere, and some pixels lit by chance; a "
        "neuron is to fire for the upright one. Two networks learn from images whose cross begins "
        "in the first three columns. One has a detector at each place, all with the same weights "
        "(convolution), and an output that hears them all by one weight: 12 parameters. It finds "
        "the cross in every column, also where it never was. The other has 20 hidden units with a "
        "weight of their own for every pixel: it learns, but elsewhere it can only guess. In "
        "spikes a group of neurons stands for each detector; where the cross moves, their spikes "
        "move along, and the output does not change."
    ),
    settings=Settings,
    duration=10.0,
    dt=5.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
