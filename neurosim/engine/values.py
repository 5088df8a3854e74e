"""Read and change the parameters, states and weights of a simulation between runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder.parameters import drawn_neuron, values_of
from neurosim.engine.connections import read_connections, set_plastic_weights
from neurosim.errors import NeurosimError
from neurosim.models.declare import parameters_of, states_of
from neurosim.models.quantity import is_uniform
from neurosim.network.changes import check_weights, one_each, with_parameters, with_weights
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.engine.runner import Runner
    from neurosim.network import Network, Population, PopulationView, Projection


def projection_index(network: Network, projection: Projection) -> int:
    """Return the index of a projection in a network.

    Raises
    ------
    NeurosimError
        If it is not a projection of the network.
    """
    current = network.current(projection)
    for k, known in enumerate(network.projections):
        if known is current:
            return k
    raise NeurosimError(
        f"projection = {show(projection)} is not part of this simulation: give what "
        "Network.connect returned before the simulation was made"
    )


def read_parameters(
    network: Network, part: Population | PopulationView, seed: int
) -> dict[str, Any]:
    """Return the parameters of neurons; see `Simulation.parameters`."""
    population, ids = network.resolve(network.current(part), "part")
    neuron = drawn_neuron(population, seed)
    values = {name: getattr(neuron, name) for name in parameters_of(type(neuron))}
    if ids is None:
        return values
    return {name: v if is_uniform(v) else v[ids] for name, v in values.items()}


def set_parameters(
    runner: Runner, part: Population | PopulationView, values: dict[str, Any]
) -> None:
    """Change parameters and states of neurons; see `Simulation.set`."""
    network, seed = runner.network, runner.engine.plan.seed
    population, ids = network.resolve(network.current(part), "part")
    runner.require_same("called Simulation.set", population=population.name, **values)

    def sample(name: str, value: Any) -> NDArray[np.float64]:
        return values_of(population, value, f"parameter {name}", seed)

    names = {"v", *states_of(type(population.neuron))}
    given = {name: value for name, value in values.items() if name not in names}
    if given:
        network = with_parameters(network, population, ids, given, sample)
    states = {
        name: checked_state(population, ids, name, value, seed)
        for name, value in values.items()
        if name in names
    }
    with runner.exclusive():
        runner.replace_network(network, rewired=False, states={population.name: states})


def checked_state(
    population: Population, ids: NDArray[np.int64] | None, name: str, value: Any, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the indices of neurons and their new values of a state."""
    if ids is not None:
        some = np.broadcast_to(one_each(value, len(ids), f"{name} of some neurons"), len(ids))
        value = np.full(population.size, some[0])  # checked as values of the whole population
        value[ids] = some
    checked = population.check_state(name, value, name)
    if isinstance(checked, np.ndarray) and checked.shape != (population.size,):
        raise NeurosimError(
            f"{name} of population {population.name!r} has {len(checked)} values for "
            f"{population.size} neurons: give one per neuron"
        )
    values = values_of(population, checked, f"state {name}", seed)
    chosen = np.arange(population.size) if ids is None else ids
    return chosen, values[chosen]


def set_weights(runner: Runner, projection: Projection, values: dict[str, Any]) -> None:
    """Change the weights of a projection; see `Simulation.set`."""
    network, engine = runner.network, runner.engine
    index = projection_index(network, projection)
    runner.require_same("called Simulation.set", projection=index, **values)
    others = dict(values)
    weights = others.pop("weights", None)
    if others or weights is None:
        raise NeurosimError(
            f"{', '.join(others) or 'weights = None'} cannot be set of a projection: give "
            "weights=, a number or an array"
        )
    with runner.exclusive():
        found = read_connections(engine, index)
        checked = check_weights(network, index, weights, len(found))
        if network.projections[index].plasticity is not None:
            set_plastic_weights(engine, index, checked)
        else:
            network = with_weights(network, index, checked, found)
            runner.replace_network(network, rewired=True)
