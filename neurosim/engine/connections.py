"""Read and record the connections of a running network, and set plastic weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.builder.connections import drawn_connections
from neurosim.builder.grid import whole_steps
from neurosim.builder.plastic import updated_weights
from neurosim.engine.recorder import Rows
from neurosim.results import Connections, WeightTrace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.engine.advance import Engine
    from neurosim.network.parts import WeightRecording


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


class RecordedWeights:
    """Weights of a plastic projection that are sampled again and again.

    Parameters
    ----------
    engine : Engine
    recording : WeightRecording

    Attributes
    ----------
    interval : int
        Steps.
    rows : Rows
        Samples, (n_samples, n_synapses), in the order of `read_connections`.
    """

    def __init__(self, engine: Engine, recording: WeightRecording) -> None:
        dt, interval, projection = engine.plan.dt, recording.interval, recording.projection
        index = engine.network.projections.index(projection)
        self.interval = 1
        if interval is not None:
            self.interval = whole_steps(interval, dt, f"interval of {recording}")
        columns = _plastic_columns(engine, index)
        self._order = _order(columns)
        self.rows = Rows(np.float64, len(self._order))
        sources, targets = (columns[name][self._order] for name in ("sources", "targets"))
        self._synapses = sources, targets, columns["delays"][self._order] * dt
        self._dt, self._unit = dt, projection.synapse.unit
        self._chosen = [np.flatnonzero(t.plastic.projections == index) for t in engine.plan.threads]

    def append(self, engine: Engine) -> None:
        """Store the weights at the current step."""
        parts = zip(engine.plan.threads, engine.plasticity, self._chosen, strict=True)
        weights = [
            updated_weights(part.plastic, state, engine.steps).weights[chosen]
            for part, state, chosen in parts
        ]
        row = engine.comm.allgather(np.concatenate(weights))[self._order]
        self.rows.append(row[None])

    def trace(self, first: int, last: int) -> WeightTrace:
        """Return the samples of steps `first` to `last` − 1."""
        low, high = first // self.interval, last // self.interval
        times = np.arange(low + 1, high + 1) * self.interval * self._dt
        return WeightTrace._unchecked(times, self.rows.rows[low:high], *self._synapses, self._unit)


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
