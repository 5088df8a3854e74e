"""Measure how fast and how large simulations can be."""
