"""Scenarios of networks."""
