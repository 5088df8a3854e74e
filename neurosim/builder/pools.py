"""Pools of NMDA synapses that are computed exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder.grid import to_steps
from neurosim.builder.models import state_number, state_size
from neurosim.kernels import Pools
from neurosim.kernels.pools import POOL, POOL_INPUT, POOL_PORT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from neurosim.builder.context import BuildContext
    from neurosim.network import Network, Projection


def pool_projections(network: Network) -> list[Projection]:
    """Return the projections with exact NMDA synapses."""
    return [p for p in network.projections if p.mechanism == "pool"]


def pool_delay(projection: Projection, dt: float) -> int:
    """Return the delay of a pool in steps."""
    delay: Any = projection.delay
    return int(to_steps(delay, dt))


def pool_groups(network: Network, dt: float) -> list[list[Projection]]:
    """Return the projections of each pool.

    Projections share a pool if their sources, delay, time constants and short-term plasticity are
    equal.
    """
    groups: dict[Any, list[Projection]] = {}
    for projection in pool_projections(network):
        synapse: Any = projection.synapse
        constants = synapse.alpha, synapse.tau_rise, synapse.tau_decay, projection.short_term
        ids = projection.source_ids
        sources = projection.source.name, None if ids is None else ids.tobytes()
        groups.setdefault((*sources, pool_delay(projection, dt), constants), []).append(projection)
    return list(groups.values())


def pool_tables(
    context: BuildContext,
    thread: int,
    first_state: Mapping[int, int],
    efficacies: Mapping[int, int],
) -> Pools | None:
    """Build the tables of the pools for the neurons of one thread; None without pools.

    Parameters
    ----------
    context : BuildContext
    thread : int
    first_state : mapping of int to int
        See `ModelPart`.
    efficacies : mapping of int to int
        Row of `State.efficacy` of the projections that have one.
    """
    layout, groups = context.layout, pool_groups(context.network, context.dt)
    if not groups:
        return None
    pools, positions = _describe(context, groups, efficacies)
    n_values = int(pools["size"].sum())
    inputs: dict[tuple[int, Any], list[tuple[int, Projection]]] = {}
    for number, projections in enumerate(groups):
        for projection in projections:
            port = layout.index(projection.target), projection.synapse
            inputs.setdefault(port, []).append((number, projection))
    found = _Inputs()
    for (population, synapse), received in inputs.items():
        local = context.parts(thread)[population]
        first = len(found.inputs)
        for number, projection in received:
            found.add(number, projection, local.start, local.stop)
        index = first_state[population] + state_number(layout, population, synapse)
        stride = state_size(layout, population)
        found.ports.append((index, stride, local.size, first, len(found.inputs)))
    return Pools(
        pools=pools,
        ports=np.array(found.ports, POOL_PORT),
        inputs=np.array(found.inputs, POOL_INPUT),
        positions=positions,
        targets=np.array(found.targets, np.int64),
        own=np.array(found.own, np.int64).reshape(-1, 2),
        middle=np.zeros(n_values),
        end=np.zeros(n_values),
        sums=np.zeros((len(pools), 3)),
        dt=np.array([context.dt]),
    )


def _describe(
    context: BuildContext, groups: list[list[Projection]], efficacies: Mapping[int, int]
) -> tuple[NDArray, NDArray[np.int64]]:
    """Return the pools, and the positions in them of the neurons of their populations."""
    network = context.network
    pools, positions = np.zeros(len(groups), POOL), []
    for pool, (projection, *_) in zip(pools, groups, strict=True):
        synapse: Any = projection.synapse
        ids = projection.ends.sources
        position = np.full(projection.source.size, -1)
        position[ids] = np.arange(len(ids))
        positions.append(position)
        pool.first_source = context.first_id(projection.source)
        pool["n_sources"], pool["size"] = len(position), len(ids)
        pool.delay = pool_delay(projection, context.dt)
        pool.transmission = efficacies.get(network.projections.index(projection), -1)
        pool.alpha = synapse.alpha
        pool.tau_rise, pool.tau_decay = synapse.tau_rise, synapse.tau_decay
    pools["first_position"] = np.cumsum(pools["n_sources"]) - pools["n_sources"]
    pools["first_value"] = np.cumsum(pools["size"]) - pools["size"]
    return pools, np.concatenate(positions).astype(np.int64)


class _Inputs:
    """Inputs of pools to the ports of one thread, collected one by one."""

    def __init__(self) -> None:
        self.ports: list[tuple[int, ...]] = []
        self.inputs: list[tuple[Any, ...]] = []
        self.targets: list[int] = []
        self.own: list[tuple[int, int]] = []

    def add(self, pool: int, projection: Projection, start: int, stop: int) -> None:
        """Add a projection to the neurons `start` to `stop` − 1 of its target population."""
        ends, rule = projection.ends, projection.rule
        targets = ends.targets[(ends.targets >= start) & (ends.targets < stop)]
        own: list[tuple[int, int]] = []
        if not rule.autapses and projection.source is projection.target:
            both, index, _ = np.intersect1d(ends.sources, targets, return_indices=True)
            own = list(zip((both - start).tolist(), index.tolist(), strict=True))
        whole = len(targets) == stop - start
        given = -1 if whole else len(targets)
        first = len(self.targets), len(self.own)
        weight: Any = projection.weight
        self.inputs.append((pool, weight, first[0], given, first[1], len(own)))
        self.targets += [] if whole else (targets - start).tolist()
        self.own += own
