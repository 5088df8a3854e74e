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
from bridge.networks import train_best
from bridge.spiking import NeuronGroup
from scenarios import _kit as kit

GRID = kit.Plane(*2 * [np.arange(21.0) / 10.0 - 1.0])
# Points to which the sums are fitted, and points at which their error is measured.
FINE = kit.Plane(*2 * [np.arange(81.0) / 40.0 - 1.0])
# Centres and radii of the discs.
REGIONS = {
    "one disc": (((0.0, 0.0), 0.6),),
    "three discs": (((-0.5, -0.4), 0.35), ((0.45, -0.35), 0.3), ((0.1, 0.5), 0.4)),
}
# Steepness of the edge of a disc.
STEEPNESS = 25.0
UNITS, KINDS = (1, 2, 3, 4, 6, 12), ("radial", "sigmoid")
# Sums that become spiking neurons: region, kind and number of units.
SPIKING = {
    "one unit": ("one disc", "radial", 1),
    "radial": ("three discs", "radial", 3),
    "sigmoid": ("three discs", "sigmoid", 12),
}
# Random initial weights of each fit; the one with the lowest loss is used.
STARTS = 3


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    repeats: int = kit.setting(10, "", 2, 20, "trials at each of 441 points")
    size: int = kit.setting(4, "", 1, 10, "neurons for each unit of a sum")
    steps: int = kit.setting(200, "", 10, 1000, "maximum number of training steps of each fit")


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
        options: kit.Options = {"loss": "squared", "tol": 1e-9, "max_iter": steps}
        best[region, kind, n], _ = train_best(starts, inputs, wanted, **options)
    return best


def spiking(settings: Settings, seed: int) -> dict[str, NeuronGroup]:
    """Return the spiking networks: a single radial unit, and sums with a decision at 1/2."""
    groups = {}
    for name, case in SPIKING.items():
        hidden, output = fits(settings.steps, seed)[case].layers
        decision = bridge.Layer(output.weights, output.bias - 0.5, "step")
        layers = bridge.LayeredNetwork((hidden,) if name == "one unit" else (hidden, decision))
        groups[name] = NeuronGroup(layers, settings.size, name=f"{name}, ")
    return groups


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add the spiking networks, with a copy for each trial at each point."""
    kit.require_duration(options, 2 * options.dt)  # before the training
    points, groups = GRID.trials(settings.repeats), spiking(settings, options.seed)
    trials = [(groups[name], features(kind, points)) for name, (_, kind, _) in SPIKING.items()]
    return kit.group_trials(options, trials)


def fired(result: ns.Result, settings: Settings) -> dict[str, kit.Floats]:
    """Return in which trials the outputs fired (1), shape (n_points, n_repeats)."""
    outputs = kit.group_outputs(result, spiking(settings, result.seed))
    return {name: fired.reshape(len(GRID.points), -1) for name, fired in outputs.items()}


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure the fitted disc, the errors of all sums, and the decisions of the spiking ones."""
    unit = fits(settings.steps, result.seed)["one disc", "radial", 1].layers[0]
    disc = RadialUnit.from_logistic(bridge.LogisticUnit(float(unit.bias[0]), unit.weights[0]))
    found: kit.Findings = {"radius": disc.radius, "units": UNITS}
    for region, kind in product(REGIONS, KINDS):
        sums = [fits(settings.steps, result.seed)[region, kind, n] for n in UNITS]
        inputs, wanted = features(kind, FINE.points), target(region, FINE.points)
        found[f"errors_{kind}_{region.replace(' ', '_')}"] = [
            float(np.sqrt(np.mean((fitted(inputs)[:, 0] - wanted) ** 2))) for fitted in sums
        ]
    inside = target("three discs", GRID.points)[:, np.newaxis] > 0.5
    for kind in KINDS:
        found[f"right_spiking_{kind}"] = np.mean(fired(result, settings)[kind] == inside)
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
    upper, lower, trials = [], [], fired(result, settings)
    for name, (region, kind, n) in SPIKING.items():
        edge = kit.layer(FINE.draw_contour, target(region, FINE.points))
        fitted = fits(settings.steps, result.seed)[region, kind, n](features(kind, FINE.points))
        words = f"{n} {kind} unit{'s' * (n > 1)}"
        upper.append(FINE.panel(fitted, edge, title=words))
        lower.append(GRID.panel(trials[name].mean(axis=1), edge, title=f"{words} in spikes"))
    title = "Spiking radial units fill discs; the sum of sigmoid units is lost in noise"
    page = kit.page(
        title, *upper, *lower, columns=3, size=(9.4, 5.8), sharex=True, sharey=True,
        colourbar="firing probability",
    )  # fmt: skip
    return {"planes": page}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare spiking and abstract units, and radial with sigmoid units."""
    found, trials = findings(result, settings), fired(result, settings)
    unit = spiking(settings, result.seed)["one unit"].network
    probability, fraction = unit(with_square(GRID.points))[:, 0], trials["one unit"].mean(axis=1)
    same = bridge.agreement(fraction > 0.5, probability > 0.5)
    measures = {"agreement": same.labelled("One radial unit: spiking = abstract", "of 441 points")}
    inside = target("three discs", GRID.points) > 0.5
    for kind in KINDS:
        case = region, _, n = SPIKING[kind]
        fitted = fits(settings.steps, result.seed)[case](features(kind, GRID.points))[:, 0]
        right = bridge.agreement(trials[kind], np.tile(inside, (settings.repeats, 1)).T)
        words = f"{n} {kind} units for {region}"
        measures |= kit.rows(
            {},
            (f"right_{kind}", f"{words}: correct", np.mean((fitted > 0.5) == inside)),
            (f"right_spiking_{kind}", f"{words}, spiking: correct", right),
        )
    conclusion = (
        "In spikes, the sum of 3 radial units decides correctly in {right_spiking_radial:.1%} of "
        "the trials, and that of 12 sigmoid units in {right_spiking_sigmoid:.1%}: their large "
        "weights cancel, but the noise of their spikes does not."
    ).format_map(found)
    panels = []
    for region in REGIONS:
        curves = [
            kit.curve(UNITS, found[f"errors_{kind}_{region.replace(' ', '_')}"], f"{kind} units",
                      marker="o", lw=2, color=colour)
            for kind, colour in zip(KINDS, ("#E69F00", "#56B4E9"), strict=True)
        ]  # fmt: skip
        labels: kit.Options = {"xlabel": "units in the sum", "ylabel": "error (root mean square)"}
        panels.append(kit.chart(*curves, title=region.capitalize(), xticks=UNITS, **labels))
    drawing = partial(
        kit.page, "One radial unit for each disc suffices; 12 sigmoid units do not", *panels,
        size=(8.6, 3.9), sharex=True, sharey=True, legend=2,
    )  # fmt: skip
    title = "Radial units and sigmoid units, abstract and spiking"
    return kit.Comparison(title, measures, {"errors": drawing}, conclusion)


scenario = kit.lesson(__name__, row="S17", lectures=("L1",), duration=10.0, dt=5.0)
