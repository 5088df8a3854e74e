"""Acyclic graphs of named units, and their conversion to layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

import numpy as np

from bridge.learning.activations import Activation
from bridge.networks.layer import Layer
from bridge.networks.network import LayeredNetwork
from bridge.utils.checks import require_type
from neurosim import NeurosimError


@dataclass(frozen=True)
class Unit:
    """Unit of a graph, f = g(Σ w x + b).

    Attributes
    ----------
    weights : mapping of str to float
        w by the name of the input or source unit.
    bias : float
    activation : Activation or str

    Examples
    --------
    f = σ(2x − y − 0.5):

    >>> from bridge import Unit, neuron_graph
    >>> network = neuron_graph(["x", "y"], {"f": Unit({"x": 2.0, "y": -1.0}, bias=-0.5)})
    >>> network([[1.0, 0.0], [0.0, 1.0]]).round(3)
    array([[0.818],
           [0.182]])
    """

    weights: Mapping[str, float]
    bias: float = 0.0
    activation: Activation | str = "sigmoid"


def neuron_graph(inputs: Sequence[str], units: Mapping[str, Unit]) -> LayeredNetwork:
    """Return an acyclic network of single units.

    Parameters
    ----------
    inputs : sequence of str
        Names of the inputs.
    units : mapping of str to Unit
        Units by name, in any order. The output is the unit that is not a source of any other unit.

    Raises
    ------
    NeurosimError
        If there are loops, unknown or duplicate names, or several outputs.

    Examples
    --------
    >>> units = {"f": Unit({"x": 2.0}, activation="relu"), "g": Unit({"f": 1.0, "x": 1.0}, 0.5)}
    >>> graph = neuron_graph(["x"], units)
    >>> graph([[1.0], [-1.0]]).ravel().round(3), graph.names  # σ(2 + 1 + 0.5), σ(0 − 1 + 0.5)
    (array([0.971, 0.378]), ('x', 'f', 'g'))
    """
    _check_units(inputs, units)
    before = {name: [s for s in unit.weights if s in units] for name, unit in units.items()}
    try:
        order = tuple(TopologicalSorter(before).static_order())
    except CycleError as error:
        loop = " → ".join(error.args[1][::-1])
        raise NeurosimError(f"the units {loop} form a loop: a graph must be acyclic") from None
    names = (*inputs, *order)
    number = {name: k for k, name in enumerate(names)}
    layers, sources = [], []
    for unit in (units[name] for name in order):
        layers.append(Layer([list(unit.weights.values())], [unit.bias], unit.activation))
        sources.append(tuple(number[source] for source in unit.weights))
    return LayeredNetwork(tuple(layers), tuple(sources), len(inputs), names)


def _check_units(inputs: Sequence[str], units: Mapping[str, Unit]) -> None:
    """Raise an error for unknown or duplicate names, missing sources or several outputs."""
    require_type(inputs, (list, tuple, np.ndarray), "inputs", "a list of names")
    require_type(units, Mapping, "units", "a mapping of name to Unit")
    for name in (*inputs, *units):
        require_type(name, str, "a name", "a string")
    for unit in units.values():
        require_type(unit, Unit, "a unit", "a Unit")
        require_type(unit.weights, Mapping, "weights of a unit", "a mapping of source to weight")
    if len({*inputs, *units}) != len(inputs) + len(units) or not units:
        raise NeurosimError(
            "inputs and units of a graph must have different names, and there must be a unit"
        )
    for name, unit in units.items():
        for source in unit.weights:
            if source not in inputs and source not in units:
                raise NeurosimError(
                    f"unit {name} has the source {source}, which is not an input or a unit"
                )
        if not unit.weights:
            raise NeurosimError(f"unit {name} has no sources: give it weights")
    used = {source for unit in units.values() for source in unit.weights}
    if len(last := [name for name in units if name not in used]) > 1:
        raise NeurosimError(f"units {', '.join(last)} have no target: a graph has one output")


def in_levels(network: LayeredNetwork) -> LayeredNetwork:
    """Return an equivalent network with one layer per depth and activation.

    Units may be reordered, and with them the parameters. Inputs and outputs keep their order.

    Raises
    ------
    NeurosimError
        If weights are shared, or the last layer is not the only one of its depth.

    Examples
    --------
    >>> from bridge import Unit, in_levels, neuron_graph
    >>> units = {"f": Unit({"x": 1.0}), "g": Unit({"x": -1.0}), "h": Unit({"f": 1.0, "g": 1.0})}
    >>> network = neuron_graph(["x"], units)
    >>> [len(layer.bias) for layer in network.layers]
    [1, 1, 1]
    >>> [len(layer.bias) for layer in in_levels(network).layers]
    [2, 1]
    """
    require_type(network, LayeredNetwork, "network", "a LayeredNetwork")
    if network.depths.count(max(network.depths)) > 1 or network.depths[-1] < max(network.depths):
        raise NeurosimError("the last layer must be deeper than all others")
    n_inputs = network.n_inputs
    first = n_inputs + np.cumsum([0, *(len(layer.bias) for layer in network.layers)])
    groups: dict[tuple[int, str], list[int]] = {}
    for k, (depth, layer) in enumerate(zip(network.depths, network.layers, strict=True)):
        groups.setdefault((depth, layer.activation.name), []).append(k)
    order = list(range(n_inputs))  # old indices of the signals in their new order
    layers, sources = [], []
    for members in (groups[key] for key in sorted(groups)):
        union = sorted({signal for k in members for signal in network.sources[k]})
        parts = [network.layers[k] for k in members]
        if any(part.shared is not None for part in parts):
            raise NeurosimError("layers with shared weights cannot be merged")
        rows = np.cumsum([0, *(len(part.bias) for part in parts)])
        weights = np.zeros((rows[-1], len(union)))
        where = np.zeros(weights.shape, dtype=bool)
        for k, part, row in zip(members, parts, rows, strict=False):
            columns = np.searchsorted(union, network.sources[k])
            block = np.ix_(row + np.arange(len(part.bias)), columns)
            weights[block], where[block] = part.weights, True
        bias = np.concatenate([part.bias for part in parts])
        layers.append(Layer.partial(weights, bias, parts[0].activation, where))
        sources.append(tuple(order.index(signal) for signal in union))
        for k in members:
            order.extend(range(first[k], first[k + 1]))
    names = tuple(network.names[k] for k in order) if network.names else ()
    return LayeredNetwork(tuple(layers), tuple(sources), n_inputs, names)
