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

# Largest slope of the function.
STEEPEST = 2.0 * np.pi
# Values of x (mV); none is the edge of a pulse.
POINTS = (np.arange(401) + 0.5) / 401
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


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure the largest error of the spiking sums by number of pulses."""
    found = kit.group_outputs(result, spiking(settings))
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
    counts = kit.listed(map(str, found["pulses"]))
    errors = kit.listed(f"{error:.3f}" for error in found["largest_errors"])
    return kit.sentences(
        found,
        "Sums of square pulses, made by two spiking neurons each, approximated a function of x at "
        f"{len(POINTS)} values.",
        f"With {counts} pulses the largest error is {errors} mV.",
        "The error falls as the power {error_falls_as_power:.3g} of the number of pulses; its "
        "bound falls as the power -1.",
        f"For an error of at most {settings.error:g} mV, {{pulses_enough}} pulses suffice: their "
        "error is {error_of_enough:.3f} mV.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw how two units make a pulse, and sums of more and more pulses."""
    groups = spiking(settings)
    found, hidden = kit.group_outputs(result, groups), groups[1].outputs_in(result)[0]
    shared = {"xlabel": "x (mV)", "ylabel": "sum (mV)"}
    step = {"drawstyle": "steps-pre", "lw": 2}
    above, below = ns.plot.EXCITATORY, ns.plot.INHIBITORY

    def potential(n: int) -> kit.Layer:
        label = "potential of the summing neuron"
        return kit.curve(POINTS, found[n], label, color=kit.SPIKING, **step)

    panels = [
        kit.chart(
            kit.curve(POINTS, hidden[:, 0], text="unit 1 adds 1 mV", at=-60, side="above",
                      color=above, **step),
            kit.curve(POINTS, -hidden[:, 1], text="unit 2 subtracts 1 mV", at=-1, side="left",
                      color=below, **step),
            title="Two units", xlabel="x (mV)", ylabel="spike × weight (mV)", ylim=(-1.3, 1.3),
        ),
        kit.chart(potential(1), title="Their sum is a pulse", ylim=(-0.1, 1.3), **shared),
        *(
            kit.chart(
                kit.curve(POINTS, function(POINTS), "function", **kit.ABSTRACT), potential(n),
                title=f"{n} pulses, {2 * n} units", ylim=(0, 2.1), **shared,
            )
            for n in (4, 8, 16, settings.enough)
        ),
    ]  # fmt: skip
    title = "Two neurons make a pulse, and many pulses approximate a function"
    return {"pulses": kit.page(title, *panels, size=(9.6, 5.8), legend=2)}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the spiking sums with those of threshold units, and with the function."""
    found, groups = findings(result, settings), spiking(settings)
    potentials, inputs = kit.group_outputs(result, groups), POINTS[:, np.newaxis]
    units = {k: group.network(inputs)[:, 0] for k, group in groups.items()}
    off = np.array([np.abs(potentials[k] - units[k]) for k in groups])
    equal = bridge.agreement(off < 1e-6, np.ones_like(off))
    errors = zip(found["pulses"], found["largest_errors"], found["bounds"], strict=True)
    measures = kit.rows(
        found,
        ("agreement", f"Spiking = abstract, within 10⁻⁶ mV | of {off.size:,} sums", equal),
        ("error_falls_as_power", "The error falls as this power of n"),
        *(
            (f"error_{n}_pulses", f"Largest error (mV) of {n} pulses | bound: {bound:.3g}", error)
            for n, error, bound in errors
        ),
        ("pulses_enough", f"Pulses that suffice for {settings.error:g} mV"),
        ("largest_difference", "Largest difference (mV)", off.max()),
    )
    conclusion = (
        "The membrane potential equals the sum of the threshold units, and its error stays below "
        f"the bound 2π/2n: {settings.enough} pulses suffice for {settings.error:g} mV."
    )
    n = found["pulses"]
    abstract = [np.abs(units[k] - function(POINTS)).max() for k in n]
    chart = kit.chart(
        kit.curve(n, found["bounds"], "bound 2π/2n", color="black", ls="--"),
        kit.curve(n, abstract, "threshold units", **kit.ABSTRACT),
        kit.curve(n, found["largest_errors"], "spiking neurons", **kit.DOTS),
        kit.level(settings.error, f"allowed: {settings.error:g} mV", 6.0), legend="upper right",
        xscale="log", yscale="log", xticks=n, xticklabels=n, yticks=(0.05, 0.1, 0.2, 0.5),
        yticklabels=(0.05, 0.1, 0.2, 0.5), xlabel="number of pulses n (two neurons each)",
        ylabel="largest error (mV)",
    )  # fmt: skip
    message = "The error falls as 1/n, for threshold units and for spiking neurons"
    title = "Universal approximation by pulses: threshold units and spiking neurons"
    return kit.Comparison(title, measures, {"error": partial(kit.page, message, chart)}, conclusion)


scenario = kit.lesson(__name__, row="S6", lectures=("L0", "L1"), duration=10.0, dt=5.0)
