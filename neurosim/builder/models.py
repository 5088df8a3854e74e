"""Parameters and initial states of neurons with compiled equations."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neurosim.builder.codegen.escape_source import fires_at_random
from neurosim.builder.codegen.model_code import block_address
from neurosim.builder.codegen.model_methods import METHODS
from neurosim.builder.codegen.model_source import (
    Writer,
    current_points,
    hidden_states,
    internal_steps,
    method_of,
)
from neurosim.builder.layout import NOISE
from neurosim.builder.linear import propagator, synaptic_propagators
from neurosim.builder.parameters import (
    drawn_neuron,
    refractory_of,
    shortest_refractory,
    values_of,
)
from neurosim.kernels import Models
from neurosim.kernels.types import DELTA, EQUATIONS, INJECTED, MOST_SPIKES, WORK_ROW
from neurosim.models.declare import parameters_of, states_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from neurosim.builder.context import BuildContext
    from neurosim.builder.layout import Layout, LocalPopulation
    from neurosim.kernels import Neurons
    from neurosim.models import Synapse

CONSTANT = (DELTA, EQUATIONS, INJECTED)
"""Kinds of ports that do not change the injected current of the soma within a time step."""


@dataclass(frozen=True, eq=False)
class ModelPart:
    """The neurons of one thread that have compiled equations.

    Attributes
    ----------
    tables : Models or None
        None if the network has no such neurons.
    states : ndarray of float64
        Their states at time 0, except the potential.
    first_state : mapping of int to int
        Index in `State.states` of the first state of each group.
    n_rows, n_points : int
        Rows that `Scratch.work` needs, and values per neuron that `Scratch.course` needs.
    """

    tables: Models | None
    states: NDArray[np.float64]
    first_state: Mapping[int, int]
    n_rows: int
    n_points: int


def state_size(layout: Layout, population: int) -> int:
    """Return the number of values per neuron stored in addition to the potential."""
    neuron: Any = layout.populations[population].neuron
    parts = (neuron, *layout.synapses(population))
    return sum(len(states_of(type(part))) for part in parts) - 1 + hidden_states(neuron)


def state_number(layout: Layout, population: int, synapse: Synapse) -> int:
    """Return the index of a synapse's first state among those stored in addition to v."""
    neuron: Any = layout.populations[population].neuron
    number = len(states_of(type(neuron))) - 1
    for other in layout.synapses(population):
        if other == synapse:
            return number
        number += len(states_of(type(other)))
    raise AssertionError(synapse)


def initial_states(context: BuildContext, number: int) -> NDArray[np.float64]:
    """Return the states of every neuron of a population at time 0.

    The potential (mV) is the first state. The states of the synapses follow those of the neuron.

    Returns
    -------
    (size, n_states) ndarray
    """
    layout, seed = context.layout, context.seed
    population = layout.populations[number]
    model: Any = drawn_neuron(population, seed)
    potential, *names = states_of(type(model))

    def values(name: str, given: Any, v: NDArray[np.float64]) -> NDArray[np.float64]:
        value = population.initial.get(name, given)
        value = model.initial_of(name, v) if value is None else value
        return values_of(population, value, "v_init" if name == potential else name, seed)

    v = values(potential, population.v_init, np.empty(0))
    columns = [v, *(values(name, None, v) for name in names)]
    for synapse in layout.synapses(number):
        columns += [np.full(population.size, value) for value in synapse.initial_states()]
    # The method of NEST starts with a trial of the whole step.
    columns += [np.full(population.size, context.dt)] * hidden_states(model)
    return np.stack(columns, axis=1)


def most_spikes(context: BuildContext) -> NDArray[np.int64]:
    """Return the maximum number of spikes of a neuron in a time step, by population."""
    layout, dt = context.layout, context.dt
    most = np.ones(len(layout.populations), np.int64)
    for number, population in enumerate(layout.populations):
        neuron: Any = population.neuron
        if neuron.is_linear or neuron.spike_check == "step" or shortest_refractory(neuron, dt):
            continue
        method, steps = method_of(neuron), internal_steps(neuron, dt)
        if method.is_adaptive:
            most[number] = MOST_SPIKES
        elif not method.takes_jump:
            most[number] = min(steps + 1, MOST_SPIKES)
    return most


def _integrated(layout: Layout, number: int) -> list[Any]:
    """Return the synapses that are integrated with the neurons of a population."""
    neuron: Any = layout.populations[number].neuron
    ports: tuple[Any, ...] = layout.ports[number]
    carries = method_of(neuron).carries_currents
    forms = (port.integrated for port in ports if port != NOISE)
    return [form for form in forms if form.has_equations or (carries and form.is_current)]


def _parameter_rows(context: BuildContext, local: LocalPopulation) -> NDArray[np.float64]:
    """Return the parameters of a model neuron and its synapses as rows.

    Each row contains the refractory period (steps), the parameters of the neuron, and the
    parameters of the synapses that are integrated with it and of its escape noise. There is one row
    per local neuron, or a single row if all neurons are equal.
    """
    layout, dt = context.layout, context.dt
    population = layout.populations[local.population]
    neuron: Any = drawn_neuron(population, context.seed)
    ports = _integrated(layout, local.population)
    parts = (neuron, *ports)
    values = [getattr(part, name) for part in parts for name in parameters_of(type(part))]
    values += [] if neuron.escape is None else [neuron.escape.delta, neuron.escape.tau]
    refractory = refractory_of(neuron, dt)
    if population.neuron.is_uniform:
        table = np.array([[refractory, *values]], float)
    else:
        columns = [np.broadcast_to(column, (population.size,)) for column in (refractory, *values)]
        table = np.column_stack(columns)[local.start : local.stop].astype(float)
    if method_of(neuron).has_fixed_steps:
        half = 0.5 * dt / internal_steps(neuron, dt)
        elements = synaptic_propagators(ports, len(states_of(type(neuron))), half).values()
        return np.hstack([table, np.tile([*elements], (len(table), 1))])
    if method_of(neuron) is not METHODS["exact"]:
        return table
    entries = Writer(neuron, ports).entries
    names = list(parameters_of(type(neuron)))
    each = [SimpleNamespace(**dict(zip(names, row[1:], strict=False))) for row in table]
    found = [propagator(neuron, p, ports, entries, dt) for p in each]
    return np.hstack([table, np.reshape(found, (len(table), len(entries)))])


def model_tables(context: BuildContext, thread: int, neurons: Neurons) -> ModelPart:
    """Build the tables of the neurons of one thread that have compiled equations.

    Parameters
    ----------
    context : BuildContext
    thread : int
    neurons : Neurons
        Neurons of the thread.
    """
    layout, parts = context.layout, context.parts(thread)
    chosen = [g for g, p in enumerate(layout.populations) if not p.neuron.is_linear]
    if not chosen:
        return ModelPart(None, np.empty(0), {}, 0, 0)
    groups = {g: _group(context, parts[g], neurons) for g in chosen}
    states = [
        initial_states(context, g)[parts[g].start : parts[g].stop, 1:].ravel() for g in chosen
    ]
    first = dict(zip(chosen, np.cumsum([0, *map(len, states)]).tolist(), strict=False))
    blocks = np.flatnonzero(np.isin(neurons.blocks["group"], chosen))
    of_block = [groups[int(g)] for g in neurons.blocks["group"][blocks]]
    first_state, params = [], []
    for block, group in zip(neurons.blocks[blocks], of_block, strict=True):
        g, n = int(block.group), int(block.stop - block.start)
        start, table = int(block.start - neurons.groups[g].start), group.parameters
        if not layout.populations[g].neuron.is_uniform:  # one row per value
            table = np.pad(table[start : start + n].T, ((0, 0), (0, WORK_ROW - n)))
        first_state.append(first[g] + start * state_size(layout, g))
        params.append(np.concatenate([group.head, table.ravel()]))
    models = Models(
        blocks=blocks,
        address=np.array([group.address for group in of_block], np.int64),
        first_state=np.array(first_state, np.int64),
        points=np.array([group.points for group in of_block], np.int64),
        single=np.array([group.single for group in of_block], np.uint8),
        carries=np.array([group.carries for group in of_block], np.uint8),
        draws=np.array([group.draws for group in of_block], np.uint8),
        first_param=np.cumsum([0, *map(len, params)])[:-1],
        params=np.concatenate([np.empty(0), *params]),
        dt=np.array([context.dt]),
    )
    n_rows = max(group.n_rows for group in groups.values())
    n_points = max(group.n_points for group in groups.values())
    return ModelPart(models, np.concatenate(states), first, n_rows, n_points)


class _Group(NamedTuple):
    """Fields of `Models` and `ModelPart` that all blocks of a population share.

    `head` precedes the `parameters` in `Models.params`.
    """

    address: int
    points: int
    single: bool
    carries: bool
    draws: bool
    head: list[float]
    parameters: NDArray[np.float64]
    n_points: int
    n_rows: int


def _group(context: BuildContext, local: LocalPopulation, neurons: Neurons) -> _Group:
    """Return the fields that all blocks of a population share."""
    layout, number = context.layout, local.population
    neuron: Any = layout.populations[number].neuron
    ports, n_internal = _integrated(layout, number), internal_steps(neuron, context.dt)
    group = neurons.groups[number]
    kinds = neurons.ports["kind"][group.first_port : group.stop_port]
    points = current_points(neuron, ports, n_internal, bool(np.isin(kinds, CONSTANT).all()))
    draws = fires_at_random(neuron)
    return _Group(
        address=block_address(neuron, context.debug, ports, n_internal == 1),
        points=points,
        single=kinds.tolist() == [DELTA],
        carries=method_of(neuron).carries_currents,
        draws=draws,
        head=[n_internal, context.dt / n_internal, points],
        parameters=_parameter_rows(context, local),
        n_points=points + len(ports) + draws,
        n_rows=Writer(neuron, ports).n_rows,
    )
