"""Synapse models: the effect of a presynaptic spike on the postsynaptic neuron."""

from neurosim.models.synapses.base import Synapse
from neurosim.models.synapses.conductances import (
    AlphaConductance,
    BiexpConductance,
    ExpConductance,
)
from neurosim.models.synapses.currents import AlphaCurrent, BiexpCurrent, DeltaSynapse, ExpCurrent

__all__ = [
    "AlphaConductance",
    "AlphaCurrent",
    "BiexpConductance",
    "BiexpCurrent",
    "DeltaSynapse",
    "ExpConductance",
    "ExpCurrent",
    "Synapse",
]
