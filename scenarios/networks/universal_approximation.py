"""Universal approximation: two units make a pulse, many pulses any function.

A threshold unit that fires if x is above 0.35 mV adds 1 mV, and one that fires if x is above
0.65 mV subtracts 1 mV: their sum is a square pulse. Pulses side by side, each as high as a function
in its middle, approximate the function. With n pulses the error is at most half the width of a
pulse times the largest slope of the function. It falls as 1/n, so that for any error some number of
pulses suffices.

In the spiking network x is the size of a PSP, each unit is a neuron without noise, and the sum is
the membrane potential of a neuron whose threshold is out of reach. Each value of x has a copy of
the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

import bridge
import neurosim as ns
from bridge.spiking import NeuronGroup
from scenarios import _kit as kit

STEEPEST = 2.0 * np.pi
"""Largest slope of the function."""
POINTS = (np.arange(401) + 0.5) / 401
"""Values of x (mV); none is the edge of a pulse."""
PULSES = (4, 8, 16, 32, 64)


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    error: float = kit.setting(0.1, "mV", 0.02, 1.0, "largest error of the approximation")

    @property
    def enough(self) -> int:
        """Number of pulses for which the bound of the error is small enough."""
        return int(np.ceil(STEEPEST / (2.0 * self.error)))


def function(x: kit.Floats) -> kit.Floats:
    """Return the function to approximate (mV)."""
    return 1.2 + 0.5 * np.sin(2.0 * np.pi * x) + 0.25 * np.sin(4.0 * np.pi * x)


def pulses(edges: kit.Floats, heights: kit.Floats) -> bridge.LayeredNetwork:
    """Return threshold units, and a sum of them that consists of adjacent square pulses.

    Each pulse has a unit that fires above its left edge and adds the height, and a unit that fires
    above its right edge and subtracts it.

    Parameters
    ----------
    edges : (n + 1,) ndarray
    heights : (n,) ndarray
    """
    thresholds = np.column_stack([edges[:-1], edges[1:]]).ravel()
    units = bridge.Layer.partial(np.ones((len(thresholds), 1)), -thresholds, "step")
    weights = np.column_stack([heights, -heights]).reshape(1, -1)
    return bridge.LayeredNetwork((units, bridge.Layer.partial(weights, None, "linear")))


def approximation(n: int) -> bridge.LayeredNetwork:
    """Return n pulses of equal width, each as high as the function in its middle."""
    edges = np.linspace(0.0, 1.0, n + 1)
    return pulses(edges, function(0.5 * (edges[:-1] + edges[1:])))


def spiking(settings: Settings) -> dict[int, NeuronGroup]:
    """Return the spiking networks by number of pulses; 1 is a single pulse of 1 mV."""
    networks = {n: approximation(n) for n in sorted({*PULSES, settings.enough})}
    networks = {1: pulses(np.array([0.35, 0.65]), np.array([1.0]))} | networks
    return {n: NeuronGroup(network, name=f"{n} pulses, ") for n, network in networks.items()}


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a copy of each network for each value of x."""
    groups = spiking(settings).values()
    return kit.group_trials(options, [(group, POINTS[:, np.newaxis]) for group in groups])


def sums(result: ns.Result, settings: Settings) -> dict[int, kit.Floats]:
    """Return the potential of the summing neuron above rest (mV), by number of pulses."""
    return {n: group.outputs_in(result)[-1][:, 0] for n, group in spiking(settings).items()}


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure the largest error of the spiking sums by number of pulses."""
    found = sums(result, settings)
    errors = {n: np.abs(found[n] - function(POINTS)).max() for n in found if n > 1}
    slope, _ = np.polyfit(np.log(PULSES), np.log([errors[n] for n in PULSES]), 1)
    return {
        "pulse_heights": sorted(set(np.round(found[1], 9))),
        "pulses": list(errors),
        "units": [2 * n for n in errors],
        "largest_errors": list(errors.values()),
        "bounds": [STEEPEST / (2.0 * n) for n in errors],
        "error_falls_as_power": slope,
        "pulses_enough": settings.enough,
        "error_of_enough": errors[settings.enough],
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the error by number of pulses."""
    errors = kit.listed(f"{error:.3f}" for error in found["largest_errors"])
    return [
        f"Sums of square pulses, made by two spiking neurons each, approximated a function of x at "
        f"{len(POINTS)} values.",
        f"With {kit.listed(map(str, found['pulses']))} pulses the largest error is {errors} mV.",
        f"The error falls as the power {kit.signed(found['error_falls_as_power'], 3)} of the "
        "number of pulses; its bound falls as the power −1.",
        f"For an error of at most {settings.error:g} mV, {found['pulses_enough']} pulses "
        f"({2 * found['pulses_enough']} neurons) suffice: their error is "
        f"{found['error_of_enough']:.3f} mV.",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw how two units make a pulse, and sums of more and more pulses."""
    found, hidden = sums(result, settings), spiking(settings)[1].outputs_in(result)[0]

    def draw_units(axes: kit.Axes) -> None:
        axes.step(POINTS, hidden[:, 0], color=ns.plot.EXCITATORY, lw=2)
        axes.step(POINTS, -hidden[:, 1], color=ns.plot.INHIBITORY, lw=2)
        kit.label(axes, 0.67, 1.0, "unit 1 adds 1 mV", ns.plot.EXCITATORY, "above")
        kit.label(axes, 0.64, -1.0, "unit 2 subtracts 1 mV", ns.plot.INHIBITORY, "left")

    def draw_sum(axes: kit.Axes, n: int) -> None:
        if n > 1:
            axes.plot(POINTS, function(POINTS), color=kit.LOGISTIC, lw=4, label="function")
        label = "potential of the summing neuron"
        axes.step(POINTS, found[n], color=kit.SPIKING, lw=1.5, label=label)

    shared = {"xlabel": "x (mV)", "ylabel": "sum (mV)"}
    panels = [
        kit.panel(draw_units, title="Two units", xlabel="x (mV)", ylabel="spike × weight (mV)",
                  ylim=(-1.3, 1.3)),
        kit.panel(draw_sum, 1, title="Their sum is a pulse", ylim=(-0.1, 1.3), **shared),
    ]  # fmt: skip
    for n in (4, 8, 16, settings.enough):
        title = f"{n} pulses, {2 * n} units"
        panels.append(kit.panel(draw_sum, n, title=title, ylim=(0, 2.1), **shared))
    title = "Two neurons make a pulse, and many pulses approximate a function"
    return {"pulses": kit.page(title, *panels, size=(9.6, 5.8), legend=2)}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the spiking sums with those of threshold units, and with the function."""
    found, groups = findings(result, settings), spiking(settings)
    off = np.array([
        np.abs(potential - groups[n].network(POINTS[:, np.newaxis])[:, 0])
        for n, potential in sums(result, settings).items()
    ])  # fmt: skip
    equal = bridge.agreement(off < 1e-6, np.ones_like(off))
    measures = {
        "agreement": equal.labelled("Spiking = abstract, within 10⁻⁶ mV", f"of {off.size:,} sums"),
        "largest_difference": kit.Measure(float(off.max()), "mV"),
        "error_falls_as_power": kit.Measure(
            found["error_falls_as_power"], label="The error falls as this power of n"
        ),
    }
    for n, error, bound in zip(
        found["pulses"], found["largest_errors"], found["bounds"], strict=True
    ):
        measures[f"error_{n}_pulses"] = kit.Measure(
            error, "mV", note=f"bound: {bound:.3g} mV", label=f"Largest error of {n} pulses"
        )
    measures["pulses_enough"] = kit.Measure(
        settings.enough, label=f"Pulses that suffice for {settings.error:g} mV"
    )
    conclusion = (
        "The membrane potential equals the sum of the threshold units, and its error stays below "
        f"the bound 2π/2n: {settings.enough} pulses suffice for {settings.error:g} mV."
    )
    title = "Universal approximation by pulses: threshold units and spiking neurons"
    drawings = {"error": partial(_draw_error, found, settings)}
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_error(found: kit.Findings, settings: Settings) -> kit.Figure:
    """Draw the largest error against the number of pulses."""
    n = found["pulses"]
    abstract = [
        np.abs(approximation(k)(POINTS[:, np.newaxis])[:, 0] - function(POINTS)).max() for k in n
    ]

    def draw(axes: kit.Axes) -> None:
        axes.loglog(n, found["bounds"], color="black", lw=1, ls="--", label="bound 2π/2n")
        axes.loglog(n, abstract, color=kit.LOGISTIC, lw=4, label="threshold units")
        errors = found["largest_errors"]
        axes.loglog(n, errors, "D", color=kit.SPIKING, ms=5, label="spiking neurons")
        axes.axhline(settings.error, color="0.45", lw=0.9, ls=":")
        kit.label(axes, 5.8, settings.error, f"allowed: {settings.error:g} mV", "0.35", "above")
        ticks = (0.05, 0.1, 0.2, 0.5, 1.0)
        axes.set_yticks(ticks, map(str, ticks))
        axes.set_xticks(n, map(str, n))
        axes.minorticks_off()

    labels = {"xlabel": "number of pulses n (two neurons each)", "ylabel": "largest error (mV)"}
    panel = kit.panel(draw, legend="upper right", **labels)
    return kit.page("The error falls as 1/n, for threshold units and for spiking neurons", panel)


scenario = kit.lesson(__name__, row="S6", lectures=("L0", "L1"), duration=10.0, dt=5.0)
