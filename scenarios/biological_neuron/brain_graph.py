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
STIMULATED = (0.005, 0.01, 0.02, 0.03, 0.05)
"""Fractions of the neurons that are stimulated if two inputs are needed."""
REPORTED = 0.02
CLUBS = {"rich_club": "hubs connected to hubs", "hubs_apart": "hubs not connected to hubs"}


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    nodes: int = kit.setting(400, "", 100, 5000, "neurons of a graph")
    neighbours: int = kit.setting(4, "", 4, 20, "mean number of connections of a neuron; even")
    copies: int = kit.setting(10, "", 1, 200, "graphs of each kind")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.neighbours % 2:
            raise ns.NeurosimError(
                f"neighbours = {self.neighbours} is odd: give an even number, as half of them lie "
                "on each side in the ring"
            )
        if self.nodes * self.copies > 100_000:
            raise ns.NeurosimError(
                f"nodes = {self.nodes} times copies = {self.copies} is above 100,000: give fewer"
            )


def small_world(fraction: float, settings: Settings, seed: int) -> nx.DiGraph:
    """Return a ring of which a fraction of the connections is rewired to random targets.

    After Watts & Strogatz 1998, Nature 393:440, but with one-way connections, each rewired
    independently (Roxin, Riecke & Solla 2004, Phys. Rev. Lett. 92:198101).
    """
    n, rng = settings.nodes, np.random.default_rng(seed)
    reach = np.arange(1, settings.neighbours // 2 + 1)
    steps = np.concatenate([reach, -reach])
    sources = np.repeat(np.arange(n), len(steps))
    targets = (sources + np.tile(steps, n)) % n
    rewired = np.flatnonzero(rng.random(len(sources)) < fraction)
    graph = nx.DiGraph(zip(sources.tolist(), targets.tolist(), strict=True))
    for source, target in zip(sources[rewired].tolist(), targets[rewired].tolist(), strict=True):
        candidates = [node for node in rng.integers(0, n, 50).tolist() if node != source]
        free = (node for node in candidates if not graph.has_edge(source, node))
        new = next(free, target)
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
    """Graphs of one kind, simulated as one population.

    Attributes
    ----------
    example : networkx.DiGraph or networkx.Graph
        The first graph.
    matrix : (n, n) sparse matrix
        Connections of all graphs, in blocks.
    psp : float
        mV.
    stimulated : (n_stimulated,) ndarray of int
    """

    example: nx.DiGraph | nx.Graph
    matrix: scipy.sparse.csr_array
    psp: float
    stimulated: np.ndarray

    @classmethod
    def of(cls, graphs: list[nx.Graph], psp: float, stimulated: list[np.ndarray]) -> Wiring:
        """Combine graphs; `stimulated` contains the nodes to stimulate in each."""
        n = len(graphs[0])
        blocks = [nx.to_scipy_sparse_array(g, nodelist=range(n), dtype=float) for g in graphs]
        ids = np.concatenate([k * n + nodes for k, nodes in enumerate(stimulated)])
        return cls(graphs[0], scipy.sparse.block_diag(blocks, format="csr"), psp, ids)

    def hubs(self, settings: Settings) -> kit.Bools:
        """Return the tenth of the nodes with the highest degree, shape (copies, nodes)."""
        degree = np.asarray(self.matrix.sum(axis=1)).reshape(-1, settings.nodes)
        rank = np.argsort(np.argsort(-degree, axis=1, kind="stable"), axis=1)
        return rank < settings.nodes // 10


def population_name(kind: str, fraction: float) -> str:
    """Return the name of the graphs of a kind with a fraction of shortcuts or stimuli."""
    return f"{kind}, {100.0 * fraction:g} %"


@lru_cache(maxsize=2)
def wirings(settings: Settings, seed: int) -> dict[str, Wiring]:
    """Return all graphs by the name of their population."""
    found, seeds = {}, [seed + 1000 * k for k in range(settings.copies)]
    for fraction in SHORTCUTS:
        graphs = [small_world(fraction, settings, one) for one in seeds]
        found[population_name("ring", fraction)] = Wiring.of(
            graphs, STRONG, [np.zeros(1, int)] * len(seeds)
        )
    rng = np.random.default_rng(seed)
    order = [rng.permutation(settings.nodes) for _ in seeds]
    for kind in CLUBS:
        graphs = [club(kind, settings, one) for one in seeds]
        for fraction in STIMULATED:
            count = max(2, round(fraction * settings.nodes))
            chosen = [nodes[:count] for nodes in order]
            found[population_name(kind, fraction)] = Wiring.of(graphs, WEAK, chosen)
    return found


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a population for each kind of graph and stimulus."""
    if options.duration < START + 120.0:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms ends before the spread does: give at least "
            f"{START + 120.0:g} ms"
        )
    net = ns.Network()
    for name, wiring in wirings(settings, options.seed).items():
        neurons = net.add(name, wiring.matrix.shape[0], NEURON)
        net.connect(neurons, neurons, psp=wiring.psp * wiring.matrix, delay=DELAY)
        net.drive(neurons, ns.SpikeTimes([START]), ids=wiring.stimulated, psp=STRONG)
    return net


def spiking_activity(result: ns.Result, settings: Settings, name: str) -> kit.Bools:
    """Return the spikes in each step of one delay, shape (n_steps, copies, nodes)."""
    n_steps = 1 + int((result.duration - START) / DELAY + 1e-9)
    trains = result.spikes[name]
    active = np.zeros((n_steps, settings.copies * settings.nodes), dtype=bool)
    step = np.rint((trains.times - START) / DELAY).astype(int)
    inside = (step >= 0) & (step < n_steps)
    active[step[inside], trains.ids[inside]] = True
    return active.reshape(n_steps, settings.copies, settings.nodes)


def unit_activity(wiring: Wiring, settings: Settings, n_steps: int) -> kit.Bools:
    """Return the activity of threshold units, in the same form.

    A unit is active if its input in a step exceeds 15 mV and it is not refractory (Greenberg &
    Hastings 1978, SIAM J. Appl. Math. 34:515).
    """
    size, threshold = wiring.matrix.shape[0], bridge.threshold_distance(NEURON)
    active, refractory = np.zeros((n_steps, size), dtype=bool), np.zeros(size, dtype=int)
    inputs = np.zeros(size)
    inputs[wiring.stimulated] = STRONG
    for step in range(n_steps):
        active[step] = (inputs > threshold) & (refractory == 0)
        rest = np.maximum(refractory - 1, 0)
        refractory = np.where(active[step], round(NEURON.t_ref / DELAY), rest)
        inputs = wiring.psp * (active[step] @ wiring.matrix)
    return active.reshape(n_steps, settings.copies, settings.nodes)


def half_time(active: kit.Bools) -> float:
    """Return the time (ms) until half of the neurons have fired, a mean over graphs."""
    reached = np.maximum.accumulate(active, axis=0).mean(axis=2)
    return DELAY * float(np.argmax(reached >= 0.5, axis=0).mean())


def persists(active: kit.Bools) -> kit.Bools:
    """Return which graphs are active within the last 40 ms."""
    return np.asarray(active[-round(40.0 / DELAY) :].any(axis=(0, 2)))


def clustering_and_path(graph: nx.Graph) -> tuple[float, float]:
    """Return the mean clustering coefficient and the mean length of the shortest paths."""
    reached = (lengths for _, lengths in nx.all_pairs_shortest_path_length(graph))
    lengths = [length for found in reached for length in found.values() if length]
    return float(nx.average_clustering(graph)), float(np.mean(lengths))


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure the graphs, the speed and persistence of activity, and the hubs reached."""
    names, graphs = [population_name("ring", x) for x in SHORTCUTS], wirings(settings, result.seed)
    measured = [clustering_and_path(graphs[name].example) for name in names]
    rings = [spiking_activity(result, settings, name) for name in names]
    return {
        "shortcuts": SHORTCUTS,
        "clustering": [clustering for clustering, _ in measured],
        "path_length": [path for _, path in measured],
        "half_reached_ms": [half_time(active) for active in rings],
        "share_that_lasts": [persists(active).mean() for active in rings],
        "share_kicked": STIMULATED,
        **{f"hubs_reached_{kind}": hubs_reached(result, settings, kind)[0] for kind in CLUBS},
    }


def hubs_reached(
    result: ns.Result, settings: Settings, kind: str
) -> tuple[list[float], list[float]]:
    """Return the fractions of hubs that fire and of hub units that are active, by stimulus."""
    spiking, units = [], []
    for fraction in STIMULATED:
        name = population_name(kind, fraction)
        wiring = wirings(settings, result.seed)[name]
        active, hubs = spiking_activity(result, settings, name), wiring.hubs(settings)
        abstract = unit_activity(wiring, settings, len(active))
        spiking.append(float(active[:, hubs].any(axis=0).mean()))
        units.append(float(abstract[:, hubs].any(axis=0).mean()))
    return spiking, units


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State how shortcuts and hubs change the spread."""
    sentences = [
        f"In {settings.copies} graphs of each kind, with {settings.nodes} neurons each, a stimulus "
        "of one neuron spread along rings with shortcuts, and stimuli of several neurons along "
        "graphs with hubs.",
    ]
    for fraction in SHOWN:
        k = SHORTCUTS.index(fraction)
        sentences += [
            f"With {fraction:.0%} shortcuts, clustering is {found['clustering'][k]:.3f} and the "
            f"mean path {found['path_length'][k]:.1f} connections. Half of the neurons fire within "
            f"{found['half_reached_ms'][k]:.0f} ms, and activity persists in "
            f"{found['share_that_lasts'][k]:.0%} of the graphs."
        ]
    k = STIMULATED.index(REPORTED)
    rich, apart = (found[f"hubs_reached_{kind}"][k] for kind in CLUBS)
    return [
        *sentences,
        f"If two inputs are needed and {REPORTED:.0%} of the neurons are stimulated, {rich:.0%} of "
        f"the hubs fire if hubs are connected to hubs (a rich club), and {apart:.0%} if not.",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the spikes in three graphs, and the effect of shortcuts."""
    found = findings(result, settings)
    rasters = [
        kit.panel(
            _draw_spikes, result, settings, fraction, title=title, xlabel="time (ms)",
            ylabel="" if fraction else "neuron, in the order of the ring",
            xlim=(0.0, min(result.duration, 250.0)),
        )
        for fraction, title in SHOWN.items()
    ]  # fmt: skip
    graph = kit.panel(
        _draw_graphs, found, title="Graph", ylabel="relative to the ring", ylim=(0.0, 1.08)
    )
    fast = kit.panel(
        _draw_by_shortcuts, found["half_reached_ms"], title="Speed", ylim=(0.0, None),
        ylabel="time until half have fired (ms)",
    )  # fmt: skip
    lasting = kit.panel(
        _draw_by_shortcuts, found["share_that_lasts"], title="Persistence", ylim=(-0.04, 1.04),
        ylabel="fraction of graphs active to the end",
    )  # fmt: skip
    return {
        "spikes": kit.page(
            "A few shortcuts let activity persist", *rasters, size=(9.6, 4.2), sharey=True
        ),
        "small-world": kit.page(
            "A few shortcuts shorten paths, speed up the spread and let activity persist",
            graph, fast, lasting, size=(9.6, 3.8),
        ),
    }  # fmt: skip


def _draw_spikes(axes: kit.Axes, result: ns.Result, settings: Settings, fraction: float) -> None:
    """Draw the spikes of one graph, a persistent one if there is any."""
    active = spiking_activity(result, settings, population_name("ring", fraction))
    step, neuron = np.nonzero(active[:, persists(active).argmax()])
    axes.plot(START + DELAY * step, neuron, ".", ms=3.0, mew=0, color=kit.SPIKING)


def _draw_graphs(axes: kit.Axes, found: kit.Findings) -> None:
    """Draw clustering and mean path, relative to those of the ring."""
    for key, text, colour, k in (
        ("clustering", "clustering", "#E69F00", 4),
        ("path_length", "mean path", "#56B4E9", 2),
    ):
        relative = np.array(found[key]) / found[key][0]
        _draw_by_shortcuts(axes, relative, colour)
        kit.label(axes, SHORTCUTS[k], relative[k], text)


def _draw_by_shortcuts(axes: kit.Axes, values: kit.Floats, colour: str = kit.SPIKING) -> None:
    """Draw values against the fraction of shortcuts, on a logarithmic axis with a zero."""
    x = np.array([SHORTCUTS[1] / 4.0, *SHORTCUTS[1:]])
    axes.plot(x, values, "o-", ms=5, color=colour)
    axes.set(xscale="log", xlabel="shortcuts (%)")
    axes.set_xticks(x, [f"{100.0 * fraction:g}" for fraction in SHORTCUTS])
    axes.minorticks_off()


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare neurons with threshold units on the same graphs."""
    graphs = wirings(settings, result.seed)
    rings = {x: spiking_activity(result, settings, population_name("ring", x)) for x in SHORTCUTS}
    same = [
        np.mean(active == unit_activity(graphs[population_name("ring", x)], settings, len(active)))
        for x, active in rings.items()
    ]
    measures = {
        "agreement": kit.Measure(
            float(np.mean(same)), note=f"{rings[0.0].size:,} in each ring",
            label="Equal activity, units × steps, one input",
        )
    }  # fmt: skip
    k, reached = STIMULATED.index(REPORTED), {}
    for kind, words in CLUBS.items():
        reached[kind] = spiking, units = hubs_reached(result, settings, kind)
        note, label = f"threshold units: {units[k]:.3f}", f"Hubs that fire, {words}"
        measures[f"hubs_reached_{kind}"] = kit.Measure(spiking[k], note=note, label=label)
    alike = "do the same" if np.mean(same) == 1.0 else "do not do the same"
    conclusion = f"If one input is enough, neurons and threshold units {alike}."
    if sum(reached["rich_club"][0]) > sum(reached["rich_club"][1]):
        conclusion += (
            " If two are needed, more neurons than units are active, because PSPs that arrive some "
            "milliseconds apart add up."
        )
    drawings = {"rich-club": partial(_draw_clubs, graphs, reached)}
    title = "Spikes on graphs: neurons and threshold units with the same connections"
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_clubs(
    graphs: dict[str, Wiring], reached: dict[str, tuple[list[float], list[float]]]
) -> kit.Figure:
    """Draw the connections among hubs, and the fraction of hubs that is active.

    The rich-club coefficient φ(k) is the fraction of the possible connections among nodes of a
    degree above k that exist (Zhou & Mondragón 2004, IEEE Commun. Lett. 8:180).
    """

    def draw_coefficients(axes: kit.Axes) -> None:
        for (kind, words), colour in zip(CLUBS.items(), ("#E69F00", "#56B4E9"), strict=True):
            example = graphs[population_name(kind, REPORTED)].example
            coefficients = nx.rich_club_coefficient(example, normalized=False)
            axes.plot(*zip(*coefficients.items(), strict=True), color=colour, lw=2, label=words)

    def draw_reached(axes: kit.Axes) -> None:
        percent = 100.0 * np.array(STIMULATED)
        for (spiking, units), colour in zip(reached.values(), ("#E69F00", "#56B4E9"), strict=True):
            axes.plot(percent, spiking, "o-", ms=5, color=colour)
            axes.plot(percent, units, "s:", ms=4, color=colour)
        for line, text in (("o-", "neurons"), ("s:", "threshold units")):
            axes.plot([], [], line, ms=4, color="black", label=text)

    left = kit.panel(
        draw_coefficients, title="Connections among nodes of a degree above k", xlabel="degree k",
        ylabel="rich-club coefficient φ(k)", legend="center right", ylim=(-0.03, 1.03),
    )  # fmt: skip
    right = kit.panel(
        draw_reached, title="Two inputs are needed", xlabel="neurons stimulated (%)",
        ylabel="fraction of hubs that are active", ylim=(-0.03, 1.03), legend="upper left",
    )  # fmt: skip
    title = "Hubs that are connected to hubs excite each other"
    return kit.page(title, left, right, size=(9.0, 4.2))


scenario = kit.lesson(__name__, row="S25", lectures=("L1", "L4"), duration=410.0, dt=0.5)
