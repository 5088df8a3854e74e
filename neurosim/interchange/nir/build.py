"""Build a network from the neurons and matrices of a NIR graph.

In NIR a spike is transmitted without delay; in neurosim the delay is at least one step. Each layer
therefore runs some steps late, and connections that skip layers have longer delays. The spikes
equal the spikes of the graph, at later times. In a loop this is impossible: there a connection has
a delay of one step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.nir.fields import naming
from neurosim.interchange.nir.network import RELAY, InputPath, NirNetwork
from neurosim.interchange.nir.neurons import groups_of
from neurosim.models import ConstantCurrent, Explicit, SpikeTimes, StepCurrent
from neurosim.network import Network

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from neurosim.interchange.nir.flat_graph import FlatGraph
    from neurosim.interchange.nir.linear import Matrix
    from neurosim.interchange.nir.neurons import Group
    from neurosim.interchange.nir.units import Units
    from neurosim.network import Population

MAX_POPULATIONS = 512


class Connection(NamedTuple):
    """A connection between two nodes with a delay (steps)."""

    source: str
    target: str
    delay: int


def build_network(graph: FlatGraph, units: Units) -> NirNetwork:
    """Build populations, connections and constant currents.

    Raises
    ------
    NeurosimError
        If neurosim does not support a parameter.
    """
    builder = _Builder(graph, units)
    matrices = {
        Connection(source, name, delay): matrix
        for name in graph.neurons
        for (source, delay), matrix in graph.input_matrices[name].items()
        if source is not None and matrix.nnz
    }
    # A synaptic current moves V one step after it starts; under Euler's method in the same step.
    early = {
        name: units.euler and any(group.synaptic for group in groups)
        for name, groups in builder.groups.items()
    }
    loops = dict(zip(matrices, in_loops([link[:2] for link in matrices]), strict=True))
    # Delays that the graph specifies; in a loop at least one step.
    delays = {link: max(link.delay, 1) if loops[link] else link.delay for link in matrices}
    # Too short for a synaptic current: V is moved directly by what the current would add.
    late = {
        link for link, delay in delays.items() if early[link.target] and loops[link] and delay == 1
    }
    delays = {
        link: delay - (early[link.target] and link not in late) for link, delay in delays.items()
    }
    steps = [(link.source, link.target, delay - 1) for link, delay in delays.items()]
    ahead = shortest(dict.fromkeys(builder.members, 0), steps)
    lag = {name: -int(n_steps) for name, n_steps in ahead.items()}
    for link, matrix in matrices.items():
        delay = lag[link.target] - lag[link.source] + delays[link]
        with naming(link.target, units):
            builder.connect(link, matrix, delay, early=early[link.target], late=link in late)
    for name in graph.neurons:
        for (source, delay), matrix in graph.input_matrices[name].items():
            if source is None:
                with naming(name, units):
                    builder.inject(name, matrix.toarray().ravel(), lag[name] + delay)
    return NirNetwork(builder.network, units, lag, graph, builder.members, builder.input_paths)


def in_loops(edges: Sequence[tuple[str, str]]) -> list[bool]:
    """Return which edges, each from one name to another, are part of a loop."""
    import networkx as nx

    parts = nx.strongly_connected_components(nx.DiGraph(edges))
    loop = {name: k for k, part in enumerate(parts) for name in part}
    return [loop[source] == loop[target] for source, target in edges]


def shortest(
    distances: dict[str, float], edges: Iterable[tuple[str, str, int]]
) -> dict[str, float]:
    """Shorten the distances of nodes along edges (source, target, length), in place.

    This is the Bellman–Ford algorithm.
    """
    edges, changed = list(edges), True
    while changed:
        changed = False
        for source, target, length in edges:
            if distances[source] + length < distances[target]:
                distances[target] = distances[source] + length
                changed = True
    return distances


class _Builder:
    """Builds the parts of the network.

    Parameters
    ----------
    graph : FlatGraph
    units : Units
    """

    def __init__(self, graph: FlatGraph, units: Units) -> None:
        self.units, self.inputs = units, graph.inputs
        self.network = Network(dale=False)
        self.members: dict[str, list[tuple[Population, NDArray[np.int64]]]] = {}
        self.groups: dict[str, list[Group]] = {}
        self.input_paths: list[InputPath] = []
        for name in graph.inputs:
            size = graph.size(name)
            self.members[name] = [(self.network.add(name, size, RELAY), np.arange(size))]
        for name, node in graph.neurons.items():
            with naming(name, units):
                self._add(name, groups_of(node, graph.size(name), units))
            if graph.is_readout(name):
                for population, _ in self.members[name]:
                    self.network.record(population, "v")

    def _add(self, name: str, groups: list[Group]) -> None:
        """Add a population for each group of a node."""
        if len(self.network.populations) + len(groups) > MAX_POPULATIONS:
            raise NeurosimError(
                f"it has {len(groups)} different sets of parameters: with the other nodes these "
                f"are more than {MAX_POPULATIONS} populations; round its parameters"
            )
        self.groups[name] = groups
        self.members[name] = []
        for k, group in enumerate(groups):
            neuron = group.neuron
            # A neuron that fires without input starts as after a spike.
            start = neuron.v_reset if neuron.v_rest > neuron.v_threshold else None
            label = name if len(groups) == 1 else f"{name}[{k}]"
            population = self.network.add(label, len(group.ids), neuron, v_init=start)
            self.members[name].append((population, group.ids))

    def connect(
        self, link: Connection, matrix: Matrix, steps: int, *, early: bool, late: bool
    ) -> None:
        """Connect the populations of two nodes; `late` as in `Group.response`."""
        targets = zip(self.members[link.target], self.groups[link.target], strict=True)
        for (target, rows), group in targets:
            # Delays onto an early node are one step shorter, for its synaptic currents only.
            delay = (steps + (early and not late and not group.synaptic)) * self.units.dt
            response = group.response(late=late)
            part = matrix if len(rows) == matrix.shape[0] else matrix[rows]
            if link.source in self.inputs:
                self.input_paths.append(InputPath(link.source, target, part, response, delay))
            for source, columns in self.members[link.source]:
                entries = (part if len(columns) == part.shape[1] else part[:, columns]).tocoo()
                if not entries.nnz:
                    continue
                rule = Explicit(entries.col, entries.row)
                for synapse, strength in response:
                    weight = strength[entries.row] * entries.data
                    self.network.connect(
                        source, target, rule, synapse=synapse, weight=weight, delay=delay
                    )

    def inject(self, name: str, values: NDArray[np.float64], step: int) -> None:
        """Drive a node with a constant input that starts at time step `step`."""
        start = step * self.units.dt
        for (target, ids), group in zip(self.members[name], self.groups[name], strict=True):
            constant = values[ids]
            if not constant.any():
                continue
            current = group.per_constant * constant
            if step:
                self.network.drive(target, StepCurrent([start], current[None]))
            else:
                self.network.drive(target, ConstantCurrent(current))
            if group.synaptic:
                first = SpikeTimes([start + self.units.dt])
                for synapse, strength in group.decayed(group.missing * constant):
                    self.network.drive(target, first, synapse=synapse, weight=strength)
