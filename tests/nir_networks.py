"""Graphs and networks that tests of NIR have in common."""

from __future__ import annotations

import itertools

import nir
import numpy as np

import neurosim as ns
from neurosim.interchange.nir import to_nir

SIZES = (10, 16, 6)


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
