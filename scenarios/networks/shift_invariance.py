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
PLACES = SIDE - WINDOW + 1
"""Columns, and rows, in which a cross may begin."""
LEARNED = (0, 1, 2)
"""Columns in which the crosses of the training images begin."""
COLUMNS = np.tile(np.arange(PLACES), 500)
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
    columns: kit.Floats, noise: float, rng: np.random.Generator
) -> tuple[kit.Floats, kit.Bools]:
    """Return images, one row of 100 pixels each, and whether their cross is upright.

    Crosses begin in the given columns and in random rows.
    """
    n = len(columns)
    pixels = (rng.random((n, SIDE, SIDE)) < noise).astype(float)
    upright, rows = rng.random(n) < 0.5, rng.integers(0, PLACES, n)
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
        fits = [
            initial_network(name, k).train(
                pixels, upright, max_iter=150, solver=bridge.quasi_newton
            )
            for k in range(STARTS)
        ]
        networks[name], _ = min(fits, key=lambda fit: float(fit[1].loss[-1]))
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
    shown, groups = pixels[: settings.asked * PLACES], spiking(settings, options.seed).values()
    return kit.group_trials(options, [(group, shown) for group in groups])


def right_by_column(probability: kit.Floats, upright: kit.Bools) -> kit.Bools:
    """Return which decisions about the first test images are right, shape (n, n_columns)."""
    right = (probability > 0.5) == upright[: len(probability)]
    return right.reshape(-1, PLACES)


def decisions(result: ns.Result, settings: Settings) -> dict[str, tuple[kit.Bools, kit.Bools]]:
    """Return the right decisions of each network, abstract and spiking; see `right_by_column`."""
    networks, pixels, upright = trained(settings, result.seed)
    return {
        name: (
            right_by_column(networks[name](pixels)[:, 0], upright),
            right_by_column(group.outputs_in(result)[-1][:, 0], upright),
        )
        for name, group in spiking(settings, result.seed).items()
    }


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Count parameters and right decisions, for crosses in learned columns and elsewhere."""
    found: kit.Findings = {"learned_columns": LEARNED}
    learned = np.isin(np.arange(PLACES), LEARNED)
    for name, (_, right) in decisions(result, settings).items():
        found[f"parameters_{name}"] = trained(settings, result.seed)[0][name].n_parameters
        for place, where in (("learned", learned), ("other", ~learned)):
            measure = bridge.agreement(right[:, where].ravel(), np.ones(right[:, where].size))
            found[f"spiking_right_{place}_places_{name}"] = measure.value
            found[f"spiking_right_{place}_places_{name}_interval"] = measure.low, measure.high
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State how many images each network classifies correctly."""
    lines = [
        f"Two trained networks of spiking neurons classified {settings.asked * PLACES} images with "
        "an upright or a diagonal cross."
    ]
    for name, words in NAMES.items():
        learned, other = (
            kit.estimate(
                found[f"spiking_right_{place}_places_{name}"],
                found[f"spiking_right_{place}_places_{name}_interval"],
            )
            for place in ("learned", "other")
        )
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
    chosen = [np.flatnonzero(upright & (columns == column))[0] for column in (0, 3, PLACES - 1)]
    chosen.append(np.flatnonzero(~upright)[4])
    look = {"xticks": [], "yticks": []}
    images, active = [], []
    for k in chosen:
        kind = "Upright" if upright[k] else "Diagonal"
        title = f"{kind}, column {columns[k] + 1}"
        images.append(kit.panel(draw_map, pixels[k], "gray_r", 0.0, title=title, **look))
        title = "Output neurons fire" if output[k, 0] > 0.5 else "Output silent"
        active.append(kit.panel(draw_map, detectors[k], "viridis", 0.0, title=title, **look))
    fig = kit.page(
        "The active detector moves with the cross, and the output does not change",
        *images, *active, columns=4, size=(9.2, 5.0),
        colourbar="fraction of a detector's neurons that fire (lower row)",
    )  # fmt: skip
    return {"detectors": fig}


def draw_map(axes: kit.Axes, values: kit.Floats, cmap: object, low: float) -> None:
    """Draw a square map of values up to 1."""
    side = round(len(values) ** 0.5)
    axes.imshow(values.reshape(side, side), cmap=cmap, vmin=low, vmax=1.0)
    axes.spines[:].set_visible(True)


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare shared weights with full connection, abstract and spiking."""
    networks, measures = trained(settings, result.seed)[0], {}
    learned = np.isin(np.arange(PLACES), LEARNED)
    for name, (abstract, fired) in decisions(result, settings).items():
        same = bridge.agreement(fired, abstract[: len(fired)])
        measures["agreement" if name == "shared" else "agreement_full"] = same.labelled(
            f"{NAMES[name]}: spiking = abstract", f"of {fired.size} images"
        )
        n = networks[name].n_parameters
        measures[f"parameters_{name}"] = kit.Measure(n)
        for place, where in (("learned", learned), ("other", ~learned)):
            for key, words, right in (
                (f"right_{place}_places_{name}", "", abstract[:, where]),
                (f"right_spiking_{place}_places_{name}", ", spiking", fired[:, where]),
            ):
                measures[key] = bridge.agreement(right, np.ones_like(right)).labelled(
                    f"{NAMES[name]}, {place} columns{words}", f"{n:,} parameters"
                )
    shared, full = (measures[f"right_other_places_{name}"].value for name in NAMES)
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
    networks, found = trained(settings, result.seed)[0], decisions(result, settings)

    def draw(axes: kit.Axes, name: str) -> None:
        abstract, fired = found[name]
        columns = 1 + np.arange(PLACES)
        axes.axvspan(0.6, len(LEARNED) + 0.4, color="0.92", label="columns of training images")
        axes.axhline(0.5, color=kit.LOGISTIC, lw=0.9, ls=":", label="chance")
        axes.plot(columns, abstract.mean(axis=0), color=kit.TRAINED, lw=2, label="abstract")
        label = "spiking, 95 % interval"
        kit.draw_fraction(axes, columns, fired.sum(axis=0), len(fired), label=label)

    labels = {"xlabel": "column in which the cross begins", "ylabel": "fraction correct"}
    panels = [
        kit.panel(draw, name, title=f"{words}: {networks[name].n_parameters:,} parameters",
                  ylim=(0, 1.03), **labels)
        for name, words in NAMES.items()
    ]  # fmt: skip
    title = "Shared weights generalise to all columns, separate weights do not"
    return kit.page(title, *panels, size=(9.0, 4.0), legend=4, sharex=True, sharey=True)


def _draw_weights(networks: dict[str, bridge.LayeredNetwork]) -> kit.Figure:
    """Draw the shared weights, and those of the strongest units of the other network."""
    from matplotlib.colors import LinearSegmentedColormap

    signs = LinearSegmentedColormap.from_list(
        "signs", [ns.plot.INHIBITORY, "white", ns.plot.EXCITATORY]
    )
    hidden, output = networks["full"].layers
    strongest = np.argsort(-np.abs(output.weights[0]))[:4]
    maps = {"All detectors": networks["shared"].layers[0].parameters[: WINDOW**2]}
    maps |= {f"Hidden unit {k + 1}": hidden.weights[k] for k in strongest}
    panels = [
        kit.panel(draw_map, weights / np.abs(weights).max(), signs, -1.0, title=title, xticks=[],
                  yticks=[])
        for title, weights in maps.items()
    ]  # fmt: skip
    return kit.page(
        "Shared weights form one template, separate weights learn each position", *panels,
        columns=5, size=(9.6, 2.6), colourbar="weight / largest weight",
    )  # fmt: skip


scenario = kit.Scenario(
    name="shift-invariance",
    text=__doc__,
    row="S22",
    source=kit.lectures("L2"),
    group="Networks",
    settings=Settings,
    duration=10.0,
    dt=5.0,
    network=network,
    findings=findings,
    report=report,
    figures=figures,
    compare=compare,
)
