"""Measure calibration and cost of population GLMs on simulated recordings.

python -m benchmarks.recordings calls [--networks 20] [--neurons 50] [--minutes 10] [--shared 1]
python -m benchmarks.recordings coverage [--networks 20] [--neurons 20] [--minutes 10]
python -m benchmarks.recordings cost [--neurons 50] [--minutes 10] [--fitted 10]

Each command prints a table. `calls` compares scores and calls with the synapses of networks of
integrate-and-fire neurons, `coverage` intervals with the filters of a known population GLM.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from benchmarks.peers.options import positive
from benchmarks.recordings import calls, cost, coverage
from benchmarks.recordings.networks import Kind


def main() -> None:
    """Run a command."""
    arguments = _parser().parse_args()
    kind = Kind(arguments.neurons, arguments.minutes, arguments.shared, arguments.tau)
    seeds = range(arguments.seed, arguments.seed + arguments.networks)
    options: dict[str, Any] = {"threads": arguments.threads, "strength": arguments.strength}
    if arguments.drives:
        options |= {"shared": 200.0, "baseline": 2000.0}
    if arguments.command == "cost":
        print(cost.HEADER)
        print(cost.row(kind, arguments.seed, arguments.fitted, arguments.threads))
    elif arguments.command == "coverage":
        print(coverage.HEADER)
        print("\n".join(coverage.rows(kind.neurons, kind.minutes, seeds, options)))
    else:
        _calls(kind, seeds, options, arguments)


def _calls(kind: Kind, seeds: range, options: dict[str, Any], arguments: Any) -> None:
    """Print the table of calls, and the first warning of each kind."""
    collected: dict[str, list[calls.Scores]] = {}
    for found in calls.fit_networks(kind, seeds, options, arguments.kernels, arguments.fitted):
        for name, scores in found.items():
            collected.setdefault(name, []).append(scores)
            print(calls.row(kind, name, [scores]), file=sys.stderr, flush=True)
    print(calls.HEADER)
    for name, each in collected.items():
        print(calls.row(kind, name, each))
    ours = collected.pop("PopulationGLM")
    if collected:
        best = max(collected, key=lambda name: sum(one.auc for one in collected[name]))
        higher = [one.auc - other.auc for one, other in zip(ours, collected[best], strict=True)]
        print(f"\nAUC minus that of the best kernel ({best}): {sum(higher) / len(higher):+.4f}")
    texts = [text for one in ours for text in one.warned]
    for kind_of, text in {text[:20]: text for text in texts}.items():
        print(f"{sum(one.startswith(kind_of) for one in texts)} warnings such as: {text}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.recordings", description=__doc__)
    parser.add_argument("command", choices=("calls", "coverage", "cost"))
    parser.add_argument("--networks", type=positive(int), default=20)
    parser.add_argument("--seed", type=positive(int), default=1, help="seed of the first network")
    parser.add_argument("--neurons", type=positive(int), default=50)
    parser.add_argument("--minutes", type=positive(float), default=10.0)
    parser.add_argument("--shared", type=float, default=0.0, help="sd of the shared input (mV)")
    parser.add_argument("--tau", type=positive(float), default=2000.0, help="its time scale (ms)")
    parser.add_argument("--drives", action="store_true", help="fit slow shared drives, baselines")
    parser.add_argument("--strength", type=_strength, default="auto", help="ridge")
    parser.add_argument("--kernels", action="store_true", help="also fit by infer_synapses")
    parser.add_argument("--fitted", type=positive(int), help="number of neurons to fit")
    parser.add_argument("--threads", type=positive(int), default=1)
    return parser


def _strength(text: str) -> float | str:
    """Parse a number or "auto"."""
    return text if text == "auto" else float(text)


if __name__ == "__main__":
    main()
