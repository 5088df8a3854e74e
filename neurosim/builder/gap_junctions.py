"""Tables of gap junctions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder.codegen.model_check import first_states, first_values, method_of
from neurosim.builder.connections import drawn_connections
from neurosim.builder.models import state_number, state_size
from neurosim.errors import NeurosimError
from neurosim.kernels import Couplings, Potentials
from neurosim.models.declare import SOMA, compartments_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from neurosim.builder.context import BuildContext
    from neurosim.builder.layout import Layout
    from neurosim.models import Synapse

    Junctions = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]


LATE = 2**62
"""Stands for the id of a neuron whose spikes do not reset the coupled potential."""


def _points(layout: Layout) -> tuple[dict[tuple[int, Synapse], int], int]:
    """Return the number of the first point of each port with gap junctions, and of all points.

    A point is a potential that gap junctions couple: there is one per neuron and port.
    """
    first, n = {}, 0
    for k, population in enumerate(layout.populations):
        for synapse in layout.synapses(k):
            if synapse.couples:
                first[k, synapse] = n
                n += population.size
    return first, n


def gap_junctions(context: BuildContext) -> Junctions | None:
    """Return all gap junctions of a network, None if there are none.

    Returns
    -------
    points, others : (n,) ndarray of int64
        Numbers of the coupled points, ascending: each junction occurs once for each of its ends.
    conductances : (n,) ndarray of float64
        nS.

    Raises
    ------
    NeurosimError
        If the conductances of a neuron are too large for the time step.
    """
    network, layout, dt = context.network, context.layout, context.dt
    pieces, (starts, n_points) = [], _points(layout)
    for number, projection in enumerate(network.projections):
        if not projection.synapse.couples:
            continue
        found = drawn_connections(network, number, dt, context.seed, np.float64)
        one = found["sources"] + starts[layout.index(projection.source), projection.synapse]
        other = found["targets"] + starts[layout.index(projection.target), projection.synapse]
        apart = one != other
        one, other, weights = one[apart], other[apart], found["weights"][apart]
        pieces += [(other, one, weights), (one, other, weights)]
    if not pieces:
        return None
    points, others, weights = map(np.concatenate, zip(*pieces, strict=True))
    order = np.argsort(points, kind="stable")
    total = np.bincount(points, weights, minlength=n_points).astype(np.float64)
    _check_stability(layout, total, dt)
    return points[order], others[order], weights[order]


def _check_stability(layout: Layout, total: NDArray[np.float64], dt: float) -> None:
    """Raise an error if extrapolated potentials would oscillate with growing amplitude.

    `total` is the sum of the conductances of each point.
    """
    sums: dict[tuple[int, str | None], Any] = {}
    for (k, synapse), first in _points(layout)[0].items():
        key = k, synapse.compartment
        sums[key] = sums.get(key, 0.0) + total[first : first + layout.populations[k].size]
    for (k, compartment), found in sums.items():
        population = layout.populations[k]
        limit = _capacitance(population.neuron, compartment) / dt
        worst = int(np.argmax(found))
        if found[worst] > limit * (1.0 + 1e-9):
            where = "" if compartment is None else f" on its {compartment}"
            raise NeurosimError(
                f"The gap junctions of neuron {worst} of {population.name!r}{where} add up to "
                f"{found[worst]:.4g} nS, above C/dt = {limit:.4g} nS: reduce their weights, or dt "
                f"to {dt * limit / found[worst]:.2g} ms"
            )


def _capacitance(model: Any, compartment: str | None) -> float:
    """Return the capacitance (pF) of a compartment of a model's first neuron.

    It is the current per change of the potential.
    """
    kind, states, p, one = type(model), first_states(model), first_values(model), 1.0
    potentials = compartments_of(kind)
    here = compartment or SOMA
    slopes = []
    for current in (0.0, one):
        currents = (dict.fromkeys(potentials, 0.0) | {here: current}).values()
        if hasattr(kind, "step"):
            values = method_of(kind, "step")(*states, *currents, 0.0, 1e-3, p)
        else:
            values = method_of(kind, "derivatives")(*states, *currents, p)
        slopes.append(float(np.atleast_1d(values)[potentials[here]]))
    slope = (slopes[1] - slopes[0]) / (1e-3 if hasattr(kind, "step") else 1.0)
    return one / slope if slope > 0.0 else math.inf


def couplings(
    context: BuildContext,
    thread: int,
    junctions: Junctions | None,
    first_state: Mapping[int, int],
) -> Couplings | None:
    """Return the gap junctions of one thread, None if the network has none.

    Parameters
    ----------
    context : BuildContext
    thread : int
    junctions : Junctions or None
    first_state : mapping of int to int
        See `ModelPart`.
    """
    if junctions is None:
        return None
    layout = context.layout
    points, others, weights = junctions
    starts, _ = _points(layout)
    columns: list[tuple[NDArray[np.int64], ...]] = []
    for g, part in enumerate(context.parts(thread)):
        k, within = part.population, np.arange(part.size)
        potentials = compartments_of(type(layout.populations[k].neuron))
        for synapse in layout.synapses(k):
            if not synapse.couples:
                continue
            rows = first_state[g] + state_size(layout, k) * within
            ids, potential = layout.first_id[k] + part.start + within, part.first + within
            if synapse.compartment is not None:  # a state, which spikes do not reset
                ids = np.full(part.size, LATE)
                potential = -(rows + potentials[synapse.compartment])
            numbers = starts[k, synapse] + part.start + within
            columns.append((ids, potential, rows + state_number(layout, k, synapse), numbers))
    ids, potential, states, numbers = (
        np.concatenate([np.empty(0, np.int64), *column]) for column in zip(*columns, strict=True)
    )
    order = np.argsort(ids, kind="stable")
    ids, potential, states, numbers = ids[order], potential[order], states[order], numbers[order]
    first, last = np.searchsorted(points, numbers), np.searchsorted(points, numbers, side="right")
    lengths = last - first
    start = np.concatenate([[0], np.cumsum(lengths)])
    chosen = np.repeat(first - start[:-1], lengths) + np.arange(start[-1])
    return Couplings(
        ids=ids,
        potential=potential,
        states=states,
        numbers=numbers,
        start=start,
        others=others[chosen],
        conductances=weights[chosen],
        dt=np.array([context.dt]),
    )


def new_potentials(layout: Layout, new: Callable[[int], NDArray[np.uint8]]) -> Potentials:
    """Return the memory in which threads exchange potentials.

    `new` is as for `new_shared`.
    """
    _, n = _points(layout)
    raw = new(64 + 32 * n)
    return Potentials(
        values=raw[64:].view(np.float64).reshape(2, 2, n),
        arrivals=raw[:8].view(np.int64),
        crossings=np.zeros(1, np.int64),
        n_threads=len(layout.threads),
    )
