"""What wiring does to the spread of spikes: few long shortcuts, and hubs wired to hubs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

import bridge
from neurosim.scenario import Scenario
from scenarios._kit.trials import SPIKING
from scenarios.biological_neuron.brain_graph_model import (
    CLUBS,
    DELAY,
    KICK,
    SEEDS,
    SHORTCUTS,
    Settings,
    Spread,
    club_name,
    network,
    ring_name,
    spreads,
    wirings,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    import neurosim as ns

RINGS = tuple(map(ring_name, SHORTCUTS))
SHOWN = (0.0, 0.01, 1.0)
"""Shares of shortcuts of which the spikes are drawn, and told."""
ASKED = 0.02
"""Share of kicked neurons for which the clubs are told."""


@dataclass(frozen=True, eq=False)
class Graph:
    """What a graph library says of one graph.

    Attributes
    ----------
    clustering : float
        How often two neighbours of a node are neighbours.
    path : float
        Mean length of the shortest paths between nodes, where there are any.
    """

    clustering: float
    path: float

    @classmethod
    def of(cls, graph: nx.DiGraph | nx.Graph) -> Graph:
        """Measure a graph."""
        lengths = [
            length
            for _, reached in nx.all_pairs_shortest_path_length(graph)
            for length in reached.values()
            if length
        ]
        return cls(float(nx.average_clustering(graph)), float(np.mean(lengths)))


def club_coefficients(graph: nx.Graph) -> dict[int, float]:
    """Return φ(k), the share of all possible connections among nodes of more than k.

    Zhou & Mondragón 2004, IEEE Commun. Lett. 8:180.
    """
    return nx.rich_club_coefficient(graph, normalized=False)


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure the graphs, how fast spikes spread in them, and whether they go on for ever."""
    found, graphs = spreads(result, settings), wirings(settings, result.seed)
    measured = [Graph.of(graphs[name].example) for name in RINGS]
    return {
        "shortcuts": SHORTCUTS,
        "clustering": [graph.clustering for graph in measured],
        "path_length": [graph.path for graph in measured],
        "half_reached_ms": [found[name].half for name in RINGS],
        "share_that_lasts": [found[name].lasts.mean() for name in RINGS],
        "share_kicked": SEEDS,
        **{
            f"hubs_reached_{kind.replace('-', '_').replace(' ', '_')}": [
                found[club_name(kind, share)].hubs_reached(found[club_name(kind, share)].spiking)
                for share in SEEDS
            ]
            for kind in CLUBS
        },
    }


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw the spikes of three graphs: a ring, one with few shortcuts, and one of nothing else."""
    from neurosim import plot

    found = spreads(result, settings)
    fig = plot.figure(9.6, 4.2)
    grid = plot.panels(fig, 1, len(SHOWN), sharey=True)
    words = ("ring, no shortcuts", "1 % shortcuts: small world", "all laid anew: random")
    with plot.style():
        for axes, share, title in zip(grid, SHOWN, words, strict=True):
            spread = found[ring_name(share)]
            copy = int(spread.lasts.argmax())
            step, neuron = np.nonzero(spread.spiking[:, copy])
            axes.plot(KICK + DELAY * step, neuron, ".", ms=1.6, mew=0, color=plot.NEUTRAL)
            axes.set(xlabel="time (ms)", title=title, xlim=(0.0, result.duration))
        grid[0].set_ylabel("neuron, in the order of the ring")
    return {"spikes": fig}


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set neurons beside threshold units on the same graphs."""
    found, graphs = spreads(result, settings), wirings(settings, result.seed)
    measured = {name: Graph.of(graphs[name].example) for name in RINGS}
    same = np.mean([np.mean(found[name].spiking == found[name].abstract) for name in RINGS])
    note = f"rings with shortcuts: {found[RINGS[0]].spiking.size:,} neurons and steps of each"
    measures = {"agreement": bridge.Measure(float(same), note=note)}
    measures |= _distances(found[ring_name(0.01)], graphs[ring_name(0.01)].example)
    for share in SHOWN:
        graph, spread = measured[ring_name(share)], found[ring_name(share)]
        key = f"{100.0 * share:g}_percent"
        note = f"clustering {graph.clustering:.3f}, mean path {graph.path:.3g}"
        measures[f"half_reached_{key}"] = bridge.Measure(spread.half, "ms", note=note)
        note = f"of {settings.copies} graphs still active after {result.duration - KICK:g} ms"
        measures[f"lasts_{key}"] = bridge.Measure(float(spread.lasts.mean()), note=note)
    for kind in CLUBS:
        name = club_name(kind, ASKED)
        spread, example = found[name], graphs[name].example
        key = kind.replace("-", "_").replace(" ", "_")
        coefficients = club_coefficients(example)
        middle = sorted(dict(example.degree).values())[-len(example) // 10]
        measures[f"club_{key}"] = bridge.Measure(
            coefficients[middle], note=f"connections among nodes of more than {middle}, of possible"
        )
        share = spread.hubs_reached(spread.spiking)
        abstract = spread.hubs_reached(spread.abstract)
        note = (
            f"{100.0 * ASKED:g} % of all kicked, two inputs needed; threshold units {abstract:.3f}"
        )
        measures[f"hubs_reached_{key}"] = bridge.Measure(share, note=note)
    return bridge.Comparison(
        title="Spikes on graphs: neurons and threshold units on the same wiring",
        measures=measures,
        drawings={
            "small-world": partial(_draw_rings, found, measured, settings),
            "rich-club": partial(
                _draw_clubs,
                found,
                graphs[club_name(CLUBS[0], ASKED)].example,
                graphs[club_name(CLUBS[1], ASKED)].example,
            ),
        },
    )


def _distances(spread: Spread, graph: nx.DiGraph) -> dict[str, bridge.Measure]:
    """Return how often a neuron's first spike comes after as many delays as its distance."""
    first = spread.spiking[:, 0].argmax(axis=0)
    far = nx.single_source_shortest_path_length(graph, 0)
    same = [first[node] == length for node, length in far.items()]
    note = f"first spike after as many delays as the graph's distance, of {len(same)} neurons"
    return {"first_spike_is_distance": bridge.Measure(float(np.mean(same)), note=note)}


def _draw_rings(found: dict[str, Spread], measured: dict[str, Graph], settings: Settings) -> Figure:
    """Draw clustering and paths, how fast spikes spread, and how often they last."""
    from neurosim import plot

    # The ring itself stands left of the smallest share on the logarithmic axis.
    place = np.array([SHORTCUTS[1] / 4.0, *SHORTCUTS[1:]])
    ticks = [f"{100.0 * share:g}" for share in SHORTCUTS]
    fig = plot.figure(10.2, 3.9)
    graph, fast, lasting = plot.panels(fig, 1, 3)
    with plot.style():
        for values, words, colour in (
            ([measured[name].clustering for name in RINGS], "clustering", plot.PALETTE[3]),
            ([measured[name].path for name in RINGS], "mean path", plot.PALETTE[4]),
        ):
            relative = np.array(values) / values[0]
            graph.plot(place, relative, "o-", ms=5, color=colour, label=words)
        graph.set(ylabel="of the ring's", ylim=(0.0, 1.08), title="the graphs")
        graph.legend(loc="lower left")
        fast.plot(place, [found[name].half for name in RINGS], "o-", ms=5, color=SPIKING)
        fast.set(ylabel="half of all reached after (ms)", ylim=(0.0, None), title="the spread")
        share = [100.0 * found[name].lasts.mean() for name in RINGS]
        lasting.plot(place, share, "o-", ms=5, color=SPIKING)
        lasting.set(ylabel="graphs active to the end (%)", ylim=(-4.0, 104.0), title="and after it")
        for axes in (graph, fast, lasting):
            axes.set(xscale="log", xlabel="shortcuts (%)")
            axes.set_xticks(place, ticks)
            axes.minorticks_off()
    return fig


def _draw_clubs(found: dict[str, Spread], rich: nx.Graph, apart: nx.Graph) -> Figure:
    """Draw how hubs are wired to hubs, and how many of them a few kicks reach."""
    from neurosim import plot

    fig = plot.figure(9.2, 4.4)
    left, right = plot.panels(fig, 1, 2)
    with plot.style():
        kicked = 100.0 * np.array(SEEDS)
        for kind, graph, colour in zip(CLUBS, (rich, apart), plot.PALETTE[1:3], strict=True):
            coefficients = club_coefficients(graph)
            left.plot(*zip(*coefficients.items(), strict=True), color=colour, lw=2, label=kind)
            mine = [found[club_name(kind, share)] for share in SEEDS]
            spiking = [spread.hubs_reached(spread.spiking) for spread in mine]
            units = [spread.hubs_reached(spread.abstract) for spread in mine]
            right.plot(kicked, spiking, "o-", ms=5, color=colour, label=f"{kind}: neurons")
            right.plot(kicked, units, "s:", ms=4, color=colour, label=f"{kind}: threshold units")
        left.set(xlabel="degree k", ylabel="rich-club coefficient φ(k)")
        left.set(xlim=(0, 45), ylim=(-0.03, 1.03), title="hubs wired to hubs")
        left.legend(loc="center right")
        right.set(xlabel="neurons kicked (%)", ylabel="share of the hubs that fire")
        right.set(ylim=(-0.03, 1.03), title="two inputs needed to fire")
        fig.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return fig


scenario = Scenario(
    name="brain-graph",
    title="Small worlds and rich clubs: what wiring does to the spread of spikes",
    row="S25",
    source="L1 L4",
    group="The biological neuron",
    description=(
        "Neurons are the nodes of graphs, one-way connections their axons. In a ring a kick makes "
        "two waves that meet and die; a few long shortcuts shorten the paths and so the time to "
        "reach everybody, while neighbours stay neighbours, and now waves come back to where "
        "neurons have recovered: activity goes on for ever. With nothing but shortcuts the spread "
        "is over before anyone has recovered. Where it takes two inputs to fire, hubs wired to "
        "hubs, a rich club, set each other off after few kicks. Threshold units on the same graphs "
        "do exactly the same where one input is enough; where it takes two, neurons add up inputs "
        "that come a few milliseconds apart, and reach more."
    ),
    settings=Settings,
    duration=410.0,
    dt=0.5,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
