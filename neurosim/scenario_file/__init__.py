"""Scenarios as data: a network, its run and its analysis in a TOML file."""

SUFFIX = ".toml"
"""How their names end."""
