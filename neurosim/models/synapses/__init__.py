"""Synapse models: the effect of a presynaptic spike on the postsynaptic neuron."""

from neurosim.models.synapses.base import Synapse
from neurosim.models.synapses.currents import AlphaCurrent, DeltaSynapse, ExpCurrent
from neurosim.models.synapses.gap_junction import GapJunction
from neurosim.models.synapses.nmda import NMDA, ApproximateNMDA, ExactNMDA

__all__ = [
    "NMDA",
    "AlphaCurrent",
    "ApproximateNMDA",
    "DeltaSynapse",
    "ExactNMDA",
    "ExpCurrent",
    "GapJunction",
    "Synapse",
]
