"""Build and run a described network with neurosim."""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import Any

import neurosim as ns
from benchmarks.peers.protocol import (
    FIRST,
    NetworkDict,
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


def _synapse(tau: float | None) -> ns.DeltaSynapse | ns.ExpCurrent:
    return ns.DeltaSynapse() if tau is None else ns.ExpCurrent(tau)


def rebuild(description: NetworkDict) -> ns.Network:
    """Return the network of a description."""
    net = ns.Network()
    for p in description["populations"]:
        net.add(p["name"], p["size"], ns.LIF(**p["neuron"]), v_init=_parameter(p["v_init"]))
    for c in description["projections"]:
        n = c["n"] if c["rule"] == "FixedProbability" else int(c["n"])
        net.connect(
            net[c["source"]],
            net[c["target"]],
            getattr(ns, c["rule"])(n),
            synapse=_synapse(c["tau"]),
            weight=_parameter(c["weight"]),
            delay=_parameter(c["delay"]),
        )
    for d in description["poisson"]:
        net.drive(
            net[d["target"]], ns.Poisson(d["rate"]), synapse=_synapse(d["tau"]), weight=d["weight"]
        )
    for p in description["populations"]:
        if p["current"]:
            net.drive(net[p["name"]], ns.ConstantCurrent(p["current"]))
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
