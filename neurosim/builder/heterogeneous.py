"""Integrate-and-fire neurons that differ from one another within a population."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder.layout import NOISE
from neurosim.builder.parameters import drawn_neuron, refractory_of
from neurosim.builder.propagators import (
    filter_of_current,
    link_of,
    membrane_factors,
    noise_per_step,
)
from neurosim.kernels import Heterogeneous
from neurosim.kernels.types import (
    GROUP,
    HETEROGENEOUS,
    MANNER,
    OWN_I,
    OWN_REFRACTORY,
    OWN_RESET,
    OWN_SOFT,
    OWN_SUBTRACT,
    OWN_THRESHOLD,
    OWN_V,
    PER_NEURON,
    PER_PORT,
)
from neurosim.models import LIF

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from neurosim.builder.layout import Layout
    from neurosim.kernels import Neurons


def _rows(neuron: LIF, ports: tuple[Hashable, ...], size: int, dt: float) -> NDArray[np.float64]:
    """Return the rows of `Heterogeneous.values` of a whole population."""
    rows = np.zeros((PER_NEURON + PER_PORT * len(ports), size))
    rows[OWN_V], rows[OWN_I] = np.vectorize(membrane_factors)(neuron.tau_m, neuron.c_m, dt)
    threshold = neuron.v_threshold - neuron.v_rest
    rows[OWN_THRESHOLD] = threshold if neuron.escape is None else math.inf
    rows[OWN_SOFT] = threshold
    rows[OWN_RESET] = neuron.v_reset - neuron.v_rest
    rows[OWN_SUBTRACT] = getattr(neuron, "subtract", 0.0)
    rows[OWN_REFRACTORY] = refractory_of(neuron, dt)
    for p, port in enumerate(ports):
        first = PER_NEURON + PER_PORT * p
        factors = np.vectorize(filter_of_current, excluded=[0])
        rows[first], rows[first + 1] = factors(port, neuron.tau_m, neuron.c_m, dt)
        # Noise is drawn with a standard deviation of one for its sigma.
        rows[first + 2] = np.vectorize(noise_per_step)(neuron.tau_m, dt) if port == NOISE else 1.0
    return rows


def heterogeneous_tables(
    layout: Layout, neurons: Neurons, thread: int, dt: float, seed: int
) -> Heterogeneous | None:
    """Lay out the values of one thread's neurons that differ; None where there are none.

    Parameters
    ----------
    layout : Layout
    neurons : Neurons
        Of the thread.
    thread : int
    dt : float
        ms.
    seed : int
    """
    manner = neurons.firing[:, MANNER]
    if not (manner == HETEROGENEOUS).any():
        return None
    first, links = np.zeros((2, len(manner)), np.int64)
    values: list[NDArray[np.float64]] = []
    n = 0
    for g, local in enumerate(layout.threads[thread].populations):
        if manner[g] != HETEROGENEOUS:
            continue
        population = layout.populations[local.population]
        neuron: Any = drawn_neuron(population, seed)
        rows = _rows(neuron, tuple(local.slots), population.size, dt)[:, local.start : local.stop]
        first[g], n = n, n + rows.size
        links[g] = link_of(neuron)
        values.append(rows.ravel())
    return Heterogeneous(
        blocks=np.flatnonzero(manner[neurons.blocks[:, GROUP]] == HETEROGENEOUS),
        first=first,
        links=links,
        values=np.concatenate(values),
    )
