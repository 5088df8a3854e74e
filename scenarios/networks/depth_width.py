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

# Values of x (mV); none is the edge of a pulse.
POINTS = (np.arange(384) + 0.5) / 384
# Value whose spikes are drawn.
SHOWN = int(0.7 * len(POINTS))
# Inputs and units of each layer of the network whose parameters are counted.
SIZES = (2, 3, 4, 1)
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


def spiking(settings: Settings) -> dict[str, NeuronGroup]:
    """Return the deep and the wide spiking network."""
    networks = {"deep": deep(settings.bits), "wide": wide(settings.bits)}
    return {kind: NeuronGroup(one, name=f"{kind}, ") for kind, one in networks.items()}


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a copy of each network for each value of x."""
    groups = spiking(settings).values()
    return kit.group_trials(options, [(group, POINTS[:, np.newaxis]) for group in groups])


def spiking_digits(result: ns.Result, settings: Settings) -> dict[str, kit.Floats]:
    """Return the digits that each spiking network computes, shape (n_points, bits)."""
    groups = spiking(settings)
    return {
        "deep": np.hstack(groups["deep"].outputs_in(result)),
        "wide": groups["wide"].outputs_in(result)[-1],
    }


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Count units, parameters, and wrong digits of the spiking networks."""
    sizes = list(range(2, settings.bits + 1))
    found: kit.Findings = {
        "given_parameters": COUNTED.n_parameters,
        "given_parameters_by_layer": [len(layer.parameters) for layer in COUNTED.layers],
        "bits": sizes,
        "units_deep": [units_in(deep(bits)) for bits in sizes],
        "units_wide": [units_in(wide(bits)) for bits in sizes],
    }
    for kind, computed in spiking_digits(result, settings).items():
        found[f"parameters_{kind}"] = spiking(settings)[kind].network.n_parameters
        found[f"wrong_{kind}"] = int(np.sum(computed != digits(POINTS, settings.bits)))
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State how many neurons both networks need."""
    counts = " + ".join(map(str, found["given_parameters_by_layer"]))
    return [
        f"A deep and a wide spiking network computed {settings.bits} binary digits of "
        f"{len(POINTS)} values of x.",
        *(
            f"The {kind} network has {found[f'units_{kind}'][-1]} neurons and "
            f"{found[f'parameters_{kind}']} parameters, and decides in {steps} steps; "
            f"{found[f'wrong_{kind}'] or 'no'} digits are wrong."
            for kind, steps in (("deep", settings.bits), ("wide", 2))
        ),
        f"A network with 2 inputs and layers of 3, 4 and 1 units has {counts} = "
        f"{found['given_parameters']} parameters.",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the digits computed by both networks, and the spikes for one x."""
    rows = 1 + np.arange(settings.bits)

    def draw_digits(axes: kit.Axes, values: kit.Floats) -> None:
        axes.pcolormesh(POINTS, rows, values.T, cmap="Greys", vmin=0.0, vmax=1.4)
        axes.axvline(POINTS[SHOWN], color=kit.SPIKING, lw=2)

    def draw_raster(axes: kit.Axes, group: NeuronGroup) -> None:
        first = 1
        for depth, fired in zip(group.network.depths, group.outputs_in(result), strict=True):
            (units,) = np.nonzero(fired[SHOWN])
            colour = kit.LOGISTIC if fired.shape[1] > settings.bits else kit.SPIKING
            axes.plot([depth * result.dt] * len(units), first + units, "o", color=colour)
            first += fired.shape[1]
        axes.set_ylim(first - 0.3, 0.3)

    upper, lower = [], []
    for kind, group in spiking(settings).items():
        steps = max(group.network.depths)
        title = f"{kind.capitalize()}: {units_in(group.network)} neurons, {steps} steps"
        upper.append(kit.panel(
            draw_digits, spiking_digits(result, settings)[kind], title=title, yticks=rows,
            ylim=(rows[-1] + 0.5, 0.5), xlabel="x (mV)", ylabel="binary digit (dark: 1)",
        ))  # fmt: skip
        title = f"Spikes at x = {POINTS[SHOWN]:.2f} mV" + ", hidden units grey" * (kind == "wide")
        labels = {"xlabel": "time (ms)", "ylabel": "neuron", "xlim": (0, result.duration)}
        lower.append(kit.panel(draw_raster, group, title=title, **labels))
    title = "Depth saves neurons, width saves time"
    return {"digits": kit.page(title, *upper, *lower, columns=2, size=(9.2, 6.0))}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare spikes with units, and depth with width."""
    found, bits = findings(result, settings), settings.bits
    right = 1.0 - (found["wrong_deep"] + found["wrong_wide"]) / (2 * len(POINTS) * bits)
    deep_units, wide_units = found["units_deep"][-1], found["units_wide"][-1]
    measures = kit.rows(
        found,
        ("agreement", "Digits correct in spikes", right),
        ("units_deep", f"{bits} digits, deep network: neurons", deep_units),
        ("units_wide", f"{bits} digits, wide network: neurons", wide_units),
        ("parameters_deep", "Deep network: parameters"),
        ("parameters_wide", "Wide network: parameters"),
        ("given_parameters", "Network with layers of 3, 4 and 1 units: parameters"),
    )
    conclusion = (
        f"For {bits} digits the deep network needs {deep_units} neurons and {bits} steps, and the "
        f"wide one {wide_units} neurons and 2 steps."
    )
    depth = kit.chart(
        kit.curve(found["bits"], found["units_deep"], text="deep", marker="o", color="#56B4E9"),
        kit.curve(found["bits"], found["units_wide"], text="wide", marker="o", color="#E69F00"),
        xlabel="binary digits", ylabel="neurons", xticks=found["bits"], ylim=(0, None),
    )  # fmt: skip
    drawings = {
        "depth": partial(kit.page, "A wide network doubles with each digit", depth),
        "parameters": partial(_draw_counted),
    }
    return kit.Comparison("Depth and width: neurons and parameters", measures, drawings, conclusion)


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
