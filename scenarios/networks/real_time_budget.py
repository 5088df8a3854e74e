"""How many neurons run in real time: the lecture's estimate, and what is measured here."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

import bridge
from neurosim.scenario import Scenario
from scenarios.networks.real_time_budget_model import (
    CORTEX,
    LECTURE,
    WARMUP,
    Settings,
    Timing,
    lecture_network,
    simulate,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    import neurosim as ns

FLOP_PER_EVENT = 2
"""The lecture's count for a synapse that brings a spike: a product and a sum."""
HIGHEST_RATE = 200.0
"""Hz, at which the lecture lets every synapse work: a spike after every 5 ms of refractoriness."""
LECTURE_FLOP_PER_S = 200e9
"""What the lecture expects of a computer."""
RECORD_FLOP_PER_S = 150e15
"""The fastest computer of 2018."""
BRAIN = 1e11
"""Neurons."""

ALLOWED = {
    "rate_allowed_by_arithmetic_hz": "a product and a sum a synapse, as the lecture counts",
    "rate_allowed_by_reading_hz": "reading each synapse from memory",
    "rate_allowed_by_delivering_hz": "reading it and adding it up",
    "real_time_rate_hz": "simulated",
}
"""Rates of `_budget` that stand side by side, in words."""
RATES = np.array([0.2, 1000.0])
CROWDED = 250.0
BOTTOM = 1e-3
SHADE = "0.95"
ESTIMATE: Mapping[str, Any] = MappingProxyType(
    {"color": "#E69F00", "lw": 4, "alpha": 0.6, "ls": "--"}
)
"""Range of the axes, the rate beyond which there is no room on its right, the colour of what is in
real time, and how the estimate is drawn."""


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Set the lecture's estimate beside what was measured, and name what it leaves out."""
    per_neuron = LECTURE.synapses * FLOP_PER_EVENT * HIGHEST_RATE
    return {
        "estimate": {
            "flop_per_s_per_neuron": per_neuron,
            "neurons_in_real_time": round(LECTURE_FLOP_PER_S / per_neuron),
            "brain_flop_per_s": BRAIN * per_neuron,
            "record_2018_flop_per_s": RECORD_FLOP_PER_S,
        },
        "machine": {
            "threads": int(result.measured["threads"][0]),
            "flop_per_s": _machine(result, "flop_per_s"),
            "bytes_per_s": _machine(result, "bytes_per_s"),
        },
        **{
            circuit.name: _budget(result, Timing.of(result, circuit))
            for circuit in (LECTURE, CORTEX)
        },
    }


def _machine(result: ns.Result, name: str) -> float:
    return float(result.measured[name][0])


def _budget(result: ns.Result, timing: Timing) -> dict[str, object]:
    """Return what a circuit needs, and the rates (Hz) that each resource would allow by itself."""
    flop_per_s, read_per_s = (_machine(result, name) for name in ("flop_per_s", "bytes_per_s"))
    n_bytes, rate = timing.bytes_per_event, timing.real_time_rate
    per_s = rate * timing.synapses
    return {
        "neurons": timing.neurons,
        "synapses": timing.synapses,
        "build_s": timing.build_s,
        "rates_hz": timing.rates,
        "real_time_factors": timing.factors,
        "real_time_rate_hz": rate,
        "real_time_rate_extrapolated": not timing.factors.min() <= 1.0 <= timing.factors.max(),
        "rate_allowed_by_arithmetic_hz": flop_per_s / (FLOP_PER_EVENT * timing.synapses),
        "rate_allowed_by_reading_hz": read_per_s / (n_bytes * timing.synapses),
        "rate_allowed_by_delivering_hz": 1e9 / (timing.limit_ns * timing.synapses),
        "bytes_per_event": n_bytes,
        "bytes_per_s": per_s * n_bytes,
        "flop_per_s": per_s * FLOP_PER_EVENT,
        "share_of_flop_per_s": per_s * FLOP_PER_EVENT / flop_per_s,
        "share_of_bytes_per_s": per_s * n_bytes / read_per_s,
        "share_of_delivering": per_s * timing.limit_ns * 1e-9,
        "bytes_per_s_at_200_hz": HIGHEST_RATE * timing.synapses * n_bytes,
    }


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw the time that each network takes over its rate: estimated, allowed, and measured."""
    from neurosim import plot

    fig = plot.figure(9.6, 5.0)
    axes = plot.panels(fig, 1, 2, sharey=True)
    with plot.style():
        for panel, circuit in zip(axes, (LECTURE, CORTEX), strict=True):
            _draw(panel, result, Timing.of(result, circuit))
        axes[0].set_ylabel("real-time factor (wall-clock over simulated time)")
        axes[0].text(0.25, 0.85, "in real time", va="top", fontsize=9, color="0.35")
        handles, labels = axes[0].get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside lower center", ncols=2)
    return {"budget": fig}


def _draw(axes: Axes, result: ns.Result, timing: Timing) -> None:
    """Draw one network: a line for every resource that could be the only one, and the truth."""
    from neurosim import plot

    reading, flop = _machine(result, "bytes_per_s"), _machine(result, "flop_per_s")
    n_bytes = timing.bytes_per_event
    estimate = FLOP_PER_EVENT / LECTURE_FLOP_PER_S * timing.synapses
    axes.loglog(RATES, estimate * RATES, **ESTIMATE, label="the lecture's estimate: 200 GFLOP/s")
    allowed = (
        (FLOP_PER_EVENT / flop, 1, f"arithmetic alone: {flop / 1e9:.0f} GFLOP/s here"),
        (
            n_bytes / reading,
            4,
            f"reading {n_bytes:.0f} bytes an event: {reading / 1e9:.0f} GB/s here",
        ),
        (
            timing.limit_ns * 1e-9,
            2,
            f"reading and adding up: {timing.limit_ns:.2f} ns an event here",
        ),
    )
    for per_event, colour, words in allowed:
        per_hz = per_event * timing.synapses
        axes.plot(RATES, per_hz * RATES, color=plot.PALETTE[colour], label=words)
        _mark(axes, 1.0 / per_hz, plot.PALETTE[colour])
    axes.plot(timing.rates, timing.factors, "o-", ms=4, color="black", label="simulated")
    _mark(axes, timing.real_time_rate, "black", above=True)
    axes.axhspan(BOTTOM, 1.0, color=SHADE, zorder=0)
    each = timing.synapses / timing.neurons
    axes.set(xlim=RATES, ylim=(BOTTOM, 20.0), xlabel="mean firing rate (Hz)")
    axes.set_title(f"{timing.neurons:,.0f} neurons, {each:,.0f} synapses each")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_formatter("{x:g}")


def _mark(axes: Axes, rate: float, colour: str, *, above: bool = False) -> None:
    """Write the rate (Hz) that is reached in real time, left above its line or right below it."""
    if not RATES[0] < rate < RATES[1]:
        return
    axes.plot(rate, 1.0, "D", ms=5, color=colour, zorder=4)
    above |= rate > CROWDED
    axes.annotate(
        f"{rate:.2g} Hz" if rate < 10.0 else f"{rate:.0f} Hz",
        (rate, 1.0),
        xytext=(-6, 4) if above else (6, -4),
        textcoords="offset points",
        ha="right" if above else "left",
        va="bottom" if above else "top",
        color=colour,
        weight="bold",
        fontsize=9,
        bbox={"fc": "white" if above else SHADE, "ec": "none", "pad": 0.5},
    )


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set the rates that arithmetic and memory would allow beside the one that was reached."""
    measures: dict[str, bridge.Measure] = {}
    for key, circuit in (("lecture", LECTURE), ("cortex", CORTEX)):
        budget = _budget(result, Timing.of(result, circuit))
        for name, words in ALLOWED.items():
            measures[f"{key}_{name}"] = bridge.Measure(float(budget[name]), "Hz", note=words)  # type: ignore[arg-type]
    reached = measures["lecture_real_time_rate_hz"].value
    share = reached / measures["lecture_rate_allowed_by_arithmetic_hz"].value
    note = "rate reached over that which counting products and sums promises"
    measures = {"agreement": bridge.Measure(share, note=note)} | measures
    return bridge.Comparison(
        title="How fast neurons may fire in real time: as counted, and as simulated",
        measures=measures,
        drawings={"rates": partial(_draw_allowed, measures)},
    )


def _draw_allowed(measures: dict[str, bridge.Measure]) -> Figure:
    """Draw the rates of both networks, one bar for each way to count, and the one reached."""
    from neurosim import plot

    fig = plot.figure(8.0, 4.2)
    (axes,) = plot.panels(fig)
    names = {
        "lecture": "71,000 neurons,\n7,000 synapses each",
        "cortex": "50,000 neurons,\n1,000 synapses each",
    }
    with plot.style():
        for j, (name, words) in enumerate(ALLOWED.items()):
            colour = "black" if name == "real_time_rate_hz" else plot.PALETTE[j + 1]
            for k, key in enumerate(names):
                value = measures[f"{key}_{name}"].value
                place = k + 0.2 * j - 0.3
                axes.bar(place, value, 0.18, color=colour, label=None if k else words)
                text = f"{value:.2g}" if value < 10.0 else f"{value:.0f}"
                axes.text(place, value * 1.08, text, ha="center", va="bottom", fontsize=9)
        axes.axhline(HIGHEST_RATE, color="0.45", lw=0.9, ls="--")
        axes.text(1.5, HIGHEST_RATE * 1.05, "200 Hz, the lecture's", ha="right", fontsize=9)
        axes.set(yscale="log", ylabel="mean rate in real time (Hz)", xlim=(-0.5, 1.5))
        axes.margins(y=0.15)
        axes.set_xticks(range(len(names)), list(names.values()))
        fig.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return fig


scenario = Scenario(
    name="real-time-budget",
    title="How many neurons run in real time, and what the estimate left out",
    row="S8",
    source="L0 L1",
    group="Networks",
    description=(
        "The lecture counts: 7,000 synapses, a product and a sum each, 200 times a second make "
        "2.8 MFLOP/s a neuron, so a computer of 200 GFLOP/s runs 71,000 neurons in real time, and "
        "the 100 billion of a brain need 2.8e17 FLOP/s, twice the record of 2018. Here that very "
        "network, and a cubic millimetre of cortex (50,000 neurons with 1,000 synapses), are built "
        "and timed at several firing rates. Computers do the sums they are said to; what the "
        "estimate left out is memory: each synapse has to be fetched, and what it brings put where "
        "its target will look for it."
    ),
    settings=Settings,
    duration=1000.0,
    network=lecture_network,
    findings=findings,
    figures=figures,
    compare=compare,
    warmup=lambda settings: WARMUP,
    simulate=simulate,
)
