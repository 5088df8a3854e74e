"""Synapses on one neuron: their potentials add, and the sum decides whether it fires."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.sparse import csr_array

import bridge
import neurosim as ns
from neurosim.scenario import RunOptions, Scenario
from scenarios._kit.common import draw_levels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

NEURON = ns.LIF()
MEMBRANE = ns.LIF(v_threshold=200.0, v_peak=200.0)
"""The same without a threshold that inputs could reach."""
FIRING, DELAY = 9.0, 1.0
"""When the presynaptic neurons fire, and how long their spikes travel (ms)."""
LABELLED = 8
"""Most synapses drawn alone."""
MOST, STRONGEST = 50, 200.0
"""Most synapses, and most that they may add up to (mV)."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    psps: tuple[float, ...] = field(
        default=(-6.0, 10.0, 3.0),
        metadata={"help": "peak of each synapse's potential; below 0 it inhibits", "unit": "mV"},
    )
    synapse: Literal["delta", "exponential", "alpha"] = field(
        default="delta",
        metadata={
            "help": "what a spike brings: a jump of the potential, a current that jumps and "
            "decays, or a current that rises and falls"
        },
    )
    tau: float = field(
        default=5.0,
        metadata={"help": "time constant of the current of the latter two", "unit": "ms"},
    )

    def __post_init__(self) -> None:
        if not 1 <= len(self.psps) <= MOST:
            raise ns.NeurosimError(
                f"psps has {len(self.psps)} values: give from 1 to {MOST} synapses, in mV"
            )
        if not sum(map(abs, self.psps)) <= STRONGEST:
            raise ns.NeurosimError(
                f"psps add up to {sum(map(abs, self.psps)):g} mV, signs apart: {STRONGEST:g} mV "
                "are the most, 15 mV lead from rest to threshold"
            )
        ns.AlphaCurrent(self.tau)  # refuses a tau out of range

    def kind(self) -> ns.DeltaSynapse | ns.ExpCurrent | ns.AlphaCurrent:
        """Return the kind of synapse, one for all."""
        if self.synapse == "delta":
            return ns.DeltaSynapse()
        return (
            ns.ExpCurrent(self.tau) if self.synapse == "exponential" else ns.AlphaCurrent(self.tau)
        )


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe presynaptic neurons that fire together, and what their synapses reach.

    They reach the neuron, and membranes without threshold: membrane k has synapse k alone, the
    last one has them all. By Dale's law a neuron excites or inhibits, hence two populations.
    """
    psps = np.array(settings.psps)
    n = len(psps)
    net = ns.Network()
    neuron, membranes = net.add("neuron", 1, NEURON), net.add("membrane", n + 1, MEMBRANE)
    wirings = ((neuron, np.ones((n, 1))), (membranes, np.column_stack([np.eye(n), np.ones(n)])))
    for name, own in (("exc", psps >= 0), ("inh", psps < 0)):
        if not own.any():
            continue
        source = net.add(name, int(own.sum()), NEURON)
        net.drive(source, ns.SpikeTimes(np.array([FIRING])), psp=20.0)
        for target, wiring in wirings:
            strengths = csr_array(wiring[own] * psps[own, None])
            net.connect(source, target, psp=strengths, synapse=settings.kind(), delay=DELAY)
    net.record(membranes, "v")
    for variable in ("v", "input_exc", "input_inh"):
        net.record(neuron, variable)
    return net


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure the peaks, alone and together, and whether the neuron fired."""
    info, spikes = result.populations["neuron"], result.spikes["neuron"]
    free = result.traces["membrane", "v"].values - info.v_rest
    alone, together = free[:, :-1], free[:, -1]
    return {
        "rest_mv": info.v_rest,
        "threshold_mv": info.v_threshold,
        "psps_mv": settings.psps,
        "peaks_alone_mv": [extreme(psp) for psp in alone.T],
        "graded_mv": info.v_rest + extreme(together),
        "peak_mv": info.v_rest + extreme(result.traces["neuron", "v"].with_spikes(0) - info.v_rest),
        "fired": len(spikes) > 0,
        "spike_times_ms": spikes.times,
        "largest_error_of_sum_mv": np.abs(together - alone.sum(axis=1)).max(),
    }


def extreme(deviation: NDArray[np.float64]) -> float:
    """Return the value farthest from 0."""
    return float(deviation[np.abs(deviation).argmax()])


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw the synapses alone and together, and what the neuron makes of them."""
    from neurosim import plot

    fig = plot.figure(7.4, 5.6)
    upper, lower = plot.panels(fig, 2, 1, sharex=True)
    with plot.style():
        _draw_sum(upper, result, settings)
        plot.draw_voltage(lower, result, "neuron", 0)
        fired = len(result.spikes["neuron"]) > 0
        lower.set_title("the neuron fires" if fired else "the neuron stays silent")
        fig.legend(loc="outside lower center", ncols=3)
    return {"potentials": fig}


def _draw_sum(axes: Axes, result: ns.Result, settings: Settings) -> None:
    """Draw the potential of each synapse alone and of all together, without threshold."""
    from neurosim import plot

    trace = result.traces["membrane", "v"]
    for psp in list(dict.fromkeys(settings.psps))[:LABELLED]:
        equal = settings.psps.count(psp)
        colour = plot.colour_of(1 if psp >= 0 else -1)
        potential = trace.of(settings.psps.index(psp))
        axes.plot(trace.times, potential, color=colour)
        _label_peak(axes, result, potential, colour, f"{equal} × " if equal > 1 else "")
    together = trace.of(len(settings.psps))
    axes.plot(trace.times, together, color="black", lw=2.0, label="all synapses together")
    _label_peak(axes, result, together, "black")
    draw_levels(axes, result.populations["neuron"])
    axes.margins(y=0.1)
    axes.set(ylabel="potential (mV)", title="each synapse alone, and their sum")


def _label_peak(
    axes: Axes, result: ns.Result, potential: NDArray[np.float64], colour: str, words: str = ""
) -> None:
    """Write how far from rest the peak of a potential is, before the rise at its height."""
    deviation = potential - result.populations["membrane"].v_rest
    peak = np.abs(deviation).argmax()
    arrival, height = FIRING + DELAY, potential[peak]
    reached = result.traces["membrane", "v"].times[peak]
    axes.plot([arrival, reached], [height, height], color=colour, lw=0.8, ls=":")
    axes.annotate(
        words + f"{deviation[peak]:+.4g} mV".replace("-", "−"),
        (arrival, height),
        xytext=(-5, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        color=colour,
        fontsize=9,
    )


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set the potentials that the neuron reached beside the sum that the abstract unit takes."""
    found = findings(result, settings)
    gap = bridge.threshold_distance(NEURON)
    unit = bridge.LogisticUnit(-gap, np.array(settings.psps))
    score = float(unit.score(np.ones(len(settings.psps))))
    # A threshold unit answers 1 where its score is above 0, in millivolts as in any unit.
    fires, fired = round(score, 9) > 0.0, bool(found["fired"])
    graded = float(found["graded_mv"])  # type: ignore[arg-type]
    off = abs(graded - NEURON.v_threshold - score)
    return bridge.Comparison(
        title="Postsynaptic potentials: in the membrane, and as the sum of an abstract unit",
        measures={
            "agreement": bridge.Measure(fires == fired, note="whether it fires"),
            "score": bridge.Measure(score, "mV", note="−15 + Σ θᵢ of the abstract unit"),
            "graded_less_threshold": bridge.Measure(
                graded - NEURON.v_threshold, "mV", note="of the membrane without threshold"
            ),
            "difference": bridge.Measure(
                off, "mV", note="PSPs of one shape that arrive together add up"
            ),
            "unit_fires": bridge.Measure(fires, note="step(score)"),
            "neuron_fired": bridge.Measure(fired),
        },
        drawings={"sum": partial(_draw_steps, result, settings)},
    )


def _draw_steps(result: ns.Result, settings: Settings) -> Figure:
    """Draw the sum of the abstract unit step by step, and where the membrane's peak is."""
    from neurosim import plot

    psps = np.array(settings.psps)
    ends = NEURON.v_rest + np.cumsum(psps)
    begins = ends - psps
    fig = plot.figure(max(4.8, 1.6 + 0.7 * len(psps)), 4.0)
    (axes,) = plot.panels(fig)
    with plot.style():
        for sign, kind in ((1, "excitatory"), (-1, "inhibitory")):
            words, own = f"θᵢ of an {kind} synapse", psps >= 0 if sign > 0 else psps < 0
            if own.any():
                places = np.flatnonzero(own)
                colour = plot.colour_of(sign)
                axes.bar(places, psps[own], 0.6, begins[own], color=colour, label=words)
        for k in range(len(psps)):
            axes.plot([k - 0.3, k + 1.3], [ends[k], ends[k]], color="black", lw=0.9)
        graded = float(findings(result, settings)["graded_mv"])  # type: ignore[arg-type]
        axes.plot(len(psps), graded, "D", ms=7, color="#009E73", label="peak of the membrane")
        draw_levels(axes, result.populations["neuron"])
        axes.set_xticks([*range(len(psps)), len(psps)], [*map(str, range(1, len(psps) + 1)), "Σ"])
        axes.set(xlabel="synapse", ylabel="potential (mV)")
        axes.margins(y=0.12)
        fig.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=1)
    return fig


scenario = Scenario(
    name="psp-summation",
    title="Postsynaptic potentials add, with their signs",
    row="S2",
    source="L0",
    group="The biological neuron",
    description=(
        "Synapses of -6, +10 and +3 mV reach one neuron at rest, their spikes arriving together: "
        "-70 - 6 + 10 + 3 = -63 mV at the peak, and no spike. With psps=10,3,3 it is -54 mV, above "
        "the threshold, and the neuron fires. Beside it stand membranes without threshold, one for "
        "each synapse alone and one for all. Excitatory and inhibitory synapses differ in sign "
        "only; a presynaptic neuron has one sign (Dale's law)."
    ),
    settings=Settings,
    duration=80.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
