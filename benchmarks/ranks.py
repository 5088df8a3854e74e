"""Time a network on one process and on several, and their spike exchange.

python -m benchmarks.ranks [--scales 0.1 0.3 1] [--ranks 1 2] [--repeats 3] [--json]

The network is the cortical column, with one thread per process. `mpiexec` starts the processes.
They exchange spikes in shared memory and, in a second series, by messages as on several machines.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median

PROGRAM = """
import json, resource, sys
from mpi4py import MPI
import neurosim as ns
from neurosim.scenario import RunOptions, find_scenario
from neurosim.experiments.settings import parse_settings

scale, duration, share_memory = sys.argv[1], float(sys.argv[2]), sys.argv[3] == "memory"
scenario = find_scenario("cortical-column")
settings = parse_settings(scenario.settings, [f"scale={scale}"])
net = scenario.network(settings, RunOptions(duration))
with ns.use_mpi(MPI.COMM_WORLD, share_memory=share_memory) as comm:
    simulation = ns.Simulation(net, threads=1, profile=True)
    simulation.run(100.0)
    warm = simulation.run(0.1).stats
    stats = simulation.run(duration).stats
    tables = simulation.table_bytes / comm.size
    peak = comm.sum(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / comm.size
    if comm.is_root:
        print(json.dumps({
            "real_time_factor": (stats.wall_s - warm.wall_s) / (1e-3 * duration),
            "waiting": (stats.profile["waiting"] - warm.profile["waiting"]) / (1e-3 * duration),
            "events_per_s": (stats.events - warm.events) / (1e-3 * duration),
            "build_s": stats.build_s,
            "neurons": stats.neurons,
            "table_mb": tables / 2**20,
            "peak_mb": peak / 2**10,
        }))
"""


def main() -> int:
    arguments = _parser().parse_args()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    mpiexec = shutil.which("mpiexec", path=path)
    if mpiexec is None:
        print(
            "mpiexec not found: install it with pip install 'neurosim-bridge[distributed]'",
            file=sys.stderr,
        )
        return 2
    rows = []
    for scale in arguments.scales:
        # Alternate between cases, so that a temporary slowdown of the machine affects all of them.
        exchanges = ("memory", "messages")
        cases = [(n, exchange) for n in arguments.ranks for exchange in exchanges[: min(n, 2)]]
        runs: dict[tuple[int, str], list[dict[str, float]]] = {case: [] for case in cases}
        for _ in range(arguments.repeats):
            for n, exchange in cases:
                runs[n, exchange].append(_run(mpiexec, n, scale, arguments.duration, exchange))
        for (n, exchange), repeats in runs.items():
            middle = sorted(repeats, key=lambda run: run["real_time_factor"])[len(repeats) // 2]
            rows.append(
                {"scale": scale, "ranks": n, "exchange": exchange if n > 1 else "", **middle}
            )
        one = median(run["real_time_factor"] for run in runs[1, "memory"])
        for row in rows[-len(cases) :]:
            row["speedup"] = one / row["real_time_factor"]
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return 0
    print("scale  ranks  exchange  real-time factor  speed-up  waiting  build s   MB per rank")
    for row in rows:
        print(
            f"{row['scale']:<6g} {row['ranks']:<6} {row['exchange']:<10}"
            f"{row['real_time_factor']:<18.3f}{row['speedup']:<10.2f}{row['waiting']:<9.3f}{row['build_s']:<10.1f}"
            f"{row['peak_mb']:.0f}"
        )
    return 0


def _run(mpiexec: str, n: int, scale: float, duration: float, exchange: str) -> dict[str, float]:
    program = [sys.executable, "-c", PROGRAM, str(scale), str(duration), exchange]
    command = [mpiexec, "-n", str(n), *program]
    completed = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(completed.stdout)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--scales", type=float, nargs="+", default=[0.1, 0.3, 1.0])
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--duration", type=float, default=2000.0, help="simulated time (ms)")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
