"""Description of a network: populations, projections, inputs and recordings."""

from __future__ import annotations

from neurosim.network.network import Network
from neurosim.network.parts import VARIABLES, Drive, Population, Projection, Recording
from neurosim.network.views import PopulationView

__all__ = [
    "VARIABLES",
    "Drive",
    "Network",
    "Population",
    "PopulationView",
    "Projection",
    "Recording",
]
