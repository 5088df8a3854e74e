"""Inputs to a network: spikes and currents."""

from neurosim.models.inputs.base import Input
from neurosim.models.inputs.currents import (
    ConstantCurrent,
    CurrentWaveform,
    LiveCurrent,
    StepCurrent,
)
from neurosim.models.inputs.noise import MembraneNoise
from neurosim.models.inputs.poisson import Poisson
from neurosim.models.inputs.spikes import LiveSpikes, SpikeTimes

__all__ = [
    "ConstantCurrent",
    "CurrentWaveform",
    "Input",
    "LiveCurrent",
    "LiveSpikes",
    "MembraneNoise",
    "Poisson",
    "SpikeTimes",
    "StepCurrent",
]
