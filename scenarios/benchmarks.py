"""The benchmark fly-brain, registered as an entry point for `neurosim bench`."""

from __future__ import annotations

from neurosim.bench.benchmark import Benchmark
from scenarios.networks.fly import stand_in

FLY_BRAIN = Benchmark(
    name="fly-brain",
    title="138,639 neurons with the equations of Shiu et al. (2024), 109 synapses each",
    network=stand_in,
    scales=(0.01, 10.0),
    warmup=100.0,
    span=500.0,
)
