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
from typing import Any, Literal

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
SHOWN = {
    0.0: "No shortcuts: ring",
    0.01: "1 % shortcuts: small world",
    1.0: "100 % shortcuts: random",
}
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
    graph = nx.DiGraph(edges)
    for k in np.flatnonzero(rng.random(len(edges)) < fraction):
        source, target = edges[k]
        free = (node for node in rng.integers(0, n, 50).tolist() if node != source)
        new = next((node for node in free if not graph.has_edge(source, node)), target)
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
        if len(ends) < 4:
            continue
        low, lower_middle, upper_middle, top = ends
        new = ((top, upper_middle), (low, lower_middle))
        if kind != "rich_club":
            new = ((top, low), (upper_middle, lower_middle))
        if any(graph.has_edge(*edge) for edge in new):
            continue
        graph.remove_edges_from((edges[first], edges[second]))
        graph.add_edges_from(new)
        edges[first], edges[second] = new
    return graph


@dataclass(frozen=True, eq=False)
class Wiring:
    """Graphs of one kind, simulated as one population, and the PSP of their connections (mV)."""

    graphs: list[nx.Graph]
    psp: float
    stimulated: np.ndarray

    @property
    def matrix(self) -> scipy.sparse.csr_array:
        """Connections of all graphs, in blocks."""
        nodes = range(len(self.graphs[0]))
        blocks = [nx.to_scipy_sparse_array(g, nodelist=nodes, dtype=float) for g in self.graphs]
        return scipy.sparse.block_diag(blocks, format="csr")

    @property
    def hubs(self) -> kit.Bools:
        """The tenth of the nodes with the highest degree in each graph."""
        degree = np.asarray(self.matrix.sum(axis=1)).reshape(len(self.graphs), -1)
        rank = np.argsort(np.argsort(-degree, axis=1, kind="stable"), axis=1)
        return (rank < degree.shape[1] // 10).ravel()


def population_name(fraction: float) -> str:
    """Return the name of the rings with a fraction of shortcuts."""
    return f"ring, {100.0 * fraction:g} %"


@lru_cache(maxsize=2)
def wirings(settings: Settings, seed: int) -> dict[str, Wiring]:
    """Return all graphs by the name of their population."""
    seeds = [seed + 1000 * k for k in range(settings.copies)]
    first, found = settings.nodes * np.arange(settings.copies)[:, None], {}
    for fraction in SHORTCUTS:
        graphs = [small_world(fraction, settings, one) for one in seeds]
        found[population_name(fraction)] = Wiring(graphs, STRONG, first.ravel())
    rng, count = np.random.default_rng(seed), round(STIMULATED * settings.nodes)
    chosen = [rng.permutation(settings.nodes)[:count] for _ in seeds]
    for kind in CLUBS:
        graphs = [club(kind, settings, one) for one in seeds]
        found[kind] = Wiring(graphs, WEAK, (first + chosen).ravel())
    return found


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a population for each kind of graph."""
    kit.require_duration(options, START + 120.0, "ends before the spread does")
    net = ns.Network()
    for name, wiring in wirings(settings, options.seed).items():
        neurons = net.add(name, settings.nodes * settings.copies, NEURON)
        net.connect(neurons, neurons, psp=wiring.psp * wiring.matrix, delay=DELAY)
        net.drive(neurons, ns.SpikeTimes([START]), ids=wiring.stimulated, psp=STRONG)
    return net


def spiking_activity(result: ns.Result, name: str) -> kit.Bools:
    """Return the spikes in each step of one delay, shape (n_steps, copies · nodes)."""
    return kit.activity(result, name, start=START, step=DELAY)


def unit_activity(wiring: Wiring, n_steps: int) -> kit.Bools:
    """Return the activity of threshold units, in the same form.

    A unit is active if its input in a step exceeds 15 mV and it is not refractory (Greenberg &
    Hastings 1978, SIAM J. Appl. Math. 34:515).
    """
    matrix, threshold = wiring.matrix, bridge.threshold_distance(NEURON)
    active = np.zeros((n_steps, matrix.shape[0]), dtype=bool)
    refractory, inputs = np.zeros(matrix.shape[0], dtype=int), np.zeros(matrix.shape[0])
    inputs[wiring.stimulated] = STRONG
    for step in range(n_steps):
        active[step] = (inputs > threshold) & (refractory == 0)
        remaining = np.maximum(refractory - 1, 0)
        refractory = np.where(active[step], round(NEURON.t_ref / DELAY), remaining)
        inputs = wiring.psp * (active[step] @ matrix)
    return active


def clustering_and_path(graph: nx.Graph) -> tuple[float, float]:
    """Return the mean clustering coefficient and the mean length of the shortest paths."""
    reached = (lengths for _, lengths in nx.all_pairs_shortest_path_length(graph))
    lengths = [length for found in reached for length in found.values() if length]
    return float(nx.average_clustering(graph)), float(np.mean(lengths))


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure the graphs, the speed and persistence of activity, and the hubs reached."""
    graphs = wirings(settings, result.seed)
    found: kit.Findings = {"shortcuts": SHORTCUTS}
    rings = [population_name(fraction) for fraction in SHORTCUTS]
    measured = [clustering_and_path(graphs[name].graphs[0]) for name in rings]
    found["clustering"], found["path_length"] = zip(*measured, strict=True)
    activity = [
        spiking_activity(result, name).reshape(-1, settings.copies, settings.nodes)
        for name in rings
    ]
    reached = [np.maximum.accumulate(active).mean(axis=2) >= 0.5 for active in activity]
    found["half_reached_ms"] = [DELAY * half.argmax(axis=0).mean() for half in reached]
    found["share_that_lasts"] = [active[-20:].any(axis=(0, 2)).mean() for active in activity]
    for kind in CLUBS:
        fired = spiking_activity(result, kind)[:, graphs[kind].hubs]
        found[f"hubs_reached_{kind}"] = fired.any(axis=0).mean()
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State how shortcuts and hubs change the spread."""
    return [
        f"In {settings.copies} graphs of each kind, with {settings.nodes} neurons each, a stimulus "
        "of one neuron spread along rings with shortcuts, and stimuli of several neurons along "
        "graphs with hubs.",
        *(
            f"With {fraction:.0%} shortcuts, clustering is {found['clustering'][k]:.3f} and the "
            f"mean path {found['path_length'][k]:.1f} connections. Half of the neurons fire within "
            f"{found['half_reached_ms'][k]:.0f} ms, and activity persists in "
            f"{found['share_that_lasts'][k]:.0%} of the graphs."
            for k, fraction in enumerate(SHORTCUTS)
            if fraction in SHOWN
        ),
        f"If two inputs are needed and {STIMULATED:.0%} of the neurons are stimulated, "
        f"{found['hubs_reached_rich_club']:.0%} of the hubs fire if hubs are connected to hubs (a "
        f"rich club), and {found['hubs_reached_hubs_apart']:.0%} if not.",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the spikes in three graphs, and the effect of shortcuts."""
    found = findings(result, settings)
    rasters, dots = [], {"ls": "", "marker": ".", "ms": 3, "color": kit.SPIKING}
    for fraction, title in SHOWN.items():
        active = spiking_activity(result, population_name(fraction))
        active = active.reshape(-1, settings.copies, settings.nodes)
        persistent = active[-20:].any(axis=(0, 2)).argmax()
        step, neuron = np.nonzero(active[:, persistent])
        spikes = kit.curve(START + DELAY * step, neuron, **dots)
        rasters.append(kit.chart(spikes, title=title, xlabel="time (ms)", xlim=(0.0, 250.0)))
    rasters[0].labels["ylabel"] = "neuron, in the order of the ring"
    x = np.array([SHORTCUTS[1] / 4.0, *SHORTCUTS[1:]])
    axis: dict[str, Any] = {"xscale": "log", "xlabel": "shortcuts", "xticks": x,
                            "xticklabels": [f"{fraction:g}" for fraction in SHORTCUTS]}  # fmt: skip
    clustering, path = (
        np.array(found[key]) / found[key][0] for key in ("clustering", "path_length")
    )
    line = {"marker": "o", "color": kit.SPIKING}
    return {
        "spikes": kit.page(
            "A few shortcuts let activity persist", *rasters, size=(9.6, 4.2), sharey=True
        ),
        "small-world": kit.page(
            "A few shortcuts shorten paths, speed up the spread and let activity persist",
            kit.chart(
                kit.curve(x, clustering, text="clustering", at=4, marker="o", color="#E69F00"),
                kit.curve(x, path, text="mean path", at=2, marker="o", color="#56B4E9"),
                title="Graph", ylabel="relative to the ring", ylim=(0.0, 1.08), **axis,
            ),
            kit.chart(kit.curve(x, found["half_reached_ms"], **line), title="Speed",
                      ylabel="time until half have fired (ms)", ylim=(0.0, None), **axis),
            kit.chart(kit.curve(x, found["share_that_lasts"], **line), title="Persistence",
                      ylabel="fraction of graphs active to the end", **axis),
            size=(9.6, 3.8),
        ),
    }  # fmt: skip


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare neurons with threshold units on the same graphs."""
    found, graphs = findings(result, settings), wirings(settings, result.seed)
    neurons = {name: spiking_activity(result, name) for name in graphs}
    units = {name: unit_activity(graphs[name], len(neurons[name])) for name in graphs}
    same = np.mean([neurons[name] == units[name] for name in map(population_name, SHORTCUTS)])
    abstract = {kind: units[kind][:, graphs[kind].hubs].any(axis=0).mean() for kind in CLUBS}
    measures = kit.rows(
        found,
        ("agreement", "Equal activity, units × steps, one input", float(same)),
        *(
            (f"hubs_reached_{kind}", f"Hubs that fire, {words} | units: {abstract[kind]:.3f}")
            for kind, words in CLUBS.items()
        ),
    )
    conclusion = (
        f"If one input is enough, neurons and threshold units {'' if same == 1 else 'do not '}do "
        "the same. If two are needed, neurons also add PSPs that arrive some milliseconds apart."
    )
    x = np.arange(len(CLUBS))
    spiking = [found[f"hubs_reached_{kind}"] for kind in CLUBS]
    drawing = partial(
        kit.page, "Hubs that are connected to hubs excite each other",
        kit.chart(
            kit.bars(x - 0.2, abstract.values(), width=0.38, color="0.6", label="threshold units"),
            kit.bars(x + 0.2, spiking, width=0.38, color=kit.SPIKING, label="neurons"),
            xticks=x, xticklabels=CLUBS.values(), ylabel="fraction of hubs that are active",
            title=f"{STIMULATED:.0%} of the neurons are stimulated, two inputs are needed",
        ),
        legend=2,
    )  # fmt: skip
    title = "Spikes on graphs: neurons and threshold units with the same connections"
    return kit.Comparison(title, measures, {"rich-club": drawing}, conclusion)


scenario = kit.lesson(__name__, row="S25", lectures=("L1", "L4"), duration=410.0, dt=0.5)
