"""Parameters and initial states of neurons whose equations are compiled apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder.codegen.model_code import block_address
from neurosim.builder.codegen.model_methods import METHODS
from neurosim.builder.codegen.model_source import hidden_states, internal_steps, work_rows
from neurosim.builder.layout import NOISE
from neurosim.builder.parameters import drawn_neuron, refractory_of, values_of
from neurosim.builder.propagators import FILTERS
from neurosim.kernels import Models
from neurosim.kernels.types import ALPHA, DELTA
from neurosim.models.declare import parameters_of, states_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from neurosim.builder.layout import Layout, LocalPopulation
    from neurosim.kernels import Neurons
    from neurosim.network import Population


@dataclass(frozen=True, eq=False)
class ModelPart:
    """The neurons of one thread whose equations are compiled apart.

    Attributes
    ----------
    tables : Models or None
        None where the network has no such neurons.
    states : ndarray of float64
        Their states beside the potential at time 0.
    first_state : mapping of int to int
        Index in `State.states` of the first state of each group.
    n_rows : int
        Rows that `Scratch.work` needs.
    """

    tables: Models | None
    states: NDArray[np.float64]
    first_state: Mapping[int, int]
    n_rows: int


def state_size(neuron: Any) -> int:
    """Return how many values per neuron are stored beside the potential."""
    return len(states_of(type(neuron))) - 1 + hidden_states(type(neuron))


def initial_states(population: Population, dt: float, seed: int) -> NDArray[np.float64]:
    """Return all states of every neuron at time 0, the potential (mV) first.

    Returns
    -------
    (size, n_states) ndarray
    """
    model: Any = drawn_neuron(population, seed)
    potential, *names = states_of(type(model))

    def values(name: str, given: Any, v: NDArray[np.float64]) -> NDArray[np.float64]:
        value = population.initial.get(name, given)
        value = model.initial_of(name, v) if value is None else value
        return values_of(population, value, "v_init" if name == potential else name, seed)

    v = values(potential, population.v_init, np.empty(0))
    columns = [v, *(values(name, None, v) for name in names)]
    # The adaptive method starts with a trial of the whole step.
    columns += [np.full(population.size, dt)] * hidden_states(type(model))
    return np.stack(columns, axis=1)


def _carried(neuron: Any, local: LocalPopulation) -> list[Any]:
    """Return the synapses of a group whose currents the method of integration carries."""
    if hasattr(type(neuron), "step") or not METHODS[neuron.method].carries_currents:
        return []
    return [port for port in local.slots if port != NOISE and FILTERS[type(port)] != DELTA]


def _parameter_rows(
    population: Population, local: LocalPopulation, dt: float, seed: int
) -> NDArray[np.float64]:
    """Return refractory steps, parameters and time constants of currents that are carried.

    One row, or one for each neuron of a local.
    """
    neuron = drawn_neuron(population, seed)
    values = [getattr(neuron, name) for name in parameters_of(type(neuron))]
    values += [port.tau for port in _carried(neuron, local)]
    refractory = refractory_of(neuron, dt)
    if neuron.is_uniform:
        return np.array([[float(refractory), *values]])
    columns = [np.broadcast_to(column, (population.size,)) for column in (refractory, *values)]
    return np.column_stack(columns)[local.start : local.stop].astype(float)


def model_tables(
    layout: Layout, neurons: Neurons, thread: int, dt: float, seed: int, debug: bool
) -> ModelPart:
    """Lay out the neurons of one thread whose equations are compiled apart.

    Parameters
    ----------
    layout : Layout
    neurons : Neurons
        Of the thread.
    thread : int
    dt : float
        ms.
    seed : int
    debug : bool
        Whether to run the equations as plain Python.

    """
    parts = layout.threads[thread].populations
    populations = [layout.populations[local.population] for local in parts]
    own = [g for g, p in enumerate(populations) if not p.neuron.is_linear]
    if all(p.neuron.is_linear for p in layout.populations):
        return ModelPart(None, np.empty(0), {}, 0)
    states: dict[int, NDArray[np.float64]] = {}
    first: dict[int, int] = {}
    for g in own:
        first[g] = sum(len(part) for part in states.values())
        local = parts[g]
        states[g] = initial_states(populations[g], dt, seed)[local.start : local.stop, 1:].ravel()
    rows = {g: _parameter_rows(populations[g], parts[g], dt, seed) for g in own}
    blocks, address, points, carrying = [], [], [], []
    first_state, first_param, params = [], [], []
    n_params = 0
    for b, block in enumerate(neurons.blocks):
        g = int(block.group)
        if g not in rows:
            continue
        neuron: Any = populations[g].neuron
        table = rows[g]
        start = int(block.start - neurons.groups[g].start)
        stop = start + int(block.stop - block.start)
        n_internal = internal_steps(type(neuron), dt)
        kinds = [FILTERS[type(port)] for port in _carried(neuron, parts[g])]
        carried = sum(2 if kind == ALPHA else 1 for kind in kinds)
        carries = not hasattr(neuron, "step") and METHODS[neuron.method].carries_currents
        n_points = 1 + carried if carries else 2 * n_internal + 1
        stride = table.shape[1] if len(table) > 1 else 0
        part = table[start:stop] if stride else table
        head = [n_internal, dt / n_internal, n_points, stride]
        blocks.append(b)
        address.append(block_address(neuron, debug, kinds))
        points.append(n_points)
        carrying.append(carries)
        first_state.append(first[g] + start * state_size(neuron))
        first_param.append(n_params)
        params.append(np.concatenate([head, part.ravel()]))
        n_params += len(params[-1])
    models = Models(
        blocks=np.array(blocks, np.int64),
        address=np.array(address, np.int64),
        first_state=np.array(first_state, np.int64),
        points=np.array(points, np.int64),
        carries=np.array(carrying, np.uint8),
        first_param=np.array(first_param, np.int64),
        params=np.concatenate([np.empty(0), *params]),
        dt=np.array([dt]),
    )
    n_rows = max((work_rows(populations[g].neuron) for g in own), default=0)  # type: ignore[arg-type]
    return ModelPart(models, np.concatenate([np.empty(0), *states.values()]), first, n_rows)
