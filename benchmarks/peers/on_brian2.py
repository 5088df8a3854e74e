"""Builds and runs a described network with Brian2, as compiled C++ or at run time.

All populations are subgroups of one group of neurons, and projections that differ only in their
target share one `Synapses`, as Brian2's own examples have it: it is the fastest way.
"""

from __future__ import annotations

import shutil
import time
from itertools import groupby
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
from brian2 import Hz, ms, mV
from numpy.typing import NDArray

from benchmarks.peers.protocol import (
    FIRST,
    Law,
    NetworkDict,
    ProjectionDict,
    Spikes,
    Task,
    draw,
    peak_mb,
    serve,
)

POISSON_INPUTS = 1000
"""Brian2 counts external spikes as so many inputs together have them: binomially."""

STAMP = (
    'std::ofstream("stamps.txt", std::ios::app) << std::fixed << std::chrono::duration<double>('
    'std::chrono::system_clock::now().time_since_epoch()).count() << "\\n";'
)
"""C++ that notes the time."""
PEAK = (
    "{ struct rusage usage; getrusage(RUSAGE_SELF, &usage);"
    ' std::ofstream("peak.txt") << usage.ru_maxrss; }'
)
"""C++ that notes the peak memory (KiB)."""


def _resistance(network: NetworkDict) -> float:
    """Return the membrane resistance (mV per pA): currents are counted in mV, as times this."""
    neuron = network["populations"][0]["neuron"]
    return neuron["tau_m"] / neuron["c_m"]


def _neurons(network: NetworkDict, taus: list[float]) -> tuple[Any, dict[str, Any]]:
    """Return the group of all neurons, and its subgroups by population."""
    populations = network["populations"]
    neuron = populations[0]["neuron"]
    if any(p["neuron"] != neuron for p in populations):
        raise ValueError("populations that differ in their parameters are not one group")
    goals = [neuron["v_rest"] + _resistance(network) * p["current"] for p in populations]
    one_goal = len(set(goals)) == 1  # as a parameter of each neuron it would cost much time
    equations = f"dv/dt = ({' + '.join(['v_goal - v', *_currents(taus)])})/tau_m : volt "
    equations += "(unless refractory)\n" + ("" if one_goal else "v_goal : volt (constant)\n")
    equations += "".join(f"d{i}/dt = -{i}/tau_{i} : volt\n" for i in _currents(taus))
    group = b2.NeuronGroup(
        sum(p["size"] for p in populations),
        equations,
        threshold="v > v_threshold",
        reset="v = v_reset",
        refractory=neuron["t_ref"] * ms,
        method="exact",
        namespace={
            "v_threshold": neuron["v_threshold"] * mV,
            "v_reset": neuron["v_reset"] * mV,
            "tau_m": neuron["tau_m"] * ms,
            **({"v_goal": goals[0] * mV} if one_goal else {}),
            **{f"tau_{i}": tau * ms for i, tau in zip(_currents(taus), taus, strict=True)},
        },
    )
    subgroups, first = {}, 0
    for population, goal in zip(populations, goals, strict=True):
        cells = group[first : first + population["size"]]
        cells.v = _expression(population["v_init"])
        if not one_goal:
            cells.v_goal = goal * mV
        subgroups[population["name"]] = cells
        first += population["size"]
    return group, subgroups


def _currents(taus: list[float]) -> list[str]:
    return [f"i_{k}" for k in range(len(taus))]


def _expression(law: Law) -> str:
    """Return a law of potentials as code that Brian2 draws from."""
    if law["kind"] == "constant":
        return f"{law['value']}*mV"
    if law["kind"] == "uniform":
        return f"({law['low']} + rand()*{law['high'] - law['low']})*mV"
    return f"({law['mean']} + {law['sd']}*randn())*mV"


def _alike(p: ProjectionDict) -> str:
    """Return what projections share that differ only in their target."""
    number = p["target"] if p["rule"] == "FixedTotalNumber" else p["n"]
    return repr((p["source"], p["rule"], number, p["tau"], p["weight"], p["delay"]))


def _connect(network: NetworkDict, group: Any, cells: dict[str, Any], seed: int) -> list[Any]:
    rng = np.random.default_rng(seed)
    made = []
    for _, run in groupby(sorted(network["projections"], key=_alike), _alike):
        alike = list(run)
        targets = [group] if len(alike) == len(cells) else [cells[p["target"]] for p in alike]
        made += [_synapses(network, alike[0], cells, target, rng) for target in targets]
    return made


def _synapses(
    network: NetworkDict,
    p: ProjectionDict,
    cells: dict[str, Any],
    target: Any,
    rng: np.random.Generator,
) -> Any:
    name, factor = _port(network, p["tau"])
    source, one_weight = cells[p["source"]], p["weight"]["kind"] == "constant"
    one_delay = p["delay"]["kind"] == "constant"
    synapses = b2.Synapses(
        source,
        target,
        "" if one_weight else "w : volt (constant)",
        on_pre=f"{name}_post += w",
        delay=p["delay"]["value"] * ms if one_delay else None,
        namespace={"w": p["weight"]["value"] * factor} if one_weight else {},
    )
    if p["rule"] == "FixedProbability":
        synapses.connect(p=p["n"])
    else:
        # In the order of sources: Brian2 then delivers twice as fast as in that of targets, in
        # which it would draw fixed in-degrees itself.
        i, j = _pairs(p, len(source), len(target), rng)
        order = np.argsort(i, kind="stable")
        synapses.connect(i=i[order], j=j[order])
    if not one_weight:
        synapses.w = draw(p["weight"], len(i), rng) * factor
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


def _time_constants(network: NetworkDict) -> list[float]:
    """Return the distinct time constants (ms) of synaptic currents."""
    parts = (*network["projections"], *network["poisson"])
    return sorted({p["tau"] for p in parts if p["tau"] is not None})


def _port(network: NetworkDict, tau: float | None) -> tuple[str, Any]:
    """Return the variable that synapses act on, and the factor from a strength to its unit."""
    if tau is None:
        return "v", mV
    return f"i_{_time_constants(network).index(tau)}", _resistance(network) * mV


def _drive(network: NetworkDict, cells: dict[str, Any]) -> list[Any]:
    inputs = []
    for p in network["poisson"]:
        name, factor = _port(network, p["tau"])
        rate = p["rate"] / POISSON_INPUTS * Hz
        inputs.append(
            b2.PoissonInput(cells[p["target"]], name, POISSON_INPUTS, rate, p["weight"] * factor)
        )
    return inputs


def _split(monitor: Any, network: NetworkDict) -> Spikes:
    """Return the spikes by population; Brian2 gives the beginning of the step, we the end."""
    times, ids = np.asarray(monitor.t / ms) + network["dt"], np.asarray(monitor.i)
    found, first = {}, 0
    for p in network["populations"]:
        own = (ids >= first) & (ids < first + p["size"])
        found[p["name"]] = (times[own], (ids[own] - first).astype(np.int64))
        first += p["size"]
    return found


def _describe(task: Task) -> tuple[Any, Any]:
    """Return the network and the monitor of its spikes."""
    network = task["network"]
    b2.defaultclock.dt = network["dt"] * ms
    b2.seed(task["seed"])
    group, cells = _neurons(network, _time_constants(network))
    parts = [*_connect(network, group, cells, task["seed"]), *_drive(network, cells)]
    monitor = b2.SpikeMonitor(group)
    return b2.Network(group, *cells.values(), *parts, monitor), monitor


def run_runtime(task: Task) -> tuple[dict[str, Any], Spikes]:
    """Build and run step by step, with single functions compiled by Cython."""
    b2.prefs.codegen.target = "cython"
    b2.prefs.codegen.runtime.cython.cache_dir = str(Path(task["folder"]) / "cython")
    started = time.perf_counter()
    net, monitor = _describe(task)
    net.run(FIRST * ms)
    built = time.perf_counter()
    net.run(task["warmup"] * ms)
    begun = time.perf_counter()
    net.run(task["span"] * ms)
    answer = {
        "version": f"Brian2 {b2.__version__}",
        "build_s": built - started,
        "compile_s": None,
        "wall_s": time.perf_counter() - begun,
        "peak_mb": peak_mb(),
    }
    return answer, _split(monitor, task["network"])


def run_standalone(task: Task) -> tuple[dict[str, Any], Spikes]:
    """Build and run as one C++ program, made and compiled anew."""
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
    """Build and run."""
    return {"brian2-standalone": run_standalone, "brian2-runtime": run_runtime}[task["simulator"]](
        task
    )


if __name__ == "__main__":
    serve(run)
