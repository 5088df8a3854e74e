"""Conversion between spiking and logistic neurons, noise, firing rates."""
