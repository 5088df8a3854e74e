"""Shift invariance: shared weights find a pattern wherever it appears.

An image contains an upright or a diagonal cross, and a few random pixels. A neuron should fire for
the upright cross. Two networks learn from images in which the cross begins in one of the first
three columns. The convolutional network has a detector at each position, all with the same weights,
and an output that receives all detectors through a single weight: 12 parameters. It recognises the
cross in every column, also where none appeared in training. The fully connected network has 20
hidden units with a separate weight for each pixel: 2,041 parameters. It learns the training images,
but in the other columns it performs at chance.

In spikes, a group of neurons represents each detector. If the cross moves, the active detector
moves with it, and the output stays the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

import bridge
import neurosim as ns
from bridge.spiking import NeuronGroup
from scenarios import _kit as kit

SIDE, WINDOW = 10, 3
"""Size of the image and of a cross (pixels)."""
UPRIGHT = np.array([[0.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 0.0]])
DIAGONAL = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
POSITIONS = SIDE - WINDOW + 1
"""Columns, and rows, in which a cross may begin."""
LEARNED = (0, 1, 2)
"""Columns in which the crosses of the training images begin."""
COLUMNS = np.tile(np.arange(POSITIONS), 500)
"""Columns of the test images."""
HIDDEN = 20
"""Hidden units of the fully connected network."""
STARTS = 3
"""Random initial weights of each network; the fit with the lowest loss is used."""
GROUP, OUTPUTS = 8, 10
"""Spiking neurons for each hidden unit, and for the output."""
NAMES = {"shared": "Shared weights", "full": "Full connection"}


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    examples: int = kit.setting(1000, "", 100, 5000, "training images")
    noise: float = kit.setting(0.02, "", 0.0, 0.1, "fraction of pixels that are set at random")
    asked: int = kit.setting(50, "", 10, 200, "test images for each column, in spikes")


def draw_images(
    columns: kit.Integers, noise: float, rng: np.random.Generator
) -> tuple[kit.Floats, kit.Bools]:
    """Return images, one row of 100 pixels each, and whether their cross is upright.

    Crosses begin in the given columns and in random rows.
    """
    n = len(columns)
    pixels = (rng.random((n, SIDE, SIDE)) < noise).astype(float)
    upright, rows = rng.random(n) < 0.5, rng.integers(0, POSITIONS, n)
    for image, row, column, kind in zip(pixels, rows, columns, upright, strict=True):
        image[row : row + WINDOW, column : column + WINDOW] = UPRIGHT if kind else DIAGONAL
    return pixels.reshape(n, -1), upright


def initial_network(name: str, seed: int) -> bridge.LayeredNetwork:
    """Return a network with random weights, convolutional ("shared") or fully connected ("full").

    The convolutional one has 9 + 1 parameters for all detectors, and 1 + 1 for the output.
    """
    if name == "full":
        return bridge.LayeredNetwork.random([SIDE * SIDE, HIDDEN, 1], ["sigmoid"] * 2, seed)
    kernel = np.random.default_rng(seed).normal(0.0, 0.5, (1, WINDOW, WINDOW))
    detectors = bridge.Layer.convolution(kernel, [-1.0], (SIDE, SIDE), "sigmoid")
    n = len(detectors.bias)
    one_weight = np.append(np.zeros(n, dtype=int), 1)[np.newaxis]
    output = bridge.Layer(np.ones((1, n)), [-2.0], "sigmoid", one_weight)
    return bridge.LayeredNetwork((detectors, output))


@lru_cache(maxsize=4)
def trained(
    settings: Settings, seed: int
) -> tuple[dict[str, bridge.LayeredNetwork], kit.Floats, kit.Bools]:
    """Return both trained networks, and the pixels and classes of the test images."""
    rng, networks = np.random.default_rng(seed), {}
    columns = rng.choice(LEARNED, settings.examples)
    pixels, upright = draw_images(columns, settings.noise, rng)
    for name in NAMES:
        starts = [initial_network(name, k) for k in range(STARTS)]
        networks[name] = kit.best_fit(starts, pixels, upright, max_iter=150)
    return networks, *draw_images(COLUMNS, settings.noise, rng)


def spiking(settings: Settings, seed: int) -> dict[str, NeuronGroup]:
    """Return the trained networks as groups of spiking neurons."""
    return {
        name: NeuronGroup(network, GROUP, OUTPUTS, noise=False, name=f"{name}, ")
        for name, network in trained(settings, seed)[0].items()
    }


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a copy of both networks for each test image."""
    _, pixels, _ = trained(settings, options.seed)
    shown, groups = pixels[: settings.asked * POSITIONS], spiking(settings, options.seed).values()
    return kit.group_trials(options, [(group, shown) for group in groups])


def decisions(result: ns.Result, settings: Settings) -> dict[tuple[str, str], kit.Bools]:
    """Return which decisions are right, shape (n_images of a column, n_columns).

    Keys are the network, and "right" for the abstract or "right_spiking" for the spiking one.
    """
    networks, pixels, upright = trained(settings, result.seed)
    found = {}
    for name, group in spiking(settings, result.seed).items():
        found[name, "right"] = (networks[name](pixels)[:, 0] > 0.5) == upright
        fired = group.outputs_in(result)[-1][:, 0] > 0.5
        found[name, "right_spiking"] = fired == upright[: len(fired)]
    return {key: right.reshape(-1, POSITIONS) for key, right in found.items()}


def accuracy(result: ns.Result, settings: Settings) -> dict[str, kit.Measure]:
    """Return the fraction of right decisions, in the columns of training images and in others."""
    learned, measures = np.isin(np.arange(POSITIONS), LEARNED), {}
    for (name, kind), right in decisions(result, settings).items():
        for region, where in (("learned", learned), ("other", ~learned)):
            measure = bridge.agreement(right[:, where], np.ones_like(right[:, where]))
            spiking = ", spiking" * (kind == "right_spiking")
            measures[f"{kind}_{region}_columns_{name}"] = measure.labelled(
                f"{NAMES[name]}, {region} columns{spiking}", f"of {right[:, where].size:,} images"
            )
    return measures


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Count parameters and right decisions, for crosses in learned columns and elsewhere."""
    found: kit.Findings = {"learned_columns": LEARNED}
    for name, trained_one in trained(settings, result.seed)[0].items():
        found[f"parameters_{name}"] = trained_one.n_parameters
    for key, measure in accuracy(result, settings).items():
        found[key], found[f"{key}_interval"] = measure.value, (measure.low, measure.high)
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State how many images each network classifies correctly."""
    lines = [
        f"Two trained networks of spiking neurons classified {settings.asked * POSITIONS} images "
        "with an upright or a diagonal cross."
    ]
    for name, words in NAMES.items():
        learned, other = (
            kit.estimate(found[f"right_spiking_{region}_{name}"],
                         found[f"right_spiking_{region}_{name}_interval"])
            for region in ("learned_columns", "other_columns")
        )  # fmt: skip
        lines += [
            f"{words} ({found[f'parameters_{name}']:,} parameters): in the columns of the training "
            f"images a fraction {learned} is classified correctly.",
            f"In the other columns it is {other}; chance is 0.5.",
        ]
    return lines


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw images, and the fraction of each detector's neurons that fires."""
    _, pixels, upright = trained(settings, result.seed)
    detectors, output = spiking(settings, result.seed)["shared"].outputs_in(result)
    upright, columns = upright[: len(output)], COLUMNS[: len(output)]
    chosen = [np.flatnonzero(upright & (columns == column))[0] for column in (0, 3, POSITIONS - 1)]
    chosen.append(np.flatnonzero(~upright)[4])
    images, active = [], []
    for k in chosen:
        title = f"{'Upright' if upright[k] else 'Diagonal'}, column {columns[k] + 1}"
        images.append(kit.panel(draw_map, pixels[k], "gray_r", 0.0, title=title))
        title = "Output neurons fire" if output[k, 0] > 0.5 else "Output silent"
        active.append(kit.panel(draw_map, detectors[k], "viridis", 0.0, title=title))
    title = "The active detector moves with the cross, and the output does not change"
    bar = "fraction of a detector's neurons that fire (lower row)"
    panels = [*images, *active]
    return {"detectors": kit.page(title, *panels, columns=4, size=(9.2, 5.0), colourbar=bar)}


def draw_map(axes: kit.Axes, values: kit.Floats, cmap: Any, low: float) -> None:
    """Draw a square map of values up to 1."""
    side = round(len(values) ** 0.5)
    axes.imshow(values.reshape(side, side), cmap=cmap, vmin=low, vmax=1.0)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(True)


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare shared weights with full connection, abstract and spiking."""
    networks, measures = trained(settings, result.seed)[0], accuracy(result, settings)
    right = decisions(result, settings)
    for name, words in NAMES.items():
        fired = right[name, "right_spiking"]
        same = bridge.agreement(fired, right[name, "right"][: len(fired)])
        label, of = f"{words}: spiking and abstract agree", f"of {fired.size} images"
        measures[f"agreement_{name}"] = same.labelled(label, of)
        count = kit.Measure(networks[name].n_parameters, label=f"{words}: parameters")
        measures[f"parameters_{name}"] = count
    shared, full = (measures[f"right_other_columns_{name}"].value for name in NAMES)
    conclusion = (
        f"In columns without training images, the network with shared weights classifies "
        f"{shared:.1%} of the images correctly, and the fully connected network {full:.1%}."
    )
    drawings = {
        "places": partial(_draw_places, result, settings),
        "weights": partial(_draw_weights, networks),
    }
    title = "Correct decisions of shared weights and full connection, abstract and spiking"
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_places(result: ns.Result, settings: Settings) -> kit.Figure:
    """Draw the fraction of correct decisions against the column of the cross."""
    right, columns = decisions(result, settings), 1 + np.arange(POSITIONS)

    def draw(axes: kit.Axes, name: str) -> None:
        abstract, fired = right[name, "right"], right[name, "right_spiking"]
        axes.axvspan(0.6, len(LEARNED) + 0.4, color="0.92", label="columns of training images")
        axes.axhline(0.5, color=kit.LOGISTIC, lw=0.9, ls=":", label="chance")
        axes.plot(columns, abstract.mean(axis=0), color=kit.TRAINED, lw=2, label="abstract")
        label = "spiking, 95 % interval"
        kit.draw_fraction(axes, columns, fired.sum(axis=0), len(fired), label=label)
        axes.set_ylim(0.0, 1.03)

    labels = {"xlabel": "column in which the cross begins", "ylabel": "fraction correct"}
    panels = [kit.panel(draw, name, title=words, **labels) for name, words in NAMES.items()]
    title = "Shared weights generalise to all columns, separate weights do not"
    return kit.page(title, *panels, size=(9.0, 4.0), legend=4, sharex=True, sharey=True)


def _draw_weights(networks: dict[str, bridge.LayeredNetwork]) -> kit.Figure:
    """Draw the shared weights, and those of the strongest units of the other network."""
    from matplotlib.colors import LinearSegmentedColormap

    colours = [ns.plot.INHIBITORY, "white", ns.plot.EXCITATORY]
    signs = LinearSegmentedColormap.from_list("signs", colours)
    hidden, output = networks["full"].layers
    maps = {"All detectors": networks["shared"].layers[0].parameters[: WINDOW**2]}
    for k in np.argsort(-np.abs(output.weights[0]))[:4]:
        maps[f"Hidden unit {k + 1}"] = hidden.weights[k]
    panels = [
        kit.panel(draw_map, weights / np.abs(weights).max(), signs, -1.0, title=title)
        for title, weights in maps.items()
    ]
    title = "Shared weights form one template, separate weights learn each position"
    bar = "weight / largest weight"
    return kit.page(title, *panels, columns=5, size=(9.6, 2.6), colourbar=bar)


scenario = kit.lesson(__name__, row="S22", lectures=("L2",), duration=10.0, dt=5.0)
