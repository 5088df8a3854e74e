"""Count false and missed synapses between neurons with a shared rate modulation.

python -m benchmarks.shared_drive [--sets 200] [--depth 0.5] [--period 10000] [--json]

Each set has two recordings of logistic neurons: one with as many synapses as neurons, and one
without synapses. Ideally, all existing synapses and no absent ones are detected at a false
discovery rate of 1 %.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from time import perf_counter

import numba
import numpy as np

from bridge.inference import infer_synapses
from neurosim.utils.resources import available_cores


@numba.njit(cache=True)
def simulate(drive, weights, uniform):
    """Return the spikes of neurons with a synaptic kernel of 10 ms.

    The result has shape (n_steps, n), in bins of 1 ms.
    """
    n = weights.shape[0]
    fired, x, decay = np.zeros(uniform.shape, dtype=np.bool_), np.zeros(n), np.exp(-0.1)
    for step in range(len(drive)):
        for i in range(n):
            score = drive[step]
            for j in range(n):
                score += weights[j, i] * x[j]
            fired[step, i] = uniform[step, i] < 1.0 / (1.0 + np.exp(-score))
        for i in range(n):
            x[i] = x[i] * decay + fired[step, i]
    return fired


def main() -> int:
    arguments = _parser().parse_args()
    n, steps = arguments.neurons, round(arguments.seconds * 1e3)
    modulation = 1.0 + arguments.depth * np.sin(2 * np.pi * np.arange(steps) / arguments.period)
    drive = -4.8 + np.log(modulation)
    ring = np.zeros((n, n))
    ring[np.arange(n), (np.arange(n) + 1) % n] = arguments.weight
    started, report = perf_counter(), {}
    for name, weights in (("with", ring), ("without", np.zeros((n, n)))):
        sets = [
            _measure(drive, weights, [seed, len(name)], arguments.threads)
            for seed in range(arguments.sets)
        ]
        table = {key: np.array([each[key] for each in sets]) for key in sets[0]}
        report[name] = {
            "recordings": len(sets),
            "with_all_found": int((table["found"] == (weights != 0).sum()).sum()),
            "with_false_calls": int((table["false"] > 0).sum()),
            "false_calls": int(table["false"].sum()),
            "calls": int((table["found"] + table["false"]).sum()),
            "false_calls_mean_fraction": float(table["fraction"].mean()),
            "pairs_absent": int(table["absent"].sum()),
            "z_mean_absent": float(table["mean"].mean()),
            "z_sd_absent": float(np.sqrt(np.mean(table["sd"] ** 2))),
            "null_sd": [float(table["null"].min()), float(table["null"].max())],
            "with_warnings": int((table["warnings"] > 0).sum()),
        }
    report["wall_s"] = round(perf_counter() - started, 1)
    print(json.dumps(report, indent=None if arguments.json else 2))
    return 0


def _measure(drive, weights, seed, threads) -> dict[str, float]:
    """Return the detections and the z statistics of absent synapses of one recording."""
    uniform = np.random.default_rng(seed).random((len(drive), len(weights)))
    trains = [np.flatnonzero(one) + 1.0 for one in simulate(drive, weights, uniform).T]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        inferred = infer_synapses(trains, float(len(drive)), threads=threads)
    called, true = inferred.called(0.01), weights != 0
    z = inferred.z[np.isfinite(inferred.z) & ~true]
    false = int((called & ~true).sum())
    return {
        "found": int((called & true).sum()),
        "false": false,
        "fraction": false / max(1, int(called.sum())),
        "absent": len(z),
        "mean": float(z.mean()),
        "sd": float(z.std()),
        "null": inferred.null_sd,
        "warnings": len(caught),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.shared_drive", description=__doc__)
    parser.add_argument("--sets", type=int, default=200)
    parser.add_argument("--neurons", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument(
        "--depth", type=float, default=0.5, help="relative modulation depth, 0 to 1"
    )
    parser.add_argument("--period", type=float, default=10_000.0, help="modulation period (ms)")
    parser.add_argument("--weight", type=float, default=1.0, help="synaptic weight (log-odds)")
    parser.add_argument("--threads", type=int, default=available_cores())
    parser.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
