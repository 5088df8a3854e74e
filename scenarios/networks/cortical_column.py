"""A square millimetre of cortex: eight populations in four layers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

import neurosim as ns
from neurosim.analysis import correlations, cv_isi, mean_rate, rates
from neurosim.scenario import RunOptions, Scenario
from scenarios.networks.microcircuit import NAMES, PUBLISHED_RATES, microcircuit

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    scale: float = field(
        default=0.1,
        metadata={"help": "share of neurons and of their inputs that is kept, 1 for all"},
    )
    input: Literal["poisson", "current"] = field(
        default="poisson",
        metadata={
            "help": "external input as Poisson spikes or as a constant current; without the noise "
            "of the former, networks below scale 0.3 fall silent"
        },
    )
    warmup: float = field(
        default=500.0, metadata={"help": "time before the first measurement", "unit": "ms"}
    )

    def __post_init__(self) -> None:
        if not 0.01 <= self.scale <= 1.0:
            raise ns.NeurosimError(
                f"scale = {self.scale:g} is outside 0.01 to 1: it is the share of the full network"
            )
        if not 0.0 <= self.warmup <= 1e5:
            raise ns.NeurosimError(
                f"warmup = {self.warmup:g} ms is outside 0 to 100000 ms: give a time in ms"
            )


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe the microcircuit of Potjans & Diesmann (2014)."""
    return microcircuit(settings.scale, poisson=settings.input == "poisson")


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure rate, irregularity and correlation of each population, beside the published rates.

    The CV is of neurons with ten spikes and more: with fewer it comes out too low.
    """
    start = settings.warmup
    found = {name: mean_rate(result, name, start) for name in NAMES}
    published = dict(zip(NAMES, PUBLISHED_RATES.tolist(), strict=True))
    trains = result.spikes
    return {
        "rate_hz": found,
        "published_rate_hz": published,
        "rate_over_published": {name: found[name] / published[name] for name in NAMES},
        "cv": {name: _mean(cv_isi(trains[name], start, min_spikes=10)) for name in NAMES},
        "correlation": {
            name: _mean(correlations(trains[name], result.duration, start=start)) for name in NAMES
        },
    }


def _mean(values: NDArray[np.float64]) -> float | None:
    """Return the mean of what is known."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw the raster of all layers, and rates and irregularity by population."""
    from neurosim import plot

    stop = result.duration
    start = max(min(settings.warmup, stop - 400.0), 0.0)
    title = f"cortical microcircuit at scale {settings.scale:g}"
    return {
        "raster": plot.raster(result, start=start, stop=min(start + 400.0, stop), title=title),
        "populations": _draw_populations(result, settings),
        "spread": plot.rates_and_cv(result, start=settings.warmup, title=title),
    }


def _draw_populations(result: ns.Result, settings: Settings) -> Figure:
    """Draw the quartiles of rates and CVs of each population, with the published mean rates."""
    from neurosim import plot

    fig = plot.figure(7.0, 3.6)
    left, right = plot.panels(fig, 1, 2, sharey=True)
    places = np.arange(len(NAMES))[::-1]
    for place, name in zip(places, NAMES, strict=True):
        trains = result.spikes[name]
        colour = plot.colour_of(result.populations[name].sign)
        neurons = rates(trains, settings.warmup, result.duration)
        cv = cv_isi(trains, settings.warmup, min_spikes=10)
        for axes, values in ((left, neurons), (right, cv[np.isfinite(cv)])):
            if len(values) == 0:
                continue
            low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
            axes.plot([low, high], [place, place], color=colour, lw=5, alpha=0.35)
            axes.plot(middle, place, "|", color=colour, ms=11, mew=2)
            axes.plot(values.mean(), place, "o", color=colour, ms=5)
    left.plot(PUBLISHED_RATES, places, "D", mfc="none", mec="black", ms=6, label="published mean")
    left.plot([], [], "o", color="0.4", ms=5, label="mean")
    left.plot([], [], "|", color="0.4", ms=11, mew=2, label="median")
    left.plot([], [], color="0.4", lw=5, alpha=0.35, label="quartiles")
    left.set_yticks(places, NAMES)
    left.set_xlim(left=0.0)
    left.set_xlabel("firing rate (Hz)")
    right.set_xlim(left=0.0)
    right.set_xlabel("CV of inter-spike intervals")
    fig.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    fig.suptitle(f"cortical microcircuit at scale {settings.scale:g}", fontsize=11)
    return fig


scenario = Scenario(
    name="cortical-column",
    title="A square millimetre of cortex, layer by layer",
    group="Networks",
    description=(
        "The microcircuit under a square millimetre of early sensory cortex: four layers of "
        "excitatory and inhibitory neurons, wired as anatomy and physiology found them. At scale 1 "
        "it has 77,169 neurons and 299 million synapses; below, in-degrees are multiplied by the "
        "scale, strengths divided by its root, and a constant current restores the mean input. "
        "Firing rates differ between the layers as they do in the animal. T. C. Potjans & M. "
        "Diesmann, Cerebral Cortex 24, 785 (2014)."
    ),
    settings=Settings,
    duration=5500.0,
    network=network,
    findings=findings,
    figures=figures,
    warmup=lambda settings: settings.warmup,
)
