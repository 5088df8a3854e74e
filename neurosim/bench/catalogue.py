"""Benchmarks of neurosim, and search among these and the ones of other packages."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from importlib.metadata import entry_points

from neurosim.bench.benchmark import Benchmark
from neurosim.bench.networks.brunel import brunel
from neurosim.bench.networks.driven import cortex, lecture
from neurosim.bench.networks.microcircuit import microcircuit
from neurosim.bench.networks.quiet import quiet
from neurosim.bench.networks.vogels_abbott import cuba
from neurosim.errors import NeurosimError
from neurosim.utils.checks import suggest

ENTRY_POINTS = "neurosim.benchmarks"
"""Entry-point group through which other packages provide benchmarks."""

MICROCIRCUIT = Benchmark(
    name="microcircuit",
    title="the cortical microcircuit of Potjans & Diesmann (2014), Poisson input",
    network=microcircuit,
    scales=(0.01, 1.0),
    warmup=500.0,
    span=1000.0,
)
MICROCIRCUIT_CURRENT = replace(
    MICROCIRCUIT,
    name="microcircuit-current",
    title="microcircuit with constant-current input (silent below scale 0.3)",
    network=partial(microcircuit, poisson=False),
)
BRUNEL = Benchmark(
    name="brunel",
    title="the balanced network of Brunel (2000): 12,500 neurons, 1,250 synapses each, 37 Hz",
    network=brunel,
    scales=(0.01, 100.0),
    warmup=200.0,
    span=1000.0,
)
CUBA = Benchmark(
    name="cuba",
    title="the network of Vogels & Abbott (2005): 4,000 neurons, 80 synapses each, 5.7 Hz",
    network=cuba,
    scales=(0.02, 1000.0),
    warmup=500.0,
    span=5000.0,
)
LECTURE = Benchmark(
    name="lecture",
    title="71,000 neurons, 7,000 synapses each, 1.5 Hz",
    network=lecture,
    scales=(0.001, 100.0),
    warmup=100.0,
    span=500.0,
)
CORTEX = Benchmark(
    name="cortex",
    title="50,000 neurons, 1,000 synapses each, 3 Hz: a cubic millimetre of cortex",
    network=cortex,
    scales=(0.001, 1000.0),
    warmup=100.0,
    span=500.0,
)
QUIET = Benchmark(
    name="quiet",
    title="138,639 neurons, 109 synapses each: the size of a fly's brain, 400 neurons active",
    network=quiet,
    scales=(0.01, 100.0),
    warmup=200.0,
    span=1000.0,
    threads=1,
)
BENCHMARKS = {
    one.name: one
    for one in (MICROCIRCUIT, MICROCIRCUIT_CURRENT, BRUNEL, CUBA, LECTURE, CORTEX, QUIET)
}
"""By name."""


def find_benchmark(name: str) -> Benchmark:
    """Return a benchmark by name.

    Raises
    ------
    NeurosimError
        If there is none, with the most similar name.
    """
    if name in BENCHMARKS:
        return BENCHMARKS[name]
    installed = {entry_point.name: entry_point for entry_point in entry_points(group=ENTRY_POINTS)}
    if name not in installed:
        known = sorted({*BENCHMARKS, *installed})
        raise NeurosimError(f"unknown benchmark {name!r}: {suggest(name, known)}")
    benchmark = installed[name].load()
    if not isinstance(benchmark, Benchmark):
        raise TypeError(f"entry point {name} is not a Benchmark but a {type(benchmark).__name__}")
    return benchmark
