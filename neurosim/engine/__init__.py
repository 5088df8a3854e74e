"""Run a network: simulation, threads, processes, streams and checkpoints."""
