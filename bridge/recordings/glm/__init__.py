"""Generalised linear models of spike trains."""
