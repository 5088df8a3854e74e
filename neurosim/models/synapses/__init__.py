"""Synapse models: the effect of a presynaptic spike on the postsynaptic neuron."""

from neurosim.models.synapses.base import Synapse
from neurosim.models.synapses.currents import AlphaCurrent, DeltaSynapse, ExpCurrent
from neurosim.models.synapses.gap_junction import GapJunction

__all__ = ["AlphaCurrent", "DeltaSynapse", "ExpCurrent", "GapJunction", "Synapse"]
