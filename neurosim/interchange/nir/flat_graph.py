"""A NIR graph as neurons and the matrices through which spikes reach them."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.nir.fields import Room, array_of
from neurosim.interchange.nir.linear import LINEAR, apply, identity, out_shape, summed
from neurosim.interchange.nir.parameters import READOUTS
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from neurosim.interchange.nir.linear import Terms

SPIKING = {"LIF", "CubaLIF", "IF", "Threshold"}
NEURONS = SPIKING | READOUTS
SHAPED_BY = {"IF": "v_threshold", "I": "r", "Threshold": "threshold"}
"""Field that has the shape of a kind of neuron, where it is not v_leak."""
MOST_NODES = 100_000
DEEPEST = 16


@dataclass(frozen=True, eq=False)
class FlatGraph:
    """Neurons, inputs and outputs of a graph, and what connects them.

    Attributes
    ----------
    inputs, outputs : mapping of str to tuple of int
        Shapes of the Input and Output nodes.
    neurons : mapping of str to nir.NIRNode
        LIF, CubaLIF, IF, Threshold, LI, CubaLI and I nodes.
    shapes : mapping of str to tuple of int
        Of all nodes.
    input_matrices : mapping of str to Terms
        Inputs of neurons and outputs, as matrices (own elements, elements of the source).
    """

    inputs: Mapping[str, tuple[int, ...]]
    outputs: Mapping[str, tuple[int, ...]]
    neurons: Mapping[str, Any]
    shapes: Mapping[str, tuple[int, ...]]
    input_matrices: Mapping[str, Terms]

    def size(self, name: str) -> int:
        """Return the number of elements of a node."""
        return math.prod(self.shapes[name])

    def is_read(self, name: str) -> bool:
        """Whether the output of a node is a potential."""
        return type(self.neurons.get(name)).__name__ in READOUTS


def wire(graph: Any, dt: float, max_synapses: int) -> FlatGraph:
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
        For unknown kinds of node, and shapes that do not fit.
    """
    nodes, edges = _flatten(graph)
    inputs = [n for n, node in nodes.items() if _kind(node) == "Input" and n in graph.nodes]
    outputs = [n for n, node in nodes.items() if _kind(node) == "Output" and n in graph.nodes]
    neurons = {n: node for n, node in nodes.items() if _kind(node) in NEURONS}
    _check_kinds(nodes)
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
    shapes = _find_shapes(nodes, before, after)
    room = Room(max_synapses)
    signals: dict[str, Terms] = {}
    for name in (*inputs, *neurons):
        signals[name] = {(name, 0): identity(math.prod(shapes[name]), name, room)}
    input_matrices: dict[str, Terms] = {}
    for name in _in_order(nodes, before, after, set(signals)):
        arriving = summed([signals[source] for source in _fitting(name, nodes, before, shapes)])
        if name in neurons or name in outputs:
            input_matrices[name] = arriving
            if name in neurons:
                _check_sources(name, arriving, neurons)
        elif name not in inputs:
            if not before[name]:
                raise NeurosimError(f"Node {name!r} hears nothing: lead an Input to it")
            given = shapes[before[name][0]]
            signals[name] = apply(nodes[name], name, given, arriving, dt, room)
    own = {n: shapes[n] for n in inputs}, {n: shapes[n] for n in outputs}
    return FlatGraph(*own, neurons, shapes, input_matrices)


def _check_sources(name: str, terms: Terms, neurons: Mapping[str, Any]) -> None:
    """Refuse neurons that receive the potential of others."""
    for (source, _), matrix in terms.items():
        if source is None or source not in neurons or not matrix.nnz:
            continue
        if _kind(neurons[source]) in READOUTS:
            raise NeurosimError(
                f"Node {name!r} receives the potential of {source!r}: "
                "neurons of neurosim send spikes alone; lead it to an Output, or use an LIF"
            )


def _kind(node: Any) -> str:
    return type(node).__name__


def _flatten(graph: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return nodes and edges of a graph in which those of graphs within it are its own."""
    nodes: dict[str, Any] = {}
    edges: list[tuple[str, str]] = []
    enter: dict[str, list[str]] = {}
    leave: dict[str, list[str]] = {}
    waiting = [("", 0, graph)]
    while waiting:
        prefix, depth, part = waiting.pop()
        if depth > DEEPEST:
            raise NeurosimError(f"The graph has graphs within graphs to more than {DEEPEST} levels")
        for name, node in part.nodes.items():
            whole = prefix + name
            if whole in nodes or len(nodes) >= MOST_NODES:
                raise NeurosimError(
                    f"The graph has two nodes {whole!r}, or more than {MOST_NODES:,} nodes"
                )
            if _kind(node) == "NIRGraph":
                waiting.append((f"{whole}.", depth + 1, node))
                for ports, kind in ((enter, "Input"), (leave, "Output")):
                    own = [n for n, inner in node.nodes.items() if _kind(inner) == kind]
                    ports[whole] = [f"{whole}.{n}" for n in own]
            else:
                nodes[whole] = node
        edges += [(prefix + source, prefix + target) for source, target in part.edges]
    found = []
    for source, target in dict.fromkeys(edges):
        ends = [*leave.get(source, [source]), *enter.get(target, [target])]
        if len(ends) != 2 or not all(end in nodes for end in ends):
            raise NeurosimError(
                f"The edge {show(source)} → {show(target)} does not lead from one node to another "
                "(a graph within the graph needs one Input and one Output)"
            )
        found.append((ends[0], ends[1]))
    return nodes, found


def _check_kinds(nodes: Mapping[str, Any]) -> None:
    """Refuse kinds of node that neurosim does not have."""
    known = NEURONS | LINEAR
    bad = [f"{name!r} ({_kind(node)})" for name, node in nodes.items() if _kind(node) not in known]
    if bad:
        listed = ", ".join(bad[:10]) + (", …" if len(bad) > 10 else "")
        raise NeurosimError(
            f"neurosim cannot build {listed}: replace it by {', '.join(sorted(known))}"
        )


def _own_shape(node: Any, name: str) -> tuple[int, ...] | None:
    """Return the shape that a node itself specifies, or None."""
    kind = _kind(node)
    if kind in ("Linear", "Affine"):
        weight = array_of(node, "weight", name)
        return weight.shape[:1]
    if kind in NEURONS:
        shape = array_of(node, SHAPED_BY.get(kind, "v_leak"), name).shape
        return shape if math.prod(shape) > 1 else None
    if kind != "Input":
        return None
    told = node.input_type.get("input") if isinstance(node.input_type, dict) else None
    try:
        sizes = np.asarray(told)
        if sizes.dtype.kind not in "iu" or sizes.ndim != 1 or (sizes < 1).any():
            raise TypeError
    except (TypeError, ValueError):
        raise NeurosimError(
            f"Input {name!r} has the shape {show(told)}: give sizes from 1 on"
        ) from None
    return tuple(int(size) for size in sizes)


def _find_shapes(
    nodes: Mapping[str, Any], before: Mapping[str, list[str]], after: Mapping[str, list[str]]
) -> dict[str, tuple[int, ...]]:
    """Return the shape of each node's output, following the edges where a node has none itself."""
    shapes: dict[str, tuple[int, ...]] = {}

    def follow(start: Iterable[str]) -> None:
        reached = deque(start)
        while reached:
            source = reached.popleft()
            given = shapes[source]
            for target in after[source]:
                if target not in shapes:
                    node = nodes[target]
                    linear = _kind(node) in LINEAR
                    shapes[target] = out_shape(node, target, given) if linear else given
                    reached.append(target)

    for name, node in nodes.items():
        shape = _own_shape(node, name)
        if shape is not None:
            shapes[name] = shape
    follow(list(shapes))
    # Neurons that no Input reaches have the size of their parameters, which is 1.
    for name, node in nodes.items():
        if name not in shapes and _kind(node) in NEURONS:
            shapes[name] = array_of(node, SHAPED_BY.get(_kind(node), "v_leak"), name).shape or (1,)
            follow([name])
    for name in nodes:
        if name not in shapes:
            raise NeurosimError(
                f"Node {name!r} is reached from neither an Input nor neurons: its shape is unknown"
            )
    return shapes


def _in_order(
    nodes: Mapping[str, Any],
    before: Mapping[str, list[str]],
    after: Mapping[str, list[str]],
    sources: set[str],
) -> list[str]:
    """Return the nodes, each after the linear ones that it hears; sources are there already."""
    missing = {name: sum(b not in sources for b in before[name]) for name in nodes}
    ready = deque(name for name, n in missing.items() if n == 0)
    order = []
    while ready:
        name = ready.popleft()
        order.append(name)
        if name not in sources:
            for target in after[name]:
                missing[target] -= 1
                if missing[target] == 0:
                    ready.append(target)
    left = [name for name in nodes if missing[name] > 0]
    if left:
        raise NeurosimError(
            f"The nodes {', '.join(map(repr, left[:10]))} form or follow a loop without neurons: "
            "put an LIF into the loop"
        )
    return order


def _fitting(
    name: str,
    nodes: Mapping[str, Any],
    before: Mapping[str, list[str]],
    shapes: Mapping[str, tuple[int, ...]],
) -> list[str]:
    """Return what a node hears, if all of it has the node's size."""
    sizes = {math.prod(shapes[source]) for source in before[name]}
    plain = _kind(nodes[name]) in NEURONS or _kind(nodes[name]) == "Output"
    if plain and sizes:
        sizes.add(math.prod(shapes[name]))
    if len(sizes) > 1:
        told = ", ".join(f"{source!r} {shapes[source]}" for source in before[name][:10])
        raise NeurosimError(
            f"Node {name!r}: it has the shape {shapes[name]} and hears signals of other sizes, "
            f"or of different ones: {told}"
        )
    return before[name]
