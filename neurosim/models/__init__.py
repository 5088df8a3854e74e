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
from neurosim.models.inputs import *
from neurosim.models.inputs import __all__ as _inputs
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
from neurosim.models.plasticity import *
from neurosim.models.plasticity import __all__ as _plasticity
from neurosim.models.positions import Grid, Points, Positions, RandomPositions
from neurosim.models.profiles import ExponentialDecay, Gaussian, Linear, Profile
from neurosim.models.rule import Rule
from neurosim.models.short_term import *
from neurosim.models.short_term import __all__ as _short_term
from neurosim.models.synapses import *
from neurosim.models.synapses import __all__ as _synapses

__all__ = [
    *_inputs,
    *_plasticity,
    *_short_term,
    *_synapses,
    "AMAT2",
    "EIF",
    "GIF",
    "GLIF",
    "LIF",
    "MAT2",
    "AdEx",
    "AdaptingLIF",
    "AllToAll",
    "Column",
    "DistanceProbability",
    "Distribution",
    "EscapeRate",
    "Explicit",
    "ExponentialDecay",
    "FixedInDegree",
    "FixedOutDegree",
    "FixedProbability",
    "FixedTotalNumber",
    "Gaussian",
    "Grid",
    "HodgkinHuxley",
    "HodgkinHuxleyTraub",
    "IntegrateAndFire",
    "Izhikevich",
    "Izhikevich2007",
    "Linear",
    "LogNormal",
    "Neuron",
    "NeuronModel",
    "Normal",
    "OneToOne",
    "Points",
    "Positions",
    "Profile",
    "QuadraticIF",
    "RandomPositions",
    "Rule",
    "TwoCompartment",
    "Uniform",
    "gate_rates",
    "parameter",
    "potential",
    "signal",
    "state",
    "steady_gates",
    "trace",
]
