"""Benchmark networks, one file for each family."""
