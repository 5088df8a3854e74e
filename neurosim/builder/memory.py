"""Estimate the memory of a network before it is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.builder.delays import check_delays, delay_span
from neurosim.builder.projections import expected_synapses
from neurosim.errors import NeurosimError
from neurosim.models.quantity import is_distribution
from neurosim.network.parts import WeightRecording
from neurosim.utils.resources import available_memory

if TYPE_CHECKING:
    from neurosim.builder.projections import Projections
    from neurosim.network import Network, Recording

SAMPLE_BYTES = 8

LAW_BYTES = 100
"""Bytes for each delay of a distribution while its table is made."""
LISTED_AT_ONCE = 2**25
"""Maximum number of synapses of in-degree rules that a thread lists at a time."""
LISTED_BYTES = 12
"""Bytes for each of them. A list and its copy exist at the same time."""
USABLE = 0.9
"""Fraction of the available memory that a network may take."""


def _parts(projections: Projections) -> tuple[float, float, float]:
    """Return the bytes for synapses, their index, and neurons.

    The index is by source and delay.
    """
    layout = projections.layout
    n_threads, n_neurons = len(layout.threads), int(layout.first_id[-1])
    slot = 2 if max(thread.n_slots for thread in layout.threads) <= 2**16 else 4
    weight = 0 if projections.common is not None else 4
    synapses = sum(projections.expected) * (slot + weight)
    # Every thread stores a start and an offset per delay for its part of every row. For every step
    # up to the longest delay, it stores the first spike and the first column.
    columns = projections.column_delays
    rows = n_neurons * (8 + 8 + 4 * (len(columns) + 1))
    delays = n_threads * (rows + 16 * int(columns.max(initial=0)))
    slots = sum(8 * thread.n_slots for thread in layout.threads)
    return synapses, delays, 2 * slots + 64 * n_neurons


def expected_bytes(projections: Projections) -> int:
    """Return the expected size of all synapse tables and neurons in bytes.

    The expectation is over random networks.
    """
    return int(sum(_parts(projections)))


def _listing_bytes(projections: Projections) -> float:
    """Return the bytes taken while synapses of fixed in-degrees are listed by source."""
    listed = sum(
        expected
        for projection, expected in zip(projections.projections, projections.expected, strict=True)
        if projection.rule.rows == "in-degree"
    )
    return 2 * LISTED_BYTES * min(listed, len(projections.layout.threads) * LISTED_AT_ONCE)


def check_size(network: Network) -> None:
    """Check before building that a network can fit into memory in any layout.

    Raises
    ------
    NeurosimError
        With the minimum that it needs and the size that fits.
    """
    available = available_memory()
    synapses = sum(expected_synapses(projection) for projection in network.projections)
    neurons = 64 * network.size
    needed = 2 * synapses + neurons
    if available is None or needed <= USABLE * available:
        return
    if neurons > USABLE * available:
        raise NeurosimError(
            f"The network needs about {needed / 2**30:.1f} GiB for {network.size:,} neurons; "
            f"{available / 2**30:.1f} GiB are available: lower the number of neurons"
        )
    raise _too_many(synapses, needed, available)


def _too_many(synapses: float, needed: float, available: float) -> NeurosimError:
    """Return an error about too many synapses, with the number that fits."""
    return NeurosimError(
        f"The network needs about {needed / 2**30:.1f} GiB for {synapses:.3g} synapses; "
        f"{available / 2**30:.1f} GiB are available, enough for about "
        f"{synapses * USABLE * available / needed:.2g}: lower the number of neurons or of synapses"
    )


def check_delay_tables(network: Network, dt: float, threads: int) -> None:
    """Check that tables for the distinct delays fit into memory.

    Parameters
    ----------
    network : Network
    dt : float
        ms.
    threads : int

    Raises
    ------
    NeurosimError
        With the estimate and the size that fits.
    """
    available = available_memory()
    spans = []
    for projection in network.projections:
        if is_distribution(projection.delay):
            check_delays(projection, dt)
            spans.append(delay_span(projection.delay, dt))
    first, last = max(spans, key=lambda span: span[1] - span[0], default=(1, 1))
    count = last - first + 1
    needed = 4 * threads * network.size * count + LAW_BYTES * count
    if available is not None and needed > USABLE * available:
        raise _too_many_delays(needed, count, last, available)


def _too_many_delays(needed: float, count: int, longest: int, available: int) -> NeurosimError:
    """Return an error about too many distinct delays."""
    return NeurosimError(
        f"The network needs about {needed / 2**30:.1f} GiB, most of it to find synapses by their "
        f"{count:,} different delays of up to {longest:,} steps; {available / 2**30:.1f} GiB are "
        "available: let delays differ less, or take a larger dt"
    )


def check_memory(*built: Projections) -> None:
    """Check that the synapses of a network fit into the available memory.

    Raises
    ------
    NeurosimError
        With the estimate and the size that fits.
    """
    parts, available = list(map(_parts, built)), available_memory()
    needed = sum(map(sum, parts)) + sum(map(_listing_bytes, built))
    if available is None or needed <= USABLE * available:
        return
    if sum(delays for _, delays, _ in parts) > sum(synapses for synapses, _, _ in parts):
        columns = np.concatenate([projections.column_delays for projections in built])
        raise _too_many_delays(needed, len(np.unique(columns)), int(columns.max()), available)
    raise _too_many(sum(sum(projections.expected) for projections in built), needed, available)


def recorded_neurons(recording: Recording) -> int:
    """Return the number of recorded neurons."""
    return recording.population.size if recording.ids is None else len(recording.ids)


def all_recordings(network: Network) -> tuple[Recording | WeightRecording, ...]:
    """Return the recordings of variables and of weights."""
    return (*network.recordings, *network.weight_recordings)


def recording_bytes(recording: Recording | WeightRecording, duration: float, dt: float) -> float:
    """Return the size of a trace in bytes.

    For spikes it is 0, because their number is unknown before a run.
    """
    if isinstance(recording, WeightRecording):
        n_synapses = expected_synapses(recording.projection)
        return SAMPLE_BYTES * n_synapses * (duration / (recording.interval or dt))
    if recording.variable == "spikes":
        return 0.0
    return SAMPLE_BYTES * recording.n_columns * (duration / (recording.interval or dt))


def check_recordings(network: Network, duration: float, dt: float) -> None:
    """Check that recorded traces fit into memory.

    Parameters
    ----------
    network : Network
    duration, dt : float
        ms.

    Raises
    ------
    NeurosimError
        With the estimate and the fix.
    """
    available = available_memory()
    recordings = all_recordings(network)
    needed = sum(recording_bytes(r, duration, dt) for r in recordings)
    if available is None or needed <= USABLE * available:
        return
    largest = max(recordings, key=lambda r: recording_bytes(r, duration, dt))
    fix = "record fewer neurons (ids) or their average, or give a longer interval"
    if isinstance(largest, WeightRecording):
        fix = "give a longer interval"
        most = f"'weight' of {largest.projection}"
    else:
        most = f"{largest.name!r} of {largest.key!r}"
    raise NeurosimError(
        f"The recordings need about {needed / 2**30:,.1f} GiB, most of it for {most}; "
        f"{available / 2**30:.1f} GiB are available: {fix}"
    )
