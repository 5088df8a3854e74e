"""Builds and runs a described network with NEST, in NEST's own environment."""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import Any

import nest
import numpy as np

from benchmarks.peers.protocol import (
    FIRST,
    Law,
    NetworkDict,
    PopulationDict,
    Spikes,
    Task,
    peak_mb,
    serve,
)

UNBOUNDED = 1e9
"""Stands for infinity, which NEST does not take for a bound."""


def _drawn(law: Law) -> Any:
    """Return a law as a parameter that NEST draws from."""
    if law["kind"] == "constant":
        return law["value"]
    if law["kind"] == "uniform":
        return nest.random.uniform(min=law["low"], max=law["high"])
    normal = nest.random.normal(mean=law["mean"], std=law["sd"])
    low, high = max(law["low"], -UNBOUNDED), min(law["high"], UNBOUNDED)
    if (low, high) == (-UNBOUNDED, UNBOUNDED):
        return normal
    return nest.math.redraw(normal, min=low, max=high)


def _neurons(population: PopulationDict, taus: dict[str, float]) -> Any:
    given = population["neuron"]
    params = {
        "E_L": given["v_rest"],
        "V_th": given["v_threshold"],
        "V_reset": given["v_reset"],
        "tau_m": given["tau_m"],
        "C_m": given["c_m"],
        "t_ref": given["t_ref"],
        "I_e": population["current"],
        "V_m": _drawn(population["v_init"]),
        **taus,
    }
    return nest.Create("iaf_psc_exp" if taus else "iaf_psc_delta", population["size"], params)


def _time_constants(network: NetworkDict) -> dict[str, float]:
    """Return the time constants of currents that excite and that inhibit; none for delta."""
    taus = {}
    for p in network["projections"]:
        if p["tau"] is not None:
            centre = p["weight"].get("value", p["weight"].get("mean", 0.0))
            taus["tau_syn_in" if centre < 0.0 else "tau_syn_ex"] = p["tau"]
    return taus


def _connect(network: NetworkDict, cells: dict[str, Any]) -> None:
    rules = {
        "FixedInDegree": ("fixed_indegree", "indegree"),
        "FixedTotalNumber": ("fixed_total_number", "N"),
        "FixedProbability": ("pairwise_bernoulli", "p"),
    }
    models: set[str] = set()
    for p in network["projections"]:
        rule, number = rules[p["rule"]]
        # A thread can have 2^27 synapses of one model, and a spike is handed on once for every
        # model that its neuron uses: so one model per source, and per weight where it keeps that.
        fixed = p["weight"].get("value") if p["weight"]["kind"] == "constant" else None
        model = f"from_{p['source']}" + ("" if fixed is None else f"_{fixed!r}")
        if model not in models:
            models.add(model)
            if fixed is None:
                nest.CopyModel("static_synapse", model)
            else:
                nest.CopyModel("static_synapse_hom_w", model, {"weight": fixed})
        synapse: dict[str, Any] = {"synapse_model": model, "delay": _drawn(p["delay"])}
        if fixed is None:
            synapse["weight"] = _drawn(p["weight"])
        nest.Connect(
            cells[p["source"]], cells[p["target"]], {"rule": rule, number: p["n"]}, synapse
        )


def _drive(network: NetworkDict, cells: dict[str, Any]) -> None:
    """Add Poisson input, no less delayed than the rest: a shorter delay would cost NEST time."""
    shortest = min(
        p["delay"]["value"] if p["delay"]["kind"] == "constant" else network["dt"]
        for p in network["projections"]
    )
    for p in network["poisson"]:
        generator = nest.Create("poisson_generator", params={"rate": p["rate"]})
        synapse = {"weight": p["weight"], "delay": shortest}
        nest.Connect(generator, cells[p["target"]], syn_spec=synapse)


def _spikes(recorders: dict[str, Any], cells: dict[str, Any]) -> Spikes:
    found = {}
    for name, recorder in recorders.items():
        events = recorder.get("events")
        ids = np.asarray(events["senders"], np.int64) - cells[name][0].global_id
        found[name] = (np.asarray(events["times"]), ids)
    return found


def run(task: Task) -> tuple[dict[str, Any], Spikes]:
    """Build and run."""
    network = task["network"]
    nest.verbosity = nest.VerbosityLevel.ERROR
    started = time.perf_counter()
    nest.ResetKernel()
    nest.set(resolution=network["dt"], local_num_threads=task["threads"], rng_seed=task["seed"])
    taus = _time_constants(network)
    cells = {p["name"]: _neurons(p, taus) for p in network["populations"]}
    _connect(network, cells)
    _drive(network, cells)
    recorders = {}
    for name, neurons in cells.items():
        recorders[name] = nest.Create("spike_recorder")
        nest.Connect(neurons, recorders[name])
    nest.Prepare()
    nest.Run(FIRST)
    built = time.perf_counter()
    nest.Run(task["warmup"])
    begun = time.perf_counter()
    nest.Run(task["span"])
    wall = time.perf_counter() - begun
    nest.Cleanup()
    answer = {
        "version": f"NEST {version('nest-simulator')}",
        "build_s": built - started,
        "compile_s": None,
        "wall_s": wall,
        "peak_mb": peak_mb(),
    }
    return answer, _spikes(recorders, cells)


if __name__ == "__main__":
    serve(run)
