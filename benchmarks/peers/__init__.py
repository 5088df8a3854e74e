"""Comparison of NEST, Brian2 and neurosim: `python -m benchmarks.peers` times the same networks.

A network is described once, with neurosim's classes, and `description` converts it to plain
numbers. `on_nest`, `on_brian2` and `on_neurosim` build the network from these numbers, each in a
separate process and virtual environment. `distributions` compares the activity in the simulators.
"""
