"""Compare spike statistics of neurosim and NEST.

For options, see `python -m benchmarks.peers.distributions --help`.

Runs the cortical microcircuit in both simulators with several seeds and stores the spikes. For each
population, compares the distributions over neurons of firing rate, coefficient of variation of
interspike intervals, and pairwise correlation by their Kolmogorov–Smirnov distance. The measures
are those of R. Gutzen et al., Frontiers in Neuroinformatics 12, 90 (2018). The exit status is 1 if
neurosim differs more from NEST than seeds of one simulator differ from each other.
"""

from __future__ import annotations

import argparse
import sys
from math import comb
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import neurosim as ns
from benchmarks.peers.distances import compare, report
from benchmarks.peers.options import add_laboratory, laboratory_of, positive
from benchmarks.peers.protocol import FIRST
from neurosim.analysis import correlations, cv_isi, rates
from neurosim.bench.networks.microcircuit import microcircuit

WARMUP = 500.0
"""ms."""
MIN_SPIKES = 3
"""Minimum number of spikes for a CV. With few spikes the CV is biased low in all simulators."""
PAIRED, BIN = 200, 2.0
"""Number of neurons per population for pairwise correlations; bin width (ms)."""
MEASURES = ("rate", "CV", "correlation")
ERROR = 0.05
"""Family-wise error rate of the test over all measures."""


def main() -> int:
    """Run missing simulations, print the comparison and return the exit status."""
    parser = _parser()
    arguments = parser.parse_args()
    if arguments.nest < 2:
        parser.error(f"argument --nest: {arguments.nest} is too small; give at least 2 seeds")
    if comb(arguments.nest + arguments.neurosim, arguments.nest) * ERROR < len(MEASURES):
        parser.error(
            f"argument --neurosim: {arguments.neurosim} seeds are too few for a significant result"
        )
    files = _simulate(arguments)
    span = arguments.seconds * 1e3
    samples = {run: measures(path, arguments.scale, span) for run, path in files.items()}
    distances = compare(samples)
    print(report(distances, ERROR))
    return 1 if distances.further(ERROR) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.peers.distributions", description=__doc__
    )
    parser.add_argument(
        "--nest", type=positive(int), default=2, help="number of seeds (%(default)s)"
    )
    parser.add_argument(
        "--neurosim", type=positive(int), default=10, help="number of seeds (%(default)s)"
    )
    parser.add_argument(
        "--scale", type=positive(float), default=1.0, help="fraction of the neurons"
    )
    parser.add_argument(
        "--seconds", type=positive(float), default=10.0, help="simulated time (%(default)s s)"
    )
    parser.add_argument(
        "--threads", type=positive(int), default=2, help="number of threads (%(default)s)"
    )
    parser.add_argument("--spikes", type=Path, required=True, help="folder for spike files")
    add_laboratory(parser)
    return parser


def _simulate(arguments: argparse.Namespace) -> dict[tuple[str, int], Path]:
    """Return the spike file of every run by simulator and seed.

    Missing simulations are run.
    """
    laboratory = laboratory_of(arguments)
    laboratory.install(("nest", "neurosim"))
    arguments.spikes.mkdir(parents=True, exist_ok=True)
    net = microcircuit(arguments.scale)
    files = {}
    for simulator in ("nest", "neurosim"):
        for seed in range(1, getattr(arguments, simulator) + 1):
            name = f"{simulator}-{seed}-scale{arguments.scale:g}-{arguments.seconds:g}s.npz"
            files[simulator, seed] = path = arguments.spikes / name
            if path.exists():
                continue
            task = laboratory.task(
                net, simulator, arguments.threads, seed, WARMUP, arguments.seconds * 1e3, path
            )
            wall = laboratory.run(task)["elapsed_s"]
            print(f"{path.name}: {wall:.0f} s", file=sys.stderr, flush=True)
    return files


def measures(path: Path, scale: float, span: float) -> dict[tuple[str, str], NDArray[np.float64]]:
    """Return the values of each measure over neurons by measure and population.

    Parameters
    ----------
    path : Path
        Spike file.
    scale : float
        Scale of the microcircuit.
    span : float
        Recorded time (ms).
    """
    start = FIRST + WARMUP
    stop = start + span
    values = {}
    with np.load(path) as file:
        for p in microcircuit(scale).populations:
            times, ids = file[f"times_{p.name}"], file[f"ids_{p.name}"]
            trains = ns.SpikeTrains(times, ids, np.arange(p.size))
            cv = cv_isi(trains, start, stop, min_spikes=MIN_SPIKES)
            values["rate", p.name] = rates(trains, start, stop)
            values["CV", p.name] = cv[np.isfinite(cv)]
            values["correlation", p.name] = correlations(
                trains, stop, start=start, bin_ms=BIN, n_neurons=PAIRED
            )
    return values


if __name__ == "__main__":
    sys.exit(main())
