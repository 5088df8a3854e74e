"""A cortical column: firing rates under a square millimetre, layer by layer.

The microcircuit under one square millimetre of early sensory cortex has four layers (2/3, 4, 5 and
6) with an excitatory (E) and an inhibitory (I) population each, connected as anatomy and physiology
found them. At ``scale=1`` it has 77,169 neurons and 299 million synapses, and its firing rates
differ between layers as they do in animals.

Smaller scales keep fewer neurons and fewer inputs of each. PSPs are then divided by the square root
of the scale, and a constant current restores the mean input. This preserves the mean and the
variance of the input, but not the correlations between neurons, so rates deviate from the published
ones, most in layer 2/3. T. C. Potjans & M. Diesmann, Cerebral Cortex 24, 785 (2014); on scaling:
S. J. van Albada et al., PLoS Computational Biology 11, e1004490 (2015).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

import bridge
import neurosim as ns
from neurosim.bench.networks.microcircuit import NAMES, NEURON, PUBLISHED_RATES, microcircuit
from scenarios import _kit as kit

EXTERNAL = {"poisson": "Poisson spikes", "current": "a constant current"}
# Neurons of each population whose potential is recorded, once a millisecond.
RECORDED = 40


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    scale: float = kit.setting(0.1, "", 0.01, 1.0, "fraction of neurons and of inputs")
    input: Literal["poisson", "current"] = kit.setting(
        "poisson",
        help="external input as Poisson spikes or as a constant current; with a current, networks "
        "below scale 0.3 fall silent",
    )
    warmup: float = kit.setting(500.0, "ms", 0.0, 1e5, "time excluded at the start")


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Describe the microcircuit of Potjans & Diesmann (2014)."""
    net = microcircuit(settings.scale, poisson=settings.input == "poisson")
    for population in net.populations:
        ids = range(min(RECORDED, population.size))
        net.record(population, "v", ids=ids, interval=max(1.0, options.dt))
    return net


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure rate, irregularity and correlation of each population.

    The CV is that of neurons with at least ten spikes: with fewer it is biased downwards.
    """
    start, trains, analysis = settings.warmup, result.spikes, ns.analysis
    rate = {name: analysis.mean_rate(result, name, start) for name in NAMES}
    published = dict(zip(NAMES, PUBLISHED_RATES.tolist(), strict=True))
    cv = partial(analysis.cv_isi, start=start, min_spikes=10)
    correlation = partial(analysis.correlations, stop=result.duration, start=start)
    return {
        "rate_hz": rate,
        "published_rate_hz": published,
        "rate_over_published": {name: rate[name] / published[name] for name in NAMES},
        "cv": {name: kit.known_mean(cv(trains[name])) for name in NAMES},
        "correlation": {name: kit.known_mean(correlation(trains[name])) for name in NAMES},
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the rates of all populations, beside the published ones."""
    rates = kit.listed(
        f"{name} {found['rate_hz'][name]:.2f} ({found['published_rate_hz'][name]:.2f})"
        for name in NAMES
    )
    ratios = found["rate_over_published"]
    far = max(NAMES, key=lambda name: abs(np.log(max(ratios[name], 1e-3))))
    known = [cv for cv in found["cv"].values() if cv is not None]
    sentences = [
        f"{settings.scale:.0%} of the neurons under one square millimetre of cortex, and of the "
        f"inputs of each, with {EXTERNAL[settings.input]} as external input.",
        f"Firing rates in Hz (published, full scale): {rates}.",
        f"The largest deviation is that of {far}: {ratios[far]:.2f} times the published rate.",
    ]
    if settings.scale < 1.0:
        sentences.append(
            "Scaling down preserves the mean and the variance of the input, but not correlations, "
            "hence the deviation; scale=1 reproduces the published rates (299 million synapses)."
        )
    if known:
        sentences.append(
            f"Firing is irregular: the CV of inter-spike intervals is {min(known):.2f} to "
            f"{max(known):.2f} (Poisson process: 1)."
        )
    return sentences


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the raster of all layers, and rates and irregularity by population."""
    stop = result.duration
    start = max(min(settings.warmup, stop - 400.0), 0.0)
    title = f"Each layer fires at its own rate (scale {settings.scale:g})"
    raster = ns.plot.raster(result, start=start, stop=min(start + 400.0, stop), title=title)
    look: kit.Options = {"ls": "", "marker": "D", "mfc": "none", "mec": "black", "ms": 7}
    published = kit.curve(PUBLISHED_RATES, np.arange(8)[::-1], "published mean, full scale", **look)
    trains = result.spikes
    rates = {name: ns.analysis.rates(trains[name], settings.warmup, stop) for name in NAMES}
    cv = {name: ns.analysis.cv_isi(trains[name], settings.warmup, min_spikes=10) for name in NAMES}
    left = kit.chart(kit.layer(_draw_quartiles, rates), published, xlabel="firing rate (Hz)")
    right = kit.chart(kit.layer(_draw_quartiles, cv), xlabel="CV of inter-spike intervals")
    title = "Inhibitory neurons and layer 5 fire most; all fire irregularly"
    page = kit.page(title, left, right, size=(8.0, 4.4), legend=4, sharey=True)
    return {"raster": raster, "populations": page}


def _draw_quartiles(axes: kit.Axes, measured: dict[str, kit.Floats]) -> None:
    """Draw mean, median and quartiles of a measure by population."""
    for row, (name, values) in enumerate(reversed(measured.items())):
        values = values[np.isfinite(values)]
        if len(values):
            low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
            colour = ns.plot.colour_of(-1 if name.endswith("I") else 1)
            axes.plot([low, high], [row, row], color=colour, lw=5, alpha=0.35)
            axes.plot(middle, row, "|", color=colour, ms=11, mew=2)
            axes.plot(values.mean(), row, "o", color=colour, ms=5)
    axes.plot([], [], "o", color="0.4", ms=5, label="mean")
    axes.plot([], [], "|", color="0.4", ms=11, mew=2, label="median")
    axes.plot([], [], color="0.4", lw=5, alpha=0.35, label="quartiles")
    axes.set_yticks(range(len(measured)), reversed(measured))
    axes.set_xlim(left=0.0)


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare neurons of each population with a logistic function of their potential."""
    known: dict[str, bridge.SoftThreshold] = {}
    for name in NAMES:
        with suppress(ns.NeurosimError):  # too few spikes
            known[name] = bridge.SoftThreshold.of(result, name, start=settings.warmup)
    if not known:
        raise ns.NeurosimError(
            f"duration = {result.duration:g} ms: too few spikes for a comparison; simulate longer"
        )
    measures: dict[str, kit.Measure] = {}
    for name, one in known.items():
        label = f"Information on spikes of {name} | β = {one.beta.value:.2f} per mV"
        measures |= kit.rows({}, (f"bits_per_spike_{name}", label, one.bits_per_spike))
        measures |= {f"beta_{name}": one.beta, f"half_mv_{name}": kit.Measure(one.half, "mV")}
    missing = [name for name in NAMES if name not in known]
    few = f" Too few spikes were recorded in {kit.listed(missing)}." if missing else ""
    conclusion = (
        "The probability to fire in the next millisecond is close to a logistic function of the "
        "membrane potential in every population: synaptic input acts as noise at the threshold."
        + few
    )
    drawing = partial(
        kit.page, "Synaptic noise makes the threshold soft in every layer",
        *(kit.threshold_panel(one, NEURON.v_threshold, title=name) for name, one in known.items()),
        columns=4, size=(9.6, 5.0), sharex=True, sharey=True, legend=3,
    )  # fmt: skip
    title = "Neurons of the column, and logistic neurons with the potential as input"
    return kit.Comparison(title, measures, {"threshold": drawing}, conclusion)


def warmup(settings: Settings) -> float:
    """Return the time that reported rates exclude (ms)."""
    return settings.warmup


scenario = kit.lesson(__name__, duration=5500.0)
