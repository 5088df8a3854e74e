"""Radial units: one makes a cylinder, for which a sum of sigmoids needs ever so many."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
from bridge.classics import RadialUnit, with_square
from bridge.evaluation.plot import draw_planes
from neurosim.scenario import Scenario
from scenarios._kit.trials import SPIKING, TRAINED
from scenarios.networks.rbf_model import (
    COUNTS,
    KINDS,
    MOST,
    POINTS,
    SHOWN,
    TARGETS,
    UNITS,
    Outcome,
    Settings,
    network,
    scaled,
    target,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    import neurosim as ns

SIDE = len(COUNTS)
LABELS = ("spikes of input 1", "spikes of input 2")


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure the one unit's place and size, and how right both sums are in spikes."""
    outcome = Outcome.of(result, settings)
    (unit,) = outcome.fits["one disc", "radial", 1].units
    found = RadialUnit.from_logistic(unit)
    region = target("three discs", scaled(POINTS)) > 0.5
    return {
        "centre_spikes": found.centre,
        "radius_spikes": found.radius,
        "radius_wanted_spikes": 0.5 * MOST * TARGETS["one disc"][0][1],
        "units": UNITS,
        **{
            f"errors_{kind}_{name.replace(' ', '_')}": [
                outcome.fits[name, kind, n].error for n in UNITS
            ]
            for name in TARGETS
            for kind in KINDS
        },
        **{f"right_{kind}": _right(outcome.inside[kind], region) for kind in KINDS},
    }


def _right(share: NDArray[np.float64], region: NDArray[np.bool_]) -> float:
    """Return the share of trials that say rightly whether the input lies in a region."""
    return float(np.where(region, share, 1.0 - share).mean())


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw how often the one unit fires, and where the sums of both kinds say inside."""
    outcome = Outcome.of(result, settings)
    planes = {
        "one radial unit": outcome.unit.reshape(SIDE, SIDE),
        **{
            f"{SHOWN[kind]} {kind} units": outcome.inside[kind].reshape(SIDE, SIDE)
            for kind in KINDS
        },
    }
    return {"planes": bridge.decision_plane(COUNTS, COUNTS, planes, labels=LABELS)}


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set spikes beside units, and the fit by radial units beside that by sigmoids."""
    outcome = Outcome.of(result, settings)
    return bridge.Comparison(
        title="Radial units: spiking and abstract, and against sums of sigmoids",
        measures=_spikes(outcome, settings) | _errors(outcome),
        drawings={
            "units": partial(_draw_units, outcome),
            "errors": partial(_draw_errors, outcome),
        },
    )


def _spikes(outcome: Outcome, settings: Settings) -> dict[str, bridge.Measure]:
    """Return how near the neurons come to the units they stand for."""
    (unit,) = outcome.fits["one disc", "radial", 1].units
    probability = unit.probability(with_square(POINTS))
    found = bridge.agreement(outcome.unit > 0.5, probability > 0.5)
    measures = {"agreement": found}
    error = np.sqrt(probability * (1.0 - probability) / settings.repeats)
    rms = float(np.sqrt(np.mean((outcome.unit - probability) ** 2)))
    chance = float(np.sqrt(np.mean(error**2)))
    note = f"one radial unit, share of {settings.repeats} trials; by chance alone {chance:.2g}"
    measures["difference_unit"] = bridge.Measure(rms, note=note)
    region = target("three discs", scaled(POINTS)) > 0.5
    for kind in KINDS:
        fit = outcome.fits["three discs", kind, SHOWN[kind]]
        right = float(((fit(scaled(POINTS)) > 0.5) == region).mean())
        spiking = _right(outcome.inside[kind], region)
        note = f"three discs by {SHOWN[kind]} {kind} units, {settings.size} neurons each"
        measures[f"right_spiking_{kind}"] = bridge.Measure(spiking, note=note)
        measures[f"right_{kind}"] = bridge.Measure(right, note="the same, abstract")
        note = "standard deviation of the neurons' sum, of a wanted 0 or 1, mean of the plane"
        noise = fit.noise(scaled(POINTS)) / np.sqrt(settings.size)
        measures[f"noise_{kind}"] = bridge.Measure(float(noise.mean()), note=note)
    return measures


def _errors(outcome: Outcome) -> dict[str, bridge.Measure]:
    """Return how far the fits are off, and how many sigmoids one radial unit is worth."""
    measures = {}
    for name in TARGETS:
        for kind in KINDS:
            n = len(TARGETS[name]) if kind == "radial" else UNITS[-1]
            error = outcome.fits[name, kind, n].error
            key = f"error_{n}_{kind}_{name.replace(' ', '_')}"
            words = "unit" if n == 1 else "units"
            weights = n * (5 if kind == "radial" else 4) + 1
            note = f"root mean square, {n} {kind} {words}: {weights} parameters"
            measures[key] = bridge.Measure(error, note=note)
    return measures


def _draw_units(outcome: Outcome) -> Figure:
    """Draw the one unit in both worlds, then what both sums make of three discs."""
    from neurosim import plot

    (unit,) = outcome.fits["one disc", "radial", 1].units
    points = scaled(POINTS)
    planes = {
        "one radial unit": unit.probability(with_square(POINTS)),
        "… as a neuron": outcome.unit,
        "wanted: three discs": target("three discs", points),
    }
    for kind in KINDS:
        fit = outcome.fits["three discs", kind, SHOWN[kind]]
        planes[f"{SHOWN[kind]} {kind} units"] = fit(points).clip(0.0, 1.0)
    planes["… as neurons: 3 radial"] = outcome.inside["radial"]
    fig = plot.figure(10.4, 6.6)
    grid = plot.panels(fig, 2, 3, sharex=True, sharey=True)
    shaped = {words: plane.reshape(SIDE, SIDE) for words, plane in planes.items()}
    draw_planes(fig, grid, COUNTS, COUNTS, shaped, LABELS)
    grid[3].set_ylabel(LABELS[1])
    for axes in grid[:3]:
        axes.set_xlabel("")
    return fig


def _draw_errors(outcome: Outcome) -> Figure:
    """Draw the error of the fits against the number of units."""
    from neurosim import plot

    fig = plot.figure(8.4, 3.9)
    grid = plot.panels(fig, 1, 2, sharey=True)
    with plot.style():
        for axes, name in zip(grid, TARGETS, strict=True):
            for kind, colour, mark in zip(KINDS, (SPIKING, TRAINED), ("o", "s"), strict=True):
                errors = [outcome.fits[name, kind, n].error for n in UNITS]
                words = f"{kind} units"
                axes.plot(UNITS, errors, mark + "-", color=colour, ms=5, label=words)
            axes.set(xlabel="units in the sum", title=name, xticks=UNITS, ylim=(0.0, 0.45))
        grid[0].set_ylabel("error of the fit (root mean square)")
        fig.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return fig


scenario = Scenario(
    name="rbf",
    title="Radial units: one unit, one cylinder, against sums of sigmoids",
    row="S17",
    source="L1",
    group="Networks",
    description=(
        "A logistic neuron that also hears the square of its input, as inhibition, is active "
        "within a radius of a centre: a cylinder over the plane. One such unit fits a disc, three "
        "fit three discs; sums of sigmoids, each of which is a straight edge, do not in four times "
        "as many. Both are also made of spiking neurons with soft thresholds, whose inputs are "
        "volleys of spikes; an output neuron adds them up and fires where the sum exceeds 1/2. "
        "Sigmoids make a disc of large weights that cancel, and neurons that fire by chance do "
        "not cancel: their sum drowns in noise."
    ),
    settings=Settings,
    duration=10.0,
    dt=5.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
