"""Inputs to a network: spikes and currents."""

from neurosim.models.inputs.base import Input
from neurosim.models.inputs.correlated import CorrelatedPoisson
from neurosim.models.inputs.currents import (
    ConstantCurrent,
    CurrentWaveform,
    LiveCurrent,
    RampCurrent,
    SinusoidalCurrent,
    StepCurrent,
)
from neurosim.models.inputs.noise import (
    MembraneNoise,
    OrnsteinUhlenbeckCurrent,
    WhiteNoiseCurrent,
)
from neurosim.models.inputs.poisson import Poisson, SinusoidalPoisson
from neurosim.models.inputs.renewal import GammaProcess, PoissonWithDeadTime
from neurosim.models.inputs.spikes import LiveSpikes, PulsePacket, SpikeTimes

__all__ = [
    "ConstantCurrent",
    "CorrelatedPoisson",
    "CurrentWaveform",
    "GammaProcess",
    "Input",
    "LiveCurrent",
    "LiveSpikes",
    "MembraneNoise",
    "OrnsteinUhlenbeckCurrent",
    "Poisson",
    "PoissonWithDeadTime",
    "PulsePacket",
    "RampCurrent",
    "SinusoidalCurrent",
    "SinusoidalPoisson",
    "SpikeTimes",
    "StepCurrent",
    "WhiteNoiseCurrent",
]
