"""Votes by income and age: 1 neuron draws a line, 3 a zone of doubt, 101 learn by heart."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
from neurosim.scenario import Scenario
from scenarios._kit.planes import draw_examples, draw_zones, grid_points, zone_bar
from scenarios._kit.trials import SPIKING, TRAINED
from scenarios.networks.vote_zones_model import (
    CENTRE,
    HIDDEN,
    SCALE,
    SIDE,
    Poll,
    Settings,
    Shares,
    law,
    network,
    poll_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    import neurosim as ns

FINE = np.linspace(-1.0, 1.0, 201)


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Count parameters; measure what each network, abstract and in spikes, gets right."""
    poll = poll_of(settings, result.seed)
    shares = Shares.of(result, poll)
    found: dict[str, object] = {"voters": settings.voters}
    for name, own in poll.networks.items():
        found[f"parameters_{name}"] = own.n_parameters
        found[f"right_seen_{name}"] = right(predicted(own, poll.inputs), poll.votes).value
        found[f"right_unseen_{name}"] = right(predicted(own, poll.unseen), poll.unseen_votes).value
        found[f"spiking_right_seen_{name}"] = right(shares.seen[name], poll.votes).value
        zone = np.mean((shares.plane[name] > 0.25) & (shares.plane[name] < 0.75))
        found[f"spiking_zone_of_doubt_{name}"] = zone
    return found


def predicted(own: bridge.LayeredNetwork, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability of a yes, shape (n,)."""
    return own(inputs)[:, 0]


def right(probability: NDArray[np.float64], votes: NDArray[np.bool_]) -> bridge.Measure:
    """Return the share of votes foretold."""
    return bridge.agreement(probability > 0.5, votes)


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw how often each spiking network says yes over the plane of income and age."""
    from neurosim import plot

    poll = poll_of(settings, result.seed)
    shares = Shares.of(result, poll)
    fig = plot.figure(11.0, 3.9)
    grid = plot.panels(fig, 1, 3, sharex=True, sharey=True)
    with plot.style():
        _draw_row(grid, SIDE, shares.plane, poll)
        zone_bar(fig, grid, "share of output spikes: yes")
    return {"zones": fig}


def _draw_row(
    grid: list[Axes], side: NDArray[np.float64], planes: dict[str, NDArray[np.float64]], poll: Poll
) -> None:
    """Draw a plane for each network, with the voters learned from."""
    income, age = CENTRE[0] + SCALE[0] * side, CENTRE[1] + SCALE[1] * side
    for axes, (name, values) in zip(grid, planes.items(), strict=True):
        draw_zones(axes, income, age, values)
        draw_examples(axes, CENTRE + SCALE * poll.inputs, poll.votes)
        count = poll.networks[name].n_parameters
        axes.set_title(f"{name} neuron{'s' * (name != '1')}, {count} parameters")
        axes.set_xlabel("income (thousands a year)")
    grid[0].set_ylabel("age (years)")


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set abstract and spiking networks side by side, on voters seen and held out."""
    poll = poll_of(settings, result.seed)
    shares = Shares.of(result, poll)
    measures = {}
    for name, own in poll.networks.items():
        same = bridge.agreement(
            shares.unseen[name] > 0.5, predicted(own, poll.unseen[: len(poll.inputs)]) > 0.5
        )
        key = "agreement" if name == "101" else f"agreement_{name}"
        measures[key] = replace(same, note=f"spiking and abstract, {name}: same vote, held out")
    for name in poll.networks:
        measures |= _judged(name, poll, shares)
    best = law(poll.unseen)
    note = "the law by which they vote"
    measures["right_unseen_best"] = replace(right(best, poll.unseen_votes), note=note)
    cost = bridge.cross_entropy(poll.unseen_votes, best)
    measures["cost_unseen_best"] = replace(cost, note=note)
    return bridge.Comparison(
        title="Votes by income and age: networks of 1, 3 and 101 neurons, abstract and in spikes",
        measures=measures,
        drawings={
            "zones": partial(_draw_zones, poll, shares),
            "accuracy": partial(_draw_accuracy, poll, shares),
        },
    )


def _judged(name: str, poll: Poll, shares: Shares) -> dict[str, bridge.Measure]:
    """Return what a network gets right, and at what cost, of voters seen and held out."""
    own = poll.networks[name]
    seen, unseen = predicted(own, poll.inputs), predicted(own, poll.unseen)
    held_out = poll.unseen_votes[: len(poll.votes)]
    learned, foretold = right(seen, poll.votes), right(unseen, poll.unseen_votes)
    gap = learned.value - foretold.value
    inside = np.clip(unseen, 1e-15, 1.0 - 1e-15)
    return {
        f"parameters_{name}": bridge.Measure(own.n_parameters),
        f"right_seen_{name}": replace(learned, note=f"{len(seen)} voters learned from"),
        f"right_unseen_{name}": replace(foretold, note=f"{len(unseen):,} voters held out"),
        f"gap_{name}": bridge.Measure(gap, note="the first less the second"),
        f"right_spiking_seen_{name}": right(shares.seen[name], poll.votes),
        f"right_spiking_unseen_{name}": right(shares.unseen[name], held_out),
        f"cost_seen_{name}": bridge.cross_entropy(poll.votes, np.clip(seen, 1e-15, 1.0 - 1e-15)),
        f"cost_unseen_{name}": bridge.cross_entropy(poll.unseen_votes, inside),
    }


def _draw_zones(poll: Poll, shares: Shares) -> Figure:
    """Draw the planes of the abstract networks above those of the spiking ones."""
    from neurosim import plot

    fig = plot.figure(11.0, 7.2)
    grid = plot.panels(fig, 2, 3, sharex=True, sharey=True)
    points = grid_points(FINE, FINE)
    abstract = {name: predicted(own, points) for name, own in poll.networks.items()}
    with plot.style():
        _draw_row(grid[:3], FINE, abstract, poll)
        _draw_row(grid[3:], SIDE, shares.plane, poll)
        for axes in grid[:3]:
            axes.set_xlabel("")
        for axes in grid[3:]:
            axes.set_title("the same in spikes")
        words = "probability of a yes (above: abstract; below: share of output spikes)"
        zone_bar(fig, grid, words)
    return fig


def _draw_accuracy(poll: Poll, shares: Shares) -> Figure:
    """Draw the shares right on voters learned from and held out."""
    from neurosim import plot

    fig = plot.figure(7.0, 4.0)
    (axes,) = plot.panels(fig)
    held_out = poll.unseen_votes[: len(poll.votes)]
    with plot.style():
        for k, (name, own) in enumerate(poll.networks.items()):
            bars = {
                "learned from": (right(predicted(own, poll.inputs), poll.votes), TRAINED, ""),
                "learned from, in spikes": (right(shares.seen[name], poll.votes), SPIKING, ""),
                "held out": (right(predicted(own, poll.unseen), poll.unseen_votes), TRAINED, "//"),
                "held out, in spikes": (right(shares.unseen[name], held_out), SPIKING, "//"),
            }
            for j, (label, (found, colour, hatch)) in enumerate(bars.items()):
                low, high = found.low or 0.0, found.high or 0.0
                ends = [[max(found.value - low, 0.0)], [max(high - found.value, 0.0)]]
                axes.bar(
                    k + 0.2 * j - 0.3, found.value, 0.19, color=colour, hatch=hatch, ec="white",
                    yerr=ends, capsize=2, label=label if k == 0 else None,
                )  # fmt: skip
        axes.axhline(right(law(poll.unseen), poll.unseen_votes).value, color="0.45", lw=1, ls="--")
        words = [f"{name} neuron{'s' * (name != '1')}" for name in HIDDEN]
        axes.set_xticks(range(len(HIDDEN)), words)
        axes.set(ylim=(0.5, 1.02), ylabel="share of votes foretold")
        axes.set_title("dashed: the most that can be foretold of voters held out", fontsize=9.5)
        fig.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return fig


scenario = Scenario(
    name="vote-zones",
    title="Votes by income and age: a line, a zone of doubt, and learning by heart",
    row="S5",
    source="L0",
    group="Networks",
    description=(
        "Voters say no if poor and young, yes if rich and old, and in between toss a coin; each is "
        "three spiking neurons. Networks learn their votes. One neuron (3 parameters) draws a "
        "line: two zones. Three neurons (9 parameters) draw two lines, and between them a third "
        "zone, of doubt. 101 neurons fit every voter, those too who tossed a coin: they foretell "
        "others worse than one neuron does, and are sure of it. In spikes a group of neurons, "
        "whose thresholds are spread, stands for a hidden unit, and soft thresholds make the "
        "output's spikes a matter of chance; points and voters have neurons of their own."
    ),
    settings=Settings,
    duration=10.0,
    dt=5.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
