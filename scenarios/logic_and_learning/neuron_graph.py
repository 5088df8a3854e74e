"""A graph of neurons, and its gradient by the chain rule.

The units of g = f5(f4(f1(x1), f2(x2)), f2(x2), f3(x3)) form a graph without loops; each is a
logistic unit. The chain rule gives the derivatives of g, from the output backwards. The output of
f2 is used twice, so the derivatives along both paths are added. The same graph written in layers
and matrices, F = σ(W x + b), gives the same numbers.

In spikes, a group of 40 neurons with graded thresholds represents each of f1 to f4, and the
fraction that fires represents its value. Neurons with escape noise represent f5. Each group fires
once, one time step after its inputs. Spikes of f2 have a delay of one step to f4 and of two steps
to f5, so that all inputs of f5 arrive together. Derivatives of g are measured from the spikes as
well, including those along each path of f2 alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

import bridge
import neurosim as ns
from bridge import Unit
from bridge.spiking import NeuronGroup
from scenarios import _kit as kit
from scenarios._kit.diagrams import draw_diagram

F1, F2, F3 = Unit({"x1": 2.0}, -1.0), Unit({"x2": -2.0}, -0.5), Unit({"x3": 1.5}, 0.0)
GRAPH = bridge.neuron_graph(
    ["x1", "x2", "x3"],
    {
        "f1": F1,
        "f2": F2,
        "f3": F3,
        "f4": Unit({"f1": 5.0, "f2": -4.0}, -0.5),
        "f5": Unit({"f4": 5.0, "f2": 6.0, "f3": -4.0}, -2.5),
    },
)
# The same graph with a copy of x2 and f2 for each of the two paths.
SPLIT = bridge.neuron_graph(
    ["x1", "x2 to f4", "x2 to f5", "x3"],
    {
        "f1": F1,
        "f2 to f4": Unit({"x2 to f4": -2.0}, -0.5),
        "f2 to f5": Unit({"x2 to f5": -2.0}, -0.5),
        "f3": F3,
        "f4": Unit({"f1": 5.0, "f2 to f4": -4.0}, -0.5),
        "f5": Unit({"f4": 5.0, "f2 to f5": 6.0, "f3": -4.0}, -2.5),
    },
)
# Inputs at which derivatives are computed, also of the graph with two copies of x2.
POINT = np.array([0.5, -0.5, 1.0])
SPLIT_POINT = POINT[[0, 1, 1, 2]]
# Values of one input, while the others keep theirs.
AXIS = np.linspace(-2.5, 2.5, 11)
STEP = float(AXIS[1] - AXIS[0])
# Neurons of each group.
SIZE = 40
POSITIONS = {
    "x1": (0.0, 2.0),
    "x2": (0.0, 0.0),
    "x3": (0.0, -2.0),
    "f1": (2.2, 2.0),
    "f2": (2.2, 0.0),
    "f3": (2.2, -2.0),
    "f4": (4.4, 1.4),
    "f5": (6.6, -0.4),
}


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    trials: int = kit.setting(1000, "", 50, 10_000, "neurons that represent f5")

    @property
    def groups(self) -> tuple[NeuronGroup, NeuronGroup]:
        """Both graphs as spiking networks."""
        return (
            NeuronGroup(GRAPH, SIZE, self.trials, noise=False, name="graph, "),
            NeuronGroup(SPLIT, SIZE, self.trials, noise=False, name="split, "),
        )


def along(point: kit.Floats, *inputs: int) -> kit.Floats:
    """Return points along each of the inputs, shape (len(inputs) · 11, n_inputs)."""
    points = np.tile(point, (len(inputs), len(AXIS), 1))
    for k, number in enumerate(inputs):
        points[k, :, number] = AXIS
    return points.reshape(-1, len(point))


CURVES, SPLIT_CURVES = along(POINT, 0, 1, 2), along(SPLIT_POINT, 1, 2)


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add both graphs, with separate neurons for each point."""
    depth = max(GRAPH.depths)
    if options.duration < depth * options.dt:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms is shorter than the longest path of {depth} "
            f"units: give at least {depth * options.dt:g} ms"
        )
    net = ns.Network(dale=False)
    for group, points in zip(settings.groups, (CURVES, SPLIT_CURVES), strict=True):
        group.add_to(net, points, dt=options.dt)
    return net


def chain_rule() -> tuple[dict[str, float], dict[str, float]]:
    """Return the values of all signals at `POINT` and the derivatives of g by them, by name."""
    values, slopes = GRAPH.signals(POINT[None])[0], GRAPH.slopes(POINT[None])[1][0]
    names = GRAPH.names
    return (
        dict(zip(names, values.tolist(), strict=True)),
        dict(zip(names, slopes.tolist(), strict=True)),
    )


def both_paths() -> tuple[float, float]:
    """Return the derivatives of g by f2 along its path through f4, and along its path to f5."""
    slopes = dict(zip(SPLIT.names, SPLIT.slopes(SPLIT_POINT[None])[1][0].tolist(), strict=True))
    return slopes["f2 to f4"], slopes["f2 to f5"]


def finite_differences(h: float = 1e-6) -> kit.Floats:
    """Return the derivatives of g by its parameters as finite differences."""

    def g(theta: kit.Floats) -> float:
        return float(GRAPH.with_parameters(theta)(POINT[None])[0, 0])

    shifts = h * np.eye(GRAPH.n_parameters)
    return np.array([g(GRAPH.parameters + e) - g(GRAPH.parameters - e) for e in shifts]) / (2 * h)


class Curve(NamedTuple):
    """The value of g along one input."""

    key: str
    title: str
    # Index of the input, and its value at the point.
    number: int
    at: float
    # Derivative of g by the chain rule.
    slope: float
    # g of the abstract graph, and fraction of the neurons of f5 that fire, at `AXIS`.
    exact: kit.Floats
    fraction: kit.Floats

    def secant(self, values: kit.Floats) -> float:
        """Return the slope of a curve between the neighbours of the point."""
        k = int(np.argmin(np.abs(AXIS - self.at)))
        return float((values[k + 1] - values[k - 1]) / (2.0 * STEP))


def measured_curves(result: ns.Result, settings: Settings) -> list[Curve]:
    """Return g along x1, x2 and x3, and along x2 with each path of f2 alone."""
    _, slopes = chain_rule()
    f2_by_x2 = slopes["x2"] / slopes["f2"]
    exact = np.concatenate([GRAPH(CURVES), SPLIT(SPLIT_CURVES)]).reshape(-1, len(AXIS))
    spiking = np.concatenate([group.outputs_in(result)[-1].ravel() for group in settings.groups])
    through_f4, direct = both_paths()
    rows = [(name, f"{name}", k, slopes[name]) for k, name in enumerate(("x1", "x2", "x3"))]
    rows += [
        ("x2_through_f4", "x2, only through f4", 1, through_f4 * f2_by_x2),
        ("x2_direct", "x2, only directly to f5", 1, direct * f2_by_x2),
    ]
    return [
        Curve(key, title, number, float(POINT[number]), slope, *values)
        for (key, title, number, slope), values in zip(
            rows, zip(exact, spiking.reshape(-1, len(AXIS)), strict=True), strict=True
        )
    ]


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Compute values and derivatives, and measure them from the spikes."""
    values, slopes = chain_rule()
    through_f4, direct = both_paths()
    gradient, layers = GRAPH.slopes(POINT[None])[0], bridge.in_levels(GRAPH)
    curves = measured_curves(result, settings)[:3]
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
        "spiking_g": curves[0].fraction[np.argmin(np.abs(AXIS - POINT[0]))],
        "spiking_slopes": [curve.secant(curve.fraction) for curve in curves],
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the value of g and its derivatives."""
    point = kit.listed(f"x{k + 1} = {kit.signed(x)}" for k, x in enumerate(POINT))
    exact = kit.listed(kit.signed(found["slopes"][f"x{k}"], 3) for k in (1, 2, 3))
    spiking = kit.listed(kit.signed(slope, 3) for slope in found["spiking_slopes"])
    paths = (found["slope_f2_through_f4"], found["slope_f2_direct"], found["slopes"]["f2"])
    through_f4, direct, total = (kit.signed(slope, 4, plus=True) for slope in paths)
    return [
        f"A graph of five units was simulated with groups of {SIZE} neurons for f1 to f4 and "
        f"{settings.trials:,} neurons for f5.",
        f"At {point}, g is {found['values']['f5']:.3f}. In spikes, a fraction "
        f"{found['spiking_g']:.3f} of the neurons of f5 fires.",
        f"Derivatives of g by x1, x2 and x3: {exact} by the chain rule. From the spikes, as "
        f"differences over {2.0 * STEP:g}: {spiking}.",
        f"f2 is used twice, and its derivatives add: {through_f4} through f4 and {direct} to f5 "
        f"give {total}.",
        f"The gradient by all {found['parameters']} parameters differs from finite differences by "
        f"at most {found['largest_difference_gradient']:.0e}. In layers and matrices, g differs by "
        f"at most {found['largest_difference_layers']:.0e}.",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the graph, and the spikes of all groups at one point."""
    title = "Each unit with its value and, in brackets, the derivative of g by it"
    steps = np.arange(0.0, result.duration + 0.1, result.dt)
    spikes = kit.panel(
        _draw_spikes, result, settings, xlabel="time (ms)", xlim=(0.0, result.duration + 8.0),
        xticks=steps,
    )  # fmt: skip
    timing = "Each group fires once, one time step after its inputs"
    return {
        "graph": kit.page(title, kit.panel(_draw_graph), size=(8.4, 5.4)),
        "spikes": kit.page(timing, spikes, size=(7.4, 4.6)),
    }


def _draw_graph(axes: kit.Axes) -> None:
    """Draw the graph with weights, values and derivatives."""
    values, slopes = chain_rule()
    texts = {
        name: f"{name}\n{kit.signed(value, 3)}\n({kit.signed(slopes[name], 2, plus=True)})"
        for name, value in values.items()
    }
    arrows = {}
    for layer, sources, name in zip(GRAPH.layers, GRAPH.sources, GRAPH.names[3:], strict=True):
        for weight, source in zip(layer.weights[0].tolist(), sources, strict=True):
            arrows[GRAPH.names[source], name] = (weight, kit.signed(weight))
    draw_diagram(axes, POSITIONS, texts, arrows, size=0.52, apart=0.45)


def _draw_spikes(axes: kit.Axes, result: ns.Result, settings: Settings) -> None:
    """Draw the spikes of 40 neurons of each group at `POINT`."""
    values, _ = chain_rule()
    at, ticks = int(np.argmin(np.abs(AXIS - POINT[0]))), {}
    for k, name in enumerate(GRAPH.names[GRAPH.n_inputs :]):
        trains = result.spikes[settings.groups[0].population(k)]
        size = SIZE if name != "f5" else settings.trials
        on_time = np.rint(trains.times / result.dt) == GRAPH.depths[k]
        fired = trains.ids[on_time & (trains.ids // size == at)] % size
        rows, time = (SIZE + 6) * k + fired[fired < SIZE], GRAPH.depths[k] * result.dt
        axes.hlines(rows, time - 0.3, time + 0.3, color=kit.SPIKING, lw=1.6)
        text = f"fraction {len(fired) / size:.2f} fires (value {values[name]:.2f})"
        kit.label(axes, time + 0.4, (SIZE + 6) * k + 0.5 * SIZE, text)
        axes.axhspan((SIZE + 6) * k - 1, (SIZE + 6) * k + SIZE, color="0.95", zorder=0)
        ticks[name] = (SIZE + 6) * k + 0.5 * SIZE
    axes.set_yticks(list(ticks.values()), [f"{name}\n{SIZE} neurons" for name in ticks])
    axes.invert_yaxis()


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the value and the derivatives of g with those measured from the spikes."""
    curves, found = measured_curves(result, settings), findings(result, settings)
    fraction, exact = (np.array([curve[k] for curve in curves[:3]]).ravel() for k in (-1, -2))
    same = bridge.agreement(fraction > 0.5, exact > 0.5)
    largest = float(np.abs(fraction - exact).max())
    error = f"standard error up to {0.5 / np.sqrt(settings.trials):.2g}"
    measures = {
        "agreement": same.labelled("Points on the same side of g = 1/2", f"of {len(exact)} points"),
        "largest_difference": kit.Measure(
            largest, note=error, label="Largest difference of g in spikes"
        ),
        "largest_difference_layers": kit.Measure(
            found["largest_difference_layers"], label="Largest difference of g in layers"
        ),
        "largest_difference_gradient": kit.Measure(
            found["largest_difference_gradient"], note="from finite differences",
            label="Largest difference of the gradient",
        ),
    }  # fmt: skip
    inside = 0
    for curve in curves:
        k = int(np.argmin(np.abs(AXIS - curve.at)))
        ends = curve.exact[[k - 1, k + 1]]
        error_of_slope = np.sqrt(np.sum(ends * (1.0 - ends)) / settings.trials) / (2.0 * STEP)
        half, value = float(bridge.NORMAL_95 * error_of_slope), curve.secant(curve.fraction)
        difference = curve.secant(curve.exact)
        inside += abs(value - difference) <= half
        measures[f"spiking_slope_{curve.key}"] = kit.Measure(
            value, "", value - half, value + half, f"exact {kit.signed(difference, 3)}",
            f"Slope of g in spikes: {curve.title}",
        )  # fmt: skip
    conclusion = (
        f"The spiking network computes g with an error of at most {largest:.2f}. For {inside} of "
        f"{len(curves)} slopes, measured over a distance of {2.0 * STEP:g}, the interval contains "
        "the exact value."
    )
    title = "A graph of neurons and its derivatives: abstract and in spikes"
    slopes = partial(_slopes_page, curves, settings)
    return kit.Comparison(title, measures, {"slopes": slopes}, conclusion)


def _slopes_page(curves: list[Curve], settings: Settings) -> kit.Figure:
    """Draw g along each input and along each path of x2, with the tangent of the chain rule."""
    panels = [
        kit.panel(
            _draw_curve, curve, settings, xlabel=f"x{curve.number + 1}", ylim=(-0.03, 1.03),
            ylabel="g, fraction that fires" if k in (0, 3) else "",
            title=f"{curve.title}: slope {kit.signed(curve.slope, 3, plus=True)}",
        )
        for k, curve in enumerate(curves)
    ]  # fmt: skip
    x2, through_f4, direct = (kit.signed(curves[k].slope, 3, plus=True) for k in (1, 3, 4))
    title = f"The paths of x2 add: {through_f4} {direct} = {x2}"
    return kit.page(title, *panels, columns=3, size=(9.8, 6.2), sharey=True, legend=3)


def _draw_curve(axes: kit.Axes, curve: Curve, settings: Settings) -> None:
    graph, column = (GRAPH, curve.number) if curve.key in GRAPH.names else (
        SPLIT, 1 if curve.key == "x2_through_f4" else 2
    )  # fmt: skip
    fine = np.linspace(AXIS[0], AXIS[-1], 201)
    points = np.tile(POINT if graph is GRAPH else SPLIT_POINT, (len(fine), 1))
    points[:, column] = fine
    g = graph(points)[:, 0]
    axes.plot(fine, g, color=kit.LOGISTIC, lw=4, label="graph of logistic units")
    fired = np.round(curve.fraction * settings.trials)
    kit.draw_fraction(axes, AXIS, fired, settings.trials, label="spiking neurons, 95 % interval")
    reach = min(1.2, 0.45 / max(abs(curve.slope), 1e-9)) * np.array([-1.0, 1.0])
    value = float(np.interp(curve.at, fine, g))
    axes.plot(curve.at + reach, value + curve.slope * reach, color="black", lw=1.8, ls="--",
              label="slope by the chain rule")  # fmt: skip


scenario = kit.lesson(__name__, row="S24", lectures=("L4",), duration=15.0, dt=5.0)
