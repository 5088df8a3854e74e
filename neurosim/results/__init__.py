"""Results of simulations: spikes, traces, connections, their analysis and storage."""

from __future__ import annotations

from neurosim.results.connections import Connections, Synapses
from neurosim.results.interrupted import Interrupted
from neurosim.results.result import PopulationInfo, Result, RunStats
from neurosim.results.spike_trains import SpikeTrains
from neurosim.results.trace import UNITS, Trace
from neurosim.results.weights import WeightTrace

__all__ = [
    "UNITS",
    "Connections",
    "Interrupted",
    "PopulationInfo",
    "Result",
    "RunStats",
    "SpikeTrains",
    "Synapses",
    "Trace",
    "WeightTrace",
]
