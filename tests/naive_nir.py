"""NIR nodes stepped by Euler's method, written as plainly as possible: an oracle for neurosim."""

from __future__ import annotations

import nir
import numpy as np


class Stepper:
    """Steps a graph of signals without shape.

    Parameters
    ----------
    graph : nir.NIRGraph
    order : list of str
        Order of evaluation: a node before one of its inputs receives the last step of that input.
    dt : float
        s.
    reset : str
        As `neurosim.from_nir` takes it.
    """

    def __init__(
        self, graph: nir.NIRGraph, order: list[str], dt: float, reset: str = "value"
    ) -> None:
        self.graph, self.order, self.dt, self.reset = graph, order, dt, reset
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
        if isinstance(node, nir.Threshold):
            return (x > node.threshold).astype(float)
        v, i, fired = self.state[name] or start(node)
        if isinstance(node, (nir.CubaLIF, nir.CubaLI)):
            i = i + self.dt / node.tau_syn * (node.w_in * x - i)
            v = v + self.dt / node.tau_mem * (node.v_leak - v + node.r * i)
        elif isinstance(node, (nir.IF, nir.I)):
            v = v + (x if (node.r == 1.0).all() else self.dt * node.r * x)
        else:
            v = v + self.dt / node.tau * (node.v_leak - v + node.r * x)
        if isinstance(node, (nir.LI, nir.CubaLI, nir.I)):
            self.state[name] = [v, i, fired]
            return v
        depth = node.v_threshold - node.v_reset
        if self.reset == "subtract_delayed":
            v = v - fired * depth
        fired = v > node.v_threshold
        if self.reset == "subtract":
            v = v - fired * depth
        elif self.reset == "value":
            v = np.where(fired, node.v_reset, v)
        self.state[name] = [v, i, fired]
        return fired.astype(float)


def start(node: nir.NIRNode) -> list:
    """Return potentials, currents and spikes before the first step."""
    v = np.zeros(len(node.r)) if isinstance(node, (nir.IF, nir.I)) else node.v_leak.copy()
    if hasattr(node, "v_threshold"):
        v = np.where(v > node.v_threshold, node.v_reset, v)
    return [v, np.zeros(len(v)), np.zeros(len(v), bool)]


def run(
    graph: nir.NIRGraph, order: list[str], dt: float, *, reset: str = "value", **inputs: np.ndarray
) -> dict:
    """Return the outputs, (n_steps, n)."""
    stepper = Stepper(graph, order, dt, reset)
    rows = [
        stepper.step({name: rows[t] for name, rows in inputs.items()})
        for t in range(len(next(iter(inputs.values()))))
    ]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}
