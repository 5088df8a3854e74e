"""Synapse models: the effect of a presynaptic spike on the postsynaptic neuron."""

from neurosim.models.synapses.base import Synapse
from neurosim.models.synapses.conductances import (
    AlphaConductance,
    BiexpConductance,
    ExpConductance,
)
from neurosim.models.synapses.currents import AlphaCurrent, BiexpCurrent, DeltaSynapse, ExpCurrent
from neurosim.models.synapses.gap_junction import GapJunction
from neurosim.models.synapses.nmda import NMDA, ApproximateNMDA, ExactNMDA

__all__ = [
    "NMDA",
    "AlphaConductance",
    "AlphaCurrent",
    "ApproximateNMDA",
    "BiexpConductance",
    "BiexpCurrent",
    "DeltaSynapse",
    "ExactNMDA",
    "ExpConductance",
    "ExpCurrent",
    "GapJunction",
    "Synapse",
]
