"""Depth against width: one function, several outputs, and parameters counted.

The function consists of the binary digits of x; its last digit is a square wave with many pulses. A
deep network has one neuron for each digit, which receives x and all previous digits: five neurons
that decide one after the other. A wide network has a hidden neuron for each edge of the waves, 31
of them, and five outputs; it decides in two time steps. Both compute all digits without error, also
in spikes. Depth saves neurons, width saves time.

As an exercise in counting, a network with 2 inputs and layers of 3, 4 and 1 units has
9 + 16 + 5 = 30 weights and biases.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

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
COLOURS = {"deep": "#56B4E9", "wide": "#E69F00"}
SIZES = (2, 3, 4, 1)
"""Inputs and units of each layer of the network whose parameters are counted."""
COUNTED = bridge.LayeredNetwork.random(SIZES, ["sigmoid"] * 3, seed=1, slope=4.0)


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    bits: int = kit.setting(5, "", 2, 7, "binary digits of x")


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
    """Add a copy of each network for each value of x."""
    pairs = zip(*spiking(settings).values(), strict=True)
    inputs = POINTS[:, np.newaxis]
    return kit.group_trials(options, [(group, inputs) for pair in pairs for group in pair])


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
    """Compare spikes with units, and depth with width."""
    found, bits = findings(result, settings), settings.bits
    computed = spiking_digits(result, settings).values()
    right = np.concatenate([correct(one).ravel() for each in computed for one in each])
    deep_units, wide_units = found["units_deep"][-1], found["units_wide"][-1]
    measures = kit.rows(
        found,
        ("agreement", f"Digits correct in spikes | of {len(right):,} digits", right.mean()),
        ("units_deep", f"{bits} digits, deep network: neurons", deep_units),
        ("units_wide", f"{bits} digits, wide network: neurons", wide_units),
        ("parameters_deep", "Deep network: parameters", found["parameters_deep"][-1]),
        ("parameters_wide", "Wide network: parameters", found["parameters_wide"][-1]),
        ("given_parameters", "Network with layers of 3, 4 and 1 units: parameters"),
    )
    conclusion = (
        f"For {bits} digits the deep network needs {deep_units} neurons and {bits} steps, and the "
        f"wide one {wide_units} neurons and 2 steps."
    )
    look = {"marker": "o", "lw": 2}
    depth = kit.chart(
        *(
            kit.curve(found["bits"], found[f"units_{kind}"], text=kind, color=colour, **look)
            for kind, colour in COLOURS.items()
        ),
        xlabel="binary digits", ylabel="neurons", xticks=found["bits"], ylim=(0, None),
    )  # fmt: skip
    drawings = {
        "depth": partial(kit.page, "A wide network doubles with each digit", depth),
        "parameters": partial(_draw_counted),
    }
    title = "Depth and width: neurons and parameters"
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_counted() -> kit.Figure:
    """Draw the network of 30 parameters, with the number of parameters of each layer."""
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

    def draw_counts(axes: kit.Axes) -> None:
        for k, layer in enumerate(COUNTED.layers):
            n_units, n_inputs = layer.weights.shape
            words = f"{n_units} · ({n_inputs} + 1) = {len(layer.parameters)}"
            kit.label(axes, 2.2 * (k + 1), -2.4, words, side="below")

    diagram = kit.layer(draw_diagram, positions, texts, arrows)
    title = f"Weights and biases: 9 + 16 + 5 = {COUNTED.n_parameters} parameters"
    return kit.page(title, kit.chart(diagram, draw_counts, ylim=(-2.9, 2.1)), size=(7.6, 4.4))


scenario = kit.lesson(__name__, row="S15", lectures=("L1",), duration=35.0, dt=5.0)
