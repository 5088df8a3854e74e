"""Postsynaptic potentials add, with their signs.

Three synapses of −6, +10 and +3 mV reach a neuron at rest at the same time. Their postsynaptic
potentials (PSPs) add: −70 − 6 + 10 + 3 = −63 mV at the peak. This is below the threshold of −55 mV,
so the neuron does not fire. With ``psps=10,3,3`` the sum is −54 mV, and the neuron fires.

Membranes without a threshold record each PSP alone and the sum of all. A presynaptic neuron either
excites or inhibits all its targets (Dale's law), so there are two presynaptic populations. Currents
of these synapses do not depend on the membrane potential; synapses with a reversal potential add up
only approximately.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from scipy.sparse import csr_array

import bridge
import neurosim as ns
from scenarios import _kit as kit

NEURON = ns.LIF()
# The same neuron, with a threshold that the input cannot reach.
MEMBRANE = ns.LIF(v_threshold=200.0, v_peak=200.0)
# Time of the presynaptic spikes, and their delay (ms).
SPIKE, DELAY = 9.0, 1.0


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    psps: tuple[float, ...] = kit.setting(
        (-6.0, 10.0, 3.0), "mV", -100.0, 100.0, "peak of each PSP; negative: inhibitory",
        length=(1, 50),
    )  # fmt: skip
    synapse: Literal["delta", "exponential", "alpha"] = kit.setting(
        "delta", help="time course of the synaptic current"
    )
    tau: float = kit.setting(5.0, "ms", 0.1, 1000.0, "time constant of the synaptic current")

    def __post_init__(self) -> None:
        super().__post_init__()
        total = sum(map(abs, self.psps))
        if total > 200.0:
            raise ns.NeurosimError(f"the sizes of psps add up to {total:g} mV: give at most 200 mV")

    @property
    def model(self) -> ns.DeltaSynapse | ns.ExpCurrent | ns.AlphaCurrent:
        """Model of all synapses."""
        if self.synapse == "delta":
            return ns.DeltaSynapse()
        return (ns.ExpCurrent if self.synapse == "exponential" else ns.AlphaCurrent)(self.tau)


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Connect presynaptic neurons that fire together to a neuron and to passive membranes.

    Membrane k receives synapse k alone, the last membrane receives all synapses.
    """
    psps = np.array(settings.psps)
    n = len(psps)
    net = ns.Network()
    neuron, membranes = net.add("neuron", 1, NEURON), net.add("membrane", n + 1, MEMBRANE)
    alone_and_all = np.column_stack([np.eye(n), np.ones(n)])
    for name, chosen in (("exc", psps >= 0), ("inh", psps < 0)):
        if chosen.any():
            source = net.add(name, int(chosen.sum()), NEURON)
            net.drive(source, ns.SpikeTimes([SPIKE]), psp=20.0)
            for target, wiring in ((neuron, np.ones((n, 1))), (membranes, alone_and_all)):
                matrix = csr_array(wiring[chosen] * psps[chosen, None])
                net.connect(source, target, psp=matrix, synapse=settings.model, delay=DELAY)
    net.record(membranes, "v")
    for variable in ("v", "input_exc", "input_inh"):
        net.record(neuron, variable)
    return net


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure the peaks of the PSPs, alone and together, and whether the neuron fired."""
    rest, spikes = NEURON.v_rest, result.spikes["neuron"]
    psps = result.traces["membrane", "v"].values - rest
    alone, together = psps[:, :-1], psps[:, -1]
    return {
        "rest_mv": rest,
        "threshold_mv": NEURON.v_threshold,
        "psps_mv": settings.psps,
        "peaks_alone_mv": [extreme(psp) for psp in alone.T],
        "graded_mv": rest + extreme(together),
        "peak_mv": rest + extreme(result.traces["neuron", "v"].with_spikes(0) - rest),
        "fired": len(spikes) > 0,
        "spike_times_ms": spikes.times,
        "largest_error_of_sum_mv": np.abs(together - alone.sum(axis=1)).max(),
    }


def extreme(deviation: kit.Floats) -> float:
    """Return the value farthest from 0."""
    return float(deviation[np.abs(deviation).argmax()])


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the sum of the PSPs and its consequence."""
    peaks = kit.listed(kit.signed(peak, 4, plus=True) for peak in found["peaks_alone_mv"])
    graded, side = kit.signed(found["graded_mv"], 6), "above" if found["fired"] else "not above"
    times = found["spike_times_ms"]
    outcome = f"fires at {times[0]:.1f} ms" if found["fired"] else "does not fire"
    return [
        f"{len(settings.psps)} presynaptic spikes reached a neuron at rest (−70 mV) at "
        f"{SPIKE + DELAY:g} ms, through {settings.synapse} synapses.",
        f"Alone, the PSPs peak at {peaks} mV.",
        f"Together they peak at {graded} mV, {side} the threshold of −55 mV: the neuron {outcome}.",
        "The sum of the single PSPs differs from the potential of all synapses together by at most "
        f"{found['largest_error_of_sum_mv']:.0e} mV.",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the PSPs alone and together, and the response of the neuron."""
    found = findings(result, settings)
    outcome = "the neuron fires" if found["fired"] else "the neuron stays silent"
    upper = kit.panel(
        _draw_psps, result, settings, ylabel="membrane potential (mV)",
        title="Without threshold: each synapse alone, and all together (black)",
    )  # fmt: skip
    lower = kit.panel(ns.plot.draw_voltage, result, "neuron", 0, title="With threshold")
    title = f"{len(settings.psps)} PSPs add up to {kit.signed(found['graded_mv'], 6)} mV: {outcome}"
    fig = kit.page(title, upper, lower, columns=1, size=(7.0, 5.8), sharex=True, legend=3)
    return {"potentials": fig}


def _draw_psps(axes: kit.Axes, result: ns.Result, settings: Settings) -> None:
    """Draw the potential of each synapse alone and of all together."""
    trace = result.traces["membrane", "v"]
    kit.draw_levels(axes, result.populations["neuron"])
    curves = {psp: trace.of(settings.psps.index(psp)) for psp in settings.psps}
    for psp, potential in list(curves.items())[:8]:  # no more labels fit
        count, colour = settings.psps.count(psp), ns.plot.colour_of(1 if psp >= 0 else -1)
        axes.plot(trace.times, potential, color=colour)
        _label_peak(axes, potential, colour, f"{count} × " if count > 1 else "")
    together = trace.of(len(settings.psps))
    axes.plot(trace.times, together, color="black", lw=2.0)
    _label_peak(axes, together, "black")
    axes.margins(y=0.12)


def _label_peak(axes: kit.Axes, potential: kit.Floats, colour: str, before: str = "") -> None:
    """Write the peak of a PSP to the left of its rise."""
    peak = extreme(potential - NEURON.v_rest)
    text = f"{before}{kit.signed(peak, 4, plus=True)} mV"
    kit.label(axes, SPIKE + DELAY, NEURON.v_rest + peak, text, colour, "left")


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the peak potential with the weighted sum of a threshold unit."""
    found = findings(result, settings)
    unit = bridge.LogisticUnit(-bridge.threshold_distance(NEURON), np.array(settings.psps))
    score = float(unit.score(np.ones(len(settings.psps))))
    above, active = found["graded_mv"] - NEURON.v_threshold, round(score, 9) > 0.0
    same = active == found["fired"]
    measures = kit.rows(
        {},
        ("score", "Weighted sum of the unit (mV), −15 + Σ θᵢ", score),
        ("graded_less_threshold", "Peak potential minus threshold (mV)", above),
        ("difference", "Difference (mV)", abs(above - score)),
        ("unit_fires", "The unit is active (sum above 0)", active),
        ("neuron_fired", "The neuron fired", found["fired"]),
        ("agreement", "Both decide alike", same),
    )
    conclusion = "The peak of the membrane potential is the weighted sum of a threshold unit, and "
    conclusion += "both decide alike." if same else "yet they decide differently."
    drawings = {"sum": partial(_draw_sum, result, settings, found["graded_mv"])}
    title = "PSPs in the membrane, and the weighted sum of a threshold unit"
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_sum(result: ns.Result, settings: Settings, peak: float) -> kit.Figure:
    """Draw the weighted sum of the threshold unit term by term, and the peak of the membrane."""

    def draw(axes: kit.Axes) -> None:
        psps = np.array(settings.psps)
        after = NEURON.v_rest + np.cumsum(psps)
        colours = [ns.plot.colour_of(1 if psp >= 0 else -1) for psp in psps]
        axes.bar(np.arange(len(psps)), psps, 0.6, after - psps, color=colours)
        for k, level in enumerate(after):
            axes.plot([k - 0.3, k + 1.3], [level, level], color="black", lw=0.9)
            text = f"{kit.signed(psps[k], 4, plus=True)}\nmV"
            kit.label(axes, k, level - psps[k] / 2, text, "white", "centre")
        axes.plot(len(psps), peak, "D", ms=7, color=kit.SPIKING)
        kit.label(axes, len(psps), peak, "membrane", kit.SPIKING, "above")
        kit.draw_levels(axes, result.populations["neuron"])
        axes.set_xticks(range(len(psps) + 1), [*map(str, range(1, len(psps) + 1)), "sum"])
        axes.use_sticky_edges = False
        axes.margins(y=0.15)

    return kit.page(
        "The weighted sum is the peak of the membrane potential",
        kit.panel(draw, xlabel="synapse i", ylabel="membrane potential (mV)"),
        size=(max(6.4, 1.6 + 0.6 * len(settings.psps)), 4.2),
    )


scenario = kit.lesson(__name__, row="S2", lectures=("L0",), duration=80.0)
