"""Parts of a network description.

These are neurons, synapses, plasticity, inputs, connection rules, distributions and positions.
"""

from __future__ import annotations

from neurosim.models.column import Column
from neurosim.models.connection_rules import (
    AllToAll,
    Explicit,
    FixedInDegree,
    FixedOutDegree,
    FixedProbability,
    FixedTotalNumber,
    OneToOne,
)
from neurosim.models.declare import parameter, state, trace
from neurosim.models.distance import DistanceProbability
from neurosim.models.distributions import Distribution, LogNormal, Normal, Uniform
from neurosim.models.escape import EscapeRate
from neurosim.models.inputs import (
    ConstantCurrent,
    CorrelatedPoisson,
    CurrentWaveform,
    GammaProcess,
    Input,
    LiveCurrent,
    LiveSpikes,
    MembraneNoise,
    OrnsteinUhlenbeckCurrent,
    Poisson,
    PoissonWithDeadTime,
    PulsePacket,
    RampCurrent,
    SinusoidalCurrent,
    SinusoidalPoisson,
    SpikeTimes,
    StepCurrent,
    WhiteNoiseCurrent,
)
from neurosim.models.neuron import Neuron
from neurosim.models.neuron_model import NeuronModel
from neurosim.models.neurons.hodgkin_huxley import HodgkinHuxley, gate_rates, steady_gates
from neurosim.models.neurons.lif import LIF, IntegrateAndFire
from neurosim.models.plasticity import STDP, Plasticity
from neurosim.models.positions import Grid, Points, Positions, RandomPositions
from neurosim.models.profiles import ExponentialDecay, Gaussian, Linear, Profile
from neurosim.models.rule import Rule
from neurosim.models.synapses import AlphaCurrent, DeltaSynapse, ExpCurrent, Synapse

__all__ = [
    "LIF",
    "STDP",
    "AllToAll",
    "AlphaCurrent",
    "Column",
    "ConstantCurrent",
    "CorrelatedPoisson",
    "CurrentWaveform",
    "DeltaSynapse",
    "DistanceProbability",
    "Distribution",
    "EscapeRate",
    "ExpCurrent",
    "Explicit",
    "ExponentialDecay",
    "FixedInDegree",
    "FixedOutDegree",
    "FixedProbability",
    "FixedTotalNumber",
    "GammaProcess",
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
    "Neuron",
    "NeuronModel",
    "Normal",
    "OneToOne",
    "OrnsteinUhlenbeckCurrent",
    "Plasticity",
    "Points",
    "Poisson",
    "PoissonWithDeadTime",
    "Positions",
    "Profile",
    "PulsePacket",
    "RampCurrent",
    "RandomPositions",
    "Rule",
    "SinusoidalCurrent",
    "SinusoidalPoisson",
    "SpikeTimes",
    "StepCurrent",
    "Synapse",
    "Uniform",
    "WhiteNoiseCurrent",
    "gate_rates",
    "parameter",
    "state",
    "steady_gates",
    "trace",
]
