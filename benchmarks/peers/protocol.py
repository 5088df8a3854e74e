"""What is asked of a simulator and what it answers: plain numbers, carried as JSON.

Imported in the environment of every simulator, so that it needs the standard library and numpy
alone.
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
"""ms that belong to building: many a table is made when the first step is."""

Spikes = Mapping[str, tuple[NDArray[np.float64], NDArray[np.int64]]]
"""Times (ms) and neurons' indices by population."""


class Law(TypedDict, total=False):
    """A number, or a distribution that one is drawn from: outside low … high it is drawn again."""

    kind: Literal["constant", "normal", "uniform"]
    value: float
    mean: float
    sd: float
    low: float
    high: float


class PopulationDict(TypedDict):
    """Neurons of one kind: parameters as of `neurosim.LIF`, a constant current in pA."""

    name: str
    size: int
    neuron: dict[str, float]
    v_init: Law
    current: float


class ProjectionDict(TypedDict):
    """Synapses: `tau` (ms) is None for those that move the potential at once."""

    source: str
    target: str
    rule: Literal["FixedInDegree", "FixedTotalNumber", "FixedProbability"]
    n: float
    tau: float | None
    weight: Law
    delay: Law


class PoissonDict(TypedDict):
    """Poisson spikes onto a population, independent for each neuron."""

    target: str
    rate: float
    tau: float | None
    weight: float


class NetworkDict(TypedDict):
    """A whole network."""

    dt: float
    populations: list[PopulationDict]
    projections: list[ProjectionDict]
    poisson: list[PoissonDict]


class Task(TypedDict):
    """One run that is asked for.

    `warmup` and `span` are in ms, the latter is timed; `folder` is for what is compiled; spikes of
    the span are written to the file `spikes` if there is one.
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
    """What a run gave: seconds, MB, spikes of each population in the span.

    `build_s` lasts until the first step is made, without `compile_s`, which is None where nothing
    is compiled in a step of its own.
    """

    version: str
    build_s: float
    compile_s: float | None
    wall_s: float
    peak_mb: float
    counts: dict[str, int]


def draw(law: Law, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return n numbers of a law."""
    if law["kind"] == "constant":
        return np.full(n, law["value"])
    if law["kind"] == "uniform":
        return rng.uniform(law["low"], law["high"], n)
    low, high = law["low"], law["high"]
    values = rng.normal(law["mean"], law["sd"], n)
    while len(outside := np.flatnonzero((values < low) | (values > high))):
        values[outside] = rng.normal(law["mean"], law["sd"], len(outside))
    return values


def cut(spikes: Spikes, task: Task) -> Spikes:
    """Return the spikes with warmup < t <= warmup + span, to a thousandth of a step."""
    start = FIRST + task["warmup"] + 1e-3 * task["network"]["dt"]
    inside = {k: (t > start) & (t <= start + task["span"]) for k, (t, _) in spikes.items()}
    return {k: (t[inside[k]], i[inside[k]]) for k, (t, i) in spikes.items()}


def peak_mb() -> float:
    """Return the largest memory that this process has had resident."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def serve(run: Callable[[Task], tuple[dict[str, Any], Spikes]]) -> None:
    """Read a task from the file named on the command line, run it and print the answer."""
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
