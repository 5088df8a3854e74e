"""Scenarios, scenario files and sweeps."""
