"""Recorded signals of one thread, and their assignment to traces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neurosim.builder.grid import whole_steps
from neurosim.builder.inputs import columns_of
from neurosim.builder.layout import NOISE
from neurosim.builder.models import state_size
from neurosim.builder.synaptic_currents import CurrentSource, current_sources
from neurosim.kernels import RecordingTable
from neurosim.kernels.state_types import (
    ARRIVAL,
    CURRENT,
    INPUT_CURRENT,
    INPUT_NOISE,
    MODEL_STATE,
    RECORDING_SET,
    VOLTAGE,
)
from neurosim.models.declare import states_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from numpy.typing import NDArray

    from neurosim.builder.context import BuildContext
    from neurosim.builder.inputs import Source
    from neurosim.builder.layout import Layout, LocalPopulation
    from neurosim.network import Drive, Network, Recording


class Signals(NamedTuple):
    """Signals of some neurons, as pairs of kind and indices, from which a term is computed."""

    parts: list[tuple[int, NDArray[np.int64]]]
    combine: Callable[..., NDArray[np.float64]] | None = None


class StateIndex(NamedTuple):
    """Index of a state variable among the values per neuron stored in addition to v."""

    number: int
    size: int


@dataclass(frozen=True, eq=False)
class TracePlan:
    """One recorded variable of one population.

    Attributes
    ----------
    key : (str, str)
        Population, and name of the variable in results.
    variable : str
    population : int
    ids : (n_neurons,) ndarray of int64
    interval : int
        Steps.
    unit : str
    state : StateIndex or None
        For state variables of models.
    reduction : {"", "average", "sum"}
        Reduction over neurons.
    drive : Drive or None
        For input currents. The key then begins with its name.
    sources : tuple of CurrentSource
        Synapses with equations whose currents are part of the variable.
    """

    key: tuple[str, str]
    variable: str
    population: int
    ids: NDArray[np.int64]
    interval: int
    unit: str
    state: StateIndex | None
    reduction: str
    drive: Drive | None
    sources: tuple[CurrentSource, ...] = ()

    @property
    def columns(self) -> NDArray[np.int64]:
        """Neuron of each column of the trace; 0 for an average or a sum."""
        return np.zeros(1, np.int64) if self.reduction else self.ids

    def reduced(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Reduce samples (n_samples, n_neurons), summing in the order of `ids`."""
        if not self.reduction:
            return values
        total = np.ascontiguousarray(values).sum(axis=1, keepdims=True)
        return total / len(self.ids) if self.reduction == "average" else total


@dataclass(frozen=True, eq=False)
class TraceTerm:
    """Samples that are added to columns of a trace: one term for each port.

    Attributes
    ----------
    trace : int
    interval : int
        Steps.
    signals : slice
        Columns of the thread's samples.
    columns : (n,) ndarray of int64
        Columns of the trace.
    combine : callable or None
        Computes the term from several signals of each neuron: n columns for the first signal are
        followed by n columns for the next. None: a single signal is the term.
    """

    trace: int
    interval: int
    signals: slice
    columns: NDArray[np.int64]
    combine: Callable[..., NDArray[np.float64]] | None = None

    def values(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the term, shape (n_samples, n), from the thread's samples."""
        own = samples[:, self.signals]
        if self.combine is None:
            return own
        return self.combine(*np.split(own, own.shape[1] // len(self.columns), axis=1))


def plan_traces(context: BuildContext) -> tuple[TracePlan, ...]:
    """List the traces that a network records."""
    network, layout, plans = context.network, context.layout, []
    for recording in network.recordings:
        if recording.variable == "spikes":
            continue
        name = f"interval of {recording.variable!r} of {recording.key!r}"
        interval = (
            1 if recording.interval is None else whole_steps(recording.interval, context.dt, name)
        )
        ids = np.arange(recording.population.size) if recording.ids is None else recording.ids
        key = (recording.key, recording.name)
        reduction = recording.name.removeprefix(recording.variable).lstrip("_")
        number, state = layout.index(recording.population), _state_index(recording, layout)
        plan = TracePlan(
            key, recording.variable, number, ids, interval, recording.unit, state, reduction,
            recording.drive, current_sources(recording, network, layout),
        )  # fmt: skip
        plans.append(plan)
    return tuple(plans)


def _state_index(recording: Recording, layout: Layout) -> StateIndex | None:
    """Return the index of a recorded state variable, None for other variables."""
    if recording.drive is not None:
        return None
    number = layout.index(recording.population)
    neuron = layout.populations[number].neuron
    names: list[Any] = [(None, name) for name in states_of(type(neuron))]
    for synapse in layout.synapses(number):
        names += [(synapse, name) for name in states_of(type(synapse))]
    wanted = (recording.synapse, recording.state)
    if wanted not in names[1:]:
        return None
    return StateIndex(names.index(wanted) - 1, state_size(layout, number))


@dataclass(frozen=True, eq=False)
class SentSpikesPlan:
    """The recorded spikes of an input.

    Attributes
    ----------
    drive : Drive
    number : int
        Index of the drive in the network.
    ids : (n_recorded,) ndarray of int64
        Recorded targets, ascending.
    """

    drive: Drive
    number: int
    ids: NDArray[np.int64]


def plan_sent_spikes(network: Network) -> tuple[SentSpikesPlan, ...]:
    """List the inputs whose spikes a network records."""
    return tuple(
        SentSpikesPlan(
            recording.drive,
            network.drives.index(recording.drive),
            np.arange(recording.population.size)
            if recording.ids is None
            else np.sort(recording.ids),
        )
        for recording in network.recordings
        if recording.drive is not None and recording.variable == "spikes"
    )


def recorded_spikes(recordings: tuple[Recording, ...], name: str, size: int) -> NDArray[np.int64]:
    """Return the neurons of a population whose spikes are recorded, ascending."""
    chosen = [
        r.ids
        for r in recordings
        if r.variable == "spikes" and r.drive is None and r.population.name == name
    ]
    if not chosen or any(ids is None for ids in chosen):
        return np.arange(size)
    return np.unique(np.concatenate(chosen)).astype(np.int64)  # type: ignore[arg-type]


def _signals(
    trace: TracePlan,
    local: LocalPopulation,
    neurons: NDArray[np.int64],
    ports: tuple[Hashable, ...],
    state_index: Mapping[tuple[int, Hashable, bool], int],
    first_state: Mapping[int, int],
) -> list[Signals]:
    """Return the signals that add up to a variable of some neurons."""
    variable, offsets = trace.variable, neurons - local.start

    def state(number: int, size: int) -> tuple[int, NDArray[np.int64]]:
        return MODEL_STATE, first_state[trace.population] + size * offsets + number

    v = (VOLTAGE, local.first + offsets)
    if variable == "v":
        return [Signals([v])]
    if trace.state is not None:
        return [Signals([state(trace.state.number, trace.state.size)])]
    found = [
        Signals([v, *(state(number, source.size) for number in source.states)], source.current)
        for source in trace.sources
    ]
    synaptic: list[Any] = [port for port in ports if port != NOISE]
    currents = [port for port in synaptic if port.is_current and not port.has_equations]
    if variable == "i_syn":
        index = [state_index[trace.population, port, False] for port in currents]
        return found + [Signals([(CURRENT, first + offsets)]) for first in index]
    probes = local.probe_index()[offsets] + (len(local.probed) if variable.endswith("inh") else 0)
    if variable.startswith("input"):
        return [Signals([(ARRIVAL, local.probe_slots[port] + probes)]) for port in synaptic]
    index = [state_index[trace.population, port, True] for port in currents]
    return found + [Signals([(CURRENT, first + probes)]) for first in index]


def _input_signals(
    drive: Drive, ids: NDArray[np.int64], source: Source
) -> tuple[list[Signals], int]:
    """Return the signals of an input current to some neurons, and its program."""
    columns = columns_of(drive, ids)
    if source.program < 0:
        return [Signals([(INPUT_NOISE, source.first + columns)])], 0
    return [Signals([(INPUT_CURRENT, columns)])], source.program


def recording_table(
    context: BuildContext,
    thread: int,
    traces: tuple[TracePlan, ...],
    state_index: Mapping[tuple[int, Hashable, bool], int],
    first_state: Mapping[int, int],
    sources: Mapping[Drive, Source],
) -> tuple[RecordingTable, tuple[TraceTerm, ...]]:
    """Lay out the recordings of one thread."""
    sets: list[tuple[int, ...]] = []
    indices: list[NDArray[np.int64]] = []
    trace_terms = []
    n = 0
    for k, trace in enumerate(traces):
        local = context.parts(thread)[trace.population]
        columns = np.flatnonzero((trace.ids >= local.start) & (trace.ids < local.stop))
        if len(columns) == 0:
            continue
        ids, ports, program = trace.ids[columns], context.layout.ports[trace.population], 0
        if trace.drive is not None:
            signals, program = _input_signals(trace.drive, ids, sources[trace.drive])
        else:
            signals = _signals(trace, local, ids, ports, state_index, first_state)
        for parts, combine in signals:
            start = n
            for kind, where in parts:
                sets.append((n, n + len(where), trace.interval, kind, program))
                indices.append(where)
                n += len(where)
            span = slice(start, n)
            trace_terms.append(TraceTerm(k, trace.interval, span, columns, combine))
    probes = RecordingTable(
        np.array(sets, RECORDING_SET),
        np.concatenate([np.empty(0, np.int64), *indices]),
    )
    return probes, tuple(trace_terms)
