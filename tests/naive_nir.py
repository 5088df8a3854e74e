"""NIR's nodes stepped by Euler's method, in as few words as there are: what neurosim must equal."""

from __future__ import annotations

import nir
import numpy as np


class Stepper:
    """Steps a graph of signals without shape.

    Parameters
    ----------
    graph : nir.NIRGraph
    order : list of str
        Of evaluation: a node that comes before one that it hears hears of its last step.
    dt : float
        s.
    """

    def __init__(self, graph: nir.NIRGraph, order: list[str], dt: float) -> None:
        self.graph, self.order, self.dt = graph, order, dt
        self.before = {n: [a for a, b in graph.edges if b == n] for n in graph.nodes}
        self.value: dict[str, np.ndarray] = {}
        self.state: dict[str, list] = {n: [] for n in graph.nodes}

    def step(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        for name in self.order:
            node = self.graph.nodes[name]
            if isinstance(node, nir.Input):
                self.value[name] = inputs[name]
                continue
            heard = [self.value[n] for n in self.before[name] if n in self.value]
            self.value[name] = self.give(name, node, sum(heard) if heard else None)
        return {n: self.value[n] for n in self.graph.outputs}

    def give(self, name: str, node: nir.NIRNode, x):
        if isinstance(node, (nir.Linear, nir.Affine)):
            x = np.zeros(node.weight.shape[1]) if x is None else x
            return node.weight @ x + (node.bias if isinstance(node, nir.Affine) else 0.0)
        if isinstance(node, nir.Scale):
            return 0.0 if x is None else node.scale * x
        if isinstance(node, nir.Delay):
            (steps,) = set(np.rint(node.delay / self.dt).astype(int).tolist())
            self.state[name].append(x)
            past = self.state[name]
            return past[-1 - steps] if len(past) > steps else np.zeros(len(node.delay))
        if isinstance(node, nir.Output):
            return x
        return self.fire(name, node, 0.0 if x is None else x)

    def fire(self, name: str, node: nir.NIRNode, x):
        cuba = isinstance(node, (nir.CubaLIF, nir.CubaLI))
        v, i = self.state[name] or [node.v_leak.copy(), np.zeros(len(node.v_leak))]
        if cuba:
            i = i + self.dt / node.tau_syn * (node.w_in * x - i)
            x = i
        tau = node.tau_mem if cuba else node.tau
        v = v + self.dt / tau * (node.v_leak - v + node.r * x)
        if isinstance(node, (nir.LI, nir.CubaLI)):
            self.state[name] = [v, i]
            return v
        fired = v > node.v_threshold
        self.state[name] = [np.where(fired, node.v_reset, v), i]
        return fired.astype(float)


def run(graph: nir.NIRGraph, order: list[str], dt: float, **inputs: np.ndarray) -> dict:
    """Return the outputs, (n_steps, n)."""
    stepper = Stepper(graph, order, dt)
    rows = [
        stepper.step({name: rows[t] for name, rows in inputs.items()})
        for t in range(len(next(iter(inputs.values()))))
    ]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}
