"""Scenarios of threshold logic and learning rules."""
