"""Compile users' neuron models and plasticity rules."""
