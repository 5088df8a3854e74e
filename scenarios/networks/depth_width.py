"""Depth against width: one function, several outputs, and parameters counted.

The function consists of the binary digits of x; its last digit is a square wave with many pulses. A
deep network has one neuron for each digit, which receives x and all previous digits: five neurons
that decide one after the other. A wide network has a hidden neuron for each edge of the waves, 31
of them, and five outputs; it decides in two time steps. Both compute all digits without error, also
in spikes. Depth saves neurons, width saves time.

Gradient descent does not find the deep solution. Of networks that learn the fourth digit from
examples, those with one hidden layer reach the smallest errors. As an exercise in counting, a
network with 2 inputs and layers of 3, 4 and 1 units has 9 + 16 + 5 = 30 weights and biases; it runs
in spikes as well.
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
from scenarios._kit.diagrams import draw_diagram

POINTS = (np.arange(384) + 0.5) / 384
"""Values of x (mV); none is the edge of a pulse."""
SHOWN = int(0.7 * len(POINTS))
"""Value whose spikes are drawn."""
WIDTHS = {1: (2, 4, 8, 16, 32), 3: (2, 3, 4, 6, 8)}
"""Units in each hidden layer of the networks that learn, by number of hidden layers."""
LOOKS = {"deep": ("#56B4E9", "several hidden layers"), "wide": ("#E69F00", "one hidden layer")}
"""Colour and label of deep and of wide networks."""
SIZES = (2, 3, 4, 1)
"""Inputs and units of each layer of the network whose parameters are counted."""
COUNTED = bridge.LayeredNetwork.random(SIZES, ["sigmoid"] * 3, seed=1, slope=4.0)
COUNTED_SPIKING = NeuronGroup(COUNTED, 20, 400, noise=False, name="given, ")
TESTED = np.random.default_rng(0).uniform(-1.0, 1.0, (50, SIZES[0]))
"""Points at which it is tested."""


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    bits: int = kit.setting(5, "", 2, 7, "binary digits of x")
    learned: int = kit.setting(4, "", 1, 5, "digit that networks learn from examples")
    steps: int = kit.setting(300, "", 1, 5000, "maximum number of training steps")


def digits(x: kit.Floats, bits: int) -> kit.Floats:
    """Return the first binary digits of x, from 0 to 1; shape (len(x), bits).

    Digit j as a function of x is a square wave of 2^(j − 1) pulses.
    """
    return np.floor(np.multiply.outer(x, 2.0 ** np.arange(1, bits + 1))) % 2


def deep(bits: int) -> bridge.LayeredNetwork:
    """Return a network with a unit for each digit, which receives x and the previous digits.

    Digit j is 1 if x minus the value of the previous digits is above 2^−j.
    """
    units = {}
    for j in range(1, bits + 1):
        weights = {"x": 1.0} | {f"digit {i}": -(2.0**-i) for i in range(1, j)}
        units[f"digit {j}"] = bridge.Unit(weights, -(2.0**-j), "step")
    return bridge.neuron_graph(["x"], units)


def wide(bits: int) -> bridge.LayeredNetwork:
    """Return a network with a hidden unit for each edge of a digit, and an output for each digit.

    A hidden unit excites a digit that changes to 1 at its edge, and inhibits one that changes to 0.
    """
    edges = np.arange(1, 2**bits) / 2**bits
    between = (np.arange(2**bits) + 0.75) / 2**bits
    changes = np.diff(digits(between, bits), axis=0)
    hidden = bridge.Layer(np.ones((len(edges), 1)), -edges, "step")
    output = bridge.Layer.partial(changes.T, np.full(bits, -0.5), "step", changes.T != 0.0)
    return bridge.LayeredNetwork((hidden, output))


def units_in(network: bridge.LayeredNetwork) -> int:
    """Return the number of units."""
    return sum(len(layer.bias) for layer in network.layers)


def spiking(settings: Settings) -> dict[str, list[NeuronGroup]]:
    """Return the deep and the wide spiking networks, for 2, 3, … digits."""
    groups: dict[str, list[NeuronGroup]] = {"deep": [], "wide": []}
    for bits in range(2, settings.bits + 1):
        groups["deep"].append(NeuronGroup(deep(bits), name=f"deep {bits}, "))
        groups["wide"].append(NeuronGroup(wide(bits), name=f"wide {bits}, "))
    return groups


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a copy of each network for each value of x, and of the counted one for each point."""
    pairs = zip(*spiking(settings).values(), strict=True)
    trials = [(group, POINTS[:, np.newaxis]) for pair in pairs for group in pair]
    return kit.group_trials(options, [*trials, (COUNTED_SPIKING, TESTED)])


def spiking_digits(result: ns.Result, settings: Settings) -> dict[str, list[kit.Floats]]:
    """Return the digits that each spiking network computes, shape (n_points, bits)."""
    groups = spiking(settings)
    return {
        "deep": [np.hstack(group.outputs_in(result)) for group in groups["deep"]],
        "wide": [group.outputs_in(result)[-1] for group in groups["wide"]],
    }


def correct(computed: kit.Floats) -> kit.Bools:
    """Return which digits are correct."""
    return digits(POINTS, computed.shape[1]) == computed


@lru_cache(maxsize=4)
def learned(settings: Settings, seed: int) -> dict[int, list[tuple[int, float]]]:
    """Return parameters and error of networks that learned a digit, by hidden layers.

    Of two starts the one with the lower loss is used.
    """

    def wave(x: kit.Floats) -> kit.Bools:
        return digits(x, settings.learned)[:, -1] > 0.5

    def inputs(x: kit.Floats) -> kit.Floats:
        return 2.0 * x[:, np.newaxis] - 1.0

    unseen = (np.arange(1000) + 0.5) / 1000
    found: dict[int, list[tuple[int, float]]] = {layers: [] for layers in WIDTHS}
    for layers, width in ((n, width) for n, widths in WIDTHS.items() for width in widths):
        shape, activations = [1, *[width] * layers, 1], ["tanh"] * layers + ["sigmoid"]
        starts = [
            bridge.LayeredNetwork.random(shape, activations, start, slope=10.0)
            for start in (2 * seed, 2 * seed + 1)
        ]
        best = kit.best_fit(starts, inputs(POINTS), wave(POINTS), max_iter=settings.steps)
        wrong = (best(inputs(unseen))[:, 0] > 0.5) != wave(unseen)
        found[layers].append((best.n_parameters, float(wrong.mean())))
    return found


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Count units, parameters, and wrong digits of the spiking networks."""
    found: kit.Findings = {
        "given_parameters": COUNTED.n_parameters,
        "given_parameters_by_layer": [len(layer.parameters) for layer in COUNTED.layers],
        "bits": list(range(2, settings.bits + 1)),
    }
    for kind, groups in spiking(settings).items():
        computed = spiking_digits(result, settings)[kind]
        found[f"units_{kind}"] = [units_in(group.network) for group in groups]
        found[f"parameters_{kind}"] = [group.network.n_parameters for group in groups]
        found[f"wrong_{kind}"] = [int(np.sum(~correct(one))) for one in computed]
    for layers, fits in learned(settings, result.seed).items():
        found[f"learned_error_{layers}_hidden"] = min(error for _, error in fits)
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State how many neurons both networks need, and what networks learn."""
    counts = " + ".join(map(str, found["given_parameters_by_layer"]))
    return [
        f"Deep and wide spiking networks computed up to {settings.bits} binary digits of "
        f"{len(POINTS)} values of x.",
        *(
            f"For {settings.bits} digits the {kind} network has {found[f'units_{kind}'][-1]} "
            f"neurons and {found[f'parameters_{kind}'][-1]} parameters, and decides in {steps} "
            f"steps; {sum(found[f'wrong_{kind}']) or 'no'} digits are wrong."
            for kind, steps in (("deep", settings.bits), ("wide", 2))
        ),
        f"Networks that learned digit {settings.learned} reach an error of "
        f"{found['learned_error_1_hidden']:.1%} with one hidden layer, and of "
        f"{found['learned_error_3_hidden']:.1%} with three.",
        f"A network with 2 inputs and layers of 3, 4 and 1 units has {counts} = "
        f"{found['given_parameters']} parameters.",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the digits computed by both networks, and the spikes for one x."""
    groups = {kind: groups[-1] for kind, groups in spiking(settings).items()}
    rows = 1 + np.arange(settings.bits)

    def draw_digits(axes: kit.Axes, kind: str) -> None:
        values = spiking_digits(result, settings)[kind][-1].T
        axes.pcolormesh(POINTS, rows, values, cmap="Greys", vmin=0.0, vmax=1.4)
        axes.axvline(POINTS[SHOWN], color=kit.SPIKING, lw=2)

    def draw_raster(axes: kit.Axes, kind: str) -> None:
        first, layers = 1, groups[kind].network.layers
        for k, depth in enumerate(groups[kind].network.depths):
            trains, width = result.spikes[groups[kind].population(k)], len(layers[k].bias)
            here = (trains.ids // width == SHOWN) & (np.rint(trains.times / result.dt) == depth)
            colour = kit.LOGISTIC if kind == "wide" and k == 0 else kit.SPIKING
            axes.plot(trains.times[here], first + trains.ids[here] % width, "o", color=colour)
            first += width
        axes.set_ylim(first - 0.3, 0.3)

    upper, lower = [], []
    for kind, steps in (("deep", settings.bits), ("wide", 2)):
        title = f"{kind.capitalize()}: {units_in(groups[kind].network)} neurons, {steps} steps"
        labels = {"xlabel": "x (mV)", "ylabel": "binary digit (dark: 1)", "yticks": rows}
        upper.append(
            kit.panel(draw_digits, kind, title=title, ylim=(rows[-1] + 0.5, 0.5), **labels)
        )
        title = f"Spikes at x = {POINTS[SHOWN]:.2f} mV" + ", hidden units grey" * (kind == "wide")
        labels = {"xlabel": "time (ms)", "ylabel": "neuron", "xlim": (0, result.duration)}
        lower.append(kit.panel(draw_raster, kind, title=title, **labels))
    title = "Depth saves neurons, width saves time"
    return {"digits": kit.page(title, *upper, *lower, columns=2, size=(9.2, 6.0))}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare spikes with units, depth with width, and construction with learning."""
    computed, bits = spiking_digits(result, settings), settings.bits
    right = np.concatenate([correct(one).ravel() for each in computed.values() for one in each])
    same, of = bridge.agreement(right, np.ones_like(right)), f"of {len(right):,} digits"
    measures = {"agreement": same.labelled("Digits correct in spikes", of)}
    for kind, groups in spiking(settings).items():
        network, label = groups[-1].network, f"{bits} digits, {kind} network: neurons"
        note = f"{network.n_parameters} parameters"
        measures[f"units_{kind}"] = kit.Measure(units_in(network), label=label, note=note)
    best = {}
    for layers, fits in learned(settings, result.seed).items():
        best[layers] = min(error for _, error in fits)
        words = (
            f"Digit {settings.learned} learned, {layers} hidden layer{'s' * (layers > 1)}: error"
        )
        for parameters, error in fits:
            key = f"error_{layers}_hidden_{parameters}_parameters"
            label, note = words if parameters > 40 else "", f"{parameters} parameters"
            measures[key] = kit.Measure(error, label=label, note=note)
    off = float(np.abs(COUNTED_SPIKING.outputs_in(result)[-1] - COUNTED(TESTED)).max())
    label = "Counted network: largest error in spikes"
    note = f"{COUNTED.n_parameters} parameters"
    measures["given_largest_difference"] = kit.Measure(off, label=label, note=note)
    few, many = measures["units_deep"].value, measures["units_wide"].value
    conclusion = (
        f"For {settings.bits} digits the deep network needs {few} neurons and the wide one {many}. "
        f"Networks that learn reach an error of {best[1]:.1%} with one hidden layer, and of "
        f"{best[3]:.1%} with three."
    )
    drawings = {
        "depth": partial(_draw_depth, settings, result.seed),
        "parameters": partial(_draw_counted),
    }
    title = "Depth and width: neurons and parameters, constructed and learned"
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_depth(settings: Settings, seed: int) -> kit.Figure:
    """Draw neurons by number of digits, and errors of networks that learned."""

    def draw_units(axes: kit.Axes) -> None:
        for kind, groups in spiking(settings).items():
            units, (colour, label) = [units_in(group.network) for group in groups], LOOKS[kind]
            axes.semilogy(bits, units, "o-", color=colour, lw=2, label=label)
        _plain_ticks(axes.yaxis, (2, 5, 10, 20, 50))

    def draw_errors(axes: kit.Axes) -> None:
        for layers, kind in ((1, "wide"), (3, "deep")):
            parameters, errors = zip(*learned(settings, seed)[layers], strict=True)
            colour, label = LOOKS[kind]
            axes.semilogx(parameters, errors, "o-", color=colour, lw=2, label=label)
        label = "constructed, spiking"
        axes.plot(deep(settings.learned).n_parameters, 0.0, "D", color=kit.SPIKING, label=label)
        axes.axhline(0.5, color=kit.LOGISTIC, lw=1, ls=":", label="chance")
        _plain_ticks(axes.xaxis, (10, 20, 50, 100, 200))

    bits = range(2, settings.bits + 1)
    left = {"xlabel": "binary digits", "ylabel": "neurons", "xticks": bits}
    right = {"xlabel": "parameters", "ylabel": "fraction of x classified incorrectly"}
    return kit.page(
        "Depth saves neurons, but gradient descent learns better with one hidden layer",
        kit.panel(draw_units, title="Constructed networks", **left),
        kit.panel(draw_errors, title=f"Learning digit {settings.learned}", **right),
        size=(9.2, 4.2), legend=4,
    )  # fmt: skip


def _plain_ticks(axis: Any, values: tuple[int, ...]) -> None:
    """Label a logarithmic axis at some values."""
    axis.set_ticks(values, labels=map(str, values))
    axis.set_ticks([], minor=True)


def _draw_counted() -> kit.Figure:
    """Draw the network of 30 parameters, with the number of parameters of each layer."""

    def draw(axes: kit.Axes) -> None:
        positions = {
            f"{k} {j}": (2.2 * k, 0.55 * (size - 1) - 1.1 * j)
            for k, size in enumerate(SIZES)
            for j in range(size)
        }
        arrows = {
            (f"{k} {i}", f"{k + 1} {j}"): (float(weight), "")
            for k, layer in enumerate(COUNTED.layers)
            for (j, i), weight in np.ndenumerate(layer.weights)
        }
        texts = dict.fromkeys(positions, "σ") | {"0 0": "$x_1$", "0 1": "$x_2$"}
        draw_diagram(axes, positions, texts, arrows)
        for k, layer in enumerate(COUNTED.layers):
            n_units, n_inputs = layer.weights.shape
            words = f"{n_units} · ({n_inputs} + 1) = {len(layer.parameters)}"
            kit.label(axes, 2.2 * (k + 1), -2.4, words, side="below")
        axes.set_ylim(-2.9, 2.1)

    title = f"Weights and biases: 9 + 16 + 5 = {COUNTED.n_parameters} parameters"
    return kit.page(title, kit.panel(draw), size=(7.6, 4.4))


scenario = kit.lesson(__name__, row="S15", lectures=("L1",), duration=35.0, dt=5.0)
