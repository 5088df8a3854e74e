"""A loop of neurons that remembers a pulse: on after one kick, off after an inhibitory one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
from neurosim.scenario import Scenario
from scenarios._kit.common import draw_levels
from scenarios._kit.trials import DERIVED, SPIKING
from scenarios.biological_neuron.reverberating_loop_model import (
    GAP,
    KICKS,
    NEURON,
    PAIRS,
    STOP,
    Outcome,
    Settings,
    network,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    import neurosim as ns


def hop_law(settings: Settings) -> bridge.OrnsteinUhlenbeckNoise:
    """Return the noise of one handing-on: from a spike's arrival for as long as its PSP lasts."""
    window = min(NEURON.tau_m, settings.period - NEURON.t_ref)
    return bridge.OrnsteinUhlenbeckNoise(settings.sigma, window, NEURON.tau_m, GAP, 0.1)


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure when the loop is on, how a pulse is stopped, and how long noise leaves it alive."""
    outcome = Outcome.of(result, settings)
    trains = result.spikes["loop"]
    first = trains.of(0)
    return {
        "period_ms": np.diff(first[first < STOP]).mean() if len(first) > 1 else None,
        "loop_ms": settings.period,
        "silent_before_kick": not (trains.times < KICKS[0]).any(),
        "spikes_while_on": int(((trains.times >= KICKS[0]) & (trains.times < STOP)).sum()),
        "spikes_while_off": int(((trains.times >= STOP) & (trains.times < KICKS[1])).sum()),
        "on_again": bool((trains.times > KICKS[1] + settings.delay).any()),
        "longest_veto_ms": settings.leads[outcome.stopped].max(initial=0.0),
        "longest_veto_in_theory_ms": settings.veto,
        "shortest_lasting_loop_ms": PAIRS[outcome.lasting].min(initial=np.inf),
        "t_ref_ms": NEURON.t_ref,
        "handed_on_in_noise": outcome.passed / max(outcome.chances, 1),
        "half_forgotten_ms": float(np.median(outcome.alive_until) - KICKS[0]),
    }


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw the spikes that go round, and the potential of two neurons."""
    from neurosim import plot

    trains = result.spikes["loop"]
    fig = plot.figure(8.4, 5.6)
    upper, lower = plot.panels(fig, 2, 1, sharex=True, height_ratios=(1.0, 1.25))
    with plot.style():
        upper.plot(trains.times, 1 + trains.ids, "|", ms=11, mew=1.3, color=plot.NEUTRAL)
        upper.set(ylabel="neuron", ylim=(settings.neurons + 0.7, 0.3))
        upper.set_yticks(range(1, settings.neurons + 1))
        _draw_kicks(upper)
        info, trace = result.populations["loop"], result.traces["loop", "v"]
        for neuron, colour in zip(trace.ids, (plot.PALETTE[0], plot.PALETTE[3]), strict=True):
            potential = trace.with_spikes(neuron)
            lower.plot(trace.times, potential, color=colour, label=f"neuron {neuron + 1}")
        draw_levels(lower, info)
        lower.set(xlabel="time (ms)", ylabel="membrane potential (mV)", xlim=(0, result.duration))
        fig.legend(*lower.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return {"loop": fig}


def _draw_kicks(axes: Axes) -> None:
    """Mark the kicks above the plot."""
    from neurosim import plot

    for time, colour, words in (
        (KICKS[0], plot.EXCITATORY, "kick: on"),
        (STOP, plot.INHIBITORY, "inhibition: off"),
        (KICKS[1], plot.EXCITATORY, "kick: on again"),
    ):
        axes.axvline(time, color=colour, lw=1.2, ls="--", zorder=0)
        axes.annotate(
            words,
            (time, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            color=colour,
        )


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set the loop of neurons beside one of threshold units, and find where they part."""
    outcome = Outcome.of(result, settings)
    law = float(hop_law(settings).firing_probability(settings.psp - GAP))
    low, high = bridge.wilson_interval(outcome.passed, outcome.chances)
    same = outcome.spiking == outcome.abstract
    wanted = "threshold units: only in the very step of the pulse"
    measures = {
        "agreement": bridge.Measure(
            float(same.mean()), note=f"{same.size:,} steps of {settings.neurons} units"
        ),
        "active_steps": bridge.Measure(
            int(outcome.abstract.sum()), note=f"threshold units; {outcome.spiking.sum()} spikes"
        ),
        "longest_veto": bridge.Measure(
            float(settings.leads[outcome.stopped].max(initial=0.0)),
            "ms",
            note=f"lead of an inhibitory spike; in theory {settings.veto:.3g} ms; {wanted}",
        ),
        "shortest_lasting_loop": bridge.Measure(
            float(PAIRS[outcome.lasting].min(initial=np.inf)),
            "ms",
            note=f"refractory for {NEURON.t_ref:g} ms; threshold units: any loop",
        ),
        "handed_on_in_noise": bridge.Measure(
            outcome.passed / max(outcome.chances, 1),
            "",
            float(low),
            float(high),
            f"of {outcome.chances:,} pulses; the abstract unit's law of this noise: {law:.4f}",
        ),
    }
    return bridge.Comparison(
        title="A loop that remembers: spiking neurons and threshold units",
        measures=measures,
        drawings={
            "loop": partial(_draw_both, outcome, settings),
            "limits": partial(_draw_limits, outcome, result, settings, law),
        },
    )


def _draw_both(outcome: Outcome, settings: Settings) -> Figure:
    """Draw who is active in each step, in both worlds."""
    from neurosim import plot

    fig = plot.figure(8.4, 4.8)
    grid = plot.panels(fig, 2, 1, sharex=True)
    titles = ("neurons: membrane potentials and spikes", "threshold units: one step, one delay")
    with plot.style():
        for axes, active, words, colour in zip(
            grid, (outcome.spiking, outcome.abstract), titles, (SPIKING, plot.NEUTRAL), strict=True
        ):
            step, unit = np.nonzero(active)
            times = KICKS[0] + settings.delay * step
            axes.plot(times, 1 + unit, "s", ms=3.5, color=colour)
            axes.set(ylabel="unit", ylim=(settings.neurons + 0.7, 0.3))
            axes.text(0.0, 1.14, words, transform=axes.transAxes, fontsize=11)
            _draw_kicks(axes)
        grid[-1].set_xlabel("time (ms)")
    return fig


def _draw_limits(outcome: Outcome, result: ns.Result, settings: Settings, law: float) -> Figure:
    """Draw when one inhibitory spike stops a pulse, which loops last, and what noise leaves."""
    from neurosim import plot

    fig = plot.figure(9.8, 3.9)
    veto, pairs, noise = plot.panels(fig, 1, 3)
    with plot.style():
        veto.plot(settings.leads, outcome.stopped, "o", ms=4, color=SPIKING, label="neurons")
        veto.plot(
            settings.leads, settings.leads == 0.0, "_", ms=5, color="black", label="threshold units"
        )
        veto.axvline(settings.veto, color="0.45", lw=0.9, ls=":")
        veto.set(xlabel="inhibition before the pulse (ms)", title="one inhibitory spike")
        veto.set_yticks((0, 1), ("goes on", "stops"))
        pairs.plot(PAIRS, outcome.lasting, "o", ms=4, color=SPIKING)
        pairs.plot(PAIRS, np.ones(len(PAIRS)), "_", ms=8, color="black")
        pairs.axvline(NEURON.t_ref, color="0.45", lw=0.9, ls=":")
        pairs.set(xlabel="time around the loop (ms)", title="loops of two")
        pairs.set_yticks((0, 1), ("dies", "lasts"))
        time = np.linspace(KICKS[0], result.duration, 400)
        alive = (outcome.alive_until[:, np.newaxis] + settings.delay >= time).mean(axis=0)
        hops = np.floor((time - KICKS[0]) / settings.delay)
        words = "noisy units, by their law"
        noise.plot(time - KICKS[0], law**hops, color=DERIVED, lw=4, label=words)
        noise.plot(time - KICKS[0], alive, color=SPIKING, lw=1.6, label="noisy neurons")
        noise.set(xlabel="time since the kick (ms)", ylabel="share of loops still on")
        noise.set(ylim=(0.0, 1.05), title=f"noise of {settings.sigma:g} mV")
        handles = [*veto.get_legend_handles_labels()[0], *noise.get_legend_handles_labels()[0]]
        fig.legend(handles=handles, loc="outside lower center", ncols=4)
    return fig


scenario = Scenario(
    name="reverberating-loop",
    title="A loop of neurons that remembers a pulse",
    row="S27",
    source="L1",
    group="The biological neuron",
    description=(
        "Eight neurons in a ring, each of which makes the next one fire (Kubie 1930). One kick, "
        "and a pulse goes round and round: the loop is on, and remembers. An inhibitory kick to "
        "all of them stops it, a further kick sets it going again. A loop of threshold units does "
        "the same, step by step. Where the two part: an inhibitory spike at one neuron stops the "
        "pulse for tau ln(inhibition/excess) before it comes, and not in its own step alone; loops "
        "shorter than the refractory period do not last; and noise makes the memory fade."
    ),
    settings=Settings,
    duration=500.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
