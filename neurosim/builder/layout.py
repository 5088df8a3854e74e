"""Who owns which neuron, and where each neuron and each of its inputs is kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.kernels.types import MAX_STEPS
from neurosim.models import DeltaSynapse
from neurosim.models.declare import states_of
from neurosim.models.lif_equations import lif_equations

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from numpy.typing import NDArray

    from neurosim.models import Synapse
    from neurosim.network import Network, Population, Projection

NOISE = "noise"
"""The port of membrane noise: it adds to V like a delta synapse but is no synaptic input."""

LINE = 16
"""Places of which every population begins at a multiple: so many numbers of 32 bits a cache line
holds. Vectors that lie across two lines take a third longer."""

BUFFER = 2**19
"""Bytes of input of the next steps that stay in a core's second-level cache, beside all else."""

EI_VARIABLES = ("i_exc", "i_inh", "input_exc", "input_inh")
"""Variables that ask for probes."""
SYNAPTIC = (*EI_VARIABLES, "i_syn")
"""Variables that are sums over synapses without equations."""


@dataclass(frozen=True, eq=False)
class LocalPopulation:
    """One thread's local of one population.

    Attributes
    ----------
    population : int
        Its number in the network.
    start, stop : int
        The neurons are start … stop − 1 of the population.
    first : int
        Local index of the first.
    slots : mapping of port to int
        First slot of each port.
    probes : (n_twins,) ndarray of int64
        Those of the neurons that have probes.
    first_probe : int
        Local index of the first probe; those that hear excitation come before the others.
    probe_slots : mapping of port to int
    """

    population: int
    start: int
    stop: int
    first: int
    slots: Mapping[Hashable, int]
    probed: NDArray[np.int64]
    first_probe: int
    probe_slots: Mapping[Hashable, int]

    @property
    def size(self) -> int:
        """Neurons in the local."""
        return self.stop - self.start

    def probe_index(self) -> NDArray[np.int64]:
        """Return the place of each neuron's probes among `probed`, or −1."""
        places = np.full(self.size, -1, np.int64)
        places[self.probed - self.start] = np.arange(len(self.probed))
        return places


@dataclass(frozen=True, eq=False)
class ThreadLayout:
    """All populations of one thread.

    Attributes
    ----------
    populations : tuple of LocalPopulation
        One per population, in order.
    n_local, n_slots : int
        Workspace for neurons and for their inputs; between populations some is left empty.
    """

    populations: tuple[LocalPopulation, ...]
    n_local: int
    n_slots: int


@dataclass(frozen=True, eq=False)
class Layout:
    """Where everything is.

    Attributes
    ----------
    populations : tuple of Population
        Those with synapses that have equations have neurons with equations too.
    first_id : (n_populations + 1,) ndarray of int64
        Global id of each population's first neuron; the last entry counts all neurons.
    ports : tuple of tuple
        Distinct ports of each population: a synapse model, or `NOISE`.
    probed : tuple of (n_twins,) ndarray of int64
        Neurons of each population that have probes.
    threads : tuple of ThreadLayout
    """

    populations: tuple[Population, ...]
    first_id: NDArray[np.int64]
    ports: tuple[tuple[Hashable, ...], ...]
    probed: tuple[NDArray[np.int64], ...]
    threads: tuple[ThreadLayout, ...]

    @property
    def max_slots(self) -> int:
        """Slots of the thread that has most."""
        return max(1, *(thread.n_slots for thread in self.threads))

    @property
    def row_stride(self) -> int:
        """Places for the input of one step where that of several lies in a ring."""
        return 1 << (self.max_slots - 1).bit_length()

    @property
    def ring(self) -> int:
        """Of how many steps' input 16 bits can tell the places, 1 where of one step's at most."""
        return int(np.clip(2**16 // self.row_stride, 1, MAX_STEPS))

    @property
    def steps_per_delivery(self) -> int:
        """Steps to deliver at a time without a ring: as many as stay in the cache, or 2."""
        return int(np.clip(BUFFER // (4 * self.max_slots), 2, MAX_STEPS))

    def index(self, population: Population) -> int:
        """Return the number of a population."""
        return next(k for k, p in enumerate(self.populations) if p.name == population.name)

    def synapses(self, k: int) -> tuple[Synapse, ...]:
        """Return the synapses onto population k that are integrated with its neurons."""
        return equations_in(self.ports[k])


def _ports(network: Network, population: Population) -> tuple[Hashable, ...]:
    """List a population's distinct ports, in the order in which the network mentions them."""
    ports: dict[Hashable, None] = {}
    for projection in network.projections:
        if projection.target is population:
            ports[projection.synapse] = None
    for drive in network.drives:
        if drive.target is not population:
            continue
        if drive.input.is_noise:
            ports[NOISE] = None
        elif drive.synapse is not None:
            ports[drive.synapse] = None
    return tuple(ports) or (DeltaSynapse(),)


def equations_in(ports: tuple[Any, ...]) -> tuple[Synapse, ...]:
    """Return the ports that are synapses with equations of their own."""
    return tuple(port for port in ports if port != NOISE and port.has_equations)


def _with_equations(
    network: Network, population: Population, ports: tuple[Hashable, ...]
) -> Population:
    """Return a population whose neurons can be integrated together with its synapses."""
    synapses = equations_in(ports)
    if synapses:
        _check_recordings(network, population, synapses[0])
    if not (synapses and population.neuron.is_linear):
        return population
    neuron: Any = population.neuron
    what = f"{population.name!r} receives {type(synapses[0]).__name__}, a synapse with equations"
    if NOISE in ports:
        raise NeurosimError(
            f"{what}, which cannot be combined with MembraneNoise: give Poisson spikes or a "
            "CurrentWaveform of noise"
        )
    return replace(population, neuron=lif_equations(neuron, what))


def _check_recordings(network: Network, population: Population, synapse: Synapse) -> None:
    """Refuse recordings of synaptic currents where a synapse has equations of its own."""
    for recording in network.recordings:
        if recording.population is population and recording.variable in SYNAPTIC:
            kind = type(synapse)
            raise NeurosimError(
                f"{recording.variable!r} of {population.name!r} cannot be recorded, as it receives "
                f"{kind.__name__}, a synapse with equations: record its state "
                f"{next(iter(states_of(kind)))!r}"
            )


def _probed(network: Network, population: Population) -> NDArray[np.int64]:
    """Return the neurons whose excitation and inhibition are recorded apart."""
    wanted = [
        np.arange(population.size) if recording.ids is None else recording.ids
        for recording in network.recordings
        if recording.population is population and recording.variable in EI_VARIABLES
    ]
    return np.unique(np.concatenate(wanted)) if wanted else np.empty(0, np.int64)


def whole_lines(places: int) -> int:
    """Return the number of places rounded up to whole cache lines."""
    return -(-places // LINE) * LINE


def _lay_out_thread(
    layout: list[tuple[Population, tuple[Hashable, ...], NDArray[np.int64]]],
    thread: int,
    n_threads: int,
) -> ThreadLayout:
    """Give a thread an equal local of every population, so that all have as much to do."""
    bounds = [
        (p.size * thread // n_threads, p.size * (thread + 1) // n_threads) for p, _, _ in layout
    ]
    n_local = sum(whole_lines(high - low) for low, high in bounds)
    populations = []
    first = slot = 0
    first_probe = n_local
    for k, ((low, high), (_, ports, probed)) in enumerate(zip(bounds, layout, strict=True)):
        probes = probed[(probed >= low) & (probed < high)]
        slots, probe_slots = {}, {}
        for port in ports:
            slots[port] = slot
            slot += whole_lines(high - low)
        for port in ports:
            probe_slots[port] = slot
            slot += whole_lines(2 * len(probes))
        populations.append(
            LocalPopulation(k, low, high, first, slots, probes, first_probe, probe_slots)
        )
        first += whole_lines(high - low)
        first_probe += whole_lines(2 * len(probes))
    return ThreadLayout(tuple(populations), first_probe, slot)


def lay_out(network: Network, n_threads: int) -> Layout:
    """Share a network's neurons among threads and give every input its slot."""
    parts = []
    for population in network.populations:
        ports, probed = _ports(network, population), _probed(network, population)
        parts.append((_with_equations(network, population, ports), ports, probed))
    return _lay_out(parts, n_threads)


def lay_out_ends(projection: Projection) -> Layout:
    """Lay out the populations of a projection alone, with no input but its synapses."""
    ends = dict.fromkeys((projection.source, projection.target))
    none = np.empty(0, np.int64)
    return _lay_out([(population, (projection.synapse,), none) for population in ends], 1)


def _lay_out(
    parts: list[tuple[Population, tuple[Hashable, ...], NDArray[np.int64]]], n_threads: int
) -> Layout:
    populations, ports, probed = zip(*parts, strict=True)
    first_id = np.cumsum([0, *(p.size for p in populations)], dtype=np.int64)
    threads = tuple(_lay_out_thread(parts, k, n_threads) for k in range(n_threads))
    return Layout(populations, first_id, ports, probed, threads)
