"""Convert neuron models of NEST."""

# Each module adds its models to the table.
from neurosim.interchange.nest import (  # noqa: F401
    adaptation,
    exponential,
    hodgkin_huxley,
    izhikevich,
    leaky,
    nmda,
)
from neurosim.interchange.nest.convert import from_nest

__all__ = ["from_nest"]
