"""The part of a network that NIR can represent, and what would be lost."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from neurosim.models import LIF, AlphaCurrent, ConstantCurrent, Poisson
from neurosim.models.quantity import is_distribution
from neurosim.network import Network

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.models import Synapse
    from neurosim.network import Drive, Population, Projection

USUAL_PEAK = LIF().v_peak


@dataclass(frozen=True, eq=False)
class Exportable:
    """The part of a network that NIR can say.

    Attributes
    ----------
    network : Network
        Its populations and projections.
    relays : set of str
        Populations that only repeat the spikes that they are given.
    synapses : mapping of str to Synapse
        Through which each population hears.
    drives : list of Drive
        By spikes, onto populations that are no relays.
    currents : mapping of str to (n,) ndarray of float64
        Constant currents onto each population (pA).
    losses : list of str
        What NIR cannot say.
    """

    network: Network
    relays: set[str] = field(default_factory=set)
    synapses: dict[str, Synapse] = field(default_factory=dict)
    drives: list[Drive] = field(default_factory=list)
    currents: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    losses: list[str] = field(default_factory=list)


def exportable(network: Network) -> Exportable:
    """Divide a network into what NIR can say and what would be lost."""
    said = Exportable(Network(dale=False))
    for population in network.populations:
        _take_population(said, network, population)
    for projection in network.projections:
        _take_projection(said, projection)
    for drive in network.drives:
        _take_drive(said, drive)
    said.losses.extend(
        f"the recording of {recording.variable} of {recording.population.name!r}"
        for recording in network.recordings
    )
    return said


def is_relay(network: Network, population: Population) -> bool:
    """Whether a population fires at each input spike, at once, and at no other time."""
    neuron = population.neuron
    if type(neuron) is not LIF or neuron.escape or neuron.t_ref:
        return False
    if neuron.v_reset != neuron.v_rest or population.v_init is not None:
        return False
    if any(projection.target is population for projection in network.projections):
        return False
    return all(
        drive.synapse is not None
        and not drive.synapse.is_current
        and getattr(drive.input, "factors", None) is None
        and bool(np.all(np.asarray(drive.weight) > neuron.v_threshold - neuron.v_rest))
        for drive in network.drives
        if drive.target is population
    )


def _take_population(said: Exportable, network: Network, population: Population) -> None:
    """Add a population, or note why NIR cannot represent it."""
    name, neuron = population.name, population.neuron
    if not (neuron.is_linear and neuron.is_uniform):
        kind = type(neuron).__name__ + ("" if neuron.is_uniform else " (of different parameters)")
        said.losses.append(f"the {kind} neurons {name!r} and their synapses")
        return
    said.network.add(name, population.size, neuron)
    if is_relay(network, population):
        said.relays.add(name)
        return
    if neuron.t_ref:
        said.losses.append(f"the refractory period of {name!r} ({neuron.t_ref:g} ms)")
    if neuron.escape:
        said.losses.append(f"the escape noise of {name!r}")
    if getattr(neuron, "subtract", 0.0):
        said.losses.append(f"the reset of {name!r} by subtraction (it resets to v_reset)")
    fires = math.isfinite(neuron.v_threshold)
    if fires and neuron.v_peak != max(USUAL_PEAK, neuron.v_threshold):
        said.losses.append(f"v_peak of {name!r} ({neuron.v_peak:g} mV)")
    start, usual = population.v_init, neuron.v_rest
    if neuron.v_rest > neuron.v_threshold:  # as from_nir lets it start
        start, usual = neuron.v_rest if start is None else start, neuron.v_reset
    if start is not None and (is_distribution(start) or bool(np.any(start != usual))):
        said.losses.append(f"the initial potentials of {name!r} (it begins at rest)")


def _hears_by(said: Exportable, target: str, synapse: Synapse, what: str) -> bool:
    """Whether NIR can represent a synapse onto a population; else note what is lost."""
    if type(synapse) is AlphaCurrent:
        said.losses.append(f"{what}: NIR has no alpha current")
        return False
    if synapse.has_equations:
        said.losses.append(f"{what}: NIR has no {type(synapse).__name__}")
        return False
    leaky = math.isfinite(getattr(said.network[target].neuron, "tau_m", math.inf))
    if not leaky and synapse.is_current:
        said.losses.append(f"{what}: NIR has no synaptic current onto a neuron without leak")
        return False
    first = said.synapses.setdefault(target, synapse)
    if first != synapse:
        said.losses.append(f"{what}, through {synapse}: other spikes reach it through {first}")
    return first == synapse


def _take_projection(said: Exportable, projection: Projection) -> None:
    source, target = projection.source.name, projection.target.name
    kept = {population.name for population in said.network.populations}
    if not {source, target} <= kept:
        return
    what = f"{source!r} → {target!r}"
    if not _hears_by(said, target, projection.synapse, f"the synapses {what}"):
        return
    if projection.plasticity is not None:
        said.losses.append(f"the plasticity of {what} (it keeps its first weights)")
    drawn = is_distribution(projection.weight) or is_distribution(projection.delay)
    if drawn or projection.rule.random:
        said.losses.append(f"what is random in {what} (it stays as drawn with the seed)")
    sources, targets = (
        slice(None) if ids is None else ids
        for ids in (projection.source_ids, projection.target_ids)
    )
    said.network.connect(
        said.network[source][sources],
        said.network[target][targets],
        projection.rule,
        synapse=projection.synapse,
        weight=projection.weight,
        delay=projection.delay,
    )


def _take_drive(said: Exportable, drive: Drive) -> None:
    target, kind = drive.target.name, type(drive.input).__name__
    if target not in {population.name for population in said.network.populations}:
        return
    what = f"the {kind} onto {target!r}"
    if drive.synapse is not None:
        if target not in said.relays and _hears_by(said, target, drive.synapse, what):
            said.drives.append(drive)
        if getattr(drive.input, "factors", None) is not None:
            said.losses.append(f"the factors of {what} (all its spikes get one strength)")
        if drive.input.is_custom:
            said.losses.append(f"the times of {what} (it becomes an Input)")
        if type(drive.input) is Poisson:
            said.losses.append(f"the rates of {what} (it becomes an Input)")
    elif type(drive.input) is ConstantCurrent:
        total = said.currents.setdefault(target, np.zeros(drive.target.size))
        total[slice(None) if drive.ids is None else drive.ids] += drive.input.amplitude
    else:
        said.losses.append(what)
