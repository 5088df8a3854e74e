"""Builds and runs a described network with neurosim."""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import Any

import neurosim as ns
from benchmarks.peers.protocol import (
    FIRST,
    Law,
    NetworkDict,
    Spikes,
    Task,
    peak_mb,
    serve,
)


def _given(law: Law) -> Any:
    if law["kind"] == "constant":
        return law["value"]
    if law["kind"] == "uniform":
        return ns.Uniform(law["low"], law["high"])
    return ns.Normal(law["mean"], law["sd"], law["low"], law["high"])


def _synapse(tau: float | None) -> ns.DeltaSynapse | ns.ExpCurrent:
    return ns.DeltaSynapse() if tau is None else ns.ExpCurrent(tau)


def rebuild(description: NetworkDict) -> ns.Network:
    """Return the network that was described."""
    net = ns.Network()
    for p in description["populations"]:
        net.add(p["name"], p["size"], ns.LIF(**p["neuron"]), v_init=_given(p["v_init"]))
    for c in description["projections"]:
        n = c["n"] if c["rule"] == "FixedProbability" else int(c["n"])
        net.connect(
            net[c["source"]],
            net[c["target"]],
            getattr(ns, c["rule"])(n),
            synapse=_synapse(c["tau"]),
            weight=_given(c["weight"]),
            delay=_given(c["delay"]),
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
    """Build and run."""
    started = time.perf_counter()
    net = rebuild(task["network"])
    simulation = ns.Simulation(
        net, dt=task["network"]["dt"], seed=task["seed"], threads=task["threads"]
    )
    simulation.run(FIRST)
    built = time.perf_counter()
    simulation.run(task["warmup"])
    begun = time.perf_counter()
    result = simulation.run(task["span"])
    answer = {
        "version": f"neurosim {version('neurosim-bridge')}",
        "build_s": built - started,
        "compile_s": None,
        "wall_s": time.perf_counter() - begun,
        "peak_mb": peak_mb(),
    }
    return answer, {name: (trains.times, trains.ids) for name, trains in result.spikes.items()}


if __name__ == "__main__":
    serve(run)
