"""Small worlds and rich clubs: how wiring shapes the spread of spikes.

Neurons are the nodes of graphs, and one-way connections their axons. In a ring, one spike starts
two waves, which meet and end. A few long shortcuts make a small world: paths are short, although
neighbours remain connected to each other. Spikes reach all neurons faster, and waves return to
neurons that have recovered, so activity persists. With shortcuts only, the spread is over before
any neuron has recovered.

In a second experiment, a neuron needs two inputs at the same time. Few stimuli suffice if hubs are
connected to hubs (a rich club), but not in graphs of the same degrees in which they are not. The
comparison runs threshold units on the same graphs. They do the same as neurons if one input is
enough. If two are needed, neurons also add inputs that arrive a few milliseconds apart, and more of
them fire.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import networkx as nx
import numpy as np
from scipy.sparse import csgraph, csr_array

import bridge
import neurosim as ns
from scenarios import _kit as kit

NEURON = ns.LIF(t_ref=20.0)
# Time of the stimulus, and delay of all connections (ms).
START, DELAY = 10.0, 2.0
# PSPs (mV) of which one, or two at once, fire a neuron.
STRONG, WEAK = 20.0, 8.0
# Fractions of the connections of a ring that are rewired at random, by name.
RINGS = {f"ring, {100.0 * p:g} % shortcuts": p for p in (0.0, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)}
# Fraction of the neurons that are stimulated if two inputs are needed.
STIMULATED = 0.02
# Graphs whose hubs are connected to hubs, or not.
CLUBS = ("rich_club", "hubs_apart")


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    nodes: int = kit.setting(400, "", 100, 2000, "neurons of a graph")
    neighbours: Literal[4, 6, 8, 10] = kit.setting(4, help="mean number of connections of a neuron")
    copies: int = kit.setting(10, "", 1, 50, "graphs of each kind")


def small_world(fraction: float, settings: Settings, seed: int) -> nx.DiGraph:
    """Return a ring of which a fraction of the connections is rewired to random targets.

    After Watts & Strogatz 1998, Nature 393:440, but with one-way connections, each rewired
    independently (Roxin, Riecke & Solla 2004, Phys. Rev. Lett. 92:198101).
    """
    n, rng = settings.nodes, np.random.default_rng(seed)
    graph = nx.circulant_graph(n, range(1, settings.neighbours // 2 + 1), nx.DiGraph)
    for source, target in [edge for edge in graph.edges if rng.random() < fraction]:
        new = next(k for k in rng.integers(0, n, 50).tolist() if k not in (source, *graph[source]))
        graph.remove_edge(source, target)
        graph.add_edge(source, new)
    return graph


def club(kind: str, settings: Settings, seed: int) -> nx.Graph:
    """Return a graph whose hubs are connected to hubs or not; both kinds have the same degrees.

    The graph grows by preferential attachment (Barabási & Albert 1999, Science 286:509). Then pairs
    of connections exchange ends, so that the two nodes of highest degree are connected, or not
    (Xulvi-Brunet & Sokolov 2004, Phys. Rev. E 70:066102).
    """
    graph = nx.barabasi_albert_graph(settings.nodes, settings.neighbours // 2, seed=seed)
    rng, edges = np.random.default_rng(seed), list(graph.edges)
    for first, second in rng.integers(0, len(edges), (4 * len(edges), 2)):
        ends = {*edges[first], *edges[second]}
        *others, top = sorted(ends, key=lambda node: (graph.degree[node], node))
        if len(ends) == 4:
            partner = others.pop(2 if kind == "rich_club" else 0)
            new = [(top, partner), tuple(others)]
            if not any(graph.has_edge(*edge) for edge in new):
                graph.remove_edges_from((edges[first], edges[second]))
                graph.add_edges_from(new)
                edges[first], edges[second] = new
    return graph


@lru_cache(maxsize=2)
def all_graphs(settings: Settings, seed: int) -> dict[str, nx.Graph]:
    """Return the graph of each population by its name: the union of all copies."""
    seeds = [seed + 1000 * k for k in range(settings.copies)]
    copies = {name: [small_world(p, settings, one) for one in seeds] for name, p in RINGS.items()}
    copies |= {kind: [club(kind, settings, one) for one in seeds] for kind in CLUBS}
    return {name: nx.disjoint_union_all(graphs) for name, graphs in copies.items()}


def connections(name: str, graph: nx.Graph) -> csr_array:
    """Return the PSPs (mV) of all connections."""
    return (WEAK if name in CLUBS else STRONG) * nx.to_scipy_sparse_array(graph, dtype=float)


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a population for each kind of graph."""
    # In a ring, half of the neurons are reached after `steps`, each of which takes the delay.
    steps = settings.nodes / (2 * settings.neighbours)
    needed = START + max(120.0, DELAY * (1.0 + np.ceil(steps)))
    kit.require_duration(options, needed, "ends before the spread does")
    net, rng = ns.Network(), np.random.default_rng(options.seed)
    for name, graph in all_graphs(settings, options.seed).items():
        neurons = net.add(name, len(graph), NEURON)
        net.connect(neurons, neurons, psp=connections(name, graph), delay=DELAY)
        stimulated = np.arange(0, len(graph), settings.nodes)  # one in each ring
        if name in CLUBS:
            stimulated = np.flatnonzero(rng.random(len(graph)) < STIMULATED)
        net.drive(neurons, ns.SpikeTimes([START]), ids=stimulated, psp=STRONG)
    return net


def spiking_activity(result: ns.Result, settings: Settings, name: str) -> kit.Bools:
    """Return the spikes in each step of one delay, shape (n_steps, copies, nodes)."""
    active = kit.activity(result, name, start=START, step=DELAY)
    return active.reshape(-1, settings.copies, settings.nodes)


def unit_activity(result: ns.Result, settings: Settings, name: str) -> kit.Bools:
    """Return the activity of threshold units after the same stimulus, in the same form.

    A unit is active if its input in a step exceeds 15 mV and it is not refractory (Greenberg &
    Hastings 1978, SIAM J. Appl. Math. 34:515).
    """
    spikes = spiking_activity(result, settings, name)
    psps = connections(name, all_graphs(settings, result.seed)[name])
    threshold, pause = bridge.threshold_distance(NEURON), round(NEURON.t_ref / DELAY)
    active = spikes.reshape(len(spikes), -1).copy()  # the first step is that of the stimulus
    for step in range(1, len(active)):
        refractory = active[max(step - pause, 0) : step].any(axis=0)
        active[step] = (active[step - 1] @ psps > threshold) & ~refractory
    return active.reshape(spikes.shape)


def hubs_reached(active: kit.Bools, graph: nx.Graph) -> float:
    """Return the fraction of hubs, the tenth of the nodes of highest degree, that was active."""
    hubs = sorted(graph, key=graph.degree, reverse=True)[: len(graph) // 10]
    return float(active.any(axis=0).ravel()[hubs].mean())


def clustering_and_path(graph: nx.Graph) -> tuple[float, float]:
    """Return the mean clustering coefficient and the mean length of the shortest paths."""
    lengths = csgraph.shortest_path(nx.to_scipy_sparse_array(graph), unweighted=True)
    connected = np.isfinite(lengths) & (lengths > 0.0)
    return float(nx.average_clustering(graph)), float(lengths[connected].mean())


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure the graphs, the speed and persistence of activity, and the hubs reached."""
    graphs = all_graphs(settings, result.seed)
    first = [graphs[name].subgraph(range(settings.nodes)) for name in RINGS]
    clustering, path = np.transpose([clustering_and_path(graph) for graph in first])
    activity = [spiking_activity(result, settings, name) for name in RINGS]
    half = [np.maximum.accumulate(active).mean(axis=2) >= 0.5 for active in activity]
    clubs = {kind: spiking_activity(result, settings, kind) for kind in CLUBS}
    return {
        "shortcuts": [*RINGS.values()],
        "clustering": clustering,
        "path_length": path,
        "half_reached_ms": np.array([DELAY * reached.argmax(axis=0).mean() for reached in half]),
        **{f"hubs_reached_{kind}": hubs_reached(clubs[kind], graphs[kind]) for kind in CLUBS},
        "share_that_lasts": [active[-20:].any(axis=(0, 2)).mean() for active in activity],
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State how shortcuts and hubs change the spread."""
    return kit.sentences(
        found,
        f"Activity spread in {settings.copies * (len(RINGS) + len(CLUBS))} graphs with "
        f"{settings.nodes} neurons, {settings.copies} of each kind.",
        "From 0 to 1 % shortcuts, the clustering only falls from {clustering[0]:.2f} to "
        "{clustering[2]:.2f}, but the mean path from {path_length[0]:.1f} to {path_length[2]:.1f}.",
        "Half of the neurons fire within {half_reached_ms[2]:.0f} instead of "
        "{half_reached_ms[0]:.0f} ms. Activity persists in {share_that_lasts[2]:.0%} of graphs.",
        f"If two inputs are needed and {STIMULATED:.0%} of the neurons are stimulated, "
        "{hubs_reached_rich_club:.0%} of the hubs fire if hubs are connected to hubs (a rich "
        "club), and {hubs_reached_hubs_apart:.0%} if not.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the spikes in three graphs, and the effects of shortcuts."""
    found, panels = findings(result, settings), []
    for name in [[*RINGS][k] for k in (0, 2, 6)]:
        step, neuron = np.nonzero(spiking_activity(result, settings, name)[:, -1])
        spikes = kit.curve(START + DELAY * step, neuron, **kit.DOTS | {"marker": ".", "ms": 3})
        labels: kit.Options = {"xlabel": "time (ms)", "ylabel": "neuron", "xlim": (0.0, 250.0)}
        panels.append(kit.chart(spikes, title=name, **labels))
    measured = np.array([found[key] for key in ("clustering", "path_length", "half_reached_ms")])
    names = ["clustering", "mean path length", "time until half have fired"]
    x = [f"{fraction:g}" for fraction in RINGS.values()]
    panels.append(kit.chart(
        kit.curve(x, (measured / measured[:, :1]).T, names, marker="o"),
        kit.curve(x, found["share_that_lasts"], "fraction of graphs active to the end", marker="D"),
        xlabel="fraction of connections that are shortcuts",
        ylabel="relative to the ring, or fraction",
    ))  # fmt: skip
    title = "A few shortcuts shorten paths, speed up the spread and let activity persist"
    page: kit.Options = {"mosaic": "ABC;DDD", "size": (9.6, 7.2), "legend": 4}
    return {"small-world": kit.page(title, *panels, **page)}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare neurons with threshold units on the same graphs."""
    found, graphs = findings(result, settings), all_graphs(settings, result.seed)
    units = {name: unit_activity(result, settings, name) for name in graphs}
    same = np.mean([units[name] == spiking_activity(result, settings, name) for name in RINGS])
    hubs = [hubs_reached(units[kind], graphs[kind]) for kind in CLUBS]
    measures = kit.rows(
        found,
        ("agreement", "Equal activity, units × steps, one input", same),
        ("hubs_reached_rich_club", f"Hubs that fire, rich club | units: {hubs[0]:.3f}"),
        ("hubs_reached_hubs_apart", f"Hubs that fire, hubs apart | units: {hubs[1]:.3f}"),
    )
    conclusion = (
        "If one input is enough, neurons and threshold units do the same. If two are needed, "
        "neurons also add PSPs that arrive some milliseconds apart."
    )
    title = "Spikes on graphs: neurons and threshold units with the same connections"
    return kit.Comparison(title, measures, conclusion=conclusion)


scenario = kit.lesson(__name__, row="S25", lectures=("L1", "L4"), duration=410.0, dt=0.5)
