"""Convert neuron models of NEST."""

# Each module adds its models to the table.
from neurosim.interchange.nest import adaptation, hodgkin_huxley, leaky  # noqa: F401
from neurosim.interchange.nest.convert import from_nest

__all__ = ["from_nest"]
