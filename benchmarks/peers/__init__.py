"""NEST, Brian2 and neurosim on the same networks: `python -m benchmarks.peers` times them.

A network is described once, with neurosim's classes; `description` turns it into plain numbers, and
`on_nest`, `on_brian2` and `on_neurosim` build it from these, each in the environment of its own
simulator and in a process of its own. `distributions` compares what the simulators' neurons do.
"""
