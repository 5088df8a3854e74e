"""Read connections of a projection back: sources, targets, weights and delays.

All random numbers of a projection follow from the seed. Static connections are therefore drawn
again on request and need no memory while the network runs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from neurosim.builder.context import BuildContext
from neurosim.builder.layout import lay_out_ends
from neurosim.builder.projections import Projections
from neurosim.builder.synapses import make_tables
from neurosim.models.distance import Redrawn
from neurosim.network import Network

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import DTypeLike, NDArray

    from neurosim.kernels import Table
    from neurosim.network import Projection

SORTED_AT_ONCE = 2**20
"""Number of synapses sorted at a time."""


def unpack(table: Table, rows: slice = slice(None)) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Return the synapses in some rows of a table, in the order of the table.

    Returns
    -------
    sources : (n,) ndarray of int64
        Global ids.
    slots : (n,) ndarray
        As the table stores them.
    weights : (n,) ndarray
    delays : (n,) ndarray of int64
        Steps.
    """
    lengths = np.diff(table.segment[rows].astype(np.int64), axis=1)
    n_rows, n_columns = lengths.shape
    first, _, _ = rows.indices(len(table.start))
    source = first + np.repeat(np.arange(n_rows), lengths.sum(axis=1))
    column = np.repeat(np.tile(np.arange(n_columns), n_rows), lengths.ravel())
    start = int(table.start[first]) if n_rows else 0
    synapses = slice(start, start + len(source))
    if len(table.common):
        width = len(table.common) // len(table.start)
        weights = table.common[source * width + table.common_of[column].astype(np.intp)]
    else:
        weights = table.weights[synapses]
    return source, table.targets[synapses], weights, table.delays[column]


def drawn_connections(
    network: Network, number: int, dt: float, seed: int, weight_type: DTypeLike
) -> dict[str, NDArray]:
    """Return the static connections of a projection.

    Parameters
    ----------
    network : Network
    number : int
        Index of the projection in the network.
    dt : float
        ms.
    seed : int
    weight_type : dtype
        Type in which the network stores weights.

    Returns
    -------
    dict
        "sources", "targets", "weights" and "delays" (steps), by source, then target, then delay.
    """
    projection = network.projections[number]
    layout = lay_out_ends(projection)
    context = BuildContext(network, layout, dt, seed, range(1))
    ((table, n),) = make_tables(Projections(context, (number,)))
    local = layout.threads[0].populations[layout.index(projection.target)]
    found = {
        "sources": np.empty(n, np.int32),
        "targets": np.empty(n, np.int32),
        "weights": np.empty(n, weight_type),
        "delays": np.empty(n, np.min_scalar_type(int(table.delays.max(initial=1)))),
    }
    done = 0
    for rows in _blocks(table):
        source, slot, weight, delay = unpack(table, rows)
        target = slot.astype(np.int64) - local.slots[projection.synapse]
        # NumPy sorts 16-bit integers in linear time.
        keys = (target, projection.target.size), (source - rows.start, rows.stop - rows.start)
        order = np.lexsort([key.astype(np.min_scalar_type(size)) for key, size in keys])
        block = slice(done, done + len(order))
        for name, column in zip(found, (source, target, weight, delay), strict=True):
            found[name][block] = column[order]
        done = block.stop
    return found


def drawn_pairs(projection: Projection, key: int) -> tuple[NDArray, NDArray]:
    """Return the pairs drawn by the rule inside `Redrawn`.

    They are sorted by source, then by target.

    Parameters
    ----------
    projection : Projection
        With a rule `Redrawn`.
    key : int
        Key of its random stream.
    """
    assert isinstance(projection.rule, Redrawn)
    drawn = replace(projection, rule=projection.rule.rule, weight=0.0, delay=1.0, plasticity=None)
    found = drawn_connections(Network.of(drawn), 0, 1.0, key >> 1, np.float32)
    pairs = found["sources"].astype(np.int64), found["targets"].astype(np.int64)
    for column in pairs:
        column.flags.writeable = False
    return pairs


def _blocks(table: Table) -> Iterator[slice]:
    """Cut the rows of a table into blocks of about `SORTED_AT_ONCE` synapses."""
    ends = np.arange(SORTED_AT_ONCE, len(table.targets), SORTED_AT_ONCE)
    cuts = np.unique([0, *np.searchsorted(table.start, ends), len(table.start)])
    for first, last in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        yield slice(first, last)
