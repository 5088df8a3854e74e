"""Build and run a described network with NEST."""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import Any

import nest
import numpy as np

from benchmarks.peers.protocol import (
    FIRST,
    NetworkDict,
    PopulationDict,
    Spikes,
    Task,
    ValueDict,
    peak_mb,
    serve,
)

UNBOUNDED = 1e9
"""Replaces infinite bounds, which NEST does not accept."""


def _parameter(spec: ValueDict) -> Any:
    """Return a number or a random NEST parameter."""
    if spec["kind"] == "constant":
        return spec["value"]
    if spec["kind"] == "uniform":
        return nest.random.uniform(min=spec["low"], max=spec["high"])
    normal = nest.random.normal(mean=spec["mean"], std=spec["sd"])
    low, high = max(spec["low"], -UNBOUNDED), min(spec["high"], UNBOUNDED)
    if (low, high) == (-UNBOUNDED, UNBOUNDED):
        return normal
    return nest.math.redraw(normal, min=low, max=high)


def _neurons(population: PopulationDict, taus: dict[str, float]) -> Any:
    neuron = population["neuron"]
    params = {
        "E_L": neuron["v_rest"],
        "V_th": neuron["v_threshold"],
        "V_reset": neuron["v_reset"],
        "tau_m": neuron["tau_m"],
        "C_m": neuron["c_m"],
        "t_ref": neuron["t_ref"],
        "I_e": population["current"],
        "V_m": _parameter(population["v_init"]),
        **taus,
    }
    return nest.Create("iaf_psc_exp" if taus else "iaf_psc_delta", population["size"], params)


def _time_constants(network: NetworkDict) -> dict[str, float]:
    """Return the time constants of excitatory and inhibitory currents.

    The result is empty for delta synapses.
    """
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
        # NEST allows 2^27 synapses per model and thread, and delivers a spike once per model of its
        # source. Hence one model per source, and one per weight where the model stores the weight.
        fixed = p["weight"].get("value") if p["weight"]["kind"] == "constant" else None
        model = f"from_{p['source']}" + ("" if fixed is None else f"_{fixed!r}")
        if model not in models:
            models.add(model)
            if fixed is None:
                nest.CopyModel("static_synapse", model)
            else:
                nest.CopyModel("static_synapse_hom_w", model, {"weight": fixed})
        synapse: dict[str, Any] = {"synapse_model": model, "delay": _parameter(p["delay"])}
        if fixed is None:
            synapse["weight"] = _parameter(p["weight"])
        nest.Connect(
            cells[p["source"]], cells[p["target"]], {"rule": rule, number: p["n"]}, synapse
        )


def _drive(network: NetworkDict, cells: dict[str, Any]) -> None:
    """Add Poisson input with the minimum delay of the network.

    Shorter delays slow NEST down.
    """
    min_delay = min(
        p["delay"]["value"] if p["delay"]["kind"] == "constant" else network["dt"]
        for p in network["projections"]
    )
    for p in network["poisson"]:
        generator = nest.Create("poisson_generator", params={"rate": p["rate"]})
        synapse = {"weight": p["weight"], "delay": min_delay}
        nest.Connect(generator, cells[p["target"]], syn_spec=synapse)


def _spikes(recorders: dict[str, Any], cells: dict[str, Any]) -> Spikes:
    spikes = {}
    for name, recorder in recorders.items():
        events = recorder.get("events")
        ids = np.asarray(events["senders"], np.int64) - cells[name][0].global_id
        spikes[name] = (np.asarray(events["times"]), ids)
    return spikes


def run(task: Task) -> tuple[dict[str, Any], Spikes]:
    """Build and run the network of a task."""
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
    span_start = time.perf_counter()
    nest.Run(task["span"])
    wall = time.perf_counter() - span_start
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
