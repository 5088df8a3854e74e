"""Reduce a NIR graph to neurons and the matrices through which they receive input."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse

from neurosim.errors import NeurosimError
from neurosim.interchange.nir.fields import SynapseBudget, array_of, naming
from neurosim.interchange.nir.linear import LINEAR, apply, output_shape, total
from neurosim.interchange.nir.neurons import READOUTS
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurosim.interchange.nir.linear import Signal

    Shape = tuple[int, ...]

NEURONS = {"LIF", "CubaLIF", "IF", "Threshold", *READOUTS}
SHAPED_BY = {"IF": "v_threshold", "I": "r", "Threshold": "threshold"}
"""Parameter with the shape of a node, if it is not v_leak."""
MAX_NODES = 100_000
MAX_DEPTH = 16


@dataclass(frozen=True, eq=False)
class FlatGraph:
    """Neurons, inputs and outputs of a graph, and the connections between them.

    Attributes
    ----------
    inputs, outputs : mapping of str to tuple of int
        Shapes of the Input and Output nodes.
    neurons : mapping of str to nir.NIRNode
        LIF, CubaLIF, IF, Threshold, LI, CubaLI and I nodes.
    shapes : mapping of str to tuple of int
        Shapes of all nodes.
    input_matrices : mapping of str to Signal
        Matrices by node (neurons and outputs), shape (elements of node, elements of source).
    """

    inputs: Mapping[str, Shape]
    outputs: Mapping[str, Shape]
    neurons: Mapping[str, Any]
    shapes: Mapping[str, Shape]
    input_matrices: Mapping[str, Signal]

    def size(self, name: str) -> int:
        """Return the number of elements of a node."""
        return math.prod(self.shapes[name])

    def is_readout(self, name: str) -> bool:
        """Whether the output of a node is a potential."""
        return _kind(self.neurons.get(name)) in READOUTS


def flatten(graph: Any, dt: float, max_synapses: int) -> FlatGraph:
    """Find the connections between the neurons of a graph.

    Parameters
    ----------
    graph : nir.NIRGraph
    dt : float
        Step of the time grid (s).
    max_synapses : int

    Raises
    ------
    NeurosimError
        If a kind of node is unknown, or shapes do not match.
    """
    nodes, edges = _expand(graph)
    inputs, outputs = (
        [name for name, node in nodes.items() if _kind(node) == kind and name in graph.nodes]
        for kind in ("Input", "Output")
    )
    neurons = {name: node for name, node in nodes.items() if _kind(node) in NEURONS}
    if not neurons:
        raise NeurosimError(
            "The graph has no neurons (LIF, CubaLIF, IF, LI …): there is nothing to simulate"
        )
    before: dict[str, list[str]] = {name: [] for name in nodes}
    after: dict[str, list[str]] = {name: [] for name in nodes}
    for source, target in edges:
        if target in inputs:
            raise NeurosimError(f"The edge {source!r} → {target!r} leads into an Input")
        before[target].append(source)
        after[source].append(target)
    shapes = _find_shapes(nodes, after)
    budget = SynapseBudget(max_synapses)
    signals: dict[str, Signal] = {}
    for name in (*inputs, *neurons):
        size = math.prod(shapes[name])
        with naming(name):
            budget.take(size)
        signals[name] = {(name, 0): scipy.sparse.eye_array(size, format="csr")}
    matrices: dict[str, Signal] = {}
    for name in _in_order(before, set(signals)):
        if name in inputs:
            continue
        is_end = name in neurons or name in outputs
        _check_sizes(name, before[name], shapes, is_end)
        arriving = total(signals[source] for source in before[name])
        if is_end:
            matrices[name] = arriving
            continue
        given = shapes[before[name][0]]
        with naming(name):
            signals[name] = apply(nodes[name], given, arriving, dt, budget)
    for name in neurons:
        for (origin, _), matrix in matrices[name].items():
            if origin in neurons and matrix.nnz and _kind(neurons[origin]) in READOUTS:
                raise NeurosimError(
                    f"Node {name!r} receives the potential of {origin!r}: in neurosim neurons "
                    "send only spikes; connect it to an Output, or use an LIF"
                )
    return FlatGraph(
        {name: shapes[name] for name in inputs},
        {name: shapes[name] for name in outputs},
        neurons,
        shapes,
        matrices,
    )


def _kind(node: Any) -> str:
    """Return the name of the class of a node."""
    return type(node).__name__


def _expand(graph: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return nodes and edges of a graph, including those of nested graphs."""
    nodes: dict[str, Any] = {}
    edges: list[tuple[str, str]] = []
    ports: dict[tuple[str, str], list[str]] = {}
    waiting = [("", 0, graph)]
    while waiting:
        prefix, depth, part = waiting.pop()
        if depth > MAX_DEPTH:
            raise NeurosimError(f"The graph has nested graphs at more than {MAX_DEPTH} levels")
        for inner, node in part.nodes.items():
            name, kind = prefix + inner, _kind(node)
            if name in nodes or len(nodes) >= MAX_NODES:
                raise NeurosimError(
                    f"The graph has two nodes {name!r}, or more than {MAX_NODES:,} nodes"
                )
            if kind == "NIRGraph":
                waiting.append((f"{name}.", depth + 1, node))
                for port in ("Input", "Output"):
                    ports[name, port] = [
                        f"{name}.{n}" for n, other in node.nodes.items() if _kind(other) == port
                    ]
                continue
            if kind not in NEURONS | LINEAR:
                known = ", ".join(sorted(NEURONS | LINEAR))
                raise NeurosimError(
                    f"neurosim cannot build {name!r} ({kind}): replace it by {known}"
                )
            nodes[name] = node
        edges += [(prefix + source, prefix + target) for source, target in part.edges]
    found = []
    for source, target in dict.fromkeys(edges):
        starts = ports.get((source, "Output"), [source])
        ends = ports.get((target, "Input"), [target])
        if not len(starts) == len(ends) == 1 or not {*starts, *ends} <= nodes.keys():
            raise NeurosimError(
                f"The edge {show(source)} → {show(target)} does not lead from one node to another "
                "(a nested graph needs one Input and one Output)"
            )
        found.append((starts[0], ends[0]))
    return nodes, found


def _own_shape(node: Any) -> Shape | None:
    """Return the shape that a node itself specifies, or None."""
    kind = _kind(node)
    if kind in ("Linear", "Affine"):
        return output_shape(node, ())
    if kind in NEURONS:
        shape = array_of(node, SHAPED_BY.get(kind, "v_leak")).shape
        return shape if math.prod(shape) > 1 else None
    if kind != "Input":
        return None
    given = node.input_type.get("input") if isinstance(node.input_type, dict) else None
    try:
        sizes = np.asarray(given)
        if sizes.dtype.kind not in "iu" or sizes.ndim != 1 or (sizes < 1).any():
            raise TypeError
    except (TypeError, ValueError):
        raise NeurosimError(f"its shape is {show(given)}: give sizes from 1 on") from None
    return tuple(sizes.tolist())


def _find_shapes(nodes: Mapping[str, Any], after: Mapping[str, list[str]]) -> dict[str, Shape]:
    """Return the output shape of each node.

    Shapes propagate along the edges from nodes that specify one.
    """
    shapes: dict[str, Shape] = {}
    for name, node in nodes.items():
        with naming(name):
            shape = _own_shape(node)
        if shape is not None:
            shapes[name] = shape
    reached = deque(shapes)

    def follow() -> None:
        while reached:
            source = reached.popleft()
            for target in after[source]:
                if target not in shapes:
                    with naming(target):
                        shapes[target] = output_shape(nodes[target], shapes[source])
                    reached.append(target)

    follow()
    for name, node in nodes.items():  # neurons that no Input reaches have size 1
        if name not in shapes and _kind(node) in NEURONS:
            shapes[name] = array_of(node, SHAPED_BY.get(_kind(node), "v_leak")).shape or (1,)
            reached.append(name)
            follow()
    for name in nodes:
        if name not in shapes:
            raise NeurosimError(f"Node {name!r} is reached from neither an Input nor neurons")
    return shapes


def _in_order(before: Mapping[str, list[str]], sources: set[str]) -> list[str]:
    """Return the nodes in an order in which each follows the linear nodes before it."""
    linear = {name: [b for b in origins if b not in sources] for name, origins in before.items()}
    try:
        return list(TopologicalSorter(linear).static_order())
    except CycleError as error:
        raise NeurosimError(
            f"The nodes {', '.join(map(repr, error.args[1][:10]))} form a loop without neurons: "
            "put an LIF into the loop"
        ) from None


def _check_sizes(name: str, before: list[str], shapes: Mapping[str, Shape], is_end: bool) -> None:
    """Raise an error if the inputs of a node differ in size.

    If `is_end`, they must have the size of the node, too.
    """
    sizes = {math.prod(shapes[source]) for source in before}
    if not before and not is_end:
        raise NeurosimError(f"Node {name!r} has no input: connect an Input to it")
    if len(sizes | ({math.prod(shapes[name])} if is_end and sizes else set())) > 1:
        given = ", ".join(f"{source!r} {shapes[source]}" for source in before[:10])
        raise NeurosimError(
            f"Node {name!r}: it has the shape {shapes[name]}, and its inputs have other sizes or "
            f"differ in size: {given}"
        )
