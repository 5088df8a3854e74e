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
    found |= {key: measure.value for key, measure in accuracy(result, settings).items()}
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State how many images each network classifies correctly."""
    return kit.sentences(
        found,
        f"Two trained networks of spiking neurons classified {settings.asked * POSITIONS} images "
        "with an upright or a diagonal cross.",
        *(
            f"{words} ({{parameters_{name}:,}} parameters): in the columns of the training images "
            f"{{right_spiking_learned_columns_{name}:.1%}} are classified correctly, and in the "
            f"other columns {{right_spiking_other_columns_{name}:.1%}}."
            for name, words in NAMES.items()
        ),
        "A decision by chance is right in 50 % of the images.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw images, and the fraction of each detector's neurons that fires."""
    _, pixels, upright = trained(settings, result.seed)
    detectors, output = spiking(settings, result.seed)["shared"].outputs_in(result)
    upright, columns = upright[: len(output)], COLUMNS[: len(output)]
    chosen = [np.flatnonzero(upright & (columns == column))[0] for column in (0, 3, POSITIONS - 1)]
    chosen.append(np.flatnonzero(~upright)[4])
    titles = [
        *(f"{'Upright' if upright[k] else 'Diagonal'}, column {columns[k] + 1}" for k in chosen),
        *("Output neurons fire" if output[k, 0] > 0.5 else "Output silent" for k in chosen),
    ]
    maps = [("gray_r", pixels[k]) for k in chosen] + [("viridis", detectors[k]) for k in chosen]
    panels = [
        kit.panel(draw_map, cmap, values, title=title, xticks=[], yticks=[])
        for (cmap, values), title in zip(maps, titles, strict=True)
    ]
    title = "The active detector moves with the cross, and the output does not change"
    bar = "fraction of a detector's neurons that fire (lower row)"
    return {"detectors": kit.page(title, *panels, columns=4, size=(9.2, 5.0), colourbar=bar)}


def draw_map(axes: kit.Axes, cmap: str, values: kit.Floats) -> None:
    """Draw a square map of values from 0 to 1."""
    side = round(len(values) ** 0.5)
    axes.imshow(values.reshape(side, side), cmap=cmap, vmin=0.0, vmax=1.0)
    axes.spines[:].set_visible(True)


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare shared weights with full connection, abstract and spiking."""
    networks, measures = trained(settings, result.seed)[0], accuracy(result, settings)
    right = decisions(result, settings)
    for name, words in NAMES.items():
        fired = right[name, "right_spiking"]
        same = bridge.agreement(fired, right[name, "right"][: len(fired)])
        measures |= kit.rows(
            {},
            (f"agreement_{name}", f"{words}: spiking and abstract agree", same),
            (f"parameters_{name}", f"{words}: parameters", networks[name].n_parameters),
        )
    shared, full = (measures[f"right_other_columns_{name}"].value for name in NAMES)
    conclusion = (
        f"In columns without training images, the network with shared weights classifies "
        f"{shared:.1%} of the images correctly, and the fully connected network {full:.1%}."
    )
    columns, panels = 1 + np.arange(POSITIONS), []
    for name, words in NAMES.items():
        abstract, fired = right[name, "right"], right[name, "right_spiking"]
        panels.append(
            kit.chart(
                kit.level(0.5, "chance", 1.5),
                kit.curve(columns, abstract.mean(axis=0), "abstract", **kit.FITTED),
                kit.layer(kit.draw_fraction, columns, fired.sum(axis=0), len(fired),
                          label="spiking, 95 % interval"),
                kit.curve([len(LEARNED) + 0.5] * 2, [0.0, 0.1], text="not in training images",
                          color="0.45"),
                title=words, xlabel="column in which the cross begins", ylabel="fraction correct",
                ylim=(0.0, 1.03),
            )
        )  # fmt: skip
    drawing = partial(
        kit.page, "Shared weights generalise to all columns, separate weights do not", *panels,
        size=(9.0, 4.0), legend=4, sharex=True, sharey=True,
    )  # fmt: skip
    title = "Correct decisions of shared weights and full connection, abstract and spiking"
    return kit.Comparison(title, measures, {"places": drawing}, conclusion)


scenario = kit.lesson(__name__, row="S22", lectures=("L2",), duration=10.0, dt=5.0)
