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
from functools import lru_cache, partial
from typing import Literal

import networkx as nx
import numpy as np
import scipy.sparse

import bridge
import neurosim as ns
from scenarios import _kit as kit

NEURON = ns.LIF(t_ref=20.0)
START, DELAY = 10.0, 2.0
"""Time of the stimulus, and delay of all connections (ms)."""
STRONG, WEAK = 20.0, 8.0
"""PSPs (mV) of which one, or two at once, fire a neuron."""
SHORTCUTS = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Fractions of the connections of a ring that are rewired at random."""
SHOWN = {0.0: "Ring", 0.01: "1 % shortcuts: small world", 1.0: "100 % shortcuts: random"}
"""Graphs whose spikes are drawn."""
STIMULATED = 0.02
"""Fraction of the neurons that are stimulated if two inputs are needed."""
CLUBS = {"rich_club": "hubs connected to hubs", "hubs_apart": "hubs not connected to hubs"}


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
    reach = np.arange(1, settings.neighbours // 2 + 1)
    steps = np.concatenate([reach, -reach])
    edges = [(node, int((node + step) % n)) for node in range(n) for step in steps]
    graph = nx.empty_graph(n, nx.DiGraph)
    graph.add_edges_from(edges)
    for k in np.flatnonzero(rng.random(len(edges)) < fraction):
        source, target = edges[k]
        drawn = (node for node in rng.integers(0, n, 50).tolist() if node != source)
        new = next((node for node in drawn if not graph.has_edge(source, node)), target)
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
    rng, degree = np.random.default_rng(seed), dict(graph.degree)
    edges = list(graph.edges)
    for first, second in rng.integers(0, len(edges), (4 * len(edges), 2)):
        ends = sorted({*edges[first], *edges[second]}, key=lambda node: (degree[node], node))
        if len(ends) == 4:
            low, middle, high, top = ends
            rich = kind == "rich_club"
            new = [(top, high), (low, middle)] if rich else [(top, low), (high, middle)]
            if not any(graph.has_edge(*edge) for edge in new):
                graph.remove_edges_from((edges[first], edges[second]))
                graph.add_edges_from(new)
                edges[first], edges[second] = new
    return graph


def ring(fraction: float) -> str:
    """Return the name of the population of rings with a fraction of shortcuts."""
    return f"ring, {100.0 * fraction:g} %"


@lru_cache(maxsize=2)
def all_graphs(settings: Settings, seed: int) -> dict[str, nx.Graph]:
    """Return the graph of each population by its name: the union of all copies."""
    seeds = [seed + 1000 * k for k in range(settings.copies)]
    copies = {ring(p): [small_world(p, settings, one) for one in seeds] for p in SHORTCUTS}
    copies |= {kind: [club(kind, settings, one) for one in seeds] for kind in CLUBS}
    return {name: nx.disjoint_union_all(graphs) for name, graphs in copies.items()}


def connections(name: str, graph: nx.Graph) -> scipy.sparse.csr_array:
    """Return the PSPs (mV) of all connections."""
    psp = WEAK if name in CLUBS else STRONG
    return psp * nx.to_scipy_sparse_array(graph, nodelist=range(len(graph)), dtype=float)


def stimulated(name: str, settings: Settings, seed: int) -> kit.Integers:
    """Return the stimulated neurons: one in each ring, several in each graph with hubs."""
    first, rng = settings.nodes * np.arange(settings.copies), np.random.default_rng(seed)
    if name not in CLUBS:
        return first
    count = round(STIMULATED * settings.nodes)
    chosen = np.array([rng.permutation(settings.nodes)[:count] for _ in first])
    return (first[:, None] + chosen).ravel()


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a population for each kind of graph."""
    kit.require_duration(options, START + 120.0, "ends before the spread does")
    net = ns.Network()
    for name, graph in all_graphs(settings, options.seed).items():
        neurons, ids = net.add(name, len(graph), NEURON), stimulated(name, settings, options.seed)
        net.connect(neurons, neurons, psp=connections(name, graph), delay=DELAY)
        net.drive(neurons, ns.SpikeTimes([START]), ids=ids, psp=STRONG)
    return net


def spiking_activity(result: ns.Result, settings: Settings, name: str) -> kit.Bools:
    """Return the spikes in each step of one delay, shape (n_steps, copies, nodes)."""
    active = kit.activity(result, name, start=START, step=DELAY)
    return active.reshape(-1, settings.copies, settings.nodes)


def unit_activity(settings: Settings, seed: int, name: str, n_steps: int) -> kit.Bools:
    """Return the activity of threshold units, in the same form.

    A unit is active if its input in a step exceeds 15 mV and it is not refractory (Greenberg &
    Hastings 1978, SIAM J. Appl. Math. 34:515).
    """
    psps = connections(name, all_graphs(settings, seed)[name])
    n, threshold = settings.copies * settings.nodes, bridge.threshold_distance(NEURON)
    active, refractory, inputs = np.zeros((n_steps, n), dtype=bool), np.zeros(n), np.zeros(n)
    inputs[stimulated(name, settings, seed)] = STRONG
    for step in range(n_steps):
        active[step] = (inputs > threshold) & (refractory <= 0.0)
        refractory = np.where(active[step], NEURON.t_ref, refractory - DELAY)
        inputs = active[step] @ psps
    return active.reshape(-1, settings.copies, settings.nodes)


def hubs_reached(active: kit.Bools, graph: nx.Graph) -> float:
    """Return the fraction of hubs, the tenth of the nodes of highest degree, that was active."""
    hubs = sorted(graph, key=graph.degree, reverse=True)[: len(graph) // 10]
    return float(active.any(axis=0).ravel()[hubs].mean())


def clustering_and_path(graph: nx.Graph) -> tuple[float, float]:
    """Return the mean clustering coefficient and the mean length of the shortest paths."""
    paths = dict(nx.all_pairs_shortest_path_length(graph))
    lengths = [length for reached in paths.values() for length in reached.values() if length]
    return float(nx.average_clustering(graph)), float(np.mean(lengths))


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure the graphs, the speed and persistence of activity, and the hubs reached."""
    graphs = all_graphs(settings, result.seed)
    first = [graphs[ring(fraction)].subgraph(range(settings.nodes)) for fraction in SHORTCUTS]
    clustering, path = np.transpose([clustering_and_path(graph) for graph in first])
    activity = [spiking_activity(result, settings, ring(fraction)) for fraction in SHORTCUTS]
    half = [np.maximum.accumulate(active).mean(axis=2) >= 0.5 for active in activity]
    clubs = {kind: spiking_activity(result, settings, kind) for kind in CLUBS}
    return {
        "shortcuts": SHORTCUTS,
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
        f"Activity spread in {settings.copies} graphs of each kind, with {settings.nodes} neurons "
        "each. In rings with shortcuts, one neuron was stimulated.",
        "With 0, 1 and 100 % shortcuts, the clustering is {clustering[0]:.2f}, {clustering[2]:.2f} "
        "and {clustering[6]:.2f}, and the mean path {path_length[0]:.1f}, {path_length[2]:.1f} and "
        "{path_length[6]:.1f} connections.",
        "Half of the neurons fire within {half_reached_ms[0]:.0f}, {half_reached_ms[2]:.0f} and "
        "{half_reached_ms[6]:.0f} ms. Activity persists in {share_that_lasts[0]:.0%}, "
        "{share_that_lasts[2]:.0%} and {share_that_lasts[6]:.0%} of the graphs.",
        f"If two inputs are needed and {STIMULATED:.0%} of the neurons are stimulated, "
        "{hubs_reached_rich_club:.0%} of the hubs fire if hubs are connected to hubs (a rich "
        "club), and {hubs_reached_hubs_apart:.0%} if not.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the spikes in three graphs, and the effect of shortcuts."""
    found, rasters = findings(result, settings), []
    dots: kit.Options = {"ls": "", "marker": ".", "ms": 3, "color": kit.SPIKING}
    for fraction, title in SHOWN.items():
        step, neuron = np.nonzero(spiking_activity(result, settings, ring(fraction))[:, -1])
        spikes = kit.curve(START + DELAY * step, neuron, **dots)
        rasters.append(kit.chart(spikes, title=title, xlabel="time (ms)", xlim=(0.0, 250.0)))
    rasters[0].labels["ylabel"] = "neuron, in the order of the ring"
    x = np.array([SHORTCUTS[1] / 4.0, *SHORTCUTS[1:]])
    axis: kit.Options = {"xlabel": "shortcuts", "xscale": "log", "xticks": x}
    axis["xticklabels"] = [f"{fraction:g}" for fraction in SHORTCUTS]
    measured = np.array([found[key] for key in ("clustering", "path_length", "half_reached_ms")])
    labels = ["clustering", "mean path", "time until half have fired"]
    relative = kit.curve(x, (measured / measured[:, :1]).T, labels, marker="o")
    persistence = kit.curve(x, found["share_that_lasts"], marker="o", color=kit.SPIKING)
    return {
        "spikes": kit.page(
            "A few shortcuts let activity persist", *rasters, size=(9.6, 4.2), sharey=True,
        ),
        "small-world": kit.page(
            "A few shortcuts shorten paths, speed up the spread and let activity persist",
            kit.chart(relative, ylabel="relative to the ring", **axis),
            kit.chart(persistence, ylabel="fraction of graphs active to the end", **axis),
            size=(9.6, 4.2), legend=3,
        ),
    }  # fmt: skip


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare neurons with threshold units on the same graphs."""
    found, graphs = findings(result, settings), all_graphs(settings, result.seed)
    neurons = {name: spiking_activity(result, settings, name) for name in graphs}
    steps = len(neurons["rich_club"])
    units = {name: unit_activity(settings, result.seed, name, steps) for name in graphs}
    same = np.mean([neurons[name] == units[name] for name in map(ring, SHORTCUTS)])
    hubs = [hubs_reached(units[kind], graphs[kind]) for kind in CLUBS]
    measures = kit.rows(
        found,
        ("agreement", "Equal activity, units × steps, one input", same),
        ("hubs_reached_rich_club", f"Hubs that fire, rich club | units: {hubs[0]:.3f}"),
        ("hubs_reached_hubs_apart", f"Hubs that fire, hubs apart | units: {hubs[1]:.3f}"),
    )
    conclusion = (
        f"If one input is enough, neurons and threshold units {'' if same == 1 else 'do not '}"
        "do the same. If two are needed, neurons also add PSPs that arrive some milliseconds apart."
    )
    x, spiking = np.arange(len(CLUBS)), [found[f"hubs_reached_{kind}"] for kind in CLUBS]
    bars = kit.chart(
        kit.bars(x - 0.2, hubs, width=0.38, color="0.6", label="threshold units"),
        kit.bars(x + 0.2, spiking, width=0.38, color=kit.SPIKING, label="neurons"),
        xticks=x, xticklabels=CLUBS.values(), ylabel="fraction of hubs that are active",
        title=f"{STIMULATED:.0%} of the neurons are stimulated, two inputs are needed",
    )  # fmt: skip
    drawing = partial(kit.page, "Hubs that are connected to hubs excite each other", bars, legend=2)
    title = "Spikes on graphs: neurons and threshold units with the same connections"
    return kit.Comparison(title, measures, {"rich-club": drawing}, conclusion)


scenario = kit.lesson(__name__, row="S25", lectures=("L1", "L4"), duration=410.0, dt=0.5)
