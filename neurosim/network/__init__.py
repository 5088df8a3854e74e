"""What exists: the description of a network, frozen and validated."""

from __future__ import annotations

from neurosim.network.channels import HodgkinHuxley, gate_rates, steady_gates
from neurosim.network.column import Column
from neurosim.network.csv_edges import CSVEdges
from neurosim.network.declare import parameter, state, trace
from neurosim.network.distance import DistanceProbability
from neurosim.network.distributions import Distribution, LogNormal, Normal, Uniform
from neurosim.network.edges import EdgeFile
from neurosim.network.escape import EscapeRate
from neurosim.network.inputs import (
    ConstantCurrent,
    CurrentWaveform,
    Input,
    LiveCurrent,
    LiveSpikes,
    MembraneNoise,
    Poisson,
    SpikeTimes,
    StepCurrent,
)
from neurosim.network.model import NeuronModel
from neurosim.network.network import Network
from neurosim.network.neurons import LIF, IntegrateAndFire, Neuron
from neurosim.network.open_edges import OpenEdges
from neurosim.network.parts import VARIABLES, Drive, Population, Projection, Recording
from neurosim.network.plasticity import STDP, Plasticity
from neurosim.network.positions import Grid, Points, Positions, RandomPositions
from neurosim.network.profiles import ExponentialDecay, Gaussian, Linear, Profile
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
from neurosim.network.sonata import SonataEdges
from neurosim.network.synapses import AlphaCurrent, DeltaSynapse, ExpCurrent, Synapse
from neurosim.network.views import PopulationView

__all__ = [
    "LIF",
    "STDP",
    "VARIABLES",
    "AllToAll",
    "AlphaCurrent",
    "CSVEdges",
    "Column",
    "ConstantCurrent",
    "CurrentWaveform",
    "DeltaSynapse",
    "DistanceProbability",
    "Distribution",
    "Drive",
    "EdgeFile",
    "EscapeRate",
    "ExpCurrent",
    "Explicit",
    "ExponentialDecay",
    "FixedInDegree",
    "FixedOutDegree",
    "FixedProbability",
    "FixedTotalNumber",
    "Gaussian",
    "Grid",
    "HodgkinHuxley",
    "Input",
    "IntegrateAndFire",
    "Linear",
    "LiveCurrent",
    "LiveSpikes",
    "LogNormal",
    "MembraneNoise",
    "Network",
    "Neuron",
    "NeuronModel",
    "Normal",
    "OneToOne",
    "OpenEdges",
    "Plasticity",
    "Points",
    "Poisson",
    "Population",
    "PopulationView",
    "Positions",
    "Profile",
    "Projection",
    "RandomPositions",
    "Recording",
    "Rule",
    "SonataEdges",
    "SpikeTimes",
    "StepCurrent",
    "Synapse",
    "Uniform",
    "gate_rates",
    "parameter",
    "state",
    "steady_gates",
    "trace",
]
