"""Integrate-and-fire neurons that differ from one another within a population."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.build.grid import whole_steps
from neurosim.build.layout import NOISE
from neurosim.build.propagators import filter_of_current, membrane_factors, noise_per_step
from neurosim.build.streams import uniform
from neurosim.kernels import Heterogeneous
from neurosim.kernels.types import (
    FIRST,
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
from neurosim.network.declare import parameters_of
from neurosim.network.quantity import is_distribution, is_uniform

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from neurosim.build.layout import Layout, Share
    from neurosim.kernels import Neurons
    from neurosim.network import Neuron, Population


def values_of(population: Population, value: Any, what: str, seed: int) -> NDArray[np.float64]:
    """Return a quantity of every neuron of a population.

    Parameters
    ----------
    population : Population
    value : float, (size,) ndarray or distribution
    what : str
        Name of the quantity; with the population it selects the random stream.
    seed : int

    Returns
    -------
    (size,) ndarray
        Read-only where all values are the same.
    """
    if is_distribution(value):
        return value.sample(uniform(seed, what, population.name, population.size))
    return np.broadcast_to(np.asarray(value, float), (population.size,))


def drawn_neuron(population: Population, seed: int) -> Neuron:
    """Return a population's neuron with distributions replaced by the values of its neurons."""
    neuron = population.neuron
    drawn = {
        name: values_of(population, getattr(neuron, name), f"parameter {name}", seed)
        for name in parameters_of(type(neuron))
        if is_distribution(getattr(neuron, name))
    }
    return dataclasses.replace(neuron, **drawn) if drawn else neuron


def is_heterogeneous(neuron: Neuron) -> bool:
    """Whether these are integrate-and-fire neurons that differ from one another."""
    return neuron.is_linear and not neuron.is_uniform


def steps_of(t_ref: Any, dt: float, what: str) -> Any:
    """Return refractory periods in steps; where they differ, each is rounded to the nearest."""
    if is_uniform(t_ref):
        return whole_steps(t_ref, dt, what) if t_ref > 0.0 else 0
    return np.rint(t_ref / dt)


def _rows(
    neuron: Neuron, ports: tuple[Hashable, ...], size: int, dt: float
) -> NDArray[np.float64]:
    """Return the rows of `Heterogeneous.values` of a whole population."""
    rows = np.zeros((PER_NEURON + PER_PORT * len(ports), size))
    rows[OWN_V], rows[OWN_I] = np.vectorize(membrane_factors)(neuron.tau_m, neuron.c_m, dt)
    threshold = neuron.v_threshold - neuron.v_rest
    rows[OWN_THRESHOLD] = threshold if neuron.escape is None else math.inf
    rows[OWN_SOFT] = threshold
    rows[OWN_RESET] = neuron.v_reset - neuron.v_rest
    rows[OWN_SUBTRACT] = getattr(neuron, "subtract", 0.0)
    rows[OWN_REFRACTORY] = steps_of(neuron.t_ref, dt, f"{type(neuron).__name__}.t_ref")
    for p, port in enumerate(ports):
        first = PER_NEURON + PER_PORT * p
        rows[first : first + 2] = np.vectorize(filter_of_current, excluded=[0])(
            port, neuron.tau_m, neuron.c_m, dt
        )
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
    first, links, values, n = np.zeros(len(manner), np.int64), np.zeros(len(manner), np.int64), [], 0
    for g, share in enumerate(layout.threads[thread].shares):
        if manner[g] != HETEROGENEOUS:
            continue
        population = layout.populations[share.population]
        neuron = drawn_neuron(population, seed)
        rows = _rows(neuron, tuple(share.slots), population.size, dt)[:, share.low : share.high]
        first[g], n = n, n + rows.size
        links[g] = link_of(neuron)
        values.append(rows.ravel())
    return Heterogeneous(
        blocks=np.flatnonzero(manner[neurons.blocks[:, GROUP]] == HETEROGENEOUS),
        first=first,
        links=links,
        values=np.concatenate(values),
    )
