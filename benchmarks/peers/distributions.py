"""Do neurosim's neurons do what NEST's do? python -m benchmarks.peers.distributions --help.

Runs the cortical microcircuit on both with several seeds, keeps the spikes, and compares over the
neurons of each population the distributions of firing rate, of the irregularity of spike trains and
of their correlation, by the distance of Kolmogorov and Smirnov: the measures of R. Gutzen et al.,
Frontiers in Neuroinformatics 12, 90 (2018). Exit status 1 says that neurosim is further from NEST
than seeds of one simulator are from each other.
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
from scenarios.networks.microcircuit import microcircuit

WARMUP = 500.0
"""ms."""
MIN_SPIKES = 3
"""For a CV; with so few it comes out too low, on all simulators alike."""
PAIRED, BIN = 200, 2.0
"""Neurons of a population whose correlations are taken, all pairs; ms in which spikes count."""
MEASURES = ("rate", "CV", "correlation")
ERROR = 0.05
"""Chance to call equal simulators different, for all measures together."""


def main() -> int:
    """Simulate what is missing, compare, print; return the exit status."""
    parser = _parser()
    arguments = parser.parse_args()
    if arguments.nest < 2:
        parser.error("argument --nest: how far seeds are apart takes two of them")
    if comb(arguments.nest + arguments.neurosim, arguments.nest) * ERROR < len(MEASURES):
        parser.error("argument --neurosim: with so few seeds no difference could ever be seen")
    files = _simulate(arguments)
    span = arguments.seconds * 1e3
    samples = {run: measures(path, arguments.scale, span) for run, path in files.items()}
    found = compare(samples)
    print(report(found, ERROR))
    return 1 if found.further(ERROR) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.peers.distributions", description=__doc__
    )
    parser.add_argument("--nest", type=positive(int), default=2, help="seeds (%(default)s)")
    parser.add_argument("--neurosim", type=positive(int), default=10, help="seeds (%(default)s)")
    parser.add_argument("--scale", type=positive(float), default=1.0, help="share of the neurons")
    parser.add_argument("--seconds", type=positive(float), default=10.0, help="%(default)s")
    parser.add_argument("--threads", type=positive(int), default=2, help="%(default)s")
    parser.add_argument("--spikes", type=Path, required=True, help="folder where spikes are kept")
    add_laboratory(parser)
    return parser


def _simulate(arguments: argparse.Namespace) -> dict[tuple[str, int], Path]:
    """Return the file of spikes of every run, by simulator and seed; make those missing."""
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
    """Return the values over the neurons of a run, by measure and population.

    Parameters
    ----------
    path : Path
        File of spikes.
    scale : float
        Of the microcircuit.
    span : float
        ms that were recorded.
    """
    start = FIRST + WARMUP
    stop = start + span
    found = {}
    with np.load(path) as kept:
        for p in microcircuit(scale).populations:
            times, ids = kept[f"times_{p.name}"], kept[f"ids_{p.name}"]
            trains = ns.SpikeTrains(times, ids, np.arange(p.size))
            cv = cv_isi(trains, start, stop, min_spikes=MIN_SPIKES)
            found["rate", p.name] = rates(trains, start, stop)
            found["CV", p.name] = cv[np.isfinite(cv)]
            found["correlation", p.name] = correlations(
                trains, stop, start=start, bin_ms=BIN, n_neurons=PAIRED
            )
    return found


if __name__ == "__main__":
    sys.exit(main())
