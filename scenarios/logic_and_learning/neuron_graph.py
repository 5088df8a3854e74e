"""A loop-free graph of units and its gradient by the chain rule, abstract and in spikes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
from neurosim.scenario import Scenario
from scenarios._kit.diagrams import draw_diagram
from scenarios._kit.trials import DERIVED, draw_share
from scenarios.logic_and_learning.neuron_graph_model import (
    AXIS,
    CURVES,
    GRAPH,
    POINT,
    SIZE,
    STEP,
    WAY_CURVES,
    WAYS,
    Curves,
    Settings,
    finite_differences,
    network,
    secant,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    import neurosim as ns

PLACES = {
    "x1": (0.0, 2.0),
    "x2": (0.0, 0.0),
    "x3": (0.0, -2.0),
    "f1": (2.2, 2.0),
    "f2": (2.2, 0.0),
    "f3": (2.2, -2.0),
    "f4": (4.4, 1.4),
    "f5": (6.6, -0.4),
}


def chain_rule() -> tuple[dict[str, float], dict[str, float]]:
    """Return values and derivatives ∂g/∂ of all signals at `POINT`, by name."""
    values = GRAPH.signals(POINT[np.newaxis])[0]
    slopes = GRAPH.slopes(POINT[np.newaxis])[1][0]
    return (
        dict(zip(GRAPH.names, values.tolist(), strict=True)),
        dict(zip(GRAPH.names, slopes.tolist(), strict=True)),
    )


def both_ways() -> tuple[float, float]:
    """Return the derivatives of g by f2 along its way through f4, and along that to f5."""
    slopes = WAYS.slopes(POINT[[0, 1, 1, 2]][np.newaxis])[1][0]
    named = dict(zip(WAYS.names, slopes.tolist(), strict=True))
    return named["f2 to f4"], named["f2 to f5"]


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Go through the graph, back by the chain rule, and through its neurons."""
    values, slopes = chain_rule()
    through_f4, direct = both_ways()
    gradient, layers = GRAPH.slopes(POINT[np.newaxis])[0], bridge.in_levels(GRAPH)
    curves = Curves.of(result, settings)
    at = int(np.argmin(np.abs(AXIS - POINT[0])))
    return {
        "values": values,
        "slopes": slopes,
        "slope_f2_through_f4": through_f4,
        "slope_f2_direct": direct,
        "parameters": GRAPH.n_parameters,
        "gradient": gradient,
        "largest_difference_gradient": np.abs(gradient - finite_differences()).max(),
        "layers": [layer.weights for layer in layers.layers],
        "largest_difference_layers": np.abs(layers(CURVES) - GRAPH(CURVES)).max(),
        "spiking_g": curves.inputs[0, at],
        "spiking_slopes": [secant(curve, k) for k, curve in enumerate(curves.inputs)],
    }


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw the spikes of all groups at one point, each layer a step after those it hears."""
    from neurosim import plot

    graph = settings.spiking[0]
    at = int(np.argmin(np.abs(AXIS - POINT[0])))
    fig = plot.figure(6.6, 4.2)
    (axes,) = plot.panels(fig)
    with plot.style():
        for k, name in enumerate(GRAPH.names[GRAPH.n_inputs :]):
            trains = result.spikes[graph.population(k)]
            size = SIZE if k < 4 else settings.trials
            step = np.rint(trains.times / result.dt)
            shown = (step == GRAPH.depths[k]) & (trains.ids // size == at)
            neuron = trains.ids[shown] % size
            first = neuron < SIZE
            rows = -(SIZE + 4) * k - neuron[first]
            axes.plot(trains.times[shown][first], rows, "_", ms=14, color=plot.PALETTE[k], mew=1.4)
            low, high = -(SIZE + 4) * k - SIZE + 0.5, -(SIZE + 4) * k + 0.5
            axes.axhspan(low, high, color="0.95", zorder=0)
            share = len(neuron) / size
            axes.text(0.6, 0.5 * (low + high), f"{name}: {share:.2f} fire", va="center")
        axes.set(xlim=(0.0, result.duration + 1.0), xlabel="time (ms)", yticks=[])
        axes.set_ylabel(f"{SIZE} neurons of each group")
        axes.set_xticks(np.arange(0.0, result.duration + 0.1, result.dt))
        axes.set_title("f2 is heard by f4 a step later, by f5 two steps later")
    return {"spikes": fig}


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set the graph, its layers and its neurons beside one another, and all their slopes."""
    curves = Curves.of(result, settings)
    abstract = GRAPH(CURVES).reshape(curves.inputs.shape)
    return bridge.Comparison(
        title="A graph of neurons and the chain rule: abstract, in matrices, and in spikes",
        measures=_agreement(curves, abstract, settings) | _slopes(curves, settings),
        drawings={
            "graph": _draw_graph,
            "matrices": _draw_matrices,
            "slopes": partial(_draw_slopes, curves, settings),
        },
    )


def _agreement(
    curves: Curves, abstract: NDArray[np.float64], settings: Settings
) -> dict[str, bridge.Measure]:
    """Return how near neurons, matrices and finite differences come."""
    same = bridge.agreement((curves.inputs > 0.5).ravel(), (abstract > 0.5).ravel())
    off = float(np.abs(curves.inputs - abstract).max())
    note = f"of g; standard error up to {0.5 / np.sqrt(settings.trials):.2g}"
    layers = bridge.in_levels(GRAPH)
    gradient = GRAPH.slopes(POINT[np.newaxis])[0]
    return {
        "agreement": bridge.Measure(same.value, "", same.low, same.high, "same side of g = 1/2"),
        "largest_difference": bridge.Measure(off, note=note),
        "largest_difference_layers": bridge.Measure(
            float(np.abs(layers(CURVES) - GRAPH(CURVES)).max()), note="in layers and matrices"
        ),
        "largest_difference_gradient": bridge.Measure(
            float(np.abs(gradient - finite_differences()).max()),
            note="chain rule and finite differences, of 13 parameters",
        ),
    }


def _slopes(curves: Curves, settings: Settings) -> dict[str, bridge.Measure]:
    """Return the slopes of the spiking graph beside those by the chain rule."""
    _, slopes = chain_rule()
    of_x2 = slopes["x2"] / slopes["f2"]  # f2 by x2
    told = [slopes["x1"], slopes["x2"], slopes["x3"], *(way * of_x2 for way in both_ways())]
    names = ["x1", "x2", "x3", "x2_through_f4", "x2_direct"]
    paths = [*curves.inputs, *curves.ways]
    abstract = [
        *GRAPH(CURVES).reshape(curves.inputs.shape),
        *WAYS(WAY_CURVES).reshape(curves.ways.shape),
    ]
    measures, numbers = {}, (0, 1, 2, 1, 1)
    for name, number, path, exact, slope in zip(names, numbers, paths, abstract, told, strict=True):
        at = int(np.argmin(np.abs(AXIS - POINT[number])))
        ends = exact[[at - 1, at + 1]]
        error = np.sqrt(np.sum(ends * (1.0 - ends)) / settings.trials) / (2.0 * STEP)
        half, found = float(bridge.NORMAL_95 * error), secant(path, number)
        note = f"chain rule {slope:.4f}, over the same {2.0 * STEP:g}: {secant(exact, number):.4f}"
        measures[f"spiking_slope_{name}"] = bridge.Measure(
            found, "", found - half, found + half, note.replace("-", "−")
        )
    return measures


def _draw_graph() -> Figure:
    """Draw the graph with weights, values, and derivatives of g."""
    from neurosim import plot

    values, slopes = chain_rule()
    texts = {
        name: f"{name}\n{value:.3g}".replace("-", "−")
        + f"\n({slopes[name]:+.2f})".replace("-", "−")
        for name, value in values.items()
    }
    arrows = {}
    for layer, seen, name in zip(GRAPH.layers, GRAPH.sources, GRAPH.names[3:], strict=True):
        for weight, source in zip(layer.weights[0], seen, strict=True):
            words = f"{weight:g}".replace("-", "−")
            arrows[GRAPH.names[source], name] = (float(weight), words)
    fig = plot.figure(8.4, 5.4)
    (axes,) = plot.panels(fig)
    with plot.style():
        draw_diagram(axes, PLACES, texts, arrows, size=0.52, apart=0.45)
        axes.set_title("value of each signal, and in brackets ∂g/∂signal by the chain rule")
    return fig


def _draw_matrices() -> Figure:
    """Draw the weights of the same graph in layers: a matrix each, and its bias."""
    from matplotlib.colors import LinearSegmentedColormap

    from neurosim import plot

    layers = bridge.in_levels(GRAPH)
    fig = plot.figure(9.0, 3.0)
    colours = LinearSegmentedColormap.from_list("sign", [plot.INHIBITORY, "white", plot.EXCITATORY])
    grid = plot.panels(fig, 1, 3, width_ratios=(4, 3, 4))
    first = layers.n_inputs
    with plot.style():
        for axes, layer, seen in zip(grid, layers.layers, layers.sources, strict=True):
            full = np.column_stack([layer.weights, layer.bias])
            axes.imshow(full, cmap=colours, vmin=-8.0, vmax=8.0)
            for (row, column), value in np.ndenumerate(full):
                words = "·" if value == 0 and column < len(seen) else f"{value:g}"
                axes.text(column, row, words.replace("-", "−"), ha="center", va="center")
            own = layers.names[first : first + len(full)]
            first += len(full)
            axes.set_yticks(range(len(own)), own)
            axes.set_xticks(range(len(seen) + 1), [*(layers.names[s] for s in seen), "bias"])
            axes.tick_params(length=0)
            axes.axvline(len(seen) - 0.5, color="black", lw=1)
        for k, axes in enumerate(grid):
            axes.set_title(f"layer {k + 1}: $F = σ(Wx + b)$")
    return fig


def _draw_slopes(curves: Curves, settings: Settings) -> Figure:
    """Draw g along each input, and along both ways of x2, with the tangent of the chain rule."""
    from neurosim import plot

    fig = plot.figure(10.4, 6.0)
    grid = plot.panels(fig, 2, 3, sharey=True)
    _, slopes = chain_rule()
    of_x2 = slopes["x2"] / slopes["f2"]
    through_f4, direct = (way * of_x2 for way in both_ways())
    fine = np.linspace(AXIS[0], AXIS[-1], 201)
    panels = [
        ("x1", GRAPH, 0, slopes["x1"], curves.inputs[0]),
        ("x2", GRAPH, 1, slopes["x2"], curves.inputs[1]),
        ("x3", GRAPH, 2, slopes["x3"], curves.inputs[2]),
        ("x2, heard through f4 alone", WAYS, 1, through_f4, curves.ways[0]),
        ("x2, heard by f5 alone", WAYS, 2, direct, curves.ways[1]),
    ]
    with plot.style():
        for axes, (name, graph, number, slope, share) in zip(grid, panels, strict=False):
            point = POINT if graph is GRAPH else POINT[[0, 1, 1, 2]]
            line = np.tile(point, (len(fine), 1))
            line[:, number] = fine
            axes.plot(fine, graph(line)[:, 0], color=DERIVED, lw=4, label="graph")
            words = "spiking neurons, 95 % interval"
            fired = np.round(share * settings.trials)
            draw_share(axes, AXIS, fired, np.full(len(AXIS), settings.trials), label=words)
            _draw_tangent(axes, point[number], float(graph(point[np.newaxis])[0, 0]), slope)
            axes.set_title(f"{name}: {slope:+.3f}".replace("-", "−"))
            axes.set(xlabel=name.split(",")[0], ylim=(-0.03, 1.03))
        for axes in (grid[0], grid[3]):
            axes.set_ylabel("g, share of f5 that fired")
        grid[5].set_axis_off()
        total = f"{through_f4:+.3f} {direct:+.3f} = {slopes['x2']:+.3f}".replace("-", "−")
        grid[5].text(0.0, 0.6, f"f2 is used twice, so its ways add:\n\n{total}", fontsize=11)
        fig.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig


def _draw_tangent(axes: Axes, at: float, value: float, slope: float) -> None:
    reach = min(1.2, 0.45 / max(abs(slope), 1e-9))
    ends = np.array([-reach, reach])
    axes.plot(at + ends, value + slope * ends, color="#CC79A7", lw=2, label="slope by chain rule")
    axes.plot(at, value, "o", color="#CC79A7", ms=6)


scenario = Scenario(
    name="neuron-graph",
    title="A loop-free graph of neurons, and gradients by the chain rule through it",
    row="S24",
    source="L4",
    group="Thresholds, logic and learning rules",
    description=(
        "g = f5(f4(f1(x1), f2(x2)), f2(x2), f3(x3)): units that see one another without a loop. "
        "Derivatives of g are found by the chain rule, from the output back; f2 is used twice, so "
        "what comes back to it along both ways is added. The same graph in layers and matrices, F "
        "= sigma(W x + b), gives the same numbers. In spikes a group of neurons with spread "
        "thresholds stands for each of f1 to f4, and neurons with soft thresholds for f5. Each "
        "group fires once, a step after those that it hears; the spikes of f2 take one step to f4 "
        "and two to f5, so that all arrive together. Slopes are measured on the spikes too, "
        "with x2 heard along both ways of f2, and along one at a time."
    ),
    settings=Settings,
    duration=15.0,
    dt=5.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
