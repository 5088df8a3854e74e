"""CPU time and peak memory of fits of population GLMs."""

from __future__ import annotations

import multiprocessing
import resource
import warnings
from concurrent.futures import ProcessPoolExecutor
from time import process_time

import numpy as np
from numpy.typing import NDArray

from benchmarks.recordings.networks import Kind, record
from bridge.recordings import BinnedTrains, PopulationGLM, RaisedCosines, bin_trains

HEADER = (
    "| recording | spikes | columns | neurons fitted | CPU s, shared part | CPU s per neuron "
    "| CPU s, all neurons | peak MB | converged |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|"
)


def row(kind: Kind, seed: int, fitted: int | None, threads: int) -> str:
    """Fit some neurons of a recording and return a line of the table.

    The shared cost of all neurons is the intercept of a line through the costs of one neuron
    and of `fitted` neurons; the time of all neurons is extrapolated along this line.
    """
    _compile()
    # The memory of the simulation does not count.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as other:
        spikes = other.submit(record, kind, seed).result()
    trains = bin_trains(spikes, kind.duration)
    order = np.random.default_rng(seed).permutation(kind.neurons)
    few, many = 1, kind.neurons if fitted is None else min(fitted, kind.neurons)
    first, _ = _fit(trains, order[:few], threads)
    whole, converged = _fit(trains, order[:many], threads)
    each = (whole - first) / (many - few)
    together = first - each * few
    note = "" if many == kind.neurons else " (extrapolated)"
    cells = (
        kind.label,
        f"{len(trains.ids):,}",
        f"{6 * kind.neurons + 1:,}",
        many,
        f"{together:.1f}",
        f"{each:.3f}",
        f"{together + each * kind.neurons:.1f}{note}",
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}",
        f"{converged} of {many}",
    )
    return f"| {' | '.join(map(str, cells))} |"


def _fit(trains: BinnedTrains, chosen: NDArray[np.intp], threads: int) -> tuple[float, int]:
    """Fit some neurons; return the CPU time (s) and the number of fits that converged."""
    model, started = PopulationGLM(RaisedCosines(6, 50.0), threads=threads), process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(trains, neurons=np.sort(trains.neurons[chosen]))
    return process_time() - started, int(model.converged_[chosen].sum())


def _compile() -> None:
    """Compile all functions by a small fit."""
    rng = np.random.default_rng(1)
    trains = [np.cumsum(rng.uniform(10.0, 200.0, 300)) for _ in range(3)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        PopulationGLM().fit(trains, 60e3)
