"""Time NEST, Brian2 and neurosim on the same networks.

For options, see `python -m benchmarks.peers --help`.

Missing simulators are installed. Every run has a separate process. The simulators alternate between
repeats, so that a temporary slowdown of the machine affects all of them. The exit status is 1 if
firing rates disagree.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.peers.cold import cold_start
from benchmarks.peers.machine import heading
from benchmarks.peers.networks import ALL, CASES
from benchmarks.peers.options import (
    add_laboratory,
    laboratory_of,
    names_among,
    positive,
    thread_numbers,
)
from benchmarks.peers.runs import CACHING, Laboratory, Timed
from benchmarks.peers.table import Row, best_ratios, disagreements, table

NETWORKS = ("microcircuit", "brunel", "cuba", "brunel-25k", "brunel-50k", "brunel-100k")
OUTPUT = Path(__file__).parents[1] / "peers.md"

Entry = tuple[str, str, int]
"""Network, simulator and number of threads."""


def main() -> int:
    """Run the requested comparisons and return the exit status."""
    arguments = _parser().parse_args()
    plan = _plan(arguments)
    simulators = tuple(dict.fromkeys(simulator for _, simulator, _ in plan))
    laboratory = laboratory_of(arguments)
    laboratory.install(simulators)
    _prime(laboratory, plan)
    cold = "" if arguments.no_cold else cold_start(laboratory, simulators, arguments.repeats)
    rows = _measure(laboratory, plan, arguments)
    spreads = {row.case: CASES[row.case].spreads_in(row.span) for row in rows}
    differences = disagreements(rows, spreads)
    agreement = "\n".join(differences) or "All rates agree."
    versions = {answer["version"] for row in rows for answer in row.answers}
    title = heading(versions, arguments.repeats)
    parts = [title, table(rows), "\n".join(best_ratios(rows)), cold, agreement]
    report = "\n\n".join(filter(None, parts))
    print(report)
    if arguments.write:
        arguments.write.write_text(f"{report}\n", encoding="utf-8")
    return 1 if differences else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--networks", type=names_among(CASES), default=NETWORKS)
    parser.add_argument(
        "--simulators", type=names_among(ALL), help="override each network's simulators"
    )
    parser.add_argument(
        "--threads", type=thread_numbers, help="override each network's thread counts, such as 1,2"
    )
    parser.add_argument("--seconds", type=positive(float), help="simulated time that is timed (s)")
    parser.add_argument(
        "--repeats",
        type=positive(int),
        default=3,
        help="number of runs, with seeds 1, 2, ... (%(default)s)",
    )
    parser.add_argument(
        "--no-cold", action="store_true", help="skip the measurement of start-up times"
    )
    parser.add_argument(
        "--write", nargs="?", type=Path, const=OUTPUT, help="also write the report to a file"
    )
    add_laboratory(parser)
    return parser


def _plan(arguments: argparse.Namespace) -> list[Entry]:
    return [
        (name, simulator, threads)
        for name in arguments.networks
        for simulator in arguments.simulators or CASES[name].simulators
        for threads in arguments.threads or CASES[name].threads
        if threads == 1 or simulator != "brian2-runtime"  # which supports one thread only
    ]


def _prime(laboratory: Laboratory, plan: Iterable[Entry]) -> None:
    """Fill the compilation caches of the simulators before the timed runs."""
    for name, simulator in dict.fromkeys((name, s) for name, s, _ in plan if s in CACHING):
        laboratory.run(laboratory.task(CASES[name].network(), simulator, 1, 1, 1.0, 1.0))


def _measure(laboratory: Laboratory, plan: list[Entry], arguments: argparse.Namespace) -> list[Row]:
    answers: dict[Entry, list[Timed]] = {entry: [] for entry in plan}
    networks = {name: CASES[name].network() for name, _, _ in plan}
    spans = {name: (arguments.seconds or CASES[name].span * 1e-3) * 1e3 for name in networks}
    for seed in range(1, arguments.repeats + 1):
        for entry in plan:
            name, simulator, threads = entry
            warmup, span = CASES[name].warmup, spans[name]
            task = laboratory.task(networks[name], simulator, threads, seed, warmup, span)
            answer = laboratory.run(task)
            answers[entry].append(answer)
            label = f"{name}, {simulator}, {threads} threads, seed {seed}"
            print(f"{label}: {answer['wall_s'] * 1e3 / span:.3g}", file=sys.stderr, flush=True)
    return [Row(*entry, spans[entry[0]], networks[entry[0]], answers[entry]) for entry in plan]


if __name__ == "__main__":
    sys.exit(main())
