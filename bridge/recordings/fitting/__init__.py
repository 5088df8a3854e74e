"""Fit neuron models to current-clamp recordings."""
