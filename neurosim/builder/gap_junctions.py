"""Tables of gap junctions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder.codegen.model_check import first_states, first_values, method_of
from neurosim.builder.connections import drawn_connections
from neurosim.builder.models import state_size
from neurosim.errors import NeurosimError
from neurosim.kernels import Couplings, Potentials
from neurosim.models.declare import states_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from neurosim.builder.layout import Layout
    from neurosim.models.neuron_model import NeuronModel
    from neurosim.network import Network

    Junctions = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]


def coupled_sizes(layout: Layout) -> NDArray[np.int64]:
    """Return the number of neurons of each population that has gap junctions, else 0."""
    return np.array(
        [
            population.size if any(synapse.couples for synapse in layout.synapses(k)) else 0
            for k, population in enumerate(layout.populations)
        ]
    )


def gap_junctions(network: Network, layout: Layout, dt: float, seed: int) -> Junctions | None:
    """Return all gap junctions of a network, None if there are none.

    Returns
    -------
    neurons, others : (n,) ndarray of int64
        Global ids, ascending: each junction occurs once for each of its neurons.
    conductances : (n,) ndarray of float64
        nS.

    Raises
    ------
    NeurosimError
        If the conductances of a neuron are too large for the time step.
    """
    pieces = []
    for number, projection in enumerate(network.projections):
        if not projection.synapse.couples:
            continue
        found = drawn_connections(network, number, dt, seed, np.float64)
        one = found["sources"] + layout.first_id[layout.index(projection.source)]
        other = found["targets"] + layout.first_id[layout.index(projection.target)]
        apart = one != other
        one, other, weights = one[apart], other[apart], found["weights"][apart]
        pieces += [(other, one, weights), (one, other, weights)]
    if not pieces:
        return None
    neurons, others, weights = map(np.concatenate, zip(*pieces, strict=True))
    order = np.argsort(neurons, kind="stable")
    junctions = neurons[order], others[order], weights[order]
    _check_stability(layout, junctions, dt)
    return junctions


def _check_stability(layout: Layout, junctions: Junctions, dt: float) -> None:
    """Raise an error if extrapolated potentials would oscillate with growing amplitude."""
    neurons, _, weights = junctions
    total = np.bincount(neurons, weights, minlength=int(layout.first_id[-1]))
    for k in np.flatnonzero(coupled_sizes(layout)):
        population = layout.populations[k]
        limit = _capacitance(population.neuron) / dt
        found = total[layout.first_id[k] : layout.first_id[k + 1]]
        worst = int(np.argmax(found))
        if found[worst] > limit * (1.0 + 1e-9):
            raise NeurosimError(
                f"The gap junctions of neuron {worst} of {population.name!r} add up to "
                f"{found[worst]:.4g} nS, above C/dt = {limit:.4g} nS: reduce their weights, or dt "
                f"to {dt * limit / found[worst]:.2g} ms"
            )


def _capacitance(model: Any) -> float:
    """Return the capacitance (pF) of a model's first neuron: current per change of potential."""
    states, p, one = first_states(model), first_values(model), 1.0
    if hasattr(type(model), "step"):
        step = method_of(type(model), "step")
        slopes = [_first(step(*states, i, 0.0, 1e-3, p)) / 1e-3 for i in (0.0, one)]
    else:
        derivatives = method_of(type(model), "derivatives")
        slopes = [_first(derivatives(*states, i, p)) for i in (0.0, one)]
    slope = slopes[1] - slopes[0]
    return one / slope if slope > 0.0 else math.inf


def _first(values: Any) -> float:
    return float(values[0] if isinstance(values, tuple) else values)


def couplings(
    junctions: Junctions | None,
    layout: Layout,
    thread: int,
    first_state: Mapping[int, int],
    dt: float,
) -> Couplings | None:
    """Return the gap junctions of one thread, None if the network has none.

    Parameters
    ----------
    junctions : Junctions or None
    layout : Layout
    thread : int
    first_state : mapping of int to int
        See `ModelPart`.
    dt : float
        ms.
    """
    if junctions is None:
        return None
    neurons, others, weights = junctions
    sizes = coupled_sizes(layout)
    shift = np.cumsum(sizes) - sizes - layout.first_id[:-1]  # from global id to number
    population_of = np.searchsorted(layout.first_id, others, side="right") - 1
    columns: list[tuple[NDArray[np.int64], ...]] = []
    for g, part in enumerate(layout.threads[thread].populations):
        if not sizes[part.population]:
            continue
        within = np.arange(part.size)
        ids = layout.first_id[part.population] + part.start + within
        offset = first_state[g] + _offset(layout, part.population)
        states = offset + state_size(layout, part.population) * within
        columns.append((ids, part.first + within, states, ids + shift[part.population]))
    ids, local, states, numbers = (
        np.concatenate([np.empty(0, np.int64), *column]) for column in zip(*columns, strict=True)
    )
    first, last = np.searchsorted(neurons, ids), np.searchsorted(neurons, ids, side="right")
    lengths = last - first
    start = np.concatenate([[0], np.cumsum(lengths)])
    chosen = np.repeat(first - start[:-1], lengths) + np.arange(start[-1])
    return Couplings(
        ids=ids,
        local=local,
        states=states,
        numbers=numbers,
        start=start,
        others=others[chosen] + shift[population_of[chosen]],
        conductances=weights[chosen],
        dt=np.array([dt]),
    )


def _offset(layout: Layout, population: int) -> int:
    """Return the index of the states of gap junctions in `State.states` of a neuron."""
    model: NeuronModel = layout.populations[population].neuron  # type: ignore[assignment]
    offset = len(states_of(type(model))) - 1
    for synapse in layout.synapses(population):
        if synapse.couples:
            break
        offset += len(states_of(type(synapse)))
    return offset


def new_potentials(layout: Layout, new: Callable[[int], NDArray[np.uint8]]) -> Potentials:
    """Return the memory in which threads exchange potentials.

    `new` is as for `new_shared`.
    """
    n = int(coupled_sizes(layout).sum())
    raw = new(64 + 32 * n)
    return Potentials(
        values=raw[64:].view(np.float64).reshape(2, 2, n),
        arrivals=raw[:8].view(np.int64),
        crossings=np.zeros(1, np.int64),
        n_threads=len(layout.threads),
    )
