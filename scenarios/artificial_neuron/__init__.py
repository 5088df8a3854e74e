"""Scenarios of one artificial neuron."""
