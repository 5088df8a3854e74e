"""Comparison of the speed of NEST, Brian2 and neurosim on the same networks.

Run it with `python -m benchmarks.peers`.

A network is described once, with neurosim's classes, and `description` converts it to plain
numbers. `on_nest`, `on_brian2` and `on_neurosim` build the network from these numbers, each in a
separate process and virtual environment. `distributions` compares the activity in the simulators.
"""
