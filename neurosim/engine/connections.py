"""Read the connections of a running network, and set plastic weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.builder.connections import drawn_connections
from neurosim.builder.plastic import updated_weights
from neurosim.results.connections import Connections

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.engine.advance import Engine


def read_connections(engine: Engine, index: int) -> Connections:
    """Return the connections of a projection, by its index in the network."""
    network, plan = engine.network, engine.plan
    projection = network.projections[index]
    if projection.plasticity is None:
        weight_type = plan.threads[0].table.weights.dtype
        columns = drawn_connections(network, index, plan.dt, plan.seed, weight_type)
    else:
        columns = _plastic_columns(engine, index)
        order = _order(columns)
        columns = {name: column[order] for name, column in columns.items()}
    return Connections(
        **columns | {"delays": columns["delays"] * plan.dt},
        shape=(projection.source.size, projection.target.size),
        source=projection.source.name,
        target=projection.target.name,
        unit=projection.synapse.unit,
    )


def set_plastic_weights(engine: Engine, index: int, weights: NDArray[np.float64]) -> None:
    """Set the weights of plastic connections, in the order of `read_connections`."""
    engine.update_weights()
    # The spikes that a synapse still needs depend on its former weight.
    engine.drop_history()
    found = [part.plastic.projections == index for part in engine.plan.threads]
    counts = np.array([mask.sum() for mask in found])
    start = engine.comm.allgather(np.array([counts.sum()]))[: engine.comm.index].sum()
    order = _order(_plastic_columns(engine, index))
    values = np.empty(len(order))
    values[order] = weights
    for state, mask, n in zip(engine.plasticity, found, counts, strict=True):
        state.weights[mask] = values[start : start + n]
        start += n


class WeightReader:
    """Reads the weights of a plastic projection again and again.

    Parameters
    ----------
    engine : Engine
    index : int
        Index of the projection in the network.

    Attributes
    ----------
    order : (n,) ndarray of int
        Order of the synapses in `read_connections`, among those of all threads.
    sources, targets : (n,) ndarray of int64
    delays : (n,) ndarray of float64
        ms.
    """

    def __init__(self, engine: Engine, index: int) -> None:
        columns = _plastic_columns(engine, index)
        self.order = _order(columns)
        self.sources, self.targets = (columns[name][self.order] for name in ("sources", "targets"))
        self.delays = columns["delays"][self.order] * engine.plan.dt
        self._chosen = [np.flatnonzero(t.plastic.projections == index) for t in engine.plan.threads]

    def read(self, engine: Engine) -> NDArray[np.float64]:
        """Return the weights at the current step."""
        parts = zip(engine.plan.threads, engine.plasticity, self._chosen, strict=True)
        weights = [
            updated_weights(part.plastic, state, engine.steps).weights[chosen]
            for part, state, chosen in parts
        ]
        return engine.comm.allgather(np.concatenate(weights))[self.order]


def _plastic_columns(engine: Engine, index: int) -> dict[str, NDArray]:
    """Return the plastic connections of a projection thread by thread.

    Delays are in steps.
    """
    found: dict[str, list[NDArray]] = {}
    for part, state in zip(engine.plan.threads, engine.plasticity, strict=True):
        state = updated_weights(part.plastic, state, engine.steps)
        mask = part.plastic.projections == index
        columns = {"sources": part.plastic.sources, "targets": part.plastic.targets}
        columns |= {"weights": state.weights, "delays": part.plastic.delays}
        for name, column in columns.items():
            found.setdefault(name, []).append(column[mask])
    return {name: engine.comm.allgather(np.concatenate(parts)) for name, parts in found.items()}


def _order(columns: dict[str, NDArray]) -> NDArray[np.intp]:
    """Return the order by source, target and delay."""
    return np.lexsort((columns["delays"], columns["targets"], columns["sources"]))
