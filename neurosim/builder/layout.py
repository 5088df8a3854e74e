"""Assignment of neurons to threads, and indices of neurons and their inputs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder.linear import with_method
from neurosim.errors import NeurosimError
from neurosim.kernels.types import MAX_STEPS
from neurosim.models import DeltaSynapse
from neurosim.models.declare import states_of
from neurosim.models.neurons.lif_equations import lif_equations
from neurosim.models.synapses.currents import InjectedCurrent

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from numpy.typing import NDArray

    from neurosim.models import Synapse
    from neurosim.network import Network, Population, Projection

NOISE = "noise"
"""Port of membrane noise, which adds to V like a delta synapse but is not a synaptic input."""

LINE = 16
"""Populations start at multiples of this index: the number of 32-bit numbers in a cache line.
Vectors across two lines take a third longer."""

BUFFER = 2**19
"""Bytes of input of the next steps that fit into a core's second-level cache with other data."""

EI_VARIABLES = ("i_exc", "i_inh", "input_exc", "input_inh")
"""Variables that require E/I probes."""
SYNAPTIC = (*EI_VARIABLES, "i_syn")
"""Variables that sum over synapses."""


@dataclass(frozen=True, eq=False)
class LocalPopulation:
    """The part of one population that a thread owns.

    Attributes
    ----------
    population : int
        Index in the network.
    start, stop : int
        The neurons are `start` to `stop` − 1 of the population.
    first : int
        Local index of the first.
    currents : mapping of str or None to int
        Index in `State.injected` of the first neuron's injected current, by compartment. The soma
        is None; of others, only those with input currents are present.
    slots : mapping of port to int
        First slot of each port.
    probes : (n_probed,) ndarray of int64
        The neurons that have E/I probes.
    first_probe : int
        Local index of the first E/I probe. Probes of excitation precede those of inhibition.
    probe_slots : mapping of port to int
    """

    population: int
    start: int
    stop: int
    first: int
    currents: Mapping[str | None, int]
    slots: Mapping[Hashable, int]
    probed: NDArray[np.int64]
    first_probe: int
    probe_slots: Mapping[Hashable, int]

    @property
    def size(self) -> int:
        """Number of neurons."""
        return self.stop - self.start

    def probe_index(self) -> NDArray[np.int64]:
        """Return the index of each neuron in `probed`, or −1."""
        index = np.full(self.size, -1, np.int64)
        index[self.probed - self.start] = np.arange(len(self.probed))
        return index


@dataclass(frozen=True, eq=False)
class ThreadLayout:
    """The neurons of one thread.

    Attributes
    ----------
    populations : tuple of LocalPopulation
        One per population, in order.
    n_local, n_slots : int
        Number of local indices and slots, with gaps between populations.
    """

    populations: tuple[LocalPopulation, ...]
    n_local: int
    n_slots: int


@dataclass(frozen=True, eq=False)
class Layout:
    """Assignment of all neurons to threads.

    Attributes
    ----------
    populations : tuple of Population
        Those with synapses that have equations have neurons with equations too.
    first_id : (n_populations + 1,) ndarray of int64
        Global id of each population's first neuron; the last entry is the number of neurons.
    ports : tuple of tuple
        Distinct ports of each population: a synapse model, or `NOISE`.
    probed : tuple of (n_probed,) ndarray of int64
        Neurons of each population that have E/I probes.
    threads : tuple of ThreadLayout
    """

    populations: tuple[Population, ...]
    first_id: NDArray[np.int64]
    ports: tuple[tuple[Hashable, ...], ...]
    probed: tuple[NDArray[np.int64], ...]
    threads: tuple[ThreadLayout, ...]

    @property
    def max_slots(self) -> int:
        """Maximum number of slots of a thread."""
        return max(1, *(thread.n_slots for thread in self.threads))

    @property
    def row_stride(self) -> int:
        """Length of a row of a ring buffer, a power of two."""
        return 1 << (self.max_slots - 1).bit_length()

    @property
    def ring(self) -> int:
        """Number of rows of a ring buffer that 16 bits can index; 1 if only one row."""
        return int(np.clip(2**16 // self.row_stride, 1, MAX_STEPS))

    @property
    def steps_per_delivery(self) -> int:
        """Number of steps delivered together without a ring.

        It is the number that fits into the cache, at least 2.
        """
        return int(np.clip(BUFFER // (4 * self.max_slots), 2, MAX_STEPS))

    def index(self, population: Population) -> int:
        """Return the index of a population."""
        return next(k for k, p in enumerate(self.populations) if p.name == population.name)

    def synapses(self, k: int) -> tuple[Synapse, ...]:
        """Return the synapses onto population k that are integrated with its neurons."""
        return equations_in(self.ports[k])


def _ports(network: Network, population: Population) -> tuple[Hashable, ...]:
    """List a population's distinct ports, in order of first use in the network."""
    ports: dict[Hashable, None] = {}
    for projection in network.projections:
        couples = projection.synapse.couples and projection.source is population
        if projection.target is population or couples:
            ports[projection.synapse] = None
    for drive in network.drives:
        if drive.target is not population:
            continue
        if drive.input.is_noise:
            ports[NOISE] = None
        elif drive.synapse is not None:
            ports[drive.synapse] = None
        elif drive.compartment is not None:
            ports[InjectedCurrent(compartment=drive.compartment)] = None
    return tuple(ports) or (DeltaSynapse(),)


def equations_in(ports: tuple[Any, ...]) -> tuple[Synapse, ...]:
    """Return the ports that are synapses with equations of their own."""
    forms = (port.integrated for port in ports if port != NOISE)
    return tuple(form for form in forms if form.has_equations)


def _injected(ports: tuple[Any, ...]) -> list[str]:
    """Return the compartments with input currents, besides the soma."""
    injected = (port for port in ports if isinstance(port, InjectedCurrent))
    return [str(port.compartment) for port in injected]


def _with_equations(
    network: Network, population: Population, ports: tuple[Hashable, ...]
) -> Population:
    """Return a population whose neurons can be integrated together with its synapses."""
    synapses = equations_in(ports)
    if synapses:
        _check_recordings(network, population, synapses)
    neuron: Any = population.neuron
    if not neuron.is_linear:
        return replace(population, neuron=with_method(neuron, synapses))
    if not synapses:
        return population
    what = f"{population.name!r} receives {type(synapses[0]).__name__}, a synapse with equations"
    if NOISE in ports:
        raise NeurosimError(
            f"{what}, which cannot be combined with MembraneNoise: give Poisson spikes or an "
            "OrnsteinUhlenbeckCurrent"
        )
    return replace(population, neuron=with_method(lif_equations(neuron), synapses))


def _check_recordings(
    network: Network, population: Population, synapses: tuple[Synapse, ...]
) -> None:
    """Raise an error for recorded sums over synapses that some of the synapses do not have."""
    for recording in network.recordings:
        if recording.population is not population or recording.variable not in SYNAPTIC:
            continue
        what = f"{recording.variable!r} of {population.name!r} cannot be recorded, as it receives"
        for synapse in synapses:
            kind = type(synapse)
            if synapse.compartment is not None:
                raise NeurosimError(
                    f"{what} input to its {synapse.compartment}: record states of neurons and "
                    "synapses"
                )
            if synapse.couples or recording.variable.startswith("input"):
                raise NeurosimError(
                    f"{what} {kind.__name__}, a synapse with equations: record its state "
                    f"{next(iter(states_of(kind)))!r}"
                )


def _probed(
    network: Network, population: Population, ports: tuple[Hashable, ...]
) -> NDArray[np.int64]:
    """Return the neurons whose excitatory and inhibitory input is recorded separately.

    Currents of synapses with equations need no E/I probes.
    """
    integrated = equations_in(ports)
    wanted = [
        np.arange(population.size) if recording.ids is None else recording.ids
        for recording in network.recordings
        if recording.population is population and recording.variable in EI_VARIABLES
    ]
    if not wanted or len(integrated) == len([port for port in ports if port != NOISE]):
        return np.empty(0, np.int64)
    return np.unique(np.concatenate(wanted))


def whole_lines(n: int) -> int:
    """Round a number of values up to whole cache lines."""
    return -(-n // LINE) * LINE


def _lay_out_thread(
    layout: list[tuple[Population, tuple[Hashable, ...], NDArray[np.int64]]],
    thread: int,
    n_threads: int,
) -> ThreadLayout:
    """Assign an equal part of every population to a thread, for equal load."""
    bounds = [
        (p.size * thread // n_threads, p.size * (thread + 1) // n_threads) for p, _, _ in layout
    ]
    n_local = sum(whole_lines(high - low) for low, high in bounds)
    populations = []
    first = slot = 0
    first_current = n_local
    n_local += sum(
        whole_lines(high - low) * len(_injected(ports))
        for (low, high), (_, ports, _) in zip(bounds, layout, strict=True)
    )
    first_probe = n_local
    for k, ((low, high), (_, ports, probed)) in enumerate(zip(bounds, layout, strict=True)):
        probes = probed[(probed >= low) & (probed < high)]
        slots, probe_slots = {}, {}
        currents: dict[str | None, int] = {None: first}
        for compartment in _injected(ports):
            currents[compartment] = first_current
            first_current += whole_lines(high - low)
        for port in ports:
            slots[port] = slot
            slot += whole_lines(high - low)
        for port in ports:
            probe_slots[port] = slot
            slot += whole_lines(2 * len(probes))
        populations.append(
            LocalPopulation(k, low, high, first, currents, slots, probes, first_probe, probe_slots)
        )
        first += whole_lines(high - low)
        first_probe += whole_lines(2 * len(probes))
    return ThreadLayout(tuple(populations), first_probe, slot)


def lay_out(network: Network, n_threads: int) -> Layout:
    """Assign the neurons of a network to threads, and a slot to every input."""
    parts = []
    for population in network.populations:
        ports = _ports(network, population)
        probed = _probed(network, population, ports)
        parts.append((_with_equations(network, population, ports), ports, probed))
    return _lay_out(parts, n_threads)


def lay_out_ends(projection: Projection) -> Layout:
    """Lay out the populations of one projection, with its synapses as only input."""
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
