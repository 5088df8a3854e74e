"""Plastic synapses of one thread: tables, initial state and postsynaptic history."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder.codegen.rule_layout import (
    RuleLayout,
    initial_values,
    lags,
    number_of,
    rule_values,
)
from neurosim.builder.codegen.rule_source import rule_functions
from neurosim.builder.connections import unpack
from neurosim.builder.grid import to_steps
from neurosim.builder.layout import EI_VARIABLES
from neurosim.builder.memory import USABLE
from neurosim.builder.projections import Projections, expected_synapses
from neurosim.builder.synapses import make_tables
from neurosim.errors import NeurosimError
from neurosim.kernels import (
    UPDATE_INTERVAL,
    Entry,
    Plastic,
    PlasticityState,
    address_table,
    drop_spikes,
    update_all,
)
from neurosim.kernels.synapse_types import MODULATION, PLASTIC_PROJECTION
from neurosim.models.declare import signals_of
from neurosim.utils.resources import available_memory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from neurosim.builder.context import BuildContext
    from neurosim.kernels import Table
    from neurosim.network import Modulation, Network

BYTES = 64
"""Memory per plastic synapse."""
LEAST_HISTORY = 2**12
"""Number of postsynaptic spikes that a thread always keeps."""
HISTORY = ("steps", "values", "next_spike")
"""Fields of `PlasticityState` with one entry per postsynaptic spike."""
LENGTHS = ("row_lengths", "distinct", "slots")
"""Columns with one entry per row, delay and synapse of a projection."""


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
    modulations : (n_modulations,) ndarray of MODULATION
    initial : (n_projections, n_columns) ndarray of float64
        Values of a synapse at time 0.
    layouts : tuple of RuleLayout
        Of each projection's rule.
    n_values : int
        Largest number of values of a postsynaptic spike, at least 1.
    n_kept : (int, int)
        Number of steps in which potentials of targets are kept, and of the values in each.
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
    modulations: NDArray
    initial: NDArray[np.float64]
    layouts: tuple[RuleLayout, ...]
    n_values: int
    n_kept: tuple[int, int]

    @property
    def n_synapses(self) -> NDArray[np.int64]:
        """Number of synapses of each plastic projection."""
        rows = self.tables.projections["first_row"]
        stops = np.append(rows[1:], len(self.tables.segment) - 1)
        return self.tables.segment[stops] - self.tables.segment[rows]

    def chosen(self, attribute: str) -> NDArray[np.int64]:
        """Return the plastic projections whose rule's layout has an attribute."""
        return np.flatnonzero([bool(getattr(layout, attribute)) for layout in self.layouts])


def plastic_projections(context: BuildContext) -> list[Projections]:
    """Return the plastic projections, one `Projections` for each.

    Raises
    ------
    NeurosimError
        If excitatory and inhibitory input of their targets is recorded separately, or if the
        synapses do not fit into memory.
    """
    network = context.network
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
    if available is not None and needed > USABLE * available:
        raise NeurosimError(
            f"The plastic synapses need about {needed / 2**30:.1f} GiB; "
            f"{available / 2**30:.1f} GiB are available: make fewer of them plastic"
        )
    return [Projections(context, (k,)) for k in chosen]


def plastic_parts(
    context: BuildContext, plastic: list[Projections], efficacies: Mapping[int, int]
) -> list[PlasticPart]:
    """Build the tables of plastic synapses of each thread of this process.

    Parameters
    ----------
    context : BuildContext
    plastic : list of Projections
    efficacies : mapping of int to int
        Row of `State.efficacy` of the projections that have one.
    """
    made = [make_tables(projections) for projections in plastic]
    functions = tuple(rule_functions(p.plasticity, context.debug) for p in plastic)

    def part(thread: int) -> PlasticPart:
        tables = [of[context.here(thread)][0] for of in made]
        return _plastic_part(context, thread, plastic, tables, functions, efficacies)

    return list(context.each(part, context.local_threads))


def _plastic_part(
    context: BuildContext,
    thread: int,
    plastic: list[Projections],
    tables: list[Table],
    functions: tuple[Any, ...],
    efficacies: Mapping[int, int],
) -> PlasticPart:
    """Build the tables of plastic synapses of one thread."""
    rules = [projections.plasticity for projections in plastic]
    layouts = tuple(RuleLayout(type(rule)) for rule in rules)
    found = [_synapse_columns(context, thread, *both) for both in zip(plastic, tables, strict=True)]

    def joined(name: str, dtype: type = np.int64) -> NDArray:
        parts = [np.empty(0, dtype), *(columns[name] for columns in found)]
        return np.concatenate(parts).astype(dtype, copy=False)

    records = np.zeros(len(plastic), PLASTIC_PROJECTION)
    for record, projections, layout in zip(records, plastic, layouts, strict=True):
        _describe(record, context, thread, projections, layout, efficacies)
    lengths = np.array([[len(columns[name]) for name in LENGTHS] for columns in found], np.int64)
    n_rows, n_delays, n_synapses = lengths.reshape(-1, len(LENGTHS)).T
    records["first_row"], records["n_delays"] = np.cumsum(n_rows) - n_rows, n_delays
    records["first_delay"] = np.cumsum(n_delays) - n_delays
    records["first_list"] = np.cumsum(records["n_targets"]) - records["n_targets"]
    return PlasticPart(
        tables=Plastic(
            projections=records,
            rules=_padded([rule_values(rule, context.dt, p) for p, rule in enumerate(rules)]),
            delays=joined("distinct"),
            shifts=joined("shifts"),
            segment=np.concatenate([[0], np.cumsum(joined("row_lengths"))]),
            targets=joined("slots"),
            post_ids=joined("post_ids") + np.repeat(records["first_list"], n_synapses),
        ),
        weights=joined("weights", np.float64),
        n_lists=int(records["n_targets"].sum()),
        projections=joined("projections"),
        sources=joined("sources"),
        targets=joined("targets"),
        delays=joined("delays"),
        first_target=joined("first_target"),
        functions=functions,
        modulations=_modulations(context),
        initial=_padded([initial_values(rule) for rule in rules]),
        layouts=layouts,
        n_values=max((len(layout.spike_columns) for layout in layouts), default=0) or 1,
        n_kept=_kept_potentials(rules, layouts, int(joined("distinct").max(initial=0)), context.dt),
    )


def _synapse_columns(
    context: BuildContext, thread: int, projections: Projections, table: Table
) -> dict[str, NDArray]:
    """Return the synapses of a projection on one thread, sorted by source and delay.

    `post_ids` count from the first target of the projection.
    """
    (projection,) = projections.projections
    local = context.part(thread, projection.target)
    source, slots, weight, delay = unpack(table)
    source -= context.first_id(projection.source)
    distinct = np.unique(projections.column_delays)
    row = source * len(distinct) + np.searchsorted(distinct, delay)
    # Within a delay the table may be sorted by weight: only the row matters here.
    order = np.argsort(row, kind="stable")
    slots = slots.astype(np.int64)[order]
    offset = slots - local.slots[projection.synapse]
    return {
        "row_lengths": np.bincount(row, minlength=projection.source.size * len(distinct)),
        "distinct": distinct,
        "shifts": _shifts(projection, distinct, context.dt),
        "slots": slots,
        "post_ids": offset,
        "weights": weight[order],
        "projections": np.full(len(slots), context.network.projections.index(projection)),
        "sources": source[order],
        "targets": local.start + offset,
        "delays": delay[order],
        "first_target": np.array([local.start]),
    }


def _describe(
    record: np.record,
    context: BuildContext,
    thread: int,
    projections: Projections,
    layout: RuleLayout,
    efficacies: Mapping[int, int],
) -> None:
    """Write the fields that do not depend on other projections."""
    (projection,), rule = projections.projections, projections.plasticity
    local = context.part(thread, projection.target)
    record.first_source = context.first_id(projection.source)
    record.n_sources = projection.source.size
    record.first_target = context.first_id(projection.target) + local.start
    record.n_targets = local.size
    record.first_rate = layout.column("post")
    record.n_post_traces = len(layout.post)
    record.has_potentials = bool(layout.potentials)
    record.first_v = local.first
    record.transmission = efficacies.get(context.network.projections.index(projection), -1)
    record.unit_weight = rule.unit_weight
    record.largest = 1.0 if rule.bounded else np.inf


def _modulations(context: BuildContext) -> NDArray:
    """Return the modulations of plastic projections."""
    network, dt = context.network, context.dt
    plastic = [p for p in network.projections if p.plasticity is not None]
    table = np.zeros(len(network.modulations), MODULATION)
    for row, one in zip(table, network.modulations, strict=True):
        rule: Any = one.projection.plasticity
        (signal,) = signals_of(type(rule)).values()
        row["first_source"] = context.first_id(one.source)
        row["n_sources"] = one.source.size
        row["delay"] = modulation_steps(one, dt)
        row["projection"] = plastic.index(one.projection)
        row["amount"], row["rate"] = one.amount, dt / number_of(rule, signal.tau)
    return table


def modulation_steps(modulation: Modulation, dt: float) -> int:
    """Return the delay of a modulation (steps)."""
    steps = int(to_steps(modulation.delay, dt))
    if steps < 1:
        raise NeurosimError(
            f"The delay of {modulation} is less than a time step of {dt:g} ms: give {dt:g} ms or "
            "more"
        )
    return steps


def _shifts(projection: Any, delays: NDArray[np.int64], dt: float) -> NDArray[np.int64]:
    """Return the dendritic minus the axonal part of delays (steps)."""
    if projection.dendritic_delay is None:
        return delays
    return 2 * np.minimum(to_steps(projection.dendritic_delay, dt), delays) - delays


def _padded(rows: list[list[float]]) -> NDArray[np.float64]:
    """Return rows of numbers as an array, padded with zeros to one column or more."""
    values = np.zeros((len(rows), max(map(len, rows), default=0) or 1))
    for row, given in zip(values, rows, strict=True):
        row[: len(given)] = given
    return values


def _kept_potentials(
    rules: list[Any], layouts: tuple[RuleLayout, ...], max_delay: int, dt: float
) -> tuple[int, int]:
    """Return the number of steps in which potentials are kept, and of the values in each."""
    n_values = max((len(own.potentials) for own in layouts), default=0)
    if n_values == 0:
        return 0, 0
    longest = max(lag for rule in rules for lag in (0, *lags(rule, dt)))
    return 2 * max_delay + longest + 2, n_values + 1


def target_offsets(
    part: PlasticPart, network: Network, offsets: Mapping[str, float | NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Return the potential (mV) to which `State.v` of each list's neuron is relative."""
    plastic = [p for p in network.projections if p.plasticity is not None]
    found = [np.empty(0)]
    for record, start, projection in zip(
        part.tables.projections, part.first_target, plastic, strict=True
    ):
        whole = np.broadcast_to(offsets[projection.target.name], projection.target.size)
        found.append(whole[start : start + record.n_targets])
    return np.concatenate(found)


def add_signal(state: PlasticityState, p: int, step: int, amount: float, rate: float) -> None:
    """Add to the signal of a projection, as the function of this name in the kernels."""
    steps, values, n = state.signal_steps[p], state.signal_values[p], state.signal_count[p]
    value = values[n - 1] * math.exp(-(step - steps[n - 1]) * rate) + amount
    if steps[n - 1] < step:
        state.signal_count[p] = n = n + 1
    steps[n - 1], values[n - 1] = step, value


def updating(part: PlasticPart, state: PlasticityState) -> tuple[Any, ...]:
    """Return the tables of `update_plastic` and `update_all`."""
    chosen, tables = part.chosen("is_continuous"), part.tables
    rows = [Entry(part.functions[p].update_row, tables, state, tables.rules[p]) for p in chosen]
    return tables, state, chosen, address_table(rows), rows


def updated_weights(part: PlasticPart, state: PlasticityState, step: int) -> PlasticityState:
    """Return the state in which all weights are those of step `step`.

    The arrays of the synapses are copies where a weight changes between spikes.
    """
    if not len(part.chosen("is_continuous")):
        return state
    copies = {name: getattr(state, name).copy() for name in ("weights", "traces", "last_seen")}
    state = state._replace(**copies)
    *tables, rows = updating(part, state)
    Entry(update_all, *tables)(step, 0, 0, 0, 0)
    del rows  # the addresses were valid until here
    return state


def new_plasticity_state(
    part: PlasticPart, offsets: NDArray[np.float64], v: NDArray[np.float64]
) -> PlasticityState:
    """Return the state of plastic synapses at time 0.

    Parameters
    ----------
    part : PlasticPart
    offsets : (n_lists,) ndarray of float64
        See `target_offsets`.
    v : (n_local,) ndarray of float64
        Potentials at time 0, as in `State.v`.
    """
    n, n_projections = len(part.weights), len(part.tables.projections)
    own = np.repeat(np.arange(n_projections), part.n_synapses)
    has_signal = any(layout.signals for layout in part.layouts)
    # There is at most one signal in a step; old ones are dropped at every update.
    longest = int(part.tables.delays.max(initial=0))
    signals = (n_projections, UPDATE_INTERVAL + longest + 3 if has_signal else 1)
    return PlasticityState(
        weights=part.weights.copy(),
        traces=part.initial[own],
        last_pre=np.full(n, -1, np.int64),
        last_seen=np.full(n, -1, np.int64),
        steps=np.empty(0, np.int64),
        values=np.empty((0, part.n_values)),
        next_spike=np.empty(0, np.int64),
        first_spike=np.full(part.n_lists, -1, np.int64),
        last_spike=np.full(part.n_lists, -1, np.int64),
        count=np.zeros(1, np.int64),
        signal_steps=np.full(signals, -1, np.int64),
        signal_values=np.zeros(signals),
        signal_count=np.ones(n_projections, np.int64),
        potentials=_first_potentials(part, offsets, v),
    )


def _first_potentials(
    part: PlasticPart, offsets: NDArray[np.float64], v: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the potentials before time 0, and no spike."""
    n_steps, n_values = part.n_kept
    if n_steps == 0:
        return np.empty((0, 0, 0))
    table = part.tables.projections
    found = [v[own.first_v : own.first_v + own.n_targets] for own in table]
    potentials = np.empty((part.n_lists, n_steps, n_values))
    potentials[:] = (np.concatenate([np.empty(0), *found]) + offsets)[:, None, None]
    potentials[:, :, -1] = 0.0
    return potentials


def history_limit(state: PlasticityState) -> int:
    """Return the number of postsynaptic spikes above which unneeded ones are dropped.

    The cost of dropping is proportional to the number of synapses and spikes. The history may grow
    by this number before spikes are dropped, so the cost per new spike is constant.
    """
    return 2 * int(state.count[0]) + len(state.weights) + LEAST_HISTORY


def max_history(part: PlasticPart, n_spikes: int, n_steps: int) -> int:
    """Return the maximum number of new entries in the lists of postsynaptic spikes.

    The neurons fire at most `n_spikes` times in `n_steps` steps. A rule with potentials may be
    active in each step.
    """
    active = part.tables.projections["n_targets"][part.chosen("potentials")].sum()
    return n_spikes * len(part.layouts) + n_steps * int(active)


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
