"""Where a thread takes in what comes while the network runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neurosim.build.inputs import pieces, targets, twin_slots

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.build.layout import Layout, Share
    from neurosim.kernels import Inputs
    from neurosim.network import Drive, Network


class CurrentPort(NamedTuple):
    """Where a live current is kept: a program of one row, with a column for every target.

    Attributes
    ----------
    program : int
    values : slice
        Of `Inputs.amplitudes`.
    """

    program: int
    values: slice


class SpikePort(NamedTuple):
    """Where live spikes go.

    Attributes
    ----------
    slots, twin_slots : (n_targets,) ndarray of int64
        −1 where the target belongs to another thread, or has no twins.
    weights : (n_targets,) ndarray of float64
    """

    slots: NDArray[np.int64]
    twin_slots: NDArray[np.int64]
    weights: NDArray[np.float64]


def live_tables(
    inputs: Inputs, network: Network, layout: Layout, thread: int
) -> tuple[Inputs, dict[Drive, CurrentPort | SpikePort]]:
    """Add the live drives to one thread's inputs; return these, and each drive's port."""
    ports: dict[Drive, CurrentPort | SpikePort] = {}
    for drive in network.drives:
        share = layout.threads[thread].shares[layout.index(drive.target)]
        if drive.input.is_live and drive.input.brings_spikes:
            ports[drive] = _spike_port(drive, share)
        elif drive.input.is_live:
            inputs, ports[drive] = _add_current(inputs, drive, share)
    return inputs, ports


def _add_current(inputs: Inputs, drive: Drive, share: Share) -> tuple[Inputs, CurrentPort]:
    source: Any = drive.input
    n_targets, first = len(targets(drive)), len(inputs.amplitudes)
    program = len(inputs.programs)
    rows = [
        [share.first + piece.neuron - share.low, piece.length, 0, program, piece.column]
        for piece in pieces(drive, share)
    ]
    start = np.broadcast_to(np.asarray(source.amplitude, float), n_targets)
    extended = inputs._replace(
        programs=np.vstack([inputs.programs, [len(inputs.changes), 1, n_targets, first]]),
        changes=np.append(inputs.changes, 0),
        currents=np.vstack([inputs.currents, np.array(rows, np.int64).reshape(-1, 5)]),
        amplitudes=np.concatenate([inputs.amplitudes, start]),
    )
    return extended, CurrentPort(program, slice(first, first + n_targets))


def _spike_port(drive: Drive, share: Share) -> SpikePort:
    ids = targets(drive)
    own = (ids >= share.low) & (ids < share.high)
    weights = np.broadcast_to(np.asarray(drive.weight, float), len(ids))
    slots = np.where(own, share.slots[drive.synapse] + ids - share.low, -1)
    twins = np.full(len(ids), -1, np.int64)
    twins[own] = twin_slots(share, drive.synapse, ids[own], weights[own])
    return SpikePort(slots, twins, weights)
