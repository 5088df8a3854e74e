"""Spiking neurons in millivolts: describe a network, run it, see its potentials.

Examples
--------
>>> import neurosim as ns
>>> net = ns.Network()
>>> cell = net.add("cell", 1, ns.LIF())
>>> drive = net.drive(cell, ns.SpikeTimes([10.0]), psp=16.0)
>>> result = ns.simulate(net, duration=50.0)
>>> float(result.spikes["cell"].times[0])
10.0
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from neurosim.errors import Interrupted, NeurosimError
from neurosim.failure import install_hook, started_together

if TYPE_CHECKING:
    from neurosim.chunk import Chunk
    from neurosim.connections import Connections, Synapses
    from neurosim.interchange import (
        from_neo,
        from_nir,
        load_spikes,
        save_csv,
        save_nir,
        save_nwb,
        save_sonata,
        to_neo,
        to_nir,
    )
    from neurosim.network import (
        LIF,
        STDP,
        AllToAll,
        AlphaCurrent,
        Column,
        ConstantCurrent,
        CSVEdges,
        CurrentWaveform,
        DeltaSynapse,
        DistanceProbability,
        EscapeRate,
        ExpCurrent,
        Explicit,
        ExponentialDecay,
        FixedInDegree,
        FixedOutDegree,
        FixedProbability,
        FixedTotalNumber,
        Gaussian,
        Grid,
        HodgkinHuxley,
        Input,
        Linear,
        LiveCurrent,
        LiveSpikes,
        LogNormal,
        MembraneNoise,
        Network,
        NeuronModel,
        Normal,
        OneToOne,
        Plasticity,
        Points,
        Poisson,
        Population,
        PopulationView,
        RandomPositions,
        Rule,
        SonataEdges,
        SpikeTimes,
        StepCurrent,
        Uniform,
        parameter,
        state,
        trace,
    )
    from neurosim.ranks import spread_over
    from neurosim.recording import PopulationInfo, Result, RunStats, SpikeTrains, Trace
    from neurosim.simulation import Simulation, simulate
    from neurosim.storage import load, save

# Every name is imported when it is first used. Describing a network needs neither the compiler nor
# the file library, and the command must be able to report that there is no memory for NumPy.
_LATE = {
    "Chunk": "neurosim.chunk",
    "Connections": "neurosim.connections",
    "Simulation": "neurosim.simulation",
    "Synapses": "neurosim.connections",
    "from_neo": "neurosim.interchange",
    "from_nir": "neurosim.interchange",
    "load_spikes": "neurosim.interchange",
    "save_csv": "neurosim.interchange",
    "save_nir": "neurosim.interchange",
    "save_nwb": "neurosim.interchange",
    "save_sonata": "neurosim.interchange",
    "to_neo": "neurosim.interchange",
    "to_nir": "neurosim.interchange",
    "simulate": "neurosim.simulation",
    "load": "neurosim.storage",
    "save": "neurosim.storage",
    "spread_over": "neurosim.ranks",
}

if started_together():
    # Before anything can fail: the other processes would wait for this one for ever.
    install_hook()

__version__ = "0.1.0"

__all__ = [
    "LIF",
    "STDP",
    "AllToAll",
    "AlphaCurrent",
    "CSVEdges",
    "Chunk",
    "Column",
    "Connections",
    "ConstantCurrent",
    "CurrentWaveform",
    "DeltaSynapse",
    "DistanceProbability",
    "EscapeRate",
    "ExpCurrent",
    "Explicit",
    "ExponentialDecay",
    "FixedInDegree",
    "FixedOutDegree",
    "FixedProbability",
    "FixedTotalNumber",
    "Gaussian",
    "Grid",
    "HodgkinHuxley",
    "Input",
    "Interrupted",
    "Linear",
    "LiveCurrent",
    "LiveSpikes",
    "LogNormal",
    "MembraneNoise",
    "Network",
    "NeuronModel",
    "NeurosimError",
    "Normal",
    "OneToOne",
    "Plasticity",
    "Points",
    "Poisson",
    "Population",
    "PopulationInfo",
    "PopulationView",
    "RandomPositions",
    "Result",
    "Rule",
    "RunStats",
    "Simulation",
    "SonataEdges",
    "SpikeTimes",
    "SpikeTrains",
    "StepCurrent",
    "Synapses",
    "Trace",
    "Uniform",
    "from_neo",
    "from_nir",
    "load",
    "load_spikes",
    "parameter",
    "save",
    "save_csv",
    "save_nir",
    "save_nwb",
    "save_sonata",
    "simulate",
    "spread_over",
    "state",
    "to_neo",
    "to_nir",
    "trace",
]


def __getattr__(name: str) -> Any:
    if name in ("network", "recording"):
        return import_module(f"neurosim.{name}")
    if name in _LATE:
        value = getattr(import_module(_LATE[name]), name)
    elif name in __all__:
        network = import_module("neurosim.network")
        place = network if hasattr(network, name) else import_module("neurosim.recording")
        value = getattr(place, name)
    else:
        raise AttributeError(f"module 'neurosim' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
