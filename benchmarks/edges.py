"""Time the building of networks from edge lists, and measure the memory it needs.

python -m benchmarks.edges [--edges 10000000] [--neurons 100000] [--threads 2] [--sorted] [--json]

Each edge has a source, a target, a weight of 16 digits and one of 29 delays. Networks are built
from CSV files, SONATA files with and without compression, and arrays, each in a separate process.
The process first builds a network from a small list, so that all functions are compiled. The report
includes the peak memory of the process after the small list and at the end.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import h5py
import numpy as np

import neurosim as ns
from neurosim.bench.machine import peak_memory

FORMATS = ("csv", "sonata", "sonata-gzip", "arrays")
BLOCK = 2**17
SMALL_LIST = 2**20 + 1
"""Number of edges in the small list, enough to use the same data types as the full list."""


def main() -> int:
    arguments = _parser().parse_args()
    if arguments.measure:
        print(json.dumps(_measure(arguments)))
        return 0
    rows = []
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for kind in arguments.formats:
            started = perf_counter()
            for name, n in (("small", SMALL_LIST), ("all", arguments.edges)):
                _write(kind, Path(folder, name), n, arguments)
            print(f"wrote {kind} in {perf_counter() - started:.0f} s", file=sys.stderr)
            options = [*sys.argv[1:], "--measure", kind, "--folder", folder]
            command = [sys.executable, "-m", "benchmarks.edges", *options]
            completed = subprocess.run(command, capture_output=True, text=True, check=True)
            rows.append(json.loads(completed.stdout))
            Path(folder, "all").unlink()
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return 0
    print("| " + " | ".join(rows[0]).replace("_", " ") + " |")
    print("|---" + "|--:" * (len(rows[0]) - 1) + "|")
    for row in rows:
        print("| " + " | ".join(f"{v:,}" if v != row["list"] else v for v in row.values()) + " |")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--edges", type=int, default=10_000_000)
    parser.add_argument("--neurons", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=list(FORMATS))
    parser.add_argument("--sorted", action="store_true", help="sort the edges by source")
    parser.add_argument("--folder", help="folder for temporary files")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    return parser


def _edges(n: int, arguments: argparse.Namespace):
    """Yield blocks of sources, targets, weights and delays."""
    rng = np.random.default_rng(1)
    for first in range(0, n, BLOCK):
        size = min(BLOCK, n - first)
        sources, targets = rng.integers(0, arguments.neurons, (2, size))
        if arguments.sorted:
            sources = (first + np.arange(size)) * arguments.neurons // n
        yield sources, targets, rng.lognormal(-1.0, 0.5, size), rng.integers(1, 30, size) / 10.0


def _write(kind: str, path: Path, n: int, arguments: argparse.Namespace) -> None:
    blocks = _edges(n, arguments)
    if kind == "csv":
        with open(path, "w") as file:
            file.write("source,target,psp,delay\n")
            for block in blocks:
                edges = zip(*(column.tolist() for column in block), strict=True)
                file.writelines(f"{s},{t},{w!r},{d!r}\n" for s, t, w, d in edges)
        return
    if kind == "arrays":
        with open(path, "wb") as file:
            np.savez(file, *(np.concatenate(column) for column in zip(*blocks, strict=True)))
        return
    storage = {"chunks": (min(BLOCK, n),)}
    if kind == "sonata-gzip":
        storage |= {"compression": "gzip", "shuffle": True, "compression_opts": 4}
    with h5py.File(path, "w") as file:
        names = ("source_node_id", "target_node_id", "0/syn_weight", "0/delay")
        for name, dtype in zip(names, ("u8", "u8", "f8", "f4"), strict=True):
            file.create_dataset(f"edges/all/{name}", (n,), dtype, **storage)
        for first, block in zip(range(0, n, BLOCK), blocks, strict=True):
            for name, column in zip(names, block, strict=True):
                file[f"edges/all/{name}"][first : first + len(column)] = column


def _network(kind: str, path: Path, arguments: argparse.Namespace) -> ns.Network:
    net = ns.Network()
    cells = net.add("cells", arguments.neurons, ns.LIF())
    if kind == "csv":
        net.connect(cells, cells, ns.CSVEdges(path), psp="psp", delay="delay")
    elif kind == "arrays":
        with np.load(path) as file:
            sources, targets, psp, delay = (file[name] for name in file.files)
            net.connect(cells, cells, ns.Explicit(sources, targets), psp=psp, delay=delay)
    else:
        net.connect(cells, cells, ns.SonataEdges(path, "all"), psp="syn_weight", delay="delay")
    return net


def _measure(arguments: argparse.Namespace) -> dict[str, object]:
    kind, folder = arguments.measure, Path(arguments.folder)
    ns.Simulation(_network(kind, folder / "small", arguments), threads=arguments.threads)
    before = peak_memory()
    net = _network(kind, folder / "all", arguments)
    started, cpu_s = perf_counter(), process_time()
    simulation = ns.Simulation(net, threads=arguments.threads)
    seconds, cpu_s = perf_counter() - started, process_time() - cpu_s
    assert simulation.run(0.1).stats.synapses == arguments.edges
    return {
        "list": kind + (", sorted" if arguments.sorted else ""),
        "file_mb": (folder / "all").stat().st_size >> 20,
        "threads": arguments.threads,
        "build_s": round(seconds, 2),
        "ns_per_edge": round(seconds / arguments.edges * 1e9, 1),
        "cpu_ns_per_edge": round(cpu_s / arguments.edges * 1e9, 1),
        "tables_mb": simulation.table_bytes >> 20,
        "peak_mb": peak_memory() >> 20,
        "before_mb": before >> 20,
    }


if __name__ == "__main__":
    sys.exit(main())
