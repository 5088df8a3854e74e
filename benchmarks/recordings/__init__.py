"""Calibration and cost of `bridge.PopulationGLM` on simulated recordings.

Run it with `python -m benchmarks.recordings`.

`networks` simulates integrate-and-fire neurons with known synapses, `logistic` draws spikes from
a known population GLM. `calls` and `coverage` compare the fits with the truth, and `cost` measures
their time and memory.
"""
