"""Parameters and state layout of one thread's neurons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder.layout import NOISE, whole_lines
from neurosim.builder.parameters import shortest_refractory
from neurosim.builder.propagators import membrane, synapse_port
from neurosim.builder.streams import stream_key
from neurosim.kernels import Neurons
from neurosim.kernels.types import (
    ALPHA,
    BLOCK,
    DELTA,
    EQUATIONS,
    GROUP,
    INJECTED,
    MODEL_BLOCK,
    NEURON_BLOCK,
    PORT,
    SpikeMechanism,
)
from neurosim.models import DeltaSynapse

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    from numpy.typing import NDArray

    from neurosim.builder.context import BuildContext
    from neurosim.models import Neuron


@dataclass(frozen=True, eq=False)
class NeuronPart:
    """The neurons of one thread.

    Attributes
    ----------
    tables : Neurons
    state_index : mapping of (int, port, bool) to int
        First index in `State.synaptic` by population, port, and whether for E/I probes.
    n_synaptic : int
        Size of `State.synaptic`.
    escape_blocks : (n_blocks,) ndarray of int64
        Blocks of neurons with escape noise.
    """

    tables: Neurons
    state_index: Mapping[tuple[int, Hashable, bool], int]
    n_synaptic: int
    escape_blocks: NDArray[np.int64]


class _Groups:
    """Groups of neurons and their ports, collected one by one."""

    def __init__(self) -> None:
        self.groups: list[np.record] = []
        self.ports: list[np.record] = []
        self.state_index: dict[tuple[int, Hashable, bool], int] = {}
        self.n_synaptic = 0

    def add(
        self,
        group: np.record,
        count: int,
        slots: Mapping[Any, int],
        neuron: Neuron,
        dt: float,
        key: tuple[int, bool],
        currents: Mapping[str | None, int],
    ) -> None:
        """Add a group of `count` neurons and its ports.

        `key` is the population and whether the neurons are probes, `currents` is as in
        `LocalPopulation`.
        """
        group.first_port = len(self.ports)
        for synapse, slot in slots.items():
            # E/I probes have no equations; they pass the input of such synapses on to v.
            jumps = synapse == NOISE or (key[1] and synapse.integrated.has_equations)
            port = synapse_port(DeltaSynapse() if jumps else synapse, neuron, dt)
            port.slot, port.state, port.rise = slot, self.n_synaptic, self.n_synaptic
            self.state_index[key[0], synapse, key[1]] = self.n_synaptic
            if port.kind == INJECTED:
                port.state = currents[synapse.compartment]
            size = whole_lines(count)
            if port.kind == ALPHA:
                port.rise += size
            variables = {DELTA: 0, EQUATIONS: 0, INJECTED: 0, ALPHA: 2}.get(port.kind, 1)
            self.n_synaptic += variables * size
            self.ports.append(port)
        group.stop, group.stop_port = group.start + count, len(self.ports)
        self.groups.append(group)

    def blocks(self) -> Iterator[tuple[int, int, int, int]]:
        """Cut the groups into blocks."""
        first_port = 0
        for g, group in enumerate(self.groups):
            size = MODEL_BLOCK if group.mechanism == SpikeMechanism.MODEL else BLOCK
            for start in range(group.start, group.stop, size):
                yield g, start, min(start + size, group.stop), first_port
                first_port += group.stop_port - group.first_port


def neuron_tables(context: BuildContext, thread: int) -> NeuronPart:
    """Lay out the neurons of one thread.

    Parameters
    ----------
    context : BuildContext
    thread : int
    """
    layout, dt = context.layout, context.dt
    found, populations = _Groups(), context.parts(thread)
    for local in populations:
        population = layout.populations[local.population]
        group = membrane(population.neuron, dt)
        group.start = local.first
        group.first_id = layout.first_id[local.population] + local.start
        group.refractory = shortest_refractory(population.neuron, dt)
        group.first_entity = local.start
        group.key = stream_key(context.seed, "escape", population.name)
        key = (local.population, False)
        found.add(group, local.size, local.slots, population.neuron, dt, key, local.currents)
    for local in populations:
        if len(local.probed):
            neuron = layout.populations[local.population].neuron
            group = membrane(neuron, dt)
            group.start, group.first_id, group.threshold = local.first_probe, -1, np.inf
            group.mechanism = SpikeMechanism.THRESHOLD
            key = (local.population, True)
            found.add(group, 2 * len(local.probed), local.probe_slots, neuron, dt, key, {})
    neurons = Neurons(
        groups=np.array(found.groups, GROUP),
        ports=np.array(found.ports, PORT),
        blocks=np.array(list(found.blocks()), NEURON_BLOCK),
    )
    mechanism = neurons.groups["mechanism"][neurons.blocks["group"]]
    noisy = np.isin(mechanism, (SpikeMechanism.SOFTPLUS, SpikeMechanism.EXPONENTIAL))
    return NeuronPart(neurons, found.state_index, found.n_synaptic, np.flatnonzero(noisy))
