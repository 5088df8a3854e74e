"""Checks and time bins used throughout the bridge."""
