"""Build and run a described network with neurosim."""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import Any

import neurosim as ns
from benchmarks.peers.protocol import (
    FIRST,
    NetworkDict,
    PartDict,
    ProjectionDict,
    Spikes,
    Task,
    ValueDict,
    peak_mb,
    serve,
)


def _parameter(spec: ValueDict) -> Any:
    if spec["kind"] == "constant":
        return spec["value"]
    if spec["kind"] == "uniform":
        return ns.Uniform(spec["low"], spec["high"])
    return ns.Normal(spec["mean"], spec["sd"], spec["low"], spec["high"])


def _part(description: PartDict, **options: Any) -> Any:
    return getattr(ns, description["model"])(**description["values"], **options)


def _rule(projection: ProjectionDict) -> ns.Rule:
    kind, n = getattr(ns, projection["rule"]), projection["n"]
    if kind is ns.AllToAll:
        return kind()
    return kind(n if kind is ns.FixedProbability else int(n))


def rebuild(description: NetworkDict) -> ns.Network:
    """Return the network of a description."""
    net = ns.Network()
    for p in description["populations"]:
        initial = {name: _parameter(value) for name, value in p["initial"].items()}
        v_init = _parameter(p["v_init"])
        neuron = _part(p["neuron"], **p["integration"])
        net.add(p["name"], p["size"], neuron, v_init=v_init, initial=initial)
    for c in description["projections"]:
        short_term = {} if c["short_term"] is None else {"short_term": _part(c["short_term"])}
        net.connect(
            net[c["source"]],
            net[c["target"]],
            _rule(c),
            synapse=_part(c["synapse"]),
            weight=_parameter(c["weight"]),
            delay=_parameter(c["delay"]),
            **short_term,
        )
    for d in description["poisson"]:
        source, synapse = ns.Poisson(d["rate"]), _part(d["synapse"])
        net.drive(net[d["target"]], source, synapse=synapse, weight=d["weight"])
    for p in description["populations"]:
        if p["current"]:
            net.drive(net[p["name"]], ns.ConstantCurrent(p["current"]))
        if p["noise"]:
            net.drive(net[p["name"]], _part(p["noise"]))
    return net


def run(task: Task) -> tuple[dict[str, Any], Spikes]:
    """Build and run the network of a task."""
    started = time.perf_counter()
    net = rebuild(task["network"])
    simulation = ns.Simulation(
        net, dt=task["network"]["dt"], seed=task["seed"], threads=task["threads"]
    )
    simulation.run(FIRST)
    built = time.perf_counter()
    simulation.run(task["warmup"])
    span_start = time.perf_counter()
    result = simulation.run(task["span"])
    answer = {
        "version": f"neurosim {version('neurosim-bridge')}",
        "build_s": built - started,
        "compile_s": None,
        "wall_s": time.perf_counter() - span_start,
        "peak_mb": peak_mb(),
    }
    return answer, {name: (trains.times, trains.ids) for name, trains in result.spikes.items()}


if __name__ == "__main__":
    serve(run)
