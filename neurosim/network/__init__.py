"""What exists: the description of a network, frozen and validated."""

from neurosim.network.distributions import Distribution, LogNormal, Normal, Uniform
from neurosim.network.inputs import (
    ConstantCurrent,
    CurrentWaveform,
    Input,
    MembraneNoise,
    Poisson,
    SpikeTimes,
    StepCurrent,
)
from neurosim.network.network import (
    VARIABLES,
    Drive,
    Network,
    Population,
    Projection,
    Recording,
    Synapse,
)
from neurosim.network.neurons import LIF
from neurosim.network.rules import (
    AllToAll,
    Explicit,
    FixedInDegree,
    FixedOutDegree,
    FixedProbability,
    FixedTotalNumber,
    OneToOne,
    Rule,
)
from neurosim.network.synapses import AlphaCurrent, DeltaSynapse, ExpCurrent

__all__ = [
    "LIF",
    "VARIABLES",
    "AllToAll",
    "AlphaCurrent",
    "ConstantCurrent",
    "CurrentWaveform",
    "DeltaSynapse",
    "Distribution",
    "Drive",
    "ExpCurrent",
    "Explicit",
    "FixedInDegree",
    "FixedOutDegree",
    "FixedProbability",
    "FixedTotalNumber",
    "Input",
    "LogNormal",
    "MembraneNoise",
    "Network",
    "Normal",
    "OneToOne",
    "Poisson",
    "Population",
    "Projection",
    "Recording",
    "Rule",
    "SpikeTimes",
    "StepCurrent",
    "Synapse",
    "Uniform",
]
