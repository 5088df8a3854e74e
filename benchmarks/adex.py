"""Time per step of AdEx neurons with two conductances, and what this machine allows at best.

python -m benchmarks.adex [--neurons 100000] [--threads 2] [--seconds 0.5]

The neurons are those of Vogels & Abbott's network, with all of its synapses. The first limit is the
time to read and write their variables at the memory bandwidth, the second the time of the
exponentials alone, one for each evaluation of the equations. Both are for all threads together.
"""

from __future__ import annotations

import argparse
import time
from statistics import median

import numpy as np

import neurosim as ns
from benchmarks.peers.options import positive
from neurosim.bench.machine import bytes_per_s
from neurosim.bench.networks.vogels_abbott import adex
from neurosim.kernels.compiled import kernel
from neurosim.kernels.model_math import exp

DT = 0.1
WARMUP = 200.0
# Options of `ns.AdEx`, and evaluations of its equations in a step that is not divided.
METHODS = {"adaptive": ({}, 4), "euler": ({"method": "euler", "substep": DT}, 1)}
# v, w, two conductances and two sums of weights are read and written; 8 bytes each.
BYTES = 2 * 6 * 8


def main() -> None:
    """Print the table."""
    arguments = _parser().parse_args()
    threads, neurons = arguments.threads, arguments.neurons
    memory = 1e9 * BYTES / bytes_per_s(threads)
    exponential = _exponential_ns() / threads
    print(
        "| method | ns per neuron and step | firing rate (Hz) | memory (ns) | exponentials (ns) |"
    )
    print("|---|--:|--:|--:|--:|")
    for name, (options, evaluations) in METHODS.items():
        network = adex(neurons / 4000, **options)
        simulation = ns.Simulation(network, dt=DT, threads=threads)
        simulation.run(WARMUP)
        started = time.perf_counter()
        result = simulation.run(1e3 * arguments.seconds)
        wall = time.perf_counter() - started
        steps = 1e3 * arguments.seconds / DT
        spikes = sum(len(trains) for trains in result.spikes.values())
        print(f"| {name} | {1e9 * wall / (neurons * steps):.1f} "
              f"| {spikes / neurons / arguments.seconds:.1f} | {memory:.2f} "
              f"| {evaluations * exponential:.2f} |")  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.adex", description=__doc__)
    parser.add_argument("--neurons", type=positive(int), default=100_000)
    parser.add_argument("--threads", type=positive(int), default=2)
    parser.add_argument("--seconds", type=positive(float), default=0.5, help="simulated (s)")
    return parser


@kernel
def _exponentials(x, y, rounds):
    """Compute the exponentials of an array repeatedly."""
    for _ in range(rounds):
        for k in range(x.size):
            y[k] = exp(x[k])


def _exponential_ns(rounds: int = 20_000) -> float:
    """Return the time of an exponential in a vectorised loop (ns)."""
    x = np.linspace(-5.0, 5.0, 1024)
    y, took = np.empty_like(x), []
    _exponentials(x, y, 1)
    for _ in range(5):
        started = time.perf_counter()
        _exponentials(x, y, rounds)
        took.append(time.perf_counter() - started)
    return 1e9 * median(took) / (rounds * x.size)


if __name__ == "__main__":
    main()
