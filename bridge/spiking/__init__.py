"""Abstract networks as networks of spiking neurons with the same job."""

from bridge.spiking.logic import SpikingCircuit
from bridge.spiking.strengths import Strengths, strengths

__all__ = ["SpikingCircuit", "Strengths", "strengths"]
