"""Convert neuron models of NEST."""

from neurosim.interchange.nest.convert import from_nest

__all__ = ["from_nest"]
