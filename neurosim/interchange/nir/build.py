"""Build a network from a wired NIR graph."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.nir.groups import groups_of
from neurosim.interchange.nir.network import RELAY, InputPath, NirNetwork
from neurosim.interchange.nir.timing import Way, timing
from neurosim.models import ConstantCurrent, Explicit, SpikeTimes, StepCurrent
from neurosim.network import Network

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from neurosim.interchange.nir.flat_graph import FlatGraph
    from neurosim.interchange.nir.groups import Group
    from neurosim.interchange.nir.linear import Matrix
    from neurosim.interchange.nir.units import Units
    from neurosim.network import Population

MOST_POPULATIONS = 512


def build_network(wiring: FlatGraph, units: Units) -> NirNetwork:
    """Build populations, connections and constant currents.

    Parameters
    ----------
    wiring : FlatGraph
    units : Units

    Raises
    ------
    NeurosimError
        For parameters that neurosim cannot have.
    """
    builder = _Builder(wiring, units)
    ways = {
        Way(source, name, delay, builder.is_early(name)): matrix
        for name in wiring.neurons
        for (source, delay), matrix in wiring.input_matrices[name].items()
        if source is not None and matrix.nnz
    }
    timed = timing((*wiring.inputs, *wiring.neurons), ways)
    for way, matrix in ways.items():
        with _naming(way.target):
            builder.connect(way, matrix, timed.delays[way], late=way in timed.kicked)
    for name in wiring.neurons:
        for (source, delay), matrix in wiring.input_matrices[name].items():
            if source is None:
                with _naming(name):
                    builder.inject(name, matrix.toarray().ravel(), timed.late[name] + delay)
    return NirNetwork(
        builder.network, units, timed.late, wiring, builder.members, builder.input_paths
    )


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Name the target node in a refusal, and the option that changes its scale."""
    try:
        yield
    except NeurosimError as error:
        raise NeurosimError(
            f"Input of node {name!r}: {error} (the option mv_per_unit scales it)"
        ) from None


class _Builder:
    """Builds the parts of the network.

    Parameters
    ----------
    wiring : FlatGraph
    units : Units
    """

    def __init__(self, wiring: FlatGraph, units: Units) -> None:
        self.units, self.inputs = units, wiring.inputs
        self.network = Network(dale=False)
        self.members: dict[str, list[tuple[Population, NDArray[np.int64]]]] = {}
        self.groups: dict[str, list[Group]] = {}
        self.input_paths: list[InputPath] = []
        for name in wiring.inputs:
            size = wiring.size(name)
            self.members[name] = [(self.network.add(name, size, RELAY), np.arange(size))]
        for name, node in wiring.neurons.items():
            self._add(name, groups_of(node, name, wiring.size(name), units))
            if wiring.is_read(name):
                for population, _ in self.members[name]:
                    self.network.record(population, "v")

    def _add(self, name: str, groups: list[Group]) -> None:
        """Add a population for each group of a node."""
        if len(self.network.populations) + len(groups) > MOST_POPULATIONS:
            raise NeurosimError(
                f"Node {name!r} has {len(groups)} different sets of parameters: with the other "
                f"nodes that makes more than {MOST_POPULATIONS} populations; round its parameters"
            )
        self.groups[name] = groups
        self.members[name] = []
        for k, group in enumerate(groups):
            neuron = group.neuron
            # A neuron that fires without input starts as after a spike.
            start = neuron.v_reset if neuron.v_rest > neuron.v_threshold else None
            own = name if len(groups) == 1 else f"{name}[{k}]"
            population = self.network.add(own, len(group.ids), neuron, v_init=start)
            self.members[name].append((population, group.ids))

    def is_early(self, name: str) -> bool:
        """Whether a spike must act in the step in which it arrives, and here acts one later."""
        return self.units.euler and any(group.synaptic for group in self.groups[name])

    def connect(self, way: Way, matrix: Matrix, steps: int, *, late: bool) -> None:
        """Connect the populations of two nodes; `late` as in `Group.response`."""
        targets = zip(self.members[way.target], self.groups[way.target], strict=True)
        for (target, rows), group in targets:
            # Delays of an early node are a step shorter, for its synaptic currents alone.
            own_steps = steps + (way.early and not late and not group.synaptic)
            delay = own_steps * self.units.dt
            response = group.response(late=late)
            own = matrix if len(rows) == matrix.shape[0] else matrix[rows]
            if way.source in self.inputs:
                self.input_paths.append(InputPath(way.source, target, own, response, delay))
            for source, columns in self.members[way.source]:
                part = (own if len(columns) == own.shape[1] else own[:, columns]).tocoo()
                if not part.nnz:
                    continue
                rule = Explicit(part.col, part.row)
                for synapse, strength in response:
                    weight = strength[part.row] * part.data
                    self.network.connect(
                        source, target, rule, synapse=synapse, weight=weight, delay=delay
                    )

    def inject(self, name: str, values: NDArray[np.float64], step: int) -> None:
        """Drive a node with a constant input from a step on."""
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
