"""Inhibition is more than a negative weight: a conductance divides.

Open channels of a synapse drive the membrane potential towards a reversal potential, with the
current g · (e_rev − V). The effect of a spike therefore depends on the potential. Inhibition with
e_rev = −70 mV hyperpolarises a depolarised neuron and depolarises a hyperpolarised one. At −70 mV,
where the neuron rests, it has no effect (Fatt & Katz 1953).

It inhibits nevertheless. The open channels are an additional leak, through which excitatory current
is lost. All excitatory postsynaptic potentials (EPSPs) shrink to the same fraction: they are
divided, while a hyperpolarising current subtracts (Blomfield 1974). This is called shunting
inhibition. Excitatory conductances are leaks too, so two of them add less than linearly. All this
concerns single responses: in a neuron that fires steadily, shunting shifts the f–I curve and does
not divide the rate (Holt & Koch 1997).

A logistic neuron adds its inputs with fixed weights. This describes inhibition by a current, which
shifts the firing probability. Shunting changes the slope, so the product of excitation and
inhibition is needed as an input. The additive neuron loses little, because the neuron fires when
excitation exceeds a threshold that grows linearly with the conductance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

import bridge
import neurosim as ns
from scenarios import _kit as kit

# A neuron with a threshold that the input cannot reach.
MEMBRANE = ns.LIF(v_threshold=200.0, v_peak=200.0)
# Decay time constant of all synapses, and time of all spikes (ms).
TAU, ARRIVAL = 5.0, 5.0
# Potentials at which currents hold membranes (mV).
HELD = np.array([-90.0, -80.0, -70.0, -60.0])
# PSP of a spike at rest: small excitatory conductance, inhibitory current (mV).
EPSP, IPSP = 2.0, -0.5
KINDS = {"current": "Inhibitory current", "shunt": "Inhibitory conductance"}
AXES = {"xlabel": "excitatory spikes", "ylabel": "firing probability"}
COLOURS = ("black", "#56B4E9", ns.plot.INHIBITORY)


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    e_rev: float = kit.setting(-70.0, "mV", -90.0, -60.0, "reversal potential of inhibition")
    conductance: float = kit.setting(10.0, "nS", 0.1, 50.0, "conductance of an inhibitory spike")
    inhibition: int = kit.setting(16, "", 2, 30, "largest number of inhibitory spikes")
    excitation: int = kit.setting(14, "", 5, 30, "largest number of excitatory spikes")
    delta: float = kit.setting(3.0, "mV", 0.1, 10.0, "width of the soft threshold in trials")
    repeats: int = kit.setting(60, "", 4, 500, "trials for each pair of numbers of spikes")

    @property
    def plane(self) -> kit.Plane:
        """All pairs of numbers of excitatory and inhibitory spikes."""
        return kit.Plane(np.arange(self.excitation + 1.0), np.arange(self.inhibition + 1.0))

    def drive(self, net: ns.Network, target: ns.Population, kind: str, counts: kit.Floats) -> None:
        """Send numbers of excitatory and inhibitory spikes to each neuron, shape (n, 2)."""
        spikes, (exc, inh) = ns.SpikeTimes([ARRIVAL]), counts.T
        net.drive(target, spikes, synapse=ns.ExpConductance(TAU, name="exc"), psp=EPSP * exc)
        if kind == "current":
            net.drive(target, spikes, synapse=ns.ExpCurrent(TAU), psp=IPSP * inh)
        else:
            synapse = ns.ExpConductance(TAU, self.e_rev, name="inh")
            net.drive(target, spikes, synapse=synapse, weight=self.conductance * inh)


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add membranes held at four potentials, membranes that sum PSPs, and trials with noise."""
    net, plane = ns.Network(), settings.plane
    held = net.add("held", len(HELD), MEMBRANE, v_init=HELD)
    net.drive(held, ns.ConstantCurrent((HELD - MEMBRANE.v_rest) / MEMBRANE.resistance))
    settings.drive(net, held, "shunt", np.tile([0.0, 4.0], (len(HELD), 1)))
    net.record(held, "v")
    neuron = ns.LIF(escape=ns.EscapeRate(settings.delta, TAU))
    for kind in KINDS:
        sums = net.add(f"sum_{kind}", len(plane.points), MEMBRANE)
        settings.drive(net, sums, kind, plane.points)
        net.record(sums, "v")
        trials = plane.trials(settings.repeats)
        settings.drive(net, net.add(f"trial_{kind}", len(trials), neuron), kind, trials)
    return net


def peaks(result: ns.Result, settings: Settings, kind: str) -> kit.Floats:
    """Return the largest depolarisation of membranes (mV), one row per inhibition."""
    trace = result.traces[f"sum_{kind}", "v"].values - MEMBRANE.v_rest
    return settings.plane.grid(trace.max(axis=0))


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure the reversal of the inhibitory PSP, and the EPSPs without and with inhibition."""
    held = result.traces["held", "v"].values - HELD
    psps = held[np.abs(held).argmax(axis=0), np.arange(len(HELD))]
    slope, constant = np.polyfit(HELD, psps, 1)
    alone, *_, current = peaks(result, settings, "current")
    inhibited = result.traces["sum_shunt", "v"].values[:, -len(alone) :]
    shunt = (inhibited - inhibited[:, :1]).max(axis=0)  # relative to inhibition alone
    return {
        "psps_mv": psps, "reversal_mv": -constant / slope,
        "epsps_mv": alone, "epsps_current_mv": current, "epsps_shunt_mv": shunt,
        "fraction_one": shunt[1] / alone[1], "fraction_all": shunt[-1] / alone[-1],
        "less_half_mv": (alone - current)[len(alone) // 2], "less_all_mv": (alone - current)[-1],
        "epsp_all_mv": alone[-1], "sum_of_single_mv": settings.excitation * alone[1],
    }  # fmt: skip


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the reversal, the division by shunting, and the sum of conductances."""
    return kit.sentences(
        found,
        "Membranes received up to {n} excitatory and {m} inhibitory spikes at the same time.",
        "At {held} mV, the PSP of 4 inhibitory spikes is {psps} mV: it reverses at "
        "{reversal_mv:.1f} mV.",
        "The conductance of {m} inhibitory spikes reduces the EPSP of one excitatory spike to "
        "{fraction_one:.0%}, and that of {n} spikes to {fraction_all:.0%}: it divides.",
        "A hyperpolarising current reduces the EPSP of {half} spikes by {less_half_mv:.1f} mV, and "
        "that of {n} spikes by {less_all_mv:.1f} mV: it subtracts.",
        "Together, {n} excitatory spikes evoke {epsp_all_mv:.1f} mV, less than the sum of "
        "{sum_of_single_mv:.1f} mV, because excitatory conductances are leaks too.",
        n=settings.excitation, m=settings.inhibition, half=(settings.excitation + 1) // 2,
        held=kit.listed(kit.signed(v) for v in HELD),
        psps=kit.listed(kit.signed(psp, 2) for psp in found["psps_mv"]),
    )  # fmt: skip


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the inhibitory PSP at four potentials, and EPSPs without and with inhibition."""
    x, held, shown = settings.plane.x, result.traces["held", "v"], settings.excitation - 4
    reversal = [kit.curve(held.times, v, color=COLOURS[2]) for v in held.values.T]
    potentials, sums = [], []
    names, most = ("No inhibition", *KINDS.values()), settings.inhibition
    cases = zip(("shunt", *KINDS), (0, most, most), names, COLOURS, strict=True)
    for kind, row, name, colour in cases:
        trace, peak = result.traces[f"sum_{kind}", "v"], peaks(result, settings, kind)[row]
        for exc, label, style in ((shown, name, "-"), (0, "", ":")):
            v = trace.of(row * len(x) + exc)
            potentials.append(kit.curve(trace.times, v, label, color=colour, ls=style))
        sums.append(kit.curve(x, peak, color=colour, marker="o", ms=3))
    single = x * peaks(result, settings, "shunt")[0, 1]
    volts: kit.Options = {"xlabel": "time (ms)", "ylabel": "membrane potential (mV)"}
    page = kit.page(
        "An inhibitory conductance divides excitation, an inhibitory current subtracts",
        kit.chart(*reversal, kit.level(settings.e_rev, "reversal potential", 30.0), **volts,
                  title="4 inhibitory spikes"),
        kit.chart(*potentials, **volts, title=f"{shown} excitatory spikes (dotted: none)"),
        kit.chart(
            kit.curve(x, single, "Sum of single EPSPs", color="0.6", ls="--"), *sums,
            xlabel=AXES["xlabel"], ylabel="peak of the EPSP (mV)", xticks=x[::2],
            title="Subtract or divide",
        ),
        size=(11.0, 4.2), legend=4,
    )  # fmt: skip
    return {"potentials": page}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare logistic neurons without and with a product term, for both kinds of inhibition."""
    points, n, panels = settings.plane.points, settings.repeats // 2, []
    measures: dict[str, kit.Measure] = {}
    for kind, name in KINDS.items():
        inputs = {
            "additive": ("excitation and inhibition", points),
            "product": ("and their product", np.column_stack([points, points.prod(axis=1)])),
            "peak": ("peak potential", peaks(result, settings, kind).reshape(-1, 1)),
        }
        fired = (result.spikes[f"trial_{kind}"].counts() > 0).reshape(len(points), -1)
        test, predicted = fired[:, n : 2 * n].ravel(), {}
        for key, (words, x) in inputs.items():
            neuron = bridge.LogisticNeuron().fit(np.repeat(x, n, axis=0), fired[:, :n].ravel())
            predicted[key] = neuron.predict_proba(x)[:, 1]
            bits = bridge.bits_per_spike(test, np.repeat(predicted[key], n))
            measures[f"bits_{kind}_{key}"] = bits.labelled(f"{name}: {words}")
        product, additive = (np.repeat(predicted[key], n) for key in ("product", "additive"))
        gain = bridge.bits_per_spike(test, product, over=additive)
        measures[f"gain_{kind}"] = gain.labelled(f"{name}: gain by the product")
        layers = _slopes(settings.plane, fired, predicted["additive"], predicted["product"])
        panels.append(kit.chart(*layers, title=name, **AXES))
    current, shunt = (measures[f"gain_{kind}"] for kind in KINDS)
    conclusion = (
        "For inhibition by a current, a product of the inputs gains "
        f"{kit.signed(current.value, 1)} bits per spike. For a conductance it gains "
        f"{kit.signed(shunt.value, 2)}"
        + (", because inhibition changes the slope." if (shunt.low or 0.0) > 0.0 else ".")
    )
    title = "Two kinds of inhibition, and logistic neurons without and with a product term"
    message = "A current shifts the firing probability, a conductance changes its slope"
    drawings = {"slopes": partial(kit.page, message, *panels, size=(9.0, 4.6), legend=3)}
    return kit.Comparison(title, measures, drawings, conclusion)


def _slopes(plane: kit.Plane, fired: kit.Bools, *fits: kit.Floats) -> Iterator[kit.Layer]:
    """Return firing probabilities for three numbers of inhibitory spikes."""
    styles = ((":", "logistic neuron, additive"), ("-", "logistic neuron, with product"))
    for row, colour in zip((0, len(plane.y) // 2, len(plane.y) - 1), COLOURS, strict=True):
        spikes, trials = plane.grid(fired.sum(axis=1))[row], fired.shape[1]
        label = f"{row} inhibitory spikes"
        yield kit.layer(kit.draw_fraction, plane.x, spikes, trials, color=colour, label=label)
        for probability, (style, words) in zip(fits, styles, strict=True):
            label, p = "" if row else words, plane.grid(probability)[row]
            yield kit.curve(plane.x, p, label, color=colour, ls=style, lw=1.8)


scenario = kit.lesson(__name__, duration=40.0, source="Blomfield, Brain Research 69 (1974)")
