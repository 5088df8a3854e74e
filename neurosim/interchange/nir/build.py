"""The network that a wired NIR graph comes to."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.nir.network import RELAY, NirNetwork
from neurosim.interchange.nir.timing import Way, timing
from neurosim.interchange.nir.units import groups_of
from neurosim.network import (
    ConstantCurrent,
    DeltaSynapse,
    ExpCurrent,
    Explicit,
    Network,
    SpikeTimes,
    StepCurrent,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from neurosim.interchange.nir.linear import Matrix
    from neurosim.interchange.nir.units import Group, Units
    from neurosim.interchange.nir.wiring import Wiring
    from neurosim.network import Population, Synapse

MOST_POPULATIONS = 512


def build_network(wiring: Wiring, units: Units) -> NirNetwork:
    """Make populations, connections and constant currents.

    Parameters
    ----------
    wiring : Wiring
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
        for (source, delay), matrix in wiring.heard[name].items()
        if source is not None and matrix.nnz
    }
    timed = timing((*wiring.inputs, *wiring.neurons), ways)
    for way, matrix in ways.items():
        with _naming(way.target):
            builder.connect(way, matrix, timed.delays[way], kicked=way in timed.kicked)
    for name in wiring.neurons:
        for (source, delay), matrix in wiring.heard[name].items():
            if source is None:
                with _naming(name):
                    builder.inject(name, matrix.toarray().ravel(), timed.late[name] + delay)
    return NirNetwork(builder.network, units, timed.late, wiring, builder.members)


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Say of which node it is true that something is refused."""
    try:
        yield
    except NeurosimError as error:
        raise NeurosimError(f"What reaches node {name!r}: {error}") from None


class _Builder:
    """Makes the parts of the network.

    Parameters
    ----------
    wiring : Wiring
    units : Units
    """

    def __init__(self, wiring: Wiring, units: Units) -> None:
        self.units = units
        self.network = Network(dale=False)
        self.members: dict[str, list[tuple[Population, NDArray[np.int64]]]] = {}
        self.groups: dict[str, list[Group]] = {}
        for name in wiring.inputs:
            size = wiring.size(name)
            self.members[name] = [(self.network.add(name, size, RELAY), np.arange(size))]
        for name, node in wiring.neurons.items():
            self._add(name, groups_of(node, name, wiring.size(name), units))
            if wiring.is_read(name):
                for population, _ in self.members[name]:
                    self.network.record(population, "v")

    def _add(self, name: str, groups: list[Group]) -> None:
        if len(self.network.populations) + len(groups) > MOST_POPULATIONS:
            raise NeurosimError(
                f"Node {name!r} has neurons of {len(groups)} sorts: with the other nodes that is "
                f"more than {MOST_POPULATIONS} populations; round its parameters"
            )
        self.groups[name] = groups
        self.members[name] = [
            (
                self.network.add(
                    name if len(groups) == 1 else f"{name}[{k}]", len(group.ids), group.neuron
                ),
                group.ids,
            )
            for k, group in enumerate(groups)
        ]

    def is_early(self, name: str) -> bool:
        """Whether a node is to feel a spike in the step in which it arrives, and cannot."""
        synaptic = isinstance(self.groups[name][0].synapse, ExpCurrent)
        return synaptic and self.units.euler

    def connect(self, way: Way, matrix: Matrix, steps: int, *, kicked: bool) -> None:
        """Connect the populations of two nodes."""
        targets = zip(self.members[way.target], self.groups[way.target], strict=True)
        for (target, rows), group in targets:
            for source, columns in self.members[way.source]:
                own = matrix if len(rows) == matrix.shape[0] else matrix[rows]
                part = (own if len(columns) == own.shape[1] else own[:, columns]).tocoo()
                if not part.nnz:
                    continue
                rule = Explicit(part.col, part.row)
                weight = group.per_weight[part.row] * part.data
                delay = steps * self.units.dt
                for synapse, strength in (
                    _kicked(group, weight) if kicked else [(group.synapse, weight)]
                ):
                    self.network.connect(
                        source, target, rule, synapse=synapse, weight=strength, delay=delay
                    )

    def inject(self, name: str, values: NDArray[np.float64], step: int) -> None:
        """Give a node a constant input from a step on."""
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
            if isinstance(group.synapse, ExpCurrent):
                first = SpikeTimes([start + self.units.dt])
                for synapse, strength in _kicked(group, group.missing * constant):
                    self.network.drive(target, first, synapse=synapse, weight=strength)


def _kicked(
    group: Group, current: NDArray[np.float64]
) -> list[tuple[Synapse, NDArray[np.float64]]]:
    """Return what stands for currents that were there a step ago: their effect, and their rest."""
    return [(DeltaSynapse(), group.rise * current), (group.synapse, group.kept * current)]
