"""Checks and binning that all of the bridge uses."""
