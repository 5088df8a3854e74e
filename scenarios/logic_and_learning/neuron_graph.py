"""A graph of neurons, and its gradient by the chain rule.

The units of g = f5(f4(f1(x1), f2(x2)), f2(x2), f3(x3)) form a graph without loops; each is a
logistic unit. The chain rule gives the derivatives of g, from the output backwards. The output of
f2 is used twice, so the derivatives along both paths are added. The same graph written in layers
and matrices, F = σ(W x + b), gives the same numbers.

In spikes, a group of 40 neurons with graded thresholds represents each of f1 to f4, and the
fraction that fires represents its value. Neurons with escape noise represent f5. Each group fires
once, one time step after its inputs. Spikes of f2 have a delay of one step to f4 and of two steps
to f5, so that all inputs of f5 arrive together. Derivatives of g are measured from the spikes as
well.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

import bridge
import neurosim as ns
from bridge import Unit
from bridge.spiking import NeuronGroup
from scenarios import _kit as kit
from scenarios._kit.diagrams import draw_diagram

GRAPH = bridge.neuron_graph(
    ["x1", "x2", "x3"],
    {
        "f1": Unit({"x1": 2.0}, -1.0),
        "f2": Unit({"x2": -2.0}, -0.5),
        "f3": Unit({"x3": 1.5}, 0.0),
        "f4": Unit({"f1": 5.0, "f2": -4.0}, -0.5),
        "f5": Unit({"f4": 5.0, "f2": 6.0, "f3": -4.0}, -2.5),
    },
)
UNITS = GRAPH.names[3:]
# Inputs at which derivatives are computed.
POINT = np.array([0.5, -0.5, 1.0])
# Values of one input, while the others keep theirs.
AXIS = np.linspace(-2.5, 2.5, 11)
# Indices of `POINT` in `AXIS`.
AT = np.searchsorted(AXIS, POINT)
# Neurons of each group.
SIZE = 40
POSITIONS = {
    "x1": (0.0, 2.0), "x2": (0.0, 0.0), "x3": (0.0, -2.0),
    "f1": (2.2, 2.0), "f2": (2.2, 0.0), "f3": (2.2, -2.0), "f4": (4.4, 1.4), "f5": (6.6, -0.4),
}  # fmt: skip


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    trials: int = kit.setting(1000, "", 50, 10_000, "neurons that represent f5")

    @property
    def group(self) -> NeuronGroup:
        """The graph as a spiking network."""
        return NeuronGroup(GRAPH, SIZE, self.trials, noise=False, name="graph, ")


def along(values: kit.Floats) -> kit.Floats:
    """Return points at which one input has the given values, shape (3 · len(values), 3)."""
    points = np.tile(POINT, (3, len(values), 1))
    points[range(3), :, range(3)] = values
    return points.reshape(-1, 3)


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add the graph, with separate neurons for each point."""
    kit.require_duration(options, 3 * options.dt, "is shorter than the longest path of 3 units")
    net = ns.Network(dale=False)
    settings.group.add_to(net, along(AXIS), dt=options.dt)
    return net


def chain_rule() -> tuple[dict[str, float], dict[str, float]]:
    """Return the values of all signals at `POINT` and the derivatives of g by them, by name."""
    values, slopes = GRAPH.signals(POINT[None])[0], GRAPH.slopes(POINT[None])[1][0]
    values, slopes = (zip(GRAPH.names, each.tolist(), strict=True) for each in (values, slopes))
    return dict(values), dict(slopes)


def both_paths() -> tuple[float, float]:
    """Return the derivatives of g by f2 along its path through f4, and along its path to f5."""
    values, slopes = chain_rule()
    through_f4 = slopes["f4"] * values["f4"] * (1.0 - values["f4"]) * -4.0
    return through_f4, slopes["f2"] - through_f4


def secants(curves: kit.Floats) -> kit.Floats:
    """Return the slopes of curves, shape (3, 11), between the neighbours of `POINT`."""
    return np.gradient(curves, AXIS, axis=1)[[0, 1, 2], AT]


def measured(result: ns.Result, settings: Settings) -> kit.Floats:
    """Return the fraction of the neurons of f5 that fire, along each input; shape (3, 11)."""
    return settings.group.outputs_in(result)[-1].reshape(3, -1)


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Compute values and derivatives, and measure them from the spikes."""
    values, slopes = chain_rule()
    fraction, layers, points = measured(result, settings), bridge.in_levels(GRAPH), along(AXIS)
    return {
        "values": values,
        "slopes": slopes,
        "f2_by_path": both_paths(),
        "parameters": GRAPH.n_parameters,
        "layers": [layer.weights for layer in layers.layers],
        "largest_difference_layers": np.abs(layers(points) - GRAPH(points)).max(),
        "spiking_g": fraction[0, AT[0]],
        "spiking_slopes": secants(fraction),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the value of g and its derivatives."""
    return kit.sentences(
        found,
        f"A graph of five units was simulated with groups of {SIZE} neurons for f1 to f4 and "
        f"{settings.trials:,} neurons for f5.",
        "At x1 = {at[0]:g}, x2 = {at[1]:g} and x3 = {at[2]:g}, g is {values[f5]:.3f}. In spikes, a "
        "fraction {spiking_g:.3f} of the neurons of f5 fires.",
        "Derivatives of g by x1, x2 and x3: {slopes[x1]:.3f}, {slopes[x2]:.3f} and {slopes[x3]:.3f}"
        " by the chain rule. From the spikes, as differences over 1: "
        "{spiking_slopes[0]:.3f}, {spiking_slopes[1]:.3f} and {spiking_slopes[2]:.3f}.",
        "f2 is used twice, and its derivatives add: {f2_by_path[0]:+.3f} through f4 and "
        "{f2_by_path[1]:+.3f} to f5 give {slopes[f2]:+.3f}.",
        "In layers and matrices, with the same {parameters} parameters, g differs by at most "
        "{largest_difference_layers:.1g}.",
        at=POINT,
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the graph, and the spikes of all groups at one point."""
    values, slopes = chain_rule()
    texts = {
        name: f"{name}\n{kit.signed(value, 3)}\n({kit.signed(slopes[name], 2, plus=True)})"
        for name, value in values.items()
    }
    arrows = {
        (GRAPH.names[source], name): (weight, kit.signed(weight))
        for layer, sources, name in zip(GRAPH.layers, GRAPH.sources, UNITS, strict=True)
        for weight, source in zip(layer.weights[0].tolist(), sources, strict=True)
    }
    diagram = kit.chart(kit.layer(draw_diagram, POSITIONS, texts, arrows, size=0.52, apart=0.45))
    layers: list[kit.Layer] = []
    for k, depth in enumerate(GRAPH.depths):
        size = SIZE if k < 4 else settings.trials
        trains = result.spikes[settings.group.population(k)]
        fired = trains.ids[trains.ids // size == AT[0]] % size
        text, rows = f"fraction {len(fired) / size:.2f} fires", (SIZE + 6) * k + fired[fired < SIZE]
        look: kit.Options = {"ls": "", "marker": "_", "ms": 9, "color": kit.SPIKING}
        layers.append(kit.curve(np.full(len(rows), depth * result.dt), rows, **look))
        layers.append(kit.layer(kit.label, depth * result.dt + 0.3, (SIZE + 6) * (k + 0.5), text))
    spikes = kit.chart(
        *layers, xlabel="time (ms)", xlim=(0.0, result.duration + 6.0), ylim=(5 * (SIZE + 6), 0),
        xticks=result.dt * np.arange(4), yticks=(SIZE + 6) * (np.arange(5) + 0.5),
        yticklabels=[f"{name}\n{SIZE} neurons" for name in UNITS],
    )  # fmt: skip
    brackets = "Each unit with its value and, in brackets, the derivative of g by it"
    timing = "Each group fires once, one time step after its inputs"
    return {
        "graph": kit.page(brackets, diagram, size=(8.4, 5.4)),
        "spikes": kit.page(timing, spikes, size=(7.4, 4.6)),
    }


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the value and the derivatives of g with those measured from the spikes."""
    fraction, exact = measured(result, settings), GRAPH(along(AXIS)).reshape(3, -1)
    largest, error = np.abs(fraction - exact).max(), 0.5 / np.sqrt(settings.trials)
    measures = kit.rows(
        {},
        ("agreement", f"Points on the same side of g = 1/2 | of {exact.size} points",
         bridge.agreement(fraction.ravel() > 0.5, exact.ravel() > 0.5)),
        ("largest_difference", f"Largest difference of g in spikes | error ≤ {error:.2g}", largest),
        ("largest_difference_slopes", "Largest difference of its slopes | between neighbours",
         np.abs(secants(fraction) - secants(exact)).max()),
    )  # fmt: skip
    conclusion = f"The spiking network computes g with an error of at most {largest:.2f}."
    fine, (values, derivatives) = np.linspace(AXIS[0], AXIS[-1], 201), chain_rule()
    g, panels = GRAPH(along(fine)).reshape(3, -1), []
    for k, name in enumerate(GRAPH.names[:3]):
        tangent = values["f5"] + derivatives[name] * (fine - POINT[k])
        near = np.abs(fine - POINT[k]) < 0.8
        panels.append(kit.chart(
            kit.curve(fine, g[k], "graph of logistic units", **kit.ABSTRACT),
            kit.curve(fine[near], tangent[near], "derivative by the chain rule", color="black"),
            kit.curve(AXIS, fraction[k], "spiking neurons", **kit.DOTS), xlabel=name,
            title=f"slope {kit.signed(derivatives[name], 3, plus=True)}", ylim=(-0.03, 1.03),
        ))  # fmt: skip
    panels[0].labels["ylabel"] = "g, fraction that fires"
    message = "Spikes compute g with the slopes of the chain rule"
    drawing = partial(kit.page, message, *panels, size=(9.6, 3.8), legend=3)
    title = "A graph of neurons and its derivatives: abstract and in spikes"
    return kit.Comparison(title, measures, {"slopes": drawing}, conclusion)


scenario = kit.lesson(__name__, row="S24", lectures=("L4",), duration=15.0, dt=5.0)
