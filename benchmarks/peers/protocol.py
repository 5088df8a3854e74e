"""Tasks for simulators and their results: plain numbers, exchanged as JSON.

This module is imported in the environment of every simulator. It therefore depends only on the
standard library and numpy.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

FIRST = 0.1
"""Simulated time (ms) counted as building, because tables are often built in the first step."""

Spikes = Mapping[str, tuple[NDArray[np.float64], NDArray[np.int64]]]
"""Spike times (ms) and neuron indices by population."""


class ValueDict(TypedDict, total=False):
    """A number, or a distribution; samples outside low … high are redrawn."""

    kind: Literal["constant", "normal", "uniform"]
    value: float
    mean: float
    sd: float
    low: float
    high: float


class PartDict(TypedDict):
    """A part by the name of its class in neurosim, with the values of its parameters.

    A parameter that differs between the neurons of a population has one value for each.
    """

    model: str
    values: dict[str, Any]


class PopulationDict(TypedDict):
    """A population with a constant current (pA) and, unless `noise` is None, a noise current.

    `integration` contains options of the neuron, which only neurosim uses.
    """

    name: str
    size: int
    neuron: PartDict
    integration: dict[str, Any]
    v_init: ValueDict
    initial: dict[str, ValueDict]
    current: float
    noise: PartDict | None


class ProjectionDict(TypedDict):
    """A projection; `short_term` is None if the strengths of its synapses are constant."""

    source: str
    target: str
    rule: Literal["FixedInDegree", "FixedTotalNumber", "FixedProbability", "AllToAll"]
    n: float
    synapse: PartDict
    short_term: PartDict | None
    weight: ValueDict
    delay: ValueDict


class PoissonDict(TypedDict):
    """Poisson input to a population, independent for each neuron."""

    target: str
    rate: float
    synapse: PartDict
    weight: float


class NetworkDict(TypedDict):
    """A complete network."""

    dt: float
    populations: list[PopulationDict]
    projections: list[ProjectionDict]
    poisson: list[PoissonDict]


class Task(TypedDict):
    """Specification of one run.

    `warmup` and `span` are in ms. Only `span` is timed. `folder` is the folder for compiled code.
    The spikes of the span are written to the file `spikes` unless it is None.
    """

    network: NetworkDict
    simulator: str
    threads: int
    seed: int
    warmup: float
    span: float
    folder: str
    spikes: str | None


class Answer(TypedDict):
    """Result of a run: times (s), memory (MB), spike counts by population.

    `build_s` includes the first step and excludes `compile_s`, which is None for simulators
    without a separate compilation.
    """

    version: str
    build_s: float
    compile_s: float | None
    wall_s: float
    peak_mb: float
    counts: dict[str, int]


def draw(spec: ValueDict, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return n samples."""
    if spec["kind"] == "constant":
        return np.full(n, spec["value"])
    if spec["kind"] == "uniform":
        return rng.uniform(spec["low"], spec["high"], n)
    low, high = spec["low"], spec["high"]
    values = rng.normal(spec["mean"], spec["sd"], n)
    while len(outside := np.flatnonzero((values < low) | (values > high))):
        values[outside] = rng.normal(spec["mean"], spec["sd"], len(outside))
    return values


def cut(spikes: Spikes, task: Task) -> Spikes:
    """Return the spikes with warmup < t <= warmup + span.

    The tolerance is 0.001 steps.
    """
    start = FIRST + task["warmup"] + 1e-3 * task["network"]["dt"]
    inside = {k: (t > start) & (t <= start + task["span"]) for k, (t, _) in spikes.items()}
    return {k: (t[inside[k]], i[inside[k]]) for k, (t, i) in spikes.items()}


def peak_mb() -> float:
    """Return the peak resident memory of this process (MB)."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def serve(run: Callable[[Task], tuple[dict[str, Any], Spikes]]) -> None:
    """Run the task in the file given on the command line, and print the answer."""
    task: Task = json.loads(Path(sys.argv[1]).read_text())
    answer, spikes = run(task)
    spikes = cut(spikes, task)
    answer["counts"] = {name: len(times) for name, (times, _) in spikes.items()}
    if task["spikes"]:
        arrays: dict[str, Any] = {}
        for name, (times, ids) in spikes.items():
            arrays |= {f"times_{name}": times, f"ids_{name}": ids}
        np.savez_compressed(task["spikes"], **arrays)
    print(json.dumps(answer), flush=True)
