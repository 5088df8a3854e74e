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
from neurosim.models.declare import parameter, potential, signal, state, trace
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
from neurosim.models.neurons.adapting_lif import AdaptingLIF
from neurosim.models.neurons.adex import AdEx
from neurosim.models.neurons.eif import EIF
from neurosim.models.neurons.gif import GIF
from neurosim.models.neurons.glif import GLIF
from neurosim.models.neurons.hodgkin_huxley import HodgkinHuxley, gate_rates, steady_gates
from neurosim.models.neurons.hodgkin_huxley_traub import HodgkinHuxleyTraub
from neurosim.models.neurons.izhikevich import Izhikevich, Izhikevich2007
from neurosim.models.neurons.lif import LIF, IntegrateAndFire
from neurosim.models.neurons.mat import AMAT2, MAT2
from neurosim.models.neurons.quadratic import QuadraticIF
from neurosim.models.neurons.two_compartment import TwoCompartment
from neurosim.models.plasticity import (
    STDP,
    Clopath,
    HomeostaticScaling,
    NearestSTDP,
    Plasticity,
    PowerLawSTDP,
    PreCentredSTDP,
    RestrictedSTDP,
    RewardSTDP,
    TripletSTDP,
    VogelsSprekeler,
)
from neurosim.models.positions import Grid, Points, Positions, RandomPositions
from neurosim.models.profiles import ExponentialDecay, Gaussian, Linear, Profile
from neurosim.models.rule import Rule
from neurosim.models.short_term import (
    Release,
    ShortTermPlasticity,
    TsodyksMarkram,
    TsodyksUzielMarkram,
)
from neurosim.models.synapses import (
    NMDA,
    AlphaConductance,
    AlphaCurrent,
    ApproximateNMDA,
    BiexpConductance,
    BiexpCurrent,
    DeltaSynapse,
    ExactNMDA,
    ExpConductance,
    ExpCurrent,
    GapJunction,
    Synapse,
)

__all__ = [
    "AMAT2",
    "EIF",
    "GIF",
    "GLIF",
    "LIF",
    "MAT2",
    "NMDA",
    "STDP",
    "AdEx",
    "AdaptingLIF",
    "AllToAll",
    "AlphaConductance",
    "AlphaCurrent",
    "ApproximateNMDA",
    "BiexpConductance",
    "BiexpCurrent",
    "Clopath",
    "Column",
    "ConstantCurrent",
    "CorrelatedPoisson",
    "CurrentWaveform",
    "DeltaSynapse",
    "DistanceProbability",
    "Distribution",
    "EscapeRate",
    "ExactNMDA",
    "ExpConductance",
    "ExpCurrent",
    "Explicit",
    "ExponentialDecay",
    "FixedInDegree",
    "FixedOutDegree",
    "FixedProbability",
    "FixedTotalNumber",
    "GammaProcess",
    "GapJunction",
    "Gaussian",
    "Grid",
    "HodgkinHuxley",
    "HodgkinHuxleyTraub",
    "HomeostaticScaling",
    "Input",
    "IntegrateAndFire",
    "Izhikevich",
    "Izhikevich2007",
    "Linear",
    "LiveCurrent",
    "LiveSpikes",
    "LogNormal",
    "MembraneNoise",
    "NearestSTDP",
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
    "PowerLawSTDP",
    "PreCentredSTDP",
    "Profile",
    "PulsePacket",
    "QuadraticIF",
    "RampCurrent",
    "RandomPositions",
    "Release",
    "RestrictedSTDP",
    "RewardSTDP",
    "Rule",
    "ShortTermPlasticity",
    "SinusoidalCurrent",
    "SinusoidalPoisson",
    "SpikeTimes",
    "StepCurrent",
    "Synapse",
    "TripletSTDP",
    "TsodyksMarkram",
    "TsodyksUzielMarkram",
    "TwoCompartment",
    "Uniform",
    "VogelsSprekeler",
    "WhiteNoiseCurrent",
    "gate_rates",
    "parameter",
    "potential",
    "signal",
    "state",
    "steady_gates",
    "trace",
]
