"""Plastic synapses laid out for one thread, what they begin with, and what they have come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder.codegen.rule_source import rule_functions
from neurosim.builder.connections import unpack
from neurosim.builder.layout import EI_VARIABLES
from neurosim.builder.projections import Projections, expected_synapses
from neurosim.builder.synapses import make_tables
from neurosim.errors import NeurosimError
from neurosim.kernels import Entry, Plastic, PlasticityState, address_table, drop_spikes
from neurosim.kernels.synapse_types import PLASTIC_PROJECTION
from neurosim.models.declare import parameters_of, traces_of
from neurosim.utils.resources import physical_memory

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.builder.layout import Layout
    from neurosim.builder.workers import Each
    from neurosim.kernels import Table
    from neurosim.models import Plasticity
    from neurosim.network import Network

BYTES = 64
"""Memory of a plastic synapse."""
LEAST_HISTORY = 2**12
"""Number of postsynaptic spikes that a thread always keeps."""
HISTORY = ("steps", "values", "next_spike")
"""Fields of `PlasticityState` that hold these spikes."""


@dataclass(frozen=True, eq=False)
class PlasticPart:
    """One thread's plastic synapses.

    Attributes
    ----------
    tables : Plastic
    weights : (n_synapses,) ndarray of float64
        With which they begin.
    n_lists : int
        Lists of postsynaptic spikes.
    projections : (n_synapses,) ndarray of int64
        Number of the projection in the network.
    sources, targets : (n_synapses,) ndarray of int64
        Indices within their populations.
    delays : (n_synapses,) ndarray of int64
        Steps.
    first_target : (n_projections,) ndarray of int64
        The thread's first neuron of each plastic projection's target population.
    functions : tuple
        `transmit_row` and `mark_row` of each projection's rule, as attributes.
    n_pre_traces, n_post_traces : int
        Largest number of traces that a rule has.
    """

    tables: Plastic
    weights: NDArray[np.float64]
    n_lists: int
    projections: NDArray[np.int64]
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    delays: NDArray[np.int64]
    first_target: NDArray[np.int64]
    functions: tuple[Any, ...]
    n_pre_traces: int
    n_post_traces: int


def plastic_projections(
    network: Network, layout: Layout, dt: float, seed: int, own: range, each: Each
) -> list[Projections]:
    """Return the plastic projections, each for itself.

    Raises
    ------
    NeurosimError
        Where input that excites and input that inhibits a plastic neuron shall be told apart, and
        where the synapses would not fit the memory.
    """
    chosen = [k for k, p in enumerate(network.projections) if p.plasticity is not None]
    for k in chosen:
        target = network.projections[k].target
        for recording in network.recordings:
            if recording.population is target and recording.variable in EI_VARIABLES:
                raise NeurosimError(
                    f"{recording.variable!r} of {target.name!r} cannot be recorded, as plastic "
                    "synapses lead there: record 'i_syn' or 'v'"
                )
    needed = BYTES * sum(expected_synapses(network.projections[k]) for k in chosen)
    there = physical_memory()
    if there is not None and needed > 0.9 * there:
        raise NeurosimError(
            f"The plastic synapses need about {needed / 2**30:.1f} GiB; "
            f"{there / 2**30:.1f} GiB are available: make fewer of them plastic"
        )
    return [Projections(network, layout, dt, seed, (k,), own=own, each=each) for k in chosen]


def _rates(rule: Plasticity, side: str, dt: float) -> list[float]:
    """Return the decay rates (per step) of a rule's traces of spikes of one side."""
    taus = [trace.tau for trace in traces_of(type(rule)).values() if trace.side == side]
    return [dt / (getattr(rule, tau) if isinstance(tau, str) else tau) for tau in taus]


def _rules(rules: list[Plasticity], dt: float) -> NDArray[np.float64]:
    """Return `Plastic.rules`."""
    rows = [
        [getattr(rule, name) for name in parameters_of(type(rule))]
        + _rates(rule, "pre", dt)
        + _rates(rule, "post", dt)
        for rule in rules
    ]
    table = np.zeros((len(rows), max(map(len, rows), default=0)))
    for row, values in zip(table, rows, strict=True):
        row[: len(values)] = values
    return table


def plastic_parts(
    network: Network,
    plastic: list[Projections],
    layout: Layout,
    dt: float,
    own: range,
    each: Each,
    debug: bool,
) -> list[PlasticPart]:
    """Lay out the plastic synapses of each thread of this process.

    `debug` tells whether to run their rules as plain Python.
    """
    made = [make_tables(projections, each) for projections in plastic]
    functions = [rule_functions(_rule_of(projections), debug) for projections in plastic]

    def part(thread: int) -> PlasticPart:
        tables = [of[thread - own.start][0] for of in made]
        return _plastic_part(network, plastic, tables, functions, layout, thread, dt)

    return list(each(part, own))


def _rule_of(projections: Projections) -> Plasticity:
    """Return the rule of a plastic projection."""
    rule = projections.projections[0].plasticity
    assert rule is not None
    return rule


def _plastic_part(
    network: Network,
    plastic: list[Projections],
    tables: list[Table],
    functions: list[Any],
    layout: Layout,
    thread: int,
    dt: float,
) -> PlasticPart:
    """Lay out one thread's plastic synapses."""
    own = np.zeros(len(plastic), PLASTIC_PROJECTION)
    rules = [_rule_of(projections) for projections in plastic]
    segments, delays, targets, posts, weights, kinds, sources, steps, lows = ([] for _ in range(9))
    ends, n, n_lists, n_delays, n_rows = [np.zeros(1, np.int64)], 0, 0, 0, 0
    for p, (projections, table) in enumerate(zip(plastic, tables, strict=True)):
        (projection,) = projections.projections
        local = layout.threads[thread].populations[layout.index(projection.target)]
        first = int(layout.first_id[layout.index(projection.source)])
        source, slots, weight, late = unpack(table)
        different = np.unique(projections.column_delays)
        row = (source - first) * len(different) + np.searchsorted(different, late)
        # Within a delay the table may go by weight: here only the row counts.
        order = np.argsort(row, kind="stable")
        rows = projection.source.size * len(different)
        ends.append(n + np.cumsum(np.bincount(row, minlength=rows)))
        sides = [trace.side for trace in traces_of(type(rules[p])).values()]
        own[p] = (
            first,
            projection.source.size,
            n_rows,
            n_delays,
            len(different),
            int(layout.first_id[local.population]) + local.start,
            local.size,
            n_lists,
            len(parameters_of(type(rules[p]))) + sides.count("pre"),
            sides.count("post"),
            rules[p].w_max,
        )
        slots = slots.astype(np.int64)[order]
        place = slots - local.slots[projection.synapse]
        targets.append(slots)
        posts.append(n_lists + place)
        weights.append(weight[order].astype(float))
        delays.append(different)
        segments.append(local.start + place)
        sources.append(source[order] - first)
        steps.append(late[order])
        number = next(k for k, other in enumerate(network.projections) if other is projection)
        kinds.append(np.full(len(slots), number))
        lows.append(local.start)
        n, n_rows = n + len(slots), n_rows + rows
        n_lists, n_delays = n_lists + local.size, n_delays + len(different)

    def joined(parts: list[NDArray], dtype: type = np.int64) -> NDArray:
        return np.concatenate([np.empty(0, dtype), *parts]).astype(dtype, copy=False)

    laid = Plastic(
        projections=own,
        rules=_rules(rules, dt),
        delays=joined(delays),
        segment=np.concatenate(ends),
        targets=joined(targets),
        post_ids=joined(posts),
    )
    begin = joined(weights, np.float64)
    return PlasticPart(
        laid,
        begin,
        n_lists,
        joined(kinds),
        joined(sources),
        joined(segments),
        joined(steps),
        np.array(lows, np.int64),
        tuple(functions),
        _most_traces(rules, "pre"),
        _most_traces(rules, "post"),
    )


def _most_traces(rules: list[Plasticity], side: str) -> int:
    """Return the largest number of traces of one side that a rule has, at least 1."""
    return max(1, *(len(_rates(rule, side, 1.0)) for rule in rules), 1)


def new_plasticity_state(part: PlasticPart) -> PlasticityState:
    """Return the state of plastic synapses at time 0."""
    n = len(part.weights)
    return PlasticityState(
        weights=part.weights.copy(),
        traces=np.zeros((n, part.n_pre_traces)),
        last_pre=np.zeros(n, np.int64),
        last_seen=np.full(n, -1, np.int64),
        steps=np.empty(0, np.int64),
        values=np.empty((0, part.n_post_traces)),
        next_spike=np.empty(0, np.int64),
        first_spike=np.full(part.n_lists, -1, np.int64),
        last_spike=np.full(part.n_lists, -1, np.int64),
        count=np.zeros(1, np.int64),
    )


def history_limit(plasticity: PlasticityState) -> int:
    """Return the number of stored postsynaptic spikes above which unneeded ones are dropped.

    Dropping visits all synapses and spikes, so its cost for each new spike stays constant if the
    history grows by as many spikes as there are of both.
    """
    return 2 * int(plasticity.count[0]) + len(plasticity.weights) + LEAST_HISTORY


def drop_history(part: PlasticPart, plasticity: PlasticityState, step: int) -> PlasticityState:
    """Return the state without the postsynaptic spikes that no synapse needs at step `step`.

    The spikes that are kept do not depend on earlier calls. Some arrays are changed in place.
    """
    tables, n = part.tables, int(plasticity.count[0])
    kept = plasticity._replace(
        **{name: np.empty_like(getattr(plasticity, name)[:n]) for name in HISTORY}
    )
    needed, places = np.zeros(n, bool), np.empty(n, np.int64)
    marks = [
        Entry(own.mark_row, tables, plasticity, rule, needed)
        for own, rule in zip(part.functions, tables.rules, strict=True)
    ]
    drop = Entry(drop_spikes, tables, plasticity, kept, address_table(marks), needed, places)
    count = drop(step, 0, 0, 0, 0)
    left = {name: getattr(kept, name)[:count].copy() for name in HISTORY}
    return plasticity._replace(**left, count=np.array([count]))


def ensure_history_capacity(plasticity: PlasticityState, most: int) -> PlasticityState:
    """Return the state with capacity for `most` more postsynaptic spikes."""
    kept = int(plasticity.count[0])
    if len(plasticity.first_spike) == 0 or len(plasticity.steps) >= kept + most:
        return plasticity

    def longer(array: NDArray) -> NDArray:
        larger = np.empty((2 * kept + most, *array.shape[1:]), array.dtype)
        larger[:kept] = array[:kept]
        return larger

    grown = {name: longer(getattr(plasticity, name)) for name in HISTORY}
    return plasticity._replace(**grown)
