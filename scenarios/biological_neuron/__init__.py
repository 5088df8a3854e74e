"""Scenarios of the biological neuron."""
