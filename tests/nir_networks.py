"""Graphs and networks that the tests of NIR share."""

from __future__ import annotations

import itertools

import nir
import numpy as np

import neurosim as ns
from neurosim.interchange.nir import to_nir
from tests import naive_nir

SIZES = (10, 16, 6)
H = 1e-4
"""Step (s); 0.1 ms."""
N, N_IN = 12, 8
"""Neurons and inputs of `graph_with`."""


def graph_of(edges: str, **nodes: nir.NIRNode) -> nir.NIRGraph:
    """Return a graph with ways such as "input a out, a b a"."""
    pairs = [pair for way in edges.split(",") for pair in itertools.pairwise(way.split())]
    return nir.NIRGraph(nodes, list(dict.fromkeys(pairs)), type_check=False)


def neurons(kind: str, n: int, dt: float, *, normal: bool = True) -> nir.NIRNode:
    """Return neurons of which an input of 1 for one step of dt (s) moves v, or I, by 1.

    With `normal` false r is 1, the only one that Norse takes in an LIF.
    """
    tau, tau_syn = 12.5 * dt, 5.0 * dt
    common = {"v_leak": np.zeros(n), "v_threshold": np.ones(n), "v_reset": np.zeros(n)}
    common["r"] = np.full(n, tau / dt if normal else 1.0)
    if kind == "lif":
        return nir.LIF(tau=np.full(n, tau), **common)
    rates = {"tau_mem": np.full(n, tau), "tau_syn": np.full(n, tau_syn)}
    return nir.CubaLIF(**rates, **common, w_in=np.full(n, tau_syn / dt))


def chain(kind: str) -> nir.NIRGraph:
    """Return two layers as Norse can read them, for steps of 1 ms."""
    rng = np.random.default_rng(11)
    strength = 12.5 if kind == "lif" else 5.0
    first = strength * rng.normal(0.1, 0.25, (SIZES[1], SIZES[0]))
    second = strength * rng.normal(0.05, 0.25, (SIZES[2], SIZES[1]))
    return nir.NIRGraph.from_list(
        nir.Affine(first, rng.normal(0.0, 0.1, SIZES[1])),
        neurons(kind, SIZES[1], 1e-3, normal=False),
        nir.Affine(second, np.zeros(SIZES[2])),
        neurons(kind, SIZES[2], 1e-3, normal=False),
    )


def native(kind: str) -> nir.NIRGraph:
    """Return a network of neurosim as a graph that snnTorch can read."""
    return to_nir(
        native_network(kind),
        integration="euler",
        mv_per_unit=15.0,
        v_zero=-70.0,
        retime=True,
    )


def native_network(kind: str, times: object = ()) -> ns.Network:
    """Return two layers of neurons in millivolts, with steps of 0.1 ms."""
    rng = np.random.default_rng(5)
    synapse = ns.DeltaSynapse() if kind == "lif" else ns.ExpCurrent(5.0)
    net = ns.Network(dale=False)
    given = net.add("given", SIZES[0], ns.LIF(t_ref=0.0))
    first, second = (
        net.add(name, size, ns.LIF(t_ref=0.0, tau_m=20.0))
        for name, size in zip(("first", "second"), SIZES[1:], strict=True)
    )
    one, two = rng.normal(1.5, 3.0, SIZES[:2]), rng.normal(1.0, 3.0, SIZES[1:])
    net.connect(given, first, ns.AllToAll(), synapse=synapse, psp=one, delay=1.5)
    net.connect(first, second, ns.AllToAll(), synapse=synapse, psp=two, delay=1.5)
    net.drive(given, ns.SpikeTimes(times), psp=30.0)
    return net


def graph_with(a: nir.NIRNode, *, seed: int = 2, scale: float = 1.0, recurrent: bool = False):
    """Return a graph of inputs, neurons and their outputs, and the order of evaluation."""
    random = np.random.default_rng(seed)
    nodes = {
        "input": nir.Input(np.array([N_IN])),
        "fc": nir.Affine(
            scale * random.normal(0.25, 0.4, (N, N_IN)), scale * random.normal(0.0, 0.05, N)
        ),
        "r": nir.Linear(scale * random.normal(-0.1, 0.3, (N, N))),
        "a": a,
        "out": nir.Output(np.array([N])),
    }
    if not recurrent:
        del nodes["r"]
    return graph_of("input fc a out" + ", a r a" * recurrent, **nodes), list(nodes)


def pulses(seed: int = 3, n_steps: int = 300) -> np.ndarray:
    return (np.random.default_rng(seed).random((n_steps, N_IN)) < 0.2).astype(float)


def outputs(graph: object, given: np.ndarray, **options) -> np.ndarray:
    model = ns.from_nir(graph, dt=0.1, **options)
    result = ns.simulate(model.network, model.drive_inputs(given), dt=model.dt)
    (found,) = model.outputs(result).values()
    return found


def euler(graph: nir.NIRGraph, order: list[str], given: np.ndarray, **options) -> np.ndarray:
    (found,) = naive_nir.run(graph, order, H, input=given, **options).values()
    return found


def full(**values: float) -> dict[str, np.ndarray]:
    return {key: np.full(N, value) for key, value in values.items()}


def lif(tau: float, threshold: float = 1.0, **changes: float) -> nir.LIF:
    """Return neurons of which an input of 1 for one step moves v by 1."""
    values = {"r": tau / H, "v_leak": 0.0, "v_threshold": threshold, "v_reset": 0.0}
    return nir.LIF(**full(tau=tau, **(values | changes)))


def cuba(tau_mem: float, tau_syn: float, threshold: float = 1.0) -> nir.CubaLIF:
    """Return neurons of which an input of 1 for one step moves the current by 1."""
    values = {"v_leak": 0.0, "v_threshold": threshold, "v_reset": 0.0}
    own = full(tau_mem=tau_mem, tau_syn=tau_syn, r=tau_mem / H, w_in=tau_syn / H, **values)
    return nir.CubaLIF(**own)
