"""Convert a network to read-only tables for the kernels."""

from __future__ import annotations

from collections import ChainMap
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from neurosim.builder.context import BuildContext
from neurosim.builder.drives import Ports, input_tables
from neurosim.builder.gap_junctions import couplings, gap_junctions
from neurosim.builder.grid import check_dt
from neurosim.builder.heterogeneous import heterogeneous_tables
from neurosim.builder.layout import Layout, lay_out
from neurosim.builder.memory import check_delay_tables, check_memory, check_size
from neurosim.builder.models import ModelPart, initial_states, model_tables, most_spikes
from neurosim.builder.neurons import neuron_tables
from neurosim.builder.parameters import (
    initial_potentials,
    number_of,
    potential_offset,
    shortest_refractory,
)
from neurosim.builder.plastic import (
    PlasticPart,
    modulation_steps,
    plastic_parts,
    plastic_projections,
    target_offsets,
)
from neurosim.builder.pools import pool_delay, pool_projections, pool_tables
from neurosim.builder.projections import Projections, expected_synapses
from neurosim.builder.recording import (
    SentSpikesPlan,
    TracePlan,
    TraceTerm,
    plan_sent_spikes,
    plan_traces,
    recorded_spikes,
    recording_table,
)
from neurosim.builder.streams import check_seed
from neurosim.builder.synapses import into_ring, make_tables
from neurosim.builder.transmission import (
    Sources,
    TransmissionPart,
    efficacy_rows,
    sources_of,
    transmission_parts,
)
from neurosim.builder.workers import workers
from neurosim.errors import NeurosimError
from neurosim.network.dale import common_effect, effect_of
from neurosim.results import PopulationInfo
from neurosim.utils.progress import no_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from neurosim.kernels import (
        Couplings,
        Heterogeneous,
        Inputs,
        Neurons,
        Pools,
        RecordingTable,
        Table,
    )
    from neurosim.network import Network


@dataclass(frozen=True, eq=False)
class ThreadPlan:
    """The tables of one thread.

    Attributes
    ----------
    table : Table
        Static synapses.
    plastic : PlasticPart
    transmissions : sequence of TransmissionPart
    pools : Pools or None
    neurons : Neurons
    escape_blocks : (n_blocks,) ndarray of int64
        Blocks of neurons with escape noise.
    models : ModelPart
    heterogeneous : Heterogeneous or None
    couplings : Couplings or None
        None if the network has no gap junctions.
    inputs : Inputs
    ports : Ports
    recording : RecordingTable
    trace_terms : tuple of TraceTerm
        How samples are added to the traces.
    offsets : (n_lists,) ndarray of float64
        Potential to which `State.v` of the targets of plastic synapses is relative (mV).
    v_start : (n_local,) ndarray of float64
        Potential at time 0, relative to rest (mV).
    n_synaptic, n_slots : int
        Sizes of `State.synaptic` and of a row of `State.buffer`.
    """

    table: Table
    plastic: PlasticPart
    transmissions: Sequence[TransmissionPart]
    pools: Pools | None
    neurons: Neurons
    escape_blocks: NDArray[np.int64]
    models: ModelPart
    heterogeneous: Heterogeneous | None
    couplings: Couplings | None
    inputs: Inputs
    ports: Ports
    recording: RecordingTable
    trace_terms: tuple[TraceTerm, ...]
    offsets: NDArray[np.float64]
    v_start: NDArray[np.float64]
    n_synaptic: int
    n_slots: int


class Synapses(NamedTuple):
    """Synapses of the threads of this process.

    Attributes
    ----------
    tables : sequence of Table
    plastic : sequence of PlasticPart
    transmissions : sequence of Sources
    transmission_parts : sequence of sequence of TransmissionPart
    signs : mapping of str to int
        Sign of all synapses from each population.
    max_delay, min_delay : int
        Longest and shortest delay (steps), at least 1.
    n_synapses : int
    """

    tables: Sequence[Table]
    plastic: Sequence[PlasticPart]
    transmissions: Sequence[Sources]
    transmission_parts: Sequence[Sequence[TransmissionPart]]
    signs: Mapping[str, int]
    max_delay: int
    min_delay: int
    n_synapses: int


@dataclass(frozen=True, eq=False)
class Plan:
    """Read-only tables of a network, for a time grid and a number of threads.

    Attributes
    ----------
    dt : float
        ms.
    seed : int
    layout : Layout
    threads : tuple of ThreadPlan
        The threads of this process.
    local_threads : range
        Indices of these threads among all.
    first_id : (n_populations + 1,) ndarray of int64
    populations : mapping of str to PopulationInfo
    offsets : mapping of str to float or (size,) ndarray
        Potential to which `State.v` is relative, by population (mV).
    spikes_of : mapping of str to (n_recorded,) ndarray of int64
        Neurons whose spikes are recorded.
    traces : tuple of TracePlan
    sent_spikes : tuple of SentSpikesPlan
        Inputs whose spikes are recorded.
    synapses : Synapses
    steps_per_delivery : int
        Steps that are delivered together.
    refractory : (n_populations,) ndarray of int64
        Refractory steps of each population.
    most_spikes : (n_populations,) ndarray of int64
        Maximum number of spikes of a neuron in a step, by population.
    """

    dt: float
    seed: int
    layout: Layout
    threads: tuple[ThreadPlan, ...]
    local_threads: range
    first_id: NDArray[np.int64]
    populations: Mapping[str, PopulationInfo]
    offsets: Mapping[str, float | NDArray[np.float64]]
    spikes_of: Mapping[str, NDArray[np.int64]]
    traces: tuple[TracePlan, ...]
    sent_spikes: tuple[SentSpikesPlan, ...]
    synapses: Synapses
    steps_per_delivery: int
    refractory: NDArray[np.int64]
    most_spikes: NDArray[np.int64]

    @property
    def max_delay(self) -> int:
        """Longest delay (steps)."""
        return self.synapses.max_delay

    @property
    def n_threads(self) -> int:
        """Number of threads of all processes."""
        return len(self.layout.threads)

    def max_spikes(self, n_steps: int, n_parts: int = 1) -> int:
        """Return the maximum number of spikes in `n_steps` steps.

        If `n_parts` is given, only one of `n_parts` equal parts of every population is counted.
        """
        sizes = -(-np.diff(self.first_id) // n_parts)
        steps = -(-n_steps // (self.refractory + 1))
        return int((sizes * self.most_spikes * steps).sum())


_DESCRIBED = ("v_rest", "v_threshold", "v_reset", "v_peak", "tau_m", "t_ref")


def _build_synapses(context: BuildContext, report: Callable[[float], object]) -> Synapses:
    """Build the synapses of a network."""
    network, dt = context.network, context.dt
    projections = Projections(context)
    plastic = plastic_projections(context)
    sources = sources_of(network)
    scaled = [Projections(context, some.numbers, share_weights=False) for some in sources]
    check_memory(projections, *scaled)
    made = make_tables(projections, report)
    parts = plastic_parts(context, plastic, efficacy_rows(sources))
    tables = list(context.each(lambda built: into_ring(built[0], context.layout), made))
    ring = int(tables[0].ring[0])
    transmitting, n_transmitting = transmission_parts(context, sources, scaled, ring)
    pools = pool_projections(network)
    pooled = int(sum(map(expected_synapses, pools)))
    built = (projections, *plastic, *scaled)
    other = [pool_delay(p, dt) for p in pools]
    other += [modulation_steps(m, dt) for m in network.modulations]
    delays = np.concatenate([*(q.delays.delays for q in built), other])
    return Synapses(
        tables=tables,
        plastic=parts,
        transmissions=sources,
        transmission_parts=transmitting,
        signs=_signs(network, built),
        max_delay=int(delays.max(initial=1)),
        min_delay=int(delays.min()) if len(delays) else 2**31,
        n_synapses=sum(n for _, n in made)
        + sum(len(part.weights) for part in parts)
        + n_transmitting
        + (pooled if context.local_threads.start == 0 else 0),
    )


def _signs(network: Network, built: Iterable[Projections]) -> dict[str, int]:
    """Return the sign of all synapses from each population, 0 for both signs."""
    found = ChainMap(*(projections.found_weights() for projections in built))
    return {
        population.name: common_effect(
            effect_of(p, found.get(p)) for p in network.projections if p.source is population
        )
        for population in network.populations
    }


def _describe(network: Network, signs: Mapping[str, int]) -> dict[str, PopulationInfo]:
    """Return the population information for results."""
    return {
        p.name: PopulationInfo(
            name=p.name,
            size=p.size,
            sign=signs[p.name],
            **{field: number_of(p.neuron, field) for field in _DESCRIBED},
        )
        for p in network.populations
    }


def _starting_potentials(context: BuildContext, thread: int) -> NDArray:
    """Return the potential of each neuron at time 0, as stored in `State.v`."""
    layout, seed = context.layout, context.seed
    v = np.zeros(layout.threads[thread].n_local)
    for local in context.parts(thread):
        population = layout.populations[local.population]
        if population.neuron.is_linear:
            start = initial_potentials(population, seed) - potential_offset(population, seed)
        else:
            start = initial_states(context, local.population)[:, 0]
        v[local.first : local.first + local.size] = start[local.start : local.stop]
    return v


def _freeze(part: ThreadPlan) -> None:
    """Make the arrays of a thread's tables read-only."""
    tables = [part.table, part.plastic.tables, part.neurons, part.inputs, part.recording]
    optional = (part.models.tables or (), part.heterogeneous or (), part.couplings or ())
    tables += [transmission.table for transmission in part.transmissions]
    for array in (*chain(*tables, *optional), part.v_start):
        array.flags.writeable = False


def build(
    network: Network,
    *,
    dt: float,
    seed: int,
    threads: int,
    local_threads: range | None = None,
    debug: bool = False,
    wired: Plan | None = None,
    report: Callable[[float], object] = no_report,
) -> Plan:
    """Build the tables of a network.

    Parameters
    ----------
    network : Network
        Later additions to the network do not affect the plan.
    dt : float
        Step of the time grid (ms).
    seed : int
    threads : int
    local_threads : range, optional
        Threads of this process. Default: all.
    debug : bool
        Whether to run the equations of models as plain Python.
    wired : Plan, optional
        Plan of the same network with other parameters of neurons, for the same threads. Its
        synapses are reused.
    report : callable
        Called with the completed fraction.

    Raises
    ------
    NeurosimError
        If the network is empty, or does not fit the time grid or the available memory.
    """
    dt, seed = check_dt(dt), check_seed(seed)
    if not network.populations:
        raise NeurosimError("The network has no population: add one with Network.add first")
    local_threads = range(threads) if local_threads is None else local_threads
    check_size(network)
    check_delay_tables(network, dt, threads)
    layout = lay_out(network, threads)
    with workers(len(local_threads)) as each:
        context = BuildContext(network, layout, dt, seed, local_threads, each, debug)
        synapses = _build_synapses(context, report) if wired is None else wired.synapses
        traces = plan_traces(context)
        offsets = {p.name: potential_offset(p, seed) for p in layout.populations}
        junctions = gap_junctions(context)
        efficacies = efficacy_rows(synapses.transmissions)

        def build_thread(thread: int) -> ThreadPlan:
            here = context.here(thread)
            plastic = synapses.plastic[here]
            cells = neuron_tables(context, thread)
            neurons = cells.tables
            models = model_tables(context, thread, neurons)
            inputs, ports = input_tables(context, thread, neurons)
            recording, trace_terms = recording_table(
                context, thread, traces, cells.state_index, models.first_state, ports.sources
            )
            part = ThreadPlan(
                table=synapses.tables[here],
                plastic=plastic,
                transmissions=synapses.transmission_parts[here],
                pools=pool_tables(context, thread, models.first_state, efficacies),
                neurons=neurons,
                escape_blocks=cells.escape_blocks,
                models=models,
                heterogeneous=heterogeneous_tables(context, thread, neurons),
                couplings=couplings(context, thread, junctions, models.first_state),
                inputs=inputs,
                ports=ports,
                recording=recording,
                trace_terms=trace_terms,
                offsets=target_offsets(plastic, network, offsets),
                v_start=_starting_potentials(context, thread),
                n_synaptic=cells.n_synaptic,
                n_slots=layout.threads[thread].n_slots,
            )
            _freeze(part)
            return part

        built = tuple(each(build_thread, local_threads))
    ring = int(built[0].table.ring[0])
    return Plan(
        dt=dt,
        seed=seed,
        layout=layout,
        threads=built,
        local_threads=local_threads,
        first_id=layout.first_id,
        populations=_describe(network, synapses.signs),
        offsets=offsets,
        spikes_of={
            p.name: recorded_spikes(network.recordings, p.name, p.size) for p in network.populations
        },
        traces=traces,
        sent_spikes=plan_sent_spikes(network),
        synapses=synapses,
        steps_per_delivery=ring if ring > 1 else layout.steps_per_delivery,
        refractory=np.array([shortest_refractory(p.neuron, dt) for p in network.populations]),
        most_spikes=most_spikes(context),
    )
