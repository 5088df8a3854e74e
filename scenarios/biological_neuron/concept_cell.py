"""A neuron for Marilyn Monroe: it fires to her picture, her drawing and her name alone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
from neurosim.scenario import Scenario
from scenarios._kit.common import draw_levels
from scenarios._kit.trials import SPIKING, TRAINED, draw_share
from scenarios.biological_neuron.concept_cell_model import (
    EVERY,
    FIRST_PSP,
    KINDS,
    PERSONS,
    Outcome,
    Settings,
    carriers,
    network,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    import neurosim as ns


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure to what the cell fires, and what its synapses have become."""
    outcome, carry = Outcome.of(result, settings), carriers()
    shares = outcome.shares(outcome.fired)
    return {
        **{f"fires_to_{kind.replace(' ', '_')}": shares[0, k] for k, kind in enumerate(KINDS)},
        "fires_to_others": shares[1:].mean(),
        "most_to_another": shares[1:].max(),
        "naive_cell_fires": outcome.naive.mean(),
        "psp_of_carriers_mv": outcome.psps[carry].mean(),
        "psp_of_others_mv": outcome.psps[~carry].mean(),
        "psp_before_mv": FIRST_PSP,
        "presentations": len(outcome.fired),
    }


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw the potential of the cell through one round of all representations."""
    from neurosim import plot

    info, trace = result.populations["concept cell"], result.traces["concept cell", "v"]
    stop = EVERY * len(PERSONS) * len(KINDS)
    inside = trace.times <= stop
    fig = plot.figure(9.6, 4.6)
    (axes,) = plot.panels(fig)
    with plot.style():
        axes.plot(trace.times[inside], trace.with_spikes(0)[inside], color="black", lw=0.8)
        draw_levels(axes, info)
        for person, name in enumerate(PERSONS):
            left = EVERY * len(KINDS) * person
            width = EVERY * len(KINDS)
            shade = plot.EXCITATORY if person == 0 else ("0.9" if person % 2 else "1.0")
            alpha = 0.15 if person == 0 else 1.0
            axes.axvspan(left, left + width, color=shade, alpha=alpha, lw=0, zorder=-1)
            words = name.replace(" ", "\n")
            axes.text(left + 0.5 * width, 36.0, words, ha="center", fontsize=8, va="bottom")
        for k, kind in enumerate(KINDS):
            axes.text(EVERY * (k + 0.55), -52.0, kind, rotation=90, fontsize=8, va="bottom")
        axes.set(xlim=(0.0, stop), ylim=(-73.0, 52.0), yticks=(-70, -55, 0, 30))
        axes.set(xlabel="time (ms)", ylabel="membrane potential (mV)")
    return {"answers": fig}


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set the cell that learned from spike times beside a logistic neuron trained on the same."""
    outcome, carry = Outcome.of(result, settings), carriers()
    hers, n = outcome.shown.marilyn, outcome.shown.marilyn.sum()
    measures = {"agreement": bridge.agreement(outcome.fired, outcome.told)}
    for key, fired, words in (
        ("spiking", outcome.fired, "concept cell, in spikes"),
        ("logistic", outcome.told, "logistic neuron"),
    ):
        for who, chosen in (("her", hers), ("others", ~hers)):
            share = fired[chosen]
            low, high = bridge.wilson_interval(share.sum(), share.size)
            note = f"{words}, {share.size} presentations"
            measures[f"{key}_fires_to_{who}"] = bridge.Measure(
                float(share.mean()), "", float(low), float(high), note
            )
    psps, theta = outcome.psps, outcome.logistic.coef_[0]
    for name, values, unit in (("psp", psps, "mV"), ("theta", theta, "")):
        for who, chosen in (("carriers", carry), ("others", ~carry)):
            note = f"{values[chosen].min():.2g} to {values[chosen].max():.2g}".replace("-", "−")
            mean = float(values[chosen].mean())
            measures[f"{name}_{who}"] = bridge.Measure(mean, unit, note=note)
    likeness = float(np.corrcoef(psps, theta)[0, 1])
    note = f"of PSPs and θ over {len(psps)} synapses"
    measures["correlation"] = bridge.Measure(likeness, note=note)
    return bridge.Comparison(
        title=f"A neuron for Marilyn Monroe, asked {n} times for her: spiking and logistic",
        measures=measures,
        drawings={
            "answers": partial(_draw_answers, outcome),
            "weights": partial(_draw_weights, outcome),
        },
    )


def _draw_answers(outcome: Outcome) -> Figure:
    """Draw how often both fire to each representation of each person."""
    from neurosim import plot

    shown = outcome.shown
    fig = plot.figure(9.0, 4.2)
    grid = plot.panels(fig, 1, len(KINDS), sharey=True)
    with plot.style():
        for kind, axes in enumerate(grid):
            for fired, words, colour, shift in (
                (outcome.fired, "concept cell, in spikes", SPIKING, -0.12),
                (outcome.told, "logistic neuron", TRAINED, 0.12),
            ):
                mine = shown.kind == kind
                trials = np.bincount(shown.person[mine], minlength=len(PERSONS))
                yes = np.bincount(shown.person[mine], fired[mine], len(PERSONS))
                x = np.arange(len(PERSONS)) + shift
                draw_share(axes, x, yes, trials, color=colour, label=words)
            labels = ["Marilyn", *map(str, range(2, len(PERSONS) + 1))]
            axes.set_xticks(range(len(PERSONS)), labels, rotation=45)
            axes.set(title=KINDS[kind], xlabel="person", ylim=(-0.05, 1.05))
        grid[0].set_ylabel("share of presentations with a spike")
        fig.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return fig


def _draw_weights(outcome: Outcome) -> Figure:
    """Draw how the synapses part in learning, and what both neurons have come to."""
    from neurosim import plot

    carry = carriers()
    fig = plot.figure(9.0, 4.0)
    left, right = plot.panels(fig, 1, 2)
    with plot.style():
        times = np.append(0.0, outcome.times / 1e3)
        start = np.full((1, len(carry)), FIRST_PSP)
        history = np.vstack([start, outcome.history])
        for chosen, colour, words in (
            (~carry, "0.6", "from all other units"),
            (carry, plot.EXCITATORY, "from units that carry her"),
        ):
            left.plot(times, history[:, chosen], color=colour, lw=0.5, alpha=0.4)
            left.plot(times, history[:, chosen].mean(axis=1), color=colour, lw=2.4, label=words)
            theta = outcome.logistic.coef_[0][chosen]
            right.plot(outcome.psps[chosen], theta, "o", ms=4, color=colour, alpha=0.7)
        left.set(xlabel="time of learning (s)", ylabel="PSP of a synapse (mV)")
        right.set(xlabel="PSP learned from spike times (mV)", ylabel="θ of the logistic neuron")
        fig.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return fig


scenario = Scenario(
    name="concept-cell",
    title="A neuron for Marilyn Monroe: fires to her picture, her drawing and her name",
    row="S19",
    source="L2",
    group="The biological neuron",
    description=(
        "Eight persons, each with a picture, a drawing and a written name, excite units of which "
        "some are shared between persons, some fail and some fire by chance. One cell hears all "
        "of them. Whenever Marilyn is shown, a teacher makes it fire; spike-timing dependent "
        "plasticity makes the synapses from units that carry her large and the rest small. Then "
        "it is asked, without a teacher, for everybody. A logistic neuron, trained by gradient "
        "descent on the same presentations, is asked for the same."
    ),
    settings=Settings,
    duration=28_801.0,
    dt=0.5,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
