"""Description of a network: populations, projections, inputs and recordings."""

from __future__ import annotations

from neurosim.network.network import Network
from neurosim.network.parts import (
    VARIABLES,
    Drive,
    Modulation,
    Population,
    Projection,
    Recording,
    WeightRecording,
)
from neurosim.network.views import PopulationView

__all__ = [
    "VARIABLES",
    "Drive",
    "Modulation",
    "Network",
    "Population",
    "PopulationView",
    "Projection",
    "Recording",
    "WeightRecording",
]
