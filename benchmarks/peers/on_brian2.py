"""Build and run a described network with Brian2, standalone or at runtime.

All populations are subgroups of one `NeuronGroup`. Projections that differ only in their target
share one `Synapses` object, as in Brian2's examples. This is the fastest implementation.
"""

from __future__ import annotations

import shutil
import time
from itertools import groupby
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
from brian2 import Hz, ms, mV, nS
from numpy.typing import NDArray

from benchmarks.peers.brian2_models import Group, efficacy, port_of
from benchmarks.peers.protocol import (
    FIRST,
    NetworkDict,
    ProjectionDict,
    Spikes,
    Task,
    ValueDict,
    draw,
    peak_mb,
    serve,
)

POISSON_INPUTS = 1000
"""Number of inputs per `PoissonInput`; their spike count has a binomial distribution."""

STAMP = (
    'std::ofstream("stamps.txt", std::ios::app) << std::fixed << std::chrono::duration<double>('
    'std::chrono::system_clock::now().time_since_epoch()).count() << "\\n";'
)
"""C++ code that writes the current time to a file."""
PEAK = (
    "{ struct rusage usage; getrusage(RUSAGE_SELF, &usage);"
    ' std::ofstream("peak.txt") << usage.ru_maxrss; }'
)
"""C++ code that writes the peak memory (KiB) to a file."""


def _neurons(network: NetworkDict) -> tuple[Any, dict[str, Any]]:
    """Return the group of all neurons and the subgroup of each population."""
    described = Group(network)
    group, subgroups, first = described.create(), {}, 0
    for k, population in enumerate(network["populations"]):
        cells = group[first : first + population["size"]]
        cells.v = _expression(population["v_init"])
        for name, value in population["initial"].items():
            setattr(cells, name, _expression(value))
        for name, values in described.values.items():
            setattr(cells, name, values[k])
        subgroups[population["name"]] = cells
        first += population["size"]
    noise = network["populations"][0]["noise"]
    if noise is not None:
        group.run_regularly("noise = sigma*randn()", dt=noise["values"]["interval"] * ms)
    return group, subgroups


def _expression(spec: ValueDict, dimension: str = "volt") -> str:
    """Return a distribution as a Brian2 expression."""
    unit = {"volt": "mV", "amp": "pA", "siemens": "nS"}[dimension]
    if spec["kind"] == "constant":
        return f"{spec['value']}*{unit}"
    if spec["kind"] == "uniform":
        return f"({spec['low']} + rand()*{spec['high'] - spec['low']})*{unit}"
    return f"({spec['mean']} + {spec['sd']}*randn())*{unit}"


def _group_key(p: ProjectionDict) -> str:
    """Return a grouping key, equal for projections that differ only in their target."""
    number = p["target"] if p["rule"] == "FixedTotalNumber" else p["n"]
    return repr(
        (p["source"], p["rule"], number, p["synapse"], p["weight"], p["delay"], p["short_term"])
    )


def _connect(network: NetworkDict, group: Any, cells: dict[str, Any], seed: int) -> list[Any]:
    rng = np.random.default_rng(seed)
    objects = []
    for _, run in groupby(sorted(network["projections"], key=_group_key), _group_key):
        members = list(run)
        targets = [group] if len(members) == len(cells) else [cells[p["target"]] for p in members]
        objects += [_synapses(network, members[0], cells, target, rng) for target in targets]
    return objects


def _synapses(
    network: NetworkDict,
    p: ProjectionDict,
    cells: dict[str, Any],
    target: Any,
    rng: np.random.Generator,
) -> Any:
    name, factor = port_of(network, p["synapse"])
    source, one_weight = cells[p["source"]], p["weight"]["kind"] == "constant"
    one_delay = p["delay"]["kind"] == "constant"
    dimension = "volt" if factor.dim is mV.dim else "siemens" if factor.dim is nS.dim else "amp"
    model = "" if one_weight else f"weight : {dimension} (constant)\n"
    release, on_pre, namespace = efficacy(p["short_term"], f"{name}_post")
    synapses = b2.Synapses(
        source,
        target,
        model + release,
        on_pre=on_pre,
        delay=p["delay"]["value"] * ms if one_delay else None,
        namespace=namespace | ({"weight": p["weight"]["value"] * factor} if one_weight else {}),
    )
    if p["rule"] == "FixedProbability":
        synapses.connect(p=p["n"])
    elif p["rule"] == "AllToAll":
        synapses.connect()
    else:
        # Sorted by source. Brian2 would generate fixed in-degrees sorted by target, for which
        # delivery takes twice as long.
        i, j = _pairs(p, len(source), len(target), rng)
        order = np.argsort(i, kind="stable")
        synapses.connect(i=i[order], j=j[order])
    if p["short_term"] is not None:
        synapses.x = 1.0
    if not one_weight and p["rule"] in ("FixedProbability", "AllToAll"):
        # Standalone programs create these synapses, so that their number is unknown here.
        synapses.weight = _expression(p["weight"], dimension)
    elif not one_weight:
        synapses.weight = draw(p["weight"], len(i), rng) * factor
    if not one_delay:
        synapses.delay = draw(p["delay"], len(i), rng) * ms
    return synapses


def _pairs(
    p: ProjectionDict, n_sources: int, n_targets: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    n = int(p["n"])
    if p["rule"] == "FixedInDegree":
        return rng.integers(n_sources, size=n * n_targets), np.repeat(np.arange(n_targets), n)
    return rng.integers(n_sources, size=n), rng.integers(n_targets, size=n)


def _drive(network: NetworkDict, cells: dict[str, Any]) -> list[Any]:
    inputs = []
    for p in network["poisson"]:
        name, factor = port_of(network, p["synapse"])
        rate = p["rate"] / POISSON_INPUTS * Hz
        inputs.append(
            b2.PoissonInput(cells[p["target"]], name, POISSON_INPUTS, rate, p["weight"] * factor)
        )
    return inputs


def _split(monitor: Any, network: NetworkDict) -> Spikes:
    """Return the spikes by population, with times at the end of the step.

    Brian2 reports the start of the step.
    """
    times, ids = np.asarray(monitor.t / ms) + network["dt"], np.asarray(monitor.i)
    spikes, first = {}, 0
    for p in network["populations"]:
        inside = (ids >= first) & (ids < first + p["size"])
        spikes[p["name"]] = (times[inside], (ids[inside] - first).astype(np.int64))
        first += p["size"]
    return spikes


def _describe(task: Task) -> tuple[Any, Any]:
    """Return the network and its spike monitor."""
    network = task["network"]
    b2.defaultclock.dt = network["dt"] * ms
    b2.seed(task["seed"])
    group, cells = _neurons(network)
    parts = [*_connect(network, group, cells, task["seed"]), *_drive(network, cells)]
    monitor = b2.SpikeMonitor(group)
    return b2.Network(group, *cells.values(), *parts, monitor), monitor


def run_runtime(task: Task) -> tuple[dict[str, Any], Spikes]:
    """Build and run in runtime mode, with functions compiled by Cython."""
    b2.prefs.codegen.target = "cython"
    b2.prefs.codegen.runtime.cython.cache_dir = str(Path(task["folder"]) / "cython")
    started = time.perf_counter()
    net, monitor = _describe(task)
    net.run(FIRST * ms)
    built = time.perf_counter()
    net.run(task["warmup"] * ms)
    span_start = time.perf_counter()
    net.run(task["span"] * ms)
    answer = {
        "version": f"Brian2 {b2.__version__}",
        "build_s": built - started,
        "compile_s": None,
        "wall_s": time.perf_counter() - span_start,
        "peak_mb": peak_mb(),
    }
    return answer, _split(monitor, task["network"])


def run_standalone(task: Task) -> tuple[dict[str, Any], Spikes]:
    """Build and run in C++ standalone mode, with a newly compiled program."""
    folder = Path(task["folder"]) / "cpp"
    shutil.rmtree(folder, ignore_errors=True)
    b2.prefs.devices.cpp_standalone.openmp_threads = task["threads"] if task["threads"] > 1 else 0
    b2.prefs.codegen.cpp.headers += ["<chrono>", "<sys/resource.h>"]
    b2.set_device("cpp_standalone", build_on_run=False)
    started = time.time()
    net, monitor = _describe(task)
    for span in (FIRST, task["warmup"], task["span"]):
        net.run(span * ms)
        b2.device.insert_code("main", STAMP)
    b2.device.insert_code("before_end", PEAK)
    described = time.time()
    b2.device.build(directory=str(folder), run=False)
    compiled = time.time()
    b2.device.run(with_output=False)
    built, warm, end = map(float, (folder / "stamps.txt").read_text().split())
    answer = {
        "version": f"Brian2 {b2.__version__}",
        "build_s": described - started + built - compiled,
        "compile_s": compiled - described,
        "wall_s": end - warm,
        "peak_mb": int((folder / "peak.txt").read_text()) * 1024 / 1e6,
    }
    return answer, _split(monitor, task["network"])


def run(task: Task) -> tuple[dict[str, Any], Spikes]:
    """Build and run the network of a task."""
    return {"brian2-standalone": run_standalone, "brian2-runtime": run_runtime}[task["simulator"]](
        task
    )


if __name__ == "__main__":
    serve(run)
