"""Who owns which neuron, and where each neuron and each of its inputs is kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.kernels.types import MOST_STEPS
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

TWINNED = ("i_exc", "i_inh", "input_exc", "input_inh")
"""Variables that ask for twins."""
SYNAPTIC = (*TWINNED, "i_syn")
"""Variables that are sums over synapses without equations."""


@dataclass(frozen=True, eq=False)
class Share:
    """One thread's share of one population.

    Attributes
    ----------
    population : int
        Its number in the network.
    low, high : int
        The neurons are low … high − 1 of the population.
    first : int
        Local index of the first.
    slots : mapping of port to int
        First slot of each port.
    twins : (n_twins,) ndarray of int64
        Those of the neurons that have twins.
    twin_first : int
        Local index of the first twin; those that hear excitation come before the others.
    twin_slots : mapping of port to int
    """

    population: int
    low: int
    high: int
    first: int
    slots: Mapping[Hashable, int]
    twins: NDArray[np.int64]
    twin_first: int
    twin_slots: Mapping[Hashable, int]

    @property
    def size(self) -> int:
        """Neurons in the share."""
        return self.high - self.low

    def twin_of(self) -> NDArray[np.int64]:
        """Return the place of each neuron's twins among `twins`, or −1."""
        places = np.full(self.size, -1, np.int64)
        places[self.twins - self.low] = np.arange(len(self.twins))
        return places


@dataclass(frozen=True, eq=False)
class ThreadLayout:
    """All shares of one thread.

    Attributes
    ----------
    shares : tuple of Share
        One per population, in order.
    n_local, n_slots : int
        Room for neurons and for their inputs; between populations some is left empty.
    """

    shares: tuple[Share, ...]
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
    twinned : tuple of (n_twins,) ndarray of int64
        Neurons of each population that have twins.
    threads : tuple of ThreadLayout
    """

    populations: tuple[Population, ...]
    first_id: NDArray[np.int64]
    ports: tuple[tuple[Hashable, ...], ...]
    twinned: tuple[NDArray[np.int64], ...]
    threads: tuple[ThreadLayout, ...]

    @property
    def most_slots(self) -> int:
        """Slots of the thread that has most."""
        return max(1, *(thread.n_slots for thread in self.threads))

    @property
    def pitch(self) -> int:
        """Places for the input of one step where that of several lies in a ring."""
        return 1 << (self.most_slots - 1).bit_length()

    @property
    def ring(self) -> int:
        """Of how many steps' input 16 bits can tell the places, 1 where of one step's at most."""
        return int(np.clip(2**16 // self.pitch, 1, MOST_STEPS))

    @property
    def steps_at_once(self) -> int:
        """Steps to deliver at a time without a ring: as many as stay in the cache, or 2."""
        return int(np.clip(BUFFER // (4 * self.most_slots), 2, MOST_STEPS))

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


def _twinned(network: Network, population: Population) -> NDArray[np.int64]:
    """Return the neurons whose excitation and inhibition are recorded apart."""
    wanted = [
        np.arange(population.size) if recording.ids is None else recording.ids
        for recording in network.recordings
        if recording.population is population and recording.variable in TWINNED
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
    """Give a thread an equal share of every population, so that all have as much to do."""
    bounds = [
        (p.size * thread // n_threads, p.size * (thread + 1) // n_threads) for p, _, _ in layout
    ]
    n_local = sum(whole_lines(high - low) for low, high in bounds)
    shares = []
    first = slot = 0
    twin_first = n_local
    for k, ((low, high), (_, ports, twinned)) in enumerate(zip(bounds, layout, strict=True)):
        twins = twinned[(twinned >= low) & (twinned < high)]
        slots, twin_slots = {}, {}
        for port in ports:
            slots[port] = slot
            slot += whole_lines(high - low)
        for port in ports:
            twin_slots[port] = slot
            slot += whole_lines(2 * len(twins))
        shares.append(Share(k, low, high, first, slots, twins, twin_first, twin_slots))
        first += whole_lines(high - low)
        twin_first += whole_lines(2 * len(twins))
    return ThreadLayout(tuple(shares), twin_first, slot)


def lay_out(network: Network, n_threads: int) -> Layout:
    """Share a network's neurons among threads and give every input its slot."""
    parts = []
    for population in network.populations:
        ports, twinned = _ports(network, population), _twinned(network, population)
        parts.append((_with_equations(network, population, ports), ports, twinned))
    return _lay_out(parts, n_threads)


def lay_out_ends(projection: Projection) -> Layout:
    """Lay out the populations of a projection alone, with no input but its synapses."""
    ends = dict.fromkeys((projection.source, projection.target))
    none = np.empty(0, np.int64)
    return _lay_out([(population, (projection.synapse,), none) for population in ends], 1)


def _lay_out(
    parts: list[tuple[Population, tuple[Hashable, ...], NDArray[np.int64]]], n_threads: int
) -> Layout:
    populations, ports, twinned = zip(*parts, strict=True)
    first_id = np.cumsum([0, *(p.size for p in populations)], dtype=np.int64)
    threads = tuple(_lay_out_thread(parts, k, n_threads) for k in range(n_threads))
    return Layout(populations, first_id, ports, twinned, threads)
