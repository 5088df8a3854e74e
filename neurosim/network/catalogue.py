"""What a network can be made of, by name: how files name the parts of a description."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurosim.network.channels import HodgkinHuxley
from neurosim.network.csv_edges import CSVEdges
from neurosim.network.distributions import LogNormal, Normal, Uniform
from neurosim.network.edges import Column
from neurosim.network.escape import EscapeRate
from neurosim.network.inputs import (
    ConstantCurrent,
    CurrentWaveform,
    LiveCurrent,
    LiveSpikes,
    MembraneNoise,
    Poisson,
    SpikeTimes,
    StepCurrent,
)
from neurosim.network.neurons import LIF, IntegrateAndFire
from neurosim.network.plasticity import STDP
from neurosim.network.rules import (
    AllToAll,
    Explicit,
    FixedInDegree,
    FixedOutDegree,
    FixedProbability,
    FixedTotalNumber,
    OneToOne,
)
from neurosim.network.sonata import SonataEdges
from neurosim.network.synapses import AlphaCurrent, DeltaSynapse, ExpCurrent

if TYPE_CHECKING:
    from collections.abc import Mapping


def _named(*kinds: type) -> Mapping[str, type]:
    return {kind.__name__: kind for kind in kinds}


NEURONS = _named(LIF, IntegrateAndFire, HodgkinHuxley)
ESCAPES = _named(EscapeRate)
SYNAPSES = _named(DeltaSynapse, ExpCurrent, AlphaCurrent)
PLASTICITIES = _named(STDP)
DISTRIBUTIONS = _named(Normal, Uniform, LogNormal)
RULES = _named(
    AllToAll,
    OneToOne,
    FixedProbability,
    FixedInDegree,
    FixedOutDegree,
    FixedTotalNumber,
    Explicit,
    CSVEdges,
    SonataEdges,
)
COLUMNS = _named(Column)
INPUTS = _named(
    ConstantCurrent,
    StepCurrent,
    CurrentWaveform,
    Poisson,
    SpikeTimes,
    MembraneNoise,
    LiveCurrent,
    LiveSpikes,
)
PARTS = {
    **NEURONS,
    **ESCAPES,
    **SYNAPSES,
    **PLASTICITIES,
    **DISTRIBUTIONS,
    **RULES,
    **COLUMNS,
    **INPUTS,
}
"""All of them: no two have one name."""
