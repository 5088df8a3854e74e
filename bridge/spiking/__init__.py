"""Abstract networks as networks of spiking neurons with the same job."""

from bridge.spiking.balance import Balanced, balance
from bridge.spiking.chance import ChanceTwin
from bridge.spiking.convert import spiking_twin
from bridge.spiking.copies import connect_copies, fired_at
from bridge.spiking.groups import GroupTwin, sigmoids_of
from bridge.spiking.latency import LatencyTwin
from bridge.spiking.logic import SpikingCircuit
from bridge.spiking.rates import RateTwin
from bridge.spiking.report import LayerLoss, diagnose
from bridge.spiking.strengths import Strengths, strengths
from bridge.spiking.twin import SpikingTwin

__all__ = [
    "Balanced",
    "ChanceTwin",
    "GroupTwin",
    "LatencyTwin",
    "LayerLoss",
    "RateTwin",
    "SpikingCircuit",
    "SpikingTwin",
    "Strengths",
    "balance",
    "connect_copies",
    "diagnose",
    "fired_at",
    "sigmoids_of",
    "spiking_twin",
    "strengths",
]
