"""Times the engine on networks of the literature: python benchmarks/engine.py [NAME ...].

Every row comes from a process of its own, so that its peak memory is its own too.
"""

from __future__ import annotations

import resource
import statistics
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import neurosim as ns
from neurosim.scenario import RunOptions, find_scenario

WARMUP, SPAN, REPEATS = 300.0, 300.0, 3
"""ms, ms, and how often the span is timed."""


def _network(name: str, **settings: object) -> ns.Network:
    scenario = find_scenario(name)
    return scenario.network(scenario.settings(**settings), RunOptions(WARMUP + SPAN))


NETWORKS: dict[str, Callable[[], ns.Network]] = {
    "brunel": lambda: _network("balanced-network"),
    "microcircuit-0.1": lambda: _network("cortical-column", scale=0.1),
    "microcircuit": lambda: _network("cortical-column", scale=1.0),
    "microcircuit-current": lambda: _network("cortical-column", scale=1.0, input="current"),
}


def _events(result: ns.Result, net: ns.Network, start: float) -> float:
    """Return the synaptic events since `start` (ms): each spike times the mean out-degree."""
    out = dict.fromkeys(result.spikes, 0.0)
    for projection in net.projections:
        rule, n = projection.rule, projection.source.size
        synapses = rule.n * (projection.target.size if isinstance(rule, ns.FixedInDegree) else 1)
        out[projection.source.name] += synapses / n
    return sum(out[k] * int((t.times > start).sum()) for k, t in result.spikes.items())


def measure(name: str, threads: int) -> str:
    """Return one row of the table."""
    net = NETWORKS[name]()
    simulation = ns.Simulation(net, threads=threads)
    simulation.run(WARMUP)
    walls, events = [], []
    for _ in range(REPEATS):
        before = simulation.run(0.1)
        start, spent = before.duration, before.stats.wall_s
        after = simulation.run(SPAN)
        walls.append(after.stats.wall_s - spent)
        events.append(_events(after, net, start))
    wall, stats = statistics.median(walls), after.stats
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return (
        f"| {name} | {threads} | {stats.neurons:,} | {stats.synapses:,} | {stats.build_s:.1f} "
        f"| {wall * 1e3 / SPAN:.2f} | {wall * 1e9 / statistics.median(events):.2f} | {memory:.2f} |"
    )


if __name__ == "__main__":
    print("| network | threads | neurons | synapses | build s | real-time factor | ns/event | GB |")
    print("|---|---|---|---|---|---|---|---|")
    rows = [(name, threads) for name in sys.argv[1:] or NETWORKS for threads in (1, 2)]
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool:
        for row in pool.map(measure, *zip(*rows, strict=True)):
            print(row, flush=True)
