"""Depth against width on one function, deep networks and several outputs, parameters counted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
from neurosim.scenario import Scenario
from scenarios._kit.diagrams import draw_diagram
from scenarios._kit.trials import DERIVED, SPIKING
from scenarios.networks.depth_width_model import (
    ASKED,
    GIVEN,
    GIVEN_SPIKING,
    N_POINTS,
    POINTS,
    Settings,
    deep,
    digits,
    digits_in,
    errors_of,
    given,
    made,
    network,
    wide,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    import neurosim as ns
    from bridge.spiking import NeuronGroup

COLOURS = {1: "#E69F00", 3: "#56B4E9"}
"""Of wide and of deep networks."""
SHOWN = int(0.7 * N_POINTS)
"""The x whose spikes are drawn in time."""


def units_in(own: bridge.LayeredNetwork) -> int:
    """Return the number of units."""
    return sum(len(layer.bias) for layer in own.layers)


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Count units and parameters, and digits that the spiking networks get wrong."""
    found: dict[str, object] = {
        "given_parameters": given().n_parameters,
        "given_parameters_by_layer": [len(layer.parameters) for layer in given().layers],
        "bits": list(range(2, settings.bits + 1)),
    }
    told = digits_in(result, settings)
    for kind in ("deep", "wide"):
        own = {name: one.network for name, one in made(settings).items() if name.startswith(kind)}
        found[f"units_{kind}"] = [units_in(one) for one in own.values()]
        found[f"parameters_{kind}"] = [one.n_parameters for one in own.values()]
        wrong = [told[name] != digits(POINTS, told[name].shape[1]) for name in own]
        found[f"wrong_{kind}"] = [int(each.sum()) for each in wrong]
    return found


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw the digits that both networks find, and the spikes by which they find those of an x."""
    from neurosim import plot

    told, parts = digits_in(result, settings), made(settings)
    fig = plot.figure(10.0, 6.2)
    grid = plot.panels(fig, 2, 2)
    steps = f"{settings.bits} steps", "2 steps"
    with plot.style():
        for k, kind in enumerate(("deep", "wide")):
            name = f"{kind} {settings.bits}"
            rows = 1 + np.arange(settings.bits)
            grid[k].pcolormesh(POINTS, rows, told[name].T, cmap="Greys", vmin=0, vmax=1.4)
            grid[k].set(xlabel="x (mV)", yticks=rows, ylim=(settings.bits + 0.5, 0.5))
            grid[k].axvline(POINTS[SHOWN], color=SPIKING, lw=2)
            grid[k].set_title(f"{kind}: {units_in(parts[name].network)} neurons, {steps[k]}")
            _draw_raster(grid[2 + k], result, parts[name])
        grid[0].set_ylabel("binary digit; dark: a spike")
        grid[2].set_ylabel("neuron")
    return {"digits": fig}


def _draw_raster(axes: Axes, result: ns.Result, spiking: NeuronGroup) -> None:
    """Draw the spikes at the shown x, of each unit in the step in which it decides."""
    first, own = 1, spiking.network
    for k, (layer, depth) in enumerate(zip(own.layers, own.depths, strict=True)):
        trains, width = result.spikes[spiking.population(k)], len(layer.bias)
        here = (trains.ids // width == SHOWN) & (np.rint(trains.times / result.dt) == depth)
        last = spiking.name.startswith("deep") or k == len(own.layers) - 1
        colour = SPIKING if last else "0.4"
        axes.plot(trains.times[here], first + trains.ids[here] % width, "o", color=colour, ms=5)
        first += width
    axes.set(xlim=(0.0, result.duration + 1.0), ylim=(first - 0.3, 0.3), xlabel="time (ms)")
    axes.set_title(f"x = {POINTS[SHOWN]:.2f} mV: spikes; green: digits")


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set spikes beside units, depth beside width, and what is made beside what is learned."""
    told, learned = digits_in(result, settings), errors_of(settings, result.seed)
    abstract = {name: digits(POINTS, found.shape[1]) for name, found in told.items()}
    pairs = [(told[name].ravel() > 0.5, abstract[name].ravel() > 0.5) for name in told]
    same = bridge.agreement(*(np.concatenate(side) for side in zip(*pairs, strict=True)))
    note = "digits in spikes and true ones, of all networks"
    measures = {"agreement": bridge.Measure(same.value, "", same.low, same.high, note)}
    for kind, make in (("deep", deep), ("wide", wide)):
        own = make(settings.bits)
        note = f"{len(own.layers)} layers, {own.n_parameters} parameters"
        measures[f"units_{kind}"] = bridge.Measure(units_in(own), note=note)
    for layers, found in learned.items():
        for parameters, error in found:
            note = f"{parameters} parameters; digit {settings.learned} learned from {N_POINTS} x"
            key = f"error_{layers}_hidden_{parameters}_parameters"
            measures[key] = bridge.Measure(error, note=note)
    off = np.abs(GIVEN_SPIKING.outputs_in(result)[-1] - given()(ASKED)).max()
    measures["given_parameters"] = bridge.Measure(given().n_parameters, note="9 + 16 + 5")
    note = f"of its output in spikes, at {len(ASKED)} points"
    measures["given_largest_difference"] = bridge.Measure(float(off), note=note)
    return bridge.Comparison(
        title="Depth and width: units, parameters, what is made and what is learned",
        measures=measures,
        drawings={
            "depth": partial(_draw_depth, told, learned, settings),
            "parameters": _draw_given,
        },
    )


def _draw_depth(
    told: dict[str, NDArray[np.float64]],
    learned: dict[int, list[tuple[int, float]]],
    settings: Settings,
) -> Figure:
    """Draw units needed by number of digits, and errors of networks that learned."""
    from neurosim import plot

    fig = plot.figure(9.6, 4.0)
    left, right = plot.panels(fig, 1, 2)
    bits = range(2, settings.bits + 1)
    with plot.style():
        for kind, layers in (("wide", 1), ("deep", 3)):
            made_of = {"wide": wide, "deep": deep}[kind]
            units = [units_in(made_of(n)) for n in bits]
            words = {"wide": "one hidden layer", "deep": "a layer for each digit"}[kind]
            left.plot(bits, units, "o-", color=COLOURS[layers], lw=2, label=words)
        left.set(yscale="log", xlabel="binary digits", ylabel="neurons", xticks=list(bits))
        left.set_title("made: depth saves neurons")
        left.legend(loc="upper left")
        left.set_yticks((2, 5, 10, 20, 50, 100), ["2", "5", "10", "20", "50", "100"])
        left.minorticks_off()
        for layers, found in learned.items():
            x, y = zip(*found, strict=True)
            words = f"{layers} hidden layer{'s' * (layers > 1)}"
            right.plot(x, y, "o-", color=COLOURS[layers], lw=2, label=words)
        count = deep(settings.learned).n_parameters
        right.plot(count, 0.0, "D", color=SPIKING, ms=7, label="made, in spikes", clip_on=False)
        right.set(xscale="log", xlabel="parameters", ylabel="share of x told wrong")
        right.set_ylim(0.0, 0.55)
        right.axhline(0.5, color=DERIVED, lw=1, ls=":")
        right.set_xticks((10, 20, 50, 100, 200), ["10", "20", "50", "100", "200"])
        right.minorticks_off()
        right.set_title(f"learned: digit {settings.learned}")
        right.legend(loc="lower left", bbox_to_anchor=(0.0, 0.08))
    return fig


def _draw_given() -> Figure:
    """Draw the network of 30 parameters, with what each layer adds to the count."""
    from neurosim import plot

    own = given()
    columns = [(2.2 * k, size) for k, size in enumerate(GIVEN)]
    names = [[f"{k} {j}" for j in range(size)] for k, size in enumerate(GIVEN)]
    places, texts = {}, {}
    for k, (x, size) in enumerate(columns):
        for j, name in enumerate(names[k]):
            places[name] = (x, 1.1 * (0.5 * (size - 1) - j))
            texts[name] = f"$x_{j + 1}$" if k == 0 else "σ"
    arrows = {
        (source, target): (float(own.layers[k].weights[j, i]), "")
        for k in range(len(own.layers))
        for i, source in enumerate(names[k])
        for j, target in enumerate(names[k + 1])
    }
    fig = plot.figure(7.6, 4.6)
    (axes,) = plot.panels(fig)
    with plot.style():
        draw_diagram(axes, places, texts, arrows)
        for k, layer in enumerate(own.layers):
            n, m = layer.weights.shape
            words = f"{n} · ({m} + 1) = {len(layer.parameters)}"
            axes.text(columns[k + 1][0], -2.5, words, ha="center", fontsize=10)
        axes.set_ylim(-2.8, 2.2)
        axes.set_title(f"weights and biases: 9 + 16 + 5 = {own.n_parameters} parameters")
    return fig


scenario = Scenario(
    name="depth-width",
    title="Depth against width on one function, several outputs, and parameters counted",
    row="S15",
    source="L1",
    group="Networks",
    description=(
        "The binary digits of x, of which the last is a square wave of many pulses. A deep network "
        "has a neuron for each digit, which sees x and the digits before: five neurons, that fire "
        "one after the other. A wide one with five outputs has a hidden neuron for each edge of "
        "the waves, 31 of them, and decides in two steps. Both make no error, in spikes either: "
        "depth saves neurons, width saves time. Descent does not find what depth could do: of "
        "networks that learn the fourth digit from examples those with one hidden layer come "
        "nearest. A network of 2 inputs and layers of 3, 4 and 1 units has 9 + 16 + 5 = 30 "
        "parameters."
    ),
    settings=Settings,
    duration=35.0,
    dt=5.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
