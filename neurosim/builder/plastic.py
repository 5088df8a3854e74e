"""Plastic synapses of one thread: tables, initial state and postsynaptic history."""

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
from neurosim.utils.resources import available_memory

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.builder.layout import Layout
    from neurosim.builder.workers import Each
    from neurosim.kernels import Table
    from neurosim.network import Network

BYTES = 64
"""Memory per plastic synapse."""
LEAST_HISTORY = 2**12
"""Number of postsynaptic spikes that a thread always keeps."""
HISTORY = ("steps", "values", "next_spike")
"""Fields of `PlasticityState` with one entry per postsynaptic spike."""


@dataclass(frozen=True, eq=False)
class PlasticPart:
    """The plastic synapses of one thread.

    Attributes
    ----------
    tables : Plastic
    weights : (n_synapses,) ndarray of float64
        Initial weights.
    n_lists : int
        Number of postsynaptic spike lists.
    projections : (n_synapses,) ndarray of int64
        Index of the projection in the network.
    sources, targets : (n_synapses,) ndarray of int64
        Indices within their populations.
    delays : (n_synapses,) ndarray of int64
        Steps.
    first_target : (n_projections,) ndarray of int64
        The thread's first neuron of each plastic projection's target population.
    functions : tuple
        `transmit_row` and `mark_row` of each projection's rule, as attributes.
    n_pre_traces, n_post_traces : int
        Largest number of traces of a rule, at least 1.
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
    network: Network, layout: Layout, dt: float, seed: int, local_threads: range, each: Each
) -> list[Projections]:
    """Return the plastic projections, one `Projections` for each.

    Raises
    ------
    NeurosimError
        If excitatory and inhibitory input of their targets is recorded separately, or if the
        synapses do not fit into memory.
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
    available = available_memory()
    if available is not None and needed > 0.9 * available:
        raise NeurosimError(
            f"The plastic synapses need about {needed / 2**30:.1f} GiB; "
            f"{available / 2**30:.1f} GiB are available: make fewer of them plastic"
        )
    return [
        Projections(network, layout, dt, seed, (k,), local_threads=local_threads, each=each)
        for k in chosen
    ]


class _Rule:
    """A plasticity rule and the parameters that its compiled functions read."""

    def __init__(self, rule: Any, dt: float) -> None:
        traces = traces_of(type(rule)).values()
        taus = [
            (trace.side, getattr(rule, trace.tau) if isinstance(trace.tau, str) else trace.tau)
            for trace in traces
        ]
        pre, post = ([dt / tau for side, tau in taus if side == s] for s in ("pre", "post"))
        parameters = [getattr(rule, name) for name in parameters_of(type(rule))]
        self.w_max: float = rule.w_max
        self.values = [*parameters, *pre, *post]
        self.n_pre, self.n_post = len(pre), len(post)
        self.first_rate = len(parameters) + len(pre)


def plastic_parts(
    network: Network,
    plastic: list[Projections],
    layout: Layout,
    dt: float,
    local_threads: range,
    each: Each,
    debug: bool,
) -> list[PlasticPart]:
    """Build the tables of plastic synapses of each thread of this process.

    With `debug`, rules run as plain Python.
    """
    made = [make_tables(projections, each) for projections in plastic]
    functions = tuple(rule_functions(projections.plasticity, debug) for projections in plastic)
    rules = [_Rule(projections.plasticity, dt) for projections in plastic]

    def part(thread: int) -> PlasticPart:
        tables = [of[thread - local_threads.start][0] for of in made]
        return _plastic_part(network, plastic, tables, rules, functions, layout, thread)

    return list(each(part, local_threads))


def _plastic_part(
    network: Network,
    plastic: list[Projections],
    tables: list[Table],
    rules: list[_Rule],
    functions: tuple[Any, ...],
    layout: Layout,
    thread: int,
) -> PlasticPart:
    """Build the tables of plastic synapses of one thread."""
    records = np.zeros(len(plastic), PLASTIC_PROJECTION)
    columns: dict[str, list[NDArray]] = {}
    stops, n_synapses, n_lists, n_delays, n_rows = [np.zeros(1, np.int64)], 0, 0, 0, 0
    for p, (projections, table, rule) in enumerate(zip(plastic, tables, rules, strict=True)):
        (projection,) = projections.projections
        local = layout.threads[thread].populations[layout.index(projection.target)]
        first_source = int(layout.first_id[layout.index(projection.source)])
        source, slots, weight, delay = unpack(table)
        distinct = np.unique(projections.column_delays)
        row = (source - first_source) * len(distinct) + np.searchsorted(distinct, delay)
        # Within a delay the table may be sorted by weight: only the row matters here.
        order = np.argsort(row, kind="stable")
        size = projection.source.size * len(distinct)
        stops.append(n_synapses + np.cumsum(np.bincount(row, minlength=size)))
        records[p] = (
            first_source,
            projection.source.size,
            n_rows,
            n_delays,
            len(distinct),
            int(layout.first_id[local.population]) + local.start,
            local.size,
            n_lists,
            rule.first_rate,
            rule.n_post,
            rule.w_max,
        )
        slots = slots.astype(np.int64)[order]
        offset = slots - local.slots[projection.synapse]
        number = next(k for k, other in enumerate(network.projections) if other is projection)
        found = {
            "slots": slots,
            "post_ids": n_lists + offset,
            "weights": weight[order],
            "distinct": distinct,
            "projections": np.full(len(slots), number),
            "sources": source[order] - first_source,
            "targets": local.start + offset,
            "delays": delay[order],
            "first_target": np.array([local.start]),
        }
        for name, column in found.items():
            columns.setdefault(name, []).append(column)
        n_synapses, n_rows = n_synapses + len(slots), n_rows + size
        n_lists, n_delays = n_lists + local.size, n_delays + len(distinct)

    def joined(name: str, dtype: type = np.int64) -> NDArray:
        parts = [np.empty(0, dtype), *columns.get(name, [])]
        return np.concatenate(parts).astype(dtype, copy=False)

    values = np.zeros((len(rules), max((len(rule.values) for rule in rules), default=0)))
    for row_values, rule in zip(values, rules, strict=True):
        row_values[: len(rule.values)] = rule.values
    return PlasticPart(
        tables=Plastic(
            projections=records,
            rules=values,
            delays=joined("distinct"),
            segment=np.concatenate(stops),
            targets=joined("slots"),
            post_ids=joined("post_ids"),
        ),
        weights=joined("weights", np.float64),
        n_lists=n_lists,
        projections=joined("projections"),
        sources=joined("sources"),
        targets=joined("targets"),
        delays=joined("delays"),
        first_target=joined("first_target"),
        functions=functions,
        n_pre_traces=max(1, *(rule.n_pre for rule in rules), 1),
        n_post_traces=max(1, *(rule.n_post for rule in rules), 1),
    )


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


def history_limit(state: PlasticityState) -> int:
    """Return the number of postsynaptic spikes above which unneeded ones are dropped.

    The cost of dropping is proportional to the number of synapses and spikes. The history may grow
    by this number before spikes are dropped, so the cost per new spike is constant.
    """
    return 2 * int(state.count[0]) + len(state.weights) + LEAST_HISTORY


def drop_history(part: PlasticPart, state: PlasticityState, step: int) -> PlasticityState:
    """Return the state without unneeded postsynaptic spikes at step `step`.

    These are the spikes that no synapse needs any more.

    The kept spikes do not depend on earlier calls. Some arrays are changed in place.
    """
    tables, n = part.tables, int(state.count[0])
    kept = state._replace(**{name: np.empty_like(getattr(state, name)[:n]) for name in HISTORY})
    needed, new_index = np.zeros(n, bool), np.empty(n, np.int64)
    marks = [
        Entry(functions.mark_row, tables, state, rule, needed)
        for functions, rule in zip(part.functions, tables.rules, strict=True)
    ]
    drop = Entry(drop_spikes, tables, state, kept, address_table(marks), needed, new_index)
    count = drop(step, 0, 0, 0, 0)
    left = {name: getattr(kept, name)[:count].copy() for name in HISTORY}
    return state._replace(**left, count=np.array([count]))


def ensure_history_capacity(state: PlasticityState, n_spikes: int) -> PlasticityState:
    """Return the state with capacity for `n_spikes` more postsynaptic spikes."""
    kept = int(state.count[0])
    if len(state.first_spike) == 0 or len(state.steps) >= kept + n_spikes:
        return state

    def longer(array: NDArray) -> NDArray:
        larger = np.empty((2 * kept + n_spikes, *array.shape[1:]), array.dtype)
        larger[:kept] = array[:kept]
        return larger

    return state._replace(**{name: longer(getattr(state, name)) for name in HISTORY})
