"""Radial units: one unit fits a disc, which takes many sigmoid units.

A logistic neuron that also receives the squared norm of its input, as inhibition, is active within
a radius of a centre: σ(s (r² − ‖x − c‖²)), where r is the radius and c the centre. Sums of such
radial units, and sums of sigmoid units, are fitted to one disc and to three discs by gradient
descent. One radial unit fits a disc, and three fit three discs. Each sigmoid unit contributes one
straight edge, and four times as many of them do not suffice.

Then the units become spiking neurons with soft thresholds (escape noise). Several neurons represent
a unit, and an output neuron fires if the weighted sum of their spikes exceeds 1/2. To form discs,
sigmoid units need large weights that cancel. The random spikes of neurons do not cancel, and the
sum is lost in noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import product

import numpy as np

import bridge
import neurosim as ns
from bridge.classics import RadialUnit, radial_network, with_square
from bridge.spiking import NeuronGroup
from scenarios import _kit as kit

GRID = kit.Plane(*2 * [np.arange(21.0) / 10.0 - 1.0])
FINE = kit.Plane(*2 * [np.arange(81.0) / 40.0 - 1.0])
"""Points to which the sums are fitted, and points at which their error is measured."""
REGIONS = {
    "one disc": (((0.0, 0.0), 0.6),),
    "three discs": (((-0.5, -0.4), 0.35), ((0.45, -0.35), 0.3), ((0.1, 0.5), 0.4)),
}
"""Centres and radii of the discs."""
STEEPNESS = 25.0
"""Steepness of the edge of a disc."""
UNITS, KINDS = (1, 2, 3, 4, 6, 12), ("radial", "sigmoid")
SPIKING = {"radial": 3, "sigmoid": 12}
"""Units of the sums, fitted to three discs, that become spiking neurons."""
STARTS = 3
"""Random initial weights of each fit; the one with the lowest loss is used."""


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    repeats: int = kit.setting(10, "", 2, 20, "trials at each of 441 points")
    size: int = kit.setting(4, "", 1, 10, "neurons for each unit of a sum")
    steps: int = kit.setting(200, "", 10, 5000, "maximum number of training steps of each fit")


def target(region: str, points: kit.Floats) -> kit.Floats:
    """Return the function to fit: 1 inside the discs and 0 outside, with soft edges."""
    discs = [RadialUnit(centre, radius, STEEPNESS)(points) for centre, radius in REGIONS[region]]
    return np.max(discs, axis=0)


def features(kind: str, points: kit.Floats) -> kit.Floats:
    """Return the inputs of a kind of unit."""
    return with_square(points) if kind == "radial" else points


def initial(region: str, kind: str, n_units: int, seed: int) -> bridge.LayeredNetwork:
    """Return a sum with random weights; radial units are centred within the region."""
    if kind == "radial":
        inside = GRID.points[target(region, GRID.points) > 0.5]
        return radial_network(inside, n_units, seed=seed)
    network = bridge.LayeredNetwork.random([2, n_units, 1], ["sigmoid", "linear"], seed)
    return network.with_parameters(4.0 * network.parameters)


@lru_cache(maxsize=4)
def fits(steps: int, seed: int) -> dict[tuple[str, str, int], bridge.LayeredNetwork]:
    """Return the fitted sums by region, kind and number of units."""
    best = {}
    for region, kind, n in product(REGIONS, KINDS, UNITS):
        inputs, wanted = features(kind, GRID.points), target(region, GRID.points)
        starts = [initial(region, kind, n, seed + k) for k in range(STARTS)]
        best[region, kind, n] = kit.best_fit(
            starts, inputs, wanted, loss="squared", tol=1e-9, max_iter=steps
        )
    return best


def errors(settings: Settings, seed: int, region: str, kind: str) -> list[float]:
    """Return the root-mean-square error of sums of 1, 2, … units, in the order of `UNITS`."""
    sums = [fits(settings.steps, seed)[region, kind, n] for n in UNITS]
    inputs, wanted = features(kind, FINE.points), target(region, FINE.points)
    return [float(np.sqrt(np.mean((fitted(inputs)[:, 0] - wanted) ** 2))) for fitted in sums]


def radial_unit(settings: Settings, seed: int) -> bridge.LayeredNetwork:
    """Return the radial unit fitted to one disc, without the output layer."""
    return bridge.LayeredNetwork(fits(settings.steps, seed)["one disc", "radial", 1].layers[:1])


def spiking(settings: Settings, seed: int) -> dict[str, tuple[NeuronGroup, kit.Floats]]:
    """Return one radial unit and both sums as spiking networks, with the inputs of all trials."""
    unit = NeuronGroup(radial_unit(settings, seed), outputs=settings.repeats, name="one unit, ")
    networks = {"one unit": (unit, with_square(GRID.points))}
    for kind, n in SPIKING.items():
        hidden, output = fits(settings.steps, seed)["three discs", kind, n].layers
        decision = bridge.Layer(output.weights, output.bias - 0.5, "step")
        layers = bridge.LayeredNetwork((hidden, decision))
        group = NeuronGroup(layers, settings.size, name=f"{kind}, ")
        networks[kind] = group, features(kind, GRID.trials(settings.repeats))
    return networks


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add the spiking networks, with a copy for each trial at each point."""
    kit.require_duration(options, 2 * options.dt)  # before the training
    return kit.group_trials(options, spiking(settings, options.seed).values())


def fractions(result: ns.Result, settings: Settings) -> dict[str, kit.Floats]:
    """Return the fraction of trials in which the output fired, at each point of the grid."""
    groups, n = spiking(settings, result.seed), len(GRID.points)
    return {
        name: group.outputs_in(result)[-1].reshape(n, -1).mean(axis=1)
        for name, (group, _) in groups.items()
    }


def right(result: ns.Result, settings: Settings, kind: str) -> kit.Measure:
    """Return the fraction of trials in which the spiking sum decides correctly."""
    group, inputs = spiking(settings, result.seed)[kind]
    inside = target("three discs", inputs[:, :2]) > 0.5
    return bridge.agreement(group.outputs_in(result)[-1][:, 0], inside)


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure the fitted disc, the errors of all sums, and the decisions of the spiking ones."""
    (unit,) = radial_unit(settings, result.seed).layers
    disc = RadialUnit.from_logistic(bridge.LogisticUnit(float(unit.bias[0]), unit.weights[0]))
    found: kit.Findings = {"centre": disc.centre, "radius": disc.radius, "units": UNITS}
    for region, kind in product(REGIONS, KINDS):
        key = f"errors_{kind}_{region.replace(' ', '_')}"
        found[key] = errors(settings, result.seed, region, kind)
    for kind in KINDS:
        found[f"right_spiking_{kind}"] = right(result, settings, kind).value
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State how well both kinds of units fit discs, abstract and spiking."""
    return kit.sentences(
        found,
        "Sums of radial and of sigmoid units were fitted to discs, and run as spiking neurons at "
        f"{len(GRID.points)} points, in {settings.repeats} trials at each.",
        "One radial unit fits one disc with a root-mean-square error of "
        "{errors_radial_one_disc[0]:.3f}; its radius is {radius:.3f} (disc: 0.6). With 12 sigmoid "
        "units the error is {errors_sigmoid_one_disc[5]:.3f}.",
        "For three discs the error is {errors_radial_three_discs[2]:.3f} with 3 radial units, and "
        "{errors_sigmoid_three_discs[5]:.3f} with 12 sigmoid units.",
        "As spiking neurons, 3 radial units decide correctly in {right_spiking_radial:.1%} of the "
        "trials, and 12 sigmoid units in {right_spiking_sigmoid:.1%}.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw where units and spiking neurons fire: one radial unit, and both sums."""
    abstract = [radial_unit(settings, result.seed)(with_square(FINE.points))[:, 0]]
    for kind, n in SPIKING.items():
        fitted = fits(settings.steps, result.seed)["three discs", kind, n]
        abstract.append(fitted(features(kind, FINE.points))[:, 0])
    regions = ("one disc", "three discs", "three discs")
    names = ("1 radial unit", "3 radial units", "12 sigmoid units")
    panels = [
        kit.chart(
            kit.layer(plane.draw, values, contour=False),
            kit.layer(FINE.draw_contour, target(region, FINE.points)),
            title=f"{name}{words}", xlabel="input 1", ylabel="input 2", aspect="equal",
            xlim=(-1, 1), ylim=(-1, 1),
        )
        for plane, planes, words in (
            (FINE, abstract, ""), (GRID, fractions(result, settings).values(), " in spikes")
        )
        for values, region, name in zip(planes, regions, names, strict=True)
    ]  # fmt: skip
    title = "Spiking radial units fill discs; the sum of sigmoid units is lost in noise"
    page = kit.page(
        title, *panels, columns=3, size=(9.4, 5.8), sharex=True, sharey=True,
        colourbar="firing probability",
    )  # fmt: skip
    return {"planes": page}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare spiking and abstract units, and radial with sigmoid units."""
    fired, found = fractions(result, settings), fits(settings.steps, result.seed)
    probability = radial_unit(settings, result.seed)(with_square(GRID.points))[:, 0]
    off = float(np.sqrt(np.mean((fired["one unit"] - probability) ** 2)))
    chance = np.sqrt(np.mean(probability * (1.0 - probability)) / settings.repeats)
    same = bridge.agreement(fired["one unit"] > 0.5, probability > 0.5)
    rms = f"One radial unit: difference (rms) | expected by chance: {chance:.2g}"
    rows = [
        ("agreement", "One radial unit: spiking = abstract | of 441 points", same),
        ("difference_unit", rms, off),
    ]
    inside = target("three discs", GRID.points) > 0.5
    for kind, n in SPIKING.items():
        fitted, words = found["three discs", kind, n], f"{n} {kind} units"
        decided = fitted(features(kind, GRID.points))[:, 0] > 0.5
        rows += [
            (f"right_{kind}", f"{words}: correct", (decided == inside).mean()),
            (f"right_spiking_{kind}", f"{words}, spiking: correct", right(result, settings, kind)),
            (f"noise_{kind}", f"{words}, spiking: noise of the sum",
             noise(fitted, kind, settings.size)),
        ]  # fmt: skip
    for region, kind in product(REGIONS, KINDS):
        n = len(REGIONS[region]) if kind == "radial" else UNITS[-1]
        error = errors(settings, result.seed, region, kind)[UNITS.index(n)]
        key = f"error_{n}_{kind}_{region.replace(' ', '_')}"
        rows.append((key, f"Error (rms) for {region}, {kind} units: {n}", error))
    measures = kit.rows({}, *rows)
    radial, sigmoid = (measures[f"right_spiking_{kind}"].value for kind in KINDS)
    ratio = measures["noise_sigmoid"].value / measures["noise_radial"].value
    conclusion = (
        f"In spikes, the sum of 3 radial units decides correctly in {radial:.1%} of the trials, "
        f"and that of 12 sigmoid units in {sigmoid:.1%}: its noise is {ratio:.1f} times as large."
    )
    panels = [
        kit.chart(
            *(
                kit.curve(UNITS, errors(settings, result.seed, region, kind), f"{kind} units",
                          marker="o", lw=2, color=colour)
                for kind, colour in zip(KINDS, ("#E69F00", "#56B4E9"), strict=True)
            ),
            title=region.capitalize(), xlabel="units in the sum", xticks=UNITS,
            ylabel="error (root mean square)",
        )
        for region in REGIONS
    ]  # fmt: skip
    drawing = partial(
        kit.page, "One radial unit for each disc suffices; 12 sigmoid units do not", *panels,
        size=(8.6, 3.9), sharex=True, sharey=True, legend=2,
    )  # fmt: skip
    title = "Radial units and sigmoid units, abstract and spiking"
    return kit.Comparison(title, measures, {"errors": drawing}, conclusion)


def noise(fitted: bridge.LayeredNetwork, kind: str, size: int) -> float:
    """Return the standard deviation √(Σ w² p (1 − p)/size) of a spiking sum, mean of the grid."""
    probability = fitted.outputs(features(kind, GRID.points))[0]
    variance = (probability * (1.0 - probability)) @ fitted.layers[1].weights[0] ** 2
    return float(np.sqrt(variance / size).mean())


scenario = kit.lesson(__name__, row="S17", lectures=("L1",), duration=10.0, dt=5.0)
