"""Parameters and initial potentials of the neurons of a population."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder.grid import to_steps
from neurosim.builder.streams import uniform
from neurosim.models.declare import parameters_of
from neurosim.models.quantity import bounds_of, is_distribution, is_uniform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.models import Neuron
    from neurosim.network import Population


def values_of(population: Population, value: Any, name: str, seed: int) -> NDArray[np.float64]:
    """Return a quantity of every neuron of a population.

    Parameters
    ----------
    population : Population
    value : float, (size,) ndarray or distribution
    name : str
        Name of the quantity. Name and population select the random stream.
    seed : int

    Returns
    -------
    (size,) ndarray
        Read-only if all values are equal.
    """
    if is_distribution(value):
        return value.sample(uniform(seed, name, population.name, population.size))
    return np.broadcast_to(np.asarray(value, float), (population.size,))


def drawn_neuron(population: Population, seed: int) -> Neuron:
    """Return a population's neuron with the values of its distributions.

    There is one value per neuron.
    """
    neuron = population.neuron
    drawn: dict[str, Any] = {
        name: values_of(population, getattr(neuron, name), f"parameter {name}", seed)
        for name in parameters_of(type(neuron))
        if is_distribution(getattr(neuron, name))
    }
    return dataclasses.replace(neuron, **drawn) if drawn else neuron


def refractory_of(neuron: Neuron, dt: float) -> Any:
    """Return refractory periods in steps, rounded to the nearest one (halves up)."""
    t_ref: Any = getattr(neuron, "t_ref", 0.0)
    steps = to_steps(t_ref, dt)
    return int(steps) if is_uniform(t_ref) else steps


def shortest_refractory(neuron: Neuron, dt: float) -> int:
    """Return the shortest refractory period of a population's neurons in steps."""
    return int(to_steps(bounds_of(getattr(neuron, "t_ref", 0.0))[0], dt))


def number_of(neuron: Neuron, name: str) -> float:
    """Return a parameter of a neuron model; NaN if missing or not uniform."""
    value = getattr(neuron, name, math.nan)
    return float(value) if is_uniform(value) else math.nan


def potential_offset(population: Population, seed: int) -> float | NDArray[np.float64]:
    """Return the potential (mV) that is the zero of `State.v`.

    It is the resting potential for linear neurons, an array if it differs between neurons, and 0
    for models with equations.
    """
    if not population.neuron.is_linear:
        return 0.0
    return drawn_neuron(population, seed).v_rest


def initial_potentials(population: Population, seed: int) -> NDArray[np.float64]:
    """Return the potential of every neuron at time 0 (mV)."""
    v = population.v_init
    v = drawn_neuron(population, seed).v_rest if v is None else v
    return values_of(population, v, "v_init", seed)
