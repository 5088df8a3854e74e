"""How much memory a network will take, said before it is taken."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from neurosim.errors import NeurosimError

if TYPE_CHECKING:
    from neurosim.build.layout import Layout
    from neurosim.build.projections import Projections

USABLE = 0.9
"""Share of the machine's memory that a network may take."""


def expected_bytes(layout: Layout, projections: Projections) -> int:
    """Return the size of all synapse tables and neurons, in bytes, in the mean over networks."""
    n_threads, n_neurons = len(layout.threads), int(layout.first_id[-1])
    slot = 2 if max(thread.n_slots for thread in layout.threads) <= 2**16 else 4
    weight = 0 if projections.common is not None else 4
    synapses = sum(projections.expected) * (slot + weight)
    # Every thread finds its part of every row by a start and a column per delay.
    rows = n_threads * n_neurons * (8 + 8 + 4 * (len(projections.column_delays) + 1))
    slots = sum(8 * thread.n_slots for thread in layout.threads)
    return int(synapses + rows + 2 * slots + 64 * n_neurons)


def physical_memory() -> int | None:
    """Return the memory of this machine (bytes), or None where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def check_memory(layout: Layout, projections: Projections) -> None:
    """Refuse a network that this machine cannot hold.

    Raises
    ------
    NeurosimError
        With the estimate and what would fit.
    """
    needed, there = expected_bytes(layout, projections), physical_memory()
    if there is None or needed <= USABLE * there:
        return
    synapses = sum(projections.expected)
    fitting = synapses * USABLE * there / needed
    raise NeurosimError(
        f"The network needs about {needed / 2**30:.1f} GiB for {synapses:.3g} synapses; this "
        f"machine has {there / 2**30:.1f} GiB, room for about {fitting:.2g}: lower the number of "
        "neurons or of synapses"
    )
