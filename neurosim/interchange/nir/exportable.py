"""Find the part of a network that NIR can represent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from neurosim.models import LIF, AlphaCurrent, ConstantCurrent, Poisson, PulsePacket
from neurosim.models.quantity import is_distribution
from neurosim.network import Network

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.models import Synapse
    from neurosim.network import Drive, Population, Projection

USUAL_PEAK = LIF().v_peak


class Exportable:
    """The part of a network that NIR can represent.

    Parameters
    ----------
    network : Network

    Attributes
    ----------
    network : Network
        Its populations and projections.
    relays : set of str
        Populations that only repeat their input spikes.
    synapses : dict of str to Synapse
        Synapse through which each population receives spikes.
    drives : list of Drive
        Spikes onto populations other than relays.
    currents : dict of str to (n,) ndarray of float64
        Constant current onto each population (pA).
    unsupported : list of str
        Parts that NIR cannot represent.
    """

    def __init__(self, network: Network) -> None:
        self.network = Network(dale=False)
        self.relays: set[str] = set()
        self.synapses: dict[str, Synapse] = {}
        self.drives: list[Drive] = []
        self.currents: dict[str, NDArray[np.float64]] = {}
        self.unsupported: list[str] = []
        for population in network.populations:
            self._add_population(population, network)
        self._names = {population.name for population in self.network.populations}
        for projection in network.projections:
            self._add_projection(projection)
        for drive in network.drives:
            self._add_drive(drive)
        for recording in network.recordings:
            self.unsupported.append(f"the recording of {recording.variable} of {recording.key!r}")

    def _add_population(self, population: Population, network: Network) -> None:
        """Add a population, or note why NIR cannot represent it."""
        name, neuron = population.name, population.neuron
        if not (neuron.is_linear and neuron.is_uniform):
            kind = type(neuron).__name__ + (
                "" if neuron.is_uniform else " (of different parameters)"
            )
            self.unsupported.append(f"the {kind} neurons {name!r} and their synapses")
            return
        self.network.add(name, population.size, neuron)
        if is_relay(network, population):
            self.relays.add(name)
            return
        start, usual = population.v_init, neuron.v_rest
        if neuron.v_rest > neuron.v_threshold:  # `from_nir` starts it at v_reset
            start, usual = neuron.v_rest if start is None else start, neuron.v_reset
        moved = start is not None and (is_distribution(start) or bool(np.any(start != usual)))
        fires = math.isfinite(neuron.v_threshold)
        notes = {
            f"the refractory period of {name!r} ({neuron.t_ref:g} ms)": neuron.t_ref,
            f"the escape noise of {name!r}": neuron.escape,
            f"the reset of {name!r} by subtraction (it resets to v_reset)": getattr(
                neuron, "subtract", 0.0
            ),
            f"v_peak of {name!r} ({neuron.v_peak:g} mV)": fires
            and neuron.v_peak != max(USUAL_PEAK, neuron.v_threshold),
            f"the initial potentials of {name!r} (it starts at rest)": moved,
        }
        self.unsupported += [note for note, applies in notes.items() if applies]

    def _accept(self, target: str, synapse: Synapse, part: str) -> bool:
        """Whether NIR can represent a synapse onto a population; else note the loss."""
        first = self.synapses.get(target, synapse)
        if type(synapse) is AlphaCurrent:
            why = ": NIR has no alpha current"
        elif synapse.has_equations:
            why = f": NIR has no {type(synapse).__name__}"
        elif synapse.is_current and not math.isfinite(self.network[target].neuron.tau_m):
            why = ": NIR has no synaptic current onto a neuron without leak"
        elif first != synapse:
            why = f", through {synapse}: other spikes reach it through {first}"
        else:
            self.synapses[target] = synapse
            return True
        self.unsupported.append(part + why)
        return False

    def _add_projection(self, projection: Projection) -> None:
        """Add a projection between populations of the network."""
        source, target = projection.source.name, projection.target.name
        part = f"{source!r} → {target!r}"
        if not {source, target} <= self._names or not self._accept(
            target, projection.synapse, f"the synapses {part}"
        ):
            return
        if projection.plasticity is not None:
            self.unsupported.append(f"the plasticity of {part} (it keeps its initial weights)")
        drawn = is_distribution(projection.weight) or is_distribution(projection.delay)
        if drawn or projection.rule.random:
            self.unsupported.append(f"the randomness of {part} (it is drawn with the seed)")
        sources, targets = (
            slice(None) if ids is None else ids
            for ids in (projection.source_ids, projection.target_ids)
        )
        self.network.connect(
            self.network[source][sources],
            self.network[target][targets],
            projection.rule,
            synapse=projection.synapse,
            weight=projection.weight,
            delay=projection.delay,
        )

    def _add_drive(self, drive: Drive) -> None:
        """Add spikes or a constant current onto a population of the network."""
        target, kind = drive.target.name, type(drive.input).__name__
        if target not in self._names:
            return
        part = f"the {kind} onto {target!r}"
        if drive.synapse is not None:
            if target not in self.relays and self._accept(target, drive.synapse, part):
                self.drives.append(drive)
            if getattr(drive.input, "factors", None) is not None:
                self.unsupported.append(f"the factors of {part} (all its spikes get one strength)")
            if drive.input.is_generated or type(drive.input) is PulsePacket:
                self.unsupported.append(f"the times of {part} (it becomes an Input)")
            if type(drive.input) is Poisson:
                self.unsupported.append(f"the rates of {part} (it becomes an Input)")
        elif type(drive.input) is ConstantCurrent:
            current = self.currents.setdefault(target, np.zeros(drive.target.size))
            current[slice(None) if drive.ids is None else drive.ids] += drive.input.amplitude
        else:
            self.unsupported.append(part)


def is_relay(network: Network, population: Population) -> bool:
    """Whether a population fires immediately at each input spike, and only then."""
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
