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


def pool_groups(network: Network, dt: float) -> dict[Any, list[Projection]]:
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
    return groups


def n_gating(network: Network, dt: float) -> int:
    """Return the number of presynaptic neurons of all pools."""
    return sum(len(some[0].ends.sources) for some in pool_groups(network, dt).values())


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
    network, layout, dt = context.network, context.layout, context.dt
    groups = pool_groups(network, dt)
    if not groups:
        return None
    positions: list[NDArray[np.int64]] = []
    pools, first_position, first_value = [], 0, 0
    inputs: dict[tuple[int, Any], list[tuple[int, Projection]]] = {}
    for number, projections in enumerate(groups.values()):
        one = projections[0]
        synapse: Any = one.synapse
        ids = one.ends.sources
        position = np.full(one.source.size, -1)
        position[ids] = np.arange(len(ids))
        positions.append(position)
        pools.append(
            (
                layout.first_id[layout.index(one.source)],
                one.source.size,
                first_position,
                first_value,
                len(ids),
                pool_delay(one, dt),
                efficacies.get(network.projections.index(one), -1),
                synapse.alpha,
                synapse.tau_rise,
                synapse.tau_decay,
            )
        )
        first_position, first_value = first_position + len(position), first_value + len(ids)
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
        pools=np.array(pools, POOL),
        ports=np.array(found.ports, POOL_PORT),
        inputs=np.array(found.inputs, POOL_INPUT),
        positions=np.concatenate(positions).astype(np.int64),
        targets=np.array(found.targets, np.int64),
        own=np.array(found.own, np.int64).reshape(-1, 2),
        middle=np.zeros(first_value),
        end=np.zeros(first_value),
        sums=np.zeros((len(pools), 3)),
        dt=np.array([dt]),
    )


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
