"""Parameters and initial states of neurons with compiled equations."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

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
    layout, dt = context.layout, context.dt
    parts = context.parts(thread)
    populations = [layout.populations[local.population] for local in parts]
    groups = [g for g, p in enumerate(populations) if not p.neuron.is_linear]
    if all(p.neuron.is_linear for p in layout.populations):
        return ModelPart(None, np.empty(0), {}, 0, 0)
    states: dict[int, NDArray[np.float64]] = {}
    first: dict[int, int] = {}
    for g in groups:
        first[g] = sum(len(part) for part in states.values())
        local = parts[g]
        states[g] = initial_states(context, g)[local.start : local.stop, 1:].ravel()
    rows = {g: _parameter_rows(context, parts[g]) for g in groups}
    blocks, address, points, single, carrying, drawing = [], [], [], [], [], []
    first_state, first_param, params = [], [], []
    n_params = most_points = 0
    for b, block in enumerate(neurons.blocks):
        g = int(block.group)
        if g not in rows:
            continue
        neuron: Any = populations[g].neuron
        ports = _integrated(layout, g)
        table = rows[g]
        start = int(block.start - neurons.groups[g].start)
        stop = start + int(block.stop - block.start)
        n_internal = internal_steps(neuron, dt)
        group = neurons.groups[g]
        kinds = neurons.ports["kind"][group.first_port : group.stop_port]
        is_constant = bool(np.isin(kinds, CONSTANT).all())
        n_points = current_points(neuron, ports, n_internal, is_constant)
        if not neuron.is_uniform:  # one row per value
            table = np.pad(table[start:stop].T, ((0, 0), (0, WORK_ROW - (stop - start))))
        head = [n_internal, dt / n_internal, n_points]
        blocks.append(b)
        address.append(block_address(neuron, context.debug, ports, n_internal == 1))
        points.append(n_points)
        single.append(kinds.tolist() == [DELTA])
        carrying.append(method_of(neuron).carries_currents)
        drawing.append(fires_at_random(neuron))
        first_state.append(first[g] + start * state_size(layout, g))
        most_points = max(most_points, n_points + len(ports) + fires_at_random(neuron))
        first_param.append(n_params)
        params.append(np.concatenate([head, table.ravel()]))
        n_params += len(params[-1])
    models = Models(
        blocks=np.array(blocks, np.int64),
        address=np.array(address, np.int64),
        first_state=np.array(first_state, np.int64),
        points=np.array(points, np.int64),
        single=np.array(single, np.uint8),
        carries=np.array(carrying, np.uint8),
        draws=np.array(drawing, np.uint8),
        first_param=np.array(first_param, np.int64),
        params=np.concatenate([np.empty(0), *params]),
        dt=np.array([dt]),
    )
    models_of: list[Any] = [(populations[g].neuron, _integrated(layout, g)) for g in groups]
    n_rows = max((Writer(*each).n_rows for each in models_of), default=0)
    start_states = np.concatenate([np.empty(0), *states.values()])
    return ModelPart(models, start_states, first, n_rows, most_points)
