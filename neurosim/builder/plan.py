"""Convert a network to read-only tables for the kernels."""

from __future__ import annotations

from collections import ChainMap
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from neurosim.builder.drives import CurrentPort, CustomPort, SpikePort, input_tables
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
from neurosim.builder.plastic import PlasticPart, plastic_parts, plastic_projections
from neurosim.builder.projections import Projections
from neurosim.builder.recording import (
    TracePlan,
    TraceTerm,
    plan_traces,
    recorded_spikes,
    recording_table,
)
from neurosim.builder.streams import check_seed
from neurosim.builder.synapses import into_ring, make_tables
from neurosim.builder.workers import workers
from neurosim.errors import NeurosimError
from neurosim.network.dale import common_effect, effect_of
from neurosim.results import PopulationInfo
from neurosim.utils.progress import no_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from neurosim.builder.workers import Each
    from neurosim.kernels import Heterogeneous, Inputs, Neurons, RecordingTable, Table
    from neurosim.network import Drive, Network


@dataclass(frozen=True, eq=False)
class ThreadPlan:
    """The tables of one thread.

    Attributes
    ----------
    table : Table
        Static synapses.
    plastic : PlasticPart
    neurons : Neurons
    escape_blocks : (n_blocks,) ndarray of int64
        Blocks of neurons with escape noise.
    models : ModelPart
    heterogeneous : Heterogeneous or None
    inputs : Inputs
    live : mapping of Drive to CurrentPort or SpikePort
        Ports of live drives.
    custom : mapping of Drive to CustomPort
        Ports of users' inputs.
    recording : RecordingTable
    trace_terms : tuple of TraceTerm
        How samples are added to the traces.
    v_start : (n_local,) ndarray of float64
        Potential at time 0, relative to rest (mV).
    n_synaptic, n_slots : int
        Sizes of `State.synaptic` and of a row of `State.buffer`.
    """

    table: Table
    plastic: PlasticPart
    neurons: Neurons
    escape_blocks: NDArray[np.int64]
    models: ModelPart
    heterogeneous: Heterogeneous | None
    inputs: Inputs
    live: Mapping[Drive, CurrentPort | SpikePort]
    custom: Mapping[Drive, CustomPort]
    recording: RecordingTable
    trace_terms: tuple[TraceTerm, ...]
    v_start: NDArray[np.float64]
    n_synaptic: int
    n_slots: int


class Synapses(NamedTuple):
    """Synapses of the threads of this process.

    Attributes
    ----------
    tables : sequence of Table
    plastic : sequence of PlasticPart
    signs : mapping of str to int
        Sign of all synapses from each population.
    max_delay, min_delay : int
        Longest and shortest delay (steps), at least 1.
    n_synapses : int
    """

    tables: Sequence[Table]
    plastic: Sequence[PlasticPart]
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


def _build_synapses(
    network: Network,
    layout: Layout,
    dt: float,
    seed: int,
    local_threads: range,
    each: Each,
    debug: bool,
    report: Callable[[float], object],
) -> Synapses:
    """Build the synapses of a network."""
    projections = Projections(network, layout, dt, seed, local_threads=local_threads, each=each)
    plastic = plastic_projections(network, layout, dt, seed, local_threads, each)
    check_memory(layout, projections)
    made = make_tables(projections, each, report)
    parts = plastic_parts(network, plastic, layout, dt, local_threads, each, debug)
    delays = np.concatenate([q.delays.delays for q in (projections, *plastic)])
    return Synapses(
        tables=list(each(lambda built: into_ring(built[0], layout), made)),
        plastic=parts,
        signs=_signs(network, (projections, *plastic)),
        max_delay=int(delays.max(initial=1)),
        min_delay=int(delays.min()) if len(delays) else 2**31,
        n_synapses=sum(n for _, n in made) + sum(len(part.weights) for part in parts),
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


def _starting_potentials(layout: Layout, thread: int, dt: float, seed: int) -> NDArray:
    """Return the potential of each neuron at time 0, as stored in `State.v`."""
    v = np.zeros(layout.threads[thread].n_local)
    for local in layout.threads[thread].populations:
        population = layout.populations[local.population]
        if population.neuron.is_linear:
            start = initial_potentials(population, seed) - potential_offset(population, seed)
        else:
            start = initial_states(layout, local.population, dt, seed)[:, 0]
        v[local.first : local.first + local.size] = start[local.start : local.stop]
    return v


def _freeze(part: ThreadPlan) -> None:
    """Make the arrays of a thread's tables read-only."""
    tables = (part.table, part.plastic.tables, part.neurons, part.inputs, part.recording)
    optional = (part.models.tables or (), part.heterogeneous or ())
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
        if wired is None:
            options = (local_threads, each, debug, report)
            synapses = _build_synapses(network, layout, dt, seed, *options)
        else:
            synapses = wired.synapses
        traces = plan_traces(network, layout, dt)

        def build_thread(thread: int) -> ThreadPlan:
            cells = neuron_tables(layout, thread, dt, seed)
            neurons = cells.tables
            models = model_tables(layout, neurons, thread, dt, seed, debug)
            inputs, live, custom = input_tables(network, layout, neurons, thread, dt, seed)
            recording, trace_terms = recording_table(
                traces, layout, thread, cells.state_index, models.first_state
            )
            part = ThreadPlan(
                table=synapses.tables[thread - local_threads.start],
                plastic=synapses.plastic[thread - local_threads.start],
                neurons=neurons,
                escape_blocks=cells.escape_blocks,
                models=models,
                heterogeneous=heterogeneous_tables(layout, neurons, thread, dt, seed),
                inputs=inputs,
                live=live,
                custom=custom,
                recording=recording,
                trace_terms=trace_terms,
                v_start=_starting_potentials(layout, thread, dt, seed),
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
        offsets={p.name: potential_offset(p, seed) for p in layout.populations},
        spikes_of={
            p.name: recorded_spikes(network.recordings, p.name, p.size) for p in network.populations
        },
        traces=traces,
        synapses=synapses,
        steps_per_delivery=ring if ring > 1 else layout.steps_per_delivery,
        refractory=np.array([shortest_refractory(p.neuron, dt) for p in network.populations]),
        most_spikes=most_spikes(layout, dt),
    )
