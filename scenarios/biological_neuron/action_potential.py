"""Pushes of growing strength: up to −55 mV the neuron answers by degrees, above it all or none."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from neurosim.scenario import RunOptions, Scenario
from scenarios._kit.common import draw_levels, signed
from scenarios.biological_neuron.action_potential_channels import (
    SQUID,
    channel_findings,
    draw_channels,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

NEURON = ns.LIF()
ARRIVAL = 10.0
"""When the push arrives (ms)."""
STRONGEST = 200.0
"""Strongest push allowed (mV)."""
MOST = 100
"""Most pushes in one run."""
PANELS = 9
"""Most potentials drawn."""
BEFORE, AFTER = 1.0, 4.0
"""How much of a spike is drawn (ms)."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    pushes: tuple[float, ...] = field(
        default=(5.0, 10.0, 15.0, 15.1, 20.0, 40.0),
        metadata={"help": "how far each push lifts the potential", "unit": "mV"},
    )

    def __post_init__(self) -> None:
        if not 1 <= len(self.pushes) <= MOST:
            raise ns.NeurosimError(
                f"pushes has {len(self.pushes)} values: give from 1 to {MOST}, in mV"
            )
        for push in self.pushes:
            if not abs(push) <= STRONGEST:
                raise ns.NeurosimError(
                    f"pushes = {push:g} mV is outside -{STRONGEST:g} to {STRONGEST:g} mV: "
                    "15 mV lift the potential from rest to threshold"
                )


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe neurons of both kinds at rest, each with a push of its own."""
    net = ns.Network()
    for name, neuron in (("neuron", NEURON), ("channels", SQUID)):
        neurons = net.add(name, len(settings.pushes), neuron)
        net.drive(neurons, ns.SpikeTimes(np.array([ARRIVAL])), psp=np.array(settings.pushes))
        net.record(neurons, "v")
    return net


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure rest, peak and who fired."""
    info, trace = result.populations["neuron"], result.traces["neuron", "v"]
    pushes = np.array(settings.pushes)
    peaks = trace.with_spikes().max(axis=0)
    fired = result.spikes["neuron"].counts() > 0
    exact = pushes == info.v_threshold - info.v_rest
    return {
        "rest_mv": trace.values[trace.times < ARRIVAL].mean(),
        "threshold_mv": info.v_threshold,
        "peak_mv": peaks.max(),
        "pushes_mv": pushes,
        "peaks_mv": peaks,
        "fired": fired,
        "fired_at_exactly_threshold": fired[exact].any() if exact.any() else None,
        "highest_silent_mv": peaks[~fired].max(initial=info.v_rest),
        "distinct_spikes": len(np.unique(spike_shapes(result), axis=0)),
    } | channel_findings(result, pushes)


def spike_shapes(result: ns.Result) -> NDArray[np.float64]:
    """Return the potentials (mV) around each neuron's spike, one row for each that fired."""
    spikes, trace = result.spikes["neuron"], result.traces["neuron", "v"]
    fired = np.unique(spikes.ids)
    first = np.array([spikes.of(neuron)[0] for neuron in fired])
    starts = np.rint((first - BEFORE) / result.dt).astype(int) - 1
    length = len(trace.times) - starts.max(initial=0)
    rows = [
        trace.with_spikes(neuron)[start : start + length]
        for neuron, start in zip(fired, starts, strict=True)
    ]
    return np.array(rows).reshape(len(rows), length)


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw the potentials, and how their height depends on the push."""
    return {
        "potentials": _draw_potentials(result, settings),
        "all-or-none": _draw_all_or_none(result, settings),
        "ion-channels": draw_channels(result, np.array(settings.pushes)),
    }


def _draw_potentials(result: ns.Result, settings: Settings) -> Figure:
    from neurosim import plot

    shown = np.argsort(settings.pushes, kind="stable")[:PANELS]
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    fig = plot.figure(1.8 + 2.0 * columns, 1.0 + 1.8 * rows)
    grid = plot.panels(fig, rows, columns, sharex=True, sharey=True)
    info, trace = result.populations["neuron"], result.traces["neuron", "v"]
    low = trace.values[:, shown].min() - 22.0
    with plot.style():
        for place, (axes, neuron) in enumerate(zip(grid, shown, strict=False)):
            push = settings.pushes[neuron]
            axes.plot(trace.times, trace.with_spikes(neuron), color="black")
            axes.plot(ARRIVAL, low + 8.0, "^", color=plot.colour_of(1 if push >= 0 else -1), ms=7)
            axes.set_title(f"pushed by {signed(push)} mV", fontsize=10)
            draw_levels(axes, info, words=place % columns == columns - 1)
        for axes in grid[len(shown) :]:
            axes.set_visible(False)
        grid[0].set(xlim=(0.0, result.duration), ylim=(low, 36.0), yticks=(-70, -55, 0, 30))
        fig.supxlabel("time (ms); ▲ the push arrives", fontsize=10)
        fig.supylabel("membrane potential (mV)", fontsize=10)
    return fig


def _draw_all_or_none(result: ns.Result, settings: Settings) -> Figure:
    """Draw the height of the answer against the push, and the spikes over each other."""
    from neurosim import plot

    fig = plot.figure(7.6, 3.6)
    left, right = plot.panels(fig, 1, 2, sharey=True, width_ratios=(3, 2))
    info = result.populations["neuron"]
    pushes, fired = np.array(settings.pushes), result.spikes["neuron"].counts() > 0
    peaks = result.traces["neuron", "v"].with_spikes().max(axis=0)
    gap = info.v_threshold - info.v_rest
    with plot.style():
        left.plot([0.0, gap], [info.v_rest, info.v_threshold], color="0.7", lw=4, zorder=0)
        end = max(pushes.max(), 2.0 * gap)
        left.plot([gap, end], [info.v_peak, info.v_peak], color="0.7", lw=4, zorder=0)
        for who, fill, words in ((~fired, "white", "silent"), (fired, "black", "fires")):
            left.plot(pushes[who], peaks[who], "o", mfc=fill, color="black", ls="", label=words)
        left.set(xlabel="push (mV)", ylabel="highest potential (mV)", yticks=(-70, -55, 0, 30))
        left.set_title("by degrees, then all or none")
        left.legend(loc="center right")
        draw_levels(left, info, words=False)
        _draw_spikes(right, result, pushes[fired])
        draw_levels(right, info)
    return fig


def _draw_spikes(axes: Axes, result: ns.Result, pushes: NDArray[np.float64]) -> None:
    """Draw the spikes over each other, the first ones as the widest lines."""
    from neurosim import plot

    shapes = spike_shapes(result)[: len(plot.PALETTE), : round((BEFORE + AFTER) / result.dt)]
    for k, shape in enumerate(shapes):
        colour, width = plot.PALETTE[-1 - k], 2.0 + 3.0 * (len(shapes) - 1 - k)
        times = np.arange(len(shape)) * result.dt - BEFORE
        axes.plot(times, shape, color=colour, lw=width, label=f"{signed(pushes[k])} mV")
    axes.set(xlabel="time since the spike (ms)", title="the same spike")
    if len(shapes):
        axes.legend(loc="upper right", title="after a push of", alignment="left")


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set both neurons beside the abstract unit, which is active if the push is above 15 mV."""
    pushes = np.array(settings.pushes)
    info = result.populations["neuron"]
    active = pushes > info.v_threshold - info.v_rest
    fired = {name: result.spikes[name].counts() > 0 for name in ("neuron", "channels")}
    alike = {name: bridge.agreement(fired[name], active) for name in fired}
    peaks = result.traces["channels", "v"].values.max(axis=0)[fired["channels"]]
    weakest = {
        f"weakest_push_that_fires_{name}": bridge.Measure(pushes[who].min(), "mV")
        for name, who in fired.items()
        if who.any()
    }
    return bridge.Comparison(
        title="All or none: integrate-and-fire, ion channels, and a threshold unit",
        measures={
            "agreement": replace(alike["neuron"], note="integrate-and-fire, and push > 15 mV"),
            "agreement_of_channels": replace(
                alike["channels"], note="ion channels fire from a push of about 7 mV on"
            ),
            "spread_of_peaks": bridge.Measure(
                float(np.ptp(peaks)) if len(peaks) else 0.0,
                "mV",
                note="ion channels: of a spike of some 100 mV",
            ),
        }
        | weakest,
        drawings={"all-or-none": partial(_draw_worlds, result, pushes)},
    )


def _draw_worlds(result: ns.Result, pushes: NDArray[np.float64]) -> Figure:
    """Draw how far above rest each neuron came, and the abstract unit's step."""
    from neurosim import plot

    fig = plot.figure(6.4, 3.8)
    (axes,) = plot.panels(fig)
    gap = NEURON.v_threshold - NEURON.v_rest
    low, high = min(0.0, pushes.min()), max(pushes.max(), 2.0 * gap)
    with plot.style():
        step = [0.0, 0.0, 1.0, 1.0]
        axes.plot([low, gap, gap, high], step, color="0.7", lw=4, zorder=0, label="threshold unit")
        for name, marker, colour, words in (
            ("neuron", "o", "black", "integrate-and-fire"),
            ("channels", "D", plot.PALETTE[1], "ion channels"),
        ):
            peaks = result.traces[name, "v"].with_spikes().max(axis=0)
            rest = result.populations[name].v_rest
            share = (peaks - rest) / (NEURON.v_peak - NEURON.v_rest)
            axes.plot(pushes, share, marker, color=colour, mfc="none", ms=7, label=words)
        axes.set(xlabel="push (mV)", ylabel="answer (1 = 100 mV)")
        fig.legend(loc="outside lower center", ncols=3)
    return fig


scenario = Scenario(
    name="action-potential",
    title="All or none: what it takes to make a neuron fire",
    row="S1",
    source="L0, L1, L4",
    group="The biological neuron",
    description=(
        "Equal neurons rest at -70 mV, and each receives one push of another strength. Up to the "
        "threshold of -55 mV the potential answers by degrees and falls back; at exactly -55 mV "
        "the neuron is still silent. Strictly above, it fires: the potential rises to +30 mV and "
        "returns, and a stronger push gives the same spike. Beside them stand neurons whose action "
        "potential is made by ion channels: sodium flows in, potassium out. They have no sharp "
        "threshold, but they too fire all or none."
    ),
    settings=Settings,
    duration=60.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
