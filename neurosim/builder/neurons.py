"""Parameters and initial state of one thread's neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.builder.layout import NOISE, whole_lines
from neurosim.builder.parameters import shortest_refractory
from neurosim.builder.propagators import escape, membrane, synapse_filter
from neurosim.builder.streams import stream_key
from neurosim.kernels import Neurons
from neurosim.kernels.types import (
    ALPHA,
    BLOCK,
    DELTA,
    EQUATIONS,
    EXPONENTIAL_LINK,
    GROUP,
    MANNER,
    MODEL,
    MODEL_BLOCK,
    SOFTPLUS,
    STATE_RISE,
    THRESHOLD,
)
from neurosim.models import LIF, DeltaSynapse

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from numpy.typing import NDArray

    from neurosim.builder.layout import Layout, LocalPopulation
    from neurosim.models import Neuron


def soft_blocks(neurons: Neurons) -> NDArray[np.int64] | None:
    """Return which blocks have soft thresholds, or None where none has."""
    manner = neurons.firing[neurons.blocks[:, GROUP], MANNER]
    blocks = np.flatnonzero((manner == SOFTPLUS) | (manner == EXPONENTIAL_LINK))
    return blocks if len(blocks) else None


class _Tables:
    """Rows of `Neurons` as they come together."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.dynamics: list[NDArray[np.float64]] = []
        self.firing: list[list[int]] = []
        self.escape: list[NDArray[np.float64]] = []
        self.keys: list[np.uint64] = []
        self.ports: list[list[int]] = []
        self.filters: list[NDArray[np.float64]] = []
        self.places: dict[tuple[int, Hashable, bool], int] = {}
        self.n_synaptic = 0

    def add_ports(
        self,
        local: LocalPopulation,
        slots: Mapping[Hashable, int],
        count: int,
        neuron: Neuron,
        dt: float,
    ) -> None:
        """Add the ports of a group of `count` neurons."""
        for port, slot in slots.items():
            synapse = DeltaSynapse() if port == NOISE else port
            kind, filters = synapse_filter(synapse, neuron, dt)
            row = [kind, slot, self.n_synaptic, self.n_synaptic]
            self.places[local.population, port, slots is local.probe_slots] = self.n_synaptic
            size = whole_lines(count)
            if kind == ALPHA:
                row[STATE_RISE] += size
            self.n_synaptic += {DELTA: 0, EQUATIONS: 0, ALPHA: 2 * size}.get(kind, size)
            self.ports.append(row)
            self.filters.append(filters)

    def add_firing(self, neuron: Neuron, dt: float, entity: int, key: np.uint64) -> None:
        """Add how a group's neurons fire, the first being `entity` of a stream."""
        manner, soft = escape(neuron, dt)
        self.firing.append([manner, entity])
        self.escape.append(soft)
        self.keys.append(key)

    def blocks(self) -> list[list[int]]:
        """Cut the groups into blocks."""
        rows, places = [], 0
        for g, (first, last, _, _, first_port, last_port) in enumerate(self.groups):
            size = MODEL_BLOCK if self.firing[g][MANNER] == MODEL else BLOCK
            for start in range(first, last, size):
                rows.append([g, start, min(start + size, last), places])
                places += last_port - first_port
        return rows


def neuron_tables(
    layout: Layout, thread: int, dt: float, seed: int
) -> tuple[Neurons, dict[tuple[int, Hashable, bool], int], int]:
    """Lay out the parameters of one thread's neurons.

    Parameters
    ----------
    layout : Layout
    thread : int
    dt : float
        ms.
    seed : int

    Returns
    -------
    neurons : Neurons
    places : dict
        First place in `State.synaptic` by (population, port, whether of probes).
    n_synaptic : int
        Size of `State.synaptic`.
    """
    tables = _Tables()
    populations = layout.threads[thread].populations
    for local in populations:
        population = layout.populations[local.population]
        neuron = population.neuron
        first_port = len(tables.ports)
        tables.add_ports(local, local.slots, local.size, neuron, dt)
        tables.groups.append(
            [
                local.first,
                local.first + local.size,
                int(layout.first_id[local.population]) + local.start,
                shortest_refractory(neuron, dt),
                first_port,
                len(tables.ports),
            ]
        )
        tables.dynamics.append(membrane(neuron, dt))
        key = stream_key(seed, "escape", population.name)
        tables.add_firing(neuron, dt, local.start, key)
    for local in populations:
        count = 2 * len(local.probed)
        if count == 0:
            continue
        neuron = layout.populations[local.population].neuron
        first_port = len(tables.ports)
        tables.add_ports(local, local.probe_slots, count, neuron, dt)
        last = local.first_probe + count
        tables.groups.append([local.first_probe, last, -1, 0, first_port, len(tables.ports)])
        silent = membrane(neuron, dt)
        silent[THRESHOLD] = np.inf
        tables.dynamics.append(silent)
        tables.add_firing(LIF(), dt, 0, np.uint64(0))
    neurons = Neurons(
        np.array(tables.groups, np.int64).reshape(-1, 6),
        np.array(tables.dynamics).reshape(-1, 5),
        np.array(tables.firing, np.int64).reshape(-1, 2),
        np.array(tables.escape).reshape(-1, 3),
        np.array(tables.keys, np.uint64),
        np.array(tables.ports, np.int64).reshape(-1, 4),
        np.array(tables.filters).reshape(-1, 5),
        np.array(tables.blocks(), np.int64).reshape(-1, 4),
    )
    return neurons, tables.places, tables.n_synaptic
