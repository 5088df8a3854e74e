"""Scenarios that fit neurons to recordings."""
