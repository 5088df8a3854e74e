"""Graphs wired small-world and rich-club, as networks of neurons and of threshold units."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import scipy.sparse

import bridge
import neurosim as ns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

SHORTCUTS = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Shares of a ring's connections that are laid anew, to anywhere."""
CLUBS = ("rich-club", "hubs apart")
"""Graphs of the same degrees, in which hubs are wired to hubs, or to others."""
KICK, DELAY = 10.0, 2.0
"""When the first neurons are kicked, and how long a spike is under way (ms)."""
NEURON = ns.LIF(t_ref=20.0)
STEPS_REFRACTORY = round(NEURON.t_ref / DELAY)
STRONG, WEAK = 20.0, 8.0
"""PSPs (mV) of which one makes a neuron fire, and of which it takes two at once."""
SEEDS = (0.005, 0.01, 0.02, 0.03, 0.05)
"""Shares of the neurons that are kicked where it takes two."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    nodes: int = field(default=400, metadata={"help": "neurons of a graph"})
    neighbours: int = field(default=4, metadata={"help": "connections of a neuron, in the mean"})
    copies: int = field(default=10, metadata={"help": "graphs of each kind"})

    def __post_init__(self) -> None:
        for name, low, high in (("nodes", 100, 5000), ("neighbours", 4, 20), ("copies", 1, 200)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ns.NeurosimError(f"{name} = {value} is outside {low} to {high}")
        if self.neighbours % 2:
            raise ns.NeurosimError(
                f"neighbours = {self.neighbours} is odd: half of them lie on each side of a ring"
            )
        if self.nodes * self.copies > 100_000:
            raise ns.NeurosimError(
                f"nodes = {self.nodes} times copies = {self.copies} is above 100,000: lower one"
            )


def small_world(share: float, settings: Settings, seed: int) -> nx.DiGraph:
    """Return a ring of which a share of the connections is laid anew, to anywhere.

    After Watts & Strogatz 1998, Nature 393:440, but one-way, as axons are: of a connection there
    and back each way is laid anew by itself (Roxin, Riecke & Solla 2004, Phys. Rev. Lett.
    92:198101).
    """
    n, rng = settings.nodes, np.random.default_rng(seed)
    reach = np.arange(1, settings.neighbours // 2 + 1)
    steps = np.concatenate([reach, -reach])
    sources = np.repeat(np.arange(n), len(steps))
    targets = (sources + np.tile(steps, n)) % n
    anew = np.flatnonzero(rng.random(len(sources)) < share)
    graph = nx.DiGraph(zip(sources.tolist(), targets.tolist(), strict=True))
    for source, target in zip(sources[anew].tolist(), targets[anew].tolist(), strict=True):
        free = [node for node in rng.integers(0, n, 50).tolist() if node != source]
        other = next((node for node in free if not graph.has_edge(source, node)), target)
        graph.remove_edge(source, target)
        graph.add_edge(source, other)
    return graph


def club(kind: str, settings: Settings, seed: int) -> nx.Graph:
    """Return a graph with hubs, wired to each other or apart, every degree the same in both.

    It grows by preferential attachment (Barabási & Albert 1999, Science 286:509). Then pairs of
    connections swap ends: the two best connected of the four are joined, or kept apart
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
        if kind != CLUBS[0]:
            new = ((top, low), (upper_middle, lower_middle))
        if any(graph.has_edge(*edge) for edge in new):
            continue
        graph.remove_edges_from((edges[first], edges[second]))
        graph.add_edges_from(new)
        edges[first], edges[second] = new
    return graph


@dataclass(frozen=True, eq=False)
class Wiring:
    """Some graphs of one kind, side by side.

    Attributes
    ----------
    name : str
    example : networkx.DiGraph or networkx.Graph
        The first of them.
    matrix : (n, n) sparse matrix
        Of all, block by block: 1 where there is a connection.
    psp : float
        mV.
    kicked : (n_kicked,) ndarray of int
    """

    name: str
    example: nx.DiGraph | nx.Graph
    matrix: scipy.sparse.csr_array
    psp: float
    kicked: NDArray[np.int64]

    @classmethod
    def of(
        cls, name: str, graphs: list[nx.Graph], psp: float, kicked: list[NDArray[np.int64]]
    ) -> Wiring:
        """Return graphs side by side; each has its own list of neurons to be kicked."""
        nodes = len(graphs[0])
        parts = [nx.to_scipy_sparse_array(g, nodelist=range(nodes), dtype=float) for g in graphs]
        ids = np.concatenate([k * nodes + those for k, those in enumerate(kicked)])
        return cls(name, graphs[0], scipy.sparse.block_diag(parts, format="csr"), psp, ids)


@lru_cache(maxsize=2)
def wirings(settings: Settings, seed: int) -> dict[str, Wiring]:
    """Return all graphs by name; the same every time."""
    found, copies = {}, range(settings.copies)
    for share in SHORTCUTS:
        graphs = [small_world(share, settings, seed + 1000 * k) for k in copies]
        name = ring_name(share)
        found[name] = Wiring.of(name, graphs, STRONG, [np.zeros(1, int)] * settings.copies)
    rng = np.random.default_rng(seed)
    order = [rng.permutation(settings.nodes) for _ in copies]
    for kind in CLUBS:
        graphs = [club(kind, settings, seed + 1000 * k) for k in copies]
        for share in SEEDS:
            kicked = [those[: max(2, round(share * settings.nodes))] for those in order]
            name = club_name(kind, share)
            found[name] = Wiring.of(name, graphs, WEAK, kicked)
    return found


def ring_name(share: float) -> str:
    """Return the name of rings of which a share of the connections is laid anew."""
    return f"shortcuts {100.0 * share:g} %"


def club_name(kind: str, share: float) -> str:
    """Return the name of graphs with hubs of which a share of the neurons is kicked."""
    return f"{kind}, {100.0 * share:g} % kicked"


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe every graph as a population of neurons."""
    if options.duration < KICK + 120.0:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms ends before the spread does: give at least "
            f"{KICK + 120.0:g} ms"
        )
    net = ns.Network()
    for name, wiring in wirings(settings, options.seed).items():
        cells = net.add(name, wiring.matrix.shape[0], NEURON)
        net.connect(cells, cells, psp=wiring.psp * wiring.matrix, delay=DELAY)
        net.drive(cells, ns.SpikeTimes([KICK]), ids=wiring.kicked, psp=STRONG)
    return net


def abstract_spread(wiring: Wiring, steps: int) -> NDArray[np.bool_]:
    """Return which threshold unit is active in which step, the first being the kick.

    A unit is active if its input of that step exceeds 15 mV and it has not been so within the
    refractory steps before (Greenberg & Hastings 1978, SIAM J. Appl. Math. 34:515).
    """
    size = wiring.matrix.shape[0]
    fires, gap = bridge.find_activation("step"), bridge.threshold_distance(NEURON)
    active, tired = np.zeros((steps, size), dtype=bool), np.zeros(size, dtype=int)
    given = np.zeros(size)
    given[wiring.kicked] = STRONG
    for step in range(steps):
        active[step] = (fires(given - gap) > 0.0) & (tired == 0)
        tired = np.where(active[step], STEPS_REFRACTORY, np.maximum(tired - 1, 0))
        given = wiring.psp * (active[step] @ wiring.matrix)
    return active


@dataclass(frozen=True, eq=False)
class Spread:
    """How far activity came in the graphs of one kind.

    Attributes
    ----------
    spiking, abstract : (n_steps, copies, nodes) ndarray of bool
        Who fired in each step of one delay, the first being the kick.
    hubs : (copies, nodes) ndarray of bool
        The tenth of each graph's neurons that has most connections.
    """

    spiking: NDArray[np.bool_]
    abstract: NDArray[np.bool_]
    hubs: NDArray[np.bool_]

    @property
    def half(self) -> float:
        """When half of all neurons have fired (ms after the kick), mean over graphs."""
        share = np.maximum.accumulate(self.spiking, axis=0).mean(axis=2)
        return DELAY * float(np.argmax(share >= 0.5, axis=0).mean())

    def hubs_reached(self, active: NDArray[np.bool_]) -> float:
        """Return the share of the hubs that ever fired, of `spiking` or `abstract`."""
        return float(np.asarray(active.any(axis=0))[self.hubs].mean())

    @property
    def lasts(self) -> NDArray[np.bool_]:
        """In which graphs there are spikes still within the last 40 ms."""
        return np.any(self.spiking[-round(40.0 / DELAY) :], axis=(0, 2))


def spreads(result: ns.Result, settings: Settings) -> dict[str, Spread]:
    """Return what a run shows, by kind of graph."""
    steps = 1 + int((result.duration - KICK) / DELAY + 1e-9)
    found = {}
    for name, wiring in wirings(settings, result.seed).items():
        trains = result.spikes[name]
        spiking = np.zeros((steps, wiring.matrix.shape[0]), dtype=bool)
        step = np.rint((trains.times - KICK) / DELAY).astype(int)
        inside = (step >= 0) & (step < steps)
        spiking[step[inside], trains.ids[inside]] = True
        shape = (steps, settings.copies, settings.nodes)
        abstract = abstract_spread(wiring, steps)
        degree = np.asarray(wiring.matrix.sum(axis=1)).reshape(shape[1:])
        rank = np.argsort(np.argsort(-degree, axis=1, kind="stable"), axis=1)
        hubs = rank < settings.nodes // 10
        found[name] = Spread(spiking.reshape(shape), abstract.reshape(shape), hubs)
    return found
