"""From the start of a process to the first result."""

from __future__ import annotations

from statistics import median

from benchmarks.peers.networks import CASES
from benchmarks.peers.runs import Laboratory

CASE = "cuba"
WARMUP, SPAN = 100.0, 900.0
"""ms: a second of the network in all."""


def cold_start(laboratory: Laboratory, simulators: tuple[str, ...], repeats: int) -> str:
    """Return a table of the seconds that a fresh process takes, on one thread.

    Once with nothing compiled ever before, once after such a run: Brian2 standalone compiles a
    program for every network, the others keep what serves the next process.
    """
    net = CASES[CASE].network()
    lines = [
        f"| {CASE}, one second | process, nothing compiled before, s | process, caches filled, s |",
        "|---|--:|--:|",
    ]
    for simulator in simulators:
        tasks = [
            laboratory.task(net, simulator, 1, seed + 1, WARMUP, SPAN) for seed in range(repeats)
        ]
        cold = median(laboratory.run(task, cold=True)["elapsed_s"] for task in tasks)
        laboratory.run(tasks[0])
        warm = median(laboratory.run(task)["elapsed_s"] for task in tasks)
        lines.append(f"| {simulator} | {cold:.1f} | {warm:.1f} |")
    return "\n".join(lines)
