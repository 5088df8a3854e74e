"""Time from process start to the first result, with empty and with filled caches."""

from __future__ import annotations

from statistics import median

from benchmarks.peers.networks import CASES
from benchmarks.peers.runs import Laboratory

CASE = "cuba"
WARMUP, SPAN = 100.0, 900.0
"""Simulated time (ms), one second in total."""


def cold_start(laboratory: Laboratory, simulators: tuple[str, ...], repeats: int) -> str:
    """Return a table of the wall-clock times (s) of new processes, on one thread.

    Measured with empty compilation caches and with caches filled by a previous run. Brian2
    standalone compiles a program for every network; the others cache compiled code.
    """
    net = CASES[CASE].network()
    lines = [
        f"| {CASE}, 1 s simulated | empty caches (s) | filled caches (s) |",
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
