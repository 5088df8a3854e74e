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
        (-6.0, 10.0, 3.0), "mV", -25.0, 25.0, "peak of each PSP; negative: inhibitory",
        length=(1, 10),
    )  # fmt: skip
    synapse: Literal["delta", "exponential", "alpha"] = kit.setting(
        "delta", help="time course of the synaptic current"
    )
    tau: float = kit.setting(5.0, "ms", 0.1, 1000.0, "time constant of the synaptic current")

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
    psps, net = np.array(settings.psps), ns.Network()
    n = len(psps)
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


def extreme(psp: kit.Floats) -> float:
    """Return the value farthest from 0."""
    return float(psp[np.abs(psp).argmax()])


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


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the sum of the PSPs and its consequence."""
    above, outcome = "not above", "does not fire"
    if found["fired"]:
        above, outcome = "above", f"fires at {found['spike_times_ms'][0]:.1f} ms"
    return kit.sentences(
        found,
        f"A neuron at rest (−70 mV) received {len(settings.psps)} "
        f"spike{'s' * (len(settings.psps) > 1)} at {SPIKE + DELAY:g} ms, through "
        f"{settings.synapse} synapses.",
        "Alone, the PSPs peak at {peaks} mV.",
        "Together they peak at {graded_mv:.6g} mV, {above} the threshold of −55 mV: the neuron "
        "{outcome}.",
        "The sum of the single PSPs differs from the potential of all synapses together by at most "
        "{largest_error_of_sum_mv:.1g} mV.",
        peaks=kit.listed(kit.signed(peak, 4, plus=True) for peak in found["peaks_alone_mv"]),
        above=above,
        outcome=outcome,
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the PSPs alone and together, and the response of the neuron."""
    found, trace = findings(result, settings), result.traces["membrane", "v"]
    colours = [ns.plot.colour_of(1 if psp >= 0 else -1) for psp in settings.psps]
    curves = []
    for potential, colour in zip(trace.values.T, (*colours, "black"), strict=True):
        peak = extreme(potential - NEURON.v_rest)
        text, y = f"{kit.signed(peak, 4, plus=True)} mV", NEURON.v_rest + peak
        curves.append(kit.curve(trace.times, potential, color=colour))
        curves.append(kit.layer(kit.label, SPIKE + DELAY, y, text, colour, "left"))
    upper = kit.chart(
        kit.layer(kit.draw_levels, result.populations["neuron"]), *curves, ymargin=0.12,
        ylabel="membrane potential (mV)",
        title="Without threshold: each synapse alone, and all together (black)",
    )  # fmt: skip
    lower = kit.panel(ns.plot.draw_voltage, result, "neuron", 0, title="With threshold")
    outcome = "the neuron fires" if found["fired"] else "the neuron stays silent"
    title = f"{len(settings.psps)} PSPs add up to {kit.signed(found['graded_mv'], 6)} mV: {outcome}"
    fig = kit.page(title, upper, lower, columns=1, size=(7.0, 5.8), sharex=True, legend=3)
    return {"potentials": fig}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the peak potential with the weighted sum of a threshold unit."""
    found, psps, n = findings(result, settings), np.array(settings.psps), len(settings.psps)
    unit = bridge.LogisticUnit(-bridge.threshold_distance(NEURON), psps)
    score = float(unit.score(np.ones(n)))
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
    sums = NEURON.v_rest + np.cumsum(psps)
    colours = [ns.plot.colour_of(1 if psp >= 0 else -1) for psp in psps]
    waterfall = kit.chart(
        kit.layer(kit.draw_levels, result.populations["neuron"]),
        kit.bars(range(n), psps, bottom=sums - psps, width=0.9, color=colours),
        *(
            kit.layer(kit.label, k, sums[k] - psps[k] / 2.0, kit.signed(psps[k], 4, plus=True),
                      "white", "centre")
            for k in range(n)
        ),
        kit.curve([n], [found["graded_mv"]], text="membrane", side="above", **kit.DOTS),
        xlabel="synapse", xticks=range(n + 1), xticklabels=[*range(1, n + 1), "sum"],
        ylabel="membrane potential (mV)", ylim=(min(-70, *sums) - 3, max(-55, *sums) + 3),
    )  # fmt: skip
    message = "The weighted sum is the peak of the membrane potential"
    conclusion = "The peak of the membrane potential is the weighted sum of a threshold unit, and "
    conclusion += "both decide alike." if same else "yet they decide differently."
    title = "PSPs in the membrane, and the weighted sum of a threshold unit"
    drawings = {"sum": partial(kit.page, message, waterfall)}
    return kit.Comparison(title, measures, drawings, conclusion)


scenario = kit.lesson(__name__, row="S2", lectures=("L0",), duration=80.0)
