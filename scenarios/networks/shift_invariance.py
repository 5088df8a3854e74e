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
from bridge.networks import train_best
from bridge.spiking import NeuronGroup
from scenarios import _kit as kit

# Size of the image and of a cross (pixels).
SIDE, WINDOW = 10, 3
UPRIGHT = np.array([[0.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 0.0]])
DIAGONAL = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
# Columns, and rows, in which a cross may begin.
POSITIONS = SIDE - WINDOW + 1
# Columns in which the crosses of the training images begin.
LEARNED = (0, 1, 2)
# Columns of the test images.
COLUMNS = np.tile(np.arange(POSITIONS), 500)
# Hidden units of the fully connected network.
HIDDEN = 20
# Random initial weights of each network; the fit with the lowest loss is used.
STARTS = 3
# Spiking neurons for each hidden unit, and for the output.
GROUP, OUTPUTS = 8, 10
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
    pixels, upright = draw_images(rng.choice(LEARNED, settings.examples), settings.noise, rng)
    for name in NAMES:
        starts = [initial_network(name, k) for k in range(STARTS)]
        networks[name] = train_best(starts, pixels, upright, max_iter=150)[0]
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


def decisions(result: ns.Result, settings: Settings) -> dict[str, kit.Bools]:
    """Return which decisions are right, shape (n_images of a column, n_columns).

    Keys are "right" and the network for the abstract ones, "right_spiking" for the spiking ones.
    """
    networks, pixels, upright = trained(settings, result.seed)
    spikes, found = kit.group_outputs(result, spiking(settings, result.seed)), {}
    for name in NAMES:
        found[f"right_{name}"] = (networks[name](pixels)[:, 0] > 0.5) == upright
        found[f"right_spiking_{name}"] = (spikes[name] > 0.5) == upright[: len(spikes[name])]
    return {key: right.reshape(-1, POSITIONS) for key, right in found.items()}


def accuracy(result: ns.Result, settings: Settings) -> dict[str, kit.Measure]:
    """Return the fraction of right decisions, in the columns of training images and in others."""
    learned, measures = np.isin(np.arange(POSITIONS), LEARNED), {}
    for key, right in decisions(result, settings).items():
        decided, _, name = key.rpartition("_")
        for region, where in (("learned", learned), ("other", ~learned)):
            words = f"{NAMES[name]}, {region} columns{', spiking' * (decided != 'right')}"
            measure = bridge.agreement(right[:, where], np.ones_like(right[:, where]))
            measures[f"{decided}_{region}_columns_{name}"] = measure.labelled(words)
    return measures


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Count parameters and right decisions, for crosses in learned columns and elsewhere."""
    networks, _, _ = trained(settings, result.seed)
    parameters = {f"parameters_{name}": one.n_parameters for name, one in networks.items()}
    measures = accuracy(result, settings).items()
    return {"learned_columns": LEARNED} | parameters | {key: one.value for key, one in measures}


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
        "Guessing would be correct for 50 % of the images.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw images, and the fraction of each detector's neurons that fires."""
    _, pixels, upright = trained(settings, result.seed)
    detectors, output = spiking(settings, result.seed)["shared"].outputs_in(result)
    upright, columns = upright[: len(output)], COLUMNS[: len(output)]
    chosen = [np.flatnonzero(upright & (columns == column))[0] for column in (0, 3, POSITIONS - 1)]
    chosen.append(np.flatnonzero(~upright)[4])

    def draw(axes: kit.Axes, cmap: str, values: kit.Floats) -> None:
        side = round(len(values) ** 0.5)
        axes.imshow(values.reshape(side, side), cmap=cmap, vmin=0.0, vmax=1.0)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(True)

    upper, lower = [], []
    for k in chosen:
        text = f"{'Upright' if upright[k] else 'Diagonal'}, column {columns[k] + 1}"
        decision = "Output neurons fire" if output[k, 0] > 0.5 else "Output silent"
        upper.append(kit.panel(draw, "gray_r", pixels[k], title=text))
        lower.append(kit.panel(draw, "viridis", detectors[k], title=decision))
    title = "The active detector moves with the cross, and the output does not change"
    bar = "fraction of a detector's neurons that fire (lower row)"
    return {"detectors": kit.page(title, *upper, *lower, columns=4, size=(9.2, 5.0), colourbar=bar)}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare shared weights with full connection, abstract and spiking."""
    found, right = findings(result, settings), decisions(result, settings)
    measures, columns, panels = accuracy(result, settings), 1 + np.arange(POSITIONS), []
    for name, words in NAMES.items():
        abstract, fired = right[f"right_{name}"], right[f"right_spiking_{name}"]
        same = bridge.agreement(fired, abstract[: len(fired)])
        measures[f"agreement_{name}"] = same.labelled(f"{words}: spiking and abstract agree")
        panels.append(kit.chart(
            kit.level(0.5, "chance", 1.5),
            kit.curve(columns, abstract.mean(axis=0), "abstract", **kit.FITTED),
            kit.layer(kit.draw_fraction, columns, fired.sum(axis=0), len(fired),
                      label="spiking, 95 % interval"),
            kit.curve([len(LEARNED) + 0.5] * 2, [0.0, 0.1], text="not in training images",
                      color="0.45"),
            title=words, xlabel="column in which the cross begins", ylabel="fraction correct",
            ylim=(0.0, 1.03),
        ))  # fmt: skip
    conclusion = (
        "In columns without training images, the network with shared weights classifies "
        "{right_other_columns_shared:.1%} of the images correctly, and the fully connected network "
        "{right_other_columns_full:.1%}."
    ).format_map(found)
    drawing = partial(
        kit.page, "Shared weights generalise to all columns, separate weights do not", *panels,
        size=(9.0, 4.0), legend=4, sharex=True, sharey=True,
    )  # fmt: skip
    title = "Correct decisions of shared weights and full connection, abstract and spiking"
    return kit.Comparison(title, measures, {"places": drawing}, conclusion)


scenario = kit.lesson(__name__, row="S22", lectures=("L2",), duration=10.0, dt=5.0)
