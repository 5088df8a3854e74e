"""The synapses of a network, one by one, as a simulation with the same seed would have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurosim.builder.connections import unpack
from neurosim.builder.layout import lay_out
from neurosim.builder.memory import check_memory
from neurosim.builder.projections import Projections
from neurosim.builder.synapses import make_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from neurosim.network import Network, Population


@dataclass(frozen=True, eq=False)
class Bundle:
    """Synapses from one population to another that have their delay in common.

    Attributes
    ----------
    source, target : Population
    delay : int
        Steps.
    sources, targets : (n,) ndarray of int64
        Neurons within their populations.
    weights : (n,) ndarray of float64
        mV or pA.
    """

    source: Population
    target: Population
    delay: int
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float64]


def draw(network: Network, dt: float, seed: int) -> Iterator[Bundle]:
    """Draw the synapses of a network that has neither plasticity nor recordings.

    Parameters
    ----------
    network : Network
    dt : float
        ms.
    seed : int
    """
    layout = lay_out(network, 1)
    projections = Projections(network, layout, dt, seed)
    check_memory(layout, projections)
    ((table, _),) = make_tables(projections)
    rows, slots, weights, delays = unpack(table)
    weights = weights.astype(np.float64)
    sources = np.searchsorted(layout.first_id, rows, side="right") - 1
    firsts, sizes, owners = [], [], []
    for local in layout.threads[0].populations:
        for slot in local.slots.values():
            firsts.append(slot)
            sizes.append(local.size)
            owners.append(local.population)
    order = np.argsort(firsts)
    place = order[np.searchsorted(np.array(firsts)[order], slots, side="right") - 1]
    targets = np.array(owners)[place]
    neurons = slots.astype(np.int64) - np.array(firsts)[place]
    keys = np.stack([sources, targets, delays])
    sorting = np.lexsort(keys[::-1])
    breaks = np.flatnonzero(np.diff(keys[:, sorting], axis=1).any(axis=0)) + 1
    for part in np.split(sorting, breaks):
        if not len(part):
            continue
        s, t, delay = keys[:, part[0]].tolist()
        yield Bundle(
            network.populations[s],
            network.populations[t],
            delay,
            rows[part] - layout.first_id[s],
            neurons[part],
            weights[part],
        )
