"""Synapse models: the effect of a presynaptic spike on the postsynaptic neuron."""

from neurosim.models.synapses.base import Synapse
from neurosim.models.synapses.currents import AlphaCurrent, DeltaSynapse, ExpCurrent

__all__ = ["AlphaCurrent", "DeltaSynapse", "ExpCurrent", "Synapse"]
