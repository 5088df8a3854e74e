"""Changed parameters and weights of a network description, for `Simulation.set`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.connection_rules import Explicit
from neurosim.models.declare import options_of
from neurosim.models.quantity import is_distribution
from neurosim.models.synapses import ExactNMDA
from neurosim.network.dale import check_dale
from neurosim.network.strength import check_strength
from neurosim.utils.checks import is_scalar, show, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from neurosim.network.network import Network
    from neurosim.network.parts import Population
    from neurosim.results.connections import Connections


def with_parameters(
    network: Network,
    population: Population,
    ids: NDArray[np.int64] | None,
    values: Mapping[str, Any],
    drawn: Callable[[str, Any], NDArray[np.float64]],
) -> Network:
    """Return a network with changed parameters of neurons.

    Parameters
    ----------
    network : Network
    population : Population
        A population of the network.
    ids : (n,) ndarray of int64, or None
        Neurons to change; None: all.
    values : mapping of str to float, (n,) array_like or distribution
        Values by parameter name. Distributions are allowed for whole populations only.
    drawn : callable
        Returns one value per neuron, given the name and the value of a parameter.

    Raises
    ------
    NeurosimError
        If a value is invalid for the neuron model.
    """
    neuron: Any = population.neuron
    kind = type(neuron)
    options = options_of(kind)
    names = [f.name for f in dataclasses.fields(neuron) if f.init and f.name not in options]
    for name in values:
        if name in options:
            raise NeurosimError(
                f"{name} of {kind.__name__} cannot be changed: make a new network and simulation"
            )
        if name not in names:
            raise NeurosimError(
                f"{kind.__name__} has no parameter {name!r}: {suggest(name, names)}"
            )
    given = dict(values)
    if ids is not None:
        for name, value in values.items():
            whole = drawn(name, getattr(neuron, name)).copy()
            whole[ids] = one_each(value, len(ids), f"{kind.__name__}.{name}")
            given[name] = whole
    changed = dataclasses.replace(neuron, **given)
    return network.replaced({population: dataclasses.replace(population, neuron=changed)})


def one_each(value: Any, n: int, name: str) -> Any:
    """Check a number, or an array with one number per neuron, for `n` neurons."""
    if is_distribution(value) or (not is_scalar(value) and np.shape(value) != (n,)):
        raise NeurosimError(
            f"{name} = {show(value)} for {n} neurons of a population: give a number, or an array "
            "with one number per neuron"
        )
    return value


def check_weights(network: Network, number: int, weights: Any, n: int) -> Any:
    """Return checked new weights of a projection.

    Parameters
    ----------
    network : Network
    number : int
        Index of the projection.
    weights : float or (n,) array_like
    n : int
        Number of connections.

    Raises
    ------
    NeurosimError
        Also if weights violate Dale's law or exceed the range of a plasticity rule.
    """
    projection = network.projections[number]
    if is_distribution(weights) or isinstance(weights, str):
        raise NeurosimError(
            f"weights = {show(weights)}: give a number, or one for each of the {n} connections"
        )
    strength = check_strength(weights, 1.0, "weights", projection.synapse.unit, (n,))
    if isinstance(projection.synapse, ExactNMDA) and not isinstance(strength, float):
        raise NeurosimError(
            "weights of a projection with ExactNMDA must be equal: give a number, or connect with "
            "ApproximateNMDA"
        )
    if projection.source.dale:
        others = [p for k, p in enumerate(network.projections) if k != number]
        ends = projection.source, projection.target
        check_dale(*ends, strength, projection.synapse, others)
    if projection.plasticity is not None:
        return projection.plasticity.check_initial(strength, weights, "weights")
    return strength


def with_weights(network: Network, number: int, weights: Any, found: Connections) -> Network:
    """Return a network with changed weights of a static projection.

    Parameters
    ----------
    network : Network
    number : int
        Index of the projection.
    weights : float or (n,) ndarray
        Result of `check_weights`.
    found : Connections
        Connections of the projection.
    """
    projection = network.projections[number]
    if np.ndim(weights) == 0:
        return network.replaced({projection: dataclasses.replace(projection, weight=weights)})
    assert found.delays is not None
    delay = projection.delay if isinstance(projection.delay, float) else found.delays
    listed = dataclasses.replace(
        projection,
        rule=Explicit(found.sources, found.targets),
        weight=weights,
        delay=delay,
        source_ids=None,
        target_ids=None,
    )
    return network.replaced({projection: listed})
