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
    PartDict,
    PopulationDict,
    ProjectionDict,
    Spikes,
    Task,
    ValueDict,
    peak_mb,
    serve,
)

UNBOUNDED = 1e9
"""Replaces infinite bounds, which NEST does not accept."""
RESTING = -40.0
"""Synapses with a lower reversal potential (mV) are inhibitory."""


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


COMMON = {"E_L": "e_l", "g_L": "g_l", "C_m": "c_m", "t_ref": "t_ref"}
NAMES = {
    "LIF": {
        "E_L": "v_rest",
        "V_th": "v_threshold",
        "V_reset": "v_reset",
        "tau_m": "tau_m",
        "C_m": "c_m",
        "t_ref": "t_ref",
    },
    "AdEx": COMMON
    | {
        "V_th": "v_th",
        "V_reset": "v_reset",
        "V_peak": "v_peak",
        "Delta_T": "delta_t",
        "tau_w": "tau_w",
        "a": "a",
        "b": "b",
    },
    "HodgkinHuxleyTraub": COMMON
    | {"g_Na": "g_na", "g_K": "g_k", "E_Na": "e_na", "E_K": "e_k", "V_T": "v_t"},
    "Izhikevich": {"a": "a", "b": "b", "c": "c", "d": "d", "V_th": "v_peak"},
}
"""Names of parameters in NEST and in neurosim, by the class in neurosim."""


def _neurons(population: PopulationDict, synapses: list[PartDict]) -> Any:
    kind, values = population["neuron"]["model"], population["neuron"]["values"]
    params = {name: values[ours] for name, ours in NAMES[kind].items()}
    params |= {"I_e": population["current"], "V_m": _parameter(population["v_init"])}
    if kind == "Izhikevich":
        params["U_m"] = _parameter(population["initial"]["u"])
        return nest.Create("izhikevich", population["size"], params)
    kinds = {synapse["model"] for synapse in synapses}
    for synapse in synapses:
        port = "in" if _inhibits(synapse) else "ex"
        for name, ours in {"tau_syn": "tau", "E": "e_rev"}.items():
            if ours in synapse["values"]:
                params[f"{name}_{port}"] = synapse["values"][ours]
    if kind != "LIF":
        model = {"AdEx": "aeif_cond_exp", "HodgkinHuxleyTraub": "hh_cond_exp_traub"}[kind]
    elif "ExpConductance" in kinds:
        model = "iaf_cond_exp"
        params["g_L"] = values["c_m"] / params.pop("tau_m")
    else:
        model = "iaf_psc_exp" if "ExpCurrent" in kinds else "iaf_psc_delta"
    return nest.Create(model, population["size"], params)


def _inhibits(synapse: PartDict) -> bool:
    """Whether a synapse belongs to NEST's inhibitory port."""
    values = synapse["values"]
    return values["e_rev"] < RESTING if "e_rev" in values else bool(values.get("inhibits"))


def _ports(network: NetworkDict) -> list[PartDict]:
    """Return the distinct synapses. Those of currents are marked by the sign of their weights."""
    ports: dict[str, PartDict] = {}
    for p in network["projections"]:
        synapse = p["synapse"]
        if synapse["model"] == "ExpCurrent":
            centre = p["weight"].get("value", p["weight"].get("mean", 0.0))
            synapse = {**synapse, "values": synapse["values"] | {"inhibits": centre < 0.0}}
        ports[repr(synapse)] = synapse
    return list(ports.values())


def _synapse_model(p: ProjectionDict, models: set[str]) -> tuple[str, bool]:
    """Return the NEST model of a projection, and whether it stores the weight.

    NEST allows 2^27 synapses per model and thread, and delivers a spike once per model of its
    source. Hence one model per source, and one per weight where the model stores the weight.
    """
    fixed = p["weight"].get("value") if p["weight"]["kind"] == "constant" else None
    if fixed is not None and p["synapse"]["model"] == "ExpConductance" and _inhibits(p["synapse"]):
        fixed = -fixed
    model = f"from_{p['source']}" + ("" if fixed is None else f"_{fixed!r}")
    if p["short_term"] is not None:
        model += f"_to_{p['target']}"
    if model in models:
        return model, fixed is not None
    models.add(model)
    if p["short_term"] is not None:
        values = p["short_term"]["values"]
        params = {"U": values["u"], "u": values["u"], "x": 1.0}
        params |= {name: values[name] for name in ("tau_rec", "tau_fac")}
        nest.CopyModel("tsodyks2_synapse", model, params | {"weight": fixed})
    elif fixed is None:
        nest.CopyModel("static_synapse", model)
    else:
        nest.CopyModel("static_synapse_hom_w", model, {"weight": fixed})
    return model, fixed is not None


def _connect(network: NetworkDict, cells: dict[str, Any]) -> None:
    rules = {
        "FixedInDegree": ("fixed_indegree", "indegree"),
        "FixedTotalNumber": ("fixed_total_number", "N"),
        "FixedProbability": ("pairwise_bernoulli", "p"),
    }
    models: set[str] = set()
    for p in network["projections"]:
        model, has_weight = _synapse_model(p, models)
        synapse: dict[str, Any] = {"synapse_model": model, "delay": _parameter(p["delay"])}
        if not has_weight:
            synapse["weight"] = _parameter(p["weight"])
        rule: Any = "all_to_all"
        if p["rule"] in rules:
            name, number = rules[p["rule"]]
            rule = {"rule": name, number: p["n"]}
        nest.Connect(cells[p["source"]], cells[p["target"]], rule, synapse)


def _drive(network: NetworkDict, cells: dict[str, Any]) -> None:
    """Add Poisson input and noise with the minimum delay of the network.

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
    for population in network["populations"]:
        if population["noise"] is not None:
            values = population["noise"]["values"]
            params = {"std": values["sigma"], "mean": values["mean"], "dt": values["interval"]}
            generator = nest.Create("noise_generator", params=params)
            nest.Connect(generator, cells[population["name"]], syn_spec={"delay": min_delay})


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
    ports = _ports(network)
    cells = {p["name"]: _neurons(p, ports) for p in network["populations"]}
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
