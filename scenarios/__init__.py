"""Scenarios, one module each, found through the entry-point group `neurosim.scenarios`."""
