"""Projections whose efficacy depends on earlier spikes, or whose release is stochastic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder.codegen.short_term_source import transmission_function
from neurosim.builder.parameters import values_of
from neurosim.builder.projections import Projections
from neurosim.builder.streams import stream_key
from neurosim.builder.synapses import into_ring, make_tables
from neurosim.kernels import Sites, Transmission
from neurosim.models.declare import parameters_of
from neurosim.models.quantity import is_uniform
from neurosim.models.short_term.base import ShortTermPlasticity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neurosim.builder.context import BuildContext
    from neurosim.kernels import Table
    from neurosim.models import Release
    from neurosim.network import Network, Population

ALL_BITS = 2**63 - 1


# Not registered, because networks and scenario files never name it.
@dataclass(frozen=True, eq=False)
class Constant(ShortTermPlasticity, abstract=True):
    """Efficacy of 1, for synapses with stochastic release only."""

    @staticmethod
    def transmit(interval: float, p: Any) -> float:
        """Return the efficacy."""
        return 1.0


@dataclass(frozen=True, eq=False)
class Sources:
    """Presynaptic neurons with a common model of efficacy, and the projections from them.

    Attributes
    ----------
    part : ShortTermPlasticity
    release : Release or None
    source : Population
    numbers : tuple of int
        Indices in the network of the projections. Projections with stochastic release are alone.
    users : tuple of int
        Indices of further projections that use the efficacy, with plastic synapses or NMDA pools.
    first_value, first_spike : int
        First entry in `State.source_states` and `State.last_spike`.
    initial : (n_states · size,) ndarray of float64
        States before the first spike.
    """

    part: ShortTermPlasticity
    release: Release | None
    source: Population
    numbers: tuple[int, ...]
    users: tuple[int, ...]
    first_value: int
    first_spike: int
    initial: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TransmissionPart:
    """The synapses of one transmission on one thread.

    Attributes
    ----------
    table : Table
    tables : Transmission
    sites : Sites or None
        For stochastic release.
    function : Any
        Computes the efficacy of spikes.
    """

    table: Table
    tables: Transmission
    sites: Sites | None
    function: Any


def sources_of(network: Network) -> tuple[Sources, ...]:
    """Return the transmissions of a network, in order of their first projection."""
    groups: dict[Any, list[int]] = {}
    projections = network.projections
    for number, projection in enumerate(projections):
        if projection.transmission is not None or projection.release is not None:
            alone = number if projection.release is not None else None
            key = projection.source.name, projection.transmission, alone
            groups.setdefault(key, []).append(number)
    found, first_value, first_spike = [], 0, 0
    for (_, part, _), numbers in groups.items():
        part = Constant() if part is None else part
        source, release = projections[numbers[0]].source, projections[numbers[0]].release
        own = tuple(k for k in numbers if projections[k].mechanism == "transmission")
        users = tuple(k for k in numbers if k not in own)
        initial = np.repeat(part.initial_states(), source.size)
        found.append(Sources(part, release, source, own, users, first_value, first_spike, initial))
        first_value, first_spike = first_value + len(initial), first_spike + source.size
    return tuple(found)


def efficacy_rows(found: Sequence[Sources]) -> dict[int, int]:
    """Return the row of `State.efficacy` of each plastic projection or pool that has one."""
    return {k: number for number, sources in enumerate(found) for k in sources.users}


def transmission_parts(
    context: BuildContext, found: tuple[Sources, ...], built: list[Projections], ring: int
) -> tuple[list[list[TransmissionPart]], int]:
    """Build the tables of the transmissions.

    Parameters
    ----------
    context : BuildContext
    found, built
        The transmissions and their projections.
    ring : int
        Number of rows of the ring buffer; 1 if the buffer is not a ring.

    Returns
    -------
    parts : list of list of TransmissionPart
        For each thread of this process the part of each transmission.
    n_synapses : int
    """
    parts: list[list[TransmissionPart]] = [[] for _ in context.local_threads]
    n_synapses = 0
    for number, (sources, projections) in enumerate(zip(found, built, strict=True)):
        function = transmission_function(sources.part, context.debug)
        made = make_tables(projections)
        n_synapses += sum(n for _, n in made)
        for k, (table, _) in enumerate(made):
            repeats = _repeats(table) if sources.release is not None else np.empty(0, np.uint8)
            if ring > 1:
                table = into_ring(table, context.layout)
            tables = _tables(context, number, sources, table)
            sites = None
            if sources.release is not None:
                thread = context.local_threads[k]
                sites = _sites(context, thread, number, sources, table, repeats)
            parts[k].append(TransmissionPart(table, tables, sites, function))
    return parts, n_synapses


def _tables(context: BuildContext, number: int, sources: Sources, table: Table) -> Transmission:
    """Return the tables of a transmission."""
    source, part = sources.source, sources.part
    first = min(sources.numbers + sources.users)
    values = {name: getattr(part, name) for name in parameters_of(type(part))}
    uniform = all(map(is_uniform, values.values()))
    columns = [
        [value] if uniform else values_of(source, value, f"short term {first} {name}", context.seed)
        for name, value in values.items()
    ]
    return Transmission(
        number=number,
        first_source=context.first_id(source),
        n_sources=source.size,
        first_value=sources.first_value,
        first_spike=sources.first_spike,
        dt=np.array([context.dt]),
        parameters=np.array(columns, float).reshape(len(values), 1 if uniform else source.size),
        rows=table.start,
    )


def _sites(
    context: BuildContext,
    thread: int,
    number: int,
    sources: Sources,
    table: Table,
    repeats: NDArray[np.uint8],
) -> Sites:
    """Return the release sites of a projection on one thread."""
    (index,), release = sources.numbers, sources.release
    assert release is not None
    projection = context.network.projections[index]
    local = context.part(thread, projection.target)
    neurons = np.zeros(context.layout.threads[thread].n_slots, np.int32)
    slot, probe = local.slots[projection.synapse], local.probe_slots[projection.synapse]
    neurons[slot : slot + local.size] = np.arange(local.start, local.stop)
    neurons[probe : probe + 2 * len(local.probed)] = np.tile(local.probed, 2)
    ring, stride = int(table.ring[0]), int(table.row_stride[0])
    return Sites(
        number=number,
        key=np.array([stream_key(context.seed, "release", index)], np.uint64),
        probability=np.array([release.p]),
        sites=release.sites,
        mask=ring * stride - 1 if ring > 1 else ALL_BITS,
        slots=stride - 1 if ring > 1 else ALL_BITS,
        neurons=neurons,
        repeats=repeats,
    )


def _repeats(table: Table) -> NDArray[np.uint8]:
    """Return the number of earlier synapses of each synapse's pair of neurons; empty if all are 0.

    Targets are slots. With more than 255 synapses of a pair the numbers repeat.
    """
    n = len(table.targets)
    row = np.repeat(np.arange(len(table.start)), np.diff(table.start, append=n))
    order = np.lexsort((table.targets, row))
    pair = np.stack([row[order], table.targets[order].astype(np.int64)])
    new = np.ones(n, bool)
    new[1:] = (np.diff(pair, axis=1) != 0).any(axis=0)
    if new.all():
        return np.empty(0, np.uint8)
    index = np.arange(n)
    repeats = np.empty(n, np.uint8)
    repeats[order] = index - np.maximum.accumulate(np.where(new, index, 0))
    return repeats
