"""Helpers without knowledge of neurons: checks, files, progress, resources."""
